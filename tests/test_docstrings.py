"""Everything public has an example that holds; what examples take for given is made by ``given.py``."""

import doctest
import importlib
import inspect
import re

import matplotlib.pyplot as plt
import mne
import pytest
import reference
from examples import GIVEN
from given import MADE, OPEN

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MOST_SHOWN = 15  # functions whose example is only shown; goes down, never up
MOST_NAMED = 11  # classes without an example, which name what returns them; goes down, too
FUNCTIONS = [f"{module}.{name}" for module in reference.MODULES for name in reference.public_names(module)["Functions"]]
CLASSES = [f"{module}.{name}" for module in reference.MODULES for name in reference.public_names(module)["Classes"]]
EXPORTING = ("network", "simulate", "fit", "io", "pipeline", "group", "source", "viz", "inference", "explorer", "sweep")


@pytest.fixture(scope="module", autouse=True)
def closed():
    """Close what examples were given."""
    yield
    OPEN.close()


def public(name):
    """Return something public by its whole name."""
    module, _, member = name.rpartition(".")
    return getattr(importlib.import_module(module), member)


def text_of(name):
    """Return the docstring of something public, not that of what it derives from."""
    return inspect.cleandoc(public(name).__doc__ or "")


def runs_of(text):
    """Return the lines of an example that are run."""
    return "\n".join(line for line in text.splitlines() if re.match(r"\s*(>>>|\.\.\.) ", line) and "+SKIP" not in line)


def example_of(name):
    """Return an example, with what it takes for given as its globals."""
    module, _, member = name.rpartition(".")
    text = text_of(name)
    runs = runs_of(text)
    names = vars(importlib.import_module(module)) | {}
    names = {key: value for key, value in names.items() if not key.startswith("__")} | {member: public(name)}
    for other in EXPORTING:
        place = importlib.import_module(f"mne_hnn.{other}")
        names = {key: getattr(place, key) for key in place.__all__ if re.search(rf"\b{key}\b", runs)} | names
    names |= {key: make() for key, make in MADE.items() if re.search(rf"\b{key}\b", runs)}
    return doctest.DocTestParser().get_doctest(text, names, name, None, 0)


def failures_of(name, folder, monkeypatch):
    """Run an example in a folder, and return what went wrong, in words."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(plt, "show", lambda *_, **__: None)
    told = []
    with mne.use_log_level("warning"):
        doctest.DocTestRunner(optionflags=FLAGS).run(example_of(name), out=told.append)
    plt.close("all")
    return "".join(told)


def makers_of(name):
    """Return what the docstring of a class names that gives it: functions, methods, and properties."""
    module, _, member = name.rpartition(".")
    found = []
    for role in re.findall(r":(?:func|meth|attr):`(?:[^`<]*<)?~?([\w.]+)>?`", text_of(name)):
        for start in (importlib.import_module(module), public(name), importlib.import_module("mne_hnn")):
            value = start
            for part in role.removeprefix("mne_hnn.").split("."):
                value = getattr(value, part, None)
            value = getattr(value, "fget", value)
            if callable(value) and re.search(rf"\b{member}\b", str(inspect.signature(value).return_annotation)):
                found.append(role)
    return found


def errors_that_are_told():
    """Return names of errors and warnings that a function or class says it raises."""
    sections = re.compile(r"^(?:Raises|Warns)\n-+\n((?:.+\n?|\n(?! *[A-Z]\w*\n *-))*)", re.MULTILINE)
    return {
        word
        for name in (*FUNCTIONS, *CLASSES)
        for section in sections.findall(text_of(name))
        for word in re.findall(r"\b[A-Z]\w+(?:Error|Warning)\b", section)
    }


def test_what_examples_take_for_given_is_said():
    said = {name for names in GIVEN for name in names.split(", ")}
    assert said == set(MADE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_has_an_example_and_it_holds(name, tmp_path, monkeypatch):
    assert ">>> " in text_of(name), "has no example"
    assert not failures_of(name, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", [name for name in CLASSES if ">>> " in text_of(name)])
def test_examples_of_classes_hold(name, tmp_path, monkeypatch):
    assert not failures_of(name, tmp_path, monkeypatch)


def test_classes_have_an_example_or_say_what_returns_them():
    """Errors and warnings are named where they are raised."""
    told = errors_that_are_told()
    without = [name for name in CLASSES if not runs_of(text_of(name)) and name.rpartition(".")[2] not in told]
    assert [name for name in without if not makers_of(name)] == []
    assert len(without) <= MOST_NAMED, without


def test_few_examples_are_only_shown():
    """They need files of one's own, a browser, MPI or minutes."""
    shown = [name for name in FUNCTIONS if not runs_of(text_of(name))]
    assert len(shown) <= MOST_SHOWN, shown


def test_a_wrong_example_fails():
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner().run(example, out=lambda _: None).failed == 1


def test_what_returns_a_class_is_found():
    assert makers_of("mne_hnn.simulate.Simulation") == ["simulate"]
    assert makers_of("mne_hnn.source.EpochOptions") == []
