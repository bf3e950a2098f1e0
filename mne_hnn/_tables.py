"""Tables by pandas, which is not installed with this package."""

from __future__ import annotations

from typing import Any

from .errors import ParameterError

__all__ = ["load_pandas"]


def load_pandas() -> Any:
    """Return pandas, or say that it is missing."""
    try:
        import pandas
    except ImportError:
        raise ParameterError("Tables need pandas: pip install pandas.") from None
    return pandas
