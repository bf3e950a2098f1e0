"""What the figures of fits share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ..errors import ParameterError

if TYPE_CHECKING:
    from ..fit.result import FitResult

__all__ = ["check_result", "loss_name", "order_legend", "readable_log"]


def check_result(result: Any, what: str) -> None:
    """Refuse what is no fit, before it is drawn."""
    if not hasattr(result, "estimates") or not hasattr(result, "evaluations"):
        raise ParameterError(f"{what} needs the FitResult of a fit, got {type(result).__name__}.")


_LOSSES = {
    "r_squared": "1 \N{MINUS SIGN} $R^2$",
    "nrmse": "NRMSE",
    "rmse": "RMSE, nAm",
    "correlation": "1 \N{MINUS SIGN} r",
    "bandpower": "band power",
}


def loss_name(result: FitResult) -> str:
    """Return what the axis of a fit's loss is called."""
    objective = result.details.objective
    named = _LOSSES.get(objective, objective.replace("_", " "))
    return f"Loss ({named})" if named else "Loss"


def readable_log(axis: Any, limits: tuple[float, float], most: float) -> None:
    """Label also what lies between powers of ten on an axis of at most so many decades, where those are few."""
    decades = float(np.log10(limits[1] / limits[0]))
    if decades >= most:
        return
    if decades < 0.3:
        axis.set_major_locator(MaxNLocator(nbins=5))
    else:
        wide = (1.0, 2.0, 5.0) if decades > 0.9 else (1.0, 2.0, 3.0, 5.0)
        axis.set_major_locator(
            LogLocator(subs=wide if decades > 0.6 else (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0))
        )
    axis.set_minor_formatter(NullFormatter())
    plain = limits[0] >= 1e-4 and limits[1] < 1e5
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if plain else _scientific(value)))


def _scientific(value: float) -> str:
    mantissa, _, power = f"{value:.2e}".partition("e")
    shown = f"{float(mantissa):g}"
    return rf"$10^{{{int(power)}}}$" if shown == "1" else rf"${shown}\times 10^{{{int(power)}}}$"


def order_legend(axes: Axes, beginnings: Sequence[str], title: str | None) -> None:
    """Draw the legend beside the axes, sorted by the beginning of the labels."""

    def rank(label: str) -> int:
        return next((k for k, word in enumerate(beginnings) if label.startswith(word)), len(beginnings))

    handles, labels = axes.get_legend_handles_labels()
    pairs = sorted(zip(handles, labels, strict=True), key=lambda pair: rank(pair[1]))
    axes.legend(
        [handle for handle, _ in pairs],
        [label for _, label in pairs],
        title=title,
        title_fontsize="x-small",
        fontsize="small",
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
