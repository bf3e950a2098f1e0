"""Mechanisms of one's own: synapses and channels from NMODL files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from .._checks import check_finite, check_name
from .._files import Target, read_text
from .._value import FrozenMap, Value
from ..errors import NetworkError, ParameterError
from ._nmodl import Ion, Outline, outline, renamed
from ._trust import trust
from .channels import CHANNELS
from .density import Density, Uniform, as_density

__all__ = ["CustomSynapse", "Mechanism", "MechanismParameter", "mechanism_parameters"]

#: Reversal potentials of the ions that NEURON knows, mV, where nothing else sets them.
REVERSALS: Mapping[str, float] = FrozenMap({"ena": 50.0, "ek": -77.0, "eca": 132.4579341637009})
KINDS: Mapping[str, str] = FrozenMap({"POINT_PROCESS": "synapse", "SUFFIX": "channel"})
# What NEURON sets by itself, wherever a file declares it.
_GIVEN = frozenset({"v", "t", "dt", "celsius", "diam", "area"})
_DRAWS = ("scop_random", "normrand", "exprand", "poisrand", "nrn_random_pick")
_FOREIGN = {
    "ARTIFICIAL_CELL": "it is an ARTIFICIAL_CELL, without a place on a membrane: what fires by itself is a drive here",
    "POINTER": "it has a POINTER to a variable elsewhere in the model, which nothing here sets",
    "BBCOREPOINTER": "it has a BBCOREPOINTER to data of its own, which nothing here sets",
    "EXTERNAL": "it uses EXTERNAL variables of another mechanism, which nothing here gives",
    "ELECTRODE_CURRENT": "its current is an ELECTRODE_CURRENT, and synapses and channels have membrane currents: "
    "NONSPECIFIC_CURRENT, or that of an ion",
    "RANDOM": "it draws RANDOM numbers, which would not depend on the seed of the simulation",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class MechanismParameter(Value):
    """One parameter of a mechanism.

    Parameters
    ----------
    default : float
        Its value where nothing else is said.
    unit : str
        Its unit as the file has it.
    everywhere : bool
        Whether it is one number for all places where the mechanism is (GLOBAL), not one for each (RANGE).
    ion : str
        The ion whose reversal potential it is; empty for other parameters.

    Examples
    --------
    >>> MechanismParameter(default=20.0, unit="ms").everywhere
    False
    """

    default: float
    unit: str
    everywhere: bool = False
    ion: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Mechanism(Value):
    """A synapse or a channel as an NMODL text, which travels with the networks that have it.

    Parameters
    ----------
    text : str
        The content of the file.
    file : str
        Its name, for messages; not part of the identity.

    Attributes
    ----------
    name : str
        What its POINT_PROCESS or SUFFIX statement says.
    kind : str
        ``'synapse'`` (POINT_PROCESS with NET_RECEIVE) or ``'channel'`` (SUFFIX).
    parameters : mapping of str to MechanismParameter
        The scalars of PARAMETER, and the reversal potentials of sodium, potassium and calcium where it reads them.
    variables : mapping of str to str
        What can be recorded, RANGE variables, states, currents, and concentrations that it writes, with the unit in
        the file.
    currents : tuple of str
        Names of its currents: a synapse's in nA, a channel's in mA/cm2.
    ions : tuple of Ion
        The ions that it uses.
    counters : tuple of str
        GLOBAL variables that are no parameters: what they hold must not come from an earlier run.

    Examples
    --------
    >>> text = '''
    ... NEURON { SUFFIX leaky NONSPECIFIC_CURRENT i RANGE g, e }
    ... PARAMETER { g = 1e-5 (S/cm2) e = -65 (mV) }
    ... ASSIGNED { v (mV) i (mA/cm2) }
    ... BREAKPOINT { i = g * (v - e) }
    ... '''
    >>> leaky = Mechanism(text=text)
    >>> leaky.name, leaky.kind, sorted(leaky.parameters)
    ('leaky', 'channel', ['e', 'g'])
    >>> column = network.with_channel("L5_pyramidal", "apical_*", leaky, g=2e-5)
    """

    text: str
    file: str = field(default="", compare=False)
    name: str = field(init=False, compare=False)
    kind: str = field(init=False, compare=False)
    parameters: Mapping[str, MechanismParameter] = field(init=False, compare=False)
    variables: Mapping[str, str] = field(init=False, compare=False)
    currents: tuple[str, ...] = field(init=False, compare=False)
    ions: tuple[Ion, ...] = field(init=False, compare=False)
    counters: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise ParameterError(
                f"Mechanism: text must be the content of an NMODL file, got {type(self.text).__name__}: read a file "
                "with Mechanism.from_mod."
            )
        self._set("text", self.text.replace("\r\n", "\n").replace("\r", "\n"))
        what = self.file or "The NMODL text"
        try:
            found = outline(self.text)
            keyword = _keyword(found)
            self._set("name", found.statements[keyword][0])
            self._set("kind", KINDS[keyword])
            self._set("file", self.file or f"{self.name}.mod")
            _check_needs(found, self.kind)
        except ParameterError as error:
            raise NetworkError(f"{what} cannot be used as a mechanism: {error}.") from error
        if self.kind == "channel" and self.name in CHANNELS:
            raise NetworkError(
                f"{what} cannot be used as a mechanism: its name {self.name!r} is taken by a channel of the ready "
                "models: give it another SUFFIX."
            )
        self._set("ions", tuple(found.ions))
        self._set("parameters", FrozenMap(_parameters(found)))
        currents = [*found.statements.get("NONSPECIFIC_CURRENT", ())]
        currents += [ion.current for ion in found.ions if ion.current in ion.writes]
        self._set("currents", tuple(dict.fromkeys(currents)))
        named = [*found.statements.get("RANGE", ()), *found.states, *self.currents, *self.writes_concentrations()]
        # an ion's current of a channel is that of all channels of the section
        own = {name: found.units[name] for name in named if name in found.units and name not in found.declared}
        kept = [name for name in found.statements.get("GLOBAL", ()) if name in found.units]
        self._set("counters", tuple(name for name in kept if name not in {*found.declared, *found.states}))
        self._set("variables", FrozenMap({name: unit for name, unit in own.items() if not self._is_shared(name)}))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _is_shared(self, variable: str) -> bool:
        """Whether a variable is of the ion, and no concentration that this mechanism keeps."""
        of_ions = {name for ion in self.ions for name in (*ion.reads, *ion.writes)}
        return self.kind == "channel" and variable in of_ions - set(self.writes_concentrations())

    @classmethod
    def from_mod(cls, path: Target) -> Self:
        """Read a mechanism from an NMODL file.

        Parameters
        ----------
        path : path-like
            The file, ``.mod``.

        Returns
        -------
        mechanism : Mechanism
            Synapse or channel. It is compiled at its first simulation.

        Raises
        ------
        DataError
            There is no such file, or it is no text.
        NetworkError
            It is no synapse and no channel, its name is taken, or it needs what nothing here gives; the sentence says
            which.

        Notes
        -----
        C code in it (VERBATIM) runs at the first simulation. A network that is read from a file is refused if it brings
        such code along, unless the NMODL file was read in this process before, or ``MNE_HNN_TRUST_CODE`` is 1.
        """
        mechanism = cls(text=read_text(path, "an NMODL file"), file=Path(path).name)
        trust(mechanism)
        return mechanism

    def __repr__(self) -> str:
        return f"<Mechanism {self.name!r}: a {self.kind} with {', '.join(self.parameters) or 'no parameters'}>"

    @property
    def compiled_name(self) -> str:
        """What it is called inside NEURON: texts that differ can so have one name in one process."""
        return f"{self.name}_{hashlib.sha256(self.text.encode('utf-8')).hexdigest()[:10]}"

    def text_named(self, name: str) -> str:
        """Return the text with another name; its lines keep their numbers."""
        return renamed(self.text, "POINT_PROCESS" if self.kind == "synapse" else "SUFFIX", name)

    def reads_concentrations(self) -> tuple[str, ...]:
        """Return the concentrations that it reads without writing them, such as ``cai``."""
        return tuple(
            name for ion in self.ions for name in ion.concentrations if name in ion.reads and name not in ion.writes
        )

    def writes_concentrations(self) -> tuple[str, ...]:
        """Return the concentrations that it writes."""
        return tuple(name for ion in self.ions for name in ion.concentrations if name in ion.writes)


def _keyword(found: Outline) -> str:
    present = [keyword for keyword in KINDS if found.statements.get(keyword)]
    if found.statements.get("ARTIFICIAL_CELL"):
        raise ParameterError(_FOREIGN["ARTIFICIAL_CELL"])
    if len(present) != 1:
        raise ParameterError("its NEURON block must have one POINT_PROCESS or SUFFIX statement")
    if present == ["SUFFIX"] and found.statements["SUFFIX"][0] == "nothing":
        raise ParameterError("it is a library of functions (SUFFIX nothing), no channel")
    return present[0]


def _check_needs(found: Outline, kind: str) -> None:
    """Refuse what NEURON could compile and nothing here could use rightly."""
    for keyword, reason in _FOREIGN.items():
        if keyword in found.statements:
            raise ParameterError(reason)
    for draw in _DRAWS:
        if draw in found.words:
            raise ParameterError(f"it draws random numbers ({draw}), which would not depend on the simulation's seed")
    if kind == "synapse" and not found.arguments:
        raise ParameterError(
            "it is a POINT_PROCESS without NET_RECEIVE(weight), so no connection or drive could reach it"
        )
    if found.includes:
        raise ParameterError(
            f"it includes {found.includes[0]!r}, and its text must be whole to travel with networks: put the content "
            "of that file in the place of the INCLUDE line"
        )
    for ion in found.ions:
        if ion.reads and ion.reversal not in REVERSALS:
            raise ParameterError(
                f"it reads {ion.reads[0]} of the ion {ion.name!r}, which nothing here has: the ions are na, k and ca"
            )


def _parameters(found: Outline) -> dict[str, MechanismParameter]:
    ranges = found.statements.get("RANGE", ())
    of_ions = {name for ion in found.ions for name in (*ion.reads, *ion.writes, ion.current)}
    taken = {*_GIVEN, *of_ions, *found.states}
    parameters = {
        name: MechanismParameter(default=value or 0.0, unit=unit, everywhere=name not in ranges)
        for name, (value, unit) in found.declared.items()
        if name not in taken
    }
    for ion in found.ions:
        if ion.reversal in ion.reads:
            parameters[ion.reversal] = MechanismParameter(default=REVERSALS[ion.reversal], unit="mV", ion=ion.name)
    return parameters


def mechanism_parameters(mechanism: Mechanism, given: Mapping[str, Any], where: str) -> FrozenMap[Density]:
    """Return all parameters of a channel of one's own as density profiles, defaults filled in.

    Parameters
    ----------
    mechanism : Mechanism
        The channel.
    given : mapping of str to float or Density
        The parameters a section states.
    where : str
        The section, for error messages.

    Raises
    ------
    ParameterError
        A parameter is not known, is no number or profile, or would vary though it is one number everywhere.
    """
    for key in given:
        check_name(key, mechanism.parameters, "parameter", where=f"of channel {mechanism.name!r}")
    profiles: dict[str, Density] = {}
    for key, parameter in mechanism.parameters.items():
        what = f"{where}: {mechanism.name}.{key}" + (f" ({parameter.unit})" if parameter.unit else "")
        profile = as_density(given[key], what) if key in given else Uniform(parameter.default)
        if parameter.everywhere and not isinstance(profile, Uniform):
            raise ParameterError(
                f"{what} is GLOBAL in {mechanism.file}, one number wherever the channel is, got {profile!r}: give a "
                "number, or make it RANGE in the file."
            )
        profiles[key] = profile
    return FrozenMap(profiles)


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomSynapse(Value):
    """A receptor whose kinetics are a mechanism of one's own.

    Every section that lists the receptor has one such synapse in its middle. The weight of a connection or drive is the
    first argument of its NET_RECEIVE; further arguments start as NMODL has it, at zero or by their INITIAL block.

    Parameters
    ----------
    mechanism : Mechanism
        The synapse.
    parameters : mapping of str to float
        Its parameters; those not given take the default of the file.

    Examples
    --------
    >>> text = '''
    ... NEURON { POINT_PROCESS Decaying RANGE tau, e NONSPECIFIC_CURRENT i }
    ... PARAMETER { tau = 20 (ms) e = 0 (mV) }
    ... ASSIGNED { v (mV) i (nA) }
    ... STATE { g (uS) }
    ... INITIAL { g = 0 }
    ... BREAKPOINT { SOLVE decay METHOD cnexp i = g * (v - e) }
    ... DERIVATIVE decay { g' = -g / tau }
    ... NET_RECEIVE(weight (uS)) { g = g + weight }
    ... '''
    >>> synapse = CustomSynapse(mechanism=Mechanism(text=text), parameters={"tau": 40.0})
    >>> synapse.parameters["tau"], synapse.parameters["e"]
    (40.0, 0.0)
    """

    mechanism: Mechanism
    parameters: Mapping[str, float] = field(default_factory=FrozenMap)

    def __post_init__(self) -> None:
        if not isinstance(self.mechanism, Mechanism):
            raise ParameterError(
                f"CustomSynapse: mechanism must be a Mechanism, got {type(self.mechanism).__name__}: read one with "
                "Mechanism.from_mod."
            )
        if self.mechanism.kind != "synapse":
            raise NetworkError(
                f"{self.mechanism.name!r} is a channel (SUFFIX), no synapse: put it into sections with with_channel."
            )
        known = self.mechanism.parameters
        for key in self.parameters:
            check_name(key, known, "parameter", where=f"of synapse {self.mechanism.name!r}")
        values = {
            key: check_finite(self.parameters.get(key, parameter.default), f"{self.mechanism.name}: {key}")
            for key, parameter in known.items()
        }
        object.__setattr__(self, "parameters", FrozenMap(values))
