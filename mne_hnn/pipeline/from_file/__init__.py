"""An analysis whose target is read from a file: without sensors, and so without the stages that need them."""

from __future__ import annotations

from ..stage import AnyStage
from ..stages import STAGES
from . import posterior, report, target

__all__ = ["FILE_STAGES"]

_BY_NAME = {stage.name: stage for stage in STAGES}

FILE_STAGES: tuple[AnyStage, ...] = (target.STAGE, _BY_NAME["simulate"], _BY_NAME["fit"], posterior.STAGE, report.STAGE)
"""Its stages, in their order."""
