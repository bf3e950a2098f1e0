"""The sweep that tests of folders read, and no network left built."""

import pytest
from sweeps import GRID, OPTIONS, quiet, small

from mne_hnn.simulate import clear


@pytest.fixture(autouse=True, scope="module")
def _free_networks():
    yield
    clear()


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "new" / "folder"
    return folder, quiet(small(), GRID, folder=folder, **OPTIONS)
