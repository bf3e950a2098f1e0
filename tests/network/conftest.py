"""Shared fixtures: reference numbers and a small network."""

import json
from pathlib import Path

import pytest

from mne_hnn.network import jones_2009

DATA = Path(__file__).parents[1] / "data" / "network_reference.json"


@pytest.fixture(scope="session")
def reference():
    return json.loads(DATA.read_text())


@pytest.fixture(scope="session")
def column():
    return jones_2009()


@pytest.fixture(scope="session")
def small():
    return jones_2009((3, 3), drives=True)
