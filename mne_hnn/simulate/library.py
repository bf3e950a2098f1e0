"""The compiled mechanisms: built on first use, kept in the user's cache, loaded once per process."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .._cache import cache_directory
from .._checks import check_name
from .._locks import lock_file
from .._names import VARIANTS
from .._warn import warn
from ..errors import CacheError, CompilationError
from . import loading, toolchain
from .loading import CORENEURON_LIBRARY, KERNEL_LIBRARY, NEURON_LIBRARY

RECORD = "library.json"
_PATIENCE_s = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """A compiled mechanism library, of :func:`mechanism_library`.

    Attributes
    ----------
    directory : Path
        Folder in the cache.
    variant : str
        ``'vector'`` (this processor's vector instructions), ``'portable'``, or ``'neuron'`` (no CoreNEURON).
    key : str
        Digest of everything the compilation depends on.
    """

    directory: Path
    variant: str
    key: str

    @property
    def neuron_path(self) -> Path:
        """The library that plain NEURON loads."""
        return self.directory / NEURON_LIBRARY

    @property
    def coreneuron_path(self) -> Path | None:
        """The library that CoreNEURON loads, if the variant has one."""
        return None if self.variant == "neuron" else self.directory / CORENEURON_LIBRARY

    @property
    def kernel_path(self) -> Path | None:
        """The library with the kernel, if the variant has one."""
        return None if self.variant == "neuron" else self.directory / KERNEL_LIBRARY


def writable(directory: Path) -> Path:
    """Make `directory` and check that a file can be written there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise CacheError(
            f"The cache folder {directory} cannot be written ({error.strerror or error}): free it, or set the "
            "environment variable MNE_HNN_CACHE to a folder that can."
        ) from error
    return directory


def _source_digest() -> str:
    digest = hashlib.sha256()
    folders = (toolchain.MOD_DIRECTORY, toolchain.NATIVE_DIRECTORY)
    sources = sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
    translator = Path(toolchain.__file__).parent / "kernel" / "kinetics.py"
    for path in [*sources, Path(toolchain.__file__), translator]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def library_key(compiler: str, variant: toolchain.Variant) -> str:
    """Return the digest of all that decides the compiled bytes: sources, NEURON, platform, compiler, processor."""
    parts = [
        _source_digest(),
        version("neuron"),
        platform.system(),
        platform.machine(),
        str(toolchain.neuron_root()),
        compiler,
        variant.name,
        *variant.flags,
        toolchain.target_macros(compiler, variant.flags) or "",
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


_Status = tuple[int, int, int]
# Digests of files by path, while inode, size and time stay the same.
_digests: dict[Path, tuple[_Status, str]] = {}


def _digest(file: Path) -> str:
    status = file.stat()
    seen = (status.st_ino, status.st_size, status.st_mtime_ns)
    if file not in _digests or _digests[file][0] != seen:
        _digests[file] = (seen, hashlib.sha256(file.read_bytes()).hexdigest())
    return _digests[file][1]


def _damage(directory: Path) -> str | None:
    """Return how a build differs from what was compiled, in a few words; None if it is whole.

    A file that is cut off would end the process that loads it, without a word.
    """
    try:
        record = json.loads((directory / RECORD).read_text(encoding="utf-8"))
        for name, digest in record["files"].items():
            if _digest(directory / name) != digest:
                return f"{name} is not the file that was compiled"
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is gone"
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{RECORD} is damaged"
    return None


def is_complete(directory: Path) -> bool:
    """Return whether `directory` holds a finished build as it was compiled."""
    return _damage(directory) is None


def try_out(directory: Path) -> str | None:
    """Load mechanisms and run a section with them, in a process of their own.

    Parameters
    ----------
    directory : Path
        The folder of a build.

    Returns
    -------
    reason : str | None
        Why they do not load or run, in a few words; None if they do.
    """
    # -P: its own folder has modules with names of others
    command = [sys.executable, "-P", str(Path(loading.__file__)), str(directory)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            check=False,
            timeout=_PATIENCE_s,
        )
    except subprocess.TimeoutExpired:
        return f"they do not run to their end within {_PATIENCE_s:g} s"
    if result.returncode < 0:
        return f"the process that loads them ends with signal {-result.returncode}"
    last = (result.stdout.strip().splitlines() or result.stderr.strip().splitlines() or ["no reason given"])[-1]
    return None if result.returncode == 0 and last == loading.WORKS else last


def _build(directory: Path, compiler: str, variant: toolchain.Variant, key: str) -> None:
    """Compile into a folder beside `directory` and move it there when it is whole."""
    from mne.utils import ProgressBar, logger

    root = toolchain.neuron_root()
    scratch = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=directory.parent))
    start = time.perf_counter()
    build = toolchain.Build(
        root=root, directory=scratch, compiler=compiler, variant=variant, jobs=min(os.cpu_count() or 1, 8)
    )
    logger.info("Compiling the membrane and synapse mechanisms, once for this environment ...")
    try:
        _check_name(scratch)
        bar = ProgressBar(build.n_steps(), mesg="Compiling")
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            bar.update(done)

        build.run(advance)
        _check_use(scratch)
        for part in ("neuron", "coreneuron", "kernel"):
            shutil.rmtree(scratch / part, ignore_errors=True)
        files = {file.name: _digest(file) for file in sorted(scratch.glob("*.so"))}
        record = {"key": key, "variant": variant.name, "flags": list(variant.flags), **_surroundings(), "files": files}
        (scratch / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        put_in_place(scratch, directory)
    except CompilationError as error:
        kept = directory.parent / f"failed-{key}.log"
        if build.log.exists():
            shutil.copy(build.log, kept)
        raise CompilationError(f"Compiling the mechanisms failed: {error} The whole log is in {kept}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    logger.info("Compiled in %.0f s; kept in %s.", time.perf_counter() - start, directory)


def _check_name(directory: Path) -> None:
    """Refuse before it is compiled what NEURON could not load."""
    try:
        with loading.plain_name(directory / NEURON_LIBRARY):
            pass
    except OSError as error:
        raise CacheError(
            f"NEURON cannot load from {directory} ({error.strerror}): set the environment variable MNE_HNN_CACHE to a "
            "folder with an ASCII name."
        ) from error


def _check_use(directory: Path) -> None:
    reason = try_out(directory)
    if reason is not None:
        raise CompilationError(f"They compile, but NEURON cannot use them ({reason}).")


def put_in_place(scratch: Path, directory: Path) -> None:
    """Move a build to its place. What is there goes aside first, for processes that are about to load it."""
    aside = scratch.with_name(f"{scratch.name}.old")
    with suppress(FileNotFoundError):
        directory.rename(aside)
    try:
        scratch.rename(directory)
    except OSError:
        if not is_complete(directory):  # else another process was faster, on a file system without locks
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


# What was found in this process: asking the compiler costs as much as a small simulation.
_known: dict[tuple[str | None, Path, str | None], Library] = {}


def mechanism_library(*, variant: str | None = None, force: bool = False) -> Library:
    """Return the compiled mechanisms, compiling them if this machine has not yet.

    Parameters
    ----------
    variant : str | None
        ``'vector'`` (this processor's vector instructions), ``'portable'`` (plain CoreNEURON) or ``'neuron'`` (without
        CoreNEURON). None takes the environment variable ``MNE_HNN_MECHANISMS`` if set, else the fastest that
        compiles here.
    force : bool
        Compile again even if a library is there.

    Returns
    -------
    library : Library
        Where the compiled files are.

    Raises
    ------
    CompilationError
        No C++ compiler, or it failed; the message names the remedy or the log.
    CacheError
        The cache folder cannot be written.

    Examples
    --------
    >>> mechanism_library().directory.is_dir()
    True
    """
    request = variant or os.environ.get("MNE_HNN_MECHANISMS") or None
    setting = (request, cache_directory(), os.environ.get("CXX"))
    if force or setting not in _known or not is_complete(_known[setting].directory):
        _known[setting] = _find_or_build(request, force)
    return _known[setting]


def _find_or_build(request: str | None, force: bool) -> Library:

    try:
        candidates = _candidates(request)
    except CompilationError as error:
        ready = _ready_library(request)
        if ready is not None:
            return ready
        damaged = [place.parent for place in _records() if not is_complete(place.parent)]
        if damaged:
            raise CompilationError(f"{_damaged(damaged[0])}. {error}") from error
        raise
    failure: CompilationError | None = None
    for compiler, candidate, library in candidates:
        place = library.directory.parent
        if not force:
            if is_complete(library.directory):
                return library
            if candidate is not candidates[-1][1] and (place / f"failed-{library.key}.log").exists():
                continue  # this variant failed here before: do not try it again at every start
        writable(place)
        with lock_file(place / f"{library.key}.lock", waiting=_tell_of_waiting):
            if force or not is_complete(library.directory):
                if library.directory.exists() and not force:
                    warn(f"{_damaged(library.directory)}: they are compiled again.")
                try:
                    _build(library.directory, compiler, candidate, library.key)
                except CompilationError as error:
                    failure = error
                    if candidate is not candidates[-1][1]:
                        warn(f"{error} Falling back to slower mechanisms.")
                    continue
        return library
    assert failure is not None
    raise failure


def _tell_of_waiting(holder: str) -> None:
    from mne.utils import logger

    logger.info("Waiting for the mechanisms, which are being compiled (%s) ...", holder)


def _damaged(directory: Path) -> str:
    return f"The compiled mechanisms in {directory} are damaged ({_damage(directory)})"


def _surroundings() -> dict[str, str]:
    """Return what a library must share with the process that loads it, as kept in its ``library.json``."""
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n", 1)[0]
        flags = next((line for line in cpu.splitlines() if line.startswith(("flags", "Features"))), "")
    except OSError:
        flags = platform.processor()
    return {
        "sources": _source_digest(),
        "neuron": version("neuron"),
        "root": str(toolchain.neuron_root()),
        "machine": platform.machine(),
        "cpu": hashlib.sha256(flags.encode()).hexdigest()[:20],
    }


def _records() -> list[Path]:
    """Return the records of all builds in the cache."""
    return sorted((cache_directory() / "mechanisms").glob(f"*/{RECORD}"))


def _ready_library(request: str | None) -> Library | None:
    """Return a library compiled earlier that fits this process, for machines without a compiler (cluster nodes)."""
    here = _surroundings()
    found = {}
    for record in _records():
        if not is_complete(record.parent):
            continue
        try:
            entry = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # replaced at this moment
            continue
        if all(entry.get(name) == value for name, value in here.items()) and request in (None, entry["variant"]):
            found[entry["variant"]] = Library(directory=record.parent, variant=entry["variant"], key=entry["key"])
    return next((found[name] for name in VARIANTS if name in found), None)


def working_library(*, variant: str | None = None, force: bool = False) -> Library:
    """Return the compiled mechanisms after they were loaded and run, compiling them if need be.

    Parameters
    ----------
    variant, force
        As of :func:`mechanism_library`.

    Raises
    ------
    CompilationError, CacheError
        As there; or they do not work, also if compiled again.
    """
    library = mechanism_library(variant=variant, force=force)
    reason = try_out(library.directory)
    if reason is not None:
        warn(f"The mechanisms in {library.directory} do not load ({reason}): they are compiled again.")
        library = mechanism_library(variant=variant, force=True)  # which tries them
    return library


def find_library() -> Library | None:
    """Return the compiled mechanisms if this machine has them, without compiling."""
    request = os.environ.get("MNE_HNN_MECHANISMS") or None
    try:
        candidates = _candidates(request)
    except CompilationError:
        return _ready_library(request)
    for _, _, library in candidates:
        if is_complete(library.directory):
            return library
    return None


def _candidates(request: str | None) -> list[tuple[str, toolchain.Variant, Library]]:
    """Return compiler, variant and place of each library that would do, the fastest first."""
    if request is not None:
        check_name(request, VARIANTS, "mechanism variant")
    compiler = toolchain.find_compiler()
    found = []
    for variant in toolchain.candidate_variants(compiler, request):
        key = library_key(compiler, variant)
        place = cache_directory() / "mechanisms" / key
        found.append((compiler, variant, Library(directory=place, variant=variant.name, key=key)))
    return found
