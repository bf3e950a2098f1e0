"""
02. Local field potentials and current sources
==============================================

**Question.** What would an electrode see that goes through the column, and where are the sinks and sources of the
current?

**Claim.** The potential is largest at the somata of layer 5, up to 1.1 mV, and of the opposite sign 200 um above them,
as current that leaves the cells at one place enters them at another. When the distal volley arrives, the tufts are a
sink. Recording does not change the simulation: the dipole is that of the run without electrodes.

Point sources in a conductor: Lindén et al. (2014), `doi:10.3389/fninf.2013.00041
<https://doi.org/10.3389/fninf.2013.00041>`_. Current source density: Mitzdorf (1985),
`doi:10.1152/physrev.1985.65.1.37 <https://doi.org/10.1152/physrev.1985.65.1.37>`_.
"""

# %%
# The distance of the cells
# -------------------------
# Cells of the default column are 1 um apart: that does not matter for the moment, but an electrode would touch them
# all. Put them 30 um apart. Space constants count in steps of the grid, so connections stay what they are.

# sphinx_gallery_thumbnail_number = 4

import numpy as np

from mne_hnn.lfp import current_source_density
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate

column = with_erp_drives(jones_2009())
spread = column.with_positions(inplane_distance_um=30.0)
spread.plot_cells()

# %%
# A shank with 25 contacts in the middle, 100 um apart, from below layer 5 to above the surface.

depths_um = np.arange(-325.0, 2076.0, 100.0)
network = spread.with_electrodes("shank", [(135.0, 135.0, z) for z in depths_um], conductivity_S_m=0.3, method="psa")
network.plot_cells()

# %%
# Simulate
# --------
# ``simulation.lfp["shank"]`` is an :class:`mne.EpochsArray` with one epoch per trial: all that MNE-Python can do with
# intracranial recordings, it can do with this one.

simulation = simulate(network, tstop=170.0)
lfp = simulation.lfp["shank"]
print(lfp)
assert lfp.get_data().shape == (1, 25, 6801)

# %%
# The moment and the spikes:

simulation.plot(window_ms=10)

# %%
# Potentials, one trace per contact:

simulation.plot_lfp(scale_uV=300)

# %%
# **What to look at.** Around 64 ms, when the distal volley arrives, the traces of the tufts (1600 to 1800 um) go down
# and those of the somata of layer 5 go up: positive charge enters at the tufts and leaves at the somata. Quick ticks
# are spikes near the contact.

mean_uV = lfp.get_data()[0][:, (lfp.times > 0.063) & (lfp.times < 0.065)].mean(axis=1) * 1e6
at_tufts, at_somata = mean_uV[depths_um == 1675.0][0], mean_uV[depths_um == -25.0][0]
print(f"64 ms: {at_tufts:.0f} uV at the tufts, {at_somata:.0f} uV at the somata of layer 5")
assert at_tufts < -20
assert at_somata > 50

# %%
# Current source density
# ----------------------
# The second derivative of the potential along the shank says where current leaves the cells (source) and enters them
# (sink).

simulation.plot_csd()
csd = current_source_density(lfp)
assert csd.get_channel_types()[0] == "csd"

# %%
# The claim, in numbers
# ---------------------
# The same drives without electrodes and with cells 1 um apart make the same moment, and the published potentials go
# from -512 to 1104 uV.

reference = simulate(column, tstop=170.0).dipole
difference = np.abs(simulation.dipole["agg"] - reference["agg"]).max() / np.abs(reference["agg"]).max()
print(f"largest difference of the moments, relative: {difference:.1e}")
assert difference < 1e-6
potential_uV = lfp.get_data()[0] * 1e6
print(f"{potential_uV.min():.0f} to {potential_uV.max():.0f} uV")
assert abs(potential_uV.min() / -512.0 - 1) < 0.1
assert abs(potential_uV.max() / 1103.5 - 1) < 0.1
assert depths_um[potential_uV.max(axis=1).argmax()] == -25.0
assert depths_um[potential_uV.min(axis=1).argmin()] == 175.0

# %%
# Currents of a cell add up to zero, so the sum of sources and sinks over depth is small compared with their sizes.

values = csd.get_data()[0]
balance = np.abs(values.sum(axis=0)).mean() / np.abs(values).sum(axis=0).mean()
print(f"mean imbalance of sources and sinks: {balance:.2f}")
assert balance < 0.3

# %%
# Try
# ---
# * ``method="lsa"``: each segment as a line instead of a point. What changes near the cells?
# * Move the shank 500 um to the side. Which part of the potential falls off fastest?
# * ``lfp.average().filter(None, 100.0).plot()``: MNE's own figures work, too.
