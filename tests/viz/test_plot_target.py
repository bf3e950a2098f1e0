"""What is drawn of a label's time course and of a target."""

import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.viz import plot_label_course, plot_target
from mne_hnn.viz.colors import AGREEMENT

TIMES = np.arange(101) / 1000.0
SHAPE = np.sin(2 * np.pi * TIMES / 0.1)  # up at 25 ms, down at 75 ms


def test_label_course_is_turned_and_its_vertices_are_not():
    rows = np.array([1.0, 2.0, -1.0])[:, None] * SHAPE * 1e-9
    fig = plot_label_course(
        TIMES, -SHAPE * 1e-9, "A m", vertices=rows, sign=-1, confidence=0.75, rule="normal", title="BA3b", show=False
    )
    upper, lower = fig.axes
    np.testing.assert_allclose(upper.lines[0].get_ydata(), SHAPE, atol=1e-12)
    np.testing.assert_allclose(upper.lines[0].get_xdata(), 1e3 * TIMES)
    assert upper.get_ylabel() == "Label time course\n(nAm)"
    note = upper.get_title(loc="left")
    for words in ("Up: current from deep to superficial", "Rule: normal", "turned over", "0.75"):
        assert words in note
    against, along = lower.collections
    assert [tuple(lines.get_color()[0][:3]) for lines in (along, against)] == [
        tuple(int(AGREEMENT[name][i : i + 2], 16) / 255 for i in (1, 3, 5)) for name in ("along", "against")
    ]
    np.testing.assert_allclose([line[25, 1] for line in along.get_segments()], [1.0, 2.0])
    np.testing.assert_allclose([line[25, 1] for line in against.get_segments()], [-1.0])
    assert [text.get_text() for text in lower.get_legend().get_texts()] == [
        "along (n = 2, 75 %)", "against (n = 1, 25 %)",
    ]  # fmt: skip
    assert lower.get_xlim() == pytest.approx((0.0, 100.0))


def test_label_course_without_unit_or_vertices():
    fig = plot_label_course(TIMES, 5 * SHAPE, None, show=False)
    assert len(fig.axes) == 1
    assert fig.axes[0].get_ylabel() == "Label time course\n(arbitrary units)"
    np.testing.assert_allclose(fig.axes[0].lines[0].get_ydata(), 5 * SHAPE)
    silent = plot_label_course(TIMES, SHAPE, "dSPM", vertices=np.zeros((2, 101)), show=False)
    assert silent.axes[1].get_legend().get_texts()[0].get_text() == "along (n = 2, 0 %)"


def test_wrong_label_course_is_answered():
    with pytest.raises(ParameterError, match="sign must be 1 or -1"):
        plot_label_course(TIMES, SHAPE, sign=0, show=False)
    with pytest.raises(ParameterError, match="course must have 101 samples"):
        plot_label_course(TIMES, SHAPE[:-1], show=False)
    with pytest.raises(ParameterError, match="confidence must be a number between 0 and 1"):
        plot_label_course(TIMES, SHAPE, confidence=75, show=False)


def test_target_has_its_extrema_labelled():
    target = Dipole(20e-9 * SHAPE, TIMES, ("agg",))
    axes = plot_target(target, show=False).axes[0]
    assert [text.get_text() for text in axes.texts] == ["25 ms\n+20 nAm", "75 ms\n\N{MINUS SIGN}20 nAm"]
    assert axes.get_ylabel() == "Dipole moment (nAm)"
    assert axes.get_xlim() == pytest.approx((0.0, 100.0))


def test_target_and_truth_are_told_apart_and_not_written_over():
    target, truth = (Dipole(size * 1e-9 * SHAPE, TIMES, ("agg",)) for size in (20, 30))
    axes = plot_target(target, truth=truth, show=False).axes[0]
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"target", "truth"}
    up, down = (text.xy[1] for text in axes.texts)
    assert (up, down) == pytest.approx((30.0, -30.0))  # the labels are beyond the larger of both curves


def test_target_of_arbitrary_unit_says_so():
    target = Dipole(SHAPE, TIMES, ("agg",), provenance={"unit": "arbitrary"})
    axes = plot_target(target, show=False).axes[0]
    assert axes.get_ylabel() == "Dipole moment (arbitrary units)"
    assert axes.texts[0].get_text() == "25 ms\n+1"
    with pytest.raises(ParameterError, match="arbitrary units has no truth"):
        plot_target(target, truth=target, show=False)


def test_flat_target_has_no_extrema():
    assert not plot_target(Dipole(np.zeros(101), TIMES, ("agg",)), show=False).axes[0].texts


# what is said of sizes -------------------------------------------------------------------------------------------


def test_ripples_are_no_deflections():
    """A maximum of 0.2 % of the trough, or within the noise, is not named as a peak."""
    late = np.exp(-(((TIMES - 0.08) / 0.004) ** 2))
    shape = -30.0 * np.exp(-(((TIMES - 0.03) / 0.008) ** 2)) - 2.0 * (TIMES > 0.055) + 2.06 * late
    named = [text.get_text() for text in plot_target(Dipole(1e-9 * shape, TIMES, ("agg",)), show=False).axes[0].texts]
    assert named == ["30 ms\n\N{MINUS SIGN}30 nAm"]
    two = 20.0 * SHAPE
    two[TIMES > 0.05] *= 0.15  # a trough of -3 nAm
    for error, n in ((1.0, 2), (2.0, 1)):
        target = Dipole(1e-9 * two, TIMES, ("agg",), provenance={"standard_error": error * 1e-9})
        assert len(plot_target(target, show=False).axes[0].texts) == n


def test_sources_far_below_the_moment_are_explained():
    course = 30e-9 * SHAPE
    axes = plot_label_course(TIMES, course, vertices=[0.005 * course, 0.006 * course], show=False).axes[1]
    assert axes.get_title(loc="left").startswith("At most 0.18 nAm each beside a moment of 30 nAm: an inverse operator")
    for options in ({"vertices": [course]}, {"vertices": [0.005 * course], "vertices_unit": "dSPM"}):
        assert plot_label_course(TIMES, course, show=False, **options).axes[1].get_title(loc="left") == ""


def test_a_target_says_what_its_patch_explains():
    best = {"explained_variance": 0.97, "distance_mm": 81.4, "turned": False}
    made = {"unit": "A m", "explained_at": 0.04, "explained_variance": 0.02, "explained_variance_with_noise": 0.02}
    target = Dipole(20e-9 * SHAPE, TIMES, ("agg",), provenance={**made, "best_source": best})
    note = plot_target(target, show=False).axes[0].get_title(loc="left").splitlines()
    assert note == [
        "Up: current from deep to superficial layers",
        "The patch explains 2% of the response above the noise around 40 ms; the best single source, 81 mm away, 97%",
    ]
    noise = Dipole(20e-9 * SHAPE, TIMES, ("agg",), provenance={**made, "explained_variance": None, "best_source": best})
    assert plot_target(noise, show=False).axes[0].get_title(loc="left").endswith("which is below the expected noise")
