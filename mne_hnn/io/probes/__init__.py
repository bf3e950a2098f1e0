"""Recordings of laminar probes: what files of each format hold, and how epochs are cut from it."""

from __future__ import annotations

from .content import Piece, ProbeFile, Signal
from .cut import ProbeChoice, cut_epochs

__all__ = ["Piece", "ProbeChoice", "ProbeFile", "Signal", "cut_epochs"]
