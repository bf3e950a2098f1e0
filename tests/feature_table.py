"""The table that compares features with those of hnn-core, and the commands that show each row.

``python tests/feature_table.py`` renews the table in ``tutorials/hnn.md``; ``test_feature_table.py`` tells when it
must, and that what each command runs is there. With ``--peer PEER/bin/python`` hnn-core itself is asked whether it
has what the table says (``python -m venv PEER && PEER/bin/pip install 'hnn-core[opt]==0.6.1'``); ``--run`` runs the
commands.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "tutorials" / "hnn.md"
PEER = "hnn-core 0.6.1"
BEGIN, END = "<!-- features, made by: python tests/feature_table.py -->", "<!-- end of features -->"


class Feature(NamedTuple):
    """A row: what it is, what it is called there and here, how to see it, and how to ask the peer for it.

    `probe` is a Python expression that is true where hnn-core has it, evaluated with `features_of_the_peer`'s names.
    """

    what: str
    there: str
    here: str
    shown: str
    probe: str = ""


def tutorial(name: str) -> str:
    """Return the command of a tutorial."""
    return f"python tutorials/{name}.py"


def test(name: str) -> str:
    """Return the command of a test."""
    return f"pytest tests/{name}"


FEATURES: dict[str, tuple[Feature, ...]] = {}  # filled below, by the parts of the table

FEATURES["The model"] = (
    Feature(
        "column of Jones et al. 2009",
        "`jones_2009_model`, `neymotin_2020_model`",
        "`jones_2009`, `neymotin_2020`: the same spikes on the same steps",
        test("simulate/test_fidelity.py"),
        "hasattr(hnn_core, 'jones_2009_model') and hasattr(hnn_core, 'neymotin_2020_model')",
    ),
    Feature(
        "slow inhibition of Law et al. 2021",
        "`law_2021_model`",
        "`law_2021`",
        tutorial("workflows/plot_05_beta_modulated_erp"),
        "hasattr(hnn_core, 'law_2021_model')",
    ),
    Feature(
        "calcium dynamics of Kohl et al. 2022",
        "`calcium_model`",
        "`calcium`",
        test("simulate/test_fidelity.py"),
        "hasattr(hnn_core, 'calcium_model')",
    ),
    Feature(
        "evoked, bursty, Poisson, spike-train drives; tonic bias",
        "`add_*_drive`, `add_tonic_bias`",
        "`with_*_drive`, `with_tonic_bias`: the same events for the same seeds",
        test("network/test_drive_events.py"),
        "all(hasattr(Network, f'add_{k}_drive') for k in ('evoked', 'bursty', 'poisson', 'spike_train'))",
    ),
    Feature(
        "connections by cell type, or by cell number, sparse ones",
        "`add_connection`",
        "`with_connection`",
        test("network/test_slips.py -k cell_number"),
        "'probability' in arguments(Network.add_connection)",
    ),
    Feature(
        "global gains",
        "`set_global_synaptic_gains`",
        "`with_gains`",
        test("network/test_network.py"),
        "hasattr(Network, 'set_global_synaptic_gains')",
    ),
    Feature(
        "cells of one's own",
        "`Cell`, in a dict of cell types",
        "`with_cell`, `with_population`",
        test("network/test_network.py -k 'custom_population or with_cell'"),
        "hasattr(hnn_core, 'Cell')",
    ),
    Feature(
        "synapses and channels of one's own, in NMODL",
        "channels by name, once the user has compiled and loaded them; synapses: its head version",
        "`Mechanism.from_mod`: compiled here, kept in networks, files and digests; `read_hnn_network(mechanisms=...)`",
        test("simulate/test_custom.py"),
    ),
    Feature(
        "temperatures other than 37 degrees Celsius",
        "`params['celsius']`",
        "`with_temperature`, the path `celsius`: the same spikes",
        test("simulate/test_temperature.py"),
        "'celsius' in hnn_core.jones_2009_model()._params",
    ),
    Feature(
        "a threshold per connection",
        "`add_connection(threshold=...)`; that of the last one holds for its cells",
        "`with_connection(threshold_mV=...)`: each its own",
        test("simulate/test_thresholds.py"),
        "'threshold' in arguments(Network.add_connection)",
    ),
    Feature(
        "cell types under other names",
        "`_rename_cell_types`, which is private",
        "`with_cell_names`",
        test("network/test_cell_names.py"),
        "hasattr(Network, '_rename_cell_types')",
    ),
    Feature(
        "edits never change the network they are made of",
        "no: networks change in place",
        "yes: equal networks are equal, and have the same digest everywhere",
        test("network/test_network.py -k 'equal or identity'"),
    ),
)

FEATURES["Simulations"] = (
    Feature(
        "trials side by side",
        "`JoblibBackend(n_jobs)`",
        "`n_jobs`, any `concurrent.futures` executor, Dask: the same bytes for any number",
        test("simulate/test_many.py"),
        "hasattr(hnn_core, 'JoblibBackend')",
    ),
    Feature(
        "one network over processes",
        "`MPIBackend`",
        "`simulate_mpi`; over threads by `n_threads`",
        tutorial("howto/plot_04_mpi"),
        "hasattr(hnn_core, 'MPIBackend')",
    ),
    Feature(
        "faster, less exact runs for searches",
        "no",
        '`precision="search"`',
        test("simulate/test_precision.py"),
    ),
    Feature(
        "voltages, synaptic currents, calcium",
        "`record_vsec`, `record_isec`, `record_ca`: somata or everything",
        "`record`: of the cells, sections and at the rate you name; membrane currents, too",
        test("simulate/test_recordings.py"),
        "'record_ca' in arguments(hnn_core.simulate_dipole)",
    ),
    Feature(
        "local field potentials and current sources",
        "`add_electrode_array`, `rec_arrays`",
        "`with_electrodes`, `simulation.lfp` as MNE objects",
        tutorial("howto/plot_02_extracellular_potentials"),
        "hasattr(Network, 'add_electrode_array')",
    ),
    Feature(
        "baseline",
        "one correction for all models",
        "measured on cells that nothing reaches, or the published correction",
        test("simulate/test_physics.py -k nothing_happens"),
    ),
    Feature(
        "many networks",
        "`BatchSimulate`",
        "`run_sweep`, which goes on where it was killed",
        tutorial("howto/plot_07_batch"),
        "importable('hnn_core.batch_simulate')",
    ),
)

FEATURES["Files"] = (
    Feature(
        "network files",
        "`write_configuration`, `read_network_configuration`",
        "`write_hnn_network`, `read_hnn_network` for HNN's; our own lose nothing",
        test("io/test_write_hnn_network.py"),
        "hasattr(Network, 'write_configuration')",
    ),
    Feature(
        "the same spikes from a network file that was read again",
        "no: it forgets in-plane distances, and draws sparse connections anew",
        "yes, also where hnn-core opens a file of ours",
        "python tests/benchmarks/hnn_round_trip.py --peer PEER/bin/python",
    ),
    Feature(
        "parameter files, `.param` and flat `.json`",
        "`read_params`; cell parameters in them are ignored",
        "`read_hnn_params`, with scale, smoothing, duration and trials; `write_hnn_params`",
        test("io/test_write_hnn_params.py"),
        "hasattr(hnn_core, 'read_params')",
    ),
    Feature(
        "run a file as it says, with a figure",
        "no",
        "`mne-hnn run default.param`",
        test("pipeline/test_model_run.py"),
    ),
    Feature(
        "dipoles and spikes as text",
        "`Dipole.write`, `read_dipole`, `CellResponse.write`, `read_spikes`",
        "`write_dipole_txt`, `read_dipole_txt`, ...; decimal commas, uneven times, spikes without cell types",
        test("io/test_text_files.py"),
        "hasattr(hnn_core, 'read_dipole') and hasattr(hnn_core, 'read_spikes')",
    ),
    Feature(
        "recorded or simulated spikes as a drive",
        "`add_spike_train_drive`",
        "`with_spike_train_drive`, `read_spike_trains`",
        test("io/test_spike_trains.py"),
        "hasattr(Network, 'add_spike_train_drive')",
    ),
    Feature(
        "a whole simulation",
        "no: the network without its results, dipoles as text or HDF5",
        "`simulation.save`: every bit comes back",
        test("io/test_own_files.py"),
    ),
    Feature(
        "targets of Brainstorm, FieldTrip, SPM, MNE's fitted dipoles, csv",
        "no: text by hand",
        "`read_source_course`, `target_file` of `mne-hnn run`",
        test("io/test_matlab_courses.py"),
    ),
    Feature(
        "recorded laminar potentials (NWB, Neo) beside simulated ones",
        "no",
        "`read_laminar`, `plot_laminar_comparison`",
        test("io/test_laminar.py"),
    ),
)

FEATURES["Fits"] = (
    Feature(
        "COBYLA, Bayesian optimization, CMA-ES with a population size",
        "`Optimizer(solver=...)`",
        "`DriveSettings(optimizer=..., population=...)`; differential evolution, least squares, simplex, scan",
        test("fit/test_optimizers.py"),
        "'solver' in arguments(importable('hnn_core.optimization').Optimizer.__init__)",
    ),
    Feature(
        "error of the waveform, correlation, power in bands",
        "`dipole_rmse`, `dipole_corr`, `maximize_psd`, a function",
        "`r_squared`, `correlation`, ..., `BandPower`, `Spectrum`, `TimeFrequency`, a function",
        test("fit/test_objectives.py"),
        "'obj_fun' in arguments(importable('hnn_core.optimization').Optimizer.__init__)",
    ),
    Feature(
        "tied and derived parameters",
        "inside the user's `set_params`",
        "`Parameter(tied=...)`, `fit_drives(apply=...)`",
        test("fit/test_search.py -k derived"),
        "'set_params' in arguments(importable('hnn_core.optimization').Optimizer.__init__)",
    ),
    Feature(
        "which sequence of drives made a response",
        "no: drives are given",
        "`fit_evoked`: explanations with and without spikes, ordered by one evidence",
        test("fit/test_explanations.py"),
    ),
    Feature(
        "intervals; scores in trials that the search has not seen",
        "no",
        "yes",
        test("fit/test_search.py -k fresh"),
    ),
    Feature(
        "how many columns and cells, how much of the patch",
        "a factor, `scale`",
        "`count_amplitude`, `CircuitPrior`",
        test("fit/test_amplitude.py"),
    ),
    Feature(
        "what each drive contributes",
        "no",
        "`drive_contributions`",
        test("fit/test_contributions.py"),
    ),
    Feature(
        "a fit that was killed goes on",
        "no",
        "`checkpoint=`: ends with the same bytes",
        test("fit/test_checkpoint.py"),
    ),
)

FEATURES["Figures"] = (
    Feature(
        "dipole, histogram and raster of spikes, spectrum, time-frequency, LFP, CSD",
        "`plot_*`",
        "`plot_*` under the same names, most as methods",
        test("viz/test_plot_simulations.py"),
        "all(hasattr(hnn_core.viz, f'plot_{k}') for k in ('dipole', 'spikes_raster', 'spikes_hist', 'laminar_csd'))",
    ),
    Feature(
        "raster of several trials",
        "`plot_spikes_raster(trial_idx=[...])`: on top of each other",
        '`plot_raster(trial="all")`, or a row per trial',
        test("viz/test_plot_spikes.py"),
        "'trial_idx' in arguments(hnn_core.viz.plot_spikes_raster)",
    ),
    Feature(
        "cells, morphology, connectivity, strength of drives",
        "`plot_cells`, `plot_cell_morphology`, `plot_drive_strength`, ...",
        "`plot_cells`, `plot_morphology`, `plot_drive_strength`, ...",
        test("viz/test_plot_cells.py"),
        "hasattr(hnn_core.viz, 'plot_drive_strength')",
    ),
    Feature(
        "film of the cells",
        "`NetworkPlotter.export_movie`",
        "`animate`",
        tutorial("howto/plot_06_animation"),
        "hasattr(hnn_core.viz, 'NetworkPlotter')",
    ),
    Feature(
        "window to simulate by hand",
        "`hnn-gui`",
        "`mne-hnn explore`",
        test("explorer/test_explore_browser.py"),
        "importlib.util.find_spec('hnn_core.gui')",
    ),
)

FEATURES["MEG and EEG"] = (
    Feature(
        "from sensors to a target in nA m with a sign",
        "no: a text file",
        "`estimate_target`, `best_patch`, `mne-hnn run`",
        test("source/test_source_target.py"),
    ),
    Feature(
        "prediction at the sensors, report, methods text",
        "no",
        "`predict_sensors`, `mne-hnn run`",
        test("pipeline/test_runner.py"),
    ),
    Feature(
        "data sets in BIDS form, groups",
        "no",
        "`mne-hnn run` on a file of a group",
        test("group/test_group_run.py"),
    ),
)

_ASK = """
import importlib, importlib.util, inspect, json, sys
import hnn_core, hnn_core.cell, hnn_core.viz
from pathlib import Path
from hnn_core import Network
def importable(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
def arguments(function):
    return set(inspect.signature(function).parameters)
probes = json.load(sys.stdin)
print(json.dumps({"version": hnn_core.__version__, "answers": [bool(eval(probe)) for probe in probes]}))
"""


def table() -> str:
    """Return the table as Markdown."""
    lines = []
    for title, rows in FEATURES.items():
        lines += [f"**{title}**", "", f"| what | {PEER} | mne_hnn | shown by |", "|---|---|---|---|"]
        lines += [
            f"| {row.what} | {row.there} | {row.here} | {f'`{row.shown}`' if row.shown else ''} |" for row in rows
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def renewed(text: str) -> str:
    """Return the page with the table as it is now."""
    found = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.DOTALL)
    if not found.search(text):
        raise SystemExit(f"{PAGE.name} has no {BEGIN}")
    return found.sub(lambda _: f"{BEGIN}\n\n{table()}\n\n{END}", text)


def ask(python: str) -> int:
    """Print which rows an installed hnn-core answers otherwise than the table says; return how many."""
    rows = [row for part in FEATURES.values() for row in part if row.probe]
    ran = subprocess.run(
        [python, "-c", _ASK], input=json.dumps([row.probe for row in rows]), capture_output=True, text=True, check=True
    )
    answer = json.loads(ran.stdout.strip().splitlines()[-1])
    wrong = [row for row, has in zip(rows, answer["answers"], strict=True) if has == row.there.startswith("no")]
    for row in wrong:
        print(f"otherwise: {row.what}")  # noqa: T201 - what a person asked for
    print(f"hnn-core {answer['version']}: {len(rows) - len(wrong)} of {len(rows)} rows agree")  # noqa: T201
    return len(wrong)


def run(peer: str | None) -> int:
    """Run the commands of all rows, those that need hnn-core if its python is given; return how many failed."""
    commands = dict.fromkeys(row.shown for part in FEATURES.values() for row in part if row.shown)
    failed = 0
    for command in commands:
        if "PEER" in command and peer is None:
            print("needs --peer:", command)  # noqa: T201
            continue
        words = shlex.split(command.replace("PEER/bin/python", peer or ""))
        words = [
            sys.executable,
            *(("-m", "pytest", "-q", "-n", "0", *words[1:]) if words[0] == "pytest" else words[1:]),
        ]
        ended = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
        failed += ended.returncode != 0
        print("shown " if ended.returncode == 0 else "FAILED", command)  # noqa: T201
    return failed


def main() -> int:
    """Renew the page, ask the peer, or run what shows each row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="python of an environment with hnn-core")
    parser.add_argument("--run", action="store_true", help="run the commands of all rows")
    given = parser.parse_args()
    if given.run:
        return run(given.peer)
    if given.peer:
        return ask(given.peer)
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
