"""Draw the README's pictures from the results of `mne-hnn run pipelines/median_nerve.py`: give their folder."""

import sys
from pathlib import Path

import matplotlib as mpl
import mne

mpl.use("agg")

from mne_hnn import viz
from mne_hnn.fit import read_explanations
from mne_hnn.source.demo import demo_anatomy

results = Path(sys.argv[1])
here = Path(__file__).parent
anatomy = demo_anatomy()

label = mne.read_label(results / "03_target" / "target-rh.label", subject=anatomy.subject)
label.name = "the patch that explains the response best"
stc = mne.read_source_estimate(results / "03_target" / "activity-lh.stc", subject=anatomy.subject)
figure = viz.plot_cortex(anatomy.subject, anatomy.subjects_dir, label=label, stc=stc, time=0.040, show=False)
figure.savefig(here / "median_nerve_cortex.png", dpi=150)

explanations = read_explanations(results / "05_fit" / "explanations.npz")
explanations.plot(show=False).savefig(here / "median_nerve_column.png", dpi=150)
