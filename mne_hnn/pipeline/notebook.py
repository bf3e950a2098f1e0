"""One call for a notebook: from MNE's objects to explanations, their prediction at the sensors, and a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mne

from .. import viz
from .._checks import check_int, check_positive
from .._value import given_or_default
from ..errors import ParameterError
from ..fit import EvokedSettings, Explanations, fit_evoked
from ..inference import CircuitPosterior, Control
from ..network import Network, jones_2009
from ..source import Prediction, Target, best_patch, estimate_target, find_label, predict_sensors
from ..source.inverse import open_inverse
from ..source.localisation import explained_words
from ..source.patch import open_forward, read_forward
from ..source.polarity import Component, parse_polarity
from .explained import ExplainedPage
from .fitting import contributions_of
from .page import drawing, new_report
from .posterior_page import Shown, show_posteriors
from .posteriors import evidence_table

__all__ = ["ExplainOptions", "Explained", "explain"]

PEAKS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Explained:
    """What :func:`explain` found.

    Attributes
    ----------
    evoked : mne.Evoked
        The response.
    forward : mne.Forward
        The forward solution.
    target : Target
        The dipole of the label's patch, and how it was made.
    explanations : Explanations
        What may have made it, the most plausible first.
    """

    evoked: mne.Evoked
    forward: Any
    target: Target
    explanations: Explanations

    def __repr__(self) -> str:
        return f"{self.target!r}\n{self.explanations!r}"

    def predict_sensors(self, number: int = 1) -> Prediction:
        """Return what an explanation gives at the sensors.

        Parameters
        ----------
        number : int
            Which explanation, counted from 1.

        Returns
        -------
        prediction : Prediction
            Predicted and residual response, and the explained variance per channel type.

        Raises
        ------
        ParameterError
            There is no such explanation.
        """
        if check_int(number, "number", minimum=1) > len(self.explanations):
            raise ParameterError(f"number must be at most {len(self.explanations)}, the explanations, got {number}.")
        times, patch = self.target.dipole.times, self.target.patch
        assert patch is not None
        prediction: Prediction = predict_sensors(
            self.explanations[number - 1].fit.dipole, patch, self.forward, self.evoked, tmin=times[0], tmax=times[-1]
        )
        return prediction

    def report(
        self,
        title: str = "Explanations of a response",
        *,
        contributions: bool = True,
        posteriors: Sequence[CircuitPosterior] = (),
        n_jobs: int = 1,
    ) -> Any:
        """Return a report: what was found in words, all explanations, what their drives do, and the sensors.

        Parameters
        ----------
        title : str
            Its title.
        contributions : bool
            Whether to say which drive does what, by simulations with and without each drive.
        posteriors : sequence of CircuitPosterior
            Of :func:`mne_hnn.posterior`, of some of the explanations: how sure they are.
        n_jobs : int
            Processes for these simulations.

        Returns
        -------
        report : mne.Report
            To be saved with ``report.save(path)``.

        Raises
        ------
        ParameterError
            A posterior is of none of the explanations.
        """
        shown = [self._shown(one) for one in posteriors]
        report = new_report(title)
        parts = contributions_of(self.explanations, n_jobs=n_jobs) if contributions else None
        with drawing():
            page = _NotebookPage(report, self.explanations, contributions=parts)
            page.paragraph()
            page.words()
            page.measured(self)
            page.explained()
            page.first()
            page.sensors(self)
            if shown:
                rows = evidence_table([(one.number, one.found) for one in shown])
                show_posteriors(page, shown, rows, forward=open_forward(self.forward))
        return report

    def _shown(self, found: CircuitPosterior) -> Shown:
        """Return a posterior with the number of its explanation."""
        for number, item in enumerate(self.explanations, start=1):
            if isinstance(found, CircuitPosterior) and (found.regime, found.sequence) == (item.regime, item.sequence):
                sign = Control.of("opposite sign", found.polarity.difference, found.polarity.error)
                return Shown(number=number, found=found, controls=[asdict(sign)])
        raise ParameterError(
            f"posteriors must be those of mne_hnn.posterior of these explanations, got {found!r:.200}: draw it of one "
            "of them."
        )


class _NotebookPage(ExplainedPage):
    """The report of a notebook: what a subject's report has, of objects in memory."""

    def measured(self, found: Explained) -> None:
        """Show the response and the target."""
        times = _peaks(found)
        self.add(
            viz.plot_response(found.evoked, times=times, show=False),
            "Sensors",
            "Response",
            "The averaged response per channel type. Dashed lines mark the peaks of the maps below.",
        )
        self.add(viz.plot_topomaps(found.evoked, times, show=False), "Field maps", "Response", "Field at these peaks.")
        target = found.target
        patch = "" if target.localisation is None else f" The patch {explained_words(target.dipole.provenance)}."
        self.add(
            viz.plot_target(target.dipole, show=False),
            "Target dipole",
            "Target",
            f"The moment of {target.dipole.provenance['label']}; polarity: {target.polarity.rule}.{patch}",
        )

    def sensors(self, found: Explained) -> None:
        """Show what the first explanation gives at the sensors."""
        prediction = found.predict_sensors()
        predicted = prediction.predicted
        measured = found.evoked.copy().pick(predicted.ch_names).crop(predicted.times[0], predicted.times[-1])
        times = [time for time in _peaks(found) if predicted.times[0] <= time <= predicted.times[-1]]
        self.add(
            viz.plot_prediction(measured, predicted, prediction.explained, times=times, show=False),
            "Measured, predicted, residual",
            "Sensors",
            "The dipole of the first explanation on the label's patch, through the forward model. Explained variance "
            "counts all sensors and all times of the target, and so other sources and noise as well.",
        )


def _peaks(found: Explained) -> Any:
    times = found.target.dipole.times
    return viz.peak_times(found.evoked.copy().crop(times[0], times[-1]), PEAKS)


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """What :func:`explain` takes of a label and of its response.

    Parameters
    ----------
    polarity : str | int | Component | mapping
        Which way is up, as in :func:`mne_hnn.source.estimate_target`: ``{'latency': 0.04, 'points': 'down'}`` for a
        deflection whose direction is known.
    patch_radius_mm : float | None
        If given, the response is taken from the disc of this radius inside the label that explains it best, at the
        latency of `polarity` if that has one.
    window : sequence of (float | None)
        First and last time of what is explained, s; None for the end of the response.
    subjects_dir : path-like | None
        FreeSurfer's folder of subjects, for labels by name.

    Raises
    ------
    ParameterError
        A value is wrong.

    Examples
    --------
    >>> ExplainOptions(polarity={"latency": 0.040, "points": "down"}, patch_radius_mm=10.0).window
    (0.0, None)
    """

    polarity: Any = "normal"
    patch_radius_mm: float | None = None
    window: Sequence[float | None] = (0.0, None)
    subjects_dir: str | Path | None = None

    def __post_init__(self) -> None:
        parse_polarity(self.polarity)
        if not isinstance(self.window, (list, tuple)) or len(self.window) != 2:
            raise ParameterError(f"window must be two times in s, such as (0.0, 0.17), got {self.window!r}.")
        if self.patch_radius_mm is not None:
            check_positive(self.patch_radius_mm, "patch_radius_mm")


def explain(
    evoked: mne.Evoked,
    inverse: Any,
    forward: Any,
    label: Any,
    *,
    network: Network | None = None,
    options: ExplainOptions | None = None,
    settings: EvokedSettings | None = None,
    n_jobs: int = 1,
) -> Explained:
    """Explain the response of a label by the cortical column: from MNE's objects to explanations, in one call.

    Parameters
    ----------
    evoked : mne.Evoked
        The response, times in s from the stimulus.
    inverse : mne.minimum_norm.InverseOperator | path-like
        The inverse operator; the noise covariance inside it counts.
    forward : mne.Forward | path-like
        The forward solution.
    label : mne.Label | str | path-like
        Where the response comes from: a label, its file, or its name, such as ``'postcentral-rh'``.
    network : Network | None
        The column; None takes :func:`mne_hnn.network.jones_2009`.
    options : ExplainOptions | None
        Which way is up, which part of the label and of the response is taken, and where labels by name are looked up.
    settings : EvokedSettings | None
        How explanations are looked for; None takes the usual ones.
    n_jobs : int
        Processes.

    Returns
    -------
    explained : Explained
        ``target``, ``explanations``, ``predict_sensors()`` and ``report()``.

    Raises
    ------
    ParameterError, DataError
        Something is wrong or does not fit together; the sentence says what.
    SimulationError
        The column does not run.

    Examples
    --------
    >>> found = mne_hnn.explain(evoked, inverse, forward, label)  # doctest: +SKIP
    >>> found.report().save("report.html")  # doctest: +SKIP
    """
    chosen = given_or_default(options, ExplainOptions, "options")
    rule, (tmin, tmax) = parse_polarity(chosen.polarity), chosen.window
    forward, inverse = read_forward(forward), open_inverse(inverse)
    subject = forward["src"][0].get("subject_his_id")
    place = find_label(label, subject=subject, subjects_dir=chosen.subjects_dir)
    if chosen.patch_radius_mm is not None:
        place = best_patch(
            evoked,
            place,
            open_forward(forward),
            noise_cov=inverse["noise_cov"],
            radius_mm=chosen.patch_radius_mm,
            latency=rule.latency if isinstance(rule, Component) else None,
            tmin=0.0 if tmin is None else tmin,
            tmax=tmax,
        ).label
    target: Target = estimate_target(
        evoked,
        inverse,
        place,
        forward=forward,
        polarity=rule,
        tmin=evoked.times[0] if tmin is None else tmin,
        tmax=tmax,
    )
    column = jones_2009() if network is None else network
    explanations = fit_evoked(column, target.dipole, settings, n_jobs=n_jobs)
    return Explained(evoked=evoked, forward=forward, target=target, explanations=explanations)
