"""Tests of one module share its simulations; between modules the built network is freed."""

import pytest

from mne_hnn.simulate import clear, close_workers


@pytest.fixture(autouse=True, scope="module")
def _free_networks():
    yield
    clear()
    close_workers()
