"""Open the page of a small column beside a cortex, as a user's script would."""

import sys
from pathlib import Path

import mne_hnn
from mne_hnn.io import read_network

if __name__ == "__main__":
    folder, subjects_dir = Path(sys.argv[1]), sys.argv[2]
    mne_hnn.explore(
        network=read_network(folder / "column.json"),
        forward=folder / "small-fwd.fif",
        evoked=mne_hnn.source.load_response(folder / "small-ave.fif").evoked,
        inverse=folder / "small-inv.fif",
        subjects_dir=subjects_dir,
        browser=False,
    )
