"""Save a session so that others can repeat it: a pipeline file, a script, pictures, networks."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .._checks import check_bool
from .._files import write_whole
from .._units import NAM
from ..dipole import Dipole
from ..errors import DriveError, NetworkError, ParameterError
from ..io import write_dipole_txt, write_hnn_network, write_network, write_simulation
from .answer import Answer
from .pictures import write_pictures
from .session import Session
from .state import ExploreState

__all__ = ["save_analysis", "save_pictures", "write_target"]

_SCRIPT = '''"""Repeat a simulation: python {name}

It writes repeated-ave.fif, the dipole of all columns, beside this file.
"""

from pathlib import Path

{more}from mne_hnn.io import read_network{more_io}
from mne_hnn.simulate import simulate

here = Path(__file__).resolve().parent

if __name__ == "__main__":
    network = read_network(here / "network.json")
    simulation = simulate(network, tstop={tstop!r}, n_trials={n_trials!r}, seed={seed!r})
    dipole = simulation.dipole{smooth}
{columns}
    dipole.scale(columns)
    dipole.save(here / "repeated-ave.fif", overwrite=True)
    print(f"{{columns:.6g}} columns, largest moment {{abs(dipole['agg']).max() * 1e9:.6g}} nA m{r_squared}")
'''
_FITTED = """    target = read_source_course(here / "target.txt")
    columns, r_squared = fit_scale(dipole, target)
"""
_PIPELINE = '''"""The simulation of an exploration beside its target, as an analysis: mne-hnn run {name}"""

from pathlib import Path

from mne_hnn.io import read_network

_here = Path(__file__).resolve().parent

# the target, A m over s
target_file = _here / "target.txt"
target_tmin, target_tmax = {tmin!r}, {tmax!r}
{facts}
# the column as it was set by hand: {searched}
network = read_network(_here / "network.json")
n_trials = {n_trials!r}
seed = {seed!r}
smooth_ms = {smooth_ms!r}  # Hamming window on simulated dipoles
fit = False
{columns}fit_contributions = {contributions!r}
output = _here / "results"
'''
_READ_ME = """How to repeat what was explored
===============================

python repeat.py          simulates network.json and writes its dipole
mne-hnn run {command}

{words}
"""


def save_analysis(session: Session, folder: str | Path, *, overwrite: bool = False) -> dict[str, Path]:
    """Write what repeats the present state, and what it gave; all of it appears, or nothing.

    Parameters
    ----------
    session : Session
        The session, with an answer of the full column.
    folder : path-like
        A new or empty folder.
    overwrite : bool
        Whether files of an earlier analysis in it may be replaced.

    Returns
    -------
    files : dict of str to Path
        ``'script'`` (``repeat.py``), ``'pipeline'`` (``analysis.py``, for ``mne-hnn run``; with a target), ``'target'``
        (``target.txt``), ``'network'``, ``'hnn_network'`` (if HNN can have such a network), ``'simulation'``,
        ``'dipole'``, ``'dipole_txt'``, ``'png'``, ``'svg'`` and ``'read_me'``.

    Raises
    ------
    ParameterError
        There is no answer of the full column yet, or files are there.

    Examples
    --------
    >>> files = save_analysis(session, "by_hand")
    >>> files["script"].name, files["target"].name
    ('repeat.py', 'target.txt')
    """
    answer = _full(session)
    target = Path(folder).expanduser()
    with _whole_folder(target, overwrite) as scratch:
        files = _write_all(session, answer, scratch)
    return {name: target / path.name for name, path in files.items()}


def _full(session: Session) -> Answer:
    answer = session.answer
    if answer is None or answer.kind != "full":
        raise ParameterError("The full column is still being simulated: save when its answer is there.")
    return answer


def _write_all(session: Session, answer: Answer, folder: Path) -> dict[str, Path]:
    state = answer.state
    files = {"network": folder / "network.json", "simulation": folder / "simulation.npz"}
    write_network(state.network, files["network"])
    write_simulation(answer.simulation, files["simulation"])
    files["dipole"] = folder / "dipole-ave.fif"
    answer.dipole.save(files["dipole"])
    words = [f"{answer.columns:.6g} columns"]
    if answer.r_squared is not None:
        words.append(f"R² {answer.r_squared:.6g}")
    words = [", ".join(words) + ".", answer.amplitude_sentence]
    if answer.dipole.layers in (("agg",), ("agg", "L2", "L5")):
        files["dipole_txt"] = folder / "dipole.txt"
        write_dipole_txt(answer.dipole, files["dipole_txt"])
    if state.target is not None:
        files["target"] = folder / "target.txt"
        write_target(state.target, files["target"])
        files["pipeline"] = folder / "analysis.py"
        _write(files["pipeline"], pipeline_text(state, files["pipeline"].name))
    files["script"] = folder / "repeat.py"
    _write(files["script"], script_text(state, files["script"].name))
    try:
        write_hnn_network(state.network, folder / "network-hnn.json")
        files["hnn_network"] = folder / "network-hnn.json"
    except (NetworkError, DriveError) as error:
        words.append(f"There is no network file for HNN: {error}")
    files |= write_pictures(answer, session.pins, folder)
    files["read_me"] = folder / "README.txt"
    _write(files["read_me"], _READ_ME.format(command=_command(state, answer), words="\n".join(words)))
    return files


def script_text(state: ExploreState, name: str = "repeat.py") -> str:
    """Return a script of a few lines that gives the dipole of a state."""
    fitted = state.target is not None and state.columns is None
    columns = 1.0 if state.columns is None else state.columns
    return _SCRIPT.format(
        name=name,
        more_io=", read_source_course" if fitted else "",
        more="from mne_hnn.fit import fit_scale\n" if fitted else "",
        tstop=state.tstop_ms,
        n_trials=state.n_trials,
        seed=state.seed,
        smooth=f".smooth({state.smooth_ms!r})" if state.smooth_ms else "",
        columns=_FITTED.rstrip("\n") if fitted else f"    columns = {columns!r}",
        r_squared=", R² {r_squared:.6g}" if fitted else "",
    )


def pipeline_text(state: ExploreState, name: str = "analysis.py") -> str:
    """Return the file of an analysis that simulates a state beside its target, for ``mne-hnn run``."""
    assert state.target is not None
    target = state.target
    facts = []
    if state.area_mm2 is not None:
        facts.append(f"target_area_mm2 = {state.area_mm2!r}")
    error = target.provenance.get("standard_error")
    if isinstance(error, float) and error > 0:
        facts.append(f"target_error_nAm = {error / NAM!r}")
    return _PIPELINE.format(
        name=name,
        tmin=float(target.times[0]),
        tmax=float(target.times[-1]),
        facts="\n".join(facts),
        n_trials=state.n_trials,
        seed=state.seed,
        smooth_ms=state.smooth_ms,
        contributions=bool(state.network.drives),
        searched="nothing is searched but the number of columns" if state.columns is None else "nothing is searched",
        columns="" if state.columns is None else f"fit_columns = {state.columns!r}\n",
    )


def _command(state: ExploreState, answer: Answer) -> str:
    """Return what to give to ``mne-hnn run``."""
    if state.target is not None:
        return "analysis.py   the same beside its target, with a report"
    values = {
        "tstop": state.tstop_ms,
        "n_trials": state.n_trials,
        "smooth_ms": state.smooth_ms,
        "dipole_scale": answer.columns,
    }
    if state.seed is not None:
        values["seed"] = state.seed
    return "network.json --set " + " ".join(f"{name}={value!r}" for name, value in values.items())


def write_target(target: Dipole, path: Path) -> None:
    """Write a target as text with all its digits: files of MNE have single precision."""
    table = np.column_stack([target.times, target["agg"]])
    head = "time (s)\tmoment (A m)"
    write_whole(
        path, lambda stream: np.savetxt(stream, table, fmt="%.17g", delimiter="\t", header=head, comments=""), "target"
    )


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda stream: stream.write(text.encode("utf-8")), path.name)


@contextmanager
def _whole_folder(folder: Path, overwrite: bool) -> Iterator[Path]:
    """Give a scratch folder to write to, whose files appear in the folder at the end."""
    if not folder.parent.is_dir():
        raise ParameterError(f"There is no folder {folder.parent} to make {folder.name} in: make it first.")
    if folder.exists() and not folder.is_dir():
        raise ParameterError(f"{folder} is a file: name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not check_bool(overwrite, "overwrite"):
        raise ParameterError(f"The folder {folder} holds files: choose another one, or overwrite=True.")
    scratch = Path(tempfile.mkdtemp(prefix=".mne_hnn-", dir=folder.parent))
    try:
        yield scratch
        folder.mkdir(exist_ok=True)
        for path in sorted(scratch.iterdir()):
            os.replace(path, folder / path.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def save_pictures(session: Session, folder: str | Path, *, overwrite: bool = False) -> dict[str, Path]:
    """Write the figure of the present answer beside target and kept simulations, as PNG and SVG.

    Parameters
    ----------
    session : Session
        The session, with an answer.
    folder : path-like
        Where; it is made if it is not there.
    overwrite : bool
        Whether to replace pictures that are there.

    Returns
    -------
    files : dict of str to Path
        ``'png'`` and ``'svg'``.

    Raises
    ------
    ParameterError
        There is no answer yet, or pictures are there.

    Examples
    --------
    >>> sorted(save_pictures(session, "by_hand"))
    ['png', 'svg']
    """
    answer = session.answer
    if answer is None:
        raise ParameterError("There is no simulation to draw yet: wait for the answer.")
    target = Path(folder).expanduser()
    if not target.parent.is_dir():
        raise ParameterError(f"There is no folder {target.parent} to make {target.name} in: make it first.")
    target.mkdir(exist_ok=True)
    return write_pictures(answer, session.pins, target, overwrite=overwrite)
