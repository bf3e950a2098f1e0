"""Checks of values and names that come from the user.

Each check returns the value in the form the package stores (``float``, ``int``, ``str``) or raises
an error of one sentence: what was wrong, what was expected and, where it helps, what to do.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from .errors import ParameterError

__all__ = [
    "check_bool",
    "check_finite",
    "check_int",
    "check_interval",
    "check_label",
    "check_name",
    "check_non_negative",
    "check_positive",
    "check_probability",
    "check_seed",
    "check_trial",
    "suggestion",
]

MAX_SEED = 2**32 - 1


def suggestion(value: str, valid: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest valid name, or an empty string.

    The value itself is no answer, although it may be among the names, where it is refused for another reason.
    """
    by_lower = {name.lower(): name for name in map(str, valid) if name != value}
    near = difflib.get_close_matches(value.lower(), list(by_lower), n=1, cutoff=0.5)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


def check_name(
    value: Any, valid: Iterable[str], what: str, *, where: str = "", error: type[ParameterError] = ParameterError
) -> str:
    """Check that a name is one of the valid ones.

    Parameters
    ----------
    value : str
        The name given.
    valid : iterable of str
        The names that exist.
    what : str
        What the name stands for, for example ``"cell type"``.
    where : str
        Where it was used, for example ``"in drive 'evprox1'"``.
    error : type of ParameterError
        The error to raise.

    Returns
    -------
    str
        The name.

    Raises
    ------
    ParameterError
        If the name is not one of the valid names; the message lists them and the nearest one.
    """
    names = list(valid)
    if isinstance(value, str) and value in names:
        return value
    listed = ", ".join(repr(name) for name in names) if names else "nothing (none is defined)"
    if not isinstance(value, str):
        raise error(f"The {what} must be a name (str), got {value!r}: expected one of {listed}.")
    place = f" {where}" if where else ""
    raise error(f"Unknown {what} {value!r}{place}: expected one of {listed}.{suggestion(value, names)}")


def check_label(value: Any, what: str, *, error: type[ParameterError] = ParameterError) -> str:
    """Check that a free name is a non-empty string without surrounding white space."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise error(f"{what} must be a non-empty str without surrounding white space, got {value!r}.")
    return value


def _refuse(value: Any, what: str, expected: str, error: type[ParameterError]) -> NoReturn:
    hint = ""
    if isinstance(value, str):
        hint = " (a str: give the number without quotes)"
    elif value is None:
        hint = " (give a value)"
    raise error(f"{what} must be {expected}, got {value!r}{hint}.")


def _number(value: Any, what: str, expected: str, error: type[ParameterError]) -> float:
    # bool is an int in Python, but never a sensible weight, time or length
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        _refuse(value, what, expected, error)
    number = float(value)
    if not math.isfinite(number):
        _refuse(value, what, expected, error)
    return number + 0.0  # -0.0 becomes 0.0, so that equal values also print and digest equal


def check_finite(value: Any, what: str, *, error: type[ParameterError] = ParameterError) -> float:
    """Check that a value is a finite number and return it as float."""
    return _number(value, what, "a finite number", error)


def check_non_negative(value: Any, what: str, *, error: type[ParameterError] = ParameterError) -> float:
    """Check that a value is a finite number of at least zero and return it as float."""
    number = _number(value, what, "a finite number >= 0", error)
    if number < 0:
        _refuse(value, what, "a finite number >= 0", error)
    return number


def check_positive(value: Any, what: str, *, error: type[ParameterError] = ParameterError) -> float:
    """Check that a value is a finite number above zero and return it as float."""
    number = _number(value, what, "a finite number > 0", error)
    if number <= 0:
        _refuse(value, what, "a finite number > 0", error)
    return number


def check_probability(value: Any, what: str, *, error: type[ParameterError] = ParameterError) -> float:
    """Check that a value is a number between 0 and 1 and return it as float."""
    number = _number(value, what, "a number between 0 and 1", error)
    if not 0 <= number <= 1:
        _refuse(value, what, "a number between 0 and 1", error)
    return number


def check_interval(
    start: float, stop: float, what: str, *, error: type[ParameterError] = ParameterError
) -> tuple[float, float]:
    """Check that a time window, in ms, does not end before it starts."""
    if stop < start:
        raise error(f"{what} must not end before it starts, got {start} to {stop} ms.")
    return start, stop


def check_int(
    value: Any,
    what: str,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    error: type[ParameterError] = ParameterError,
) -> int:
    """Check that a value is an integer within bounds (both included) and return it as int."""
    expected = "an integer"
    if minimum is not None and maximum is not None:
        expected += f" from {minimum} to {maximum}"
    elif minimum is not None:
        expected += f" >= {minimum}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        _refuse(value, what, expected, error)
    number = int(value)
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        _refuse(value, what, expected, error)
    return number


def check_seed(value: Any, what: str, *, error: type[ParameterError] = ParameterError) -> int:
    """Check that a value can seed a random stream: an integer of 32 bits."""
    return check_int(value, what, minimum=0, maximum=MAX_SEED, error=error)


def check_bool(value: Any, what: str, *, error: type[ParameterError] = ParameterError) -> bool:
    """Check that a value is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        _refuse(value, what, "True or False", error)
    return bool(value)


def check_trial(value: Any, trials: Sequence[int], where: str = "") -> int:
    """Check that a trial is among those there are; True is no number of a trial, although Python takes it for 1."""
    if isinstance(value, (bool, np.bool_)) or value not in trials:
        raise ParameterError(f"There is no trial {value!r}{where}: trials are {tuple(trials)}.")
    return int(value)
