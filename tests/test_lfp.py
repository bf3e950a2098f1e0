"""Current source density: closed forms, MNE objects, and contacts for which it is not defined."""

import mne
import numpy as np
import pandas
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
    assert csd.get_data().shape == (2, 6, 5)
    np.testing.assert_allclose(csd.get_data()[0], -6.0, rtol=1e-5)
    np.testing.assert_allclose(csd.get_data()[1], -12.0, rtol=1e-5)
    assert set(csd.get_channel_types()) == {"csd"}


def test_direction_of_the_array_does_not_matter():
    z = np.arange(8) * 100e-6
    for step in ((0, 0, 100), (0, 0, -100), (60, 0, 80)):
        csd = current_source_density(epochs(1e3 * z**3, line(step=step)).average())
        assert isinstance(csd, mne.Evoked)
        np.testing.assert_allclose(csd.data[:, 0], -9e3 * z[1:-1], rtol=1e-4, atol=1e-6)


def test_ends_are_left_out_as_nothing_is_known_of_them():
    """A source at the second contact: the line through its neighbours would put a sink twice its size at the first."""
    z = np.arange(8) * 100e-6
    potential = epochs(1e-3 * np.exp(-(((z - z[1]) / 150e-6) ** 2)), line(), n_trials=1)
    inside = current_source_density(potential)
    continued = current_source_density(potential, ends="continue")
    assert inside.ch_names == potential.ch_names[1:-1]
    np.testing.assert_array_equal(continued.get_data()[:, 1:-1], inside.get_data())
    exact = 2e-3 / 150e-6**2  # minus the second derivative at the peak
    assert inside.get_data()[0, 0, 0] == pytest.approx(exact, rel=0.25)
    ends = continued.get_data()[0, [0, 1, 2], 0]
    assert ends[0] == pytest.approx(2 * ends[1] - ends[2])
    assert ends[0] > 1.4 * exact
    with pytest.raises(ParameterError, match="Unknown treatment of ends 'zero'"):
        current_source_density(potential, ends="zero")


def test_what_mne_knows_of_the_data_is_kept():
    potential = epochs(np.arange(8.0), line())
    potential.metadata = pandas.DataFrame({"condition": ["a", "b"]})
    before = potential.get_data().copy()
    csd = current_source_density(potential.filter(None, 100.0, verbose="error"))
    assert csd.info["lowpass"] == 100.0
    assert list(csd.metadata["condition"]) == ["a", "b"]
    np.testing.assert_array_equal(contact_positions(csd), contact_positions(potential)[1:-1])
    assert csd.info["description"] == potential.info["description"]
    np.testing.assert_array_equal(csd.events, potential.events)
    assert potential.get_data().shape == before.shape
    assert set(potential.get_channel_types()) == {"seeg"}


def test_bad_contacts_and_other_channels_are_refused():
    potential = epochs(np.arange(8.0), line())
    potential.info["bads"] = [potential.ch_names[3]]
    with pytest.raises(DataError, match="Contact 'shank 004' is marked as bad"):
        current_source_density(potential)
    potential.info["bads"] = []
    with pytest.raises(DataError, match="needs potentials .* got csd"):
        current_source_density(current_source_density(potential))


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
