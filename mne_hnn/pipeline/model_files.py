"""Files that hold a column, whoever wrote them, and what they are converted into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._archive import open_archive
from .._checks import check_name
from .._files import existing_file, read_json, read_text
from .._names import MODEL_FORMATS
from ..errors import ConfigError, DataError
from ..fit import read_explanations, read_fit
from ..io import (
    HnnSettings,
    read_hnn_network,
    read_hnn_params,
    read_network,
    read_simulation,
    write_hnn_network,
    write_hnn_params,
    write_network,
)
from ..network import Network

__all__ = ["ModelFile", "convert_model", "read_model"]


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A column, and what its file says of how it is run.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it is, in words.
    network : Network
        The column.
    settings : HnnSettings | None
        Scale, smoothing, duration, step and trials; None where files of this kind do not say them.

    Examples
    --------
    >>> network.save("column.json")
    >>> model = read_model("column.json")
    >>> model.path.name, model.network == network
    ('column.json', True)
    """

    path: Path
    kind: str
    network: Network
    settings: HnnSettings | None = None


def read_model(path: str | Path) -> ModelFile:
    """Read a column from a file of HNN or of ours.

    Parameters
    ----------
    path : path-like
        Parameters (``.param``, ``.json``) or a network (``.json``) of HNN; a network (``.json``), simulation, fit or
        explanations (``.npz``) of this package. Of explanations the first is taken.

    Returns
    -------
    model : ModelFile
        The column with what the file says beside it.

    Raises
    ------
    DataError
        The file is missing, damaged, of a newer version, or something else.

    Examples
    --------
    >>> network.save("column.json")
    >>> read_model("column.json").network == network
    True
    """
    file = existing_file(path)
    if file.suffix == ".npz":
        return _of_archive(file)
    if not read_text(file, "a network or parameters").lstrip().startswith("{"):
        return _of_params(file)
    content = read_json(file, "file of a network or of parameters")
    if content.get("object_type") == "Network":
        return ModelFile(path=file, kind="network file of HNN", network=read_hnn_network(file))
    if "format" in content:
        return ModelFile(path=file, kind="network", network=read_network(file))
    if not any(name.startswith("gbar_") for name in content):
        raise DataError(
            f"{file} holds no column: it is neither a network file nor a parameter file of HNN, nor a network of ours."
        )
    return _of_params(file)


def _of_params(file: Path) -> ModelFile:
    network, settings = read_hnn_params(file, return_settings=True)
    return ModelFile(path=file, kind="parameter file of HNN", network=network, settings=settings)


def _of_archive(file: Path) -> ModelFile:
    content, _ = open_archive(file, "simulation or fit", "give a network, a simulation or a fit")
    if "explanations" in content:
        return ModelFile(path=file, kind="file of explanations", network=read_explanations(file).first.fit.network)
    if "estimates" in content:
        return ModelFile(path=file, kind="fit", network=read_fit(file).network)
    return ModelFile(path=file, kind="simulation", network=read_simulation(file).network)


def convert_model(
    source: str | Path, path: str | Path, file_format: str | None = None, *, overwrite: bool = False
) -> ModelFile:
    """Read a column from a file and write it as another.

    Parameters
    ----------
    source : path-like
        See :func:`read_model`.
    path : path-like
        The file to write, ``.json`` or ``.param``.
    file_format : str | None
        ``'hnn'``, a network file that HNN opens; ``'hnn-params'``, a parameter file of HNN; ``'mne-hnn'``, a network of
        this package, which loses nothing. None takes parameters for ``.param``, and else a network file of HNN, or one
        of ours if the source is HNN's.
    overwrite : bool
        Whether to replace a file that is there.

    Returns
    -------
    model : ModelFile
        What was read.

    Raises
    ------
    DataError, NetworkError, DriveError
        The source cannot be read, or the format cannot hold its column; the sentence says what.

    Examples
    --------
    >>> network.save("column.json")
    >>> model = convert_model("column.json", "for_hnn.json", "hnn")
    >>> read_model("for_hnn.json").network.n_cells == model.network.n_cells
    True
    """
    out = Path(path)
    if out.suffix not in (".json", ".param"):
        raise ConfigError(f"{out.name} must end with .json (a network) or .param (parameters of HNN).")
    model = read_model(source)
    if file_format is None:
        of_hnn = model.kind == "network file of HNN"
        file_format = "hnn-params" if out.suffix == ".param" else "mne-hnn" if of_hnn else "hnn"
    check_name(file_format, MODEL_FORMATS, "format", error=ConfigError)
    if out.suffix == ".param" and file_format != "hnn-params":
        raise ConfigError(f"{out.name} ends as parameter files do: give it the ending .json, or the format hnn-params.")
    _WRITERS[file_format](model, out, overwrite)
    return model


def _write_params(model: ModelFile, path: Path, overwrite: bool) -> None:
    write_hnn_params(model.network, path, model.settings, overwrite=overwrite)


_WRITERS: Mapping[str, Callable[[ModelFile, Path, bool], None]] = {
    "hnn": lambda model, path, overwrite: write_hnn_network(model.network, path, overwrite=overwrite),
    "hnn-params": _write_params,
    "mne-hnn": lambda model, path, overwrite: write_network(model.network, path, overwrite=overwrite),
}
