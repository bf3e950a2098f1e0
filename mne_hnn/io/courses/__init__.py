"""Source time courses of other software: what each format holds, and which course is taken of it."""

from __future__ import annotations

from .choice import CourseChoice
from .content import Courses, Trial

__all__ = ["CourseChoice", "Courses", "Trial"]
