"""Draw the README's pictures from the results of `mne-hnn run pipelines/median_nerve.py`: give their folder."""

import sys
from pathlib import Path

import matplotlib as mpl
import mne

mpl.use("agg")

from mne_hnn import read_dipole, viz
from mne_hnn.pipeline import read_config
from mne_hnn.pipeline.files import read_simulation
from mne_hnn.source.demo import demo_anatomy

results = Path(sys.argv[1])
here = Path(__file__).parent
config = read_config(here.parents[1] / "pipelines" / "median_nerve.py")
anatomy = demo_anatomy()

label = mne.read_label(results / "03_target" / "target-rh.label", subject=anatomy.subject)
label.name = "the patch that explains the response best"
stc = mne.read_source_estimate(results / "03_target" / "activity-lh.stc", subject=anatomy.subject)
figure = viz.plot_cortex(anatomy.subject, anatomy.subjects_dir, label=label, stc=stc, time=0.040, show=False)
figure.savefig(here / "median_nerve_cortex.png", dpi=150)

target = read_dipole(results / "03_target" / "target-ave.fif")
fitted = read_dipole(results / "05_fit" / "fitted-ave.fif")
simulation = read_simulation(results / "05_fit" / "simulation.npz", config.network)
figure = viz.plot_comparison(fitted, target, drives=simulation, show=False)
figure.savefig(here / "median_nerve_column.png", dpi=150)
