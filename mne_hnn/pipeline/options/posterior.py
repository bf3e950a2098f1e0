"""Options of the stage that asks how sure the explanations are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne

from ..._checks import check_bool, check_probability
from ...errors import ConfigError
from ...inference import PosteriorSettings
from ...inference.settings import FEWEST_PARTICLES
from ..checks import at_least, one_of, path_or, some_paths
from .option import Options, documented, option
from .shared import Labelled, Seeded

__all__ = ["FEWEST_NETWORKS", "USUAL_NETWORKS", "PosteriorOptions", "ShortPosteriorOptions"]

CHOICES = ("first", "rivals", "all")
_USUAL = PosteriorSettings()
USUAL_NETWORKS = _USUAL.start + _USUAL.rounds * _USUAL.batch + _USUAL.predictive
FEWEST_NETWORKS = 170
"""So that every part of the budget is as large as a posterior's settings ask for."""
OF_SENSORS = ("posterior_search", "posterior_wrong_label", "posterior_held_out")
"""What only a posterior from the sensors reads."""


def _check_held_out(value: Any, name: str) -> None:
    check_probability(value, name)
    if value > 0.5:
        raise ConfigError(f"{name} must be a share of the sensors up to 0.5, such as 1/3, got {value:g}.")


def _check_search(value: Any, name: str) -> None:
    if not isinstance(value, (bool, str, Path, mne.Label)):
        raise ConfigError(f"{name} must be True, False, a path or Label, got {type(value).__name__}.")


@dataclass(frozen=True, kw_only=True)
class Drawn(Options):
    """What is drawn, whatever the response."""

    posterior: bool = option(
        False,
        "Whether to draw from the posterior of the circuit after the fit: how sure drives, columns, sign and place "
        "are. It takes minutes for each explanation whose cells fire, and pip install 'mne-hnn[posterior]'.",
        check=check_bool,
    )
    posterior_of: str = option(
        "rivals",
        "Which explanations: 'first'; 'rivals', the first and those that fit as well; 'all'.",
        check=one_of(CHOICES),
    )
    posterior_particles: int = option(
        _USUAL.particles,
        f"Particles of each of {_USUAL.populations} populations, see :class:`mne_hnn.inference.PosteriorSettings`.",
        check=at_least(FEWEST_PARTICLES),
    )
    posterior_networks: int = option(
        USUAL_NETWORKS,
        "Networks that are simulated at most for each explanation whose cells fire: at the start, in rounds, and at "
        "the end. With few, little is learned: what they do not tell counts as noise.",
        check=at_least(FEWEST_NETWORKS),
    )
    posterior_estimator: Any = option(
        None,
        "File of an estimator that draws instead, in seconds and without a simulation, of this column, prior, window, "
        "smoothing, regime and sequence of sides: of mne-hnn train-posterior; or a list, of which each explanation "
        "takes the one that is for it. It needs pip install 'mne-hnn[sbi]'.",
        kind="path-like | sequence of path-like | None",
        convert=some_paths,
    )

    def _check(self) -> None:
        super()._check()
        if self.posterior and self.posterior_estimator is not None:
            self._refuse(("posterior_networks",), "with posterior_estimator, which simulates none")


@dataclass(frozen=True, kw_only=True)
class FromSensors(Options):
    """What is asked of the sensors."""

    posterior_sensors: bool = option(
        True,
        "Whether the response at the sensors is taken; False takes the target alone, as is needed where its units are "
        "arbitrary.",
        check=check_bool,
    )
    posterior_search: Any = option(
        True,
        "Where else the patch could be, from the sensors: True compares discs of `label`, or name a label; False "
        "looks nowhere else.",
        kind="bool | str | path-like | mne.Label",
        check=_check_search,
    )
    posterior_wrong_label: Any = option(
        None,
        "Where the response is not from, a control; None takes the same place of the other hemisphere.",
        kind="str | path-like | mne.Label | None",
        check=path_or(mne.Label),
    )
    posterior_held_out: float = option(
        0.0,
        "Share of the sensors that is left out of a further posterior, which must predict them, such as 1/3; 0 for "
        "none, as it takes as long again.",
        check=_check_held_out,
    )


@documented
@dataclass(frozen=True, kw_only=True)
class ShortPosteriorOptions(Drawn, Seeded):
    """What stage posterior of an analysis without sensors depends on."""


@documented
@dataclass(frozen=True, kw_only=True)
class PosteriorOptions(Drawn, FromSensors, Labelled, Seeded):
    """What stage posterior depends on."""

    def _check(self) -> None:
        super()._check()
        if self.posterior and not self.posterior_sensors:
            self._refuse(OF_SENSORS, "with posterior_sensors=False")
