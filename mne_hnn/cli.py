"""The command line: ``mne-hnn demo | compile | sys-info``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__
from .errors import MneHnnError, ParameterError

_DESCRIPTION = "From MEG/EEG source estimates to the cortical circuit that could have made them."
_EPILOG = "Every command explains itself with --help. Errors end with exit code 1, wrong usage with 2."


def _mesh(text: str) -> tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a mesh: write columns x rows, for example 10x10")
    return int(parts[0]), int(parts[1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mne-hnn", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"mne-hnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="simulate an evoked response and draw it",
        description="Simulate a somatosensory evoked response (proximal, distal and late proximal drive) in the full "
        "cortical column, and save its figure, dipole and spikes.",
    )
    demo.add_argument("--output", type=Path, default=Path("mne_hnn_demo"), help="folder for the results (%(default)s)")
    demo.add_argument("--mesh", type=_mesh, default=(10, 10), help="pyramidal cells per layer, e.g. 3x3 (10x10)")
    demo.add_argument("--n-trials", type=int, default=2, help="number of trials (%(default)s)")
    demo.add_argument("--n-jobs", type=int, default=2, help="processes to use, -1 for all cores (%(default)s)")
    demo.add_argument("--overwrite", action="store_true", help="replace the results of an earlier run")

    build = commands.add_parser(
        "compile",
        help="compile the mechanisms now rather than on first use",
        description="Compile the membrane and synapse mechanisms for this machine, into the user's cache.",
    )
    build.add_argument("--force", action="store_true", help="compile again even if this was done before")
    build.add_argument(
        "--variant",
        choices=("vector", "portable", "neuron"),
        help="vector: this processor's vector instructions; portable: plain CoreNEURON; neuron: without CoreNEURON "
        "(default: the fastest that compiles)",
    )

    commands.add_parser(
        "sys-info",
        help="show versions, compiler and the compiled mechanisms",
        description="Show what a bug report needs: versions, processor, compiler, and where the mechanisms are.",
    )
    return parser


def _demo(options: argparse.Namespace) -> None:
    from .network import jones_2009, with_erp_drives
    from .simulate import simulate

    names = ("evoked_response.png", "evoked_response_dipole-ave.fif", "evoked_response_spikes.tsv")
    folder: Path = options.output
    there = [name for name in names if (folder / name).exists()]
    if there and not options.overwrite:
        raise ParameterError(
            f"{folder / there[0]} exists already: add --overwrite, or name another folder with --output."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(f"The folder {folder} cannot be made: {error.strerror}.") from error

    import matplotlib as mpl

    mpl.use("agg")
    network = with_erp_drives(jones_2009(mesh_shape=options.mesh))
    simulation = simulate(network, tstop=170.0, n_trials=options.n_trials, n_jobs=options.n_jobs)
    from .viz import plot_simulation

    # about 3000 columns of 100 pyramidal cells per layer, as in the published somatosensory fits
    columns = 3000 * 100 / (options.mesh[0] * options.mesh[1])
    figure = plot_simulation(simulation, window_ms=30.0, scale=columns, show=False)
    figure.savefig(folder / names[0], dpi=200)
    simulation.dipole.save(folder / names[1], overwrite=True, verbose="error")
    simulation.spikes.write_tsv(folder / names[2])
    _say(f"Figure: {folder / names[0]}\nDipole: {folder / names[1]}\nSpikes: {folder / names[2]}")


def _compile(options: argparse.Namespace) -> None:
    from .simulate.library import mechanism_library

    library = mechanism_library(variant=options.variant, force=options.force)
    _say(f"Mechanisms ({library.variant}): {library.directory}")


def _sys_info(_options: argparse.Namespace) -> None:
    from .simulate.info import sys_info

    _say(sys_info())


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str | None
        The words after ``mne-hnn``; None takes them from the process.

    Returns
    -------
    code : int
        0, or 1 after an error that was reported in one sentence.
    """
    options = _parser().parse_args(arguments)
    run = {"demo": _demo, "compile": _compile, "sys-info": _sys_info}[options.command]
    try:
        run(options)
    except MneHnnError as error:
        sys.stderr.write(f"mne-hnn: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("mne-hnn: stopped.\n")
        return 130
    return 0
