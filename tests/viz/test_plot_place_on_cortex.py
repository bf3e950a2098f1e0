"""The posterior of a place on the cortex, and in a report."""

from dataclasses import replace
from unittest import mock

import matplotlib as mpl
import mne
import numpy as np
import pytest
from posteriors import made, place

from mne_hnn.errors import ParameterError
from mne_hnn.pipeline.page import Page, new_report
from mne_hnn.pipeline.posterior_page import SECTION, Shown, show_posteriors
from mne_hnn.source import find_label
from mne_hnn.viz import CortexView, plot_posterior_cortex
from mne_hnn.viz.place_on_cortex import _nearest_sources

mpl.use("agg")
pytest.importorskip("pyvista")


@pytest.fixture(scope="module")
def searched(anatomy):
    """A posterior whose place is three of the sources of a gyrus, with the forward solution."""
    forward = mne.read_forward_solution(anatomy.forward_fname, verbose="error")
    gyrus = find_label("postcentral-lh", subject="01", subjects_dir=anatomy.subjects_dir)
    sources = np.intersect1d(forward["src"][0]["vertno"], gyrus.vertices)[:3]
    return made(place=replace(place(), sources=sources, label="postcentral-lh")), forward, anatomy


def test_a_place_is_drawn_on_the_cortex(searched):
    found, forward, anatomy = searched
    figure = plot_posterior_cortex(
        found, forward, "01", anatomy.subjects_dir, view=CortexView(size=150, surface="white"), show=False
    )
    assert [axes.get_title() for axes in figure.axes] == ["Lateral", "View onto the region of 90 %", ""]
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["searched: postcentral-lh, 75 mm²", "holds the centre with 90 %: 75 mm²"]
    bar = figure.axes[-1]
    assert bar.get_ylim() == pytest.approx((0.0, found.place.of_source.max()))
    picture = np.asarray(figure.axes[1].images[0].get_array())[..., :3].astype(int)
    assert np.any(picture[..., 0] - picture[..., 2] > 80)  # something is orange or red


def test_each_source_has_what_is_nearest_along_the_surface(searched):
    found, forward, anatomy = searched
    nearest = _nearest_sources(anatomy.subjects_dir / "01", found.place, forward)
    sources = forward["src"][0]["vertno"]
    assert np.array_equal(nearest[sources], sources)
    assert set(nearest) == set(sources)


def test_what_cannot_be_drawn_is_said(searched, monkeypatch):
    found, forward, anatomy = searched
    folder = anatomy.subjects_dir
    with pytest.raises(ParameterError, match="No label was searched"):
        plot_posterior_cortex(made(with_place=False), forward, "01", folder, show=False)
    with pytest.raises(ParameterError, match="hemisphere 'lh', but hemi is 'rh'"):
        plot_posterior_cortex(found, forward, "01", folder, view=CortexView(hemi="rh"), show=False)
    with pytest.raises(ParameterError, match="not those of this forward solution"):
        plot_posterior_cortex(made(place=replace(found.place, sources=np.array([1, 2, 3]))), forward, "01", folder)
    monkeypatch.setattr(
        "mne_hnn.pipeline.posterior_page.viz.plot_posterior_cortex", mock.Mock(side_effect=ParameterError("No VTK."))
    )
    page = Page(new_report("Touch"))
    row = {
        "explanation": 1, "regime": "spiking", "sequence": "proximal 25 ms", "evidence": 1.0, "error": 0.1,
        "difference": 0.0, "against": "", "probability": 1.0, "checks_passed": True,
    }  # fmt: skip
    show_posteriors(page, [Shown(number=1, found=found)], [row], forward=forward, cortex=("01", folder))
    text = " ".join(element.html for element in page.report._content)
    assert "Not drawn. No VTK." in text
    assert "Where the patch of explanation 1 may be" in text
    assert SECTION in {element.section for element in page.report._content}
