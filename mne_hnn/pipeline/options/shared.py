"""Options that several stages read, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..._checks import check_bool, check_non_negative, check_positive, check_seed
from ...source.plausible import check_seconds, check_window
from ...source.polarity import parse_polarity
from ..checks import check_network, or_none, path_or
from .option import Options, option

__all__ = ["Anatomy", "Column", "Drawing", "Named", "Seeded", "Smoothing", "Stepping", "SurfaceFolder", "Targeted"]


@dataclass(frozen=True, kw_only=True)
class Named(Options):
    """What an analysis is called."""

    name: str = option("analysis", "Name of the analysis; a file that sets none is called as the file is.")


@dataclass(frozen=True, kw_only=True)
class SurfaceFolder(Options):
    """Where FreeSurfer's subjects are."""

    subjects_dir: Any = option(
        None,
        "FreeSurfer's folder of subjects; None takes MNE's setting SUBJECTS_DIR.",
        kind="path-like | None",
        check=path_or(),
    )


@dataclass(frozen=True, kw_only=True)
class Anatomy(SurfaceFolder):
    """Whose cortex it is."""

    fs_subject: str = option("{subject}", "Name of the FreeSurfer subject.")


@dataclass(frozen=True, kw_only=True)
class Column(Options):
    """Which column is simulated."""

    network: Any = option(None, "The column and its drives; must be set.", kind="Network")

    def _check(self) -> None:
        check_network(self.network)
        super()._check()


@dataclass(frozen=True, kw_only=True)
class Stepping(Options):
    """In which steps it is simulated."""

    dt: float = option(0.025, "Time step of simulations.", unit="ms", check=check_positive)


@dataclass(frozen=True, kw_only=True)
class Seeded(Options):
    """Where random numbers start."""

    seed: int | None = option(
        None,
        "Seed of random numbers. None: the event seeds of the drives, and 1 in the fit. The final score of the fit "
        "takes the next seed.",
        check=or_none(check_seed),
    )


@dataclass(frozen=True, kw_only=True)
class Smoothing(Options):
    """How simulated dipoles are smoothed."""

    smooth_ms: float = option(
        20.0, "Hamming window on simulated dipoles; 0 for none.", unit="ms", check=check_non_negative
    )


@dataclass(frozen=True, kw_only=True)
class Drawing(Options):
    """What a report shows."""

    draw_cortex: bool = option(True, "Whether the report has pictures of the cortex.", check=check_bool)


@dataclass(frozen=True, kw_only=True)
class Targeted(Options):
    """Which part of a response is the target, and which way it goes."""

    polarity: Any = option(
        "normal",
        "Which way is up: 'normal', {'latency': s, 'points': 'up' or 'down'}, 1 or -1. Of a file 'normal' is as it is.",
        kind="str | int | mapping",
    )
    target_tmin: float = option(0.0, "Start of the target, from the event.", unit="s", check=check_seconds)
    target_tmax: float = option(0.17, "End of the target, from the event.", unit="s", check=check_seconds)

    def _check(self) -> None:
        parse_polarity(self.polarity)
        check_window(self.target_tmin, self.target_tmax, ("target_tmin", "target_tmax"))
        super()._check()
