"""The configuration of an analysis: named values with defaults, read from a Python file and checked."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

import mne

from .._checks import check_name, suggestion
from ..errors import ConfigError, ParameterError
from ..fit import evoked_parameters
from ..source.plausible import check_band, check_window
from ..source.polarity import parse_polarity
from .checks import CHECKS, check_names, check_network
from .datasets import DATASETS
from .spelling import nearest_option

__all__ = ["EXECUTION", "Config", "read_config"]

EXECUTION = ("n_jobs", "output", "subjects", "dataset")
"""Options that say how, where and on whom to run: no stage reads them, so they never make a result out of date."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every choice of an analysis; a configuration file gives those that differ from the defaults.

    ``{subject}`` in a path is replaced by the subject.

    Parameters
    ----------
    name : str
        Name of the analysis; None takes the name of the file.
    subjects : sequence of str
        Subjects to analyse. Empty: the data set's own, or one subject called ``'01'``.
    output : path-like | None
        Folder for the results; None is ``mne_hnn_results/NAME`` where the command runs.
    dataset : str | None
        A known data set, instead of `data`, that fills in anatomy and events that are not given here: ``'demo'``
        (generated on this machine, no download), ``'somato'``, ``'sample'`` (MNE's, where they are on disk).
    data : path-like | mne_bids.BIDSPath | mne.io.BaseRaw | mne.BaseEpochs | mne.Evoked | list of these | None
        Raw data of any system that MNE reads, epochs or an average; a list holds runs with one position of the head,
        which are put together.
    condition : str | int | sequence | None
        Which condition of epochs or averages; several are taken together.
    events : path-like | array | list of these | None
        Events of continuous data, one per run if `data` is a list; None finds them, as
        :func:`mne_hnn.source.load_response` says.
    event_id : int | str | mapping | None
        The events to average.
    stim_channel : str | None
        Take the triggers on this channel, whatever annotations say.
    channel_types : sequence of str
        ``'meg'``, ``'mag'``, ``'grad'``, ``'eeg'``.
    bads : sequence of str
        Further bad channels.
    l_freq, h_freq : float | None
        Filter band, Hz.
    tmin, tmax : float
        Epoch, s.
    baseline : tuple of float | None
        Baseline, s.
    reject, flat : mapping of str to float | None
        Peak-to-peak limits per channel type, SI units.
    decim : int
        Keep every `decim`-th sample.
    noise_cov : path-like | mne.Covariance | None
        None estimates it from the time before each event.
    fs_subject : str
        Name of the FreeSurfer subject.
    subjects_dir : path-like | None
        FreeSurfer's folder of subjects.
    template : str | None
        Scale this template (for example ``'fsaverage'``) to the digitised points, for recordings without an MRI. The
        scaled copy is kept with the results.
    trans, bem, src, spacing :
        As in :func:`mne_hnn.source.forward_solution`.
    forward : path-like | mne.Forward | None
        A forward solution that exists; None builds it.
    inverse : path-like | mne.minimum_norm.InverseOperator | None
        An inverse operator that exists; None makes it. It needs its `forward`, too: alone, it can give neither nA m
        nor the field at the sensors.
    loose : float | 'auto'
        Orientation constraint of an inverse that is made.
    depth : float | None
        Depth weighting of an inverse that is made.
    method : str
        ``'MNE'``, ``'dSPM'``, ``'sLORETA'``, ``'eLORETA'``.
    snr : float
        Assumed signal-to-noise ratio.
    label : str | path-like | mne.Label | sequence of int
        The piece of cortex.
    parcellation : str
        Where a label's name is looked up.
    hemi : str | None
        Hemisphere of a label given without.
    patch_radius_mm : float | None
        Take the best disc of this radius inside the label; None takes the whole label.
    patch_latency : float | sequence of float | None
        Where the disc must explain the response, s; None is its peak in the label.
    other_labels : sequence of str | path-like | mne.Label
        Labels that are active, too, for example the same one of the other hemisphere; fitted along.
    mode : str
        ``'patch'``, ``'mean_flip'``, ``'pca_flip'``, ``'peak'``.
    amplitude : str
        ``'patch'``, ``'estimate'``, ``'arbitrary'``.
    polarity : str | int | mapping
        ``'normal'``, ``{'latency': s, 'points': 'up' or 'down'}``, 1 or -1.
    target_tmin, target_tmax : float
        Window of the target, s.
    network : Network
        The column and its drives.
    n_trials : int
        Trials to simulate.
    seed : int | None
        None: the event seeds of the drives, and 1 in the fit. The final score of the fit takes the next seed.
    dt : float
        Time step, ms.
    smooth_ms : float
        Hamming window on simulated dipoles, ms; 0 for none.
    fit : bool
        Whether to fit drives and scale; without, only the scale is fitted, to the simulation as it is configured.
    fit_drives : str
        ``'propose'`` finds the evoked drives in the waveform, whichever the network has; ``'network'`` starts from the
        network's evoked drives and searches their times, spreads and weights.
    fit_n_drives : int | None
        Number of drives to propose; None lets the data decide.
    fit_sequence : sequence of (str, float) | None
        Location and about when (ms) of each drive, such as ``[("proximal", 25), ("distal", 70)]``, instead of a search
        for them: number, sides and order of the drives are kept, so that their names mean the same in every subject.
    fit_noise : float
        Noise of the target relative to its root mean square: at least this is left unexplained, and more if the
        standard error of the target is larger.
    fit_evaluations : int
        Networks to try with ``fit_drives='network'``.
    fit_polish : int
        Evaluations of a further search around the result, on the full column.
    fit_trials : int
        Trials of each network that is tried.
    fit_final_trials : int
        Trials of the final score, with random numbers that the search has not seen.
    n_peaks : int
        Peaks to show on sensors.
    draw_cortex : bool
        Whether the report has pictures of the cortex.
    n_jobs : int
        Processes; -1 for all cores.
    """

    name: str = "analysis"
    subjects: Sequence[str] = ()
    output: Any = None
    dataset: str | None = None
    data: Any = None
    condition: str | int | Sequence[str | int] | None = None
    events: Any = None
    event_id: Any = None
    stim_channel: str | None = None
    channel_types: Sequence[str] = ("meg",)
    bads: Sequence[str] = ()
    l_freq: float | None = None
    h_freq: float | None = None
    tmin: float = -0.1
    tmax: float = 0.3
    baseline: tuple[float | None, float | None] | None = (None, 0.0)
    reject: Mapping[str, float] | None = None
    flat: Mapping[str, float] | None = None
    decim: int = 1
    noise_cov: Any = None
    fs_subject: str = "{subject}"
    subjects_dir: Any = None
    template: str | None = None
    trans: Any = None
    bem: Any = None
    src: Any = None
    spacing: str = "oct6"
    forward: Any = None
    inverse: Any = None
    loose: float | str = "auto"
    depth: float | None = 0.8
    method: str = "MNE"
    snr: float = 3.0
    label: Any = None
    parcellation: str = "aparc"
    hemi: str | None = None
    patch_radius_mm: float | None = None
    patch_latency: Any = None
    other_labels: Sequence[Any] = ()
    mode: str = "patch"
    amplitude: str = "patch"
    polarity: Any = "normal"
    target_tmin: float = 0.0
    target_tmax: float = 0.17
    network: Any = None
    n_trials: int = 2
    seed: int | None = None
    dt: float = 0.025
    smooth_ms: float = 20.0
    fit: bool = True
    fit_drives: str = "propose"
    fit_n_drives: int | None = None
    fit_sequence: Sequence[tuple[str, float]] | None = None
    fit_noise: float = 0.05
    fit_evaluations: int = 200
    fit_polish: int = 0
    fit_trials: int = 2
    fit_final_trials: int = 10
    n_peaks: int = 3
    draw_cortex: bool = True
    n_jobs: int = 1

    def __post_init__(self) -> None:
        try:
            self._check()
        except ConfigError:
            raise
        except ParameterError as error:
            raise ConfigError(str(error)) from error

    def _check(self) -> None:
        for name in ("subjects", "bads", "channel_types"):
            object.__setattr__(self, name, check_names(getattr(self, name), name))
        others = self.other_labels
        one = isinstance(others, (str, Path, mne.Label))
        object.__setattr__(self, "other_labels", (others,) if one else tuple(others))
        self._check_data()
        if self.label is None:
            raise ConfigError("label is not set: name a piece of cortex, for example 'postcentral-rh'.")
        check_network(self.network)
        parse_polarity(self.polarity)
        for name, check in CHECKS.items():
            check(getattr(self, name), name)
        for ends in (("tmin", "tmax"), ("target_tmin", "target_tmax")):
            check_window(getattr(self, ends[0]), getattr(self, ends[1]), ends)
        check_band(self.l_freq, self.h_freq)
        if self.fit_sequence is not None and (self.fit_n_drives is not None or self.fit_drives == "network"):
            raise ConfigError(
                "fit_sequence says which drives there are: leave fit_n_drives and fit_drives='network' out."
            )
        unread = "fit_polish" if self.fit_drives == "network" else "fit_evaluations"
        if self.fit and getattr(self, unread) != {one.name: one.default for one in fields(Config)}[unread]:
            raise ConfigError(f"{unread} has no effect with fit_drives={self.fit_drives!r}: leave it out.")
        if self.fit and self.fit_drives == "network":
            evoked_parameters(self.network)  # there must be a drive to start from
        if self.n_jobs == 0:
            raise ConfigError("n_jobs must be at least 1, or -1 for all cores, got 0.")

    def _check_data(self) -> None:
        """Check that there is something to analyse."""
        if self.dataset is not None:
            check_name(self.dataset, DATASETS, "data set")
        elif self.data is None or (isinstance(self.data, (list, tuple)) and not self.data):
            raise ConfigError(f"data is not set: name the recording, or a dataset ({', '.join(DATASETS)}).")
        elif self.inverse is not None and self.forward is None:
            raise ConfigError(
                "inverse is set without forward: an inverse operator alone can give neither the moment in nA m nor the "
                "field at the sensors. Set forward to the forward solution that it was made from, or leave inverse out."
            )


def read_config(
    path: str | Path,
    changes: Mapping[str, Any] | None = None,
    *,
    kind: Callable[[Mapping[str, Any]], type[Config]] = lambda values: Config,
) -> Config:
    """Read a configuration file.

    Parameters
    ----------
    path : path-like
        A Python file whose variables are fields of :class:`Config`. Imported modules, functions, classes, and names
        that begin with an underscore are the file's own business.
    changes : mapping | None
        Fields that replace those of the file.
    kind : callable
        Given the values, returns the class of the configuration; :func:`mne_hnn.group.read_config` reads those of
        groups, too.

    Returns
    -------
    config : Config
        Checked.

    Raises
    ------
    ConfigError
        The file is missing or fails, or a name or value in it is wrong; the nearest name is suggested.
    """
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"There is no configuration file {file}: check the path.{_nearest_file(file)}")
    try:
        values = runpy.run_path(str(file), run_name="mne_hnn_config")
    except SyntaxError as error:
        raise ConfigError(f"{file}, line {error.lineno}, is not valid Python: {error.msg}.") from error
    except Exception as error:  # whatever a user's file can raise
        line = _line_of(error, file)
        raise ConfigError(f"{file}{line} fails: {type(error).__name__}: {error}") from error
    imported = _imported(file)
    given = {name: value for name, value in values.items() if _is_value(name, value)}
    chosen = kind({**given, **(changes or {})})
    known = [field.name for field in fields(chosen)]
    for name, value in values.items():
        if name in known and name not in imported and _is_uncalled(value):
            raise ConfigError(
                f"{file} sets {name} to {value.__name__} itself: call it, {name} = {value.__name__}(); "
                "names of helpers begin with '_'."
            )
    given = {name: value for name, value in given.items() if name in known or name not in imported}
    for where, names in ((f"{file} sets", given), ("The changes set", changes or {})):
        for name in names:
            if name not in known:
                place = f"{chosen.__module__.rsplit('.', 1)[0]}.{chosen.__name__}"
                near = nearest_option(name, known) or f" See {place} for the options."
                if chosen is Config and given.get("bids_root") is not None:
                    near = " Configurations of groups are read by mne_hnn.group.read_config."
                own = " Names of your own begin with '_'." if names is given else ""
                raise ConfigError(f"{where} {name!r}, which is no option.{near}{own}")
    given.update(changes or {})
    return chosen(**{"name": file.stem, **given})


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
    there = [one.name for one in file.parent.glob("*.py")] if file.parent.is_dir() else []
    return suggestion(file.name, there)


def _listed_configurations(folder: Path) -> str:
    found = sorted(one.name for one in folder.glob("*.py"))
    return f" with {', '.join(found[:5])}" if found else ""


def _imported(file: Path) -> set[str]:
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
