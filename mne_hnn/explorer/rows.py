"""What can be changed by a slider: a row each with its value, bounds, unit and meaning, and the edit that it makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import ParameterError
from ..network import Drive, Network
from ..network.biases import TonicBias
from ..viz.colors import drive_colors
from .state import RECEPTORS, ExploreState

__all__ = ["Row", "as_number", "column_rows", "drive_panels", "edited"]

WEIGHTS_uS = (1e-6, 1.0)
LOCATIONS = {
    "proximal": "proximal (feedforward): arrives near the cell bodies, as from thalamus through layer 4",
    "distal": "distal (feedback): arrives at the tufts in the upper layers, as from higher areas",
}
KIND_WORDS = {
    "evoked": "evoked: a volley of spikes around one time",
    "bursty": "rhythmic: bursts of spikes at a frequency",
    "poisson": "Poisson: spikes at random times with a mean rate",
    "tonic": "tonic: a constant current into the cells",
    "spike_train": "spike trains as given: their times stay as they are",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number that can be changed.

    Attributes
    ----------
    key : str
        What it is, for :func:`edited`.
    label, unit, hint : str
        Its name, its unit, and what it means.
    value : float | None
        Its value; None for nothing (no synapses).
    low, high, step : float
        Ends and step of the slider; powers of ten if it is logarithmic.
    log : bool
        Whether the slider is logarithmic.
    switch : bool
        Whether it is a switch, with the values 0 and 1.
    """

    key: str
    label: str
    value: float | None
    low: float
    high: float
    unit: str = ""
    hint: str = ""
    step: float = 1.0
    log: bool = False
    switch: bool = False

    def plain(self) -> dict[str, Any]:
        """Return the row as the page takes it, with the place of its slider."""
        value = None if self.value is None else float(f"{self.value:.4g}")
        place = self.low
        if value is not None:
            place = value if not self.log else math.log10(value) if value > 0 else self.low
        spoken = f"{self.label} ({self.unit})" if self.unit else self.label
        return {**asdict(self), "value": value, "place": min(max(place, self.low), self.high), "spoken": spoken}


def _logarithmic(
    key: str, label: str, value: float | None, ends: tuple[float, float], *, unit: str = "", hint: str = ""
) -> Row:
    low, high = (math.log10(end) for end in ends)
    return Row(key=key, label=label, value=value, low=low, high=high, step=0.02, log=True, unit=unit, hint=hint)


def _time_rows(drive: Any, tstop_ms: float) -> list[Row]:
    def time(key: str, label: str, high: float, hint: str, step: float = 1.0) -> Row:
        """Return a row of a time in ms."""
        return Row(key=key, label=label, value=getattr(drive, key), low=0.0, high=high, unit="ms", hint=hint, step=step)

    if drive.kind == "evoked":
        return [
            time("mu_ms", "Time", tstop_ms, "Mean time at which the spikes of the drive arrive"),
            time("sigma_ms", "Spread", 50.0, "Standard deviation of the spike times over the cells of the drive", 0.5),
            Row(key="numspikes", label="Spikes per cell", value=drive.numspikes, low=1, high=10, hint="Of the drive"),
        ]
    if drive.kind == "bursty":
        return [
            Row(
                key="burst_rate_Hz",
                label="Rate of bursts",
                value=drive.burst_rate_Hz,
                low=1,
                high=100,
                unit="Hz",
                hint="Bursts per second",
                step=0.5,
            ),
            time("burst_std_ms", "Spread", 50.0, "Standard deviation of the time of a burst", 0.5),
            Row(key="numspikes", label="Spikes per burst", value=drive.numspikes, low=1, high=10),
            time("spike_isi_ms", "Within a burst", 30.0, "Time between the spikes of a burst", 0.5),
            time("tstart", "Start", tstop_ms, "Time of the first burst"),
        ]
    if drive.kind == "poisson":
        rate = drive.rate_Hz
        rows = (
            []
            if isinstance(rate, Mapping)
            else [
                Row(
                    key="rate_Hz",
                    label="Rate",
                    value=rate,
                    low=0.5,
                    high=200,
                    unit="Hz",
                    hint="Spikes per second of each cell of the drive",
                    step=0.5,
                )
            ]
        )
        return [*rows, time("tstart", "Start", tstop_ms, "Time of the first spikes")]
    return []


def _weight_rows(drive: Drive, reached: tuple[str, ...]) -> list[Row]:
    return [
        _logarithmic(
            f"weight:{receptor}:{cell_type}",
            f"{cell_type.replace('_', ' ')} {receptor.upper()}",
            drive.weights[receptor].get(cell_type),
            WEIGHTS_uS,
            unit="µS",
            hint=f"Conductance of each {receptor.upper()} synapse of the drive on these cells; empty for no synapses",
        )
        for receptor in RECEPTORS
        for cell_type in dict.fromkeys((*reached, *drive.weights[receptor]))
    ]


def _drive_rows(state: ExploreState, drive: Drive) -> list[Row]:
    rows = _time_rows(drive, state.tstop_ms)
    if isinstance(drive.n_drive_cells, int) and not drive.cell_specific:
        rows.append(
            Row(
                key="n_drive_cells",
                label="Cells of the drive",
                value=drive.n_drive_cells,
                low=1,
                high=100,
                hint="How many cells send spikes; each reaches all cells of the column",
            )
        )
    if drive.kind != "spike_train":
        rows.append(
            Row(
                key="shared",
                label="Shared spikes",
                value=float(not drive.cell_specific),
                low=0,
                high=1,
                switch=True,
                hint="On: all cells of the column get the same spikes; off: each cell has its own",
            )
        )
    return [*rows, *_weight_rows(drive, state.reached_types(drive.location))]


def _bias_rows(state: ExploreState, bias: TonicBias) -> list[Row]:
    currents = [
        Row(
            key=f"amplitude:{cell_type}",
            label=cell_type.replace("_", " "),
            value=value,
            low=-2.0,
            high=2.0,
            unit="nA",
            step=0.01,
            hint="Constant current; positive ones excite",
        )
        for cell_type, value in bias.amplitude_nA.items()
    ]
    return [*currents, Row(key="t0_ms", label="Start", value=bias.t0_ms, low=0, high=state.tstop_ms, unit="ms")]


def drive_panels(state: ExploreState) -> list[dict[str, Any]]:
    """Return the drives and constant currents of a state as the page takes them."""
    network: Network = state.network
    colors = drive_colors(network)
    panels = [
        {
            "name": name,
            "kind": drive.kind,
            "words": f"{KIND_WORDS.get(drive.kind, drive.kind)}. {LOCATIONS.get(drive.location, drive.location)}.",
            "short": f"{drive.location}, {'rhythmic' if drive.kind == 'bursty' else drive.kind.replace('_', ' ')}",
            "color": colors[name],
            "rows": [row.plain() for row in _drive_rows(state, drive)],
        }
        for name, drive in network.drives.items()
    ]
    return panels + [
        {
            "name": name,
            "kind": "tonic",
            "words": f"{KIND_WORDS['tonic']}, at the section {bias.section}.",
            "short": f"constant current, {bias.section}",
            "color": "#999999",
            "rows": [row.plain() for row in _bias_rows(state, bias)],
        }
        for name, bias in network.biases.items()
    ]


_GAIN_WORDS = {
    "e_e": ("Excitatory to excitatory", "Factor on all synapses between pyramidal cells"),
    "e_i": ("Excitatory to inhibitory", "Factor on all synapses of pyramidal on basket cells"),
    "i_e": ("Inhibitory to excitatory", "Factor on all synapses of basket on pyramidal cells"),
    "i_i": ("Inhibitory to inhibitory", "Factor on all synapses between basket cells"),
}


def _gain_rows(state: ExploreState) -> list[Row]:
    return [
        _logarithmic(f"gain:{name}", words, state.network.gains[name], (0.1, 10.0), hint=hint)
        for name, (words, hint) in _GAIN_WORDS.items()
    ]


def column_rows(state: ExploreState, columns: float | None = None) -> list[dict[str, Any]]:
    """Return what is set for the whole column as the page takes it.

    Parameters
    ----------
    state : ExploreState
        The state.
    columns : float | None
        Number of columns of the answer, shown where the state leaves it open.
    """
    shown = state.columns if state.columns is not None else columns
    rows = [
        Row(
            key="auto",
            label="Fit columns to target",
            value=float(state.columns is None),
            low=0,
            high=1,
            switch=True,
            hint="On: the number of columns that brings the simulation closest to the target (1 without a target)",
        ),
        _logarithmic(
            "columns",
            "Columns",
            shown,
            (1e-2, 1e6),
            hint="How many columns like this one act together: their number scales the dipole",
        ),
        Row(
            key="smooth_ms",
            label="Smoothing",
            value=state.smooth_ms,
            low=0,
            high=60,
            unit="ms",
            hint="Width of the Hamming window that the simulated dipole is smoothed with; 0 for none",
        ),
        Row(
            key="tstop_ms",
            label="Duration",
            value=state.tstop_ms,
            low=50,
            high=1000,
            unit="ms",
            step=10,
            hint="How long the column is simulated",
        ),
        Row(
            key="n_trials",
            label="Trials",
            value=state.n_trials,
            low=1,
            high=20,
            hint="How many trials are averaged; random spike times differ between them",
        ),
    ]
    return [row.plain() for row in (*rows, *_gain_rows(state))]


def as_number(value: Any, label: str) -> float:
    """Return what was written into a field as a number; a ParameterError names the field."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{label} needs a number, got {value!r}.") from None
    if not math.isfinite(number):
        raise ParameterError(f"{label} needs a number, got {value!r}.")
    return number


def edited(state: ExploreState, owner: str, key: str, value: Any) -> ExploreState:
    """Return the state with one row changed.

    Parameters
    ----------
    state : ExploreState
        The state.
    owner : str
        Name of the drive; empty for the whole column.
    key : str
        Key of the row.
    value : float | None
        New value; None takes synapses away.

    Raises
    ------
    ParameterError, DriveError, NetworkError
        The value is wrong.
    """
    name, _, rest = key.partition(":")
    if name == "weight":
        receptor, _, cell_type = rest.partition(":")
        return state.with_weight(owner, receptor, cell_type, None if value in (None, "") else as_number(value, rest))
    number = as_number(value, key.replace("_", " "))
    if owner:
        return _edited_drive(state, owner, name, rest, number)
    edit = _OF_COLUMN.get(name)
    if edit is None:
        raise ParameterError(f"There is nothing called {key!r} to change.")
    return edit(state, rest, number)


def _edited_drive(state: ExploreState, owner: str, name: str, rest: str, number: float) -> ExploreState:
    if name == "amplitude":
        return state.with_drive(owner, amplitude_nA={**state.network.biases[owner].amplitude_nA, rest: number})
    if name == "shared":
        return _shared(state, owner, shared=bool(number))
    whole = name in ("numspikes", "n_drive_cells")
    return state.with_drive(owner, **{name: round(number) if whole else number})


def _shared(state: ExploreState, owner: str, *, shared: bool) -> ExploreState:
    cells: Any = 1 if shared else "n_cells"
    return state.with_drive(owner, cell_specific=not shared, n_drive_cells=cells)


_OF_COLUMN: dict[str, Callable[[ExploreState, str, float], ExploreState]] = {
    "columns": lambda state, _, number: state.with_columns(number),
    "smooth_ms": lambda state, _, number: state.with_smoothing(number),
    "tstop_ms": lambda state, _, number: state.with_runs(tstop_ms=number),
    "n_trials": lambda state, _, number: state.with_runs(n_trials=round(number)),
    "gain": lambda state, name, number: state.with_gain(name, number),
}
