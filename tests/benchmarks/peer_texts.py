"""Run by the peer's interpreter: read a dipole and spikes as text, and write them again as the peer does.

PEER/bin/python peer_texts.py FOLDER OUT
"""

import contextlib
import sys
import warnings
from pathlib import Path

import hnn_core

warnings.simplefilter("ignore")

if __name__ == "__main__":
    folder, out = map(Path, sys.argv[1:])
    with contextlib.redirect_stdout(None):
        hnn_core.read_dipole(str(folder / "dipole.txt")).write(str(out / "dipole.txt"))
        hnn_core.read_spikes(str(folder / "spk_*.txt")).write(str(out / "spk_%d.txt"))
