"""Arguments of figures are used, or refused in one sentence."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mne_hnn import Dipole, viz
from mne_hnn.errors import ParameterError
from mne_hnn.group import (
    Entry,
    GroupFindings,
    align_polarity,
    compare_conditions,
    group_average,
    leave_one_out,
    write_group_report,
)
from mne_hnn.lfp import lfp_epochs
from mne_hnn.network import Electrodes, jones_2009, with_erp_drives

TIMES = np.arange(200) / 1000
NETWORK = with_erp_drives(jones_2009(mesh_shape=(1, 1)))
LFP = lfp_epochs(
    np.random.default_rng(0).standard_normal((1, 4, 200)) * 1e-6, 1000.0, "shank",
    Electrodes(positions_um=[(0, 0, z) for z in range(0, 400, 100)]),
)  # fmt: skip
ENTRIES = [Entry(subject="01", condition=name) for name in "ab"]


def dipole():
    return Dipole(np.sin(TIMES * 60)[None] * 1e-9, TIMES, ["agg"])


ONE_PANEL = {
    "psd": lambda axes: viz.plot_psd(dipole(), axes=axes, show=False),
    "tfr": lambda axes: viz.plot_tfr(dipole(), axes=axes, show=False),
    "lfp": lambda axes: viz.plot_lfp(LFP, axes=axes, show=False),
    "csd": lambda axes: viz.plot_csd(LFP, axes=axes, show=False),
    "column": lambda axes: viz.plot_column(axes=axes, show=False),
    "connectivity": lambda axes: viz.plot_connectivity(NETWORK, 0, axes=axes, show=False),
    "strength": lambda axes: viz.plot_drive_strength(NETWORK, axes=axes, show=False),
}


@pytest.mark.parametrize("draw", ONE_PANEL.values(), ids=ONE_PANEL)
def test_a_figure_of_one_panel_takes_one_axes(draw):
    with pytest.raises(
        ParameterError, match="axes must be one matplotlib Axes, as this figure has one panel, got 2 of"
    ):
        draw(plt.subplots(2)[1])
    plt.close("all")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: viz.plot_lfp(LFP, cmap="viridis", show=False), "cmap belongs to kind='image'"),
        (lambda: viz.plot_lfp(LFP, kind="image", cmap="viridiss", show=False), "Did you mean 'viridis'"),
        (lambda: viz.plot_csd(LFP, cmap="viridiss", show=False), "Did you mean 'viridis'"),
        (lambda: viz.plot_lfp(LFP, decim=150, show=False), "decim leaves fewer than two of 200 samples"),
        (lambda: viz.plot_cells(NETWORK, thickness=2.0, show=False), "thickness belongs to renderer='pyvista'"),
        (lambda: viz.plot_cells(NETWORK, window_size=(9, 9), show=False), "window_size belongs to renderer"),
        (lambda: viz.plot_label_course(TIMES, TIMES, vertices_unit="dSPM"), "but vertices are not given"),
        (lambda: viz.plot_label_course(TIMES, TIMES, unit=3, show=False), "A unit must be a name such as 'A m'"),
        (lambda: viz.plot_target(None, show=False), "target must be a Dipole, such as Target.dipole, got NoneType"),
        (lambda: viz.plot_target(dipole(), truth="x", show=False), "truth must be a Dipole"),
        (lambda: viz.plot_comparison(dipole(), dipole(), drives="x", show=False), "drives must be a Simulation"),
        (lambda: viz.plot_group_parameters("x", show=False), "needs a Comparison, got str"),
        (lambda: viz.plot_influence([], "x", show=False), "needs a Comparison, got str"),
        (lambda: Entry(subject="01", condition="a", status="okay"), "Unknown status 'okay' .*Did you mean 'ok'"),
        (lambda: align_polarity(["x"]), "entries must hold nothing but Entry, got 'x'"),
        (lambda: group_average(ENTRIES, alignment="x"), "alignment must be that of align_polarity, or None, got str"),
        (lambda: group_average(ENTRIES, relative="x"), "relative must be True or False"),
        (lambda: compare_conditions(ENTRIES, ("a", "b"), alignment="x"), "alignment must be that of align_polarity"),
        (lambda: leave_one_out("x"), "needs what compare_conditions returns, got str"),
        (
            lambda: write_group_report("no.html", GroupFindings(entries=["x"]), title=""),
            "entries must hold nothing but Entry",
        ),
        (lambda: write_group_report("no.html", ENTRIES, title=""), "findings must be GroupFindings.*, got list: see"),
        (lambda: GroupFindings(entries=ENTRIES, alignment="x"), "alignment must be that of align_polarity, or None"),
        (lambda: GroupFindings(entries=ENTRIES, comparisn=None), "Unknown field 'comparisn' of GroupFindings"),
    ],
)
def test_what_is_not_used_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
    plt.close("all")


def test_the_column_has_its_layers_and_both_inputs():
    (axes,) = viz.plot_column(show=False).axes
    words = " ".join(text.get_text() for text in axes.texts)
    for name in ("Layer 1", "Layer 2/3", "Layer 5", "proximal drive (evprox1", "distal drive (evdist1", "L5 pyramidal"):
        assert name in words
    plt.close("all")


def test_height_is_called_height():
    """It grows upwards, towards the surface of the cortex."""
    axes = viz.plot_lfp(LFP, show=False).axes[0]
    assert axes.get_ylabel().startswith("Height of the contact, z")
    low, high = axes.get_ylim()
    assert low < high
    plt.close("all")
