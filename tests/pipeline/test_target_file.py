"""An analysis whose target is read from a file of other software: its stages, report, methods, refusals."""

import html
import json

import numpy as np
import pytest

from mne_hnn import Dipole, cli, read_dipole
from mne_hnn.errors import ConfigError, DataError
from mne_hnn.group import rerun
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline import FILE_STAGES, Config, read_config, run_pipeline
from mne_hnn.pipeline.methods import methods_text

TIMES = np.arange(-50, 201) * 1e-3
MOMENT = 20e-9 * np.exp(-(((TIMES - 0.04) / 0.012) ** 2)) - 12e-9 * np.exp(-(((TIMES - 0.075) / 0.015) ** 2))

SMALL = """
from mne_hnn.network import jones_2009
target_file = {path!r}
target_pick, target_smooth_ms, target_area_mm2, target_error_nAm = "V1", 5.0, 300.0, 0.8
polarity = {{"latency": 0.04, "points": "up"}}
network = jones_2009(mesh_shape=(2, 2))
fit_sequence = [("proximal", 25.0), ("distal", 62.0)]
fit_trials = n_trials = 1
fit_final_trials = 2
fit_members, fit_generations, fit_steps = 12, 1, "smoother"
"""


def written(folder, name="course.csv"):
    path = folder / name
    rows = "\n".join(f"{time:.3f};{a:.8g};{b:.8g}" for time, a, b in zip(TIMES, -MOMENT * 1e9, TIMES, strict=True))
    path.write_text(f"time (s);V1 (nAm);M1 (nAm)\n{rows}\n")
    return path


@pytest.fixture(scope="module")
def config_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("read")
    (folder / "read.py").write_text(SMALL.format(path=str(written(folder))))
    return folder / "read.py"


@pytest.fixture(scope="module")
def result(config_file):
    (result,) = run_pipeline(read_config(config_file, {"output": config_file.parent / "out"}))
    return result


@pytest.fixture(scope="module")
def sidecars(result):
    found = {
        stage.name: next(result.folder.glob(f"0?_{stage.name}/{stage.name}.json"))
        for stage in FILE_STAGES
        if stage.name in result.ran
    }
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in found.items()}


def test_the_stages_that_need_sensors_are_left_out(result):
    assert result.ran == ("target", "simulate", "fit", "report")
    assert sorted(path.name for path in result.folder.iterdir() if path.is_dir()) == [
        "01_target", "02_simulate", "03_fit", "05_report",
    ]  # fmt: skip


def test_the_target_is_what_the_file_has(result):
    target = read_dipole(result.outputs["target"]["target"])
    smoothed = Dipole(MOMENT[None], TIMES, ("agg",)).smooth(5.0)
    np.testing.assert_allclose(target.times, TIMES[50:221], atol=1e-9)
    np.testing.assert_allclose(target["agg"], smoothed["agg"][50:221], rtol=1e-5, atol=1e-15)
    noted = target.provenance
    assert (noted["course"], noted["label"], noted["unit_of_file"]) == ("V1 (nAm)", "V1", "nA m")
    assert (noted["sign"], noted["area_mm2"], noted["smooth_ms"]) == (-1, 300.0, 5.0)
    assert noted["standard_error"] == pytest.approx(0.8e-9)


def test_the_fit_is_of_that_target(sidecars):
    facts = sidecars["fit"]["facts"]
    assert facts["fitted"]
    assert list(facts["drives"]) == ["evprox1", "evdist1"]
    assert 0.5 < facts["r_squared"] <= 1


def test_the_report_says_what_is_left_out_and_where_the_target_is_from(result):
    text = html.unescape(result.report.read_text(encoding="utf-8"))
    assert "There are no sensors in this analysis" in text
    assert "V1 (nAm), read from course.csv (columns separated by semicolons, text)" in text
    assert "component: component near 40 ms points up; whether up is outward was not checked" in text
    assert "times in column 1, 'time (s)'" in text
    assert "its patch has 300 mm²" in text
    assert "Field maps" not in text


def test_the_methods_say_where_the_target_came_from(sidecars):
    text = methods_text(sidecars).text
    assert "The target was a source time course (V1 (nAm)) that had been estimated beforehand, read from text." in text
    assert "Moments were read in nA m, and fitted from 0 to 170 ms." in text
    assert "smoothed with a Hamming window of 5 ms" in text
    assert "it was not checked against the cortical normal" in text
    assert "MNE-Python" not in text.partition("References")[0]
    other = {**sidecars["target"]["facts"], "software": "FieldTrip", "method": "lcmv", "form": "parcels"}
    told = {**sidecars, "target": {**sidecars["target"], "facts": other}}
    assert (
        "beforehand (method lcmv), read from a file of FieldTrip (Oostenveld et al., 2011) (parcels)"
        in methods_text(told).text.replace("\n", " ")
    )


def test_a_step_is_repeated_from_its_sidecar(result):
    assert rerun(result.folder / "01_target" / "target.json").agrees


def test_what_changes_makes_the_target_anew(result, config_file):
    output = config_file.parent / "out"
    assert run_pipeline(read_config(config_file, {"output": output}))[0].ran == ()
    changed = read_config(config_file, {"output": output, "target_pick": "M1", "polarity": 1})
    assert run_pipeline(changed, steps="target")[0].ran == ("target",)
    assert read_dipole(result.outputs["target"]["target"]).provenance["course"] == "M1 (nAm)"
    assert run_pipeline(read_config(config_file, {"output": output}), steps="target")[0].ran == ("target",)


def test_command_line(config_file, capsys):
    words = ["run", str(config_file), "--output", str(config_file.parent / "line"), "--steps", "target"]
    assert cli.main(words) == 0
    assert "Results: " in capsys.readouterr().out
    assert cli.main([*words[:-1], "load"]) == 1
    said = capsys.readouterr().err
    assert "Unknown step 'load' of an analysis whose target is read from a file: expected one of 'target'" in said
    assert cli.main([*words, "--set", "target_unit='pA m'"]) == 1
    assert "says that its moments are in nA m, and unit is 'pA m'" in capsys.readouterr().err


NETWORK = with_erp_drives(jones_2009((2, 2)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"label": "postcentral-rh"},
            "target_file and label are both set, but only an analysis of sensors reads label",
        ),
        ({"data": "x_raw.fif"}, "target_file and data are both set"),
        ({"dataset": "demo"}, "target_file and dataset are both set"),
        ({"snr": 2.0}, "only an analysis of sensors reads snr"),
        ({"draw_cortex": False}, "only an analysis of sensors reads draw_cortex"),
        ({"target_unit": "nAmp"}, "unit must be one of"),
        ({"target_sign": 1}, "target_sign"),
        ({"target_smooth_ms": -1}, "target_smooth_ms must be a finite number >= 0"),
        ({"target_area_mm2": 0}, "target_area_mm2 must be a finite number > 0"),
        ({"target_tmin": 0.2}, "target_tmin must be before target_tmax"),
        ({"polarity": "up"}, "Unknown polarity rule 'up'"),
    ],
)
def test_options_that_do_not_go_together(options, message):
    with pytest.raises((ConfigError, TypeError)) as caught:
        Config(target_file="x.csv", network=NETWORK, **options)
    assert message in str(caught.value)


def test_options_of_a_file_without_one():
    with pytest.raises(ConfigError, match="target_unit has no effect without target_file"):
        Config(data="x.fif", label="x-lh", network=NETWORK, target_unit="nA m")
    with pytest.raises(ConfigError, match="data is not set: .* or the target_file of other software"):
        Config(label="x-lh", network=NETWORK)


def test_several_subjects(tmp_path):
    for subject in ("01", "02"):
        written(tmp_path, f"{subject}.csv")
    options = {"network": NETWORK, "subjects": ["01", "02"], "target_pick": 1, "output": tmp_path / "out"}
    with pytest.raises(ConfigError, match="2 subjects, but one file of a target: write {subject}"):
        run_pipeline(Config(target_file=tmp_path / "01.csv", **options), steps="target")
    done = run_pipeline(Config(target_file=str(tmp_path / "{subject}.csv"), **options), steps="target")
    assert [one.outputs["target"]["target"].parts[-3] for one in done] == ["sub-01", "sub-02"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_tmin": 1.0, "target_tmax": 2.0}, "has fewer than two samples from 1 to 2 s"),
        ({"polarity": {"latency": 0.5, "points": "up"}}, "The component at 0.5 s lies outside the source time course"),
        ({"target_file": "nothing.mat"}, "There is no file nothing.mat"),
        ({"target_pick": "V2"}, "has no column 'V2'"),
    ],
)
def test_a_target_that_cannot_be_read(config_file, tmp_path, changes, message):
    with pytest.raises(DataError) as caught:
        run_pipeline(read_config(config_file, {"output": tmp_path, **changes}), steps="target")
    assert message in str(caught.value)
    assert not list(tmp_path.glob("sub-*/0*"))
