"""Other names of cell types: everything else stays as it is."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mne_hnn.errors import DriveError, NetworkError
from mne_hnn.network import jones_2009
from mne_hnn.network.serial import network_from_text, network_to_text
from mne_hnn.simulate import simulate

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
NAMES = {L2P: "L23_PC", L5P: "deep cells", L2B: "aa"}


@pytest.fixture(scope="module")
def network():
    return (
        jones_2009((2, 2))
        .with_evoked_drive(
            "e", mu_ms=10, sigma_ms=2, location="proximal", weights_ampa={L2P: 0.02, L5P: 0.03, L2B: 0.05},
            weights_nmda={L5P: 0.001}, synaptic_delays={L2P: 0.1, L5P: 1.0, L2B: 0.2}, placeholder_types=[L5B],
        )
        .with_poisson_drive("p", rate_Hz={L5P: 80, L5B: 40}, location="proximal", weights_ampa={L5P: 0.01, L5B: 0.1})
        .with_tonic_bias("b", amplitude_nA={L5P: 0.5, L2P: -0.1})
        .with_electrodes("shank", [(0.0, 0.0, 500.0)])
    )  # fmt: skip


@pytest.mark.parametrize("engine", ["kernel", "neuron"])
def test_results_are_the_same_but_for_names(network, engine):
    renamed = network.with_cell_names(NAMES)
    one, two = (simulate(each, 40.0, n_trials=2, engine=engine, verbose="error") for each in (network, renamed))
    assert len(one.spikes) > 40
    for column in ("trial", "time", "gid"):
        np.testing.assert_array_equal(getattr(one.spikes, column), getattr(two.spikes, column))
    assert two.spikes.counts() == {NAMES.get(name, name): n for name, n in one.spikes.counts().items()}
    for a, b in zip(one.dipoles, two.dipoles, strict=True):
        assert a.ch_names == b.ch_names
        np.testing.assert_allclose(a.data, b.data, atol=1e-12 * np.abs(a.data).max())
    np.testing.assert_allclose(one.lfp["shank"].get_data(), two.lfp["shank"].get_data(), rtol=1e-9, atol=1e-15)


def test_there_and_back(network):
    renamed = network.with_cell_names(NAMES)
    assert list(renamed.populations) == ["aa", "L23_PC", L5B, "deep cells"]
    assert renamed != network
    assert network_from_text(network_to_text(renamed)) == renamed
    assert renamed.with_cell_names({new: old for old, new in NAMES.items()}) == network
    assert network.with_cell_names({}) == network


def test_two_names_can_be_exchanged(network):
    exchanged = network.with_cell_names({L2P: L5P, L5P: L2P})
    assert exchanged.populations[L5P] == network.populations[L2P]
    assert exchanged.with_cell_names({L2P: L5P, L5P: L2P}) == network


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        ({L2P: L5P}, NetworkError, "Two cell types would be called 'L5_pyramidal'"),
        ({"L2_pyr": "x"}, NetworkError, "Unknown cell type 'L2_pyr'.*Did you mean 'L2_pyramidal'"),
        ({L2P: ""}, NetworkError, "The new name of 'L2_pyramidal'"),
        ({L2P: "e"}, DriveError, "Drive 'e' has the name of a cell type"),
        (["x"], NetworkError, "takes a mapping of present to new names, got list"),
    ],
)
def test_names_that_cannot_be(network, names, error, message):
    with pytest.raises(error, match=message):
        network.with_cell_names(names)


def test_rasters_know_the_layers_of_renamed_cells(network):
    simulation = simulate(network.with_cell_names({L2P: "upper", L5P: "lower"}), 20.0, verbose="error")
    figure = simulation.plot_raster(show=False)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["lower", "L5 basket", "upper", "L2 basket"]  # from below
    plt.close(figure)
