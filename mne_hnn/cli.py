"""The command line: ``mne-hnn init | run | demo | explore | convert | train-posterior | rerun | options | ...``."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__
from ._arguments import Parser, change, jobs, port
from ._names import EXECUTORS, MODEL_FORMATS, MODEL_SUFFIXES, SECTIONS, STEPS, VARIANTS
from ._training_command import DESCRIPTION, add_training, train
from .errors import ConfigError, MneHnnError, ParameterError, StageError

if TYPE_CHECKING:
    from .group import GroupConfig

_DESCRIPTION = "From MEG/EEG source estimates to the cortical circuit that could have made them."
_EPILOG = "Every command explains itself with --help. Errors end with exit code 1, wrong usage with 2."


def _add_execution(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", nargs="+", metavar="STEP", help=f"run these only, of: {', '.join(STEPS)}")
    parser.add_argument("--n-jobs", type=jobs, default=None, help="processes to use, -1 for all cores")
    parser.add_argument(
        "--output",
        type=Path,
        help="folder for the results (mne_hnn_results/NAME; of a data set, derivatives/mne-hnn inside it)",
    )
    parser.add_argument("--force", action="store_true", help="run the steps even if they are up to date")
    parser.add_argument(
        "--set",
        dest="changes",
        type=change,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change an option of the analysis for this run; may be given several times",
    )
    parser.add_argument("--verbose", action="store_true", help="show everything that MNE says")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config",
        type=Path,
        metavar="CONFIG",
        help="the Python file that describes the analysis; or a column to simulate: a parameter or network file of HNN "
        "(.param, .json), or a network, simulation or fit of ours",
    )
    parser.add_argument("--subject", nargs="+", metavar="SUBJECT", help="these only (all of the analysis)")
    _add_execution(parser)
    parser.add_argument("--executor", choices=EXECUTORS, help=f"where the jobs of a data set run ({EXECUTORS[0]})")
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="address or scheduler file of Dask (starts workers on this machine)"
    )


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, default=Path("analysis.py"), metavar="FILE", help="(analysis.py)")
    parser.add_argument("--data", metavar="PATH", help="the recording: raw data, epochs or an average")
    parser.add_argument("--bids-root", metavar="FOLDER", help="a data set in BIDS form, instead of a recording")
    parser.add_argument("--target", metavar="PATH", help="a source time course of other software, instead of data")
    parser.add_argument("--subject", nargs="+", metavar="SUBJECT", default=(), help="subjects to analyse")
    parser.add_argument("--task", nargs="+", metavar="TASK", default=(), help="tasks of the data set")
    parser.add_argument(
        "--condition", nargs="+", metavar="CONDITION", default=(), help="conditions of the data set; events to average"
    )
    parser.add_argument("--label", metavar="LABEL", help="where the response comes from, such as postcentral-rh")


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="FILE", help="parameters or network of HNN; ours, or a fit")
    parser.add_argument("target", type=Path, metavar="NEW", help="the file to write: .json, or .param for parameters")
    parser.add_argument(
        "--format",
        choices=MODEL_FORMATS,
        help="hnn: a network file that HNN opens; hnn-params: parameters of HNN; mne-hnn: a network of ours "
        "(parameters for .param; else hnn, or mne-hnn for a network file of HNN)",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def _add_explore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="a target, a dipole, a network or parameter file (ours or of HNN), a fit, or results (default: the demo)",
    )
    parser.add_argument("--port", type=port, default=0, help="where the page is on this machine (any free port)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")


def _add_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sidecar", type=Path, metavar="SIDECAR", help="the JSON file beside a result")
    parser.add_argument("--n-jobs", type=jobs, default=1, help="processes to use, -1 for all cores")


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "section", nargs="?", choices=SECTIONS, metavar="STAGE", help=f"of: {', '.join(SECTIONS)} (default: all)"
    )


def _add_compile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="compile again even if this was done before")
    parser.add_argument(
        "--variant",
        choices=VARIANTS,
        help="vector: this processor's vector instructions; portable: plain CoreNEURON; neuron: without CoreNEURON "
        "(default: the fastest that compiles)",
    )


def _add_nothing(_parser: argparse.ArgumentParser) -> None:
    """Leave a command without options of its own."""


def _run(options: argparse.Namespace) -> None:
    if options.config.suffix in MODEL_SUFFIXES:
        _simulate(options)
    else:
        _analyse(options, options.config, options.subject)


def _simulate(options: argparse.Namespace) -> None:
    import matplotlib as mpl
    from mne.utils import use_log_level

    mpl.use("agg")
    from .pipeline import run_model

    for name in ("steps", "subject", "executor", "scheduler"):
        if getattr(options, name) is not None:
            raise ConfigError(f"--{name} is for an analysis; {options.config} holds a column, which is simulated.")
    with use_log_level("info"):
        run = run_model(
            options.config,
            dict(options.changes),
            output=options.output,
            n_jobs=1 if options.n_jobs is None else options.n_jobs,
            overwrite=options.force,
        )
    _say(run.summary)
    _say(f"Figure: {run.figure.resolve()}")
    _say(f"Results: {run.folder.resolve()}")


def _convert(options: argparse.Namespace) -> None:
    from .pipeline import convert_model

    if Path(options.target).expanduser().exists() and not options.force:
        raise ParameterError(f"{options.target} exists: choose another name, or replace it (--force).")
    model = convert_model(options.source, options.target, options.format, overwrite=options.force)
    _say(f"{options.target}: the column of {model.path} ({model.kind})")


def _init(options: argparse.Namespace) -> None:
    from .pipeline.starting import OwnData, write_analysis

    named = {"data": options.data, "bids_root": options.bids_root, "target": options.target, "label": options.label}
    both = [f"--{name.replace('_', '-')}" for name in ("data", "bids_root", "target") if named[name] is not None]
    if len(both) > 1:
        of = "a recording or of a data set" if options.target is None else "a recording, a data set or a target"
        raise ConfigError(f"{' and '.join(both[:2])} are both given: an analysis is of {of}.")
    if options.target is not None and options.label is not None:
        raise ConfigError("--label is of a recording: a target that is read from a file has its source already.")
    given = {name: value for name, value in named.items() if value is not None}
    own = OwnData(subjects=options.subject, tasks=options.task, conditions=options.condition, **given)
    file = write_analysis(options.file, own)
    _say(f"{file}: edit it, then mne-hnn run {file}")


def _explore(options: argparse.Namespace) -> None:
    from mne.utils import use_log_level

    from .explorer.entry import explore_file

    _say("Opening the demo ..." if options.file is None else f"Opening {options.file} ...")
    with use_log_level("warning"):
        explore_file(options.file, port=options.port, browser=not options.no_browser, tell=_say)


def _demo(options: argparse.Namespace) -> None:
    # installed beside the package; in a checkout, where it is edited
    places = [folder / "pipelines" / "median_nerve.py" for folder in (Path(__file__).parent, Path(__file__).parents[1])]
    _analyse(options, next((place for place in places if place.exists()), places[0]), None)


def _analyse(options: argparse.Namespace, file: Path, subjects: Sequence[str] | None) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from .group import GroupConfig, read_config
    from .pipeline import run_pipeline

    changes = dict(options.changes)
    if options.output is not None:
        changes["output"] = options.output
    config = read_config(file, changes)
    if isinstance(config, GroupConfig):
        _analyse_group(options, config, subjects)
        return
    for name in ("executor", "scheduler"):
        if getattr(options, name, None) is not None:
            raise ConfigError(f"--{name} is for the analysis of a data set (bids_root); {file} is of one recording.")
    results = run_pipeline(
        config,
        subjects=subjects,
        steps=options.steps,
        n_jobs=options.n_jobs,
        force=options.force,
        verbose="info" if options.verbose else "warning",
    )
    for result in results:
        _say(f"Report: {result.report.resolve()}" if result.report else f"Results: {result.folder.resolve()}")


def _analyse_group(options: argparse.Namespace, config: GroupConfig, subjects: Sequence[str] | None) -> None:
    from mne.utils import use_log_level

    from .group import run_group

    for name, given in (("--steps", options.steps), ("--force", options.force)):
        if given:
            raise ConfigError(
                f"{name} is for the analysis of one recording: in a data set, what is out of date is found and run. "
                "Delete the folder of a job in work/ to run it again."
            )
    with use_log_level("info"):
        result = run_group(
            config, subjects=subjects, n_jobs=options.n_jobs, executor=options.executor, scheduler=options.scheduler
        )
    for job in result.failed:
        who = " ".join(filter(None, [f"sub-{job['subject']}", job["session"], job["task"], job["condition"]]))
        sys.stderr.write(f"mne-hnn: {who} failed at step {job['step']!r}: {job['error']}\n")
    for report in result.reports:
        _say(f"Report: {report}")
    if not result.reports:
        _say(f"Results: {result.output}")
    if result.jobs and len(result.failed) == len(result.jobs):
        raise StageError("All jobs failed: the report says where and why.")


def _rerun(options: argparse.Namespace) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from .group import rerun

    done = rerun(options.sidecar, n_jobs=options.n_jobs)
    _say(str(done))
    if not done.agrees:
        raise StageError(f"The bytes of {', '.join(done.different)} differ from those in {done.sidecar.parent}.")


def _compile(options: argparse.Namespace) -> None:
    from .simulate.library import working_library

    library = working_library(variant=options.variant, force=options.force)
    _say(f"Mechanisms ({library.variant}): {library.directory}")


def _sys_info(_options: argparse.Namespace) -> None:
    from .simulate.info import sys_info

    _say(sys_info())


def _options(options: argparse.Namespace) -> None:
    from .group.listing import listed_options

    _say(listed_options(options.section))


def _say(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
    except UnicodeEncodeError as error:  # a folder's name that this terminal has no letters for
        sys.stdout.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding) + "\n")


@dataclass(frozen=True, kw_only=True)
class _Command:
    """A command: its line in the help, what it explains itself with, its options, and what it does."""

    help: str
    description: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


_COMMANDS: Mapping[str, _Command] = {
    "init": _Command(
        help="write a commented file for an analysis of your own data",
        description="Write a Python file that describes an analysis, with a comment to each choice, to be edited and "
        "run by mne-hnn run. A file that is there already is left alone.",
        add=_add_init,
        run=_init,
    ),
    "run": _Command(
        help="run an analysis, from MEG/EEG data to the column and a report; or simulate a file of HNN",
        description="Run an analysis that a Python file of named values describes, such as pipelines/median_nerve.py: "
        "load and average the response, make the inverse, turn a label's response into a target dipole, simulate the "
        "column, fit its drives, predict the sensors, write a report. A file that sets bids_root, such as "
        "pipelines/bids_group.py, describes the analysis of a whole data set: subjects and conditions side by side, "
        "then the report of the group. One that sets target_file begins with a source time course of other software, "
        "without sensors. What is up to date is not run again. A file that holds a column (.param, .json, .npz) is "
        "simulated as it says, with a figure: --set n_trials, tstop, dt, dipole_scale, smooth_ms or seed changes that, "
        "and --force overwrites.",
        add=_add_run,
        run=_run,
    ),
    "demo": _Command(
        help="run the median-nerve analysis on data generated here",
        description="Generate MEG data of a median-nerve experiment on this machine (no download), with a known "
        "truth, and run the whole analysis on them: response, source, target, column, fit, sensors, report.",
        add=_add_execution,
        run=_demo,
    ),
    "explore": _Command(
        help="change a column by hand, and see dipole, spikes and sensors answer",
        description="Serve a page on this machine, for one browser, and open it: drives to move, a cortex to click on, "
        "and what the simulated column answers. Ends with Ctrl+C. Files are opened and saved in the folder where it "
        "was started.",
        add=_add_explore,
        run=_explore,
    ),
    "convert": _Command(
        help="write the column of a file as another kind of file, such as one that HNN opens",
        description="Read a column from a parameter or network file of HNN, or from a network, simulation, fit or "
        "explanations of ours, and write it as a network file that HNN opens, as parameters of HNN, or as a network "
        "of ours. What a kind of file cannot hold is refused or said.",
        add=_add_convert,
        run=_convert,
    ),
    "train-posterior": _Command(
        help="train an estimator, so that a posterior takes seconds afterwards",
        description=DESCRIPTION,
        add=add_training,
        run=lambda options: train(options, _say),
    ),
    "rerun": _Command(
        help="repeat the step that made a file, and compare the bytes",
        description="Repeat the step that a sidecar (JSON) tells of, with the inputs and options it names, into a "
        "temporary folder, and say whether the bytes agree with those that are there. Inputs that changed since are "
        "named. Ends with exit code 0 if all bytes agree, 1 if not.",
        add=_add_rerun,
        run=_rerun,
    ),
    "options": _Command(
        help="list the options of an analysis, or of one of its stages",
        description="List every option that the file of an analysis, or --set, can give: its default, its unit and "
        "what it means, by the stage that reads it. 'run' are those that say on whom and how to run, 'group' those of "
        "a data set.",
        add=_add_options,
        run=_options,
    ),
    "compile": _Command(
        help="compile the mechanisms now rather than on first use",
        description="Compile the membrane and synapse mechanisms for this machine, into the user's cache.",
        add=_add_compile,
        run=_compile,
    ),
    "sys-info": _Command(
        help="show versions, compiler and the compiled mechanisms",
        description="Show what a bug report needs: versions, processor, compiler, and where the mechanisms are.",
        add=_add_nothing,
        run=_sys_info,
    ),
}


def _parser() -> tuple[Parser, dict[str, Parser]]:
    parser = Parser(prog="mne-hnn", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"mne-hnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in _COMMANDS.items():
        command.add(commands.add_parser(name, help=command.help, description=command.description, epilog=_EPILOG))
    return parser, dict(commands.choices)


def _warning_text(message: Warning | str, *_where: Any, **_options: Any) -> str:
    """Return a warning as a reader of the command line needs it: without the line of code that gave it."""
    return f"mne-hnn: warning: {message}\n"


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
    parser, commands = _parser()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0].startswith("--") and words[0] not in parser.flags():
        parser.refuse(words[:1])  # else argparse only misses the command
    options, unknown = parser.parse_known_args(words)
    if unknown:
        commands[options.command].refuse(unknown)
    formatted = warnings.formatwarning
    warnings.formatwarning = _warning_text
    try:
        _COMMANDS[options.command].run(options)
    except MneHnnError as error:
        sys.stderr.write(f"mne-hnn: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("mne-hnn: stopped. Finished steps are kept; the same command goes on from there.\n")
        return 130
    finally:
        warnings.formatwarning = formatted
    return 0
