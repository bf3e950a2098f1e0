"""The figure of explanations draws what they hold, for one to six of them."""

import numpy as np
import pytest
from explained import FIRING, L5P, TAP, explanation, explanations, target_of
from matplotlib.container import ErrorbarContainer

from mne_hnn.errors import ParameterError
from mne_hnn.fit import CircuitPrior
from mne_hnn.viz import plot_explanations
from mne_hnn.viz.colors import drive_colors

NO_ROOM = ("Its cells do not fit into the patch: x.",)
OTHER = (("proximal", 22.0), ("distal", 48.0), ("proximal", 80.0))
NAM = 1e-9


@pytest.fixture(scope="module")
def three():
    target = target_of(area_mm2=200.0)
    return explanations(
        explanation(evidence=-20.0, target=target),
        explanation(evidence=-21.5, target=target, sequence=OTHER, rates=FIRING | {L5P: (1.0, 75.0)}, r_squared=0.9),
        explanation("silent", -95.0, target=target, columns=4e6, refusals=NO_ROOM),
    )


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_each_explanation_is_drawn_over_the_response(three):
    fig = three.plot(show=False)
    *left, _, _, _ = fig.axes
    assert len(left) == 6
    for number, (item, axes) in enumerate(zip(three, left[::2], strict=True), 1):
        response, dipole = (line for line in axes.lines if len(line.get_xdata()) > 10)
        np.testing.assert_allclose(response.get_ydata(), three.target["agg"] / NAM)
        np.testing.assert_allclose(dipole.get_ydata(), item.fit.dipole["agg"] / NAM)
        np.testing.assert_allclose(dipole.get_xdata(), item.fit.dipole.times * 1e3)
        assert axes.get_title(loc="left").startswith(f"{number} {item.regime}")
        assert axes.get_title(loc="right") == f"R² {item.r_squared:.3f}"
        assert axes.get_ylim() == left[0].get_ylim()
    assert left[0].get_title(loc="left") == "1 spiking: proximal\N{NO-BREAK SPACE}25, distal\N{NO-BREAK SPACE}60 ms"
    assert (
        left[4].get_title(loc="left").replace("\N{NO-BREAK SPACE}", " ")
        == "3 silent, refused: proximal 25, distal 60 ms"
    )
    assert left[-1].get_xlabel() == "Time (ms)"


def test_drives_come_from_their_side_with_their_interval(three):
    axes = three.plot(show=False).axes[2]
    arrows = [text for text in axes.texts if text.arrow_patch is not None]
    colors = drive_colors(three[1].network)
    by_time = {arrow.xy[0]: arrow for arrow in arrows}
    assert sorted(by_time) == [22.0, 48.0, 80.0]
    for name, drive in three[1].network.drives.items():
        arrow = by_time[drive.mu_ms]
        up = arrow.xy[1] > arrow.xyann[1]
        assert up is (drive.location == "proximal")
        assert arrow.arrowprops["color"] == colors[name]
    bars = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] > 0]
    assert sorted(bars) == [(20.0, 25.0), (46.0, 51.0), (78.0, 83.0)]


def test_spikes_over_time_and_none(three):
    axes = three.plot(show=False).axes
    steps = [patch for patch in axes[1].patches if hasattr(patch, "get_data")]
    assert len(steps) == 4
    assert all((patch.get_data().values > 0).sum() < 5 for patch in steps)  # where there are no spikes is no line
    total = sum(np.nansum(patch.get_data().values) for patch in steps)
    assert total == pytest.approx(sum(count.per_cell for count in three[0].spikes.types.values()))
    assert texts(axes[5]) == ["no cell fires"]


def test_differences_of_evidence_with_errors_and_refusals(three):
    axes = three.plot(show=False).axes[-3]
    bars = [patch for patch in axes.patches if hasattr(patch, "get_hatch") and patch.get_height() == 0.5]
    assert [bar.get_width() for bar in bars] == [0.0, -1.5, -40.0]  # the last is cut off
    assert [bar.get_hatch() for bar in bars] == [None, None, "////"]
    said = texts(axes)
    assert said[0] == "first"
    assert said[1] == "\N{MINUS SIGN}1.5 ± 0.7 (4.5 to 1)"
    assert said[2] == "\N{MINUS SIGN}75.0 ± 0.7, refused: too few cells"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1 spiking", "2 spiking", "3 silent"]
    (error,) = (one for one in axes.containers if isinstance(one, ErrorbarContainer))
    low, high = error.lines[2][0].get_segments()[0][:, 0]
    assert (low, high) == (pytest.approx(-1.5 - 0.5**0.5), pytest.approx(-1.5 + 0.5**0.5))


def test_spikes_per_cell_lie_over_what_is_plausible(three):
    axes = three.plot(show=False).axes[-2]
    bands = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    expected = [spikes.interval() for spikes in CircuitPrior().spikes_in(100.0).values()]
    np.testing.assert_allclose(bands, expected)
    points = {text.get_text() + str(round(text.get_position()[1])): text.get_position()[0] for text in axes.texts}
    for row, name in enumerate(three[0].spikes.types):
        for number, item in enumerate(three, 1):
            assert points[f"{number}{row}"] == item.spikes.types[name].per_cell
    assert "Spikes per cell in 100 ms" in axes.get_xlabel()


def test_cortex_lies_beside_the_patch(three):
    axes = three.plot(show=False).axes[-1]
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert dots == [item.amplitude.area_mm2 for item in three]
    assert any(list(line.get_xdata()) == [200.0, 200.0] for line in axes.lines)
    said = texts(axes)
    assert said[0] == "patch 200 mm² "
    assert said[1] == "25 mm², 13 % of the cells"
    assert said[3] == "1,440 mm², all cells"


@pytest.mark.parametrize("n", [1, 2, 6, 8])
def test_any_number_is_readable(n):
    target = target_of(area_mm2=200.0)
    sequence = tuple(("proximal" if k % 2 else "distal", 12.0 + 14 * k) for k in range(6))
    items = [explanation(evidence=-20.0 - k, target=target, sequence=sequence) for k in range(n)]
    fig = plot_explanations(explanations(*items), show=False)
    fig.draw_without_rendering()
    left = fig.axes[:-3]
    assert len(left) == 2 * min(n, 6)
    renderer = fig.canvas.get_renderer()
    for axes in left[::2]:
        title, right = axes._left_title, axes._right_title
        assert not title.get_window_extent(renderer).overlaps(right.get_window_extent(renderer))
    if n == 1:
        assert texts(fig.axes[-3]) == ["nothing to compare it with"]


def test_without_unit_patch_or_drives():
    target = target_of(unit="arbitrary")
    fig = explanations(
        explanation(target=target), explanation("silent", -21.0, target=target, sequence=(), r_squared=float("nan"))
    ).plot(show=False)
    assert "arb." in fig.axes[0].get_ylabel()
    assert texts(fig.axes[-1]) == ["cannot be counted"]
    assert fig.axes[2].get_title(loc="left") == "2 silent: no evoked drive"
    assert fig.axes[2].get_title(loc="right") == ""
    without_patch = explanations(explanation(), explanation("silent", -21.0, sequence=TAP[:1])).plot(show=False)
    assert not any("patch" in text for text in texts(without_patch.axes[-1]))


def test_other_things_are_refused():
    with pytest.raises(ParameterError, match="must be what fit_evoked or read_explanations returns, got str"):
        plot_explanations("x", show=False)
    with pytest.raises(ParameterError, match="show"):
        plot_explanations(explanations(explanation()), show="no")


def test_an_explanation_that_misses_by_far_hides_no_other():
    far = explanation(evidence=-40.0)
    far.fit.dipole.scale(20.0)
    low, high = explanations(explanation(), far).plot(show=False).axes[0].get_ylim()
    assert -80 < low < -20
    assert 20 < high < 80
