"""What was recorded of single cells: voltages, currents, calcium."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_name, check_trial
from .errors import ParameterError

__all__ = ["QUANTITIES", "Recording", "RecordingChannel"]

#: What can be recorded, and its unit.
QUANTITIES: Mapping[str, str] = MappingProxyType(
    {"voltage": "V", "synaptic_current": "A", "calcium": "mM", "membrane_current": "A"}
)


class RecordingChannel(NamedTuple):
    """Where one row of a recording comes from; `receptor` is None unless it is a synaptic current."""

    gid: int
    cell_type: str
    section: str
    receptor: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Recording:
    """One quantity over time, for every trial, cell and section that was asked for.

    Parameters
    ----------
    quantity : str
        ``'voltage'`` (V), ``'synaptic_current'`` (A, inward is negative), ``'calcium'`` (mM), or ``'membrane_current'``
        (A, outward is positive; of the whole section, capacitive, ionic and synaptic). Or a variable of a mechanism of
        one's own: receptor or channel, and variable, such as ``'nmda.block'``.
    times : array, shape (n_times,)
        Times in s.
    data : array, shape (n_trials, n_channels, n_times)
        The values.
    channels : tuple of RecordingChannel
        Cell number, cell type, section and receptor of each row.
    trials : tuple of int
        Numbers of the trials.
    own_unit : str
        Unit of a variable of a mechanism of one's own, as its file has it; empty for the other quantities.

    Examples
    --------
    >>> somata = simulation.recordings["voltage"].select(cell_types="L5_pyramidal", sections="soma")
    >>> somata.data.shape, somata.unit  # trials, cells, times
    ((2, 9, 101), 'V')
    """

    quantity: str
    times: NDArray[np.float64]
    data: NDArray[np.float64]
    channels: tuple[RecordingChannel, ...]
    trials: tuple[int, ...]
    own_unit: str = ""

    def __post_init__(self) -> None:
        if "." not in self.quantity:
            check_name(self.quantity, QUANTITIES, "quantity")
        object.__setattr__(self, "channels", tuple(RecordingChannel(*channel) for channel in self.channels))
        object.__setattr__(self, "trials", tuple(int(number) for number in self.trials))
        for name in ("times", "data"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))
        shape = (len(self.trials), len(self.channels), len(self.times))
        if self.data.shape != shape:
            raise ParameterError(f"data must have shape {shape}, one row per trial and channel, got {self.data.shape}.")

    @property
    def unit(self) -> str:
        """The unit of the values."""
        return QUANTITIES.get(self.quantity, self.own_unit)

    @property
    def sfreq(self) -> float:
        """Sampling frequency, Hz."""
        return float((len(self.times) - 1) / (self.times[-1] - self.times[0])) if len(self.times) > 1 else np.nan

    def __len__(self) -> int:
        return len(self.channels)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recording):
            return NotImplemented
        same = (self.quantity, self.channels, self.trials) == (other.quantity, other.channels, other.trials)
        return same and np.array_equal(self.times, other.times) and np.array_equal(self.data, other.data)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        cells = len({channel.gid for channel in self.channels})
        unit = f" ({self.unit})" if self.unit else ""
        return (
            f"<Recording of {self.quantity.replace('_', ' ')}{unit}: {len(self.trials)} trial(s), "
            f"{len(self)} channel(s) of {cells} cell(s), {len(self.times)} times>"
        )

    def select(
        self,
        *,
        trial: int | None = None,
        gids: int | Iterable[int] | None = None,
        cell_types: str | Iterable[str] | None = None,
        sections: str | Iterable[str] | None = None,
        receptors: str | Iterable[str] | None = None,
    ) -> Recording:
        """Return the rows that meet all conditions.

        Parameters
        ----------
        trial : int | None
            One trial.
        gids, cell_types, sections, receptors : int | str | iterable | None
            One or several; None for all.

        Returns
        -------
        recording : Recording
            A new one, whose data are a copy.

        Raises
        ------
        ParameterError
            A trial, cell, cell type, section or receptor is not in the recording.
        """
        keep = np.ones(len(self), dtype=bool)
        choices: tuple[tuple[Any, Callable[[RecordingChannel], Any], str], ...] = (
            (gids, lambda channel: channel.gid, "cell"),
            (cell_types, lambda channel: channel.cell_type, "cell type"),
            (sections, lambda channel: channel.section, "section"),
            (receptors, lambda channel: channel.receptor, "receptor"),
        )
        for wanted, field, what in choices:
            if wanted is not None:
                values = [field(channel) for channel in self.channels]
                keep &= np.isin(np.array(values, dtype=object), _check_choices(wanted, values, what))
        rows = np.flatnonzero(keep)
        numbers = self.trials if trial is None else (check_trial(trial, self.trials),)
        picked = np.array([self.trials.index(number) for number in numbers], dtype=np.int64)
        return Recording(
            quantity=self.quantity,
            times=self.times.copy(),
            data=self.data[np.ix_(picked, rows)],
            channels=tuple(self.channels[row] for row in rows),
            trials=numbers,
            own_unit=self.own_unit,
        )

    def to_data_frame(self) -> Any:
        """Return all values as a long :class:`pandas.DataFrame`, one row per trial, channel and time."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("Recording.to_data_frame needs pandas: run `pip install pandas`.") from error
        n_trials, n_channels, n_times = self.data.shape
        columns: dict[str, ArrayLike] = {
            "trial": np.repeat(self.trials, n_channels * n_times),
            "time": np.tile(self.times, n_trials * n_channels),
        }
        for name in RecordingChannel._fields:
            values = np.array([getattr(channel, name) for channel in self.channels], dtype=object)
            columns[name] = np.tile(np.repeat(values, n_times), n_trials)
        frame = pd.DataFrame({**columns, self.quantity: self.data.ravel()})
        return frame.astype({"gid": int})


def _check_choices(wanted: Any, values: list[Any], what: str) -> list[Any]:
    chosen = [wanted] if isinstance(wanted, str) or not hasattr(wanted, "__iter__") else list(wanted)
    present = list(dict.fromkeys(values))
    for choice in chosen:
        if isinstance(choice, str):
            check_name(choice, [name for name in present if isinstance(name, str)], what, where="in the recording")
        elif choice not in present:
            raise ParameterError(f"There is no {what} {choice!r} in the recording.")
    return chosen
