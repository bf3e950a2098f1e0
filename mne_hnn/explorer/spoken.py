"""Attributes for keyboard and screen reader, which the components hand on to the page."""

from __future__ import annotations

__all__ = ["SPOKEN"]

SPOKEN = [("aria_label", "aria-label"), "role", "tabindex", "placeholder"]
