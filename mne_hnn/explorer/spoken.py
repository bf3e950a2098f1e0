"""Attributes for keyboard and screen reader, which the components hand on to the page; words that are explained."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

__all__ = ["SPOKEN", "explained"]

SPOKEN = [("aria_label", "aria-label"), "role", "tabindex", "placeholder"]


def explained(words: str, meaning: str, classes: str = "") -> None:
    """Add words whose meaning is shown where they stand, also to the keyboard."""
    with html.Span(words, classes=f"explained {classes}".strip(), __properties=SPOKEN, tabindex="0"):
        v3.VTooltip(meaning, activator="parent", location="bottom", max_width=320)
