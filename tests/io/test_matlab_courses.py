"""Source time courses in MATLAB files: Brainstorm, FieldTrip and SPM, in both formats, and what is refused."""

import sys

import numpy as np
import pytest
from foreign import MOMENT, OTHER, TIMES, brainstorm, cells, configuration, raw, save, source, spm, timelock

from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.io import read_source_course

VERSIONS = ("7", "7.3")
FREE = np.outer([0.0, 0.6, 0.8], MOMENT)


def same(dipole, moment=MOMENT, rtol=1e-12):
    np.testing.assert_allclose(dipole["agg"], moment, rtol=rtol, atol=rtol * 1e-8)
    np.testing.assert_allclose(dipole.times, TIMES, atol=1e-12)
    assert dipole.layers == ("agg",)
    return dipole.provenance


def refused(path, message, **options):
    with pytest.raises(DataError) as caught:
        read_source_course(path, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_scout_of_brainstorm(tmp_path, version):
    path = save(tmp_path / "matrix_scout_1.mat", brainstorm(), version)
    dipole = read_source_course(path)
    noted = same(dipole)
    assert (dipole.comment, dipole.nave) == ("V1 L", 100)
    assert (noted["software"], noted["format"]) == ("Brainstorm", "scout time series")
    assert noted["comment"].startswith("Avg: deviant | MN")
    assert noted["assumed"][0] == "moments in A m, as Brainstorm keeps minimum-norm amplitudes"
    same(read_source_course(save(tmp_path / "s.mat", {"V1": brainstorm()}, version)))
    same(read_source_course(path, sign=-1), -MOMENT)


@pytest.mark.parametrize("version", VERSIONS)
def test_several_scouts_and_free_orientations(tmp_path, version):
    names = [f"V1 L @ S01/deviant/results_MN_MEG_KERNEL_{k}.mat" for k in (1, 2)]
    path = save(tmp_path / "m.mat", brainstorm((MOMENT, OTHER), [names[0], names[1].replace("V1 L", "M1 L")]), version)
    same(read_source_course(path, pick="M1 L"), OTHER)
    refused(path, "has 2 scouts ('V1 L', 'M1 L'): choose one, by pick='V1 L' or its number, pick=1")
    refused(path, "has no scout 'V1 R': it has 'V1 L', 'M1 L'. Did you mean 'V1 L'?", pick="V1 R")
    path = save(tmp_path / "twice.mat", brainstorm((MOMENT, OTHER), names), version)
    refused(path, "has 2 scouts called 'V1 L', numbers 1, 2", pick="V1 L")
    same(read_source_course(path, pick=2), OTHER)
    comment = "MN: MEG(Unconstr) 2018 | scouts"
    path = save(tmp_path / "u.mat", brainstorm(FREE, [f"V1 L.{k}" for k in (1, 2, 3)], comment=comment), version)
    refused(path, "'V1 L' has 3 components (orientations): choose one by its number (orientation=1)")
    same(read_source_course(path, orientation=3), FREE[2])
    assert same(read_source_course(path, orientation=(0, 3, 4)))["orientation"] == pytest.approx([0, 0.6, 0.8])
    parts = brainstorm(FREE, [f"V1 L.{k}" for k in (1, 2, 3)])
    parts["Atlas"]["Scouts"]["Label"] = "V1 L.1"  # a scout that was subdivided
    same(read_source_course(save(tmp_path / "p.mat", parts, version), pick="V1 L.3"), FREE[2])
    noted = same(read_source_course(path, orientation="largest"))
    assert "100% of it) is arbitrary" in noted["assumed"][-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"comment": "Avg | dSPM-unscaled: MEG(Constr) 2018 | scouts (V1 L)"}, "has dSPM values"),
        ({"comment": "sLORETA: MEG(Constr) 2018"}, "has sLORETA values"),
        ({"comment": "MN: MEG(Constr) 2018 | zscore | scouts"}, "has z-scores"),
        ({"comment": "MN: MEG(Unconstr) 2018 | norm"}, "has lengths of vectors"),
        ({"comment": "MN: MEG | abs"}, "has absolute values"),
        ({"DisplayUnits": "z"}, "has values in 'z' (DisplayUnits)"),
        ({"names": ["V1 @ S01/results_dSPM-unscaled_MEG.mat"]}, "has dSPM values"),
        ({"comment": "PNAI: MEG(Constr)"}, "does not say in which unit its moments are"),
        ({"Value": MOMENT[None, :-5]}, "for 1 descriptions and 101 times: it is damaged, or of a newer kind"),
        ({"Description": np.array([[1.0]])}, "Description must be names, got ndarray"),
        ({"Value": (MOMENT + 1j * OTHER)[None]}, "has complex values"),
        ({"Time": TIMES[None] * 1e3 * 2}, "are its times in milliseconds? Give time_unit='ms' then."),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_of_brainstorm_is_refused(tmp_path, changes, message, version):
    refused(save(tmp_path / "m.mat", brainstorm(**changes), version), message)


def test_other_files_of_brainstorm(tmp_path):
    maps = {"ImageGridAmp": np.zeros((5, 3)), "Time": TIMES[None, :3], "Comment": "MN"}
    refused(save(tmp_path / "results_1.mat", maps), "has the sources of the whole cortex")
    scouts = {"Scouts": {"Vertices": np.ones((1, 3)), "Label": "V1"}, "Name": "User scouts"}
    refused(save(tmp_path / "scout_1.mat", scouts), "with the scouts themselves, without courses")
    data = {"F": np.zeros((5, 3)), "Time": TIMES[None, :3], "Comment": "Avg"}
    refused(save(tmp_path / "data_1.mat", data), "with recordings of sensors")


def test_what_says_that_it_is_a_minimum_norm(tmp_path):
    name = "V1 L @ S01/deviant/results_MN_MEG_KERNEL_240501.mat"
    same(read_source_course(save(tmp_path / "m.mat", brainstorm(names=[name], comment="mine"))))
    refused(save(tmp_path / "n.mat", brainstorm(comment="Avg: MN (5) | scouts")), "does not say in which unit")


def test_a_unit_that_the_file_contradicts(tmp_path):
    path = save(tmp_path / "m.mat", brainstorm())
    refused(path, "says that its moments are in A m, and unit is 'pA m'", unit="pA m")
    path = save(tmp_path / "n.mat", brainstorm((MOMENT * 1e12,), comment="my own"))
    same(read_source_course(path, unit="pA m"))
    with pytest.warns(MneHnnWarning, match="are they in nA m or pA m or fA m"):
        read_source_course(path, unit="A m")


# FieldTrip -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_virtual_channels_of_fieldtrip(tmp_path, version):
    path = save(tmp_path / "vc.mat", {"vc": raw((MOMENT, 3 * MOMENT))}, version)
    noted = same(read_source_course(path, unit="A m", pick="V1", trial=1))
    assert (noted["software"], noted["version"], noted["method"]) == ("FieldTrip", "20240110", "lcmv")
    assert noted["assumed"][-1] == "moments in A m, as the reader was told"
    average = read_source_course(path, unit="A m", pick="V1", trial="average")
    same(average, 2 * MOMENT)
    assert average.nave == 2
    same(read_source_course(path, unit="A m", pick=1, trial="2"), 3 * MOMENT)
    refused(path, "has 2 trials ('1', '2'): choose one by its number or condition (trial=)", unit="A m", pick=1)
    refused(path, "has no trial or condition 'x': it has 1, 2", unit="A m", pick=1, trial="x")
    refused(path, "has 2 trials, and trial is 3", unit="A m", pick=1, trial=3)
    refused(path, "does not say in which unit", pick=1, trial=1)
    path = save(tmp_path / "tl.mat", {"timelock": timelock()}, version)
    dipole = read_source_course(path, unit="A m", pick="V1")
    same(dipole)
    assert dipole.nave == 64
    stack = np.array([[MOMENT, OTHER], [-MOMENT, OTHER]])
    keep = {name: value for name, value in timelock(trial=stack, dimord="rpt_chan_time").items() if name != "avg"}
    same(read_source_course(save(tmp_path / "kt.mat", {"tl": keep}, version), unit="A m", pick=1, trial=2), -MOMENT)


@pytest.mark.parametrize("version", VERSIONS)
def test_source_structures_of_fieldtrip(tmp_path, version):
    path = save(tmp_path / "source.mat", {"source": source()}, version)
    refused(path, "'position 2' has 3 components", unit="A m")
    same(read_source_course(path, unit="A m", orientation=(0, 0.6, 0.8)), rtol=1e-9)
    same(read_source_course(path, unit="A m", pick=2, orientation="largest"), rtol=1e-9)
    refused(path, "'position 3' has no moment: it lies outside", unit="A m", pick=3, orientation=1)
    fixed = {name: value for name, value in source().items() if name != "avg"}
    fixed["mom"] = cells(MOMENT[None], np.empty((0, 0)), OTHER[None])
    path = save(tmp_path / "fixed.mat", {"source": fixed}, version)
    same(read_source_course(path, unit="A m", pick=3), OTHER)
    refused(path, "has 3 positions without names: choose one by its number, such as pick=1", unit="A m")
    fit = {
        "label": np.array([["MLC11"]], dtype=object),
        "time": TIMES[None],
        "dip": {"mom": FREE, "pos": np.ones((1, 3))},
    }
    same(read_source_course(save(tmp_path / "dip.mat", fit, version), unit="A m", orientation=(0, 0.6, 0.8)), rtol=1e-9)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (source(avg={"pow": np.ones((3, 1))}), "has no moments over time, only what they were summed up to (pow)"),
        (source(FREE * 1j), "has complex values"),
        (source(FREE[:, :-3]), "has moments of shape (3, 98) for 101 times"),
        (source(cfg=configuration("lcmv", weightnorm="unitnoisegain")), "weightnorm = 'unitnoisegain'"),
        (source(cfg=configuration("sloreta")), "has sLORETA values (cfg.method = 'sloreta')"),
        (raw(cfg={"previous": cells(configuration(normalize="yes"))}), "with normalised lead fields"),
        (raw(label=np.array([["V1"]], dtype=object)), "for 1 labels and 101 times: it is damaged"),
        (raw(label=np.array([[1.0]])), "label must be names"),
        (raw(time=TIMES[None]), "time is no cell of as many"),
    ],
)
def test_what_of_fieldtrip_is_refused(tmp_path, made, message):
    refused(save(tmp_path / "x.mat", {"x": made}), message, unit="A m", pick=2, orientation=1)


def test_sensors_and_several_structures(tmp_path):
    sensors = {name: value for name, value in raw().items() if name != "brainordinate"}
    sensors["grad"] = {"label": np.array([["V1"], ["M1"], ["M2"]], dtype=object)}
    refused(save(tmp_path / "x.mat", {"x": sensors}), "has the signals of sensors (V1)", unit="A m", pick=1)
    with pytest.raises(ParameterError, match=r"has 2 structures \(a, b\).*save\('course.mat', 'a'\)"):
        read_source_course(save(tmp_path / "y.mat", {"a": raw(), "b": source()}), unit="A m")
    refused(save(tmp_path / "z.mat", {"signal": MOMENT}), "has signal, which is no scout time series of Brainstorm")


def test_times_in_milliseconds(tmp_path):
    path = save(tmp_path / "x.mat", {"x": timelock(time=1e3 * TIMES[None])})
    refused(path, "are its times in milliseconds? Give time_unit='ms' then.", unit="A m", pick=1)
    same(read_source_course(path, unit="A m", pick=1, time_unit="ms"))


# SPM -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_sources_of_spm(tmp_path, version, kind):
    path = spm(tmp_path, version, kind)
    dipole = read_source_course(path, unit="A m", pick="left V1", trial="std")
    noted = same(dipole, rtol=2e-7)
    assert dipole.nave == 30
    assert (noted["software"], noted["format"]) == ("SPM", "data set of extracted sources (evoked)")
    same(read_source_course(path, unit="A m", pick=1, trial=2), 2 * MOMENT, rtol=2e-7)
    average = read_source_course(path, unit="A m", pick=1, trial="average")
    same(average, 1.25 * MOMENT, rtol=3e-7)
    assert average.nave == 40
    refused(path, "choose one, by pick='left V1'", unit="A m", trial=1)
    refused(path, "has 2 trials ('std', 'dev')", unit="A m", pick=1)
    refused(path, "does not say in which unit", pick=1, trial=1)
    refused(path.with_suffix(".dat"), "holds samples without their description: read imspm_evoked.mat beside it")
    samples = path.with_suffix(".dat").read_bytes()
    path.with_suffix(".dat").write_bytes(samples[:-8])
    refused(path, "it is truncated", unit="A m", pick=1, trial=1)
    path.with_suffix(".dat").unlink()
    refused(path, "has its samples in 'imspm_evoked.dat', which is not beside it", unit="A m", pick=1, trial=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transform": {"ID": "TF"}}, "has spectra over time (TF)"),
        ({"montage": {"M": np.empty((0, 0)), "Mind": 2.0}}, "shows its channels through an online montage"),
        ({"data": np.empty((0, 0))}, "does not say where its samples are"),
        ({"channels": {"label": "MEG0111", "type": "MEG"}}, "describes 1 channels and 2 trials at 1000 Hz"),
    ],
)
def test_what_of_spm_is_refused(tmp_path, changes, message):
    refused(spm(tmp_path, **changes), message, unit="A m", pick=1, trial=1)


def test_sensors_of_spm_and_a_unit_in_the_file(tmp_path):
    one = MOMENT[None, :, None]
    sensors = {"channels": {"label": "MEG0111", "type": "MEGGRAD"}, "trials": {"label": "std"}}
    refused(spm(tmp_path, values=one, **sensors), "has channels of sensors only (MEGGRAD)", unit="A m")
    known = {"channels": {"label": "V1", "type": "LFP", "units": "nAm"}, "trials": {"label": "std"}}
    same(read_source_course(spm(tmp_path, kind="f8", values=one * 1e9, **known)), rtol=1e-9)


# files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_truncated_files(tmp_path, version, share):
    path = save(tmp_path / "m.mat", brainstorm(), version)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match="as a MATLAB file, or is damaged|which is no scout time series") as caught:
        read_source_course(path)
    assert "\n" not in str(caught.value)


def test_a_newer_format_needs_a_package(tmp_path, monkeypatch):
    path = save(tmp_path / "m.mat", brainstorm(), "7.3")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ParameterError, match=r"version 7.3, which needs h5py: pip install 'mne-hnn\[matlab\]'"):
        read_source_course(path)
