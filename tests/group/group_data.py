"""A small group with known numbers: five subjects, two conditions, one subject that failed."""

from dataclasses import replace
from functools import cache

import numpy as np
from scipy import stats

from mne_hnn import Dipole
from mne_hnn.fit.result import Estimate, FitResult, Scores
from mne_hnn.group.alignment import Alignment
from mne_hnn.group.average import Average
from mne_hnn.group.comparison import Cluster, Comparison, Difference, WaveformDifference
from mne_hnn.group.entry import Entry
from mne_hnn.group.influence import Influence
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate

SUBJECTS = ("01", "02", "03", "04", "05")
CONDITIONS = ("early", "late")
TIMES = np.arange(0.0, 0.061, 0.001)
DELAY_ms = 10.0
ERROR = "The file <sub-06_meg.fif> ends too early & is damaged: copy it again."


@cache
def _simulation():
    return simulate(with_erp_drives(jones_2009(mesh_shape=(3, 3))), 60.0, verbose="error")


def mean_time(subject, condition):
    """Return when the distal drive came, ms."""
    return 30.0 + 0.5 * SUBJECTS.index(subject) + DELAY_ms * CONDITIONS.index(condition)


def weight(subject, condition):
    """Return a weight of the proximal drive, uS: twice as large in the first condition, but for noise."""
    k = SUBJECTS.index(subject)
    return 1e-4 * (1 + 0.1 * k) * (2.0 * (1.1 if k % 2 else 1 / 1.1) if condition == CONDITIONS[0] else 1.0)


def course(subject, condition):
    """Return a waveform in A m with its trough after the drive."""
    at = 1e-3 * (mean_time(subject, condition) + 5)
    return -1e-8 * (1 + 0.1 * SUBJECTS.index(subject)) * np.exp(-0.5 * ((TIMES - at) / 0.005) ** 2)


def make_entry(subject, condition, **changes):
    """Return a result that ended well."""
    simulation = _simulation()
    mu = mean_time(subject, condition)
    size = weight(subject, condition)
    dipole = Dipole(course(subject, condition)[None], TIMES, layers=["agg"])
    network = simulation.network.with_drive_changes("evdist1", mu_ms=mu)
    fit = FitResult(
        kind="evoked", network=network, start_network=simulation.network, simulation=simulation, dipole=dipole,
        target=dipole, scale=1000.0, scores=Scores(loss=0.1, r_squared=0.9 + 0.01 * SUBJECTS.index(subject)),
        estimates=(
            Estimate(path="drives.evdist1.mu_ms", value=mu, low=mu - 1, high=mu + 1),
            Estimate(path="drives.evprox1.mu_ms", value=20.0, low=5.0, high=35.0, determined=False),
            Estimate(path="drives.evprox1.weights_ampa.L2_pyramidal", value=size, low=size / 2, high=size * 2),
        ), evaluations=(),
    )  # fmt: skip
    entry = Entry(
        subject=subject, condition=condition, task="touch", target=dipole, fit=fit, explained={"grad": 0.8},
        n_epochs=60, fs_subject=f"sub-{subject}",
    )  # fmt: skip
    return replace(entry, **changes)


def make_entries(conditions=CONDITIONS):
    """Return all results, with a subject that failed and one without an MRI."""
    entries = [make_entry(one, condition) for one in SUBJECTS for condition in conditions]
    entries[-1] = replace(entries[-1], template="fsaverage", fs_subject="fsaverage")
    failed = [
        Entry(subject="06", condition=one, task="touch", status="failed", step="load", error=ERROR)
        for one in conditions
    ]
    return entries + failed


def make_averages(conditions=CONDITIONS, subjects=SUBJECTS):
    """Return the averages of the targets."""
    return {
        name: Average(
            condition=name, subjects=tuple(subjects), times=TIMES,
            courses=np.array([course(one, name) for one in subjects]),
        )
        for name in conditions
    }  # fmt: skip


def make_difference(quantity, first, second, *, unit, scale="linear", group="parameter", p=0.01, p_holm=0.03):
    """Return the difference of two rows of values, with Student's interval."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    to, back = (np.log, np.exp) if scale == "log" else (lambda x: x, lambda x: x)
    apart = to(first) - to(second)
    mean, error = apart.mean(), apart.std(ddof=1) / np.sqrt(len(apart))
    low, high = stats.t.interval(0.95, len(apart) - 1, mean, error) if error > 0 else (mean, mean)
    return Difference(
        quantity=quantity, unit=unit, group=group, scale=scale, subjects=SUBJECTS[: len(first)], values_a=first,
        values_b=second, mean_a=float(back(to(first).mean())), mean_b=float(back(to(second).mean())),
        difference=float(back(mean)), low=float(back(low)), high=float(back(high)), p=p, p_holm=p_holm,
        dz=float(mean / (error * np.sqrt(len(apart)))) if error > 0 else np.nan,
        n_same_sign=int(max((apart > 0).sum(), (apart < 0).sum())),
    )  # fmt: skip


def make_comparison(**changes):
    """Return the comparison of both conditions."""
    early, late = CONDITIONS
    courses = np.array([course(one, early) - course(one, late) for one in SUBJECTS])
    spread = courses.std(axis=0, ddof=1)
    waveform = WaveformDifference(
        subjects=SUBJECTS, times=TIMES, courses=courses, mean=courses.mean(axis=0), low=courses.mean(axis=0) - spread,
        high=courses.mean(axis=0) + spread,
        clusters=(Cluster(tmin=0.03, tmax=0.04, p=0.004, sign=-1), Cluster(tmin=0.05, tmax=0.055, p=0.4, sign=1)),
    )  # fmt: skip
    wiggle = np.array([0.5, -0.5, 1.0, -1.0, 0.0])
    differences = (
        make_difference(
            "drives.evdist1.mu_ms", [mean_time(one, early) for one in SUBJECTS],
            np.array([mean_time(one, late) for one in SUBJECTS]) + wiggle, unit="ms",
        ),
        make_difference(
            "drives.evprox1.weights_ampa.L2_pyramidal", [weight(one, early) for one in SUBJECTS],
            [weight(one, late) for one in SUBJECTS], unit="uS", scale="log", p=0.06, p_holm=0.2,
        ),
        make_difference("peak", 1e-9 * np.arange(1, 6), 1e-9 * np.arange(5, 0, -1), unit="A m", group="target",
                        p=1.0, p_holm=1.0),
        make_difference("r_squared", [0.9, 0.91, 0.92, 0.93, 0.94], [0.9, 0.9, 0.9, 0.9, 0.9], unit="", group="fit"),
    )  # fmt: skip
    made = Comparison(
        contrast=CONDITIONS, differences=differences, waveform=waveform, n_resamples=100, confidence=0.95, seed=0,
        notes=("With 5 subjects no p is below 1/16 & that is a note.",),
    )  # fmt: skip
    return replace(made, **changes)


def make_influences(comparison):
    """Return what is left without each subject; the verdict on the time hangs on the third."""

    def left(one, k):
        return one.difference if one.scale == "log" else float(np.delete(one.values_a - one.values_b, k).mean())

    return tuple(
        Influence(
            quantity=one.quantity, subject=name, difference=left(one, k), p=one.p, changes_sign=False,
            changes_verdict=one.quantity.endswith("mu_ms") and name == "03",
        )
        for one in comparison.differences
        for k, name in enumerate(SUBJECTS)
    )  # fmt: skip


ALIGNMENT = Alignment(
    signs={one: -1 if one == "02" else 1 for one in SUBJECTS}, correlations=dict.fromkeys(SUBJECTS, 0.25),
    turned=("02",), doubtful=("05",),
)  # fmt: skip
