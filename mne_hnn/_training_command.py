"""The command ``mne-hnn train-posterior``: its words, and what it does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from math import isfinite
from pathlib import Path

from ._arguments import jobs
from .errors import ParameterError

__all__ = ["DESCRIPTION", "add_training", "train"]

DESCRIPTION = (
    "Train an estimator of posteriors for the column, the prior, the window and the sides of the drives of an "
    "explanation, so that a posterior takes seconds afterwards: simulate networks of the prior, learn what they give "
    "on average, learn which circuits go with which response, and judge it by truths that it never saw. What was "
    "simulated and learned is kept in a folder: the same command goes on where it was stopped."
)
_COUNTS = {
    "networks": "networks to simulate where cells fire (8000)",
    "twins": "networks of which two trials tell chance from what is not known (512)",
    "pool": "circuits to learn from (60000)",
    "steps": "steps of learning (12000)",
    "truths": "truths to judge it by (200)",
    "truth-trials": "trials of each truth where cells fire (20)",
    "seed": "equal ones give equal estimators (0)",
}


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    parser.add_argument("explanations", type=Path, metavar="FILE", help="explanations of a response (.npz)")
    parser.add_argument("estimator", type=Path, metavar="NEW", help="the file to write: .npz")
    parser.add_argument("--which", type=int, default=1, metavar="N", help="which of the explanations (1, the first)")
    parser.add_argument("--folder", type=Path, help="where work is kept (NEW without .npz, and -training)")
    for name, what in _COUNTS.items():
        parser.add_argument(f"--{name}", type=int, default=None, metavar="N", help=what)
    parser.add_argument("--n-jobs", type=jobs, default=1, help="processes to use, -1 for all cores")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def train(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Train an estimator, save it, and say how far it is to be trusted."""
    from mne.utils import use_log_level

    from ._files import new_file
    from .fit import read_explanations
    from .inference import TrainingSettings, train_posterior

    file = new_file(options.estimator, options.force)
    explanations = read_explanations(options.explanations)
    if not 1 <= options.which <= len(explanations):
        raise ParameterError(f"--which must be from 1 to {len(explanations)}, got {options.which}.")
    names = [name.replace("-", "_") for name in _COUNTS]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    folder = file.with_name(f"{file.stem}-training") if options.folder is None else options.folder

    def tell(n: int, loss: float) -> None:
        """Show how many networks or steps are done."""
        sys.stderr.write(f"\r{n}{f' (loss {loss:.2f})' if isfinite(loss) else ''}   ")

    with use_log_level("warning"):
        estimator = train_posterior(
            explanations[options.which - 1],
            TrainingSettings(**given),
            folder=folder,
            n_jobs=options.n_jobs,
            progress=tell,
        )
    sys.stderr.write("\n")
    estimator.save(file, overwrite=options.force)
    for sentence in estimator.sentences():
        say(sentence)
    say(f"Estimator: {file.resolve()}")
