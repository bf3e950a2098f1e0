"""Whether C code in an NMODL text that came along with a file may be compiled, and so run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import NetworkError
from ._nmodl import has_code

if TYPE_CHECKING:
    from .mechanisms import Mechanism

__all__ = ["TRUST", "check_trusted", "trust"]

#: Environment variable that, set to 1, lets files bring C code along.
TRUST = "MNE_HNN_TRUST_CODE"
_trusted: set[str] = set()  # texts whose files the user has read in this process


def trust(mechanism: Mechanism) -> None:
    """Remember that the user has read this mechanism from an NMODL file."""
    _trusted.add(mechanism.text)


def check_trusted(mechanisms: Iterable[Mechanism]) -> None:
    """Refuse mechanisms of a network from a file that have C code which the user has not read from an NMODL file.

    A network is data: that somebody's file is opened and simulated must not run a program of theirs. Equations of
    NMODL are harmless; VERBATIM blocks and texts, which only functions of C take, are not.

    Raises
    ------
    NetworkError
        There is such a mechanism.
    """
    if re.fullmatch(r"\s*(1|true|yes)\s*", os.environ.get(TRUST, ""), re.IGNORECASE):
        return
    for mechanism in mechanisms:
        if has_code(mechanism.text) and mechanism.text not in _trusted:
            raise NetworkError(
                f"The file brings C code along, in the mechanism {mechanism.name!r} ({mechanism.file}), which would "
                "run on this machine: if you know it, read its NMODL file first, with Mechanism.from_mod, or set "
                f"{TRUST}=1."
            )
