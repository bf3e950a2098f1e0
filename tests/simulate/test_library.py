"""Compiling on first use: what is cached, what goes wrong, and how it is said."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mne_hnn import cli
from mne_hnn.errors import CacheError, CompilationError, MneHnnError, MneHnnWarning, ParameterError, SimulationError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import (
    _neuron,
    cache_directory,
    library,
    loading,
    mechanism_library,
    simulate,
    sys_info,
    toolchain,
)


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
    assert first.coreneuron_path.exists()
    assert first.kernel_path is not None
    assert first.kernel_path.exists()
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


def test_every_source_decides_the_key(tmp_path, monkeypatch):
    """Mechanisms, what they include, the native sources, the commands, and the translator of the kernel."""
    package = tmp_path / "simulate"
    shutil.copytree(toolchain.SOURCES, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(toolchain, "MOD_DIRECTORY", package / "mod")
    monkeypatch.setattr(toolchain, "NATIVE_DIRECTORY", package / "native")
    monkeypatch.setattr(toolchain, "__file__", str(package / "toolchain.py"))
    sources = [
        "mod/hnn_full.mod", "mod/ca.inc", "native/kernel.cpp", "native/tables.hpp", "native/lanes.hpp",
        "native/tree_solver.cpp", "native/vector_math.hpp", "toolchain.py", "kernel/kinetics.py",
    ]  # fmt: skip
    digests = [library._source_digest()]
    for name in sources:
        with (package / name).open("a") as file:
            file.write("\n")
        digests.append(library._source_digest())
    assert len(set(digests)) == 1 + len(sources)
    (package / "kernel" / "run.py").write_text("")  # is not compiled
    assert library._source_digest() == digests[-1]


def test_plain_neuron_variant_compiles_into_an_empty_cache(own_cache):
    built = mechanism_library(variant="neuron")
    assert built.variant == "neuron"
    assert built.directory.parent == own_cache / "mechanisms"
    assert built.coreneuron_path is None
    assert built.kernel_path is None
    assert [path.name for path in built.directory.glob("*.so")] == ["libnrnmech.so"]
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
    keys = {results.get(timeout=300) for _ in children}
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


# what a home folder, or a folder on a shared disk, may be called
NAMES = (
    "Jürgen",
    "脳 研究",
    "with space",
    "100%s $(HOME) $HOME",
    'it\'s "q" & (x); [y]',
    "n" * 240,
    os.fsdecode(b"J\xfcrgen"),
)


def copied(folder):
    """The compiled mechanisms in another cache folder: nothing is compiled for these tests."""
    built = mechanism_library()
    place = folder / "mechanisms" / built.key
    shutil.copytree(built.directory, place)
    return place


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A cache whose files a test may damage; the compiler of this test copies them from the true one."""
    true = mechanism_library()
    place = copied(tmp_path / "é")
    monkeypatch.setenv("MNE_HNN_CACHE", str(tmp_path / "é"))

    def build(directory, *_):
        shutil.rmtree(directory)
        shutil.copytree(true.directory, directory)

    monkeypatch.setattr(library, "_build", build)
    return place


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_mechanisms_load_and_run_from_folders_of_any_name(tmp_path, name):
    (tmp_path / name).symlink_to(mechanism_library().directory)
    assert library.try_out(tmp_path / name) is None


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("name", [*NAMES[:5], NAMES[-1]], ids=ascii)
def test_the_name_that_neuron_gets_is_plain_and_means_the_file(tmp_path, monkeypatch, name, platform):
    monkeypatch.setattr(sys, "platform", platform)
    folder = tmp_path / name
    folder.mkdir()
    file = folder / "libnrnmech.so"
    file.write_text("content")
    before = set(Path("/tmp").glob("mne_hnn-*"))
    with loading.plain_name(file) as plain:
        assert plain.isascii()
        assert "$" not in plain
        assert " " not in plain
        assert Path(plain).read_text() == "content"
    assert set(Path("/tmp").glob("mne_hnn-*")) == before
    with loading.plain_name(tmp_path / "x.so") as plain:
        assert plain == str(tmp_path / "x.so")


def test_a_folder_that_cannot_be_loaded_from_is_refused_before_it_is_compiled(own_cache, monkeypatch):
    monkeypatch.setenv("MNE_HNN_CACHE", str(own_cache / "é"))
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(loading, "_is_plain", lambda _: False)  # nor is a temporary folder
    monkeypatch.setattr(toolchain.Build, "run", lambda *_: pytest.fail("compiled"))
    with pytest.raises(CacheError, match="NEURON cannot load from .*é.*MNE_HNN_CACHE to a folder with an ASCII name"):
        mechanism_library(variant="neuron")
    assert not list((own_cache / "é" / "mechanisms").glob(".*"))


SIMULATE = """
import sys
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import SimulationSettings, cache_directory, simulate, simulate_many
assert str(cache_directory()) == sys.argv[1], cache_directory()
network = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
runs = [simulate(network, 45.0, engine=engine, verbose="error") for engine in ("kernel", "coreneuron", "neuron")]
runs += simulate_many([network], SimulationSettings(tstop=45.0), n_jobs=2)  # in a worker
for run in runs:
    print(run.dipoles[0].data.tobytes().hex())
"""


def test_simulations_from_a_home_and_a_temporary_folder_of_any_name(tmp_path):
    """All engines, and a worker process; the same bytes as from here."""
    home, scratch = tmp_path / "José's Häuschen %s", tmp_path / "t é"
    scratch.mkdir()
    cache = home / ".cache" / "mne-hnn"
    copied(cache)
    environment = {name: value for name, value in os.environ.items() if name not in ("MNE_HNN_CACHE", "XDG_CACHE_HOME")}
    environment |= {"HOME": str(home), "TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = subprocess.run(
        [sys.executable, "-c", SIMULATE, str(cache)], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    network = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
    here = [
        simulate(network, 45.0, engine=engine, verbose="error").dipoles[0].data.tobytes().hex()
        for engine in ("kernel", "coreneuron", "neuron")
    ]
    assert len(set(here)) == 3
    assert run.stdout.split() == [*here, here[0]]


def test_a_cache_named_from_the_working_folder(tmp_path, monkeypatch):
    """Compilers, workers of Dask and ranks work in other folders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNE_HNN_CACHE", "cache")
    assert cache_directory() == tmp_path / "cache"
    monkeypatch.setenv("MNE_HNN_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(CacheError, match="home folder for the cache is not known.*set the environment variable"):
        cache_directory()


def half(file):
    os.truncate(file, file.stat().st_size // 2)


DAMAGE = {
    "half of NEURON's": (
        lambda place: half(place / "libnrnmech.so"), "libnrnmech.so is not the file that was compiled",
    ),
    "half of CoreNEURON's": (
        lambda place: half(place / "libcorenrnmech.so"), "libcorenrnmech.so is not the file that was compiled",
    ),
    "half of the kernel's": (
        lambda place: half(place / "libmnehnnkernel.so"), "libmnehnnkernel.so is not the file that was compiled",
    ),
    "the kernel is gone": (lambda place: (place / "libmnehnnkernel.so").unlink(), "libmnehnnkernel.so is gone"),
    "one is gone": (lambda place: (place / "libcorenrnmech.so").unlink(), "libcorenrnmech.so is gone"),
    "no library": (
        lambda place: (place / "libnrnmech.so").write_text("x"), "libnrnmech.so is not the file that was compiled",
    ),
    "half a record": (lambda place: half(place / "library.json"), "library.json is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_library_is_noticed_and_compiled_again(copy, monkeypatch, kind):
    damage, said = DAMAGE[kind]
    damage(copy)
    assert library.find_library() is None or library.find_library().directory != copy
    with pytest.warns(MneHnnWarning) as warned:
        assert mechanism_library().directory == copy
    assert [str(one.message) for one in warned] == [
        f"The compiled mechanisms in {copy} are damaged ({said}): they are compiled again."
    ]
    assert library.try_out(copy) is None
    damage(copy)  # also in a process that has found it whole before
    with pytest.warns(MneHnnWarning, match="are damaged"):
        mechanism_library()


def test_a_damaged_library_where_there_is_no_compiler(copy, monkeypatch):
    half(copy / "libnrnmech.so")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: None)
    with pytest.raises(CompilationError, match=r"libnrnmech.so is not the file that was compiled.* No C\+\+ compiler"):
        mechanism_library()


def other_machine(place, name="libnrnmech.so"):
    """Whole, and of no use here: as compiled for another system that shares the home folder."""
    (place / name).write_bytes(b"not of this machine" * 10)
    record = json.loads((place / "library.json").read_text())
    record["files"][name] = library._digest(place / name)
    (place / "library.json").write_text(json.dumps(record))


def test_ready_means_that_it_was_loaded(copy, capsys):
    assert f"loaded and run from {copy}" in sys_info()
    other_machine(copy)
    info = sys_info()
    assert f"do not load from {copy}: invalid ELF header (see mne-hnn compile --force)" in info
    with pytest.warns(MneHnnWarning, match=r"do not load \(invalid ELF header\): they are compiled again"):
        assert cli.main(["compile"]) == 0
    assert f"loaded and run from {copy}" in sys_info()
    shutil.rmtree(copy)
    assert "not compiled yet (see mne-hnn compile)" in sys_info()


def test_what_dies_when_it_is_loaded_is_said(copy):
    half(copy / "libnrnmech.so")
    assert library.try_out(copy).startswith("the process that loads them ends with signal ")
    (copy / "libnrnmech.so").unlink()
    assert "No such file" in library.try_out(copy)


def test_a_simulation_says_why_mechanisms_do_not_load(copy, monkeypatch):
    other_machine(copy)
    monkeypatch.setattr(_neuron, "_loaded", None)
    with pytest.raises(SimulationError) as caught:
        _neuron.load()
    assert str(caught.value) == (
        f"NEURON cannot load the mechanisms from {copy} (invalid ELF header): compile them again, with "
        "`mne-hnn compile --force`."
    )


def test_a_kernel_that_does_not_load_is_noticed_and_said(copy):
    """Before a library is taken as ready; and in one sentence by a simulation that comes first."""
    assert library.try_out(copy) is None
    other_machine(copy, "libmnehnnkernel.so")
    assert library.try_out(copy) == "the kernel: invalid ELF header"
    with pytest.raises(SimulationError) as caught:
        simulate(jones_2009((1, 1)), 1.0, engine="kernel", verbose="error")
    assert str(caught.value) == (
        f"The kernel cannot be loaded from {copy} (invalid ELF header): compile it again, with `mne-hnn compile "
        "--force`."
    )


def test_what_compiles_and_does_not_load_is_no_library(own_cache, monkeypatch):
    monkeypatch.setattr(toolchain.Build, "run", lambda self, _: (self.directory / "libnrnmech.so").write_text("text"))
    with pytest.raises(CompilationError, match=r"They compile, but NEURON cannot use them \(file too short\)"):
        mechanism_library(variant="neuron")
    assert not [path for path in (own_cache / "mechanisms").iterdir() if path.is_dir()]


def test_a_folder_of_neuron_with_a_comma_reaches_the_linker_whole(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(toolchain, "_run", lambda command, *_: commands.append(command))
    variant = toolchain.Variant(name="neuron", flags=(), fast_sources=False, coreneuron=False)
    toolchain.Build(root=tmp_path / "a, é", directory=tmp_path, compiler="g++", variant=variant)._link("x.so", [], [])
    assert commands[0][-4:] == ["-Xlinker", "-rpath", "-Xlinker", str(tmp_path / "a, é" / "lib")]
