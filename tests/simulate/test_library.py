"""Compiling on first use: what is cached, what goes wrong, and how it is said."""

import json
import multiprocessing
import subprocess
import sys

import pytest

from mne_hnn.errors import CacheError, CompilationError, MneHnnError, ParameterError
from mne_hnn.simulate import cache_directory, library, mechanism_library, sys_info, toolchain


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own, so that nothing is compiled there yet."""
    monkeypatch.setenv("MNE_HNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_library_is_found_again_without_compiling(monkeypatch):
    first = mechanism_library()
    library._known.clear()  # as another process would
    monkeypatch.setattr(library, "_build", lambda *_: pytest.fail("compiled again"))
    assert mechanism_library() == first
    assert first.neuron_path.exists()
    assert first.coreneuron_path is not None
    assert library.find_library() == first


def test_the_key_changes_with_sources_compiler_and_flags(monkeypatch):
    compiler = toolchain.find_compiler()
    variants = {v.name: v for v in toolchain.candidate_variants(compiler)}
    portable = variants["portable"]
    keys = {library.library_key(compiler, v) for v in variants.values()}
    assert len(keys) == len(variants)
    before = library.library_key(compiler, portable)
    assert library.library_key(compiler, portable) == before
    monkeypatch.setattr(library, "_source_digest", lambda: "other sources")
    assert library.library_key(compiler, portable) != before


def test_plain_neuron_variant_compiles_into_an_empty_cache(own_cache):
    built = mechanism_library(variant="neuron")
    assert built.variant == "neuron"
    assert built.directory.parent == own_cache / "mechanisms"
    assert built.coreneuron_path is None
    record = json.loads((built.directory / "library.json").read_text())
    assert record["key"] == built.key
    leftovers = [path.name for path in (own_cache / "mechanisms").iterdir()]
    assert sorted(leftovers) == sorted([built.key, f"{built.key}.lock"])


def _compile_in_child(results):
    try:
        results.put(mechanism_library(variant="neuron").key)
    except MneHnnError as error:
        results.put(str(error))


def test_two_processes_at_once_compile_one_library(own_cache):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    children = [context.Process(target=_compile_in_child, args=(results,)) for _ in range(2)]
    for child in children:
        child.start()
    keys = {results.get(timeout=120) for _ in children}
    for child in children:
        child.join()
    assert len(keys) == 1
    log = (own_cache / "mechanisms" / keys.pop() / "compile.log").read_text()
    assert log.count("-o " + str(own_cache)) >= 1
    assert log.count("libnrnmech.so") == 1


def test_no_compiler_says_what_to_install(monkeypatch, own_cache):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: None)
    with pytest.raises(CompilationError, match=r"No C\+\+ compiler was found.*apt install g\+\+"):
        mechanism_library()
    monkeypatch.setenv("CXX", "nonsense++")
    with pytest.raises(CompilationError, match=r"'nonsense\+\+', was not found: correct or unset CXX"):
        mechanism_library()


def test_a_compiled_library_serves_where_there_is_no_compiler(own_cache, monkeypatch):
    built = mechanism_library(variant="neuron")
    library._known.clear()
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: None)
    assert mechanism_library() == built
    assert str(built.directory) in sys_info()
    library._known.clear()
    with pytest.raises(CompilationError, match="No C"):
        mechanism_library(variant="portable")
    monkeypatch.setattr(library, "_source_digest", lambda: "other sources")
    with pytest.raises(CompilationError, match="No C"):
        mechanism_library()


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(CompilationError, match="no-such-program could not be run"):
        toolchain._run(["no-such-program"], tmp_path / "log", tmp_path)


def test_a_failing_compiler_leaves_a_log_and_no_library(own_cache, tmp_path, monkeypatch):
    compiler = tmp_path / "broken-g++"
    compiler.write_text('#!/bin/sh\ncase "$*" in *-E*) exec g++ "$@";; esac\necho "error: out of order" >&2; exit 1\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(CompilationError, match="out of order") as caught:
        mechanism_library()
    message = str(caught.value)
    assert "\n" not in message
    logs = list((own_cache / "mechanisms").glob("failed-*.log"))
    assert logs
    assert any(str(log) in message for log in logs)
    assert "out of order" in logs[0].read_text()
    assert not [path for path in (own_cache / "mechanisms").iterdir() if path.is_dir()]


@pytest.mark.slow
def test_the_fallback_serves_when_the_fast_variant_does_not_compile(own_cache, tmp_path, monkeypatch):
    compiler = tmp_path / "plain-g++"
    compiler.write_text(
        '#!/bin/sh\ncase "$*" in *-E*) exec g++ "$@";; '
        '*-march=native*) echo "error: no such processor"; exit 1;; esac\n'
        'exec g++ "$@"\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    assert mechanism_library().variant == "portable"
    library._known.clear()
    monkeypatch.setattr(library, "_build", lambda *_: pytest.fail("tried again what failed before"))
    assert mechanism_library().variant == "portable"


@pytest.mark.parametrize("kind", ["file", "below a file"])
def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch, kind):
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("")
    monkeypatch.setenv("MNE_HNN_CACHE", str(obstacle if kind == "file" else obstacle / "cache"))
    with pytest.raises(CacheError, match="cannot be written.*MNE_HNN_CACHE") as caught:
        mechanism_library()
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, OSError)


def test_an_unknown_variant(monkeypatch):
    monkeypatch.setenv("MNE_HNN_MECHANISMS", "vectors")
    with pytest.raises(ParameterError, match="Unknown mechanism variant 'vectors'.*Did you mean 'vector'"):
        mechanism_library()


def test_cache_directory_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("MNE_HNN_CACHE", str(tmp_path))
    assert cache_directory() == tmp_path
    monkeypatch.delenv("MNE_HNN_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "mne-hnn"


def test_loading_the_library_leaves_denormal_numbers_alone():
    """A library linked with -ffast-math would flush them to zero in the whole process."""
    code = (
        "import numpy as np\n"
        "from mne_hnn.network import jones_2009\n"
        "from mne_hnn.simulate import simulate\n"
        "simulate(jones_2009(mesh_shape=(1, 1)), 1.0, verbose='error')\n"
        "assert np.float64(2.3e-308) / 4 > 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
