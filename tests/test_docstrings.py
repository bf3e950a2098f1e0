"""Every public function has an example that runs; what examples take for given is made here, when it is asked for."""

import doctest
import importlib
import inspect
import re
import sys
from functools import cache
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest
import reference
from examples import GIVEN

sys.path[:0] = [str(Path(__file__).parent / folder) for folder in ("group", "inference")]

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MOST_SHOWN = 34  # examples that are only shown; goes down, never up
FUNCTIONS = [f"{module}.{name}" for module in reference.MODULES for name in reference.public_names(module)["Functions"]]


@cache
def network():
    from mne_hnn.network import jones_2009

    return jones_2009((3, 3), drives=True)


@cache
def simulation():
    from mne_hnn.simulate import simulate

    column = network().with_positions(inplane_distance_um=30.0)
    column = column.with_electrodes("shank", [(-100.0, -100.0, z) for z in range(0, 2000, 400)])
    return simulate(column, tstop=100.0, n_trials=2, record={"voltage": "all", "sfreq": 1000.0})


@cache
def target():
    from mne_hnn import Dipole
    from mne_hnn.source.demo import median_nerve_waveform

    times = np.arange(171) / 1000
    return Dipole(30e-9 * median_nerve_waveform(times), times, ("agg",), provenance={"unit": "A m"})


@cache
def dataset():
    from mne_hnn.source.demo import demo_dataset

    return demo_dataset()


@cache
def response():
    from mne_hnn.source import EpochOptions, load_response

    return load_response(dataset().raw_fname, event_id=1, l_freq=1.0, h_freq=100.0, epochs=EpochOptions(tmin=-0.2))


@cache
def forward():
    return mne.read_forward_solution(dataset().forward_fname)


@cache
def label():
    from mne_hnn.source import find_label

    return find_label("postcentral-rh", subject=dataset().subject, subjects_dir=dataset().subjects_dir)


@cache
def inverse():
    from mne_hnn.source import make_inverse

    return make_inverse(response().evoked.info, forward(), response().noise_cov)


@cache
def patch():
    from mne_hnn.source import best_patch

    return best_patch(response().evoked, label(), forward(), latency=0.040)


@cache
def explanations():
    import explained

    return explained.explanations(explained.explanation("spiking"), explained.explanation("silent"))


@cache
def drawn():
    import columns
    import explained
    import responses

    from mne_hnn.inference import PosteriorSettings, posterior, run

    with mock.patch.object(run, "measure_kernels", columns.kernels):
        return posterior(explained.explanation("silent", columns=5e5), settings=PosteriorSettings(**responses.SMALL))


@cache
def rhythms():
    import explained_rhythms as rhythm

    records = rhythm.records()
    items = [rhythm.explanation(regime, records, {}, records) for regime in ("silent", "spiking")]
    return rhythm.explanations(*items)


@cache
def swept():
    from mne_hnn.simulate import SimulationSettings
    from mne_hnn.sweep import run_sweep

    grid = {"drives.evprox1.mu_ms": [20.0, 30.0]}
    return run_sweep(network(), grid, SimulationSettings(tstop=60.0), summary="rates")


@cache
def contributions():
    from mne_hnn.fit import drive_contributions
    from mne_hnn.simulate import SimulationSettings

    return drive_contributions(network(), SimulationSettings(tstop=60.0), currents=False)


@cache
def entries():
    import synthetic_entries

    return synthetic_entries.pairs([-8.0, -9.0, -10.0, -11.0, -12.0])


@cache
def comparison():
    from mne_hnn.group import compare_conditions

    return compare_conditions(entries(), ("a", "b"), n_resamples=1000)


MADE = {
    "network": network,
    "simulation": simulation,
    "target": lambda: target().copy(),  # its methods change it, as those of MNE do
    "dataset": dataset,
    "evoked": lambda: response().evoked,
    "noise_cov": lambda: response().noise_cov,
    "forward": forward,
    "inverse": inverse,
    "label": label,
    "patch": patch,
    "explanations": explanations,
    "found": lambda: explanations().first.fit,
    "drawn": drawn,
    "rhythms": rhythms,
    "contributions": contributions,
    "swept": swept,
    "entries": entries,
    "comparison": comparison,
}


def text_of(name):
    """Return the docstring of a function."""
    module, _, member = name.rpartition(".")
    return inspect.getdoc(getattr(importlib.import_module(module), member)) or ""


def runs_of(text):
    """Return the lines of an example that are run."""
    return "\n".join(line for line in text.splitlines() if re.match(r"\s*(>>>|\.\.\.) ", line) and "+SKIP" not in line)


def example_of(name):
    """Return the example of a function, with what it takes for given as its globals."""
    module, _, member = name.rpartition(".")
    function = getattr(importlib.import_module(module), member)
    text = text_of(name)
    runs = runs_of(text)
    names = vars(importlib.import_module(module)) | {}
    names = {key: value for key, value in names.items() if not key.startswith("__")} | {member: function}
    for other in ("network", "simulate", "fit", "io", "pipeline", "group", "source", "viz"):
        place = importlib.import_module(f"mne_hnn.{other}")
        names = {key: getattr(place, key) for key in place.__all__ if key in runs} | names
    names |= {key: make() for key, make in MADE.items() if re.search(rf"\b{key}\b", runs)}
    return doctest.DocTestParser().get_doctest(text, names, name, None, 0)


def test_what_examples_take_for_given_is_said():
    said = {name for names in GIVEN for name in names.split(", ")}
    assert said == set(MADE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_has_an_example_and_it_holds(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda *_, **__: None)
    told = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    with mne.use_log_level("warning"):
        example = example_of(name)
        assert example.examples, "has no example"
        runner.run(example, out=told.append)
    plt.close("all")
    assert not runner.failures, "".join(told)


def test_few_examples_are_only_shown():
    """They need files of one's own, a browser, MPI or minutes."""
    assert sum(not runs_of(text_of(name)) for name in FUNCTIONS) <= MOST_SHOWN


def test_a_wrong_example_fails():
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner().run(example, out=lambda _: None).failed == 1
