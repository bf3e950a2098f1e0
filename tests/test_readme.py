"""What README and manual show in Python runs as it is written, heavy parts stood in for; what they name is there."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest

import mne_hnn
from mne_hnn import Dipole, fit, inference, io, pipeline, simulate, source, sweep
from mne_hnn.group import GroupConfig, read_config
from mne_hnn.network import Network
from mne_hnn.pipeline import notebook

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "tutorials"
GUIDES = [ROOT / "README.md", *sorted(TUTORIALS.glob("*.md"))]
MANUAL = (
    "sources",
    "groups",
    "cluster",
    "column",
    "hnn",
    "fit",
    "posterior",
    "explore",
    "fidelity",
    "reference",
    "architecture",
)
FURTHER = ("start", "mne_users", "concepts", "systems", "cells", "resume", "options", "glossary", "faq", "cite")
LINKED = [*GUIDES, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "tests/benchmarks/README.md"))]
GOES_ON = {"tutorials/fit.md": "tutorials/sources.md", "tutorials/posterior.md": "tutorials/sources.md"}
"""Pages that say of which page they take the variables."""


def blocks_of(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


SNIPPETS = [(str(path.relative_to(ROOT)), k, text) for path in GUIDES for k, text in enumerate(blocks_of(path))]
CONFIGURATIONS = [
    text for _, _, text in SNIPPETS if re.search(r"^(bids_root|data|dataset|target_file) = ", text, re.MULTILINE)
]
RUN = {str(path.relative_to(ROOT)): [] for path in GUIDES}
for page, _, text in SNIPPETS:
    if text not in CONFIGURATIONS and "dask" not in text:
        RUN[page].append(text)
PAGES = [name for name, texts in RUN.items() if texts]


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
    course = np.sin(np.arange(171) / 20)[None] * 1e-9
    moment = Dipole(course, np.arange(171) / 1000, ["agg"], provenance={"assumed": []})
    target = result_of(source.Target, dipole=moment, patch=mock.Mock(), polarity=mock.Mock(spec=["confidence"]))
    prediction = result_of(source.Prediction, explained={"grad": 0.9})
    found = result_of(fit.FitResult, predict_sensors=lambda given: prediction)

    def searched(given):
        fit.ParameterSpace(given["parameters"], given["network"], apply=given["apply"])
        return found

    best = result_of(fit.Explanation, fit=found, spikes=mock.MagicMock())
    explanations = result_of(
        fit.Explanations, first=best, sentences=lambda given: ["A sentence."], rivals=lambda given: []
    )
    rhythms = result_of(
        fit.RhythmExplanations,
        silent=result_of(fit.RhythmExplanation),
        spiking=result_of(fit.RhythmExplanation, spikes=mock.MagicMock()),
        sentences=lambda given: ["A sentence."],
    )
    patch = result_of(source.Patch, label=mock.Mock())
    answers = {
        source: {"best_patch": patch, "estimate_target": target, "find_label": None, "predict_sensors": prediction},
        fit: {"fit_evoked": explanations, "explain_rhythm": rhythms},
    }
    for module, names in answers.items():
        for name, answer in names.items():
            monkeypatch.setattr(module, name, standing_in(getattr(module, name), lambda given, answer=answer: answer))
    monkeypatch.setattr(fit, "fit_drives", standing_in(fit.fit_drives, searched))
    place = result_of(inference.PlacePosterior)
    circuit = result_of(inference.CircuitPosterior, sentences=lambda given: ["A sentence."], place=place)
    group = result_of(inference.GroupPosterior, sentences=lambda given: ["A sentence."])
    of_inference = {
        "posterior": circuit, "Sensors": mock.Mock(), "compare_posteriors": [], "read_posterior": circuit,
        "pool_posteriors": group,
    }  # fmt: skip
    for name, answer in of_inference.items():
        real = getattr(inference, name)
        monkeypatch.setattr(inference, name, standing_in(real, lambda given, answer=answer: answer))
    estimator = result_of(
        inference.AmortisedEstimator, posterior=lambda given: circuit, sentences=lambda given: ["A sentence."]
    )
    for name in ("train_posterior", "read_estimator"):
        monkeypatch.setattr(inference, name, standing_in(getattr(inference, name), lambda given: estimator))
    control = result_of(inference.Control)
    for name in ("shuffled_sign", "wrong_label"):
        monkeypatch.setattr(inference, name, standing_in(getattr(inference, name), lambda given: control))
    left_out = result_of(inference.HeldOut, sentence=lambda given: "A sentence.")
    held_out = standing_in(inference.held_out_sensors, lambda given: left_out)
    monkeypatch.setattr(inference, "held_out_sensors", held_out)
    explained = result_of(pipeline.Explained, explanations=explanations, report=lambda given: mock.Mock())
    monkeypatch.setattr(notebook, "explain", standing_in(notebook.explain, lambda given: explained))
    probe = mne.EpochsArray(np.random.default_rng(1).normal(size=(2, 5, 171)), mne.create_info(5, 1000.0, "seeg"))
    for k, channel in enumerate(probe.info["chs"]):
        channel["loc"][:3] = (0.0, 0.0, -1e-4 * (2 * k + 1))
    for name, answer in (("read_source_course", moment), ("read_laminar", probe)):
        monkeypatch.setattr(io, name, standing_in(getattr(io, name), lambda given, answer=answer: answer))
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
    short_run = simulate.SimulationSettings(tstop=20.0)
    monkeypatch.setattr(sweep, "run_sweep", short(sweep.run_sweep, settings=short_run, n_jobs=1))


def test_there_are_snippets():
    assert len(SNIPPETS) >= 10
    assert len(CONFIGURATIONS) == 2
    assert {name.removeprefix("tutorials/"): len(RUN[name]) for name in PAGES} == {
        "README.md": 1,
        "cells.md": 1,
        "column.md": 7,
        "fit.md": 5,
        "posterior.md": 6,
        "mne_users.md": 1,
        "sources.md": 3,
        "start.md": 1,
    }


@pytest.mark.parametrize("page", PAGES)
def test_python_of_a_page_runs_from_top_to_bottom(page, stand_ins):
    names = {}
    for text in [*RUN.get(GOES_ON.get(page), []), *RUN[page]]:
        exec(compile(text, page, "exec"), names)
    with_network = {f"tutorials/{name}.md" for name in ("cells", "column", "fit", "start")}
    assert isinstance(names.get("network"), Network) == (page in with_network)
    plt.close("all")


def test_the_readme_is_short_and_has_its_two_commands():
    text = GUIDES[0].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 130
    commands = re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(commands) == 2
    assert commands[0].endswith("mne-hnn run pipelines/median_nerve.py --n-jobs 2\n")
    # what .ci/run reads
    assert "<!-- test command -->\n```bash\n" + commands[1] in text
    assert re.fullmatch(r"python -m venv .*-m pytest\n", commands[1])


@pytest.mark.parametrize("page", MANUAL)
def test_pages_of_the_manual_are_found_from_the_readme(page):
    assert (TUTORIALS / f"{page}.md").is_file()
    assert f"(tutorials/{page}.md)" in GUIDES[0].read_text(encoding="utf-8")
    assert f"({page}.md)" in (TUTORIALS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", FURTHER)
def test_further_pages_are_found_from_that_of_the_manual(page):
    assert (TUTORIALS / f"{page}.md").is_file()
    assert f"({page}.md)" in (TUTORIALS / "README.md").read_text(encoding="utf-8")


def anchors_of(text):
    """The anchors of a page's headings, as the hosts of repositories make them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", LINKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        there = path.parent / file if file else path
        assert there.exists(), link
        if anchor:
            assert anchor in anchors_of(there.read_text(encoding="utf-8")), link


def rows_of(page):
    """The rows of the tables of a page: their cells."""
    text = (TUTORIALS / page).read_text(encoding="utf-8")
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:2] == "| "]


def found(place, name):
    """Whether a name is in a module; or the full name of something of MNE or of this package."""
    if name.split(".")[0] not in ("mne", "mne_hnn"):
        name = f"{place}.{name}"
    module, _, last = name.rpartition(".")
    return hasattr(importlib.import_module(module), last)


def test_the_reference_names_what_there_is():
    named = {}
    for place, things in ((row[0].strip("`"), row[1]) for row in rows_of("reference.md")):
        if place.startswith("mne_hnn"):
            names = set(re.findall(r"`([A-Za-z][\w.]*)`", things)) - set(mne_hnn.network.WEIGHT_SETS)
            assert {name for name in names if not found(place, name)} == set(), place
            named[place] = names
    assert len(named) == 13
    plots = {name for name in mne_hnn.viz.__all__ if name.startswith("plot_")}
    assert plots <= named["mne_hnn.viz"]
    assert set(mne_hnn.io.__all__) - named["mne_hnn.io"] == {"write_network", "write_simulation", "write_spikes"}
    assert {"DipoleEpochs", "read_dipole_epochs", "MneHnnWarning"} <= named["mne_hnn"]


def test_the_reference_names_the_commands_there_are():
    from mne_hnn import cli

    text = (TUTORIALS / "reference.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`mne-hnn ([a-z-]+)", text)) == set(cli._parser()[1])


def test_the_architecture_names_files_there_are():
    folder, named = ROOT, 0
    for place, text in ((row[0], " ".join(row[:2])) for row in rows_of("architecture.md")[1:]):
        first = re.match(r"`(mne_hnn/[\w/]*?)(?:\w+\.py)?`", place)
        folder = ROOT / first[1] if first else folder if place.startswith("- ") else ROOT
        for name in re.findall(r"`((?:[\w*]+/)*[\w*]+\.py|\w+/)`", text):
            near = {folder, ROOT, ROOT / "mne_hnn", ROOT / "tutorials"}
            assert any(list(one.glob(name)) for one in near), f"{folder.relative_to(ROOT)}: {name}"
            named += 1
    assert named > 100


def test_contributors_are_told_of_files_and_registries_there_are():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sources = [path for folder in ("mne_hnn", "tests") for path in (ROOT / folder).rglob("*.py")]
    files = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|md)|(?:\w+/)+)`", text))
    assert len(files) > 30
    for name in files - {"pipeline/stages/_NN_noun.py"}:
        near = [ROOT / name, ROOT / "mne_hnn" / name]
        assert any(one.exists() for one in near) or ("/" not in name and any(one.name == name for one in sources)), name
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    registries = set(re.findall(r"`(_?[A-Z][A-Z_]{3,})`", text))
    assert len(registries) >= 7
    for name in registries:
        assert re.search(rf"^{name}\b.* = ", code, re.MULTILINE), name


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_configurations_are_read(text, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    config = read_config(tmp_path / "mine.py")
    assert isinstance(config, GroupConfig) == ("bids_root" in text)
    if "bids_root" in text:
        assert list(config.conditions) == ["detected", "missed"]
    else:
        assert (config.target_pick, config.target_area_mm2) == ("V1 L", 300.0)


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

    page = (TUTORIALS / "sources.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith("`mne-hnn run CONFIG"))
    _, commands = cli._parser()
    assert set(re.findall(r"--[\w-]+", line)) <= set(commands["run"].flags())
