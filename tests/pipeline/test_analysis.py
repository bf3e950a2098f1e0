"""The whole analysis on a small column: every stage, the report in a browser, the command line, wrong input."""

import html
import json
import shutil

import mne
import numpy as np
import pytest
from report_browser import check_page

from mne_hnn import cli, read_dipole
from mne_hnn.compare import r_squared
from mne_hnn.fit import ColumnPrior, evaluate, read_contributions, read_explanations, spiking_result
from mne_hnn.fit.files import read_fit
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import read_config, run_pipeline
from mne_hnn.pipeline.lock import LOCK
from mne_hnn.pipeline.wording import columns_of
from mne_hnn.simulate.many import run_networks
from mne_hnn.source.demo import read_truth, somato_dataset

SMALL = """
from mne_hnn.network import jones_2009, with_erp_drives
dataset = "demo"
event_id = {"median nerve": 1}
tmin, tmax, baseline = -0.2, 0.3, (None, -0.005)
reject = {"grad": 4000e-13, "eog": 350e-6}
label = "postcentral-rh"
patch_radius_mm = 10.0
patch_latency = 0.040
polarity = {"latency": 0.040, "points": "down"}
network = with_erp_drives(jones_2009(mesh_shape=(3, 3)))
fit_trials = n_trials = 1
fit_final_trials = 2
fit_members, fit_generations, fit_max_sequences, fit_finalists = 12, 1, 2, 1
fit_steps = "smoother"  # two kinds of ensembles are searched in tests of their own
"""


@pytest.fixture(scope="module")
def config_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("analysis") / "small.py"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def result(config_file, dataset):
    config = read_config(config_file, {"output": config_file.parent / "out"})
    (result,) = run_pipeline(config)
    return result


def test_target_is_the_truth_of_the_demo(result, dataset):
    target = read_dipole(result.outputs["target"]["target"])
    truth = read_truth(dataset).dipole
    true = np.interp(target.times, truth.times, truth["agg"])
    assert np.corrcoef(target["agg"], true)[0, 1] > 0.98
    assert target["agg"] @ true / (true @ true) == pytest.approx(1.0, abs=0.15)
    assert target.provenance["label"] == "postcentral-disc-rh"


def test_every_stage_left_what_it_promises(result):
    evoked = mne.read_evokeds(result.outputs["load"]["evoked"], condition=0, verbose="error")
    assert evoked.comment == "median nerve"
    facts = json.loads((result.folder / "01_load" / "load.json").read_text())["facts"]
    assert facts["epochs"] == evoked.nave
    assert 0 < facts["dropped"] < 40
    predicted = mne.read_evokeds(result.outputs["sensors"]["predicted"], condition=0, verbose="error")
    residual = mne.read_evokeds(result.outputs["sensors"]["residual"], condition=0, verbose="error")
    measured = evoked.copy().pick(predicted.ch_names).crop(predicted.times[0], predicted.times[-1])
    np.testing.assert_allclose(predicted.data + residual.data, measured.data, atol=1e-15)
    explained = json.loads(result.outputs["sensors"]["explained"].read_text())
    assert explained["target"]["mag"] > 0.9


def fit_facts(result):
    return json.loads((result.folder / "05_fit" / "fit.json").read_text())["facts"]


def test_the_fit_explains_the_target(result):
    facts, fit = fit_facts(result), read_fit(result.outputs["fit"]["result"])
    target, fitted = (read_dipole(result.outputs[stage][name]) for stage, name in (("target",) * 2, ("fit", "dipole")))
    assert r_squared(fitted, target) > 0.95
    assert facts["r_squared"] == pytest.approx(r_squared(fitted, target), abs=1e-3)
    assert facts["r_squared"] <= facts["ceiling"] < 1
    assert facts["search_r_squared"] == pytest.approx(1 - facts["search_loss"])
    assert fitted.scale_applied == pytest.approx(facts["scale"])
    assert fit.simulation.n_trials == 2


def test_all_explanations_are_kept_and_noted(result):
    facts, found = fit_facts(result), read_explanations(result.outputs["fit"]["explanations"])
    assert {item.regime for item in found} == {"spiking", "silent"}
    assert facts["verdict"] == found.verdict
    assert facts["regime"] == found.first.regime
    for told, item in zip(facts["explanations"], found, strict=True):
        assert (told["regime"], told["columns"], told["evidence"]) == (item.regime, item.columns, item.evidence.value)
        assert {name: one["per_cell"] for name, one in told["spikes"].items()} == {
            name: count.per_cell for name, count in item.spikes.types.items()
        }
        assert list(told["drives"]) == list(item.network.drives)
    parts = read_contributions(result.outputs["fit"]["contributions"])
    taken = found[facts["contributions_of"] - 1]
    assert taken is found.spiking
    assert parts.network == taken.network
    assert [row["name"] for row in facts["contributions"] if row["kind"] == "drive"] == list(taken.network.drives)


def test_the_report_begins_with_what_was_found_in_words(result):
    found, text = read_explanations(result.outputs["fit"]["explanations"]), result.report.read_text(encoding="utf-8")
    assert text.index("What was found, in words") < text.index("In short")
    for sentence in found.sentences():
        assert html.escape(sentence) in text, sentence
    for title in (
        "The explanations side by side", "The explanations in pictures", "over everything that fits as well",
        "Which drive does what in explanation", "What was plausible beforehand, with sources", "Spikes per cell of",
        "What was found beside the truth", "The truth in numbers", "participating fraction",
    ):  # fmt: skip
        assert title in text, title
    assert "10.1016/j.cageo.2012.03.011" in text


def test_the_facts_of_the_fit_are_those_of_its_result(result):
    facts, fit = fit_facts(result), read_fit(result.outputs["fit"]["result"])
    assert facts["scale"] == fit.scale
    assert facts["r_squared"] == fit.r_squared
    assert list(facts["drives"]) == list(fit.network.drives)
    assert len(facts["drives"]) >= 4
    for name, drive in fit.network.drives.items():
        fact, time = facts["drives"][name], fit.estimate(f"drives.{name}.mu_ms")
        assert (fact["location"], fact["mu_ms"], fact["sigma_ms"]) == (drive.location, drive.mu_ms, drive.sigma_ms)
        assert fact["mu_ms_90"] == [time.low, time.high]
        assert time.low < fact["mu_ms"] < time.high
    prior = ColumnPrior.for_target(read_dipole(result.outputs["target"]["target"]), fit.network)
    assert facts["columns_prior"] == {"median": prior.median, "factor": prior.factor}
    assert facts["warnings"] == list(fit.warnings)
    rows = json.loads(result.outputs["fit"]["fit"].read_text())
    assert (
        facts["evaluations"] == len(rows) == len(fit.evaluations) == sum(one["evaluations"] for one in facts["levels"])
    )
    assert set(rows[0]) == {"level", "loss", "scale", "r_squared", "values"}
    assert rows[0]["scale"] is None  # a sum of kernels has none: NaN is not JSON
    assert min(row["loss"] for row in rows if row["level"] == "full") <= facts["search_loss"]


def test_a_killed_fit_goes_on(result, config_file, tmp_path, monkeypatch):
    shutil.copytree(config_file.parent / "out", tmp_path / "out")
    config = read_config(config_file, {"output": tmp_path / "out", "fit_n_drives": 2})
    folder = tmp_path / "out" / "sub-01"
    checkpoint = folder / "fit-checkpoint"

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spiking_result, "final_simulation", killed)
        with pytest.raises(KeyboardInterrupt):
            run_pipeline(config, steps="fit")
    assert list(checkpoint.glob("batch-*.npz"))
    assert len(json.loads((folder / "05_fit" / "fit.json").read_text())["facts"]["drives"]) >= 4, "of before"
    simulated = []

    def counted(networks, *arguments, **options):
        simulated.extend(networks)
        return run_networks(networks, *arguments, **options)

    monkeypatch.setattr(evaluate, "run_networks", counted)
    (again,) = run_pipeline(config, steps="fit")
    assert again.ran == ("fit",)
    kept = {item.network.digest for item in read_explanations(again.outputs["fit"]["explanations"])}
    assert sorted(network.digest for network in simulated) == sorted(kept), "all but the final trials were kept"
    assert not checkpoint.exists()
    assert len(fit_facts(again)["drives"]) == 2


def test_report_in_a_browser(result):
    page = check_page(result.report)
    assert page.errors == []
    assert page.broken_images == []
    assert page.n_images == page.n_loaded >= 10
    assert page.dead_links == []
    assert page.requests == []
    assert page.ok


def test_report_tells_what_was_done(result):
    text = result.report.read_text(encoding="utf-8")
    for words in ("postcentral-disc-rh", "Drives", "evprox1", "SHA-256", "component near 40 ms points down"):
        assert words in text
    for title in ("How good the fit is", "Drives of the fitted column", "Convergence", "as configured, before the fit"):
        assert title in text
    fit = fit_facts(result)
    assert f"R² = {fit['r_squared']:.3f} in trials that the search has not seen" in text
    assert columns_of(fit["scale"]) in text
    for name, drive in fit["drives"].items():
        low, high = drive["mu_ms_90"]
        assert f"{name} at {drive['mu_ms']:.0f} ms ({low:.0f} to {high:.0f})" in text
        assert f"<td>{drive['mu_ms']:.4g} ({low:.4g} to {high:.4g})</td>" in text


def test_nothing_runs_twice_and_changes_run_what_they_must(result, config_file, tmp_path):
    config = read_config(config_file, {"output": config_file.parent / "out"})
    assert run_pipeline(config)[0].ran == ()
    shutil.copytree(config_file.parent / "out", tmp_path / "out")
    changed = read_config(config_file, {"output": tmp_path / "out", "n_peaks": 2, "draw_cortex": False})
    (again,) = run_pipeline(changed)
    assert again.ran == ("report",)
    assert "Label and activation" in result.report.read_text(encoding="utf-8")
    assert "Label and activation" not in again.report.read_text(encoding="utf-8")


def test_somato_layout(dataset, tmp_path, monkeypatch):
    """MNE's data set on disk: a stand-in with its folders and file names, found where MNE is told to look."""
    root = tmp_path / "MNE-somato-data"
    shutil.copytree(dataset.root, root)
    shutil.rmtree(root / "truth")
    found = somato_dataset(root)
    assert found.raw_fname == root / "sub-01" / "meg" / "sub-01_task-somato_meg.fif"
    assert found.forward_fname == root / "derivatives" / "sub-01" / "sub-01_task-somato-fwd.fif"
    assert found.subjects_dir == root / "derivatives" / "freesurfer" / "subjects"
    monkeypatch.setattr(mne.datasets, "has_dataset", lambda name: name == "somato")
    monkeypatch.setattr(mne.datasets.somato, "data_path", lambda **_options: root)
    config = tmp_path / "somato.py"
    config.write_text(
        SMALL.replace('"demo"', '"somato"').replace('"postcentral-rh"', '"G_postcentral-rh"')
        + "parcellation = 'aparc.a2009s'\n"
    )
    steps = ["load", "inverse", "target"]
    (result,) = run_pipeline(read_config(config, {"output": tmp_path / "out"}), steps=steps)
    assert result.ran == tuple(steps)
    assert read_dipole(result.outputs["target"]["target"]).provenance["label"] == "G_postcentral-disc-rh"


def run(config_file, capsys, *words):
    code = cli.main(["run", str(config_file), "--output", str(config_file.parent / "wrong"), *words])
    captured = capsys.readouterr()
    return code, captured.err.strip().splitlines()[-1] if captured.err.strip() else "", captured


def test_command_line_says_where_the_report_is(result, config_file, capsys):
    words = ["run", str(config_file), "--output", str(config_file.parent / "out"), "--n-jobs", "1"]
    assert cli.main(words) == 0
    assert f"Report: {result.report.resolve()}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data='nothing_raw.fif'", "data and dataset are both set"),
        ("fs_subject='02'", "Unknown subject '02'"),
        ("label='postcentrl-rh'", "Did you mean 'postcentral-rh'"),
        ("method='dspm'", "Did you mean 'dSPM'"),
        ("event_id=7", "No event [7] in the data: found [1]"),
        ("reject={'grad': 1e-15}", "No epoch is left of 120"),
        ("bads=['MEG 9999']", "Unknown bad channel 'MEG 9999'"),
        ("target_tmax=0.9", "window, 0 to 0.9 s, must lie within the response, -0.2 to 0.3 s"),
        ("snrr=2", "which is no option. Did you mean 'snr'"),
        ("forward='nothing-fwd.fif'", "There is no forward solution nothing-fwd.fif"),
    ],
)
def test_wrong_input_is_one_sentence(config_file, capsys, change, message):
    assert cli.main(
        ["run", str(config_file), "--output", str(config_file.parent / "wrong"), "--set", change, "--steps", "load",
         "inverse", "target"]
    ) == 1  # fmt: skip
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("mne-hnn: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in captured.err + captured.out
    folder = config_file.parent / "wrong" / "sub-01"
    if folder.exists():
        left = [path.name for path in folder.iterdir() if path.name.startswith(".") or path.suffix == ".log"]
        assert set(left) <= {LOCK}


def test_wrong_subject_and_step(config_file, capsys):
    assert cli.main(["run", str(config_file), "--subject", "07"]) == 1
    assert "Unknown subject '07' of this analysis: expected one of '01'" in capsys.readouterr().err
    assert cli.main(["run", str(config_file), "--steps", "targt"]) == 1
    assert "Did you mean 'target'" in capsys.readouterr().err


def test_wrong_data_set(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(mne.datasets, "has_dataset", lambda _name: False)
    for name in ("somato", "sample"):
        config = tmp_path / f"{name}.py"
        config.write_text(SMALL.replace('"demo"', f'"{name}"'))
        assert cli.main(["run", str(config)]) == 1
        assert "is not on this machine: get it with mne.datasets." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["median_nerve", "auditory"])
def test_analysis_files_are_valid(name):
    from pathlib import Path

    config = read_config(Path(__file__).parents[2] / "pipelines" / f"{name}.py")
    assert config.fit
    assert config.fit_drives == "propose"
    assert config.network.n_cells == jones_2009().n_cells
    assert config.patch_radius_mm == 10.0
