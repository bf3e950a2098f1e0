"""Posteriors from explanations: what they hold, that they are repeatable, kept, told and compared."""

from dataclasses import replace

import numpy as np
import pytest
from explained import FIRING, explanation, explanations
from posteriors import PATHS, made, place
from responses import SMALL

import mne_hnn
from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.inference import (
    PosteriorSettings,
    compare_posteriors,
    posterior,
    read_posterior,
    shuffled_sign,
    wrong_label,
)
from mne_hnn.inference.comparing import strength
from mne_hnn.inference.draws import bits_learned, effective_size, r_hat
from mne_hnn.inference.run import chosen_explanation

FIRES = {**SMALL, "start": 60, "batch": 16, "rounds": 2, "predictive": 16}


@pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")
def test_a_silent_column_finds_its_drives_again(silently):
    found = posterior(silently, settings=PosteriorSettings(**SMALL))
    assert found.regime == "silent"
    assert found.sequence == (("proximal", 25.0), ("distal", 60.0))
    assert found.log_likelihood.shape == (2, 150)
    assert {values.shape for values in found.draws.values()} == {(2, 150)}
    assert set(found.draws) == set(found.prior)
    # bumps follow a drive after 10 ms, kernels sooner: the times are learned, and lie after those of the drives
    assert found.bits()["drives.evprox1.mu_ms"] > 1
    low, high = found.interval("drives.evdist1.mu_ms")
    assert 55 < low < high < 75
    mean = found.predicted.mean(axis=0)
    assert np.corrcoef(mean, found.wanted)[0, 1] > 0.95
    assert found.polarity.probability > 0.99
    assert found.evidence.parts["regime"] == pytest.approx(np.log(0.05))
    assert found.facts["source"] == "waveform"
    control = shuffled_sign(found)
    assert control.rejected
    with pytest.raises(ParameterError, match="knows no places"):
        wrong_label(found, None)


@pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")
def test_columns_that_fire_are_simulated_where_their_posterior_is(firing, tmp_path):
    settings = PosteriorSettings(**FIRES)
    one = explanation("spiking")
    found = posterior(one, settings=settings, checkpoint=tmp_path)
    assert firing == [60, 32, 32, 16]
    assert found.facts["networks"] == 60 + 3 * 16
    assert 0.2 < found.facts["calibration"][-1] < 5
    assert set(found.spikes) == set(FIRING)
    assert found.simulated.shape == (16, len(found.times_ms))
    for name, (per_cell, _) in FIRING.items():
        assert np.median(found.spikes[name]) == pytest.approx(per_cell, abs=0.02 + 0.5 / 3)
    assert found.interval("drives.evdist1.mu_ms")[0] > 45
    assert np.corrcoef(found.predicted.mean(axis=0), found.wanted)[0, 1] > 0.9
    # the same again, from what was kept: nothing is simulated
    again = posterior(one, settings=settings, checkpoint=tmp_path)
    assert firing == [60, 32, 32, 16, 0, 0, 0, 0]
    for path in found.paths:
        assert again.draws[path].tobytes() == found.draws[path].tobytes()
    # and without what was kept: the same bytes
    anew = posterior(one, settings=settings)
    assert anew.evidence == found.evidence
    assert anew.draws["columns"].tobytes() == found.draws["columns"].tobytes()


def test_the_first_of_several_explanations_is_taken():
    several = explanations(explanation("spiking", -20.0), explanation("silent", -30.0))
    assert chosen_explanation(several) is several.first
    assert mne_hnn.posterior is posterior


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"particles": 10}, "particles"),
        ({"populations": 1}, "populations"),
        ({"outward": 1.0}, "above 0 and below 1"),
        ({"radii_mm": ()}, "at least one radius"),
        ({"radii_mm": (-1,)}, "radii_mm"),
        ({"discrepancy": 0}, "discrepancy"),
        ({"nave": 0}, "nave"),
    ],
)
def test_settings_refuse(given, words):
    with pytest.raises(ParameterError, match=words):
        PosteriorSettings(**given)


def test_what_is_no_explanation_is_refused():
    with pytest.raises(ParameterError, match="Explanation of fit_evoked, got str"):
        posterior("explanations.npz")
    with pytest.raises(ParameterError, match="settings"):
        posterior(explanation("silent"), settings={"seed": 1})


# numbers of draws


def test_bits_of_normal_distributions():
    rng = np.random.default_rng(1)
    before, after = rng.standard_normal(4000), 0.6 + 0.3 * rng.standard_normal(4000)
    exact = (np.log(1 / 0.3) + (0.3**2 + 0.6**2) / 2 - 0.5) / np.log(2)
    assert bits_learned(before, after) == pytest.approx(exact, abs=0.12)
    assert bits_learned(before, rng.standard_normal(4000)) < 0.03
    with pytest.raises(ParameterError, match="10 draws"):
        bits_learned(before, after[:5])


def test_populations_that_differ_are_seen():
    rng = np.random.default_rng(1)
    alike = rng.standard_normal((4, 500))
    assert r_hat(alike) == pytest.approx(1.0, abs=0.02)
    assert r_hat(alike + np.arange(4)[:, None]) > 1.3
    assert effective_size(alike) > 1200
    copied = np.repeat(rng.standard_normal((4, 50)), 10, axis=1)
    assert 100 < effective_size(copied) < 400


# kept, told, compared


def test_a_posterior_is_read_as_it_was_saved(tmp_path):
    arviz = pytest.importorskip("arviz")
    one = made()
    one.save(tmp_path / "one.nc")
    found = read_posterior(tmp_path / "one.nc")
    for path in one.paths:
        assert np.array_equal(found.draws[path], one.draws[path])
        assert np.array_equal(found.prior[path], one.prior[path])
    for name in ("log_likelihood", "times_ms", "wanted", "predicted", "replicated", "simulated"):
        assert np.array_equal(getattr(found, name), getattr(one, name)), name
    assert found.evidence == one.evidence
    assert found.polarity == one.polarity
    assert found.checks == one.checks
    assert found.sequence == one.sequence
    assert found.place.probability == pytest.approx(one.place.probability)
    assert np.array_equal(found.place.members, one.place.members)
    assert {name: values.tolist() for name, values in found.spikes.items()} == {
        name: values.tolist() for name, values in one.spikes.items()
    }
    with pytest.raises(ParameterError, match="read from a file"):
        shuffled_sign(found)
    data = arviz.from_netcdf(tmp_path / "one.nc")
    assert data.posterior["columns"].shape == (4, 150)
    assert float(arviz.summary(data.posterior, var_names=["columns"])["mean"].iloc[0]) == pytest.approx(
        one.of("columns").mean(), rel=1e-3
    )
    with pytest.raises(ParameterError, match="exists"):
        one.save(tmp_path / "one.nc")
    with pytest.raises(ParameterError, match=r"\.nc"):
        one.save(tmp_path / "one.npz")
    (tmp_path / "none.nc").write_bytes(b"none")
    with pytest.raises(DataError, match="no posterior"):
        read_posterior(tmp_path / "none.nc")


def test_a_posterior_without_place_and_spikes_is_kept_too(tmp_path):
    made(regime="silent", with_place=False).save(tmp_path / "one.nc")
    found = read_posterior(tmp_path / "one.nc")
    assert found.place is None
    assert found.spikes == {}
    assert found.simulated.shape == (0, 41)


def test_rows_and_words():
    one = made()
    rows = {row["parameter"]: row for row in one.rows()}
    time = rows[PATHS[0]]
    assert time["low_90"] < time["low_50"] < time["median"] < time["high_50"] < time["high_90"]
    assert time["bits"] > 2
    assert rows[PATHS[1]]["bits"] < 0.1
    assert one.summary().loc["columns", "median"] == pytest.approx(3000, rel=0.05)
    text = " ".join(one.sentences())
    assert "a proximal drive at 25 ms" in text
    assert "The sign is sure" in text
    assert "of the 75 mm² of BA3b-lh" in text
    assert "All 1 checks" in text
    assert "The sign is open" in " ".join(made(polarity=0.6).sentences())
    assert "Not to be trusted" in " ".join(made(passed=False).sentences())
    with pytest.raises(ParameterError, match="columns"):
        one.of("colums")


def test_a_place_has_a_region_and_an_area():
    one = place()
    assert one.of_centre == pytest.approx([0.15, 0.61, 0.24])
    assert one.region(0.5).tolist() == [8]
    assert one.region(0.8).tolist() == [8, 11]
    assert one.area_mm2(0.8) == 55.0
    assert one.of_source == pytest.approx([0.1 + 0.05 + 0.06, 0.55 + 0.05 + 0.06 + 0.04, 0.2 + 0.06 + 0.04])
    assert one.of_radius == pytest.approx({5.0: 0.85, 10.0: 0.15})
    assert one.patch_mm2() == (20.0, 30.0, 75.0)


def test_posteriors_of_one_response_are_compared():
    rows = compare_posteriors([made(regime="silent", evidence=36.0), made(evidence=40.0)])
    assert [row["regime"] for row in rows] == ["spiking", "silent"]
    assert rows[1]["difference"] == pytest.approx(4.0)
    assert rows[1]["against"] == "strong"
    assert rows[0]["probability"] == pytest.approx(1 / (1 + np.exp(-4)))
    with pytest.raises(ParameterError, match="different responses"):
        compare_posteriors([made(), made(noise=-90.0)])
    with pytest.raises(ParameterError, match="at least one"):
        compare_posteriors([])
    assert [strength(x) for x in (0.5, 2, 4, 9)] == [
        "not worth more than a mention",
        "positive",
        "strong",
        "very strong",
    ]


def test_few_draws_and_populations_apart_are_said(silently):
    with pytest.warns(MneHnnWarning, match="independent draws"):
        posterior(replace(silently), settings=PosteriorSettings(particles=50, populations=2, moves=1))
