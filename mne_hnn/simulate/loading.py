"""Load compiled mechanisms into NEURON, from folders of any name; as a program: see whether they load and run.

Only the standard library and NEURON are imported here, so that trying a library costs no more than starting NEURON.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["WORKS", "load_kernel", "load_library", "load_mechanisms", "neuron", "plain_name"]

NEURON_LIBRARY, CORENEURON_LIBRARY = "libnrnmech.so", "libcorenrnmech.so"
KERNEL_LIBRARY = "libmnehnnkernel.so"
#: What the program prints at its end.
WORKS = "mechanisms work"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what NEURON says off the terminal: a missing display, or what becomes a sentence of ours."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w", encoding="utf-8") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def neuron() -> Any:
    """Return NEURON's interpreter, with what it reads when it is imported set before that."""
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    # read when OpenMP is loaded, which CoreNEURON's library does: threads that spin while they wait take the cores
    # from those that work
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        from neuron import h
    return h


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[\w./+,:=@~^-]*", name, re.ASCII) is not None


@contextmanager
def plain_name(file: Path) -> Iterator[str]:
    """Give a file a name that NEURON can take: it knows ASCII only, and expands ``$(NAME)``.

    Parameters
    ----------
    file : Path
        The file, in whatever folder; its own name is plain.

    Raises
    ------
    OSError
        There is no such name on this machine.
    """
    if _is_plain(str(file)):
        yield str(file)
        return
    if sys.platform == "linux":
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            here = f"/proc/self/fd/{folder}"
            if os.path.isdir(here):
                yield f"{here}/{file.name}"
                return
        finally:
            os.close(folder)
    for place in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
        if not _is_plain(place):
            continue
        try:
            scratch = Path(tempfile.mkdtemp(prefix="mne_hnn-", dir=place))
        except OSError:
            continue
        try:
            link = scratch / file.name
            link.symlink_to(file.absolute())
            yield str(link)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return
    raise OSError(0, "NEURON takes ASCII names of folders only, and no temporary folder has one: set TMPDIR to one")


def load_mechanisms(h: Any, directory: Path) -> str | None:
    """Load the mechanisms in a folder into NEURON; return why it cannot, in a few words, or None.

    Parameters
    ----------
    h : neuron.hoc.HocObject
        NEURON's interpreter.
    directory : Path
        Holds ``libnrnmech.so`` and, for CoreNEURON, ``libcorenrnmech.so``.
    """
    file = directory / NEURON_LIBRARY
    coreneuron = directory / CORENEURON_LIBRARY
    if coreneuron.exists():
        os.environ["CORENEURONLIB"] = str(coreneuron)  # bytes for NEURON, of whatever name
    return load_library(h, file)


def load_library(h: Any, file: Path) -> str | None:
    """Load one library of mechanisms into NEURON; return why it cannot, in a few words, or None."""
    try:
        with plain_name(file) as name, _quiet():
            if h.nrn_load_dll(name) == 1:
                return None
        ctypes.CDLL(str(file))
    except (OSError, RuntimeError) as error:
        return _words(error, file)
    return "NEURON refused them"


def load_kernel(file: Path) -> Any:
    """Load the kernel; where it cannot be, return why, in a few words.

    Parameters
    ----------
    file : Path
        The library.

    Returns
    -------
    library : ctypes.CDLL | str
        The kernel, or the reason.
    """
    try:
        return ctypes.CDLL(str(file))
    except OSError as error:
        return _words(error, file)


def _words(error: OSError | RuntimeError, file: Path) -> str:
    """Return what an error says, without the names that the sentence around it has."""
    said = str(getattr(error, "strerror", None) or error).strip()
    for known in ("hocobj_call error:", "hoc_execerror:", "hoc_execerror:", f"{file}:"):
        said = said.removeprefix(known).strip()
    return (said.splitlines() or [type(error).__name__])[0]


def _try(directory: Path) -> str | None:
    """Load the mechanisms and run a section with one of them; return what is wrong, or None."""
    h = neuron()
    reason = load_mechanisms(h, directory)
    if reason is not None:
        return reason
    if (directory / KERNEL_LIBRARY).exists():
        kernel = load_kernel(directory / KERNEL_LIBRARY)
        if isinstance(kernel, str):
            return f"the kernel: {kernel}"
    from neuron import coreneuron

    h.load_file("stdrun.hoc")
    section = h.Section("section")
    section.insert("hnn_hh")
    pc = h.ParallelContext()
    pc.set_maxstep(10)
    coreneuron.enable = (directory / CORENEURON_LIBRARY).exists()
    coreneuron.verbose = 0
    h.finitialize(-65.0)
    try:
        with _quiet():
            pc.psolve(1.0)
    except RuntimeError as error:
        return _words(error, directory)
    return None if abs(h.t - 1.0) < 1e-6 and abs(section.v) < 1e3 else "a section with them did not run"


if __name__ == "__main__":
    sys.stdout.write((_try(Path(sys.argv[1])) or WORKS) + "\n")
