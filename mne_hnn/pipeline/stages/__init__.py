"""The stages of an analysis, in their order: a file each, named by number and step."""

from __future__ import annotations

from importlib import import_module

from ..._names import STEPS
from ..stage import AnyStage

STAGES: tuple[AnyStage, ...] = tuple(
    import_module(f"._{number:02d}_{step}", __name__).STAGE for number, step in enumerate(STEPS, start=1)
)

__all__ = ["STAGES"]
