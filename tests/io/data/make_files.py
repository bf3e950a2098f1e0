"""Make the example files of this folder with hnn-core 0.6.1: ``python make_files.py`` where that is installed."""

import contextlib
import gzip
import json
import sys
import warnings
from pathlib import Path

import hnn_core
from neuron import h

warnings.simplefilter("ignore")
HERE = Path(__file__).parent
L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"


def keep(net, name):
    """Write a network as the peer does, without white space, in a compressed file whose bytes can be repeated."""
    plain = HERE / "scratch.json"
    net.write_configuration(plain)
    content = json.loads(plain.read_text())
    plain.unlink()
    pack(content, name)


def pack(content, name):
    with open(HERE / f"{name}.json.gz", "wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as stream:
        stream.write(json.dumps(content, separators=(",", ":")).encode())


def everything():
    """Return the default column with drives of every kind, a bias, electrodes and connections of every sort."""
    net = hnn_core.neymotin_2020_model(mesh_shape=(3, 3))
    hnn_core.network_models.add_erp_drives_to_jones_model(net)
    net.add_evoked_drive(
        "sync",
        mu=12.0,
        sigma=1.0,
        numspikes=2,
        location="proximal",
        n_drive_cells=2,
        cell_specific=False,
        weights_ampa={L2P: 0.01, L5P: 0.02},
        weights_nmda={L2P: 0.001},
        synaptic_delays=0.3,
        space_constant=7.0,
        probability=0.5,
        event_seed=11,
        conn_seed=5,
    )
    net.add_poisson_drive(
        "noise",
        rate_constant={L2P: 140.0, L5P: 40.0},
        location="proximal",
        tstart=2.0,
        tstop=35.0,
        weights_ampa={L2P: 8e-4, L5P: 7.5e-3},
        synaptic_delays={L2P: 0.1, L5P: 1.0},
        space_constant=50.0,
        probability={L2P: 0.75, L5P: 1.0},
        event_seed=1349,
    )
    net.add_bursty_drive(
        "alpha",
        tstart=5.0,
        tstart_std=1.0,
        tstop=38.0,
        burst_rate=100.0,
        burst_std=2.0,
        numspikes=2,
        spike_isi=3.0,
        location="distal",
        n_drive_cells=4,
        cell_specific=False,
        weights_ampa={L2P: 5.4e-5, L5P: 5.4e-5},
        synaptic_delays=5.0,
        event_seed=296,
    )
    net.add_spike_train_drive(
        "trains",
        spike_data=[(8.0, 0), (9.5, 1), (20.25, 0)],
        location="apical_tuft",
        conn_seed=3,
        weights_ampa={L5P: 0.01},
        synaptic_delays=0.5,
    )
    net.add_tonic_bias(amplitude={L5P: 0.5, L2B: -0.1}, t0=1.0, tstop=30.0)
    net.add_tonic_bias(amplitude={L2P: 0.05}, section="apical_tuft", bias_name="tuft", t0=0.0, tstop=39.0)
    net.set_global_synaptic_gains(e_i=1.5)
    gids = net.gid_ranges
    net.add_connection(
        gids[L5P],
        L5P,
        loc="distal",
        receptor="ampa",
        weight=2e-4,
        delay=1.5,
        lamtha=40.0,
        gain=2.0,
        allow_autapses=False,
        probability=0.4,
        conn_seed=3,
    )
    net.add_connection(
        list(gids[L2P])[2:5], list(gids[L5B])[:2], loc="soma", receptor="nmda", weight=1e-3, delay=0.5, lamtha=30.0
    )
    net.add_electrode_array(
        "shank", [(1.0, 2.0, z) for z in range(-325, 2076, 400)], conductivity=0.25, method="lsa", min_distance=0.75
    )
    net.set_cell_positions(inplane_distance=30.0, layer_separation=1200.0)
    return net


def old_layout(name, source):
    """Write a file as version 0.4 did: cells without metadata and initial voltages, connections without gains."""
    content = json.loads(gzip.decompress((HERE / f"{source}.json.gz").read_bytes()))
    content["cell_types"] = {key: one["cell_object"] for key, one in content["cell_types"].items()}
    for cell in content["cell_types"].values():
        for section in cell["sections"].values():
            del section["v0"]
    for connection in content["connectivity"]:
        del connection["nc_dict"]["gain"]
    pack(content, name)


def outputs():
    """Write dipole and spikes of short runs as text, with gates computed instead of looked up in tables."""
    hnn_core.network_builder.load_custom_mechanisms()
    for mechanism in ("hh2", "ca", "km", "cat", "ar"):
        setattr(h, f"usetable_{mechanism}", 0)
    net = hnn_core.neymotin_2020_model(mesh_shape=(3, 3))
    hnn_core.network_models.add_erp_drives_to_jones_model(net)
    with contextlib.redirect_stdout(None):
        dipoles = hnn_core.simulate_dipole(net, tstop=40.0, n_trials=2)
        dipoles[0].write(str(HERE / "dipole.txt"))
        net.cell_response.write(str(HERE / "spk_%d.txt"))
        net = everything()
        hnn_core.simulate_dipole(net, tstop=40.0, n_trials=2)
        net.cell_response.write(str(HERE / "everything_spk_%d.txt"))


if __name__ == "__main__":
    for model in ("neymotin_2020", "law_2021", "calcium"):
        built = getattr(hnn_core, f"{model}_model")(mesh_shape=(3, 3))
        hnn_core.network_models.add_erp_drives_to_jones_model(built)
        keep(built, f"hnn_{model}_3x3")
    keep(everything(), "hnn_everything_3x3")
    old_mode = hnn_core.neymotin_2020_model(mesh_shape=(3, 3), add_drives_from_params=True, legacy_mode=True)
    keep(old_mode, "hnn_old_mode_3x3")
    sys.path.insert(0, str(HERE.parents[1] / "benchmarks"))
    from peer_networks import NETWORKS

    for title in ("rhythms", "noise", "biased", "changed_cells", "rewired", "synchronous"):
        keep(NETWORKS[title](), f"hnn_{title}")
    old_layout("hnn_calcium_3x3_v04", "hnn_calcium_3x3")
    outputs()
