"""The configuration of an analysis: named values with defaults, read from a Python file and checked."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

import numpy as np

from .._checks import check_name, suggestion
from ..errors import ConfigError
from .checks import check_jobs, check_names, path_or
from .datasets import DATASETS
from .options import (
    AveragingOptions,
    FitOptions,
    InverseOptions,
    LoadOptions,
    Options,
    PosteriorOptions,
    ReadTargetOptions,
    ReportOptions,
    SensorsOptions,
    ShortPosteriorOptions,
    ShortReportOptions,
    SimulateOptions,
    TargetFileOptions,
    TargetOptions,
    documented,
    option,
)
from .spelling import nearest_option

__all__ = ["EXECUTION", "AnalysisOptions", "Config", "ExecutionOptions", "RunOptions", "read_config", "read_options"]


@documented
@dataclass(frozen=True, kw_only=True)
class ExecutionOptions(Options):
    """How to run: no stage reads these, so they never make a result out of date."""

    n_jobs: int = option(1, "Processes; -1 for all cores.", check=check_jobs)


@documented
@dataclass(frozen=True, kw_only=True)
class RunOptions(ExecutionOptions):
    """On whom and where an analysis is run."""

    subjects: Sequence[str] = option(
        (), "Subjects to analyse. Empty: the data set's own, or one subject called '01'.", convert=check_names
    )
    output: Any = option(
        None,
        "Folder for the results; None is ``mne_hnn_results/NAME`` where the command runs.",
        kind="path-like | None",
        check=path_or(),
    )
    dataset: str | None = option(
        None,
        "A known data set, instead of `data`, that fills in anatomy and events that are not given here: 'demo' "
        "(generated on this machine, no download), 'somato', 'sample' (MNE's, where they are on disk).",
    )


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions(
    ReportOptions,
    PosteriorOptions,
    FitOptions,
    SimulateOptions,
    TargetOptions,
    InverseOptions,
    AveragingOptions,
    ExecutionOptions,
):
    """What every analysis has, whatever its recordings are: the options of the stages."""

    decided: ClassVar[Mapping[str, str]] = {}
    """What a file must not set, as it is decided otherwise: names, and why not."""

    def _check(self) -> None:
        super()._check()
        if not self.posterior:
            return
        if not self.fit or self.fit_drives != "propose":
            raise ConfigError(
                "posterior asks how sure the explanations of a fit are that proposes drives: leave fit and fit_drives "
                "as they are, or take posterior out."
            )
        if self._needs_label() and self.posterior_sensors and self.amplitude == "arbitrary":
            raise ConfigError(
                "A target with amplitude='arbitrary' has no size at the sensors: set posterior_sensors = False to take "
                "the target alone, or leave amplitude as it is."
            )


@documented
@dataclass(frozen=True, kw_only=True)
class Config(RunOptions, LoadOptions, TargetFileOptions, AnalysisOptions):
    """Every choice of an analysis; a configuration file gives those that differ from the defaults.

    ``{subject}`` in a path is replaced by the subject. ``mne-hnn options`` lists the options by stage.

    Examples
    --------
    >>> config = Config(data="sub-01_raw.fif", subjects=["01"], label="postcentral-rh", network=network)
    >>> config.snr, config.smooth_ms
    (3.0, 20.0)
    """

    def _needs_label(self) -> bool:
        return self.target_file is None

    def _check(self) -> None:
        if self.target_file is not None:
            self._check_read_alone()
        elif self.dataset is not None:
            check_name(self.dataset, DATASETS, "data set")
        elif self.data is None or (isinstance(self.data, (list, tuple)) and not self.data):
            raise ConfigError(
                f"data is not set: name the recording, a dataset ({', '.join(DATASETS)}), or the target_file of other "
                "software."
            )
        elif self.inverse is not None and self.forward is None:
            raise ConfigError(
                "inverse is set without forward: an inverse operator alone can give neither the moment in nA m nor the "
                "field at the sensors. Set forward to the forward solution that it was made from, or leave inverse out."
            )
        super()._check()

    def _check_read_alone(self) -> None:
        """Refuse what only an analysis of sensors reads."""
        usual = self.defaults()
        for name in ("dataset", *OF_SENSORS):
            value = getattr(self, name)
            if value is not usual[name] and (isinstance(value, np.ndarray) or value != usual[name]):
                raise ConfigError(
                    f"target_file and {name} are both set, but only an analysis of sensors reads {name}: take one of "
                    "them out."
                )


def _names_of(*kinds: type[Options]) -> dict[str, None]:
    return dict.fromkeys(name for kind in kinds for name in kind.names())


_READ_BESIDE = _names_of(ReadTargetOptions, SimulateOptions, FitOptions, ShortPosteriorOptions, ShortReportOptions)
OF_SENSORS = tuple(
    name
    for name in _names_of(LoadOptions, InverseOptions, TargetOptions, SensorsOptions, PosteriorOptions, ReportOptions)
    if name not in _READ_BESIDE
)
"""Options that an analysis whose target is read from a file does not read."""


EXECUTION = RunOptions.names()
"""Options that say how, where and on whom to run: no stage reads them, so they never make a result out of date."""


def read_config(path: str | Path, changes: Mapping[str, Any] | None = None) -> Config:
    """Read a configuration file.

    Parameters
    ----------
    path : path-like
        A Python file whose variables are fields of :class:`Config`. Imported modules, functions, classes, and names
        that begin with an underscore are the file's own business.
    changes : mapping | None
        Fields that replace those of the file.

    Returns
    -------
    config : Config
        Checked. :func:`mne_hnn.group.read_config` reads those of groups, too.

    Raises
    ------
    ConfigError
        The file is missing or fails, or a name or value in it is wrong; the nearest name is suggested.

    Examples
    --------
    >>> path = write_analysis("analysis.py", OwnData(data="sub-01_raw.fif"))
    >>> read_config(path, {"smooth_ms": 30.0}).smooth_ms
    30.0
    """
    return read_options(path, changes, lambda values: Config)


_Kind = TypeVar("_Kind", bound=AnalysisOptions)


def read_options(
    path: str | Path, changes: Mapping[str, Any] | None, kind: Callable[[Mapping[str, Any]], type[_Kind]]
) -> _Kind:
    """Read a configuration file of any kind; `kind` returns its class, given the values."""
    file, changed = Path(path), dict(changes or {})
    values = _values_of(file)
    imported = _list_imported(file)
    given = {name: value for name, value in values.items() if _is_value(name, value)}
    chosen = kind({**given, **changed})
    known = chosen.names()
    for name, value in values.items():
        if name in known and name not in imported and _is_uncalled(value):
            raise ConfigError(
                f"{file} sets {name} to {value.__name__} itself: call it, {name} = {value.__name__}(); "
                "names of helpers begin with '_'."
            )
    given = {name: value for name, value in given.items() if name in known or name not in imported}
    _check_known(f"{file} sets", given, chosen, " Names of your own begin with '_'.")
    _check_known("The changes set", changed, chosen, "")
    both = {**given, **changed}
    return chosen(**{"name": file.stem, **{name: value for name, value in both.items() if name in known}})


def _values_of(file: Path) -> dict[str, Any]:
    """Run a configuration file; return its variables."""
    if not file.is_file():
        raise ConfigError(f"There is no configuration file {file}: check the path.{_nearest_file(file)}")
    try:
        return runpy.run_path(str(file), run_name="mne_hnn_config")
    except SyntaxError as error:
        raise ConfigError(f"{file}, line {error.lineno}, is not valid Python: {error.msg}.") from error
    except Exception as error:  # whatever a user's file can raise
        line = _line_of(error, file)
        raise ConfigError(f"{file}{line} fails: {type(error).__name__}: {error}") from error


def _check_known(where: str, given: Mapping[str, Any], chosen: type[AnalysisOptions], own: str) -> None:
    """Refuse names that are no options, with the nearest that is one."""
    known = chosen.names()
    for name, value in given.items():
        if name in known:
            continue
        if name in chosen.decided:
            if value is None:
                continue  # left to what decides it
            raise ConfigError(f"{name} is set, but {chosen.decided[name]}: remove it.")
        near = nearest_option(name, known) or " 'mne-hnn options' lists all options."
        if chosen is Config and given.get("bids_root") is not None:
            near = " Configurations of groups are read by mne_hnn.group.read_config."
        raise ConfigError(f"{where} {name!r}, which is no option.{near}{own}")


def _is_value(name: str, value: Any) -> bool:
    private = name.startswith("_")
    return (
        not private
        and not isinstance(value, (ModuleType, type))
        and not (callable(value) and not hasattr(value, "digest"))
    )


def _is_uncalled(value: Any) -> bool:
    return isinstance(value, type) or (callable(value) and hasattr(value, "__name__") and not hasattr(value, "digest"))


def _nearest_file(file: Path) -> str:
    """Return `` Did you mean ...?`` for a file that is there, or an empty string."""
    if file.is_dir():
        return f" It is a folder{_listed_configurations(file)}."
    there = [path.name for path in file.parent.glob("*.py")] if file.parent.is_dir() else []
    return suggestion(file.name, there)


def _listed_configurations(folder: Path) -> str:
    found = sorted(path.name for path in folder.glob("*.py"))
    return f" with {', '.join(found[:5])}" if found else ""


def _list_imported(file: Path) -> set[str]:
    """Return the names that a file imports: constants among them are not options."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return names


def _line_of(error: Exception, file: Path) -> str:
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}," if line else ""
