"""Grids: the order of their points, the names of their columns, and what is refused before anything runs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweeps import L2B, L5B, L5P, MU, SHORT, WEIGHTS, quiet, small, spike_count, unstable

from mne_hnn.errors import ParameterError
from mne_hnn.network import get_value, set_values
from mne_hnn.sweep import FiringRates
from mne_hnn.sweep import run as sweep_run
from mne_hnn.sweep.grid import joined, make_grid

BASKETS = (WEIGHTS + L2B, WEIGHTS + L5B)


def test_product_varies_the_last_name_fastest():
    grid = make_grid(small(), {MU: [1.0, 2.0], WEIGHTS + L5P: [0.1, 0.2, 0.3]}, "product", None)
    points = grid.points()
    assert [tuple(point.values()) for point in points] == [(a, b) for a in (1.0, 2.0) for b in (0.1, 0.2, 0.3)]
    network = grid.network(small(), points[4])
    assert (get_value(network, MU), get_value(network, WEIGHTS + L5P)) == (2.0, 0.2)
    assert network == set_values(small(), {MU: 2.0, WEIGHTS + L5P: 0.2})


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=2, max_size=3, unique_by=tuple))
def test_joined_names_expand_to_their_paths(parts):
    paths = [".".join(part) for part in parts]
    head, _, rest = joined(paths).partition("{")
    inner, _, tail = rest.partition("}")
    # what the braces leave out at their ends belongs to all of them
    expanded = [f"{head}{one}{tail}" for one in inner.split(",")]
    assert expanded == paths


@pytest.mark.parametrize(
    ("grid", "options", "message"),
    [
        ({}, {}, "at least one parameter"),
        ([1, 2], {}, "mapping"),
        ({MU: []}, {}, "has no values"),
        ({MU: 3.0}, {}, "sequence of numbers"),
        ({MU: "20"}, {}, "sequence of numbers"),
        ({MU: [[1.0]]}, {}, "sequence of numbers"),
        ({MU: [1.0, np.nan]}, {}, "finite"),
        ({MU: ["early"]}, {}, "finite"),
        ({MU: [1.0, 2.0], WEIGHTS + L5P: [0.1]}, {"combine": "paired"}, "has 2, .* has 1"),
        ({MU: [1.0]}, {"combine": "pairs"}, "Did you mean 'paired'"),
        ({"drives.evprox.mu": [1.0]}, {}, "Did you mean 'drives.evprox.mu_ms'"),
        ({(): [1.0]}, {}, "at least one path"),
        ({BASKETS: [1.0], BASKETS[0]: [1.0]}, {}, "twice"),
        ({"drives.evprox.sigma_ms": [1.0, -1.0]}, {}, r"Point 1 .*sigma_ms = -1"),
        ({MU: [1.0]}, {"keep": "dipoles"}, "Did you mean 'dipole'"),
        ({MU: [1.0]}, {"keep": ()}, "Nothing of the simulations would be kept"),
        ({MU: [1.0]}, {"summary": "extrem"}, "Did you mean 'extrema'"),
        ({MU: [1.0]}, {"summary": 3.0}, "function of a Simulation"),
        ({MU: [1.0]}, {"summary": FiringRates}, r"make one, FiringRates\(\)"),
        ({MU: [1.0]}, {"summary": {"status": spike_count}}, "'status'"),
        ({MU: [1.0]}, {"summary": {MU: spike_count}}, "cannot be called"),
        ({MU: [1.0]}, {"n_trials": 0}, "n_trials"),
        ({MU: [1.0]}, {"baseline": "measurd"}, "Did you mean 'measured'"),
        ({MU: [1.0]}, {"tstop": -1.0}, "tstop"),
        ({MU: [1.0]}, {"tstop": 0.01, "dt": 0.01}, "was it given in seconds"),
        ({MU: [1.0]}, {"dt": 1.0}, "dt must be at most 0.5 ms"),
        ({MU: [1.0]}, {"executor": "x"}, "executor must be a concurrent.futures.Executor, .* got 'x'"),
        ({MU: [1.0]}, {"executor": ThreadPoolExecutor(1), "n_jobs": 2}, "both say where to simulate"),
        ({MU: [1.0]}, {"n_jobs": 0}, "n_jobs must be a positive number"),
        ({MU: [1.0]}, {"keep": 3}, "keep must be one of"),
        ({MU: [1.0]}, {"record": {"voltage": "soma"}}, "What record asks for would be thrown away"),
        ({MU: [1.0]}, {"record": {"sfreq": 0.02}}, "was it given in kHz"),
        ({"x": [1.0]}, {"apply": 3}, "apply must be a function"),
        ({"x": [1.0]}, {"apply": lambda network, values: None}, "apply must return a Network"),
        ({"x\ty": [1.0]}, {"apply": unstable}, "tabs"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(monkeypatch, tmp_path, grid, options, message):
    monkeypatch.setattr(sweep_run, "run_networks", lambda *a, **k: pytest.fail("simulated"))
    with pytest.raises(ParameterError, match=message):
        quiet(small(), grid, **{"tstop": SHORT, **options}, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()
