"""Mechanisms of one's own: compiled at their first use, one library each, and loaded into NEURON beside ours."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import machine
from typing import Any

from .._cache import cache_directory
from .._locks import lock_file
from .._warn import warn
from ..errors import CompilationError, NetworkError, SimulationError
from ..network import CellTemplate, Mechanism, Network, Uniform
from ..network.mechanism_uses import MechanismUse, custom_mechanisms, custom_receptors, mechanism_uses
from . import loading, toolchain
from .library import RECORD, is_complete, put_in_place, writable

__all__ = [
    "check_custom",
    "compiled",
    "load_custom",
    "reversals",
    "warn_of_concentrations",
]

_VARIANT = toolchain.Variant(name="neuron", flags=("-O2",), fast_sources=False, coreneuron=False)
_UNDEFINED = re.compile(r"Warning: (\w+) undefined\.")
_AT_LINE = re.compile(r"^\s*(?:Error: )?(?P<message>.*?)\s+at line (?P<line>\d+) in file", re.MULTILINE)
_QUOTED = re.compile(r"[\u2018'](\w+)[\u2019']")  # as compilers quote
# what this process has loaded already, in that order: the mechanism, and its name inside NEURON
_loaded: list[tuple[Mechanism, str]] = []
# where this process has found what compiled, by cache and name inside NEURON
_ready: dict[tuple[Path, str], Path] = {}


def global_parameters(network: Network) -> dict[tuple[Mechanism, str], float]:
    """Return the GLOBAL parameters of all mechanisms of a network.

    Raises
    ------
    NetworkError
        Two places of the network give one of them different numbers.
    """
    found: dict[tuple[Mechanism, str], tuple[float, str]] = {}
    for where, mechanism, parameters in mechanism_uses(network):
        for key, about in mechanism.parameters.items():
            if not about.everywhere:
                continue
            given = parameters[key]
            value = given.value if isinstance(given, Uniform) else float(given)
            first = found.setdefault((mechanism, key), (value, where))
            if first[0] != value:
                raise NetworkError(
                    f"Parameter {key!r} of {mechanism.name!r} is GLOBAL in {mechanism.file}, one number everywhere, "
                    f"but {first[1]} has {first[0]:g} and {where} has {value:g}: give them the same number, or make it "
                    "RANGE in the file."
                )
    return {which: value for which, (value, _) in found.items()}


def _in_section(template: CellTemplate, name: str) -> list[MechanismUse]:
    section = template.sections[name]
    uses = [MechanismUse(f"channel {key!r}", one, section.channels[key]) for key, one in section.mechanisms.items()]
    for receptor, synapse in custom_receptors(template).items():
        if receptor in section.receptors:
            values = {key: Uniform(value) for key, value in synapse.parameters.items()}
            uses.append(MechanismUse(f"receptor {receptor!r}", synapse.mechanism, values))
    return uses


def reversals(template: CellTemplate, name: str) -> dict[str, Any]:
    """Return the reversal potentials of ions in a section as profiles, by NEURON's name.

    Raises
    ------
    NetworkError
        Mechanisms of the section give one ion different potentials, or one that NEURON computes from concentrations.
    """
    found: dict[str, tuple[Any, str]] = {}
    uses = _in_section(template, name)
    written = {concentration for use in uses for concentration in use.mechanism.writes_concentrations()}
    for where, mechanism, parameters in uses:
        for key, about in mechanism.parameters.items():
            if not about.ion:
                continue
            profile = parameters[key]
            place = f"section {name!r} of {template.name!r}"
            if written & {f"{about.ion}i", f"{about.ion}o"}:
                if profile != Uniform(about.default):
                    raise NetworkError(
                        f"{key} of {where} in {place} is given, but NEURON computes it there from the concentrations "
                        "that another mechanism writes: leave it out."
                    )
                continue
            first = found.setdefault(key, (profile, where))
            if first[0] != profile:
                raise NetworkError(
                    f"{key} is one reversal potential for all that is in {place}, but {first[1]} and {where} have "
                    "different ones: give them the same."
                )
    return {key: profile for key, (profile, _) in found.items()}


def check_custom(network: Network) -> None:
    """Refuse mechanisms of one's own that do not fit together, and compile those that are not compiled yet.

    Raises
    ------
    NetworkError
        Two places share one number and have different ones.
    CompilationError
        A mechanism cannot be compiled; the sentence has the line.
    """
    mechanisms = custom_mechanisms(network)
    if not mechanisms:
        return
    global_parameters(network)
    for template in network.cell_types.values():
        for name in template.sections:
            reversals(template, name)
    for mechanism in mechanisms:
        compiled(mechanism)


def warn_of_concentrations(network: Network) -> None:
    """Say when a mechanism reads a concentration that nothing changes."""
    for cell_type, template in network.cell_types.items():
        for name in template.sections:
            uses = _in_section(template, name)
            written = {one for use in uses for one in use.mechanism.writes_concentrations()}
            for use in uses:
                for concentration in use.mechanism.reads_concentrations():
                    if concentration.endswith("i") and concentration not in written:
                        warn(
                            f"{use.mechanism.name!r} reads {concentration}, which nothing changes in section {name!r} "
                            f"of {cell_type!r}: it stays at NEURON's default. The calcium pool 'cad' of the ready "
                            "models is their own; add a mechanism that writes the concentration."
                        )
                        return


# compiling -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Build(toolchain.Build):
    """The compilation of one mechanism for NEURON."""

    mod: Path

    def run(self, advance: Callable[[], None] = lambda: None) -> None:
        """Build ``libnrnmech.so`` in the folder."""
        (self.directory / "neuron").mkdir()
        self._neuron_object(self.mod)
        self._registration("neuron", [self.mod])
        self._link_neuron()
        advance()


def _place(mechanism: Mechanism, name: str) -> Path:
    parts = [mechanism.text_named(name), version("neuron"), machine(), str(toolchain.neuron_root())]
    parts.append(Path(toolchain.__file__).read_text(encoding="utf-8"))
    key = hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:20]
    return cache_directory() / "own_mechanisms" / f"{mechanism.name}-{key}"


def compiled(mechanism: Mechanism, name: str = "") -> Path:
    """Return the folder of the compiled mechanism, compiling it if this machine has not yet.

    Parameters
    ----------
    mechanism : Mechanism
        The mechanism.
    name : str
        Its name inside NEURON, if it is not the usual one.

    Raises
    ------
    CompilationError
        There is no C++ compiler, or the file has an error; the sentence has file, line and message.
    CacheError
        The cache folder cannot be written.
    """
    name = name or mechanism.compiled_name
    key = (cache_directory(), name)
    if key in _ready and is_complete(_ready[key]):
        return _ready[key]
    place = _ready[key] = _place(mechanism, name)
    if is_complete(place):
        return place
    compiler = toolchain.find_compiler()
    writable(place.parent)
    with lock_file(place.with_suffix(".lock")):
        if not is_complete(place):
            _compile(mechanism, name, place, compiler)
    return place


def _compile(mechanism: Mechanism, name: str, place: Path, compiler: str) -> None:
    from mne.utils import logger

    scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        mod = scratch / f"{name}.mod"
        mod.write_text(mechanism.text_named(name), encoding="utf-8")
        build = _Build(
            root=toolchain.neuron_root(), directory=scratch, compiler=compiler, variant=_VARIANT, jobs=1, mod=mod
        )
        logger.info("Compiling the mechanism %r ...", mechanism.name)
        try:
            build.run()
        except CompilationError as error:
            log = build.log.read_text(encoding="utf-8", errors="replace") if build.log.exists() else ""
            log = log.replace(name, mechanism.name)
            raise CompilationError(_explained(mechanism, log, str(error), compiler)) from error
        shutil.rmtree(scratch / "neuron")
        library = scratch / loading.NEURON_LIBRARY
        record = {"files": {library.name: hashlib.sha256(library.read_bytes()).hexdigest()}, "name": mechanism.name}
        (scratch / RECORD).write_text(json.dumps(record), encoding="utf-8")
        put_in_place(scratch, place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _line_of(mechanism: Mechanism, word: str) -> int | None:
    """Return the first line in which a name appears outside the heads of blocks, from 1."""
    for number, line in enumerate(mechanism.text.splitlines(), start=1):
        if re.search(rf"\b{re.escape(word)}\b", re.split("[:?]", line, maxsplit=1)[0]):
            return number
    return None


def _explained(mechanism: Mechanism, said: str, otherwise: str, compiler: str) -> str:
    """Return one sentence for what the translator or the compiler printed."""
    found = _AT_LINE.search(said)
    if found is not None:
        number = int(found["line"])
        lines = mechanism.text.splitlines()
        shown = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        _, syntax, details = said[: found.start()].rpartition("syntax error:")
        detailed = [line.strip().rstrip(":") for line in details.splitlines() if line.strip()] if syntax else []
        general = f"syntax error ({found['message']})" if syntax else found["message"]
        message = (detailed or [general])[0].strip().rstrip(".")
        if message[1:2].islower():  # else it begins with a keyword
            message = message[:1].lower() + message[1:]
        place = f"{mechanism.file}, line {number}" if number else mechanism.file
        return f"{place}: {message}{f', {shown!r}' if shown else ''}."
    errors = re.findall(r"error: (.*)", said)
    if errors:
        message = errors[0].strip().rstrip(".")
        name = _QUOTED.search(message)
        if name is not None and name[1] in _UNDEFINED.findall(said):
            return _at(mechanism, name[1], f"{name[1]!r} is not declared")
        tool = Path(shlex.split(compiler)[0]).name
        return _at(mechanism, name[1] if name else "", f"{tool} says of the translated file: {message}")
    return f"{mechanism.file} cannot be compiled: {otherwise}"


def _at(mechanism: Mechanism, word: str, message: str) -> str:
    number = _line_of(mechanism, word) if word else None
    return f"{mechanism.file}{f', line {number}' if number else ''}: {message}."


# loading -------------------------------------------------------------------------------------------------------


def load_custom(h: Any, network: Network) -> dict[Mechanism, str]:
    """Load the mechanisms of a network into NEURON, and set their GLOBAL parameters.

    NEURON sums currents in the order in which it got to know their mechanisms, and with it the last bits. So what a
    network has must have been loaded in the order of its names, whatever was simulated before in this process: else a
    mechanism is loaded once more, under another name.

    Parameters
    ----------
    h : neuron.hoc.HocObject
        NEURON's interpreter.
    network : Network
        The network.

    Returns
    -------
    names : dict of Mechanism to str
        Their names inside NEURON.

    Raises
    ------
    CompilationError
        A mechanism cannot be compiled.
    SimulationError
        NEURON cannot load it.
    """
    names: dict[Mechanism, str] = {}
    last = -1
    for mechanism in custom_mechanisms(network):
        known = [k for k, (loaded, _) in enumerate(_loaded) if loaded == mechanism]
        later = [k for k in known if k > last]
        if not later:
            name = mechanism.compiled_name + (f"_{len(known) + 1}" if known else "")
            reason = loading.load_library(h, compiled(mechanism, name) / loading.NEURON_LIBRARY)
            if reason is not None:
                raise SimulationError(f"NEURON cannot load the compiled mechanism {mechanism.name!r} ({reason}).")
            later = [len(_loaded)]
            _loaded.append((mechanism, name))
        last = later[0]
        names[mechanism] = _loaded[last][1]
    for mechanism, name in names.items():
        for counter in mechanism.counters:
            setattr(h, f"{counter}_{name}", 0.0)
    for (mechanism, parameter), value in global_parameters(network).items():
        setattr(h, f"{parameter}_{names[mechanism]}", value)
    return names
