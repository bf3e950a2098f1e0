from dataclasses import replace

import numpy as np
import pytest

from mne_hnn.errors import MneHnnError
from mne_hnn.explorer.cortex import demo_cortex
from mne_hnn.explorer.courses import place_courses
from mne_hnn.explorer.session import Session
from mne_hnn.explorer.state import ExploreState
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.source import demo, estimate_target
from mne_hnn.source.patch import vertex_areas


@pytest.fixture(scope="module")
def cortex():
    return demo_cortex()


@pytest.fixture(scope="module")
def truth():
    return demo.read_truth(demo.demo_dataset())


@pytest.fixture(scope="module")
def place(cortex, truth):
    return cortex.at_vertex(truth.hemi, int(truth.vertices[0]))


def test_activation_of_each_vertex(cortex):
    shown = cortex.activation(cortex.peak, "rh")
    points, triangles = cortex.surface("rh")
    assert shown.surface.shape == (len(points),)
    assert triangles.max() < len(points)
    assert np.array_equal(shown.surface[shown.vertices], shown.values)
    assert np.abs(shown.values).max() <= shown.limit
    assert shown.time == pytest.approx(cortex.peak)


def test_a_click_finds_the_truth(place, truth, cortex):
    assert place.hemi == truth.hemi
    assert set(place.patch.vertices) & set(truth.vertices)
    when, wanted = place.dipole.times, truth.dipole
    moment = np.interp(when, wanted.times, wanted["agg"])
    assert np.corrcoef(place.dipole["agg"], moment)[0, 1] > 0.9
    assert place.confidence > 0.7
    assert place.sign == 1
    assert f"{place.patch.area_mm2:.0f} mm²" in place.words()
    distances = np.linalg.norm(
        cortex.forward["src"][1]["rr"][place.label.vertices] - cortex.forward["src"][1]["rr"][int(truth.vertices[0])],
        axis=1,
    )
    assert distances.max() <= 0.010


def test_a_place_is_what_estimate_target_makes(cortex, place):
    target = estimate_target(
        cortex.evoked,
        cortex.inverse,
        place.label,
        forward=cortex.forward,
        noise_cov=cortex.noise_cov,
        tmax=0.17,
    )
    assert np.array_equal(target.dipole["agg"], place.dipole["agg"])


def test_a_disc_of_an_area(cortex, truth):
    disc = cortex.at_vertex(truth.hemi, int(truth.vertices[0]), area_mm2=300.0)
    areas = 1e6 * vertex_areas(cortex.forward["src"][1])
    assert disc.patch.area_mm2 == pytest.approx(300.0, abs=areas.max())
    small = cortex.at_vertex(truth.hemi, int(truth.vertices[0]), area_mm2=100.0)
    assert set(small.label.vertices) < set(disc.label.vertices)
    with pytest.raises(MneHnnError, match="more than there is"):
        cortex.at_vertex(truth.hemi, int(truth.vertices[0]), area_mm2=1e6)
    with pytest.raises(MneHnnError, match="not both"):
        cortex.at_vertex(truth.hemi, int(truth.vertices[0]), area_mm2=300.0, radius_mm=5.0)


def test_courses_of_a_place(cortex, place):
    first, *others = place_courses(place, cortex.inverse["src"], cortex.rule)
    assert (first.way, first.used) == ("patch", True)
    assert np.array_equal(first.values, place.dipole["agg"])
    assert [course.way for course in others] == ["mean_flip", "pca_flip", "peak"]
    for course in others:
        assert not course.used
        assert course.factor != 0
        # as near as it comes: what is left has nothing of the course
        rest = first.values - course.values
        assert abs(rest @ course.values) < 1e-9 * (first.values @ first.values)
    assert others[0].factor > 1  # estimates are shrunk


def test_the_sign_in_words(place):
    assert "Up is current out of the cortex" in place.words()
    assert "84% of its vertices' amplitude agree: the sign is likely." in place.words()
    inward = replace(place.target.polarity, confidence=0.45, outward=-1)
    doubtful = replace(place, target=replace(place.target, polarity=inward))
    assert (
        "Up is current into the cortex; 55% of its vertices' amplitude agree: the sign is doubtful" in doubtful.words()
    )


def test_labels_and_doubts(cortex):
    assert "postcentral-rh" in cortex.labels()
    place = cortex.at_label("postcentral-rh")
    assert place.vertex is None
    assert any("too wide" in text for text in place.warnings)
    assert cortex.best_place("postcentral-rh", latency=0.04).patch.area_mm2 < place.patch.area_mm2


def test_a_session_goes_to_a_place_and_back(cortex, place):
    state = ExploreState(network=with_erp_drives(jones_2009(mesh_shape=(2, 2))))
    with Session(state, cortex, n_jobs=1) as session:
        session.wait(120)
        session.take_place(place)
        answer = session.wait(120)
        assert session.place is place
        assert session.state.tstop_ms == 170.0
        assert answer.r_squared is not None
        assert answer.amplitude() is None or answer.amplitude().patch_mm2 == pytest.approx(place.patch.area_mm2)
        prediction = cortex.predict(answer, session.place)
        assert prediction.predicted.ch_names == prediction.residual.ch_names
        assert set(prediction.explained) == {"mag", "grad"}
        session.undo()
        assert session.place is None
        with pytest.raises(MneHnnError, match="click on a vertex"):
            cortex.predict(session.wait(120), session.place)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda c: c.activation(40.0), "was it in ms"),
        (lambda c: c.activation(0.04, "left"), "hemisphere"),
        (lambda c: c.at_vertex("rh", -1), "no vertex -1"),
        (lambda c: c.at_vertex("rh", 10**7), "no vertex"),
        (lambda c: c.at_vertex("rh", 5, radius_mm=-1), "radius_mm"),
        (lambda c: c.at_label("postcentrall-rh"), "Did you mean 'postcentral-rh'"),
        (lambda c: c.surface("rh", "ball"), "surface"),
    ],
)
def test_wrong_places_are_answered_in_a_sentence(cortex, ask, sentence):
    with pytest.raises(MneHnnError, match=sentence) as caught:
        ask(cortex)
    assert "\n" not in str(caught.value)
