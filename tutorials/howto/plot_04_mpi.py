"""
04. Several processes and threads
=================================

**Question.** A simulation takes too long. What can be run at the same time?

**Claim.** Three things, all with the same result but for the last digits: trials (``n_jobs``), cells of one trial over
threads (``n_threads``), and cells of one trial over processes that exchange spikes
(:func:`~mne_hnn.simulate.simulate_mpi`), if need be on several machines.

How networks of neurons are spread over processes: Migliore et al. (2006), `doi:10.1007/s10827-006-7949-5
<https://doi.org/10.1007/s10827-006-7949-5>`_. CoreNEURON: Kumbhar et al. (2019), `doi:10.3389/fninf.2019.00063
<https://doi.org/10.3389/fninf.2019.00063>`_.
"""

# %%
# The simulation
# --------------
# Bursts of 10 Hz at the tufts, 310 ms.

# sphinx_gallery_thumbnail_number = 1

import shutil
import time

import numpy as np

from mne_hnn.network import jones_2009
from mne_hnn.simulate import SimulationSettings, simulate, simulate_mpi
from mne_hnn.viz import plot_dipole

network = jones_2009().with_bursty_drive(
    "bursty",
    location="distal",
    tstart=50.0,
    burst_rate_Hz=10.0,
    burst_std_ms=20.0,
    numspikes=2,
    spike_isi_ms=10.0,
    n_drive_cells=10,
    weights_ampa={"L2_pyramidal": 5.4e-5, "L5_pyramidal": 5.4e-5},
    synaptic_delays=0.1,
    event_seed=278,
)


def timed(run, *arguments, **options):
    """Run a simulation and print how long it took on this machine, now."""
    began = time.perf_counter()
    simulation = run(*arguments, **options)
    print(f"{run.__name__} {options}: {time.perf_counter() - began:.1f} s")
    return simulation


serial = timed(simulate, network, tstop=310.0)
serial.plot()

# %%
# Several trials
# --------------
# Trials need nothing of each other: this is what to take whenever there are as many trials as cores. The first call
# builds the network in each process; further calls find it there.

several = timed(simulate, network, tstop=310.0, n_trials=2, n_jobs=2)
assert np.array_equal(several.dipoles[0].data, serial.dipoles[0].data)

# %%
# The first of the two trials is the serial one, to the bit: the result does not depend on ``n_jobs``.
#
# One trial, several threads
# --------------------------

threaded = timed(simulate, network, tstop=310.0, n_threads=2)

# %%
# One trial, several processes
# ----------------------------
# This needs an MPI installation (``apt install openmpi-bin``), but no further Python package. In a script that
# ``mpiexec -n 4 python script.py`` started, the same call uses these processes.

runs = {"serial": serial, "2 threads": threaded}
if shutil.which("mpiexec"):
    runs["2 processes"] = timed(simulate_mpi, network, SimulationSettings(tstop=310.0), n_procs=2)
else:
    print("There is no mpiexec on this machine.")

# %%
# The same?
# ---------
# Cells are summed in another order, so the last digits differ.

plot_dipole({name: run.dipole.scale(3000) for name, run in runs.items()})
largest = np.abs(serial.dipole["agg"]).max()
for name, run in runs.items():
    difference = np.abs(run.dipole["agg"] - serial.dipole["agg"]).max() / largest
    print(f"{name}: relative difference {difference:.1e}")
    assert difference < 1e-9
    assert run.spikes == serial.spikes

# %%
# The published software fires no cell here, and neither do we.

assert len(serial.spikes.select(cell_types=list(network.cell_types))) == 0
assert serial.spikes.counts()["bursty"] == 60

# %%
# Try
# ---
# * A larger network, ``jones_2009(mesh_shape=(20, 20))``: which way gains most?
# * ``n_jobs=-1``: as many processes as cores.
# * Time the second call of each kind. Building a network is done once.
