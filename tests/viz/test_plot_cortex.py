"""The cortex without a display: where things are, which colour they have, and what is left behind (nothing)."""

import sys

import mne
import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.viz import CortexView, plot_cortex
from mne_hnn.viz.brain import Activation
from mne_hnn.viz.cortex import _beside

LATERAL = CortexView(views=["lateral"])

for _name in ("pyvistaqt", "ipywidgets", "trame", "trame_vtk", "trame_vuetify", "ipyevents"):
    pytest.importorskip(_name, exc_type=ImportError)

RADIUS = 80.0  # mm


def _direction(*xyz):
    return np.array(xyz) / np.linalg.norm(xyz)


OUTWARD = _direction(-0.75, 0.45, 0.5)  # left, in front, above
INWARD = _direction(-0.75, -0.45, -0.5)  # left, behind, below


@pytest.fixture(scope="module")
def sphere():
    import pyvista

    mesh = pyvista.Icosphere(radius=RADIUS, nsub=5)
    faces = np.array(mesh.faces.reshape(-1, 4)[:, 1:])
    points = np.asarray(mesh.points, float)
    corners = points[faces]
    inside_out = np.einsum("ij,ij->i", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]),
                           corners.mean(axis=1)) < 0  # fmt: skip
    faces[inside_out] = faces[inside_out][:, ::-1]
    return points, faces


@pytest.fixture(scope="module")
def subjects_dir(sphere, tmp_path_factory):
    folder = tmp_path_factory.mktemp("subjects")
    (folder / "ball" / "surf").mkdir(parents=True)
    for name in ("lh.white", "lh.inflated", "rh.white"):
        mne.write_surface(folder / "ball" / "surf" / name, *sphere)
    return folder


def _cap(points, direction, degrees=14.0):
    return np.flatnonzero(points @ direction > RADIUS * np.cos(np.deg2rad(degrees)))


@pytest.fixture(scope="module")
def label(sphere):
    return mne.Label(_cap(sphere[0], OUTWARD), hemi="lh", name="cap-lh", subject="ball")


@pytest.fixture(scope="module")
def estimate(sphere):
    """Every seventh vertex is a source; outward current in one cap, inward in the other, largest at 20 ms."""
    points = sphere[0]
    sources = np.arange(0, len(points), 7)
    values = np.zeros(len(sources))
    values[np.isin(sources, _cap(points, OUTWARD))] = 3e-12
    values[np.isin(sources, _cap(points, INWARD))] = -2e-12
    data = values[:, None] * np.array([0.1, 0.5, 1.0, 0.2])
    return mne.SourceEstimate(data, [sources, np.array([], int)], 0.0, 0.01, subject="ball")


def _image(fig, panel=0):
    return np.asarray(fig.axes[panel].images[0].get_array()).astype(int)


def _middle(mask):
    """Return the middle of a mask as shares of width (from the left) and height (from above)."""
    rows, columns = np.nonzero(mask)
    return columns.mean() / mask.shape[1], rows.mean() / mask.shape[0]


def _colored(image, channel, other):
    return image[..., channel] - image[..., other] > 60


def test_signs_and_places_are_right(subjects_dir, estimate, label):
    fig = plot_cortex("ball", subjects_dir, stc=estimate, label=label, show=False)
    lateral = _image(fig)
    # seen from the left, what is in front is at the left
    red, blue = _middle(_colored(lateral, 0, 2)), _middle(_colored(lateral, 2, 0))
    assert red == pytest.approx((0.5 - 0.5 * 0.43, 0.5 - 0.5 * 0.48), abs=0.05)
    assert blue == pytest.approx((0.5 + 0.5 * 0.43, 0.5 + 0.5 * 0.48), abs=0.05)
    black = (lateral < 60).all(axis=2)
    assert black.sum() > 100
    assert _middle(black) == pytest.approx(red, abs=0.02)
    onto = _image(fig, 1)
    assert _middle(_colored(onto, 0, 2)) == pytest.approx((0.5, 0.5), abs=0.05)
    assert not _colored(onto, 2, 0).any()  # the other cap is out of sight
    assert [axes.get_title() for axes in fig.axes[:2]] == ["Lateral", "View onto the label"]
    assert [text.get_text() for text in fig.axes[0].texts] == ["A", "P", "S", "I"]
    assert fig.get_suptitle() == "Left hemisphere, 20 ms"


def test_right_hemisphere_is_seen_from_the_right(subjects_dir, sphere):
    mirrored = OUTWARD * [-1, 1, 1]
    label = mne.Label(_cap(sphere[0], mirrored), hemi="rh", name="cap-rh", subject="ball")
    fig = plot_cortex("ball", subjects_dir, label=label, view=CortexView(surface="white"), show=False)
    assert [text.get_text() for text in fig.axes[0].texts] == ["P", "A", "S", "I"]
    black = (_image(fig) < 60).all(axis=2)
    assert _middle(black) == pytest.approx((0.5 + 0.5 * 0.43, 0.5 - 0.5 * 0.48), abs=0.05)


def test_colour_bar_is_symmetric_and_has_a_unit(subjects_dir, estimate, label):
    bar = plot_cortex("ball", subjects_dir, stc=estimate, label=label, show=False).axes[-1]
    assert bar.get_ylim() == pytest.approx((-3.0, 3.0))
    assert "(pAm)" in bar.get_ylabel()
    assert "outward" in bar.get_ylabel()
    other = plot_cortex("ball", subjects_dir, stc=estimate, time=0.012, unit="dSPM", view=LATERAL, show=False)
    assert other.axes[-1].get_ylim() == pytest.approx((-1.5e-12, 1.5e-12))
    assert "(dSPM)" in other.axes[-1].get_ylabel()
    assert other.get_suptitle() == "Left hemisphere, 10 ms"


def test_place_is_marked(subjects_dir, sphere):
    view = CortexView(hemi="lh", views=["lateral"])
    fig = plot_cortex("ball", subjects_dir, patch_pos=1e-3 * RADIUS * OUTWARD, view=view, show=False)
    image = _image(fig)
    yellow = (image[..., 0] > 150) & (image[..., 2] < 120)
    assert _middle(yellow) == pytest.approx((0.5 - 0.5 * 0.43, 0.5 - 0.5 * 0.48), abs=0.05)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["place of the dipole"]


def test_settings_are_restored_and_no_plotter_is_left(subjects_dir, estimate, label):
    import gc

    import pyvista
    from mne.viz.backends import renderer
    from pyvista.plotting.plotter import _ALL_PLOTTERS

    before = renderer.MNE_3D_BACKEND, renderer.backend, pyvista.OFF_SCREEN, len(_ALL_PLOTTERS)
    plot_cortex("ball", subjects_dir, label=label, stc=estimate, show=False)
    wrong = mne.Label([10**6], hemi="lh", name="wrong-lh")
    with pytest.raises(ParameterError, match="belongs to another subject"):
        plot_cortex("ball", subjects_dir, label=wrong, show=False)
    assert (renderer.MNE_3D_BACKEND, renderer.backend, pyvista.OFF_SCREEN, len(_ALL_PLOTTERS)) == before
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, pyvista.BasePlotter | mne.viz.Brain)]


def test_missing_surface_falls_back_to_white(subjects_dir, label, estimate):
    fig = plot_cortex("ball", subjects_dir, label=label, view=CortexView(surface="pial", views=["lateral"]), show=False)
    image = _image(fig)
    grey = image[(image.max(axis=2) < 250) & (image.min(axis=2) > 60)]
    # no curvature file: one grey, that only light and shadow change
    assert np.abs(np.ptp(grey, axis=1)).max() <= 3
    with pytest.raises(ParameterError, match="neither lh.pial nor lh.white"):
        plot_cortex("nobody", subjects_dir, label=label, view=CortexView(surface="pial"), show=False)


def test_estimate_that_is_zero_leaves_the_cortex_grey(subjects_dir, estimate, label):
    fig = plot_cortex("ball", subjects_dir, stc=0.0 * estimate, label=label, view=LATERAL, show=False)
    assert len(fig.axes) == 1
    assert not _colored(_image(fig), 0, 2).any()


def test_missing_package_is_named(subjects_dir, label, monkeypatch):
    from mne.viz.backends import renderer

    before = renderer.MNE_3D_BACKEND, renderer.backend
    monkeypatch.setattr(renderer, "MNE_3D_BACKEND", None)
    monkeypatch.delitem(sys.modules, "mne.viz.backends._notebook", raising=False)
    monkeypatch.setitem(sys.modules, "ipyevents", None)
    with pytest.raises(ParameterError, match=r"ipyevents.*pip install 'mne-hnn\[report\]'"):
        plot_cortex("ball", subjects_dir, label=label, show=False)
    assert renderer.backend is before[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"view": CortexView(hemi="rh")}, "lies in hemisphere 'lh', but hemi is 'rh'"),
        ({"view": "lateral"}, r"view must be CortexView\(\.\.\.\) or None, got str"),
        ({"patch_pos": [40.0, 0.0, 10.0]}, "three coordinates in m"),
        ({"stc": "file"}, "got str"),
        ({"label": None}, "give hemi 'lh' or 'rh'"),
        ({"label": None, "view": CortexView(hemi="lh")}, "view 'label' needs a label"),
    ],
)
def test_wrong_input_is_answered(subjects_dir, label, options, words):
    with pytest.raises(ParameterError, match=words):
        plot_cortex("ball", subjects_dir, **{"label": label, "show": False, **options})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"views": "lateral"}, "views must be a list"),
        ({"views": ["lateal"]}, "Did you mean 'lateral'"),
        ({"surface": "sphere"}, "Unknown surface 'sphere'"),
        ({"hemi": "left"}, "Unknown hemisphere 'left'"),
        ({"size": 0}, "size must be a finite number > 0"),
        ({"surfaces": "pial"}, "Unknown field 'surfaces' of CortexView.*Did you mean 'surface'"),
    ],
)
def test_views_that_there_are_not(options, words):
    with pytest.raises(ParameterError, match=words):
        CortexView(**options)


def test_estimate_that_does_not_fit_is_answered(subjects_dir, estimate, label):
    with pytest.raises(ParameterError, match="time must lie within 0 to 0.03"):
        plot_cortex("ball", subjects_dir, stc=estimate, label=label, time=0.5, show=False)
    with pytest.raises(ParameterError, match="no source in hemisphere 'rh'"):
        plot_cortex("ball", subjects_dir, stc=estimate, view=CortexView(hemi="rh"), show=False)


def test_how_large_the_estimate_is_beside_the_label_is_said():
    label = mne.Label([0, 1], hemi="lh", name="small-lh", subject="ball")

    def estimate(*values, first=0):
        data = np.array(values)
        return Activation(vertices=first + np.arange(len(data)), values=data, time=0.0, limit=float(np.abs(data).max()))

    words = _beside(estimate(1e-12, -2e-12, 0.5e-12, -3e-12), label, "A m")
    assert words == "Largest value inside the label \N{MINUS SIGN}2 pAm, beside it \N{MINUS SIGN}3 pAm"
    words = _beside(estimate(1.0, -2.0, 0.5, 1.5), label, "dSPM")
    assert words == "Largest value inside the label \N{MINUS SIGN}2 dSPM, beside it +1.5 dSPM"
    assert _beside(estimate(1.0, 1.0, first=2), label, "dSPM") == "The label holds no source of the estimate."
