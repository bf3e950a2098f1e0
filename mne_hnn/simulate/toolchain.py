"""Translate, compile and link the mechanisms: the commands behind :mod:`mne_hnn.simulate.library`.

NEURON's own ``nrnivmodl`` would do, but for three things: it builds two programs nobody runs, it cannot leave
a member of CoreNEURON's archive out, and passing ``-ffast-math`` through it sets the processor to flush denormal
numbers for the whole Python process. Compiler flags of the installed NEURON are read from its own makefiles.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from ..errors import CompilationError
from .loading import KERNEL_LIBRARY

SOURCES = Path(__file__).parent
MOD_DIRECTORY = SOURCES / "mod"
NATIVE_DIRECTORY = SOURCES / "native"

KERNEL_MECHANISMS = ("hnn_hh", "hnn_hh_km", "hnn_full", "hnn_synapses")

# Flags that let the compiler vectorise the mechanisms' loops for this very processor.
_VECTOR_FLAGS = ("-O3", "-march=native", "-ffast-math")
_GNU_X86_FLAGS = ("-mprefer-vector-width=512",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One way to compile.

    Attributes
    ----------
    name : str
        ``'vector'``, ``'portable'`` or ``'neuron'`` (no CoreNEURON).
    flags : tuple of str
        Optimisation flags of the CoreNEURON mechanisms.
    fast_sources : bool
        Whether the vectorised exponential and tree solver are used.
    coreneuron : bool
        Whether a CoreNEURON library is built at all.
    """

    name: str
    flags: tuple[str, ...]
    fast_sources: bool
    coreneuron: bool = True

    @property
    def kernel_flags(self) -> tuple[str, ...]:
        """Optimisation flags of the kernel: it relies on the rounding of sums, which ``-ffast-math`` gives up."""
        return (*(flag for flag in self.flags if flag != "-ffast-math"), "-fno-math-errno", "-fno-trapping-math")


def neuron_root() -> Path:
    """Return the folder of the installed NEURON's programs, headers and libraries, without importing NEURON."""
    spec = find_spec("neuron")
    if spec is None or spec.origin is None:
        raise CompilationError("NEURON is not installed: run `pip install 'neuron>=9'`.")
    root = Path(spec.origin).parent / ".data"
    if not (root / "bin" / "nmodl").exists() or not (root / "lib" / "libcoreneuron-core.a").exists():
        raise CompilationError(
            f"The NEURON in {root.parent} does not carry CoreNEURON: install the wheel with `pip install 'neuron>=9'`."
        )
    return root


def find_compiler() -> str:
    """Return the C++ compiler: ``$CXX``, else ``g++``, ``c++`` or ``clang++``."""
    wanted = os.environ.get("CXX")
    if wanted:
        first = shlex.split(wanted)[0]
        if shutil.which(first) is None:
            raise CompilationError(
                f"The C++ compiler named by the environment variable CXX, {first!r}, was not found: "
                "correct or unset CXX."
            )
        return wanted
    for name in ("g++", "c++", "clang++"):
        if shutil.which(name):
            return name
    raise CompilationError(
        "No C++ compiler was found, and the mechanisms must be compiled once on this machine: install one "
        "(Debian/Ubuntu: `apt install g++`; Fedora: `dnf install gcc-c++`; macOS: `xcode-select --install`; "
        "conda: `conda install -c conda-forge cxx-compiler`) or set CXX to its path."
    )


def target_macros(compiler: str, flags: Sequence[str]) -> str | None:
    """Return what `compiler` predefines under `flags` (its version, the processor's features), or None if refused."""
    command = [*shlex.split(compiler), *flags, "-dM", "-E", "-x", "c++", os.devnull]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    return result.stdout if result.returncode == 0 else None


def candidate_variants(compiler: str, request: str | None = None) -> list[Variant]:
    """Return the variants to try, best first.

    Parameters
    ----------
    compiler : str
        The compiler command.
    request : str | None
        The name of the only variant to try; None for all.
    """
    portable = Variant(name="portable", flags=("-O2",), fast_sources=False)
    neuron = Variant(name="neuron", flags=("-O2",), fast_sources=False, coreneuron=False)
    if request in ("portable", "neuron"):
        return [portable if request == "portable" else neuron]
    flags: tuple[str, ...] = _VECTOR_FLAGS
    if platform.machine() in ("x86_64", "AMD64"):
        macros = target_macros(compiler, (*flags, *_GNU_X86_FLAGS))
        if macros is not None and "__AVX512DQ__" in macros:
            flags = (*flags, *_GNU_X86_FLAGS)
    vector = Variant(name="vector", flags=flags, fast_sources=True)
    if request == "vector":
        return [vector]
    accepted = target_macros(compiler, flags) is not None
    return [vector, portable, neuron] if accepted else [portable, neuron]


def _run(command: Sequence[str], log: Path, cwd: Path, env: dict[str, str] | None = None) -> None:
    """Run one command, keeping all that it prints in `log`; raise with the log's place if it fails."""
    try:
        result = subprocess.run(
            list(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            cwd=cwd,
            env=env,
            check=False,
        )
    except OSError as error:
        raise CompilationError(f"{Path(command[0]).name} could not be run ({error.strerror}): install it.") from error
    with log.open("a", encoding="utf-8", errors="surrogateescape") as stream:  # names of folders that are no text
        stream.write("$ " + shlex.join(command) + "\n" + result.stdout)
    if result.returncode != 0:
        said = [line for line in result.stdout.splitlines() if "ld returned" not in line]
        lines = [line for line in said if "error" in line.lower() or "ld: " in line]
        reason = lines[0].strip() if lines else f"exit code {result.returncode}"
        raise CompilationError(f"{Path(command[0]).name} failed: {reason}.")


def _makefile_flags(makefile: Path, variable: str) -> list[str]:
    """Read a flags variable of NEURON's makefile, without its optimisation level."""
    match = re.search(rf"^{variable} = (.*)$", makefile.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise CompilationError(f"{makefile} has no line '{variable} = ...': this NEURON version is not supported.")
    return [word for word in shlex.split(match.group(1)) if not word.startswith(("-O", "$"))]


def _translator_environment(root: Path) -> dict[str, str]:
    """Return the environment that NEURON's two translators need."""
    env = dict(os.environ)
    env["NRNHOME"] = env["CORENRNHOME"] = env["NMODLHOME"] = str(root)
    env["NRN_PYTHONEXE"] = env["CORENRN_PYTHONEXE"] = sys.executable
    if "NMODL_PYLIB" not in env:
        from find_libpython import find_libpython  # comes with neuron

        library = find_libpython()
        if library:
            env["NMODL_PYLIB"] = library
    return env


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One compilation in a folder of its own.

    Attributes
    ----------
    root : Path
        NEURON's folder.
    directory : Path
        Where everything is written.
    compiler : str
        C++ compiler command.
    variant : Variant
        How to compile.
    jobs : int
        Commands to run at a time.
    """

    root: Path
    directory: Path
    compiler: str
    variant: Variant
    jobs: int = 2

    @property
    def log(self) -> Path:
        """The file that holds every command and its output."""
        return self.directory / "compile.log"

    def _all(self, tasks: Sequence[Callable[[], None]], advance: Callable[[], None]) -> None:
        with ThreadPoolExecutor(max_workers=self.jobs) as pool:
            for future in [pool.submit(task) for task in tasks]:
                future.result()
                advance()

    def run(self, advance: Callable[[], None] = lambda: None) -> None:
        """Build ``libnrnmech.so`` and, if the variant has CoreNEURON, its library and the kernel in the folder."""
        mods = sorted(MOD_DIRECTORY.glob("*.mod"))
        tasks: list[Callable[[], None]] = [partial(self._neuron_object, mod) for mod in mods]
        tasks.append(partial(self._registration, "neuron", mods))
        if self.variant.coreneuron:
            every = sorted([*mods, *(self.root / "share" / "modfile").glob("*.mod")], key=lambda mod: mod.name)
            tasks += [partial(self._coreneuron_object, mod) for mod in every]
            tasks += [partial(self._registration, "coreneuron", every), self._coreneuron_extras]
            tasks.insert(0, self._kernel)  # takes longest
        for kind in ("neuron", "coreneuron", "kernel"):
            (self.directory / kind).mkdir(parents=True, exist_ok=True)
        self._all(tasks, advance)
        self._link_neuron()
        if self.variant.coreneuron:
            self._link_coreneuron()
        advance()

    def n_steps(self) -> int:
        """Return how many times `run` calls `advance`."""
        n_mods = len(list(MOD_DIRECTORY.glob("*.mod")))
        if not self.variant.coreneuron:
            return n_mods + 2
        n_own = len(list((self.root / "share" / "modfile").glob("*.mod")))
        return 2 * n_mods + n_own + 5

    # NEURON -----------------------------------------------------------------------------------------------

    def _neuron_flags(self) -> list[str]:
        makefile = self.root / "bin" / "nrnmech_makefile"
        include = self.root / "include"
        flags = [*_makefile_flags(makefile, "CXXFLAGS"), *_makefile_flags(makefile, "CXXCOMPILE")]
        flags = [flag for flag in flags if flag.startswith(("-D", "-std"))]
        # beside CoreNEURON and the kernel, NEURON itself is for comparison
        level = "-O1" if self.variant.coreneuron else "-O2"
        return [level, "-fPIC", *flags, f"-I{MOD_DIRECTORY}", f"-I{include}", f"-I{include / 'nrncvode'}"]

    def _neuron_object(self, mod: Path) -> None:
        out = self.directory / "neuron"
        env = _translator_environment(self.root)
        env["MODLUNIT"] = str(self.root / "share" / "nrn" / "lib" / "nrnunits.lib")
        _run([str(self.root / "bin" / "nocmodl"), "-o", str(out), mod.name], self.log, mod.parent, env)
        self._compile(out / f"{mod.stem}.cpp", self._neuron_flags())

    def _link_neuron(self) -> None:
        objects = sorted(str(path) for path in (self.directory / "neuron").glob("*.o"))
        self._link("libnrnmech.so", objects, [f"-L{self.root / 'lib'}", "-lnrniv"])

    # CoreNEURON -------------------------------------------------------------------------------------------

    def _coreneuron_flags(self) -> list[str]:
        makefile = self.root / "share" / "coreneuron" / "nrnivmodl_core_makefile"
        include = self.root / "include"
        return [
            *_makefile_flags(makefile, "CXXFLAGS"),
            "-fPIC",
            f"-I{include / 'coreneuron' / 'utils' / 'randoms'}",
            f"-I{include}",
        ]

    def _coreneuron_object(self, mod: Path) -> None:
        out = self.directory / "coreneuron"
        env = _translator_environment(self.root)
        nmodl = [str(self.root / "bin" / "nmodl"), str(mod), "-o", str(out), "host", "--c", "passes", "--inline"]
        _run(nmodl, self.log, mod.parent, env)
        own = mod.parent == MOD_DIRECTORY
        # of NEURON's, which must be there, a run has none but the clamps of biases
        flags = [*self._coreneuron_flags(), *(self.variant.flags if own else ("-O1",))]
        if self.variant.fast_sources and own:
            flags += ["-include", str(NATIVE_DIRECTORY / "vector_math.hpp")]
        self._compile(out / f"{mod.stem}.cpp", flags)

    def _coreneuron_extras(self) -> None:
        out = self.directory / "coreneuron"
        flags = self._coreneuron_flags()
        engine = self.root / "share" / "coreneuron" / "enginemech.cpp"
        self._compile(engine, ["-O2", "-DADDITIONAL_MECHS", *flags], out / "enginemech.o")
        archive = self.root / "lib" / "libcoreneuron-core.a"
        (out / "core").mkdir(exist_ok=True)
        _run(["ar", "x", str(archive)], self.log, out / "core")
        if self.variant.fast_sources:
            stock = out / "core" / "solve_core.cpp.o"
            if not stock.exists():
                raise CompilationError(f"{archive} has no member {stock.name}: the tree solver cannot be replaced.")
            stock.unlink()
            self._compile(NATIVE_DIRECTORY / "tree_solver.cpp", [*flags, *self.variant.flags], out / "tree_solver.o")

    def _link_coreneuron(self) -> None:
        out = self.directory / "coreneuron"
        objects = sorted(str(path) for path in [*out.glob("*.o"), *(out / "core").glob("*.o")])
        libraries = [f"-L{self.root / 'lib'}", "-fopenmp", "-ldl"]
        self._link("libcorenrnmech.so", objects, libraries)

    # the kernel -------------------------------------------------------------------------------------------

    def _kernel(self) -> None:
        """Translate the kinetics and compile the kernel around them."""
        from .kernel.kinetics import kinetics_source, read_mechanism

        out = self.directory / "kernel"
        mechanisms = [read_mechanism(MOD_DIRECTORY / f"{name}.mod") for name in KERNEL_MECHANISMS]
        (out / "kinetics.hpp").write_text(kinetics_source(mechanisms), encoding="utf-8")
        flags = ["-std=c++17", "-fPIC", f"-I{out}", f"-I{NATIVE_DIRECTORY}", *self.variant.kernel_flags]
        self._compile(NATIVE_DIRECTORY / "kernel.cpp", flags, out / "kernel.o")
        self._link(KERNEL_LIBRARY, [str(out / "kernel.o")], [])

    # both -------------------------------------------------------------------------------------------------

    def _registration(self, kind: str, mods: Sequence[Path]) -> None:
        """Write and compile the function that makes every mechanism known to the simulator."""
        names = [mod.stem for mod in mods]
        if kind == "neuron":
            lines = [f'extern "C" void _{name}_reg(void);' for name in names]
            lines += ['extern "C" void modl_reg() {', *(f"    _{name}_reg();" for name in names), "}"]
            flags = ["-O2", "-fPIC"]
        else:
            lines = ["namespace coreneuron {", *(f"extern int _{name}_reg(void);" for name in names)]
            lines += ["void modl_reg() {", *(f"    _{name}_reg();" for name in names), "}", "}"]
            flags = self._coreneuron_flags()
        source = self.directory / kind / "registration.cpp"
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._compile(source, flags)

    def _compile(self, source: Path, flags: Sequence[str], target: Path | None = None) -> None:
        target = target or source.with_suffix(".o")
        _run([*shlex.split(self.compiler), *flags, "-c", str(source), "-o", str(target)], self.log, self.directory)

    def _link(self, name: str, objects: Sequence[str], libraries: Sequence[str]) -> None:
        # without -ffast-math: linked with it, the library would switch denormals off in the whole process
        # not as -Wl,...: that ends at a comma in the name of a folder
        rpath = ["-Xlinker", "-rpath", "-Xlinker", str(self.root / "lib")]
        command = [*shlex.split(self.compiler), "-shared", "-fPIC", "-o", str(self.directory / name)]
        _run([*command, *objects, *libraries, *rpath], self.log, self.directory)
