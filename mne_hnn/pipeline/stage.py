"""What a stage is: the options and files it reads, the files it writes, and one function between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from mne.utils import use_log_level

from .._code import STAGE_FOLDERS, source_digest
from .facts import Facts
from .options import Options

__all__ = ["AnyStage", "Stage", "Work"]

_Options = TypeVar("_Options", bound=Options)
_Facts = TypeVar("_Facts", bound=Facts)


@dataclass(frozen=True, kw_only=True)
class Work(Generic[_Options]):
    """What a stage's function is given for one subject.

    Attributes
    ----------
    subject : str
        The subject.
    options : Options
        The options that the stage reads, and no others, of its class.
    inputs : mapping of str to dict of str to Path
        Files of the earlier stages it reads: stage, then name.
    folder : Path
        Where to write; it becomes the stage's folder when all outputs are there.
    outputs : mapping of str to str
        File name per output.
    n_jobs : int
        Processes.
    quiet : bool
        Whether to show no progress: the work is one of many.
    """

    subject: str
    options: _Options
    inputs: Mapping[str, Mapping[str, Path]]
    folder: Path
    outputs: Mapping[str, str]
    n_jobs: int
    quiet: bool = False

    @property
    def mne_jobs(self) -> int:
        """Processes that MNE may use: one in a worker, as its own processes would outlive the work there."""
        return 1 if self.quiet else self.n_jobs

    def progress(self) -> AbstractContextManager[Any]:
        """Return a context in which progress bars are shown, for what takes long."""
        shown: AbstractContextManager[Any] = nullcontext() if self.quiet else use_log_level("info")
        return shown

    def path(self, output: str) -> Path:
        """Return where to write an output."""
        return self.folder / self.outputs[output]


@dataclass(frozen=True, kw_only=True)
class Stage(Generic[_Options, _Facts]):
    """One step of the analysis.

    Attributes
    ----------
    name : str
        Its name on the command line.
    title : str
        What it does, for progress and help.
    options : type of Options
        Class of the options it reads.
    facts : type of Facts
        Class of what it notes of its result.
    files : callable
        Given the options, yields every file that the stage will read besides its inputs: their content counts.
    after : tuple of str
        Earlier stages whose outputs it reads.
    outputs : mapping of str to str
        What it writes: name to file name.
    run : callable
        Does it; returns the facts for the sidecar.
    asked : callable
        Given the options of the analysis, says whether it is done at all; a stage that is not is left out, and those
        after it do without its files.
    foresee : callable
        Given the options of the analysis, the subject and the outputs of the stages that are complete, refuses what
        the stage could not do; called before each earlier stage that runs, so that nothing is simulated in vain.
    folders : tuple of str
        Further folders of the package whose code makes its result.
    simulates : bool
        Whether NEURON runs in it, so that its compiled mechanisms count.
    revision : int
        Raised when the stage's results change for the same options and inputs.
    """

    name: str
    title: str
    options: type[_Options]
    facts: type[_Facts]
    run: Callable[[Work[_Options]], _Facts]
    outputs: Mapping[str, str]
    files: Callable[[_Options], Iterable[Path]] = lambda _options: ()
    after: tuple[str, ...] = ()
    asked: Callable[[Any], bool] = lambda _config: True
    foresee: Callable[[Any, str, Mapping[str, Mapping[str, Path]]], None] = lambda _config, _subject, _outputs: None
    folders: tuple[str, ...] = ()
    simulates: bool = False
    revision: int = field(default=1)

    @property
    def code(self) -> str:
        """Digest of the source files that make its result: of simulations, stages, its own folder and others."""
        package, _, rest = self.run.__module__.partition(".")
        own = {rest.partition(".")[0]} if package == __package__.partition(".")[0] else set()
        return source_digest(*sorted({*STAGE_FOLDERS, *self.folders, *own}))


AnyStage: TypeAlias = Stage[Any, Any]
"""A stage whose options and facts are its own business."""
