"""Options that several stages read, each declared once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..._checks import check_bool, check_non_negative, check_positive, check_seed
from ...errors import ConfigError
from ...source.plausible import check_seconds, check_window
from ...source.polarity import parse_polarity
from ..checks import as_labels, check_network, or_none, path_or
from .option import Options, option

__all__ = [
    "Anatomy",
    "Column",
    "Drawing",
    "Labelled",
    "Named",
    "Seeded",
    "Smoothing",
    "Stepping",
    "SurfaceFolder",
    "Targeted",
]


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
class Labelled(Anatomy):
    """Which pieces of cortex are active."""

    label: Any = option(None, "The piece of cortex; must be set.", kind="str | path-like | mne.Label | sequence of int")
    parcellation: str = option("aparc", "Where a label's name is looked up.")
    hemi: str | None = option(None, "Hemisphere of a label given without: 'lh' or 'rh'.")
    other_labels: Sequence[Any] = option(
        (),
        "Labels that are active, too, for example the same one of the other hemisphere; fitted along.",
        kind="sequence of str | path-like | mne.Label",
        convert=as_labels,
    )

    def _needs_label(self) -> bool:
        """Return whether the target is made of sensors."""
        return True

    def _check(self) -> None:
        if self.label is None and self._needs_label():
            raise ConfigError("label is not set: name a piece of cortex, for example 'postcentral-rh'.")
        super()._check()


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
        "Seed of random numbers. None: the event seeds of the drives, 1 in the fit and 0 in the posterior. The final "
        "score of the fit takes the next seed.",
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
