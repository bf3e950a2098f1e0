"""Run by the peer's interpreter: read one file as the peer reads it, and write all that is in it as JSON.

    PEER/bin/python peer_file.py FILE OUT.json [--calcium] [--tstop MS] [--trials N] [--simulate] [--no-tables]

Empty lines and comments of a parameter file are left out first: the peer cannot read them. Network files of version 0.4
hold no initial voltages: their cells get those that version 0.4 gave them, where the peer now takes -65 mV.
"""

import argparse
import contextlib
import json
import os
import warnings

import hnn_core
import numpy as np
from hnn_core.hnn_io import read_network_configuration
from hnn_core.network_models import calcium_model, neymotin_2020_model
from hnn_core.params import read_params

warnings.simplefilter("ignore")
TABLES = ("hh2", "ca", "km", "cat", "ar")


def network_of(path, calcium):
    """Return the network of a file; parameter files have no word for the calcium model, so the caller has to know."""
    with open(path, encoding="utf-8-sig") as stream:
        text = stream.read()
    if '"object_type"' in text:
        net = read_network_configuration(path)
        return net if '"v0"' in text else with_voltages(net)
    if not text.lstrip().startswith("{"):
        lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
        text = "\n".join(line for line in lines if line)
    params = read_params(path, file_contents=text)
    mesh = (int(params["N_pyr_x"]), int(params["N_pyr_y"]))
    build = calcium_model if calcium else neymotin_2020_model
    return build(params, add_drives_from_params=True, mesh_shape=mesh)


def with_voltages(net):
    """Give cells the initial voltages that version 0.4 gave them, and this one gives only those it makes itself."""
    for name, about in neymotin_2020_model(mesh_shape=(1, 1)).cell_types.items():
        if name in net.cell_types:
            for key, section in net.cell_types[name]["cell_object"].sections.items():
                section._v0 = about["cell_object"].sections[key].v0
    return net


def events_of(net, tstop, n_trials):
    """Return the sorted event times of each drive by trial and cell."""
    for drive in net.external_drives.values():
        if drive["dynamics"].get("tstop", 0) is None:  # what a simulation does first
            drive["dynamics"]["tstop"] = tstop
    net._instantiate_drives(tstop=tstop, n_trials=n_trials)
    return {
        name: [[np.sort(np.asarray(cell, dtype=float)).tolist() for cell in trial] for trial in drive["events"]]
        for name, drive in net.external_drives.items()
    }


def simulate(net, tstop, n_trials, tables):
    """Return dipoles without smoothing or scaling, and spikes."""
    if not tables:
        from neuron import h

        hnn_core.network_builder.load_custom_mechanisms()
        for mechanism in TABLES:
            setattr(h, f"usetable_{mechanism}", 0)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        dipoles = hnn_core.simulate_dipole(net, tstop=tstop, n_trials=n_trials)
    response = net.cell_response
    return {
        "agg": [one.data["agg"].tolist() for one in dipoles],
        "times": dipoles[0].times.tolist(),
        "spike_times": [np.asarray(one).tolist() for one in response.spike_times],
        "spike_gids": [np.asarray(one).tolist() for one in response.spike_gids],
        "potentials": {name: np.asarray(array.voltages).tolist() for name, array in net.rec_arrays.items()},
    }


def main():
    """Read the command line, the file, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("out")
    parser.add_argument("--calcium", action="store_true")
    parser.add_argument("--tstop", type=float, default=250.0)
    parser.add_argument("--trials", type=int, default=2)
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--no-tables", action="store_true")
    options = parser.parse_args()
    net = network_of(options.file, options.calcium)
    net.write_configuration(options.out)
    with open(options.out, encoding="utf-8") as stream:
        content = json.load(stream)
    content["inplane_distance"] = net._inplane_distance
    content["events"] = events_of(net, options.tstop, options.trials)
    if options.simulate:
        content["simulation"] = simulate(net, options.tstop, options.trials, not options.no_tables)
    with open(options.out, "w", encoding="utf-8") as stream:
        json.dump(content, stream)


if __name__ == "__main__":
    main()
