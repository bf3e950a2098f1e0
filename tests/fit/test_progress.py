"""Progress is a count without a promise: one line in a terminal, lines in a log."""

import io
import re
import sys

import mne
import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.fit import DriveSettings, Parameter, fit_drives, progress
from mne_hnn.fit.progress import Counter


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(progress.logger, "info", lambda text, *_: lines.append(text))
    return lines


def test_a_log_gets_a_line_every_ten_seconds(clock, log, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    counter = Counter("Fitting", most=100)
    with mne.utils.use_log_level("info"):
        for second in range(26):
            clock[0] = float(second)
            counter(second + 1, 1.0 / (second + 1))
        counter.say("simulating fresh trials")
    counter.close()
    assert log == [
        "Fitting: 1 of at most 100 networks tried, best loss 1 (0 s)",
        "Fitting: 11 of at most 100 networks tried, best loss 0.0909 (10 s)",
        "Fitting: 21 of at most 100 networks tried, best loss 0.0476 (20 s)",
        "Fitting: simulating fresh trials (25 s)",
    ]
    assert sys.stderr.getvalue() == ""


def test_a_terminal_has_one_line(clock, log, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    counter = Counter("Fitting")
    with mne.utils.use_log_level("info"):
        counter(7, float("inf"))
        clock[0] = 130.0
        counter(68, 0.012)
    counter.close()
    assert log == []
    shown = sys.stderr.getvalue()
    assert shown == "\rFitting: 7 networks tried (0 s)\rFitting: 68 networks tried, best loss 0.012 (2.2 min)\n"
    assert "%" not in shown


def test_silent_above_info(log, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    counter = Counter("Fitting")
    with mne.utils.use_log_level("warning"):
        counter(7, 0.5)
        counter.say("now")
    counter.close()
    assert (log, sys.stderr.getvalue()) == ([], "")


@pytest.mark.usefixtures("cheap")
def test_a_fit_says_what_it_does_to_its_end(column, wave, log, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    small = Dipole(1e-3 * wave.data, wave.times, ("agg",), provenance={"unit": "A m"})
    with mne.utils.use_log_level("info"):
        fit = fit_drives(
            column,
            small,
            [Parameter(path="drives.evprox1.mu_ms", low=15.0, high=45.0)],
            settings=DriveSettings(max_evaluations=9, n_final=2),
        )
    assert re.match(r"Fitting: 1\d? of at most 9 networks tried|Fitting: \d of at most 9 networks tried", log[0])
    assert [line.partition(" (")[0] for line in log[-2:]] == [
        "Fitting: simulating fresh trials", "Fitting: computing intervals",
    ]  # fmt: skip
    assert np.isfinite(fit.r_squared)
