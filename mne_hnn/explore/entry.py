"""Explore by hand: from the command line, from Python, and inside a notebook."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from .cortex import Cortex
from .opening import open_session
from .server import new_server, serve
from .session import Session
from .state import ExploreState

if TYPE_CHECKING:
    from .page import Page

__all__ = ["explore", "explore_file"]
