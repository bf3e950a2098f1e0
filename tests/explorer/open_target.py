"""Open the page of a small column and a target without a cortex, as a user's script would."""

import sys
from pathlib import Path

import mne_hnn
from mne_hnn.io import read_network, read_source_course

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    mne_hnn.explore(
        target=read_source_course(folder / "target.txt"), network=read_network(folder / "start.json"), browser=False
    )
