"""Parameter files of HNN: weights, cells, drives, seeds, and names that nobody knows."""

import json
import warnings

import numpy as np
import pytest

from mne_hnn.errors import DataError, MneHnnWarning
from mne_hnn.io import read_hnn_network, read_hnn_params
from mne_hnn.network import Exponential, TonicBias, calcium, jones_2009, law_2021, replace, weight_set
from mne_hnn.simulate import simulate

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
PROXIMAL = {L2B: 0.1, L2P: 0.1, L5B: 1.0, L5P: 1.0}

EVOKED = {
    "gbar_evdist_1_L2Pyr_ampa": 7e-6, "gbar_evdist_1_L2Pyr_nmda": 0.004317, "gbar_evdist_1_L5Pyr_ampa": 0.1423,
    "gbar_evdist_1_L5Pyr_nmda": 0.080074, "gbar_evdist_1_L2Basket_ampa": 0.006562,
    "gbar_evdist_1_L2Basket_nmda": 0.019482, "t_evdist_1": 63.53, "sigma_t_evdist_1": 3.85,
    "prng_seedcore_evdist_1": 2, "numspikes_evdist_1": 1,
    "gbar_evprox_1_L2Pyr_ampa": 0.01525, "gbar_evprox_1_L5Pyr_ampa": 0.00865, "gbar_evprox_1_L2Basket_ampa": 0.08831,
    "gbar_evprox_1_L5Basket_ampa": 0.19934, "t_evprox_1": 26.61, "sigma_t_evprox_1": 2.47,
    "prng_seedcore_evprox_1": 2, "numspikes_evprox_1": 1,
    "gbar_evprox_2_L2Pyr_ampa": 1.43884, "gbar_evprox_2_L5Pyr_ampa": 0.684013, "gbar_evprox_2_L2Basket_ampa": 3e-6,
    "gbar_evprox_2_L5Basket_ampa": 0.008958, "t_evprox_2": 137.12, "sigma_t_evprox_2": 8.33,
    "prng_seedcore_evprox_2": 2, "numspikes_evprox_2": 1,
}  # fmt: skip
#: What the default file of the peer says, as far as it differs from silence.
DEFAULT = {**weight_set(), **EVOKED, "tstop": 170.0, "N_pyr_x": 10, "N_pyr_y": 10, "sync_evinput": 0, "dt": 0.025}


def write(folder, values, name="given.json"):
    path = folder / name
    if name.endswith(".json"):
        path.write_text(json.dumps(values))
    else:
        path.write_text("".join(f"{key}: {value}\n" for key, value in values.items()))
    return path


@pytest.mark.parametrize("name", ["given.json", "given.param"])
def test_the_default_file_is_the_default_column_with_its_three_drives(tmp_path, name):
    path = write(tmp_path, DEFAULT, name)
    assert read_hnn_params(path, drives=False) == jones_2009()
    network = read_hnn_params(path)
    assert network.name == "given"
    published = jones_2009(drives=True)
    assert list(network.drives) == ["evdist1", "evprox1", "evprox2"]
    for drive, first in (("evdist1", 270), ("evprox1", 505), ("evprox2", 775)):
        mine, theirs = network.drives[drive], published.drives[drive]
        assert mine.event_seed == 2 + first  # what the peer gives
        zeros = dict.fromkeys(mine.weights_nmda, 0.0)
        assert {**zeros, **theirs.weights_nmda} == dict(mine.weights_nmda)
        same = {"event_seed": theirs.event_seed, "weights_nmda": theirs.weights_nmda}
        assert replace(mine, **same) == theirs
    assert network.n_gids == 1045


def test_comments_and_empty_lines_of_a_param_file(tmp_path):
    path = tmp_path / "given.param"
    path.write_text("# weak\n\ngbar_L2Pyr_L2Basket: 0.25  # uS\nsim_prefix: 'mine'\n")
    (connection,) = (one for one in read_hnn_params(path).connections if one.source == L2P and one.target == L2B)
    assert connection.weight_uS == 0.25


def test_every_kind_of_drive(tmp_path):
    values = {
        "tstop": 200.0, "N_pyr_x": 3, "N_pyr_y": 3, "sync_evinput": 1, "threshold": -5.0,
        "t0_input_prox": 40.0, "tstop_input_prox": 500.0, "f_input_prox": 12.0, "f_stdev_prox": 15.0,
        "events_per_cycle_prox": 3, "repeats_prox": 6, "t0_input_stdev_prox": 2.0, "prng_seedcore_input_prox": 4,
        "input_prox_A_weight_L2Pyr_ampa": 1e-4, "input_prox_A_weight_L5Basket_nmda": 2e-4,
        "input_prox_A_delay_L2": 0.1, "input_prox_A_delay_L5": -1, "t0_input_dist": 1000.0, "tstop_input_dist": 250.0,
        "t_evprox_1": 20.0, "sigma_t_evprox_1": 1.0, "numspikes_evprox_1": 2, "prng_seedcore_evprox_1": 3,
        "gbar_evprox_1_L2Pyr": 0.5, "gbar_evprox_1_L5Pyr_ampa": 0.25, "gbar_evprox_1_L5Pyr_nmda": 0.125,
        "L2Basket_Gauss_mu": 100.0, "L2Basket_Gauss_sigma": 5.0, "L5Pyr_Gauss_A_weight": 3e-3,
        "prng_seedcore_extgauss": 7, "t0_pois": 10.0, "T_pois": 150.0, "prng_seedcore_extpois": -3,
        "L5Pyr_Pois_lamtha": 40.0, "L5Pyr_Pois_A_weight_ampa": 7.5e-3,
        "Itonic_A_L5Pyr_soma": 6.0, "Itonic_t0_L5Pyr_soma": 5.0, "Itonic_T_L5Pyr_soma": -1.0,
        "Itonic_A_L2Basket": 0.5, "Itonic_t0_L2Basket": 0.0, "Itonic_T_L2Basket": 50.0,
    }  # fmt: skip
    network = read_hnn_params(write(tmp_path, values))
    assert network.mesh_shape == (3, 3)
    assert network.threshold_mV == -5.0
    assert list(network.drives) == ["bursty1", "evprox1", "extgauss", "extpois"]  # bursty2 starts after its end
    assert [one.event_seed for one in network.drives.values()] == [4 + 24, 3 + 30, 7 + 31, -3 + 55]
    rhythm, evoked, gaussian, poisson = network.drives.values()
    assert (rhythm.tstart, rhythm.tstart_std, rhythm.tstop) == (40.0, 2.0, 200.0)  # cut at the end of the simulation
    assert (rhythm.burst_rate_Hz, rhythm.burst_std_ms, rhythm.numspikes, rhythm.spike_isi_ms) == (12.0, 15.0, 3, 10.0)
    assert (rhythm.n_drive_cells, rhythm.space_constant) == (6, 100.0)
    assert rhythm.synaptic_delays == PROXIMAL  # -1 after 0.1 ms stands for 1 ms
    assert (rhythm.weights_ampa[L2P], rhythm.weights_nmda[L5B], rhythm.weights_nmda[L2P]) == (1e-4, 2e-4, 0.0)
    assert (evoked.n_drive_cells, evoked.cell_specific, evoked.numspikes) == (1, False, 2)
    assert (evoked.weights_ampa[L2P], evoked.weights_nmda[L2P]) == (0.5, 0.5)  # one weight for both, as in older files
    assert (evoked.weights_ampa[L5P], evoked.weights_nmda[L5P]) == (0.25, 0.125)
    assert (gaussian.numspikes, gaussian.mu_ms, gaussian.sigma_ms) == (50, 100.0, 5.0)
    assert (gaussian.weights_ampa[L5P], gaussian.synaptic_delays[L5P]) == (3e-3, 1.0)
    assert (poisson.tstart, poisson.tstop, dict(poisson.rate_Hz)) == (10.0, 150.0, {L2B: 0, L2P: 0, L5B: 0, L5P: 40.0})
    assert network.biases == {
        "tonic": TonicBias(name="tonic", amplitude_nA={L2B: 0.5}, tstop_ms=50.0),
        "tonic 2": TonicBias(name="tonic 2", amplitude_nA={L5P: 6.0}, t0_ms=5.0),
    }


def test_cell_parameters_are_used(tmp_path):
    values = {
        "N_pyr_x": 2, "N_pyr_y": 2, "L5Pyr_apicaltuft_L": 500.0, "L2Pyr_soma_diam": 20.0, "L5Pyr_dend_cm": 0.9,
        "L2Pyr_gabab_tau1": 45.0, "L2Pyr_gabab_tau2": 200.0, "L5Pyr_soma_gkbar_hh2": 0.02, "L5Pyr_dend_gbar_ca": 50.0,
        "L5Pyr_dend_gbar_ar": 3e-6, "L2Pyr_dend_el_hh2": -70.0, "L2Pyr_basal2_diam": 2.72,
    }  # fmt: skip
    cells = read_hnn_params(write(tmp_path, values)).cell_types
    own = jones_2009().cell_types
    assert cells[L2B] == own[L2B]
    assert cells[L5P].sections["apical_tuft"].L_um == 500.0
    assert cells[L5P].sections["apical_tuft"].end_points_um[1] == (0.0, 0.0, 2001.0)
    assert cells[L2P].sections["soma"].diam_um == 20.0
    assert cells[L5P].sections["soma"].cm_uF_cm2 == 0.85
    assert cells[L5P].sections["basal_3"].cm_uF_cm2 == 0.9
    assert cells[L2P].synapses["gabab"] == law_2021().cell_types[L2P].synapses["gabab"]
    assert cells[L5P].density("soma", "hh", "gkbar") == 0.02
    assert cells[L5P].density("soma", "ca", "gbar") == 60.0
    assert set(cells[L5P].density("apical_1", "ca", "gbar")) == {50.0}
    assert cells[L5P].sections["apical_1"].channels["ar"]["gbar"] == Exponential(3e-6, 0.003)
    assert cells[L2P].density("basal_1", "hh", "el") == -70.0


def test_unknown_names_are_told_once_with_the_nearest(tmp_path):
    values = {"gbar_L2Pyr_L2Basket": 0.5, "gbar_L2Pyr_L5Baskte": 0.1, "t_evporx_1": 3.0, "prng_seedcore_evdist_2": 2}
    with pytest.warns(RuntimeWarning) as told:
        read_hnn_params(write(tmp_path, values))
    (message,) = (str(one.message) for one in told)
    assert "'gbar_L2Pyr_L5Baskte'. Did you mean 'gbar_L2Pyr_L5Basket'?" in message
    assert "'t_evporx_1'. Did you mean 't_evprox_1'?" in message
    assert "prng_seedcore_evdist_2" not in message  # a seed that is left of a drive that is not
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_hnn_params(write(tmp_path, DEFAULT))


def test_the_temperature_of_the_file(tmp_path):
    path = tmp_path / "cold.param"
    path.write_text("gbar_L2Pyr_L2Basket: 0.5\ncelsius: 6.3\n")
    assert read_hnn_params(path).celsius == 6.3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("once upon a time\n", "line 1 is not of the form"),
        ("a: 1\nb: 2\n", "has none of its names"),
        ('{"gbar_L2Pyr_L2Basket": 0.5', "does not hold whole JSON"),
        ('{"gbar_L2Pyr_L2Basket": -0.5}', "cannot be read as parameters"),
        ('{"gbar_L2Pyr_L2Basket": "much"}', "cannot be read as parameters"),
        ('{"gbar_L2Pyr_L2Basket": 1, "N_pyr_x": "many"}', "text where a number is expected"),
        ('{"gbar_L2Pyr_L2Basket": 1, "celsius": 310}', "from 0 to 45 degrees"),
        ("", "has none of its names"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, text, message):
    path = tmp_path / "given.param"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_hnn_params(path)


def test_network_files_and_parameter_files_are_told_apart(hnn_file, tmp_path):
    with pytest.raises(DataError, match="read it with read_hnn_network"):
        read_hnn_params(hnn_file("neymotin_2020_3x3"))
    with pytest.raises(DataError, match="is no network file of HNN"):
        read_hnn_network(write(tmp_path, DEFAULT))


@pytest.mark.slow
def test_the_default_file_fires_as_published(tmp_path):
    """384 spikes of layer 5 pyramidal cells in 170 ms: the peer's figure for this file."""
    result = simulate(read_hnn_params(write(tmp_path, DEFAULT)), tstop=170.0)
    assert result.spikes.counts()[L5P] == 384
    assert np.all(np.isfinite(result.dipole.data))


#: What files of the auditory model say of the layer 5 pyramidal cell, and the default file says otherwise.
AUDITORY = {
    "L5Pyr_soma_gkbar_hh2": 0.06, "L5Pyr_soma_gnabar_hh2": 0.32, "L5Pyr_soma_gbar_ca": 10,
    "L5Pyr_dend_gkbar_hh2": 0.0001, "L5Pyr_dend_gnabar_hh2": 0.0028, "L5Pyr_dend_gbar_ca": 40,
}  # fmt: skip


def test_ends_of_profiles_are_those_of_the_calcium_model(tmp_path):
    path = tmp_path / "auditory.param"
    text = "\r\n\r\n".join(f"{key}: {value}" for key, value in {**DEFAULT, **AUDITORY}.items())
    path.write_bytes(text.encode())
    with pytest.warns(MneHnnWarning, match="L5Pyr_dend_gbar_ca 40 .soma 10. are read as the ends") as caught:
        network = read_hnn_params(path, drives=False)
    assert "auditory.param" in str(caught[0].message)
    assert "L5Pyr_soma_gbar_ca of 60" in str(caught[0].message)
    assert network == calcium()


def test_scaled_ends_of_profiles(tmp_path):
    values = {**DEFAULT, **AUDITORY, "L5Pyr_soma_gbar_ca": 0.625, "L5Pyr_dend_gbar_ca": 2.5}
    with pytest.warns(MneHnnWarning, match=r"L5Pyr_dend_gbar_ca 2.5 \(soma 0.625\) are read as the ends"):
        cell = read_hnn_params(write(tmp_path, values)).cell_types[L5P]
    published = calcium().cell_types[L5P]
    assert cell.density("soma", "ca", "gbar") == 0.625
    tuft, trunk = cell.density("apical_tuft", "ca", "gbar"), cell.density("apical_trunk", "ca", "gbar")
    np.testing.assert_allclose(tuft, published.density("apical_tuft", "ca", "gbar") / 16, rtol=1e-12)
    np.testing.assert_allclose(trunk, published.density("apical_trunk", "ca", "gbar") / 16, rtol=1e-12)
    for parameter in ("gkbar", "gnabar"):
        for section in published.sections:
            mine, theirs = (one.sections[section].channels["hh"][parameter] for one in (cell, published))
            assert mine == theirs


@pytest.mark.parametrize(
    "change", [{"L5Pyr_soma_gbar_ca": 10, "L5Pyr_dend_gbar_ca": 40}, {"L5Pyr_dend_gkbar_hh2": 1e-4}]
)
def test_densities_that_could_be_ends_are_uniform_with_a_warning(tmp_path, change):
    with pytest.warns(MneHnnWarning, match="are read as uniform densities"):
        cell = read_hnn_params(write(tmp_path, {**DEFAULT, **change})).cell_types[L5P]
    for key, value in change.items():
        if "_dend_" in key:
            parameter, channel = ("gbar", "ca") if key.endswith("ca") else ("gkbar", "hh")
            assert set(cell.density("apical_2", channel, parameter)) == {value}


def test_published_densities_and_silenced_channels_are_no_profiles(tmp_path):
    own = {
        "L5Pyr_soma_gkbar_hh2": 0.01, "L5Pyr_dend_gkbar_hh2": 0.01, "L5Pyr_soma_gnabar_hh2": 0.16,
        "L5Pyr_dend_gnabar_hh2": 0.14, "L5Pyr_soma_gbar_ca": 60.0, "L5Pyr_dend_gbar_ca": 60.0,
    }  # fmt: skip
    silent = {**own, "L5Pyr_dend_gkbar_hh2": 0.0, "L5Pyr_dend_gnabar_hh2": 0.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_hnn_params(write(tmp_path, {**DEFAULT, **own}), drives=False) == jones_2009()
        cell = read_hnn_params(write(tmp_path, {**DEFAULT, **silent})).cell_types[L5P]
    assert not cell.density("apical_2", "hh", "gnabar").any()


def test_a_poisson_rate_of_zero_with_a_weight_is_said(tmp_path):
    values = {**DEFAULT, "T_pois": 100.0, "L5Pyr_Pois_lamtha": 0.0, "L2Pyr_Pois_lamtha": 0.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_hnn_params(write(tmp_path, values))  # no weight, so the rate does not matter
    with pytest.warns(MneHnnWarning, match="L5Pyr_Pois_lamtha of 0 stays 0 Hz"):
        network = read_hnn_params(write(tmp_path, {**values, "L5Pyr_Pois_A_weight_ampa": 0.001}))
    assert network.drives["extpois"].rate_Hz[L5P] == 0.0
