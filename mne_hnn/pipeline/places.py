"""Where the steps of an analysis keep their results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .stage import AnyStage
from .stages import STAGES
from .store import output_path, sidecar_path, stage_folder

__all__ = ["step_folder", "step_output", "step_record"]


def step_folder(folder: Path, step: str, stages: Sequence[AnyStage] = STAGES) -> Path:
    """Return where a step keeps its results, in the folder of an analysis."""
    return stage_folder(folder, *_found(step, stages))


def step_output(folder: Path, step: str, output: str, stages: Sequence[AnyStage] = STAGES) -> Path:
    """Return the file of one of a step's outputs, by the output's name."""
    stage, number = _found(step, stages)
    return output_path(stage_folder(folder, stage, number), stage.outputs[output])


def step_record(folder: Path, step: str, stages: Sequence[AnyStage] = STAGES) -> Path:
    """Return the sidecar of a step."""
    stage, number = _found(step, stages)
    return sidecar_path(stage_folder(folder, stage, number), stage)


def _found(step: str, stages: Sequence[AnyStage]) -> tuple[AnyStage, int]:
    number = [stage.name for stage in stages].index(step)
    return stages[number], number + 1
