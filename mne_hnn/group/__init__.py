"""From a BIDS dataset to fits of every subject and condition, and to what they have in common."""

from __future__ import annotations
