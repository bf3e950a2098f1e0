"""What a stage is: the options and files it reads, the files it writes, and one function between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mne.utils import use_log_level

from .._code import STAGE_FOLDERS, source_digest

__all__ = ["Stage", "Work"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a stage's function is given for one subject.

    Attributes
    ----------
    subject : str
        The subject.
    options : SimpleNamespace
        The options that the stage reads, and no others.
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
    options: SimpleNamespace
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
class Stage:
    """One step of the analysis.

    Attributes
    ----------
    name : str
        Its name on the command line.
    title : str
        What it does, for progress and help.
    options : tuple of str
        Options it reads.
    files : callable
        Given the options, yields every file that the stage will read besides its inputs: their content counts.
    after : tuple of str
        Earlier stages whose outputs it reads.
    outputs : mapping of str to str
        What it writes: name to file name.
    run : callable
        Does it; returns facts for the sidecar.
    simulates : bool
        Whether NEURON runs in it, so that its compiled mechanisms count.
    revision : int
        Raised when the stage's results change for the same options and inputs.
    """

    name: str
    title: str
    options: tuple[str, ...]
    run: Callable[[Work], Mapping[str, Any]]
    outputs: Mapping[str, str]
    files: Callable[[SimpleNamespace], Iterable[Path]] = lambda _options: ()
    after: tuple[str, ...] = ()
    simulates: bool = False
    revision: int = field(default=1)

    @property
    def code(self) -> str:
        """Digest of the source files that make its result: of simulations, of the stages, and of its own folder."""
        package, _, rest = self.run.__module__.partition(".")
        own = {rest.partition(".")[0]} if package == __package__.partition(".")[0] else set()
        return source_digest(*sorted({*STAGE_FOLDERS, *own}))
