"""Fit a network's drives to a target."""

from __future__ import annotations

from .timing import Evaluation, TimingFit, fit_scale, fit_timing

__all__ = ["Evaluation", "TimingFit", "fit_scale", "fit_timing"]
