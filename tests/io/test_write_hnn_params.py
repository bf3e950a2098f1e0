"""Parameter files of HNN: settings come along, networks that they can hold come back, others are refused by name."""

import json
import warnings

import numpy as np
import pytest

from mne_hnn.errors import DataError, DriveError, MneHnnWarning, NetworkError, ParameterError
from mne_hnn.io import HnnSettings, read_hnn_params, write_hnn_params
from mne_hnn.network import (
    calcium,
    connection_wires,
    drive_events,
    jones_2009,
    law_2021,
    replace,
    with_erp_drives,
)

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
SINGLE = {L2B: 1.0, L2P: 0.1, L5B: 1.0, L5P: 1.0}
SETTINGS = HnnSettings(dipole_scale=3000.0, smooth_ms=30.0, tstop_ms=200.0, dt_ms=0.0125, n_trials=3)


def column(**options):
    return jones_2009((2, 2), drives=True, **options)


def rhythms():
    weights = {L2B: 0.0, L2P: 5e-5, L5B: 0.0, L5P: 6e-5}
    distal = {name: weights[name] for name in (L2B, L2P, L5P)}
    return jones_2009((2, 2)).with_bursty_drive(
        "bursty1", location="proximal", burst_rate_Hz=12.0, burst_std_ms=15.0, numspikes=3, tstart=40.0, tstart_std=2.0,
        tstop=150.0, n_drive_cells=6, weights_ampa=weights, synaptic_delays={L2B: 0.1, L2P: 0.1, L5B: 1.0, L5P: 1.0},
        event_seed=40,
    ).with_bursty_drive(
        "bursty2", location="distal", burst_rate_Hz=10.0, n_drive_cells=2, weights_ampa=distal,
        weights_nmda={L5P: 1e-5}, synaptic_delays=5.0, event_seed=50,
    )  # fmt: skip


def noise():
    network = jones_2009((2, 2), weights="N20").with_poisson_drive(
        "extpois", location="proximal", rate_Hz={L2B: 1.0, L2P: 140.0, L5B: 2.0, L5P: 40.0}, tstop=100.0,
        weights_ampa={L2B: 0.0, L2P: 8e-4, L5B: 0.0, L5P: 7.5e-3}, synaptic_delays=SINGLE, event_seed=30,
    )  # fmt: skip
    return network.with_tonic_bias("tonic", amplitude_nA={L2P: 0.5, L5B: 0.1}, t0_ms=5.0, tstop_ms=90.0)


def gaussian():
    return jones_2009((2, 2)).with_evoked_drive(
        "extgauss", location="proximal", mu_ms=80.0, sigma_ms=5.0, numspikes=50, space_constant=100.0,
        weights_ampa={L2B: 0.0, L2P: 1e-3, L5B: 0.0, L5P: 2e-3}, synaptic_delays=SINGLE, event_seed=30,
    )  # fmt: skip


def synchronous():
    network = column()
    for name in network.drives:
        network = network.with_drive_changes(name, cell_specific=False, n_drive_cells=1, numspikes=2)
    return network


def cells():
    return (
        column()
        .with_section(L5P, "apical_tuft", L_um=480.0, diam_um=4.0)
        .with_synapse(L2P, "gabab", tau1_ms=45.0, tau2_ms=200.0)
        .with_channel(L5P, "soma", "hh", gkbar=0.02)
    )


def without_baskets():
    network = jones_2009((2, 2))
    populations = {name: one for name, one in network.populations.items() if name != L2B}
    connections = [one for one in network.connections if L2B not in (one.source, one.target)]
    return replace(network, populations=populations, connections=connections)


BUILDERS = {
    "evoked": column,
    "rhythms": rhythms,
    "noise": noise,
    "gaussian": gaussian,
    "synchronous": synchronous,
    "cells": cells,
    "calcium": lambda: calcium((2, 2), drives=True),
}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("ending", ["param", "json"])
@pytest.mark.filterwarnings("ignore::mne_hnn.MneHnnWarning")
def test_networks_and_settings_come_back(tmp_path, name, ending):
    network = BUILDERS[name]()
    path = tmp_path / f"given.{ending}"
    write_hnn_params(network, path, SETTINGS)
    read, settings = read_hnn_params(path, return_settings=True)
    assert settings == SETTINGS
    assert read.name == "given"
    # all that acts is the same: routes that carry a weight, and events of all trials
    own, theirs = connection_wires(network), connection_wires(read)
    np.testing.assert_array_equal(theirs.weights_uS, own.weights_uS)
    for trial in (0, 2):
        events = drive_events(read, trial, 150.0)
        for drive, trains in drive_events(network, trial, 150.0).items():
            for mine, other in zip(trains, events[drive], strict=True):
                np.testing.assert_array_equal(mine, other)
    # and what was read is written and read without any change
    again = tmp_path / f"again.{ending}"
    write_hnn_params(read, again, settings)
    assert read_hnn_params(again) == read


def test_a_network_whose_weights_are_stated_comes_back_equal(tmp_path):
    network = column()
    for name, drive in network.drives.items():
        filled = {**dict.fromkeys(drive.targets, 0.0), **drive.weights_nmda}
        network = network.with_drive_changes(name, weights_nmda=filled)
    write_hnn_params(network, tmp_path / "given.param")
    read, settings = read_hnn_params(tmp_path / "given.param", return_settings=True)
    assert read == network
    colder = replace(network, celsius=30.0, threshold_mV=-5.0)
    write_hnn_params(colder, tmp_path / "colder.param")
    assert read_hnn_params(tmp_path / "colder.param") == colder
    assert settings == HnnSettings(dipole_scale=1.0, smooth_ms=0.0, tstop_ms=170.0)


def test_the_peer_can_parse_every_line(tmp_path):
    """It splits at the one colon, and takes what has no point for a whole number."""
    write_hnn_params(rhythms(), tmp_path / "given.param", SETTINGS)
    lines = dict(line.split(": ") for line in (tmp_path / "given.param").read_text().splitlines())
    whole = ("N_pyr_x", "repeats_prox", "events_per_cycle_prox", "N_trials", "sync_evinput")
    assert [lines[key] for key in whole] == ["2", "6", "3", "3", "0"]
    assert lines["dipole_scalefctr"] == "3000.0"
    assert lines["prng_seedcore_input_prox"] == str(40 - 12)
    assert lines["prng_seedcore_input_dist"] == str(50 - 12 - 6)
    assert lines["tstop_input_dist"] == "200.0"  # no end of its own: that of the simulation


def test_gains_go_into_weights_and_drives_into_the_order_of_names(tmp_path):
    network = with_erp_drives(jones_2009((2, 2))).with_gains(e_e=2.0)
    order = ["evprox2", "evprox1", "evdist1"]
    network = replace(network, drives={name: network.drives[name] for name in order})
    write_hnn_params(network, tmp_path / "given.json")
    read = read_hnn_params(tmp_path / "given.json")
    assert list(read.drives) == sorted(order)
    assert {name: one.event_seed for name, one in read.drives.items()} == {
        name: one.event_seed for name, one in network.drives.items()
    }
    (weight,) = {
        one.weight_uS for one in read.connections if (one.source, one.target, one.receptor) == (L2P, L2P, "ampa")
    }
    assert weight == 0.001


@pytest.mark.parametrize(
    ("build", "error", "sentence"),
    [
        (lambda: law_2021((2, 2)), NetworkError, "gbar of channel 'ca' in section 'basal_1' of 'L5_pyramidal'"),
        (
            lambda: column().with_electrodes("shank", (9.0, 9.0, 9.0)),
            NetworkError,
            "cannot hold electrodes: it is shank",
        ),
        (lambda: column().with_positions(inplane_distance_um=30.0), NetworkError, "inplane_distance_um: it is 30.0"),
        (
            lambda: column().with_drive_changes("evprox1", space_constant=5.0),
            NetworkError,
            "space_constant of drive 'evprox1': it is 5.0 and would be read as 3.0",
        ),
        (
            lambda: column().with_drive_changes("evprox1", synaptic_delays=0.5),
            NetworkError,
            "synaptic delay of drive 'evprox1' to L2_basket: it is 0.5 and would be read as 0.1",
        ),
        (
            lambda: column().with_drive_changes("evprox1", probability=0.5),
            NetworkError,
            "probability of drive 'evprox1' to L2_basket: it is 0.5",
        ),
        (
            lambda: column().with_drive_changes("evprox2", cell_specific=False, n_drive_cells=1),
            NetworkError,
            "cell_specific of drive 'evprox2': it is False and would be read as True",
        ),
        (
            lambda: column().with_drive_changes("evprox1", weights_ampa={L5P: 0.1}),
            NetworkError,
            "targets of drive 'evprox1' .weights of 0 count.: it is L5_pyramidal and would be read as L2_basket, ",
        ),
        (
            lambda: column().with_evoked_drive(
                "touch", mu_ms=1.0, sigma_ms=1.0, location="proximal", weights_ampa={L5P: 1.0}
            ),
            DriveError,
            "no EvokedDrive 'touch': they have evoked drives evprox1",
        ),
        (lambda: column().without_drives("evprox1"), DriveError, "without gaps, and these are evprox2"),
        (
            lambda: column().with_connection(
                L5P, L2B, location="soma", receptor="ampa", weight_uS=1e-3, delay_ms=1.0, lamtha=3.0
            ),
            NetworkError,
            "connection L5_pyramidal -> L2_basket .ampa, soma.: it is 0.001 uS and would be read as nothing",
        ),
        (
            lambda: column().with_connection_changes(changes={"delay_ms": 2.0}, source=L2B, target=L2P),
            NetworkError,
            "delay_ms of connection L2_basket -> L2_pyramidal .gabaa, soma.: it is 2.0",
        ),
        (
            lambda: column().without_connections(source=L2P, target=L5P, location="distal"),
            NetworkError,
            "a column without connection L2_pyramidal -> L5_pyramidal .distal.",
        ),
        (
            lambda: (
                column()
                .with_tonic_bias("one", amplitude_nA={L2P: 0.5})
                .with_tonic_bias("other", amplitude_nA={L2P: 0.1}, section="apical_tuft")
            ),
            NetworkError,
            "two constant currents into L2_pyramidal",
        ),
        (
            lambda: column().with_tonic_bias("tuft", amplitude_nA={L2P: 0.1}, section="apical_tuft"),
            NetworkError,
            "constant current into L2_pyramidal .nA, section, start and end in ms.: it is .0.1, 'apical_tuft', 0.0",
        ),
        (
            lambda: column().with_channel(L2B, "soma", "km", gbar=1.0),
            NetworkError,
            "gbar of channel 'km' in section 'soma'",
        ),
        (lambda: column().with_section(L2P, "basal_1", cm_uF_cm2=2.0), NetworkError, "cm_uF_cm2 of section 'basal_1'"),
        (without_baskets, NetworkError, "for cells L2_basket, L2_pyramidal"),
    ],
)
def test_what_parameters_cannot_hold_is_named(tmp_path, build, error, sentence):
    with pytest.raises(error, match=sentence):
        write_hnn_params(build(), tmp_path / "out.param")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (cells, "takes no notice of cell parameters in parameter files, here L2Pyr_gabab_tau1.* and 2 more"),
        (noise, "drops constant currents of parameter files, here tonic"),
        (gaussian, "delays the Gaussian input by its mean time of 80 ms once more"),
        (lambda: noise().with_drive_changes("extpois", rate_Hz=dict.fromkeys(SINGLE, 0.0)), "makes rates of 0 Hz"),
    ],
)
def test_what_the_peer_reads_otherwise_is_said(tmp_path, build, sentence):
    with pytest.warns(MneHnnWarning, match=sentence):
        write_hnn_params(build(), tmp_path / "out.param")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_hnn_params(column(), tmp_path / "silent.param")


def test_files_and_arguments(tmp_path):
    path = tmp_path / "out.param"
    write_hnn_params(column(), path)
    with pytest.raises(ParameterError, match="overwrite=True"):
        write_hnn_params(column(), path)
    write_hnn_params(column(), path, overwrite=True)
    with pytest.raises(ParameterError, match="must end with .param or .json"):
        write_hnn_params(column(), tmp_path / "out.txt")
    with pytest.raises(ParameterError, match="must be a Network"):
        write_hnn_params("jones_2009", tmp_path / "other.param")
    with pytest.raises(ParameterError, match="must be HnnSettings, got dict"):
        write_hnn_params(column(), tmp_path / "other.param", {"tstop_ms": 100.0})
    assert [one.name for one in tmp_path.iterdir()] == ["out.param"]


# settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, HnnSettings()),
        ({"dipole_scalefctr": 3000, "dipole_smooth_win": 30, "tstop": 170, "dt": 0.05, "N_trials": 2},
         HnnSettings(dipole_scale=3000.0, smooth_ms=30.0, tstop_ms=170.0, dt_ms=0.05, n_trials=2)),
        ({"N_trials": 0, "dipole_smooth_win": 0}, HnnSettings(smooth_ms=0.0)),
        ({"N_trials": 5.0}, HnnSettings(n_trials=5)),
    ],
)  # fmt: skip
def test_settings_of_a_file(tmp_path, given, expected):
    path = tmp_path / "given.json"
    path.write_text(json.dumps({"gbar_L2Pyr_L2Basket": 0.5, "N_pyr_x": 1, "N_pyr_y": 1, **given}))
    network, settings = read_hnn_params(path, return_settings=True)
    assert settings == expected
    assert read_hnn_params(path) == network
    assert read_hnn_params(path, drives=False, return_settings=True)[1] == expected


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"tstop": -1}, "tstop_ms must be"),
        ({"dipole_scalefctr": "large"}, "dipole_scale must be"),
        ({"N_trials": "many"}, "a text where a number is expected"),
        ({"dt": 0}, "dt_ms must be"),
    ],
)
def test_settings_that_cannot_be(tmp_path, given, sentence):
    path = tmp_path / "given.json"
    path.write_text(json.dumps({"gbar_L2Pyr_L2Basket": 0.5, "N_pyr_x": 1, "N_pyr_y": 1, **given}))
    with pytest.raises(DataError, match=sentence):
        read_hnn_params(path, return_settings=True)
