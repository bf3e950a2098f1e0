"""
01. Simulate an evoked response
===============================

**Question.** A tap on the finger makes a deflection of primary somatosensory cortex that goes up, down and up again
within 150 ms. Which events in a cortical column could make it?

**Claim.** Three volleys of input are enough: one that comes with the stimulus through layer 4 (proximal, about 27 ms),
one that comes back from higher areas (distal, about 64 ms), and a second proximal one (about 137 ms). The moment of
3000 columns is then a trough of about -49 nAm near 65 ms, and a peak of about 72 nAm near 147 ms.

The idea is that of Jones et al. (2007), `doi:10.1523/JNEUROSCI.0482-07.2007
<https://doi.org/10.1523/JNEUROSCI.0482-07.2007>`_, and the parameters are those of Neymotin et al. (2020),
`doi:10.7554/eLife.51214 <https://doi.org/10.7554/eLife.51214>`_.
"""

# %%
# The column
# ----------
# A network is a value. :func:`~mne_hnn.network.jones_2009` returns 100 pyramidal cells in each of layer 2/3 and layer
# 5, and 35 inhibitory basket cells beside each. Only pyramidal cells are long and parallel, so only they make a field
# that is seen from outside the head.

# sphinx_gallery_thumbnail_number = 4

from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.viz import plot_dipole

network = jones_2009()
print(network)
network.plot_cells()

# %%
# One pyramidal cell of layer 5. Its trunk reaches from the soma in layer 5 up to the surface. Current that flows in it
# upwards is positive in every figure of this package.

network.cell_types["L5_pyramidal"].plot_morphology()

# %%
# Three volleys
# -------------
# A drive says when spikes arrive (mean and standard deviation), where (near the soma or in the tuft), and how strongly
# at each cell type. ``with_erp_drives`` adds the three published ones; here they are in numbers.

network = with_erp_drives(network)
for name, drive in network.drives.items():
    print(f"{name}: {drive.location}, {drive.mu_ms:g} +- {drive.sigma_ms:g} ms, AMPA {dict(drive.weights_ampa)} uS")

# %%
# Simulate
# --------
# Two trials, on two processes. Each trial draws its own spike times. A trial's moment is raw: that of one column, with
# every quick wiggle. What a sensor sees is the sum of many columns that are not quite in step. A Hamming window of 30
# ms and a factor of 3000 stand for them.
#
# ``edges="zero"`` smooths as the published software does, so that numbers can be compared: beyond its ends, a record
# counts as zero. Without it the ends are not pulled down.

simulation = simulate(network, tstop=170.0, n_trials=2, n_jobs=2)
trials = [dipole.copy().smooth(30, edges="zero").scale(3000) for dipole in simulation.dipoles]
simulation.plot(window_ms=30, scale=3000)

# %%
# **What to look at.** The upper panel shows the spikes of the drives, proximal ones from below and distal ones from
# above. Find the distal volley at 64 ms, then the trough below it: input to the tuft draws current down the trunk.
# Input near the soma, at 137 ms, sends it up. The first proximal volley is followed by little: it excites the basket
# cells, too.
#
# Both trials and their average:

plot_dipole(trials, layers="agg", average=True)

# %%
# Which layer makes it? Layer 5 has the longer cells and the larger moment.

plot_dipole(trials, layers=["L2", "L5", "agg"], average=True)
share = abs(trials[0]["L5"]).max() / abs(trials[0]["agg"]).max()
print(f"largest moment of layer 5 / of all: {share:.2f}")
assert share > 0.5


# %%
# The claim, in numbers
# ---------------------
# The published software gives -49.39 nAm at 65.10 ms and +71.87 nAm at 147.10 ms for the first trial, and -57.11 at
# 65.85 and +71.00 at 144.13 for the second. It interpolates its channels in tables, we evaluate the equations: values
# agree to 1 %, times to 0.2 ms.


def extrema(dipole):
    """Return trough and peak, nAm, and their times, ms."""
    moment, times = dipole["agg"] * 1e9, dipole.times * 1e3
    return moment.min(), times[moment.argmin()], moment.max(), times[moment.argmax()]


published = [(-49.39, 65.10, 71.87, 147.10), (-57.11, 65.85, 71.00, 144.13)]
for trial, expected in zip(trials, published, strict=True):
    found = extrema(trial)
    print("{:.2f} nAm at {:.2f} ms, {:+.2f} nAm at {:.2f} ms".format(*found))
    for value, reference, bound in zip(found, expected, (0.6, 0.2, 0.75, 0.2), strict=True):
        assert abs(value - reference) < bound, (value, reference)

# %%
# The raw first trial: the latencies of its extremes are the published ones, to the sample.

trough, at_trough, peak, at_peak = extrema(simulation.dipoles[0])
assert abs(at_trough - 78.825) < 0.03
assert abs(at_peak - 138.425) < 0.03
assert abs(trough / -4.665498e-2 - 1) < 0.01
assert abs(peak / 3.485763e-2 - 1) < 0.01

# %%
# Everyone at once
# ----------------
# So far each cell had a drive cell of its own, with its own spike time. Let one drive cell per volley reach them all.

together = network
for name in network.drives:
    together = together.with_drive_changes(name, n_drive_cells=1, cell_specific=False)
synchronous = simulate(together, tstop=170.0)
synchronous.plot()

trough, at_trough, peak, at_peak = extrema(synchronous.dipole)
print(f"raw: {trough:.3f} nAm at {at_trough:.2f} ms, {peak:+.3f} nAm at {at_peak:.2f} ms")
assert abs(trough / -2.004922e-1 - 1) < 0.01
assert abs(at_trough - 70.15) < 0.1
assert abs(peak / 7.741607e-2 - 1) < 0.01
assert abs(at_peak - 73.45) < 0.1

# %%
# The trough is four times as deep: cells that fire together add up, cells that fire one after the other cancel in
# part. Synchrony, not only the number of cells, decides how large a field is.
#
# Try
# ---
# * Take the distal drive away, ``network.without_drives("evdist1")``. Which deflection is lost?
# * Double its spread, ``network.with_drive_changes("evdist1", sigma_ms=7.7)``.
# * Run ten trials (``n_trials=10``). How much of one trial is left in the average?
