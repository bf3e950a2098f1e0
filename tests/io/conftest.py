"""Example files, unpacked, and one short simulation that has something of everything."""

import gzip
from pathlib import Path

import pytest

from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def hnn_file(tmp_path_factory):
    """Return a function that gives the path of an example network file by name."""
    folder = tmp_path_factory.mktemp("hnn")

    def unpack(name):
        path = folder / f"hnn_{name}.json"
        path.write_bytes(gzip.decompress((DATA / f"hnn_{name}.json.gz").read_bytes()))
        return path

    return unpack


@pytest.fixture(scope="session")
def simulation():
    network = jones_2009((2, 2), drives=True).with_electrodes("shank", [(0.5, 0.5, z) for z in (0.0, 500.0, 1000.0)])
    return simulate(network, tstop=35.0, n_trials=2, record={"voltage": "soma", "calcium": "soma"})
