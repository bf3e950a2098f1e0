"""
01. Record spikes and membrane potentials
=========================================

**Question.** The moment of a column is the sum over hundreds of cells. What do single cells do meanwhile?

**Claim.** Cells of one type do not do the same. During an evoked response, pyramidal cells of layer 5 fire about 23
times per second on average, those of layer 2/3 about 7, but some cells fire in one volley and some in another. Spikes
are read off the membrane potential of the soma, and survive being written to a text file and read again.

The column and its drives are those of Jones et al. (2009), `doi:10.1152/jn.00535.2009
<https://doi.org/10.1152/jn.00535.2009>`_.
"""

# %%
# Ask for the potential
# ---------------------
# Nothing is recorded unless you ask. ``{"voltage": "soma"}`` records the soma of all cells, at every step of 0.025 ms.

# sphinx_gallery_thumbnail_number = 3

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mne_hnn.io import read_spikes_txt, write_spikes_txt
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.viz.colors import cell_type_colors

network = with_erp_drives(jones_2009())
simulation = simulate(network, tstop=170.0, record={"voltage": "soma"})
voltage = simulation.recordings["voltage"]
print(voltage)
print({name: f"{cells.start} to {cells.stop - 1}" for name, cells in network.gid_ranges.items()})

# %%
# One cell
# --------
# Cells have numbers (gids). Cell 170 is the first pyramidal cell of layer 5.

gid = 170
assert network.gid_to_type(gid) == "L5_pyramidal"
one = voltage.select(gids=gid)
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
axes.plot(one.times * 1e3, one.data[0, 0] * 1e3, color="black")
axes.set(xlabel="Time (ms)", ylabel="Membrane potential (mV)", title=f"Soma of cell {gid}")

# %%
# A spike is an upward crossing of 0 mV. Count them in the trace, and compare with the table of spikes.

crossings = np.flatnonzero((one.data[0, 0, :-1] <= 0) & (one.data[0, 0, 1:] > 0))
listed = simulation.spikes.select(gids=[gid]).time
print(f"{len(crossings)} crossings, {len(listed)} spikes in the table")
assert len(crossings) == len(listed) > 0
assert np.abs(one.times[crossings] - listed).max() < 0.1e-3

# %%
# All cells
# ---------

simulation.plot_raster()

# %%
# Ten pyramidal cells of each layer, spikes and potentials below each other. **What to look at:** neighbours fire at
# different times, because each has a drive cell of its own; and the last volley lets layer 2/3 fire together.

chosen = ("L2_pyramidal", "L5_pyramidal")
colors = cell_type_colors(network.cell_types)
figure, (upper, middle, lower) = plt.subplots(3, 1, sharex=True, figsize=(7, 8), layout="constrained")
for cell_type in chosen:
    for row in voltage.select(gids=list(network.gid_ranges[cell_type])[:10]).data[0]:
        upper.plot(voltage.times * 1e3, row * 1e3, color=colors[cell_type], linewidth=0.7)
    upper.plot([], [], color=colors[cell_type], label=cell_type.replace("_", " "))
upper.set_ylabel("Membrane potential (mV)")
upper.legend(loc="upper right", fontsize="small")
simulation.plot_raster(cell_types=list(chosen), axes=middle)
simulation.plot_histogram(list(chosen), axes=lower)
for axes in (upper, middle):
    axes.set_xlabel("")

# %%
# Firing rates
# ------------
# Mean rates of the whole simulation, and of the 30 ms after the last volley. Only spikes inside the window count.

rates = simulation.spikes.rates()
late = simulation.spikes.rates(tmin=0.135, tmax=0.165)
for cell_type in network.cell_types:
    print(f"{cell_type}: {rates[cell_type]:.1f} Hz, after the last volley {late[cell_type]:.1f} Hz")
assert abs(rates["L5_pyramidal"] - 23.2) < 1.2
assert abs(rates["L2_pyramidal"] - 6.7) < 0.7
assert late["L2_pyramidal"] > 3 * rates["L2_pyramidal"]

# %%
# Some cells are silent, some fire often.

per_cell = np.array([simulation.spikes.rates(by="gid")[gid] for gid in network.gid_ranges["L5_pyramidal"]])
print(f"L5 pyramidal cells: from {per_cell.min():.0f} to {per_cell.max():.0f} Hz")
assert per_cell.max() > 2 * per_cell.min()

# %%
# To a file and back
# ------------------
# Text files, one per trial, as HNN writes and reads them.

folder = Path(tempfile.mkdtemp())
files = write_spikes_txt(simulation.spikes, folder / "spk_%d.txt")
print(files[0].name, files[0].read_text(encoding="utf-8").splitlines()[:3])
again = read_spikes_txt(folder / "spk_*.txt", network=network, tmax=0.170)
again.plot_raster(cell_types=list(network.cell_types))  # the table holds the drives, too

# %%
# The same spikes, to all digits, and the same rates.

assert again == simulation.spikes
assert again.rates() == simulation.spikes.rates()

# %%
# Try
# ---
# * ``record={"voltage": "all", "cells": [170]}``: what does the tuft do when the distal volley arrives?
# * ``record={"calcium": "soma"}`` or ``{"synaptic_current": "all", "cells": ["L5_pyramidal"], "sfreq": 1000}``.
# * ``simulation.spikes.to_data_frame()``, and go on in pandas.
