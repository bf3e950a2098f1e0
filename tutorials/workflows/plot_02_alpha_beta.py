"""
02. Alpha and beta rhythms
==========================

**Question.** Somatosensory cortex at rest shows a rhythm with two parts, alpha (about 10 Hz) and beta (about 20 Hz),
which come and go. Does it take two generators?

**Claim.** It does not. Bursts of weak input at 10 Hz near the somata make alpha. Let bursts at the same 10 Hz arrive
at the tufts as well, and power appears at 20 Hz. In both runs no cell of the column fires: the rhythm is synaptic
current.

See Jones et al. (2009), `doi:10.1152/jn.00535.2009 <https://doi.org/10.1152/jn.00535.2009>`_, and for the shape of
beta events Sherman et al. (2016), `doi:10.1073/pnas.1604135113 <https://doi.org/10.1073/pnas.1604135113>`_.
"""

# %%
# Bursts near the somata
# ----------------------
# A bursty drive sends bursts of ``numspikes`` spikes, ``spike_isi_ms`` apart, ``burst_rate_Hz`` times a second. Each
# burst of each of the ten drive cells is shifted at random (``burst_std_ms``). The weights are small, 5.4e-5 uS.

# sphinx_gallery_thumbnail_number = 3

from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.spectra import power_spectrum

TYPES = ["L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"]
weights = {"L2_pyramidal": 5.4e-5, "L5_pyramidal": 5.4e-5}
bursts = {"tstart": 50.0, "burst_rate_Hz": 10.0, "numspikes": 2, "spike_isi_ms": 10.0, "n_drive_cells": 10}

proximal = jones_2009().with_bursty_drive(
    "alpha_prox",
    location="proximal",
    burst_std_ms=20.0,
    weights_ampa=weights,
    synaptic_delays={"L2_pyramidal": 0.1, "L5_pyramidal": 1.0},
    event_seed=284,
    **bursts,
)
alpha = simulate(proximal, tstop=310.0)
alpha.plot(window_ms=20, scale=3000)

# %%
# **What to look at.** Three bursts, three bumps, some 100 ms apart, all upwards. The raster is empty.
#
# The spectrum shows the same thing. A record of 310 ms cannot tell apart frequencies that are less than 3.2 Hz apart.

dipole = alpha.dipole.scale(3000)
dipole.plot_psd(fmin=1, fmax=40, n_peaks=1)


def spectrum_of(dipole):
    """Return the spectrum that plot_psd draws, without cutting off the first 50 ms."""
    return power_spectrum(dipole, fmin=1, fmax=40, method="welch", burn_in_ms=0)


def peak_Hz(dipole):
    """Return the frequency with the most power, which the figure marks, Hz."""
    freqs, power = spectrum_of(dipole)
    return freqs[power.argmax()]


alpha_Hz = peak_Hz(dipole)
print(f"peak at {alpha_Hz:.1f} Hz; spikes: {alpha.spikes}")
assert abs(alpha_Hz - 10) < 1.6
assert len(alpha.spikes.select(cell_types=TYPES)) == 0
assert alpha.spikes.counts()["alpha_prox"] == 60

# %%
# Bursts at the tufts as well
# ---------------------------
# The network is a value: adding a drive returns a new network, and the old one can still be simulated.

both = proximal.with_bursty_drive(
    "alpha_dist",
    location="distal",
    burst_std_ms=15.0,
    weights_ampa=weights,
    synaptic_delays={"L2_pyramidal": 5.0, "L5_pyramidal": 5.0},
    event_seed=296,
    **bursts,
)
beta = simulate(both, tstop=310.0)
beta.plot(window_ms=20, scale=3000)

# %%
# **What to look at.** Input at the tufts pulls the moment down. Each bump is now cut short, and what is left of it
# comes back as a second bump. Two swings in the time of one are a frequency of 20 Hz, although nothing in the input
# repeats 20 times a second.

beta.dipole.scale(3000).plot_psd(fmin=1, fmax=40, n_peaks=1)
beta_Hz = peak_Hz(beta.dipole)
print(f"peak at {beta_Hz:.1f} Hz; spikes: {beta.spikes}")
assert 17 < beta_Hz < 24
assert len(beta.spikes.select(cell_types=TYPES)) == 0
assert len(beta.spikes) == 120

# %%
# How much of the power is beta, without and with the distal bursts?


def ratio(dipole):
    """Return power at 15 to 29 Hz relative to power at 7 to 14 Hz."""
    freqs, power = spectrum_of(dipole)
    band = [power[(freqs > low) & (freqs < high)].sum() for low, high in ((15, 29), (7, 14))]
    return band[0] / band[1]


print(f"beta / alpha: {ratio(alpha.dipole):.2f} proximal only, {ratio(beta.dipole):.2f} with distal bursts")
assert ratio(beta.dipole) > 2 * ratio(alpha.dipole)

# %%
# Try
# ---
# * Change the ``burst_std_ms`` of both drives to 5 ms. Is there more alpha or more beta?
# * Shift the distal bursts by half a cycle, ``both.with_drive_changes("alpha_dist", tstart=100.0)``. The balance of
#   the two rhythms depends on this delay.
# * Raise the weights tenfold. At some point cells begin to fire, and the moment jumps.
