"""Stage posterior of an analysis of a recording: from average, forward solution, covariance, label to the report."""

import html
import json
from dataclasses import replace

import mne
import numpy as np
import pytest

from mne_hnn.errors import ConfigError
from mne_hnn.fit import read_explanations
from mne_hnn.group import rerun
from mne_hnn.inference import (
    PosteriorSettings,
    Sensors,
    TrainingSettings,
    read_posterior,
    shuffled_sign,
    train_posterior,
    wrong_label,
)
from mne_hnn.inference.words import NOT_CALIBRATED, calibrated
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import Config, posteriors, run_pipeline
from mne_hnn.pipeline.identity import file_hash
from mne_hnn.pipeline.posterior_page import SECTION
from mne_hnn.pipeline.posteriors import posterior_settings
from mne_hnn.source import find_label, label_patch
from mne_hnn.source.demo import demo_response

pytestmark = [
    pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning"),
    pytest.mark.filterwarnings("ignore:torch.triangular_solve"),
]
TINY = TrainingSettings(pool=600, steps=30, truths=10)


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Two populations that hardly move: what is tested here is not what they find."""
    with pytest.MonkeyPatch.context() as patch:
        settings = posterior_settings
        patch.setattr(
            posteriors, "posterior_settings", lambda options: replace(settings(options), populations=2, moves=2)
        )
        yield


@pytest.fixture(scope="module")
def analysis(dataset, tmp_path_factory):
    """A response of a few channels, in files, explained by a column in which no cell fires."""
    folder = tmp_path_factory.mktemp("sensors")
    evoked, noise_cov, _ = demo_response(seed=1, n_epochs=40)
    keep = [name for number, name in enumerate(evoked.ch_names) if number // 3 % 5 == 0]  # whole triplets
    evoked.pick(keep).save(folder / "tap-ave.fif", verbose="error")
    noise_cov.pick_channels(keep).save(folder / "tap-cov.fif", verbose="error")
    return Config(
        data=folder / "tap-ave.fif", noise_cov=folder / "tap-cov.fif", forward=dataset.forward_fname,
        subjects_dir=dataset.subjects_dir, fs_subject="01", label="BA3b_exvivo-rh",
        polarity={"latency": 0.04, "points": "down"}, target_tmax=0.1, network=jones_2009((2, 2)),
        fit_regimes="silent", fit_sequence=[("proximal", 25.0), ("distal", 62.0)], fit_trials=1, n_trials=1,
        fit_final_trials=2, fit_contributions=False, draw_cortex=False, output=folder / "out", posterior=True,
        posterior_particles=50,
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(analysis):
    return run_pipeline(analysis)[0]


def told_of(result):
    return json.loads((result.folder / "07_posterior" / "posterior.json").read_text())


def test_a_recording_ends_in_a_posterior_of_its_place_and_circuit(analysis, result):
    assert result.ran == ("load", "inverse", "target", "simulate", "fit", "sensors", "posterior", "report")
    told = told_of(result)
    assert (told["facts"]["source"], told["facts"]["estimator"]) == ("sensors", None)
    (drawn,) = told["facts"]["drawn"]
    found = read_posterior(result.outputs["posterior"]["posteriors"] / drawn["file"])
    assert found.place.label == told["facts"]["searched"]
    assert found.place.label.endswith("BA3b_exvivo-rh")
    assert found.draws["columns"].shape == (2, 50)
    assert [control["name"].split()[0] for control in drawn["controls"]] == ["opposite", "place"]
    assert found.polarity.probability == drawn["polarity"]
    text = html.unescape(result.report.read_text(encoding="utf-8"))
    for words in (SECTION, NOT_CALIBRATED, "Where the patch of explanation 1 may be", "the response at the sensors"):
        assert words in text
    assert run_pipeline(analysis)[0].ran == ()


def test_sensors_are_left_out_and_the_report_has_both_scores(analysis, result):
    again = run_pipeline(replace(analysis, posterior_held_out=1 / 3, posterior_search=False))[0]
    assert again.ran == ("posterior", "report")
    (drawn,) = told_of(again)["facts"]["drawn"]
    told = drawn["held_out"]
    assert told["error"] < told["null_error"]
    assert told["log_difference"] == told["log_density"] - max(told["fit_log_density"], told["loose_fit_log_density"])
    assert told["log_density"] > told["null_log_density"]
    assert told["log_noise"] > 0
    text = html.unescape(again.report.read_text(encoding="utf-8"))
    assert told["sentence"] in text
    for name in ("log_density", "fit_log_density", "loose_fit_log_density"):
        above = f"{told[name] - told['null_log_density']:.1f}".replace("-", "\N{MINUS SIGN}")
        assert f"<td>{above}</td>" in text


# with an estimator


@pytest.fixture(scope="module")
def estimator(result):
    """A tiny one, for this column, window and sequence of sides."""
    pytest.importorskip("sbi")
    return train_posterior(read_explanations(result.outputs["fit"]["explanations"]), TINY)


@pytest.fixture(scope="module")
def estimated(analysis, estimator):
    file = analysis.output.parent / "estimator.npz"
    estimator.save(file)
    config = replace(analysis, posterior_estimator=file)
    return config, drawn_again(config)


def drawn_again(config):
    """Run the stage alone: a report takes longer."""
    return run_pipeline(config, steps=["posterior"])[0]


def drawn_by(result):
    return read_posterior(result.outputs["posterior"]["posteriors"] / "explanation-1.nc")


def directly(analysis, result, estimator, **given):
    """Return what an estimator draws of the files that stage posterior reads."""
    settings = PosteriorSettings(particles=50, populations=2, moves=2)
    return estimator.posterior(read_explanations(result.outputs["fit"]["explanations"]), settings=settings, **given)


def sensors_of(analysis, result):
    outputs = result.outputs
    forward = mne.read_forward_solution(outputs["inverse"]["forward"], verbose="error")
    (evoked,) = mne.read_evokeds(outputs["load"]["evoked"], verbose="error")
    label = mne.read_label(outputs["target"]["label"], subject="01")
    search = find_label(analysis.label, subject="01", subjects_dir=analysis.subjects_dir)
    return Sensors(
        evoked=evoked,
        forward=forward,
        place=label_patch(label, forward),
        noise_cov=mne.read_cov(outputs["load"]["noise_cov"], verbose="error"),
        search=search,
    )


def assert_same(one, other):
    assert one.draws.keys() == other.draws.keys()
    for path, values in one.draws.items():
        np.testing.assert_array_equal(values, other.draws[path], err_msg=path)
    assert one.evidence == other.evidence
    assert one.polarity == other.polarity
    assert one.checks == other.checks


def test_the_stage_draws_what_the_estimator_draws(analysis, estimator, estimated):
    _, result = estimated
    assert result.ran == ("posterior",)  # the fit stays as it is
    found, direct = drawn_by(result), directly(analysis, result, estimator, sensors=sensors_of(analysis, result))
    assert_same(found, direct)
    np.testing.assert_array_equal(found.place.probability, direct.place.probability)
    assert found.facts["method"] == "amortised"
    sign, place = told_of(result)["facts"]["drawn"][0]["controls"]
    assert sign["difference"] == shuffled_sign(direct).difference
    assert place["difference"] == wrong_label(direct).difference


def test_of_the_target_alone_too(analysis, estimator, estimated):
    config, _ = estimated
    result = drawn_again(replace(config, posterior_sensors=False))
    assert_same(drawn_by(result), directly(analysis, result, estimator))
    assert told_of(result)["facts"]["source"] == "waveform"


def test_sensors_are_left_out_for_an_estimator_as_well(estimated):
    config, _ = estimated
    result = drawn_again(replace(config, posterior_held_out=1 / 3, posterior_search=False))
    facts = told_of(result)["facts"]
    assert facts["searched"] is None
    (drawn,) = facts["drawn"]
    assert drawn["networks"] is None
    assert 0 < drawn["held_out"]["share"] < 0.5
    assert drawn["held_out"]["error"] < drawn["held_out"]["null_error"]


def test_its_file_is_an_input_of_the_stage(estimated, estimator):
    config, result = estimated
    file = config.posterior_estimator
    drawn_again(config)  # another one may have been drawn in between
    told = told_of(result)
    assert told["options"]["posterior_estimator"] == str(file)
    (record,) = [one for one in told["files"] if one["path"] == str(file.resolve())]
    assert record["sha256"] == file_hash(file)
    assert rerun(result.folder / "07_posterior" / "posterior.json").agrees
    content = file.read_bytes()
    file.write_bytes(content)  # later, and the same
    assert drawn_again(config).ran == ()
    replace(estimator, facts={"networks": 7, "seconds": {}}).save(file, overwrite=True)
    assert drawn_again(config).ran == ("posterior",)
    assert told_of(result)["facts"]["estimator"]["trials"] == 7
    file.unlink()
    with pytest.raises(ConfigError, match="There is no file .*, which posterior_estimator names: check the path"):
        drawn_again(config)
    file.write_bytes(content)


def for_another_sequence(estimator, path):
    """Write an estimator that says it is for one distal drive."""
    identity = {**estimator.frame.identity, "sequence of sides": "distal"}
    frame = replace(estimator.frame, sides=("distal",), identity=identity)
    replace(estimator, frame=frame).save(path, overwrite=True)
    return path


def test_of_several_estimators_the_one_draws_that_is_for_the_explanation(estimated, estimator, tmp_path):
    config = replace(estimated[0], posterior_sensors=False)  # it is sooner done
    alone = drawn_by(drawn_again(config))
    file = for_another_sequence(estimator, tmp_path / "other.npz")
    several = replace(config, posterior_estimator=[file, config.posterior_estimator])
    (result,) = run_pipeline(several)
    assert result.ran == ("posterior", "report")
    assert_same(drawn_by(result), alone)
    told = told_of(result)
    assert told["options"]["posterior_estimator"] == [str(file), str(config.posterior_estimator)]
    assert told["facts"]["estimator"] is None
    assert [one["sides"] for one in told["facts"]["estimators"]] == [["distal"], ["proximal", "distal"]]
    assert told["facts"]["drawn"][0]["estimator"] == 2
    hashes = {record["path"]: record["sha256"] for record in told["files"]}
    for path in (file, config.posterior_estimator):
        assert hashes[str(path.resolve())] == file_hash(path)
    assert rerun(result.folder / "07_posterior" / "posterior.json").agrees
    text = html.unescape(result.report.read_text(encoding="utf-8"))
    for words in (
        "Drawn by estimator 2 of 2, in estimator.npz", "No posterior was drawn by estimator 1 of 2, in other.npz.",
        "the posterior of explanation 1 was drawn by estimator.npz, which had learned from kernels",
    ):  # fmt: skip
        assert words in text, words
    assert drawn_again(several).ran == ()


def test_the_report_says_which_estimator_drew_and_how_far_to_trust_it(estimated, estimator):
    config, _ = estimated
    (result,) = run_pipeline(config)
    text = html.unescape(result.report.read_text(encoding="utf-8"))
    facts = told_of(result)["facts"]["estimator"]
    assert facts["sentences"] == estimator.sentences()
    assert (facts["file"], facts["sides"], facts["truths"], facts["planted"]) == (
        "estimator.npz", ["proximal", "distal"], 10, 0,
    )  # fmt: skip
    assert facts["settings"]["steps"] == 30
    kinds = estimator.diagnostics["truths"]["kinds"].values()
    assert facts["most"] == sum(kind["most"] for kind in kinds) / sum(kind["n"] for kind in kinds)
    for words in (
        "The estimator that drew, and how its own draws were found to hold", *estimator.sentences(), "steps 30",
        calibrated(drawn_by(result)), "began with the draws of an amortised estimator",
        "had learned from kernels of the column in which no cell fires", "Of 10 circuits that it never saw",
        "has not been tested where no cell fires", "10.21105/joss.02505",
    ):  # fmt: skip
        assert words in text, words
    assert NOT_CALIBRATED not in text
    assert "has been tested with planted truths" not in text
