"""Amortised estimators: they find posteriors again, refuse what they were not trained for, and go on where stopped."""

from dataclasses import replace

import numpy as np
import pytest
from columns import kernels
from explained import FIRING, explanation, explanations, target_of
from responses import SMALL, with_field

from mne_hnn import cli
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import CircuitPrior, EvokedSettings
from mne_hnn.inference import (
    PosteriorSettings,
    Sensors,
    TrainingSettings,
    bank,
    density,
    held_out_sensors,
    plausibility,
    posterior,
    read_estimator,
    read_posterior,
    run,
    shuffled_sign,
    teaching,
    torch_parts,
    train_posterior,
    training,
)
from mne_hnn.inference.density import learn_density
from mne_hnn.inference.scope import Scope
from mne_hnn.inference.trust import kind_of
from mne_hnn.pipeline.options import ShortPosteriorOptions
from mne_hnn.pipeline.posteriors import CHECKPOINT, OUTPUTS, draw_posteriors, posterior_settings
from mne_hnn.pipeline.stage import Work

pytest.importorskip("sbi")
pytestmark = [
    pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning"),
    pytest.mark.filterwarnings("ignore:torch.triangular_solve"),
]

TINY = TrainingSettings(pool=2000, steps=300, truths=12)
FEW = TrainingSettings(networks=160, twins=40, epochs=8, pool=600, steps=20, truths=10, truth_trials=4)
DRAWN = PosteriorSettings(**SMALL | {"particles": 200})


@pytest.fixture(scope="module")
def silent():
    """An estimator of silent columns with kernels by formula."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "measure_kernels", kernels)
        return train_posterior(explanation("silent", columns=5e5), TINY)


def test_its_posterior_is_that_of_cooling_from_the_prior(silent, monkeypatch):
    monkeypatch.setattr(run, "measure_kernels", kernels)
    one = explanation("silent", columns=5e5)
    settings = replace(DRAWN, moves=15)
    found, known = silent.posterior(one, settings=DRAWN), posterior(one, settings=settings)
    assert type(found) is type(known)
    assert found.paths == known.paths
    assert found.facts["method"] == "amortised"
    assert found.facts["n_simulated"] == 0
    assert found.evidence.value == pytest.approx(known.evidence.value, abs=4)  # of some 1900
    assert found.evidence.parts.keys() == known.evidence.parts.keys()
    assert found.polarity.probability > 0.99
    for path in ("drives.evprox1.mu_ms", "drives.evdist1.mu_ms"):
        assert np.median(found.of(path)) == pytest.approx(np.median(known.of(path)), abs=known.of(path).std())
        assert found.of(path).std() == pytest.approx(known.of(path).std(), rel=0.6)
    assert {path: values.shape for path, values in found.draws.items()} == dict.fromkeys(known.paths, (2, 200))
    assert shuffled_sign(found).rejected
    again = silent.posterior(one, settings=DRAWN)
    assert all(np.array_equal(again.draws[path], found.draws[path]) for path in found.paths)


def test_its_density_says_more_than_the_prior(silent):
    prior = -0.5 * len(silent.frame.paths) * (1 + np.log(2 * np.pi))
    for kind in ("examples", "truths"):
        judged = silent.diagnostics[kind]
        assert judged["n"] == 12
        assert judged["log_density"] > prior - 3  # of twelve
        assert set(judged["kinds"]) == {kind_of(path) for path in silent.frame.paths}
    (loss,) = silent.density.validation  # of 4096 examples
    assert -loss > prior + 0.2
    assert len(silent.density.training) == 1
    told = silent.sentences()
    assert told[0].startswith("For columns in which no cell fires, with drives proximal, distal")
    assert sum("inside intervals of 50 %" in sentence for sentence in told) == 3


def test_what_was_stated_of_times_is_part_of_the_question(silent):
    shifted = replace(explanation("silent", columns=5e5), fit=explanation("silent", columns=5e5).fit)
    early = silent.posterior(shifted, settings=DRAWN)
    one = explanation("silent", columns=5e5, sequence=(("proximal", 31.0), ("distal", 55.0)), target=target_of())
    late = silent.posterior(one, settings=DRAWN)
    path = "drives.evprox1.mu_ms"
    assert np.median(early.prior[path]) == pytest.approx(25, abs=3)
    assert np.median(late.prior[path]) == pytest.approx(31, abs=3)
    # the response says when, whatever is stated
    assert np.median(late.of(path)) == pytest.approx(np.median(early.of(path)), abs=2)


def test_it_is_kept(silent, tmp_path):
    file = tmp_path / "silent.npz"
    silent.save(file)
    with pytest.raises(ParameterError, match="exists"):
        silent.save(file)
    read = read_estimator(file)
    one = explanation("silent", columns=5e5)
    found, again = (estimator.posterior(one, settings=DRAWN) for estimator in (silent, read))
    assert all(np.array_equal(again.draws[path], found.draws[path]) for path in found.paths)
    assert read.settings == silent.settings
    assert read.diagnostics["truths"]["kinds"]["times"] == silent.diagnostics["truths"]["kinds"]["times"]
    assert repr(read) == "<AmortisedEstimator (silent): proximal, distal; 100 ms>"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(DataError, match="is no file of an amortised estimator"):
        read_estimator(file)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"sequence": (("distal", 25.0), ("distal", 60.0))}, r"sequence of sides \(proximal, distal, not distal, dis"),
        ({"sequence": (("proximal", 25.0),)}, r"sequence of sides \(proximal, distal, not proximal\)"),
        ({"settings": EvokedSettings(circuit=CircuitPrior(time_sd_ms=5.0))}, "for another prior: train one"),
        ({"settings": EvokedSettings(smooth_ms=30.0)}, r"for another smoothing \(20 ms, not 30 ms\)"),
        ({"settings": EvokedSettings(dt=0.05)}, r"for another window \(100 ms in steps of 0.025 ms, not 100 ms in st"),
        ({"regime": "spiking", "columns": 9e3}, r"for another regime \(silent, not spiking\)"),
    ],
)
def test_another_question_is_refused(silent, asked, sentence):
    one = explanation(**{"regime": "silent", "columns": 5e5} | asked)
    with pytest.raises(ParameterError, match=sentence):
        silent.posterior(one, settings=DRAWN)


def test_another_column_is_refused(silent):
    one = explanation("silent", columns=5e5)
    fit = replace(one.fit, start_network=one.fit.start_network.with_positions(inplane_distance_um=20.0))
    with pytest.raises(ParameterError, match="for another column: train one"):
        silent.posterior(replace(one, fit=fit), settings=DRAWN)


def test_times_are_in_order_and_anywhere():
    from mne_hnn.inference.question import Question

    scope = Scope.of(Question(explanation=explanation("silent"), sensors=None, settings=PosteriorSettings()))
    rng = np.random.default_rng(0)
    z = scope.drawn(2000, rng)
    times = scope.frame.times_of(z)
    assert np.all(np.diff(times, axis=1) > 0)
    assert times.min() < 6
    assert times.max() > 94
    stated = np.array([25.0, 60.0])
    around = z.copy()
    around[:, scope.frame.is_time] = (times - stated) / 10.0
    assert np.allclose(scope.frame.stated(around, stated), z)
    with pytest.raises(ParameterError, match="do not fit into 100 ms"):
        replace(scope, sides=("proximal",) * 20)


def test_a_response_at_the_sensors(silent, measured, monkeypatch):
    monkeypatch.setattr(run, "measure_kernels", kernels)
    one = explanation("silent", columns=5e5, target=measured.target)
    evoked = with_field(measured, measured.patch, measured.moment)
    sensors = Sensors(evoked=evoked, forward=measured.forward, noise_cov=measured.noise_cov, place=measured.patch)
    found = silent.posterior(one, sensors, DRAWN)
    assert found.facts["source"] == "sensors"
    assert found.polarity.probability > 0.99
    moment = np.interp(found.times_ms, measured.times * 1e3, measured.moment)
    assert np.corrcoef(found.predicted.mean(axis=0), moment)[0, 1] > 0.9
    left = silent.held_out(one, sensors, DRAWN, share=0.25)
    assert left.share == pytest.approx(0.25, abs=0.02)
    assert left.posterior.facts["method"] == "amortised"
    assert left.fit_error < left.error < 0.2 * left.null_error
    known = held_out_sensors(one, sensors, replace(DRAWN, moves=15), share=0.25)
    assert (left.channels, left.patch_error, left.null_error) == (known.channels, known.patch_error, known.null_error)
    assert left.error == pytest.approx(known.error, rel=0.1), known.error


def gaussian(n, rng):
    """Return two numbers, and one that is their sum with noise."""
    z = rng.standard_normal((n, 2))
    return z, z.sum(axis=1, keepdims=True) + 0.5 * rng.standard_normal((n, 1))


def test_a_density_that_is_known_is_learned():
    learned = learn_density(gaussian, steps=400, seed=0)
    # z given their sum: mean x / 2.25 each, variance 1 - 1 / 2.25, covariance -1 / 2.25
    drawn = learned.draw(np.array([[1.8]]), 4000, seed=1)
    assert drawn.mean(axis=0) == pytest.approx([0.8, 0.8], abs=0.12)
    assert np.cov(drawn.T) == pytest.approx(np.array([[1, -0.8], [-0.8, 1]]) * (1 - 1 / 2.25), abs=0.12)
    z, told = gaussian(2000, np.random.default_rng(3))
    exact = -0.5 * np.log((2 * np.pi) ** 2 * np.e**2 * 0.25 / 2.25)
    assert learned.log_density(z, told).mean() == pytest.approx(exact, abs=0.1)
    assert learned.log_density(drawn[:3], np.array([[1.8]])).shape == (3,)


def test_learning_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(density, "KEEP_EVERY", 10)
    whole = learn_density(gaussian, steps=30, seed=0)

    def stop(step, _loss):
        if step == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_density(gaussian, steps=30, seed=0, folder=tmp_path, tell=stop)
    steps = []
    again = learn_density(gaussian, steps=30, seed=0, folder=tmp_path, tell=lambda step, _: steps.append(step))
    assert steps == [30]
    assert whole.weights.keys() == again.weights.keys()
    assert all(np.array_equal(whole.weights[name], again.weights[name]) for name in whole.weights)
    assert np.array_equal(whole.validation, again.validation)


def test_columns_that_fire_are_learned_from_simulations(firing, tmp_path, monkeypatch):
    for module, name, value in (
        (plausibility, "ROUGH_EPOCHS", 3),
        (bank, "CANDIDATES", 256),
        (teaching, "CANDIDATES", 512),
    ):
        monkeypatch.setattr(module, name, value)
    one = explanation("spiking")
    whole = train_posterior(one, FEW, folder=tmp_path / "whole")
    simulated = sum(firing)
    assert whole.facts["networks"] >= FEW.networks + 2 * FEW.twins + FEW.truths * FEW.truth_trials
    assert len(whole.truths) == 10
    firing.clear()
    done = []

    def stop(n, _):
        done.append(n)
        if n >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_posterior(one, FEW, folder=tmp_path / "stopped", progress=stop)
    assert 0 < sum(firing) < simulated
    again = train_posterior(one, FEW, folder=tmp_path / "stopped")
    assert sum(firing) == simulated  # nothing twice
    assert np.array_equal(whole.truths.moments, again.truths.moments)
    assert np.array_equal(whole.teacher.unknown, again.teacher.unknown)
    found, same = (estimator.posterior(one, settings=DRAWN) for estimator in (whole, again))
    assert all(np.array_equal(same.draws[path], found.draws[path]) for path in found.paths)
    assert set(found.spikes) == set(FIRING)
    assert found.simulated.shape == (64, len(found.times_ms))
    # of such estimators intervals were found to hold, so that none is warned of
    assert not any(text.startswith("Intervals of") for text in found.warnings)
    whole.save(tmp_path / "spiking.npz")
    read = read_estimator(tmp_path / "spiking.npz").posterior(one, settings=DRAWN)
    assert all(np.array_equal(read.draws[path], found.draws[path]) for path in found.paths)
    assert_the_stage_draws_the_same(tmp_path / "spiking.npz", whole, one)


def assert_the_stage_draws_the_same(file, estimator, item):
    """Draw in stage posterior of a target alone, and from the estimator itself."""
    explanations(item).save(file.parent / "explained.npz")
    work = Work(
        subject="01", options=ShortPosteriorOptions(posterior=True, posterior_particles=50, posterior_estimator=file),
        folder=file.parent / "stage", outputs=OUTPUTS, n_jobs=1, quiet=True,
        inputs={"fit": {"explanations": file.parent / "explained.npz"}},
    )  # fmt: skip
    work.folder.mkdir()
    facts = draw_posteriors(work)
    found = read_posterior(work.path("posteriors") / "explanation-1.nc")
    direct = estimator.posterior(item, settings=posterior_settings(work.options))
    assert all(np.array_equal(found.draws[path], direct.draws[path]) for path in direct.paths)
    assert (found.evidence, found.polarity) == (direct.evidence, direct.polarity)
    assert (facts.estimator.regime, facts.estimator.planted) == ("spiking", 80)
    assert facts.estimator.trials == estimator.facts["networks"]
    assert facts.drawn[0].networks is None
    assert not (file.parent / CHECKPOINT).exists()  # nothing was simulated


def test_a_command_trains(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "measure_kernels", kernels)
    explanations(explanation("silent", columns=5e5)).save(tmp_path / "found.npz")
    words = ["train-posterior", str(tmp_path / "found.npz"), str(tmp_path / "trained.npz"), "--pool", "600"]
    words += ["--steps", "10", "--truths", "10"]
    assert cli.main(words) == 0
    assert "For columns in which no cell fires" in capsys.readouterr().out
    assert read_estimator(tmp_path / "trained.npz").settings.pool == 600
    assert list((tmp_path / "trained-training").glob("learned-*.pt"))
    assert cli.main(words) == 1
    assert "exists" in capsys.readouterr().err
    assert cli.main([*words, "--force", "--which", "3"]) == 1
    assert "--which must be from 1 to 1, got 3" in capsys.readouterr().err


def test_without_sbi_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setattr(torch_parts, "find_spec", lambda _: None)
    with pytest.raises(ParameterError, match=r"sbi is not there: pip install 'mne-hnn\[sbi\]'"):
        train_posterior(explanation("silent"), TINY)


@pytest.mark.parametrize(("name", "value"), [("networks", 10), ("steps", 0), ("truths", 2.5), ("seed", -1)])
def test_wrong_settings(name, value):
    with pytest.raises(ParameterError, match=name):
        TrainingSettings(**{name: value})
