"""Summaries: what they are called, what they measure, and what is said of one that fails."""

import re

import numpy as np
import pytest
from sweeps import MU, SHORT, column, quiet, small, spike_count

from mne_hnn.errors import ParameterError
from mne_hnn.simulate import simulate
from mne_hnn.sweep import DipoleExtrema, FiringRates


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda simulation: simulation.nothing, "raised AttributeError"),
        (lambda simulation: simulation.dipole["agg"], r"must return one number.*array of shape \(481,\)"),
        (lambda simulation: "three", "must return one number.*'three'"),
        (lambda simulation: None, "must return one number"),
        (lambda simulation: {"a": [1.0]}, r"summary.a' must return one number"),
        (lambda simulation: {"status": 1.0}, "cannot be called 'status'"),
    ],
)
def test_a_summary_that_fails_is_said_and_the_simulation_kept(function, message):
    result = quiet(small(), {MU: [2.0, 3.0]}, tstop=SHORT, summary=[spike_count, function])
    assert result.status == ("summary failed",) * 2
    assert re.search(message, result.failed[0])
    assert np.isfinite(result.summaries["spike_count"]).all()
    assert result.dipole(1)["agg"].shape == (481,)


def test_names_of_summaries():
    functions = {"n": spike_count, "edge": DipoleExtrema(tmin=0.002, tmax=0.01), "none": lambda simulation: np.nan}
    result = quiet(small(), {MU: [2.0]}, tstop=SHORT, summary=functions, keep=())
    assert list(result.summaries) == [
        "n", "edge.peak", "edge.peak_latency", "edge.trough", "edge.trough_latency", "none"
    ]  # fmt: skip
    assert result.units["edge.peak"] == "A m"
    assert result.status == ("ok",)  # NaN: there is no such number
    assert np.isnan(result.summaries["none"][0])
    twice = quiet(small(), {MU: [2.0]}, tstop=SHORT, summary=[spike_count, spike_count])
    assert "two summaries return 'spike_count'" in twice.failed[0]
    with pytest.raises(ParameterError, match="keeps no dipole"):
        result.dipole(0)


def test_extrema_in_a_window():
    simulation = simulate(column((2, 2)), 60.0, verbose="error")
    found = DipoleExtrema(window_ms=5.0, scale=2.0, layer="L2", tmin=0.03, tmax=0.05)(simulation)
    smooth = simulation.dipole.smooth(5.0)
    inside = (smooth.times > 0.03 - 1e-6) & (smooth.times < 0.05 + 1e-6)
    assert found["peak"] == pytest.approx(2.0 * smooth["L2"][inside].max(), rel=1e-12)
    assert found["trough_latency"] == smooth.times[inside][smooth["L2"][inside].argmin()]
    with pytest.raises(ParameterError, match="are they in ms"):
        DipoleExtrema(tmin=30.0)(simulation)
    with pytest.raises(ParameterError, match="tmax must be after tmin"):
        DipoleExtrema(tmin=0.2, tmax=0.1)
    with pytest.raises(ParameterError, match="Did you mean 'L5_pyramidal'"):
        FiringRates(cell_types="L5_pyramid")(simulation)
