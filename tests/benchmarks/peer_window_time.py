"""Run by the peer's interpreter, with its window installed (``hnn-core[gui]``): time its button "Run".

    PEER/bin/python peer_window_time.py N OUT.json

N times one trial of the network that the window begins with, from the click on the button until the figures are drawn;
what a browser takes to show them is not in it. The first run, which builds what later ones find, is told apart.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import joblib  # noqa: F401 - without it the peer says so only in passing
from hnn_core.gui import HNNGUI
from matplotlib import pyplot as plt

warnings.simplefilter("ignore")


def seconds(window):
    """Return the seconds of one run."""
    begun = time.perf_counter()
    window.run_button.click()
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    return time.perf_counter() - begun


if __name__ == "__main__":
    window = HNNGUI()
    window.compose()
    window.widget_ntrials.value = 1
    taken = [seconds(window) for _ in range(int(sys.argv[1]) + 1)]
    runs = [one for one in window.data["simulation_data"].values() if one["net"] is not None]
    if len(runs) != len(taken) or not all(one["dpls"] for one in runs):
        raise SystemExit("The window has not simulated.")
    minimum = min(float(one["dpls"][0].data["agg"].min()) for one in runs)
    told = {"first": taken[0], "seconds": taken[1:], "tstop": window.widget_tstop.value, "minimum": minimum}
    told["drives"] = sorted(runs[-1]["net"].external_drives)
    told["figures"] = len(plt.get_fignums())
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")
