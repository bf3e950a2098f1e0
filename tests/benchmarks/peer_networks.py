"""Run by the peer's interpreter: write ten network files of its own, with what its users build.

PEER/bin/python peer_networks.py FOLDER
"""

import contextlib
import os
import sys
import warnings
from pathlib import Path

import hnn_core
from hnn_core.network_models import add_erp_drives_to_jones_model

warnings.simplefilter("ignore")
L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
MESH = (3, 3)


def model(name="neymotin_2020", mesh=MESH, drives=True, **options):
    """Return a ready model of the peer, with the drives of an evoked response."""
    net = getattr(hnn_core, f"{name}_model")(mesh_shape=mesh, **options)
    if drives:
        add_erp_drives_to_jones_model(net)
    return net


def rhythms():
    """Return a column with two rhythms that differ in what drives of this kind can differ in."""
    net = model(drives=False)
    net.add_bursty_drive(
        "alpha_prox", tstart=5.0, burst_rate=10.0, burst_std=20.0, numspikes=2, spike_isi=10, n_drive_cells=10,
        cell_specific=False, weights_ampa={L2P: 5.4e-5, L5P: 5.4e-5}, synaptic_delays={L2P: 0.1, L5P: 1.0},
        location="proximal", event_seed=284,
    )  # fmt: skip
    net.add_bursty_drive(
        "alpha_dist", tstart=5.0, tstart_std=2.0, tstop=120.0, burst_rate=20.0, burst_std=5.0, numspikes=3,
        spike_isi=4.0, n_drive_cells="n_cells", cell_specific=True, weights_ampa={L2P: 5.4e-4, L5P: 5.4e-4},
        weights_nmda={L5P: 1e-4}, synaptic_delays={L2P: 5.0, L5P: 5.0}, location="distal", event_seed=296,
    )  # fmt: skip
    return net


def noise():
    """Return a column with Poisson drives, each cell's own and shared ones."""
    net = model(drives=False)
    rates = {L2P: 140.0, L5P: 40.0, L2B: 3.0, L5B: 5.0}
    net.add_poisson_drive(
        "poisson", rate_constant=rates, weights_ampa={L2P: 0.0008, L5P: 0.0075, L2B: 1e-4, L5B: 1e-4},
        synaptic_delays={L2P: 0.1, L5P: 1.0, L2B: 1.0, L5B: 1.0}, location="proximal", event_seed=1349,
    )  # fmt: skip
    net.add_poisson_drive(
        "shared", rate_constant=60.0, n_drive_cells=4, cell_specific=False, tstart=10.0, tstop=90.0,
        weights_nmda={L5P: 0.002}, synaptic_delays=0.1, location="apical_tuft", space_constant=7.0, event_seed=3,
    )  # fmt: skip
    return net


def biased():
    """Return a column with biases that differ in time and section, and electrodes."""
    net = model()
    net.add_tonic_bias(amplitude={L2P: 0.3, L5P: 0.2}, t0=10.0, tstop=100.0)
    net.add_tonic_bias(amplitude={L5P: -0.05}, section="apical_tuft", bias_name="tuft", t0=0.0, tstop=60.0)
    net.add_electrode_array("shank", [(1.0, 1.0, z) for z in range(-300, 2000, 300)])
    net.add_electrode_array("line", [(20.0, 0.0, 100.0)], conductivity=0.2, method="lsa", min_distance=1.0)
    return net


def changed_cells():
    """Return a column whose synapses, channels and dendrites were changed."""
    net = model()
    for name, receptor, key, value in (
        (L5P, "gabab", "tau2", 150.0),
        (L2P, "nmda", "e", -5.0),
        (L2B, "ampa", "tau1", 0.7),
    ):
        net.cell_types[name]["cell_object"].synapses[receptor][key] = value
    cell = net.cell_types[L5P]["cell_object"]
    cell.modify_section("apical_tuft", L=480.0, diam=4.0)
    cell.modify_section("basal_1", cm=0.9, Ra=180.0)
    cell.sections["soma"].mechs["km"]["gbar_km"] = 150.0
    return net


def rewired():
    """Return a column with connections of its own, gains, and another threshold."""
    net = model()
    net.set_global_synaptic_gains(e_e=1.2, e_i=0.8, i_e=1.5, i_i=0.9)
    gids = net.gid_ranges
    net.add_connection(gids[L5P], L2P, loc="basal_1", receptor="ampa", weight=1e-4, delay=1.5, lamtha=4.0, gain=2.0)
    net.add_connection(
        list(gids[L2P])[2:5], list(gids[L5B])[:2], loc="soma", receptor="nmda", weight=1e-3, delay=0.5, lamtha=30.0
    )
    net.connectivity[0]["nc_dict"]["A_weight"] *= 2
    for connection in net.connectivity:
        connection["nc_dict"]["threshold"] = -10.0
    net.threshold = -10.0
    return net


def synchronous():
    """Return a column whose evoked drives are each one cell's, and a Gaussian one."""
    net = model(mesh=(4, 3), drives=False)
    weights = {L2B: 0.05, L2P: 0.01, L5B: 0.1, L5P: 0.02}
    net.add_evoked_drive(
        "evprox1", mu=20.0, sigma=3.0, numspikes=2, n_drive_cells=1, cell_specific=False, weights_ampa=weights,
        weights_nmda=dict.fromkeys(weights, 1e-3), synaptic_delays={L2B: 0.1, L2P: 0.1, L5B: 1.0, L5P: 1.0},
        location="proximal", event_seed=4,
    )  # fmt: skip
    net.add_evoked_drive(
        "extgauss", mu=60.0, sigma=3.6, numspikes=50, weights_ampa={L2P: 1e-4, L5P: 2e-4}, synaptic_delays=0.1,
        location="proximal", space_constant=100.0, event_seed=4,
    )  # fmt: skip
    return net


NETWORKS = {
    "evoked": model,
    "law_2021": lambda: model("law_2021"),
    "calcium": lambda: model("calcium"),
    "rhythms": rhythms,
    "noise": noise,
    "biased": biased,
    "changed_cells": changed_cells,
    "rewired": rewired,
    "synchronous": synchronous,
    "from_parameters": lambda: model(drives=False, add_drives_from_params=True),
}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        for title, build in NETWORKS.items():
            build().write_configuration(folder / f"{title}.json")
