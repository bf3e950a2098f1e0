"""A written account of an analysis, ready for the methods section of a paper."""

from __future__ import annotations

from .references import REFERENCES, Reference
from .text import Methods, methods_text

__all__ = ["REFERENCES", "Methods", "Reference", "methods_text"]
