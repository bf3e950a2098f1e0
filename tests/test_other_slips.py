"""Slips of units in dipoles, spikes, potentials and their figures, beside those that were reported."""

import mne
import numpy as np
import pytest

from mne_hnn import Dipole, Spikes
from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.lfp import current_source_density
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.viz import plot_drive_strength, plot_psd, plot_tfr

TIMES = 0.0005 * np.arange(400)
MOMENT = 1e-9 * np.sin(2 * np.pi * 40 * TIMES)


def dipole():
    return Dipole(MOMENT, TIMES, ("agg",))


def test_times_of_dipoles_are_in_seconds():
    with pytest.warns(MneHnnWarning, match="2 samples per second.* were times given in ms"):
        Dipole(MOMENT, 1000 * TIMES, ("agg",))
    with pytest.warns(MneHnnWarning, match="2 samples per second.* was sfreq given in kHz"):
        Dipole(MOMENT, layers=("agg",), sfreq=2.0)
    with pytest.raises(ParameterError, match="moments must map layers to rows.* after times_ms, got ndarray"):
        Dipole.from_nAm(MOMENT, TIMES)


def test_spikes_that_cover_minutes_were_in_ms():
    spikes = {"gid_ranges": {"L5_pyramidal": range(3)}, "tmin": 0.0}
    with pytest.warns(MneHnnWarning, match="cover 0 to 170 s.* given in ms"):
        Spikes.from_trials([[0.1]], [[0]], tmax=170.0, **spikes)
    table = Spikes.from_trials([[0.1]], [[0]], tmax=2.0, **spikes)  # a long rhythm
    for bins in (-3, 0, 2.5, "L5_pyramidal", [0.1], [0.2, 0.1]):
        with pytest.raises(ParameterError, match="bins must be"):
            table.histogram(bins)
    assert table.histogram([0.0, 0.2, 0.4])[0].tolist() == [1, 0]


def test_potentials_and_contacts_in_other_units():
    info = mne.create_info([f"e {number}" for number in range(5)], 2000.0, "seeg", verbose="error")
    for number, channel in enumerate(info["chs"]):
        channel["loc"][:3] = [0, 0, 1e-4 * number]
    potential = mne.EvokedArray(np.random.default_rng(0).normal(0, 1e-3, (5, 20)), info, verbose="error")
    current_source_density(potential)
    potential.data *= 1e6
    with pytest.warns(MneHnnWarning, match="potentials reach .* were these given in µV"):
        current_source_density(potential)
    for channel in potential.info["chs"]:
        channel["loc"][:3] *= 1e6
    with pytest.raises(DataError, match="The contacts are 100 m apart.* were these given in µm"):
        current_source_density(potential)


def test_figures_of_bands_in_khz_and_times_in_s():
    with pytest.raises(ParameterError, match="fmax is 0.1 Hz, below the slowest rhythm .* given in kHz"):
        plot_psd(dipole(), fmin=0.001, fmax=0.1, show=False)
    with pytest.raises(ParameterError, match="freqs reach 0.02 Hz.* given in kHz"):
        plot_tfr(dipole(), freqs=[0.01, 0.02], show=False)
    network = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
    with pytest.raises(ParameterError, match="tstop is in ms.* 0.17 ms: was it given in s"):
        plot_drive_strength(network, tstop=0.17, show=False)
