"""
06. Watch the column
====================

**Question.** How does activity travel through cells, from the tuft to the soma and from layer to layer?

**Claim.** The membrane potential of every section can be recorded and drawn in three dimensions over time, in one
call, on a machine without a display. A proximal volley depolarises the somata of layer 5 before their tufts, a distal
volley the tufts before the somata.

The column is that of Neymotin et al. (2020), `doi:10.7554/eLife.51214 <https://doi.org/10.7554/eLife.51214>`_.
"""

# %%
# A small column
# --------------
# Nine pyramidal cells of each layer, and a distance at which one can see between them.

# sphinx_gallery_thumbnail_number = 3

import tempfile
from pathlib import Path

from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.viz import MovieView

network = with_erp_drives(jones_2009(mesh_shape=(3, 3))).with_positions(inplane_distance_um=300.0)
network.plot_cells(morphologies=True, azimuth=45.0, elevation=20.0)

# %%
# From the other side, as a scene with the true diameters:

scene = network.plot_cells(renderer="pyvista", azimuth=225.0, elevation=40.0)

# %%
# Record everything
# -----------------
# All sections of all cells, a thousand times a second.

simulation = simulate(network, tstop=170.0, record={"voltage": "all", "sfreq": 1000.0})
voltage = simulation.recordings["voltage"]
print(voltage)
assert len({channel.section for channel in voltage.channels if channel.cell_type == "L5_pyramidal"}) == 9

# %%
# The animation
# -------------
# One frame per 2 ms, seen from a direction that turns. The format is that of the file's name, ``.gif`` or ``.mp4``.

movie = simulation.animate(
    Path(tempfile.mkdtemp()) / "column.gif",
    step_ms=2.0,
    view=MovieView(azimuth=(45.0, 225.0), elevation=25.0, window_size=(420, 560)),
)
print(f"{movie.name}: {movie.stat().st_size / 1e6:.1f} MB")
assert movie.stat().st_size > 1e4

# %%
# **What to look at.** Bright is depolarised. At 27 ms, when the first proximal volley arrives, light begins at the
# somata and climbs. At 64 ms, with the distal volley, it begins at the top.
#
# The claim, in numbers
# ---------------------
# Mean potential of somata and tufts of layer 5, just after the first proximal and after the distal volley.


def mean_mV(section, tmin, tmax):
    """Return the mean potential of a section of all L5 pyramidal cells in a window in s, mV."""
    rows = voltage.select(cell_types="L5_pyramidal", sections=section)
    inside = (rows.times >= tmin) & (rows.times <= tmax)
    return rows.data[0][:, inside].mean() * 1e3


for name, window in (("proximal", (0.026, 0.029)), ("distal", (0.064, 0.072))):
    print(f"{name}: soma {mean_mV('soma', *window):.0f} mV, tuft {mean_mV('apical_tuft', *window):.0f} mV")
assert mean_mV("soma", 0.026, 0.029) > mean_mV("apical_tuft", 0.026, 0.029) + 5
assert mean_mV("apical_tuft", 0.064, 0.072) > mean_mV("soma", 0.064, 0.072) + 5

# %%
# Try
# ---
# * Another ``cmap``, or a narrower ``vlim=(-80.0, -40.0)`` that shows what happens below threshold.
# * Record one cell type only: ``record={"voltage": "all", "cells": ["L5_pyramidal"], "sfreq": 1000.0}``.
# * ``tmin=0.05, tmax=0.1, step_ms=0.5``: slow motion.
