"""Evoked drives are found in a waveform, with nothing set by hand."""

from functools import partial

import numpy as np
import pytest
from targets import COLUMNS, L2P, L5P, driven, target_of, with_evoked

from mne_hnn import Dipole
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import ColumnPrior, Level
from mne_hnn.fit.linear import inputs_of
from mne_hnn.fit.plain_settings import plain_settings
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.source.demo import median_nerve_waveform

pytestmark = pytest.mark.usefixtures("simulated_once")
quick = partial(with_evoked, n_final=2, progress=lambda *_: None)


def content(result):
    return (
        [(e.level, e.values, e.loss, repr(e.scale), repr(e.r_squared)) for e in result.evaluations],
        [repr(e) for e in result.estimates], result.scale, repr(result.scores), result.dipole.data.tobytes(),
        result.simulation.dipole.data.tobytes(), result.network.digest, result.warnings, repr(result.levels),
    )  # fmt: skip


def order(network):
    return [drive.location for drive in sorted(network.drives.values(), key=lambda one: one.mu_ms)]


def pyramidal_spikes(result):
    ranges = [result.network.gid_ranges[name] for name in (L2P, L5P)]
    gids = result.simulation.spikes.gid
    return sum(int(((gids >= one.start) & (gids < one.stop)).sum()) for one in ranges)


SEQUENCES = {
    "two": (("proximal", 40.0), ("distal", 90.0)),
    "three": (("proximal", 30.0), ("distal", 75.0), ("proximal", 120.0)),
}


@pytest.fixture(scope="module", params=["two", pytest.param("three", marks=pytest.mark.slow)])
def known(request, simulated_once):
    """A target of known drives, the truth, and what was found."""
    truth = driven(jones_2009((3, 3)), *SEQUENCES[request.param])
    target = target_of(truth)
    return target, truth, quick(jones_2009((3, 3)), target)


def test_known_drives_are_found(known):
    target, truth, result = known
    assert result.kind == "evoked"
    assert result.target is target
    assert result.r_squared >= 0.98
    assert order(result.network) == order(truth)
    assert set(result.network.drives) == set(truth.drives)
    for name, drive in truth.drives.items():
        assert result.network.drives[name].mu_ms == pytest.approx(drive.mu_ms, abs=3.0)
        assert result.estimate(f"drives.{name}.mu_ms").value == result.network.drives[name].mu_ms
    assert 0.3 * COLUMNS < result.scale < 3 * COLUMNS


def test_no_cell_fires(known):
    _, _, result = known
    assert pyramidal_spikes(result) == 0


def test_the_result_is_complete(known):
    target, truth, result = known
    paths = [one.path for one in result.estimates]
    inputs = {place: [one for one in inputs_of(truth) if one.location == place] for place in ("proximal", "distal")}
    n_weights = sum(len(inputs[drive.location]) for drive in truth.drives.values())
    assert len(paths) == len(set(paths)) == 2 * len(truth.drives) + n_weights + 1
    assert paths[-1] == "columns"
    for one in result.estimates:
        assert one.low < one.value < one.high
    times = [one for one in result.estimates if one.path.endswith("mu_ms")]
    assert all(one.determined and one.high - one.low < 20 for one in times)
    assert result.estimate("columns").value == pytest.approx(result.scale)
    assert [one.name for one in result.levels] == ["linear", "full"]
    assert result.levels[0].agreement > 0.99
    counts = {name: sum(e.level == name for e in result.evaluations) for name in ("linear", "full")}
    assert counts == {one.name: one.evaluations for one in result.levels}
    assert 1 <= counts["full"] <= 12
    best = result.convergence()
    assert (np.diff(best[: counts["linear"]]) <= 0).all()
    assert (np.diff(best[counts["linear"] :]) <= 0).all()
    assert result.scores.search_loss <= result.scores.start_loss
    assert result.scores.loss == pytest.approx(1 - result.r_squared)
    judged = result.dipole["agg"][::80]
    wanted = target["agg"]
    assert result.r_squared == pytest.approx(
        1 - np.sum((judged - wanted) ** 2) / np.sum((wanted - wanted.mean()) ** 2), rel=1e-6
    )
    assert result.start_network == jones_2009((3, 3))
    assert np.isnan(result.scores.ceiling)


def test_settings_hold_every_choice(known):
    target, _, result = known
    expected = {
        "drives": "propose", "n_drives": None, "max_drives": 8, "smooth_ms": 20.0, "noise": 0.05, "refine": 4,
        "polish": 0, "levels": [["full", 2, 1.0]], "n_trials": 2, "n_final": 2, "dt": 0.025, "seed": 1,
        "fresh_seed": 2, "precision": "search", "tstop": 170.0, "objective": "r_squared", "columns_factor": 3.0,
    }  # fmt: skip
    plain = plain_settings(result.settings, result.details)
    assert {name: plain[name] for name in expected} == expected
    # 0.25 nA m per mm² and 50,000 pyramidal cells per mm²
    area = np.abs(target["agg"]).max() / 0.25e-9
    assert plain["columns_median"] == pytest.approx(area * 50_000 / 18)


# -- a smaller target for the ways of calling it


@pytest.fixture(scope="module")
def once(small, simulated_once):
    return quick(jones_2009((2, 2)), small)


@pytest.mark.usefixtures("simulated_each_time")
def test_same_bytes_twice_and_by_two_processes(small, once):
    assert content(quick(jones_2009((2, 2)), small)) == content(once)
    assert content(quick(jones_2009((2, 2)), small, n_jobs=2)) == content(once)


@pytest.mark.slow
@pytest.mark.usefixtures("simulated_each_time")
def test_a_checkpoint_changes_nothing(small, once, tmp_path):
    for _ in range(2):
        assert content(quick(jones_2009((2, 2)), small, checkpoint=tmp_path)) == content(once)
    assert len(list(tmp_path.glob("batch-*.npz"))) >= 2


@pytest.mark.parametrize("n_drives", [1, 2, 3])
def test_number_of_drives(small, n_drives):
    result = quick(jones_2009((2, 2)), small, n_drives=n_drives, refine=1)
    assert len(result.network.drives) == n_drives
    assert result.settings.n_drives == n_drives


def test_many_drives_if_asked_for(small):
    result = quick(jones_2009((2, 2)), small, n_drives=6, refine=1)
    assert len(result.network.drives) == 6


def test_at_most_so_many_drives(small):
    assert len(quick(jones_2009((2, 2)), small, max_drives=1, refine=1).network.drives) == 1


@pytest.mark.slow
def test_evoked_drives_are_replaced_and_others_stay(small, once):
    again = quick(with_erp_drives(jones_2009((2, 2))), small)
    assert content(again)[:5] == content(once)[:5]
    assert again.network == once.network
    assert set(again.start_network.drives) == {"evprox1", "evdist1", "evprox2"}


def rhythmic(mesh):
    return jones_2009(mesh).with_bursty_drive(
        "alpha", tstart=20.0, burst_rate_Hz=12.0, burst_std_ms=5.0, location="proximal", n_drive_cells=4,
        weights_ampa={L2P: 1e-5, L5P: 1e-5},
    )  # fmt: skip


def test_background_with_a_rhythm_stays():
    target = target_of(driven(rhythmic((3, 3)), ("proximal", 30.0), ("distal", 70.0)), tstop=100.0)
    result = quick(with_erp_drives(rhythmic((3, 3))), target, max_drives=3)
    assert result.network.drives["alpha"] == rhythmic((3, 3)).drives["alpha"]
    found = result.network.without_drives("alpha")
    for place, mu_ms in (("proximal", 30.0), ("distal", 70.0)):  # the jitter of the rhythm may need one drive more
        assert min(abs(drive.mu_ms - mu_ms) for drive in found.drives.values() if drive.location == place) < 4.0
    assert result.r_squared > 0.95


def test_background_of_a_bias_counts_in_every_column():
    """A bias gives each column the same moment: taken off once only, it would look like drives."""
    column = jones_2009((3, 3)).with_tonic_bias("depolarise", amplitude_nA={"L5_pyramidal": 0.1, "L2_pyramidal": 0.05})
    target = target_of(driven(column, ("proximal", 40.0), ("distal", 90.0)), tstop=140.0)
    result = quick(column, target)
    assert order(result.network) == ["proximal", "distal"]
    assert [drive.mu_ms for drive in result.network.drives.values()] == pytest.approx([40.0, 90.0], abs=4.0)
    assert result.r_squared > 0.95


def test_background_stays_if_there_are_no_evoked_drives(small):
    result = quick(rhythmic((2, 2)), small, max_drives=1, refine=1)
    assert "alpha" in result.network.drives


def test_any_unit(small, once):
    """Minimum-norm values such as dSPM say nothing of the number of columns."""
    arbitrary = Dipole(small.data / np.abs(small.data).max(), small.times, ("agg",), provenance={"unit": "dSPM"})
    result = quick(jones_2009((2, 2)), arbitrary)
    assert result.settings.prior is None
    assert result.r_squared > 0.97
    assert order(result.network) == order(once.network)
    assert result.dipole.provenance["unit"] == "dSPM"
    assert result.scale > 1e9
    assert all(np.isfinite([one.value, one.low, one.high]).all() for one in result.estimates)


@pytest.mark.slow
def test_a_prior_of_ones_own(small):
    few, many = (
        quick(jones_2009((2, 2)), small, prior=ColumnPrior(median=median, factor=1.2), refine=1)
        for median in (300, 3000)
    )
    assert few.scale < many.scale
    assert few.scale == pytest.approx(300, rel=0.5)
    assert many.scale == pytest.approx(3000, rel=0.5)
    assert few.settings.prior == ColumnPrior(median=300, factor=1.2)


@pytest.mark.slow
def test_an_unexpected_number_of_columns_is_told(small):
    result = quick(jones_2009((2, 2)), small, prior=ColumnPrior(median=2.0, factor=1.5), refine=1)
    assert any("columns are more than the 2 " in one for one in result.warnings) == (result.scale > 2 * 1.5**2)


def test_standard_error(small):
    error = 0.2 * float(np.sqrt(np.mean(small["agg"][1:] ** 2)))
    result = quick(jones_2009((2, 2)), small, standard_error=error, refine=1)
    assert result.settings.noise == pytest.approx(0.2)
    assert result.scores.ceiling == pytest.approx(1 - error**2 / np.var(small["agg"][1:]))


@pytest.mark.slow
def test_a_target_that_begins_before_the_stimulus(small, once):
    times = np.arange(-20, 101, 2) / 1000
    longer = Dipole(np.concatenate([np.zeros(10), small["agg"]]), times, ("agg",), provenance={"unit": "A m"})
    result = quick(jones_2009((2, 2)), longer)
    assert order(result.network) == order(once.network)
    assert result.r_squared == pytest.approx(once.r_squared, abs=0.01)


@pytest.mark.slow
def test_kernels_of_a_coarse_mesh(small):
    network = jones_2009((4, 4))
    target = target_of(driven(network, ("proximal", 25.0), ("distal", 60.0)), tstop=100.0)
    result = quick(network, target, levels=[Level(mesh_shape=(2, 2)), Level()])
    assert result.r_squared > 0.97
    assert result.levels[0].agreement > 0.98
    assert order(result.network) == ["proximal", "distal"]


@pytest.mark.slow
def test_polish_is_not_worse(small, once):
    result = quick(jones_2009((2, 2)), small, polish=12, optimizer="nelder_mead")
    assert result.scores.search_loss <= once.scores.search_loss
    assert len(result.evaluations) == len(once.evaluations) + 12
    assert result.levels[-1].evaluations == 12
    assert result.settings.polish == 12


def test_drives_of_the_network():
    truth = with_erp_drives(jones_2009((2, 2)))
    dipole = simulate(truth, 100.0, n_trials=2, seed=5, verbose="error").dipole.smooth(20.0).scale(1000)
    target = Dipole(dipole["agg"][::80], dipole.times[::80], ("agg",), provenance={"unit": "A m"})
    start = truth.without_drives("evprox2").with_drive_changes("evprox1", mu_ms=32.0)
    result = quick(start, target, drives="network", max_evaluations=14)
    assert result.kind == "evoked"
    assert len(result.evaluations) == 14
    assert set(result.network.drives) == {"evprox1", "evdist1"}
    assert result.scores.search_loss < result.scores.start_loss
    assert {"drives.evprox1.mu_ms", "drives.evdist1.sigma_ms"} <= {one.path for one in result.estimates}


def test_drives_of_the_network_with_a_prior_of_ones_own(small):
    network = driven(jones_2009((2, 2)), ("proximal", 25.0))
    prior = ColumnPrior(median=7.0, factor=2.0)
    result = quick(network, small, drives="network", max_evaluations=1, prior=prior)
    assert result.settings.prior == prior


@pytest.mark.slow
def test_a_real_waveform():
    """Median-nerve response of primary somatosensory cortex."""
    times = np.arange(0, 171, 2) / 1000
    target = Dipole(median_nerve_waveform(times), times, ("agg",), provenance={"unit": "A m"})
    result = quick(jones_2009((3, 3)), target)
    assert result.r_squared >= 0.95
    assert pyramidal_spikes(result) == 0
    assert 2 <= len(result.network.drives) <= 8


# -- wrong calls


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": None}, "network must be a Network, got NoneType"),
        ({"target": np.zeros(100)}, "target must be a Dipole, got ndarray"),
        ({"drives": "proposed"}, "Did you mean 'propose'"),
        ({"n_drives": 0}, "n_drives"),
        ({"max_drives": 0}, "max_drives"),
        ({"smooth_ms": -1.0}, "smooth_ms"),
        ({"prior": "traget"}, "Did you mean 'target'"),
        ({"noise": 0.0}, "noise"),
        ({"standard_error": 0.0}, "standard_error"),
        ({"refine": 0}, "refine"),
        ({"polish": -1}, "polish"),
        ({"n_trials": 0}, "n_trials"),
        ({"n_final": 0}, "n_final"),
        ({"seed": 2}, "fresh_seed must differ from seed"),
        ({"levels": "fine"}, "levels must be"),
        ({"drives": "network"}, "no evoked drive to fit"),
        ({"drives": "network", "network": with_erp_drives(jones_2009((2, 2)))}, "the target ends at 100 ms"),
    ],
)
def test_wrong_arguments(small, changes, message):
    with pytest.raises(ParameterError, match=message):
        quick(**{"network": jones_2009((2, 2)), "target": small, **changes})


def test_wrong_targets(small):
    with pytest.raises(DataError, match="probably nA m"):
        quick(jones_2009((2, 2)), Dipole(small.data * 1e9, small.times, ("agg",)))
    with pytest.raises(DataError, match="constant"):
        quick(jones_2009((2, 2)), Dipole(np.full((1, 51), 1e-9), small.times, ("agg",)))
