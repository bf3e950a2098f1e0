"""What README and guides show in Python runs as it is written; what is heavy is stood in for by what is small."""

import ast
import inspect
import re
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest

import mne_hnn
from mne_hnn import Dipole, fit, simulate, source, sweep
from mne_hnn.group import GroupConfig, read_config
from mne_hnn.network import Network

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "tutorials").glob("*.md"))]


def blocks_of(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


SNIPPETS = [(path.name, k, text) for path in GUIDES for k, text in enumerate(blocks_of(path))]
CONFIGURATIONS = [text for _, _, text in SNIPPETS if re.search(r"^(bids_root|data|dataset) = ", text, re.MULTILINE)]
RUN = [text for _, _, text in SNIPPETS if text not in CONFIGURATIONS and "dask" not in text]


def standing_in(real, result):
    """Return a function that takes what the real one takes, and returns something small."""
    signature = inspect.signature(real)

    def stand_in(*arguments, **options):
        bound = signature.bind(*arguments, **options)
        bound.apply_defaults()
        return result(bound.arguments)

    return stand_in


def result_of(cls, **fields):
    """Return an object with the names of a class, and no others."""
    names = {name for name in [*dir(cls), *getattr(cls, "__dataclass_fields__", {})] if not name.startswith("_")}
    made = mock.Mock(spec=sorted(names))
    for name in names:
        if inspect.isfunction(getattr(cls, name, None)):
            setattr(made, name, standing_in(getattr(cls, name).__get__(made), fields.pop(name, lambda given: None)))
    made.configure_mock(**fields)
    return made


def short(real, **changes):
    """Return a function that runs the real one on a short record, once its arguments are known to be right."""

    def run(given):
        given = {**given, **{name: value for name, value in changes.items() if name in given}}
        return real(**given)

    return standing_in(real, run)


@pytest.fixture
def stand_ins(monkeypatch, tmp_path):
    """Replace the files of a reader, simulations of the full column, and fits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda *_, **__: None)
    moment = Dipole(np.sin(np.arange(171) / 20)[None] * 1e-9, np.arange(171) / 1000, ["agg"])
    target = result_of(source.Target, dipole=moment, patch=mock.Mock(), polarity=mock.Mock(spec=["confidence"]))
    prediction = result_of(source.Prediction, explained={"grad": 0.9})
    found = result_of(fit.FitResult, predict_sensors=lambda given: prediction)

    def searched(given):
        known = fit.list_paths(given["network"])
        assert all(one.path in known for one in given["parameters"])
        return found

    patch = result_of(source.Patch, label=mock.Mock())
    answers = {
        source: {"best_patch": patch, "estimate_target": target, "find_label": None, "predict_sensors": prediction},
        fit: {"fit_evoked": found},
    }
    for module, names in answers.items():
        for name, answer in names.items():
            monkeypatch.setattr(module, name, standing_in(getattr(module, name), lambda given, answer=answer: answer))
    monkeypatch.setattr(fit, "fit_drives", standing_in(fit.fit_drives, searched))
    for name in ("read_evokeds", "read_forward_solution"):
        monkeypatch.setattr(mne, name, standing_in(getattr(mne, name), lambda given: mock.Mock()))
    monkeypatch.setattr(
        mne.minimum_norm, "read_inverse_operator",
        standing_in(mne.minimum_norm.read_inverse_operator, lambda given: mock.Mock()),
    )  # fmt: skip
    column = mne_hnn.network.jones_2009
    monkeypatch.setattr(
        mne_hnn.network, "jones_2009", standing_in(column, lambda given: column(**{**given, "mesh_shape": (2, 2)}))
    )
    monkeypatch.setattr(simulate, "simulate", short(simulate.simulate, tstop=100.0, n_jobs=1))
    monkeypatch.setattr(sweep, "run_sweep", short(sweep.run_sweep, tstop=20.0, n_jobs=1))


def test_there_are_snippets():
    assert len(SNIPPETS) >= 9
    assert len(CONFIGURATIONS) == 1
    assert len(RUN) == 7


def test_python_in_the_readme_runs_from_top_to_bottom(stand_ins):
    names = {}
    for text in RUN:
        exec(compile(text, "README.md", "exec"), names)
    assert isinstance(names["network"], Network)
    plt.close("all")


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_configurations_are_read(text, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    config = read_config(tmp_path / "mine.py")
    assert isinstance(config, GroupConfig)
    assert list(config.conditions) == ["detected", "missed"]


@pytest.mark.parametrize(("file", "k", "text"), SNIPPETS)
def test_each_snippet_imports_what_it_uses_of_this_package(file, k, text):
    """A snippet may go on from the one before it with its variables, not with its imports."""
    tree = ast.parse(text)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("mne_hnn"):
            module = __import__(node.module, fromlist=["x"])
            imported |= {alias.name for alias in node.names}
            assert all(hasattr(module, alias.name) for alias in node.names), f"{file}, snippet {k}"
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    ours = {name for module in (mne_hnn.network, simulate, sweep, fit, source) for name in module.__all__}
    assert called & ours <= imported, f"{file}, snippet {k}"


def test_the_command_of_the_stages_names_the_options_there_are():
    from mne_hnn import cli

    line = next(
        line for line in GUIDES[0].read_text(encoding="utf-8").splitlines() if line.startswith("`mne-hnn run CONFIG")
    )
    _, commands = cli._parser()
    assert set(re.findall(r"--[\w-]+", line)) <= set(commands["run"].flags())
