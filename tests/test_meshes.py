"""The benchmark of meshes measures what it says: closed forms of its differences, and its draws."""

import numpy as np
import pytest
from benchmarks import meshes

from mne_hnn.network import jones_2009

TIMES = np.arange(400) / 400 * 2 * np.pi


def runs(first, second, spikes=(1.0, 1.0)):
    """Two trials with these waveforms in all layers, and as many spikes per cell of all types."""
    moments = {layer: np.array([first, second]) for layer in meshes.LAYERS}
    return {**moments, "per_cell": np.array([[spikes[0]] * 4, [spikes[1]] * 4])}


def test_trials_of_the_full_column_differ_by_what_they_do():
    found = meshes.differences(runs(np.sin(TIMES), np.cos(TIMES), (1.0, 3.0)), None, 1.0)
    assert found["agg"] == pytest.approx(np.sqrt(2))  # orthogonal and of equal norm
    assert np.isnan(found["bias"])
    assert found["spikes"] == pytest.approx([1.0] * 4)  # 2 of a mean of 2
    assert found["per_cell"].tolist() == [[1.0] * 4, [3.0] * 4]


def test_fewer_cells_give_smaller_dipoles_and_the_same_rates():
    full = runs(np.sin(TIMES), np.sin(TIMES))
    found = meshes.differences(full, runs(np.sin(TIMES) / 4, np.sin(TIMES) / 4), 4.0)
    assert found["L2"] == pytest.approx(0.0, abs=1e-12)
    assert found["spikes"] == pytest.approx([0.0] * 4)


def test_bias_is_what_does_not_differ_between_trials():
    rng = np.random.default_rng(0)

    def noisy(size):
        return np.sin(TIMES) * size + 0.5 * rng.standard_normal(len(TIMES))

    biases = {}
    for size in (1.0, 1.3):
        draws = [
            meshes.differences(runs(noisy(1), noisy(1)), runs(noisy(size), noisy(size)), 1.0)["bias"]
            for _ in range(400)
        ]
        biases[size] = np.mean(draws)
    norm = 0.5 + 0.25  # of the sine and of the noise
    assert biases[1.0] == pytest.approx(0.0, abs=0.005)  # without taking the noise away 0.33
    assert biases[1.3] == pytest.approx(0.5 * 0.3**2 / norm, abs=0.005)


def test_draws_are_the_same_again_and_differ():
    network = jones_2009((3, 3))
    first, again, other = (meshes.drawn(network, draw) for draw in (1, 1, 2))
    assert first == again != other
    assert [drive.location for drive in first.drives.values()] == ["proximal", "distal", "proximal"]
    assert set(first.drives["evdist1"].targets) == {"L2_basket", "L2_pyramidal", "L5_pyramidal"}


def test_weights_of_every_third_draw_are_a_quarter():
    network = jones_2009((2, 2))
    medians = [
        np.median(
            [
                weight
                for draw in range(first, 300, 3)
                for drive in meshes.drawn(network, draw).drives.values()
                for weight in drive.weights_ampa.values()
            ]
        )
        for first in (0, 1, 2)
    ]
    assert medians == pytest.approx([0.02, 0.02, 0.005], rel=0.25)


@pytest.mark.parametrize(
    ("rates", "kept"),
    [((1.5, 1.0, 2.0, 3.0), True), ((0.3, 1.0, 2.0, 3.0), False), ((1.5, 4.0, 2.0, 3.0), False)],
)
def test_what_is_believed_of_a_response(rates, kept):
    assert meshes.believable(np.array([rates, rates])) is kept


@pytest.mark.parametrize("scaling", meshes.SCALINGS)
def test_each_scaling_keeps_the_mean_input(scaling):
    network = jones_2009((6, 6))
    coarse = meshes.SCALINGS[scaling](network, (3, 3))
    assert len(coarse.populations["L5_pyramidal"]) == 9
    assert len(coarse.populations["L5_basket"]) == (3 if scaling == "same" else 12)

    def received(column):
        rows = [one for one in column.connections if (one.source, one.target) == ("L5_pyramidal", "L5_pyramidal")]
        matrices = [(one, meshes.reached(column, one, one.lamtha)) for one in rows if one.receptor == "ampa"]
        return sum(
            one.weight_uS * (np.trace(scale) if one.pairs is not None else scale.sum()) / len(scale)
            for one, scale in matrices
        )

    assert received(coarse) == pytest.approx(received(network), rel=1e-9)
