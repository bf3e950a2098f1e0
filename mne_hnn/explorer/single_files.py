"""Single things that are written from the page: networks, parameters, simulations, dipoles, the target, a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._checks import check_name
from ..dipole import Dipole
from ..errors import ParameterError
from ..fit import Explanations, FitResult
from ..io import (
    HnnSettings,
    write_dipole_txt,
    write_hnn_network,
    write_hnn_params,
    write_network,
    write_simulation,
)
from .answer import Answer
from .saving import write_target

__all__ = ["SINGLE_FILES", "SingleFile", "write_single"]

Found = FitResult | Explanations


@dataclass(frozen=True, kw_only=True, slots=True)
class SingleFile:
    """One thing that can be written.

    Attributes
    ----------
    words : str
        What it is, for a list.
    name, ending : str
        Name of the file without its ending, and its ending.
    write : callable
        Writes an answer, or the fit that there is, to a path, given whether to replace a file that is there.
    """

    words: str
    name: str
    ending: str
    write: Callable[[Answer, Found | None, Path, bool], None]


def _network(answer: Answer, _: Found | None, path: Path, overwrite: bool) -> None:
    write_network(answer.state.network, path, overwrite=overwrite)


def _hnn_network(answer: Answer, _: Found | None, path: Path, overwrite: bool) -> None:
    write_hnn_network(answer.state.network, path, overwrite=overwrite)


def _hnn_params(answer: Answer, _: Found | None, path: Path, overwrite: bool) -> None:
    state = answer.state
    settings = HnnSettings(
        dipole_scale=answer.columns, smooth_ms=state.smooth_ms, tstop_ms=state.tstop_ms, n_trials=state.n_trials
    )
    write_hnn_params(state.network, path, settings, overwrite=overwrite)


def _simulation(answer: Answer, _: Found | None, path: Path, overwrite: bool) -> None:
    write_simulation(answer.simulation, path, overwrite=overwrite)


def _dipole_txt(answer: Answer, _: Found | None, path: Path, overwrite: bool) -> None:
    write_dipole_txt(_of_known_layers(answer.dipole), path, overwrite=overwrite)


def _of_known_layers(dipole: Dipole) -> Dipole:
    """Return a dipole as HNN's text can hold it: with layers 2 and 5, or all together."""
    if dipole.layers in (("agg",), ("agg", "L2", "L5")):
        return dipole
    return Dipole(dipole["agg"], None, ("agg",), sfreq=dipole.info["sfreq"], tmin=float(dipole.times[0]))


def _check_free(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ParameterError(f"{path} is there already: choose another name, or replace it.")


def _dipole(answer: Answer, _: Found | None, path: Path, overwrite: bool) -> None:
    _check_free(path, overwrite)
    answer.dipole.save(path, overwrite=overwrite)


def _target(answer: Answer, _: Found | None, path: Path, overwrite: bool) -> None:
    if answer.state.target is None:
        raise ParameterError("There is no target to save: open one, or click on the cortex.")
    _check_free(path, overwrite)
    write_target(answer.state.target, path)


def _fit(_: Answer, found: Found | None, path: Path, overwrite: bool) -> None:
    if found is None:
        raise ParameterError("There is no fit to save: start one, and let it come to its end.")
    found.save(path, overwrite=overwrite)


SINGLE_FILES: Mapping[str, SingleFile] = {
    "network": SingleFile(words="Network (ours, all of it)", name="network", ending=".json", write=_network),
    "hnn-network": SingleFile(words="Network for HNN", name="network-hnn", ending=".json", write=_hnn_network),
    "hnn-params": SingleFile(words="Parameter file for HNN", name="parameters", ending=".param", write=_hnn_params),
    "simulation": SingleFile(words="Simulation (ours)", name="simulation", ending=".npz", write=_simulation),
    "dipole-txt": SingleFile(words="Dipole as text, as HNN has it", name="dipole", ending=".txt", write=_dipole_txt),
    "dipole": SingleFile(words="Dipole for MNE", name="dipole", ending="-ave.fif", write=_dipole),
    "target": SingleFile(words="Target as text", name="target", ending=".txt", write=_target),
    "fit": SingleFile(words="The last fit, or its explanations", name="fit", ending=".npz", write=_fit),
}
"""What can be written, by name."""


def write_single(kind: str, answer: Answer | None, found: Found | None, path: Path, *, overwrite: bool = False) -> Path:
    """Write one thing; return where it is.

    Parameters
    ----------
    kind : str
        A name of ``SINGLE_FILES``.
    answer : Answer | None
        The answer of the full column.
    found : FitResult | Explanations | None
        The last fit, if any.
    path : Path
        The file; an ending that is missing is added.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        There is nothing of this kind, or the file is there.
    NetworkError, DriveError
        The format cannot hold the network; the sentence says what.

    Examples
    --------
    >>> from pathlib import Path
    >>> write_single("dipole-txt", session.answer, None, Path("dipole.txt")).name
    'dipole.txt'
    """
    check_name(kind, SINGLE_FILES, "kind of file")
    if answer is None or answer.kind != "full":
        raise ParameterError("The full column is still being simulated: save when its answer is there.")
    chosen = SINGLE_FILES[kind]
    whole = path if path.name.endswith(chosen.ending) else path.with_name(path.name + chosen.ending)
    if not whole.parent.is_dir():
        raise ParameterError(f"There is no folder {whole.parent}: name a file in one that is there.")
    chosen.write(answer, found, whole, overwrite)
    return whole
