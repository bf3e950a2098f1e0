"""The stages of an analysis, in their order."""

from __future__ import annotations

from ..stage import Stage
from . import _01_load, _02_inverse, _03_target, _04_simulate, _05_fit, _06_sensors, _07_report

STAGES: tuple[Stage, ...] = tuple(
    module.STAGE for module in (_01_load, _02_inverse, _03_target, _04_simulate, _05_fit, _06_sensors, _07_report)
)

__all__ = ["STAGES"]
