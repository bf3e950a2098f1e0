"""What is drawn of a group: targets, parameters, drives, influences, fits, labels."""

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest
from group_data import (
    CONDITIONS,
    SUBJECTS,
    TIMES,
    course,
    make_averages,
    make_comparison,
    make_difference,
    make_entries,
    make_influences,
    mean_time,
)
from matplotlib.colors import to_hex
from scipy import stats

from mne_hnn.errors import ParameterError
from mne_hnn.group.entry import Entry
from mne_hnn.group.figures.labels import common_labels
from mne_hnn.group.quantity_words import change_text, number, quantity_name
from mne_hnn.viz import (
    plot_group_drives,
    plot_group_fits,
    plot_group_labels,
    plot_group_parameters,
    plot_group_targets,
    plot_influence,
)
from mne_hnn.viz.colors import location_color

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_all_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def entries():
    return make_entries()


def _line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


# targets ---------------------------------------------------------------------------------------------------


def test_targets_mean_interval_and_subjects():
    averages = make_averages()
    fig = plot_group_targets(averages, show=False)
    assert len(fig.axes) == 2
    for axes, condition in zip(fig.axes, CONDITIONS, strict=True):
        courses = 1e9 * np.array([course(one, condition) for one in SUBJECTS])
        np.testing.assert_allclose(_line(axes, "mean").get_ydata(), courses.mean(axis=0))
        thin = [line.get_ydata() for line in axes.lines if "subjects" in line.get_label()]
        np.testing.assert_allclose(thin, courses)
        (band,) = axes.collections
        at = int(np.abs(courses.mean(axis=0)).argmax())
        low, high = stats.t.interval(0.95, 4, courses[:, at].mean(), stats.sem(courses[:, at]))
        edges = band.get_paths()[0].vertices
        at_peak = edges[np.isclose(edges[:, 0], 1e3 * TIMES[at]), 1]
        assert at_peak.min() == pytest.approx(low)
        assert at_peak.max() == pytest.approx(high)
        assert axes.get_title(loc="left") == f"{condition} (5 subjects)"
    assert fig.axes[0].get_ylim() == fig.axes[1].get_ylim()
    assert fig.axes[-1].get_xlabel() == "Time (ms)"


def test_difference_marks_only_clusters_beyond_chance():
    comparison = make_comparison()
    fig = plot_group_targets(make_averages(), comparison, show=False)
    axes = fig.axes[-1]
    assert len(fig.axes) == 3
    np.testing.assert_allclose(_line(axes, "mean").get_ydata(), 1e9 * comparison.waveform.mean)
    bars = [line for line in axes.lines if line.get_gid() == "cluster"]
    assert [list(bar.get_xdata()) for bar in bars] == [[30.0, 40.0]]
    assert [text.get_text() for text in axes.texts] == ["p = 0.004"]
    clusters = tuple(replace(one, p=0.2) for one in comparison.waveform.clusters)
    nothing = replace(comparison, waveform=replace(comparison.waveform, clusters=clusters))
    axes = plot_group_targets(make_averages(), nothing, show=False).axes[-1]
    assert not [line for line in axes.lines if line.get_gid() == "cluster"]
    assert axes.get_title(loc="right") == "no cluster with p < 0.05"


def test_one_subject_has_no_interval():
    (axes,) = plot_group_targets(make_averages(("early",), ("01",)), show=False).axes
    assert not axes.collections
    assert axes.get_title(loc="left") == "early (1 subject)"
    np.testing.assert_allclose(_line(axes, "subject").get_ydata(), 1e9 * course("01", "early"))
    with pytest.raises(ParameterError, match="no averages"):
        plot_group_targets({}, show=False)


# parameters and influences ---------------------------------------------------------------------------------


def _panels(fig):
    return {axes.get_ylabel().replace("\n", " "): axes for axes in fig.axes if axes.get_visible()}


def test_parameters_are_paired_by_subject():
    comparison = make_comparison()
    panels = _panels(plot_group_parameters(comparison, show=False))
    assert list(panels) == ["evdist1 time (ms)", "evprox1 AMPA L2 pyramidal (µS)"]
    time, strength = panels.values()
    pairs = [line.get_ydata() for line in time.lines if list(line.get_xdata()) == [0, 1]]
    one = comparison.differences[0]
    np.testing.assert_allclose(pairs, np.column_stack([one.values_a, one.values_b]))
    means = [line.get_ydata()[0] for line in time.lines if line.get_gid() == "mean"]
    assert means == pytest.approx([one.mean_a, one.mean_b])
    assert time.get_title().splitlines()[0] == "\N{MINUS SIGN}10 ms"
    assert time.title.get_fontweight() == "bold"
    assert strength.get_yscale() == "log"
    # twice as large, two subjects 1.1 times more and three 1.1 times less
    assert strength.get_title().startswith(f"\N{MULTIPLICATION SIGN} {2 * 1.1**-0.2:.3g}\n")
    assert strength.title.get_fontweight() == "normal"


def test_too_many_parameters_leave_spreads_out():
    values = ([1.0, 2.0, 3.0], [2.0, 4.0, 3.5])
    fields = ["mu_ms", "sigma_ms", *(f"weights_{kind}.cell{k}" for kind in ("ampa", "nmda") for k in range(3))]
    listed = tuple(
        make_difference(f"drives.evprox{drive}.{field}", *values, unit="ms" if field.endswith("ms") else "uS")
        for drive in range(1, 6) for field in fields
    )  # fmt: skip
    fig = plot_group_parameters(make_comparison(differences=listed), show=False)
    names = list(_panels(fig))
    assert len([one for one in fig.axes if one.get_visible()]) == 30
    assert sum("time" in name for name in names) == 5
    assert not any("spread" in name for name in names)
    with pytest.raises(ParameterError, match="no parameters"):
        plot_group_parameters(make_comparison(differences=()), show=False)


def test_influence_of_each_subject():
    comparison = make_comparison()
    influences = make_influences(comparison)
    fig = plot_influence(influences, comparison, show=False)
    panels = {axes.get_title(loc="left"): axes for axes in fig.axes if axes.get_visible()}
    assert list(panels) == ["evdist1 time", "evprox1 AMPA L2 pyramidal", "peak", "R²"]
    dots = {line.get_gid(): line for line in panels["evdist1 time"].lines if line.get_gid()}
    one = comparison.differences[0]
    for k, name in enumerate(SUBJECTS):
        left = np.delete(one.values_a - one.values_b, k).mean()
        assert dots[name].get_xdata() == pytest.approx([left])
        assert dots[name].get_marker() == ("D" if name == "03" else "o")
    # A m is shown in nAm
    dots = {line.get_gid(): line for line in panels["peak"].lines if line.get_gid()}
    assert dots["01"].get_xdata() == pytest.approx([np.delete([-4.0, -2.0, 0.0, 2.0, 4.0], 0).mean()])
    assert panels["peak"].get_xlabel() == "Difference (nAm)"
    with pytest.raises(ParameterError, match="at least three"):
        plot_influence((), comparison, show=False)


def test_words_of_quantities():
    assert quantity_name("drives.evdist1.weights_nmda.L5_pyramidal") == "evdist1 NMDA L5 pyramidal"
    assert quantity_name("drives.evprox2.sigma_ms") == "evprox2 spread"
    assert quantity_name("columns") == "number of columns"
    assert number(7.831e-5) == "7.83 \N{MULTIPLICATION SIGN} 10⁻⁵"
    assert number(-123456.0) == "\N{MINUS SIGN}123,000"
    assert number(float("nan")) == "\N{EN DASH}"
    one = make_difference("peak", [3e-9, 4e-9], [1e-9, 4e-9], unit="A m")
    assert change_text(one).startswith("+1 nAm (")


# drives and fits -------------------------------------------------------------------------------------------


def test_drives_of_subjects_and_conditions(entries):
    fig = plot_group_drives(entries, show=False)
    assert [axes.get_title(loc="left") for axes in fig.axes] == list(CONDITIONS)
    for axes, condition in zip(fig.axes, CONDITIONS, strict=True):
        marks = {(round(line.get_ydata()[0]), line.get_gid()): line for line in axes.lines if line.get_gid()}
        for row, name in enumerate(SUBJECTS):
            mark = marks[row, "evdist1"]
            assert mark.get_xdata()[0] == mean_time(name, condition)
            assert (mark.get_marker(), to_hex(mark.get_color())) == ("v", location_color("distal").lower())
            assert marks[row, "evprox1"].get_markerfacecolor() == "white"  # not determined
        means = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
        assert np.mean([mean_time(one, condition) for one in SUBJECTS]) in np.round(means, 6)
    assert [text.get_text() for text in fig.axes[0].get_yticklabels()] == [f"sub-{one}" for one in SUBJECTS]
    with pytest.raises(ParameterError, match="evoked drives"):
        plot_group_drives([one for one in entries if one.fit is None], show=False)


def test_fits_say_what_failed_and_what_is_missing(entries):
    some = [one for one in entries if (one.subject, one.condition) != ("02", "late")]
    fig = plot_group_fits(some, show=False)
    grid = np.array([axes for axes in fig.axes if axes.get_visible()]).reshape(6, 2)
    assert [text.get_text() for text in grid[5, 0].texts] == ["failed at load"]
    assert [text.get_text() for text in grid[1, 1].texts] == ["not recorded"]
    target, fitted = _line(grid[2, 1], "target"), _line(grid[2, 1], "fitted dipole")
    np.testing.assert_allclose(target.get_ydata(), 1e9 * course("03", "late"))
    np.testing.assert_allclose(fitted.get_ydata(), 1e9 * course("03", "late"))
    assert [text.get_text() for text in grid[2, 1].texts] == ["$R^2$ = 0.920"]
    assert grid[2, 0].get_ylim() == grid[2, 1].get_ylim()


def test_a_dipole_of_which_only_the_scale_was_fitted_is_called_simulated(entries):
    def legend(some):
        return [text.get_text() for text in plot_group_fits(some, show=False).legends[0].get_texts()]

    searched = [one for one in entries if one.fit is not None][:2]
    as_configured = [replace(one, fit=replace(one.fit, kind="none")) for one in searched]
    assert legend(searched) == ["target", "fitted dipole"]
    assert legend(as_configured) == ["target", "simulated dipole"]
    assert legend([searched[0], as_configured[1]]) == ["target", "fitted or simulated dipole"]
    assert _line(plot_group_fits(as_configured, show=False).axes[0], "simulated dipole")


def test_many_subjects_stand_in_blocks():
    many = [Entry(subject=f"{k:02d}", condition="one", status="failed", step="load") for k in range(30)]
    fig = plot_group_fits(many, show=False)
    shown = [axes for axes in fig.axes if axes.get_visible()]
    assert len(shown) == 30
    assert len({round(axes.get_position().x0, 3) for axes in shown}) == 3


# labels ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory):
    """Three balls: the common one, one with its vertices elsewhere, and one without registration."""
    pyvista = pytest.importorskip("pyvista")
    mesh = pyvista.Icosphere(radius=100.0, nsub=4)
    faces, points = np.array(mesh.faces.reshape(-1, 4)[:, 1:]), np.asarray(mesh.points, float)
    folder = tmp_path_factory.mktemp("subjects")
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    places = {"common": points, "turned": points @ turn.T, "bare": points}
    for name, own in places.items():
        (folder / name / "surf").mkdir(parents=True)
        for side in ("lh", "rh"):
            for surface in ("white", "inflated", *(() if name == "bare" else ("sphere.reg",))):
                mne.write_surface(folder / name / "surf" / f"{side}.{surface}", own, faces)
    return folder, places


def _cap(points, degrees):
    return np.flatnonzero(points[:, 0] > 100.0 * np.cos(np.deg2rad(degrees)))


def _labelled(subject, surface, vertices, hemi="lh"):
    label = mne.Label(vertices, hemi=hemi, name=f"cap-{hemi}", subject=surface, verbose="error")
    return Entry(subject=subject, condition="one", label=label, fs_subject=surface)


def test_labels_meet_on_the_common_surface(surfaces):
    folder, places = surfaces
    wide, narrow = _cap(places["common"], 30), _cap(places["turned"], 15)
    entries = [
        _labelled("01", "common", wide), replace(_labelled("01", "common", wide), condition="two"),
        _labelled("02", "turned", narrow), _labelled("03", "bare", wide),
    ]  # fmt: skip
    labels = common_labels(entries, folder, "common")
    inner = _cap(places["common"], 15)
    expected = np.zeros(len(places["common"]), int)
    expected[wide] = 1  # one subject, though it has two conditions
    expected[inner] = 2
    # where the meshes differ, a vertex at the edge may fall to either side
    assert (labels.counts["lh"] != expected).sum() <= 0.1 * len(inner)
    assert list(labels.counts) == ["lh"]
    assert labels.subjects == ("01", "02")
    assert "03" in labels.left_out


def test_labels_are_drawn(surfaces):
    pytest.importorskip("pyvistaqt")
    folder, places = surfaces
    entries = [
        _labelled("01", "common", _cap(places["common"], 30)), _labelled("02", "turned", _cap(places["turned"], 15)),
        _labelled("03", "bare", _cap(places["common"], 30)),
    ]  # fmt: skip
    fig = plot_group_labels(entries, folder, "common", show=False)
    picture = np.asarray(fig.axes[1].images[0].get_array()).astype(int)
    red = (picture[..., 0] > picture[..., 2] + 60).mean()
    assert 0.02 < red < 0.9
    assert "sub-03" in fig.get_supxlabel()
    assert fig.axes[-1].get_ylabel() == "Number of subjects"
    with pytest.raises(ParameterError, match="No label can be shown"):
        plot_group_labels(entries[2:], folder, "common", show=False)
