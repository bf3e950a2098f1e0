"""Files of other software, made by what writes them: MATLAB's two formats with the structures of each program."""

import hdf5storage
import numpy as np
import scipy.io
from scipy.io.matlab import MatlabObject

TIMES = np.arange(-20, 81) * 1e-3
"""s."""
MOMENT = 25e-9 * np.exp(-(((TIMES - 0.03) / 0.01) ** 2)) - 10e-9 * np.exp(-(((TIMES - 0.05) / 0.012) ** 2))
"""A m."""
OTHER = 3e-9 * np.sin(TIMES * 200)
"""Of a second source."""


def cells(*items):
    """A row of cells."""
    array = np.empty((1, len(items)), dtype=object)
    for k, item in enumerate(items):
        array[0, k] = item
    return array


def elements(*mappings):
    """A structure with several elements."""
    array = np.empty((1, len(mappings)), dtype=[(name, object) for name in mappings[0]])
    for k, mapping in enumerate(mappings):
        for name, value in mapping.items():
            array[0, k][name] = value
    return array


def save(path, variables, version="7"):
    """Write a MATLAB file: scipy those up to 7, hdf5storage those of 7.3."""
    path.unlink(missing_ok=True)
    if version == "7.3":
        hdf5storage.savemat(str(path), variables, format="7.3", matlab_compatible=True, oned_as="row")
    else:
        scipy.io.savemat(path, variables, do_compression=True)
    return path


def brainstorm(
    values=(MOMENT,), names=("V1 L",), comment="Avg: deviant | MN: MEG(Constr) 2018 | scouts (V1 L)", **others
):
    """The fields of a matrix file, as Brainstorm's process of extraction writes them."""
    label = names[0].split(" @ ")[0].removesuffix(".1")
    return {
        "Value": np.array(values),
        "Std": np.empty((0, 0)),
        "Comment": comment,
        "Description": np.array([[name] for name in names], dtype=object),
        "Time": TIMES[None],
        "ChannelFlag": np.ones((306, 1)),
        "nAvg": 100.0,
        "Leff": 100.0,
        "Events": np.empty((0, 0)),
        "SurfaceFile": "Subject01/tess_cortex_pial_low.mat",
        "Atlas": {
            "Name": "User scouts",
            "Scouts": {"Vertices": np.arange(1.0, 5.0)[None], "Label": label},
        },
        "DisplayUnits": np.empty((0, 0)),
        "History": np.array(
            [
                ["01-Dec-2024 10:00:00", "compute", "Source estimation: minnorm"],
                ["01-Dec-2024 10:01:00", "process", "Scouts time series: V1 L"],
            ],
            dtype=object,
        ),
        **others,
    }


def configuration(method="lcmv", previous=None, **options):
    """A configuration of FieldTrip."""
    return {
        "method": method,
        method: {"keepfilter": "yes", "weightnorm": "no", **options},
        "callinfo": {"fieldtrip": "20240110", "matlab": "9.14"},
        "version": {"name": "ft_sourceanalysis.m", "id": "$Id$"},
        **({} if previous is None else {"previous": previous}),
    }


def raw(trials=(MOMENT,), **others):
    """Virtual channels as raw data: two channels."""
    return {
        "label": np.array([["V1"], ["M1"]], dtype=object),
        "time": cells(*(TIMES[None] for _ in trials)),
        "trial": cells(*(np.array([trial, OTHER]) for trial in trials)),
        "fsample": 1000.0,
        "trialinfo": np.arange(1.0, len(trials) + 1)[:, None],
        "brainordinate": {"pos": np.zeros((2, 3))},
        "cfg": {**configuration(), "previous": cells(configuration("mne"), {"hpfilter": "no"})},
        **others,
    }


def timelock(**others):
    """Virtual channels, averaged."""
    made = raw() | {"time": TIMES[None], "avg": np.array([MOMENT, OTHER]), "dof": np.full((2, len(TIMES)), 64.0)}
    return {name: value for name, value in made.items() if name not in ("trial", "trialinfo")} | others


def source(moments=None, **others):
    """A source structure with moments of three orientations at the second of three positions."""
    moments = np.outer([0.0, 0.6, 0.8], MOMENT) if moments is None else moments
    empty = np.empty((0, 0))
    return {
        "pos": np.array([[0.0, 0.0, 5.0], [1.0, 2.0, 9.0], [0.0, 0.0, 99.0]]),
        "inside": np.array([[False], [True], [False]]),
        "unit": "cm",
        "time": TIMES[None],
        "method": "average",
        "avg": {"mom": cells(empty, moments, empty), "pow": np.array([[np.nan], [1.0], [np.nan]])},
        "cfg": configuration("mne"),
        **others,
    }


def spm(folder, version="7", kind="f4", name="imspm_evoked", values=None, **others):
    """A data set of sources that SPM extracted: header and samples; returns the header's path."""
    values = np.array([[MOMENT, OTHER], [2 * MOMENT, OTHER]]).transpose(1, 2, 0) if values is None else values
    (folder / f"{name}.dat").write_bytes(np.asarray(values, dtype=f"<{kind}").tobytes(order="F"))
    place = {
        "fname": f"C:\\study\\{name}.dat",
        "dim": np.array([[float(size) for size in values.shape]]),
        "dtype": {"f4": 16.0, "f8": 64.0}[kind],
        "be": 0.0,
        "offset": 0.0,
        "pos": np.ones((1, 3)),
        "scl_slope": np.empty((0, 0)),
        "scl_inter": np.empty((0, 0)),
        "permission": "rw",
    }
    labels = ("left V1", "right V1")
    header = {
        "type": "evoked",
        "Nsamples": float(values.shape[1]),
        "Fsample": 1000.0,
        "timeOnset": TIMES[0],
        "trials": elements(
            *(
                {"label": label, "bad": 0.0, "repl": repl, "onset": 0.0}
                for label, repl in (("std", 30.0), ("dev", 10.0))
            )
        ),
        "channels": elements(
            *({"label": label, "type": "LFP", "units": "unknown", "bad": 0.0} for label in labels[: len(values)])
        ),
        "data": place if version == "7.3" else MatlabObject(elements(place), "file_array"),
        "fname": f"{name}.mat",
        "path": "C:\\study",
        "transform": {"ID": "time"},
        "montage": {"M": np.empty((0, 0)), "Mind": 0.0},
        **others,
    }
    return save(folder / f"{name}.mat", {"D": header}, version)
