"""PyTorch and sbi, which an extra brings: imported where they are needed, with one sentence if they are not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from ..errors import ParameterError

__all__ = ["check_sbi", "seeded", "torch_module"]


def torch_module() -> Any:
    """Return PyTorch."""
    try:
        import torch
    except ImportError as error:
        raise _missing(error.name) from None
    return torch


def _missing(name: str | None) -> ParameterError:
    return ParameterError(
        f"Amortised posteriors need PyTorch and sbi, and {name} is not there: pip install 'mne-hnn[sbi]'."
    )


def check_sbi() -> None:
    """Refuse early, before the work, if sbi or PyTorch is missing; neither is imported, which takes seconds."""
    missing = next((name for name in ("sbi", "torch") if find_spec(name) is None), None)
    if missing is not None:
        raise _missing(missing)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw the same random numbers inside, on one core, and leave those of the caller as they were."""
    torch = torch_module()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums of several threads end in other bits
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
