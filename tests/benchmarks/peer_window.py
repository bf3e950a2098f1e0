"""Run by the peer's interpreter, with its window installed (``hnn-core[gui]``): open a network file there.

    PEER/bin/python peer_window.py FILE OUT.json

Writes what the window shows of each drive.
"""

import json
import sys
import warnings
from pathlib import Path

from hnn_core.gui import HNNGUI

warnings.simplefilter("ignore")


def shown(widgets, name):
    """Return the values of widgets by cell type."""
    return {key: one.value for key, one in widgets.get(name, {}).items()}


if __name__ == "__main__":
    window = HNNGUI()
    window.compose()
    window._simulate_upload_connectivity(sys.argv[1])
    window._simulate_upload_drives(sys.argv[1])
    drives = {
        one["name"]: {
            **{name: shown(one, name) for name in ("weights_ampa", "weights_nmda", "delays")},
            "mu": one["mu"].value if "mu" in one else None,
            "seed": one["seedcore"].value,
        }
        for one in window.drive_widgets
        if one["type"] != "Tonic"
    }
    Path(sys.argv[2]).write_text(json.dumps(drives), encoding="utf-8")
