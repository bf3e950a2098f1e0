"""Draw the picture in groups.md from the results of `mne-hnn run pipelines/bids_group.py`: give their folder."""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

from mne_hnn import viz
from mne_hnn.group import align_polarity, compare_conditions, group_average
from mne_hnn.group.results import read_entries

results = Path(sys.argv[1])
summary = json.loads((results / "work" / "group_task-touch" / "summary" / "01_summary" / "summary.json").read_text())
entries = [one for one in read_entries(summary["options"]["jobs"]) if one.target is not None]
alignment = align_polarity(entries)
averages = group_average(entries, alignment=alignment)
comparison = compare_conditions(entries, tuple(averages), alignment=alignment)
figure = viz.plot_group_targets(averages, comparison, show=False)
figure.savefig(Path(__file__).parent / "bids_group.png", dpi=110)
