"""A column below threshold that costs nothing: kernels by formula, and a posterior of it."""

import explained
import numpy as np

from mne_hnn.fit.linear import LOCATIONS, Input, LinearColumn, inputs_of
from mne_hnn.inference.silent_model import SilentModel
from mne_hnn.inference.waveform_likelihood import Columns, WaveformLikelihood, correlation, discrepancy_grid

TSTOP, SMOOTH_MS = 80.0, 10.0
TIMES = np.arange(0.0, TSTOP + 1, 4.0)
LAGS = 0.5 * np.arange(400)
MU, SIGMA, AMPA_2, AMPA_5, NMDA_2, NMDA_5 = (
    "drives.evprox1.mu_ms",
    "drives.evprox1.sigma_ms",
    "drives.evprox1.weights_ampa.L2_pyramidal",
    "drives.evprox1.weights_ampa.L5_pyramidal",
    "drives.evprox1.weights_nmda.L2_pyramidal",
    "drives.evprox1.weights_nmda.L5_pyramidal",
)


def kernel(rise_ms, decay_ms, size):
    return size * 1e-10 * (np.exp(-LAGS / decay_ms) - np.exp(-LAGS / rise_ms))


def column():
    kernels = {}
    for sign, location in ((1, "proximal"), (-1, "distal")):
        for receptor, decay_ms in (("ampa", 8.0), ("nmda", 25.0)):
            for k, cell in enumerate(("L2_pyramidal", "L5_pyramidal")):
                kind = Input(location=location, receptor=receptor, cell_type=cell)
                kernels[kind] = kernel(2.0 + k, decay_ms + 4 * k, sign * (1 + k))
    return LinearColumn(kernels, np.zeros(2), TIMES, TSTOP, SMOOTH_MS)


def model(*free):
    """Return one proximal drive of which some numbers are free."""
    known = {path: 0.0 for path in (MU, SIGMA, AMPA_2, AMPA_5, NMDA_2, NMDA_5) if path not in free}
    return SilentModel(column=column(), sequence=(("proximal", 25.0),), time_sd_ms=10.0, known=known)


def likelihood(one, truth, *, sign=1):
    """Return the likelihood of what a drive gives, with some of what another one would, at 5 nA m."""
    moment = one.predict(np.atleast_2d(truth)).moments[0]
    peak = np.abs(moment).max()
    wanted = 5e-9 * moment / peak + 2e-10 * np.sin(TIMES / 9)
    n_independent = TSTOP / 10
    sizes, log_size = discrepancy_grid(float(np.sqrt(np.mean(wanted**2))), 0.1)
    return WaveformLikelihood(
        times_ms=TIMES,
        wanted=wanted,
        noise=(3e-10) ** 2 * (len(TIMES) / n_independent * np.eye(len(TIMES)) + 1.0),
        columns=Columns(mean_log=float(np.log(5e-9 / peak)) + 0.5, sd_log=1.0),
        smooth=correlation(TIMES, n_independent),
        sizes=sizes,
        log_size=log_size,
        sign=sign,
    )


def kernels(task, _bench):
    """Return a column whose kernels are by formula."""
    sizes = {"L2_pyramidal": 1.0, "L5_pyramidal": 2.0}
    found = {
        kind: kernel(2.0, 9.0 if kind.receptor == "ampa" else 20.0, sizes[kind.cell_type])
        * (1 if kind.location == LOCATIONS[0] else -1)
        for kind in inputs_of(task.network)
    }
    return LinearColumn(found, np.zeros(2), np.arange(explained.TSTOP + 1), task.runs.tstop, task.settings.smooth_ms)
