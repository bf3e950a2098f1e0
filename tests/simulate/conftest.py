"""Tests of one module share its simulations; between modules the built network is freed, but no worker is ended:
to start one takes seconds.
"""

import pytest

from mne_hnn.simulate import clear


@pytest.fixture(autouse=True, scope="module")
def _free_networks():
    yield
    clear()
