"""A commented file for an analysis of one's own data, to be edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .._checks import check_label
from .._files import write_whole
from ..errors import ConfigError

__all__ = ["OwnData", "write_analysis"]

_LABEL = "postcentral-rh"
_HEAD = '''"""An analysis of my own data: from MEG or EEG to explanations by the cortical column.

    mne-hnn run {file}

Edit what stands behind the equals signs. What is left out is as usual: `mne-hnn options` lists every option with its
default and its meaning, `mne-hnn options fit` those of one stage. Names of your own begin with an underscore.
"""

from mne_hnn.network import jones_2009

# from mne_hnn.fit import CircuitPrior, LogNormal  # to change what counts as plausible, see fit_prior below
'''
_RECORDING = """
# The recording: raw data of any system that MNE reads, epochs, or an average. Of a list the runs are put together;
# {{subject}} in a path stands for the subject.
data = {data!r}
subjects = {subjects!r}
event_id = {events!r}  # which events to average: a number, or a name in the annotations; None for an average
# condition = "left"  # which one, of epochs or averages that hold several
"""
_READ = """
# The source time course of other software: text, a scout of Brainstorm, virtual channels or sources of FieldTrip,
# sources that SPM extracted, fitted dipoles of MNE-Python. `mne-hnn options file` lists what goes with it.
target_file = {target!r}
subjects = {subjects!r}
# target_unit = "A m"  # of its moments, where the file does not say it: "nA m", "pA m", "fA m"
# target_pick = 1  # which scout, channel, position, column or dipole, of several: its name, or its number
# target_trial = "average"  # which trial or condition, of several
# target_orientation = "largest"  # of three components: one, a direction, or that of the largest variance
# target_time_unit = "ms"  # of its times, where they may be s or ms
# target_smooth_ms = 5.0  # Hamming window; none if this is left out
# target_area_mm2 = 300.0  # of the cortex it comes from, if that is known: do the cells fit into it?

# Which way is up. If you know which way a deflection points (up: current from deep to superficial layers), say so:
# polarity = {{"latency": 0.040, "points": "down"}}
polarity = "normal"  # as in the file; -1 turns it over
target_tmin, target_tmax = 0.0, 0.17  # what is explained, s
"""
_DATA_SET = """
# The data set in BIDS form. Subjects, sessions and tasks that are not named are all taken.
bids_root = {root!r}
subjects = {subjects!r}
tasks = {tasks!r}
# mne_bids_pipeline = True  # take averages, forward solutions and inverse operators that MNE-BIDS-Pipeline has made
# Conditions, as trial_type of the events names them; the difference of interest is the first minus the second.
conditions = {conditions!r}
"""
_RESPONSE = """
# The response. Frequencies in Hz, times in s from the event, limits in T/m, T and V; data that are averaged or epoched
# already are taken as they are: leave these lines out then.
channel_types = ("meg",)
l_freq, h_freq = None, 100.0
tmin, tmax = -0.1, 0.3
baseline = (None, 0.0)
# reject = {"grad": 4000e-13, "eog": 350e-6}
# bads = ("MEG 2443",)
"""
_ANATOMY = """
# The anatomy: FreeSurfer's subject and its folder (None: MNE's setting SUBJECTS_DIR). Without an MRI, a template is
# scaled to the digitised head: template = "fsaverage".
fs_subject = "{subject}"
subjects_dir = None
# trans = "sub-01-trans.fif"  # head to MRI; None aligns the digitised fiducials
# bem = "sphere"  # no boundary element model
# forward, inverse = "sub-01-fwd.fif", "sub-01-inv.fif"  # where they have been made
"""
_GROUP_ANATOMY = """
# The anatomy: FreeSurfer's folder (None: derivatives/freesurfer/subjects of the data set). Subjects without an MRI get
# a template that is scaled to their digitised head; None: they fail.
subjects_dir = None
without_mri = "fsaverage"
"""
_TARGET = """
# Where the response comes from: a label of the parcellation, and in it the disc of this radius (mm) that explains the
# response best; None takes the whole label.
label = {label!r}
patch_radius_mm = 10.0
patch_latency = None  # when the disc must explain it, s; None: at its peak
# Which way is up. If you know which way a deflection points (up: current from deep to superficial layers), say so:
# polarity = {{"latency": 0.040, "points": "down"}}
polarity = "normal"
target_tmin, target_tmax = 0.0, 0.17  # what is explained, s
"""
_COLUMN = """
# The column: cells and connections of Jones et al. 2009. Which drives there were is found in the waveform.
network = jones_2009()
smooth_ms = 20.0  # Hamming window on simulated dipoles; 0 for none
"""
_FIT = """
# The fit: explanations by columns whose cells fire, and one in which no cell fires, ordered by one evidence.
fit_regimes = ("spiking", "silent")
# fit_sequence = [("proximal", 25.0), ("distal", 70.0)]  # location and about when (ms), if it is known
# fit_prior = CircuitPrior(columns_per_nAm=LogNormal(40.0, 2.0))  # what is plausible; the report lists all with sources
# fit_members, fit_generations, fit_finalists = 48, 3, 1  # a quicker look than 96, 4, 2
# posterior = True  # how sure is it? minutes for each explanation whose cells fire, or seconds with an estimator:
# posterior_estimator = "estimator.npz"  # of mne-hnn train-posterior, for this column, prior, window and these drives
n_jobs = -1  # all cores
"""


@dataclass(frozen=True, kw_only=True)
class OwnData:
    """What is known of the data that an analysis will be of.

    Attributes
    ----------
    data : str
        The recording.
    bids_root : str | None
        Root of a data set in BIDS form, instead of a recording.
    target : str | None
        File with the source time course of other software, instead of a recording.
    subjects, tasks, conditions : sequence of str
        Which ones; of a recording, conditions are the events to average.
    label : str
        Where the response comes from.

    Examples
    --------
    >>> own = OwnData(bids_root="/data/touch", tasks=["touch"], conditions=["detected", "missed"])
    >>> write_analysis("group.py", own).name
    'group.py'
    """

    data: str = "my_recording_raw.fif"
    bids_root: str | None = None
    target: str | None = None
    subjects: Sequence[str] = ()
    tasks: Sequence[str] = ()
    conditions: Sequence[str] = ()
    label: str = _LABEL

    def __post_init__(self) -> None:
        for kind, names in (("subject", self.subjects), ("task", self.tasks), ("condition", self.conditions)):
            for name in names:
                check_label(name, f"A {kind}", error=ConfigError)
        check_label(self.label, "label", error=ConfigError)
        if self.target is not None and (self.bids_root is not None or self.tasks or self.conditions):
            raise ConfigError(
                "A target that is read from a file has no data set, tasks or conditions: leave them out, or the target."
            )
        if self.bids_root is None and self.tasks:
            raise ConfigError(
                "A task is one of a data set in BIDS form: name its root, too (--bids-root), or leave it out."
            )

    def text(self, file: str) -> str:
        """Return the file of the analysis, which is called `file`."""
        if self.target is not None:
            read = _READ.format(target=self.target, subjects=tuple(self.subjects) or ("01",))
            return _HEAD.format(file=file) + read + _COLUMN + _FIT
        if self.bids_root is None:
            events: object = tuple(self.conditions) if len(self.conditions) > 1 else next(iter(self.conditions), 1)
            what = _RECORDING.format(data=self.data, subjects=tuple(self.subjects) or ("01",), events=_number(events))
            anatomy = _ANATOMY
        else:
            what = _DATA_SET.format(
                root=self.bids_root,
                subjects=tuple(self.subjects),
                tasks=tuple(self.tasks),
                conditions=tuple(self.conditions) or ("first", "second"),
            )
            anatomy = _GROUP_ANATOMY
        target = _TARGET.format(label=self.label)
        return _HEAD.format(file=file) + what + _RESPONSE + anatomy + target + _COLUMN + _FIT


def _number(event: object) -> object:
    """Return the event of a name that is a number."""
    return int(event) if isinstance(event, str) and event.isdigit() else event


def write_analysis(path: str | Path, own: OwnData | None = None) -> Path:
    """Write a commented file for an analysis of one's own data.

    Parameters
    ----------
    path : path-like
        The Python file, which must not be there yet.
    own : OwnData | None
        What is known of the data.

    Returns
    -------
    path : Path
        The file.

    Raises
    ------
    ConfigError
        The file is there, or is none of Python.
    CacheError
        It cannot be written.

    Examples
    --------
    >>> write_analysis("analysis.py", OwnData(data="sub-01_raw.fif", label="postcentral-rh")).name
    'analysis.py'
    """
    file = Path(path).expanduser()
    if file.suffix != ".py":
        raise ConfigError(f"The file of an analysis is one of Python, such as analysis.py, got {file}.")
    if file.exists():
        raise ConfigError(f"{file} is there already: choose another name, or delete it first.")
    if not file.parent.is_dir():
        raise ConfigError(f"There is no folder {file.parent} for {file.name}: make it first.")
    text = (OwnData() if own is None else own).text(str(path))
    write_whole(file, lambda stream: stream.write(text.encode("utf-8")), "file of an analysis")
    return file
