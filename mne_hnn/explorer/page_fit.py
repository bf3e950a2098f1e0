"""A fit on the page: choose what is free, start it, see it converge, stop it, take what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._value import replace
from ..errors import ParameterError
from ..fit import Explanations, FitResult
from .drawing import as_image
from .fit_choices import Choices
from .fit_pictures import draw_fit
from .fitting import FitJob, FitProgress
from .lane import Lane
from .rows import as_number
from .spans import time_spans
from .state import ExploreState

if TYPE_CHECKING:
    from .page import Page

__all__ = ["FIT_START", "METHODS", "TAB", "FitDesk"]

TAB = "fit"
METHODS = {
    "cobyla": "Few numbers, near the sliders (COBYLA)",
    "cma": "Many numbers, widely (CMA-ES)",
    "spiking": "Explain: find drives, cells fire (minutes)",
    "silent": "Explain: find drives, no cell fires",
    "evoked": "Explain: find drives, compare both (minutes)",
}
"""How a fit searches, in words: around the drives that there are, or for drives."""
_FINDING = ("spiking", "silent", "evoked")
MOST_NETWORKS = 100_000

FIT_START: dict[str, Any] = {
    "fit_method": "cobyla",
    "fit_methods": [{"title": words, "value": method} for method, words in METHODS.items()],
    "fit_budget": "60",
    "fit_columns": True,
    "fit_rows": [],
    "fit_count": 0,
    "fit_finds": False,
    "fit_running": False,
    "fit_words": "",
    "fit_has": False,
    "fit_explanations": [],
    "fit_sentences": [],
}


class FitDesk:
    """The fit of the page.

    Parameters
    ----------
    page : Page
        The page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.job: FitJob | None = None
        self._choices: Choices | None = None
        self._place: Any = None
        self._begun: Any = None
        self._lane = Lane("fit-pictures")

    @property
    def found(self) -> FitResult | Explanations | None:
        """What the last fit found, once it is done."""
        if self.job is None:
            return None
        return self.job.explanations or self.job.result

    # -- what is free ----------------------------------------------------------------------------

    def follow(self, state: ExploreState) -> None:
        """Show what can be free in a state, if the fit is looked at."""
        if self.page.data.tab != TAB:
            return
        kept = None if self._choices is None or not self._choices.parameters else self._choices.chosen
        self._show(Choices.of(state, kept))

    def _show(self, choices: Choices) -> None:
        self._choices = choices
        rows = choices.plain(self.page.session.state.network)
        self.page.data.update({"fit_rows": rows, "fit_count": len(choices.free)})

    def choose_kind(self, drive: str, kind: str, free: Any) -> None:
        """Let all numbers of a kind of a drive be free, or none."""
        if self._choices is not None:
            self._show(self._choices.with_kind(drive, kind, free=bool(free)))

    def choose_one(self, path: str, free: Any) -> None:
        """Let one number be free, or not."""
        if self._choices is not None:
            self._show(self._choices.with_one(path, free=bool(free)))

    def choose_method(self, method: str) -> None:
        """Choose how it searches."""
        self.page.data.update({"fit_method": method, "fit_finds": method in _FINDING})

    # -- the fit ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a fit where the sliders are."""
        self.page.attempt(self._start)

    def _start(self) -> None:
        page, data = self.page, self.page.data
        if self.job is not None and self.job.running:
            raise ParameterError("A fit is running: stop it first.")
        answer, state = page.session.answer, page.session.state
        finds = data.fit_method in _FINDING
        if data.fit_columns:
            state = replace(state, columns=None)
        elif state.columns is None and answer is not None and answer.columns > 0:
            state = replace(state, columns=answer.columns)
        arguments: dict[str, Any] = {"kind": data.fit_method}
        if not finds:
            free = () if self._choices is None else self._choices.free
            budget = as_number(data.fit_budget, "Networks to try")
            arguments = {
                "parameters": free,
                "budget": round(min(max(budget, 1.0), MOST_NETWORKS)),
                "optimizer": data.fit_method,
            }
        self._place, self._begun = page.session.place, None if answer is None else answer.dipole
        self.job = FitJob(state, on_progress=self._heard, on_end=self._heard, **arguments)
        page.forget_images(TAB)
        data.update({"fit_running": True, "fit_has": False, "fit_explanations": [], "fit_sentences": []})
        data.fit_words = "The fit has begun ..."

    def stop(self) -> None:
        """End the fit; what it has so far can be taken."""
        if self.job is not None:
            self.job.stop()

    def take(self, index: int = 0) -> None:
        """Take what the fit has found, or its best so far, into the sliders: one change."""
        job = self.job
        found = None if job is None else job.found(int(index))
        if job is None or found is None:
            self.page.attempt(_refuse)
            return
        session, place = self.page.session, self._place
        fit = job.result if job.explanations is None else job.explanations[index].fit
        if fit is not None:
            session.spans[found.network.digest] = time_spans(fit.estimates)
        if self.page.attempt(lambda: session.change(found, place=place)):
            self.page.refresh()

    def close(self) -> None:
        """End the fit for good."""
        self._lane.close()
        if self.job is not None:
            self.job.stop()

    def leave(self) -> None:
        """Forget the fit: another session is shown."""
        if self.job is not None:
            self.job.stop()
        self.job, self._choices = None, None
        self.page.data.update({name: FIT_START[name] for name in _OF_JOB})

    # -- what it says ----------------------------------------------------------------------------

    def _heard(self, progress: FitProgress) -> None:
        """Take how far the fit is, in its thread."""
        job = self.job
        self.page.later(self._tell, progress)
        if job is not None:
            self._lane.ask(lambda: self._draw(job))

    def _draw(self, job: FitJob) -> None:
        """Draw how far it is, in the thread of pictures."""
        target = job.state.target
        if target is None or job is not self.job:
            return
        image = as_image(
            draw_fit(job.progress, target, start=self._begun, best=job.best, explanations=job.explanations)
        )
        self.page.later(lambda: self.page.put_image(TAB, image) if job is self.job else None)

    def _tell(self, progress: FitProgress) -> None:
        job = self.job
        if job is None:
            return
        data = self.page.data
        running = job.running and progress.status == "running"
        data.update(
            {"fit_running": running, "fit_words": words(progress, job.result), "fit_has": job.found() is not None}
        )
        found = job.explanations
        if found is not None:
            data.fit_explanations = [
                {
                    "title": f"{number}. {_drives(item.sequence)}: R² {item.r_squared:.2f}, "
                    f"{item.columns:,.0f} columns",
                    "index": number - 1,
                    "refused": "" if item.admissible else " ".join(item.refusals),
                }
                for number, item in enumerate(found, 1)
            ]
            data.fit_sentences = found.sentences()


_OF_JOB = ("fit_running", "fit_has", "fit_words", "fit_explanations", "fit_sentences", "fit_rows", "fit_count")


def _refuse() -> None:
    raise ParameterError("There is nothing to take yet: wait until the fit has tried a network.")


def _drives(sequence: Any) -> str:
    return ", ".join(f"{place} {time:.0f} ms" for place, time in sequence) or "no evoked drive"


def words(progress: FitProgress, result: FitResult | None = None) -> str:
    """Return how far a fit is, in words; with its result also how it does in trials that it has not seen."""
    said = {"running": "Running", "done": "Done", "stopped": "Stopped", "failed": "Failed"}[progress.status]
    if progress.status == "failed":
        return f"{said}: {progress.message}"
    of = "" if progress.budget is None else f" of {progress.budget}"
    best = "" if progress.r_squared is None else f", R² {progress.r_squared:.3f}"
    fresh = ""
    if result is not None:
        fresh = f" In {result.simulation.n_trials} fresh trials R² is {result.r_squared:.3f}."
    return f"{said}: {progress.tried}{of} networks tried{best}, {progress.seconds:.0f} s.{fresh}"
