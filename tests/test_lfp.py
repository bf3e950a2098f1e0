"""Current source density: closed forms, MNE objects, and contacts for which it is not defined."""

import mne
import numpy as np
import pytest

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.lfp import contact_positions, current_source_density, lfp_epochs
from mne_hnn.network import Electrodes


def epochs(profile, positions, n_trials=2):
    data = np.tile(np.asarray(profile)[None, :, None], (n_trials, 1, 5)) * np.arange(1, n_trials + 1)[:, None, None]
    return lfp_epochs(data, 1000.0, "shank", Electrodes(positions_um=positions))


def line(n=8, step=(0, 0, 100)):
    return [tuple(5.0 + k * part for part in step) for k in range(n)]


def test_a_quadratic_potential_has_constant_density():
    z = np.arange(8) * 100e-6
    csd = current_source_density(epochs(3.0 * z**2 + 2.0 * z + 1.0, line()))
    np.testing.assert_allclose(csd.get_data()[0], -6.0, rtol=1e-5)
    np.testing.assert_allclose(csd.get_data()[1], -12.0, rtol=1e-5)
    assert set(csd.get_channel_types()) == {"csd"}


def test_ends_continue_a_cubic_and_direction_does_not_matter():
    z = np.arange(8) * 100e-6
    profile = 1e3 * z**3
    for step in ((0, 0, 100), (0, 0, -100), (60, 0, 80)):
        csd = current_source_density(epochs(profile, line(step=step)).average())
        assert isinstance(csd, mne.Evoked)
        np.testing.assert_allclose(csd.data[:, 0], -6e3 * z * 1.5, rtol=1e-4, atol=1e-6)


def test_channels_keep_names_and_places():
    potential = epochs(np.arange(8.0), line())
    csd = current_source_density(potential)
    assert csd.ch_names == potential.ch_names
    np.testing.assert_array_equal(contact_positions(csd), contact_positions(potential))
    assert csd.info["description"] == potential.info["description"]
    np.testing.assert_array_equal(csd.events, potential.events)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (line(1), "at least three contacts, got 1"),
        (line(2), "at least three contacts, got 2"),
        ([*line(3), (5.0, 5.0, 900.0)], "one straight line at equal distances"),
        ([*line(3), (9.0, 5.0, 305.0)], "one straight line at equal distances"),
    ],
)
def test_contacts_without_a_second_difference(positions, message):
    with pytest.raises(DataError, match=message):
        current_source_density(epochs(np.zeros(len(positions)), positions))


def test_what_is_not_a_potential():
    with pytest.raises(ParameterError, match="needs an mne.Evoked or mne.Epochs"):
        current_source_density(np.zeros((3, 4)))
    info = mne.create_info(3, 100.0, "seeg")
    with pytest.raises(DataError, match="no positions"):
        current_source_density(mne.EvokedArray(np.zeros((3, 4)), info))
