"""Responses at the sensors: what they say of the column, its sign and its place."""

import numpy as np
import pytest
from explained import explanation
from responses import SMALL, with_field

from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.inference import PosteriorSettings, Sensors, posterior, shuffled_sign, wrong_label
from mne_hnn.inference.place import locate
from mne_hnn.inference.question import Question
from mne_hnn.source import label_patch, patch_moment
from mne_hnn.source.discs import discs_of


def question(measured, evoked, *, sequence=(("proximal", 25.0), ("distal", 60.0)), **given):
    settings = PosteriorSettings(**SMALL, radii_mm=given.pop("radii_mm", (5.0, 10.0)))
    sensors = Sensors(evoked=evoked, forward=measured.forward, noise_cov=measured.noise_cov, **given)
    silent = explanation("silent", columns=5e5, target=measured.target, sequence=sequence)
    return Question(explanation=silent, sensors=sensors, settings=settings)


def test_sensors_give_the_patch_the_moment_of_least_squares(measured):
    evoked = with_field(measured, measured.patch, measured.moment)
    asked = question(measured, evoked, place=measured.patch, field_error=0)
    found = asked.likelihood()
    moment, error = patch_moment(evoked, measured.patch, measured.forward, noise_cov=measured.noise_cov)
    assert found.course.wanted == pytest.approx(np.interp(asked.times_ms, evoked.times * 1e3, moment), abs=1e-15)
    assert np.sqrt(found.course.noise[0, 0]) > error  # fewer samples are independent
    assert found.residual == pytest.approx(1.0, abs=0.1)


def test_errors_of_the_field_are_fields_of_sources_around(measured):
    """So that places nearby are not told apart by what no head model knows."""
    evoked = with_field(measured, measured.patch, 20 * measured.moment)
    scenes = {
        error: question(measured, evoked, place=measured.patch, field_error=error).scene for error in (0, 0.1, 0.2)
    }
    assert scenes[0].errors is None
    errors, seen = scenes[0.1].errors, scenes[0.1].field_of(measured.patch)
    assert np.linalg.norm(errors.fields) == pytest.approx(0.1 * np.linalg.norm(seen), rel=1e-3)
    assert np.linalg.norm(scenes[0.2].errors.fields) == pytest.approx(0.2 * np.linalg.norm(seen), rel=1e-3)
    # what a place nearby gives is almost in their span, what one far away gives is not
    basis = np.linalg.qr(errors.fields)[0]
    left = {}
    for name, label in measured.labels.items():
        other = scenes[0.1].field_of(label_patch(label, measured.forward))
        left[name] = np.linalg.norm(other - basis @ (basis.T @ other)) / np.linalg.norm(other)
    assert left["BA3b_exvivo-rh"] < 0.02
    assert left["superiortemporal-lh"] > 0.1
    # and two places nearby differ less than with fields that are exact
    disc = discs_of(measured.labels["BA3b_exvivo-rh"], measured.forward, (10.0,)).patch(20, measured.forward)
    apart = [
        one.reduced(one.field_of(measured.patch)).rest - one.reduced(one.field_of(disc)).rest for one in scenes.values()
    ]
    assert apart[0] > 2 * apart[1] > 0
    assert apart[1] > apart[2] > 0
    with pytest.raises(ParameterError, match="field_error"):
        Sensors(evoked=evoked, forward=measured.forward, place=measured.patch, field_error=-1)


def test_another_active_label_takes_its_share(measured):
    """With what the other one gives integrated out, the likelihood is that of a response without it."""
    other = measured.labels["superiortemporal-lh"]
    evoked = with_field(measured, measured.patch, measured.moment)
    disturbed = evoked.copy()
    disturbed.data = (
        evoked.data
        + with_field(measured, label_patch(other, measured.forward), 2 * measured.moment[::-1], noise=0.0).data
    )
    alone = question(measured, disturbed, place=measured.patch).likelihood()
    along = question(measured, disturbed, place=measured.patch, other_labels=[other]).likelihood()
    clean = question(measured, evoked, place=measured.patch, other_labels=[other]).likelihood()
    assert along.course.wanted == pytest.approx(clean.course.wanted, abs=3e-10)
    assert alone.residual > 3
    assert along.residual == pytest.approx(1.0, abs=0.15)


@pytest.fixture
def answered(measured, silently):
    """A posterior from sensors, searched over the label."""
    patch = discs_of(measured.labels["BA3b_exvivo-rh"], measured.forward, (10.0,)).patch(20, measured.forward)
    evoked = with_field(measured, patch, measured.moment)
    sensors = Sensors(
        evoked=evoked,
        forward=measured.forward,
        place=patch,
        noise_cov=measured.noise_cov,
        search=measured.labels["BA3b_exvivo-rh"],
        field_error=0.0,  # it was made with this forward solution
    )
    silent = explanation("silent", columns=5e5, target=measured.target)
    with pytest.warns(MneHnnWarning):  # so few draws do not suffice
        return posterior(silent, sensors, PosteriorSettings(**SMALL, radii_mm=(5.0, 10.0))), patch


def test_sign_place_and_controls(answered, measured):
    found, patch = answered
    assert found.polarity.probability > 0.99
    assert found.facts["source"] == "sensors"
    by_name = {check.name: check for check in found.checks}
    assert by_name["sensors that the patch cannot explain"].passed
    assert by_name["share of the response above the noise that is predicted at the sensors"].value > 0.8
    place = found.place
    assert place.probability.sum() == pytest.approx(1.0)
    centre = place.sources[place.centre[place.best]]
    assert centre in patch.vertices
    truth = place.sources[20]
    assert truth in place.region(0.99)
    assert 0 < place.area_mm2(0.5) <= place.area_mm2(0.9) <= place.areas_mm2.sum()
    inside = np.isin(place.sources, patch.vertices)
    assert place.of_source[inside].mean() > 2 * place.of_source[~inside].mean()
    stc = place.source_estimate("01")
    assert stc.data[:, 0] == pytest.approx(place.of_source)
    control = shuffled_sign(found)
    assert control.rejected
    assert control.difference == pytest.approx(found.polarity.difference, abs=4 * found.polarity.error + 0.5)
    wrong = wrong_label(found, measured.labels["superiortemporal-lh"])
    assert wrong.rejected
    assert "superiortemporal" in wrong.name


def test_a_place_is_less_sure_with_fields_that_may_be_off(measured):
    label = measured.labels["BA3b_exvivo-rh"]
    disc = discs_of(label, measured.forward, (10.0,)).patch(20, measured.forward)
    evoked = with_field(measured, disc, measured.moment)
    found = {}
    for error in (0.0, 0.1):
        asked = question(measured, evoked, place=disc, search=label, field_error=error, radii_mm=(10.0,))
        moments = np.interp(asked.times_ms, measured.times * 1e3, measured.moment)[np.newaxis] / 5e5
        found[error] = locate(asked, moments, None)
    assert found[0.0].probability.max() > found[0.1].probability.max()
    assert found[0.0].area_mm2(0.99) <= found[0.1].area_mm2(0.99)
    assert found[0.1].sources[20] in found[0.1].region(0.95)


def test_no_evidence_for_a_place_far_from_the_response(measured, silently):
    noise = with_field(measured, measured.patch, 0 * measured.moment)
    sensors = Sensors(
        evoked=noise,
        forward=measured.forward,
        place=measured.patch,
        noise_cov=measured.noise_cov,
        search=measured.labels["BA3b_exvivo-rh"],
    )
    silent = explanation("silent", columns=5e5, target=measured.target)
    with pytest.warns(MneHnnWarning, match="no evidence for this place '.*BA3b"):
        found = posterior(silent, sensors, PosteriorSettings(**SMALL, radii_mm=(10.0,)))
    assert found.place is None
    assert "no evidence for label" in found.warnings[-1]


def test_sensors_refuse_what_does_not_fit(measured):
    evoked = with_field(measured, measured.patch, measured.moment)
    with pytest.raises(ParameterError, match="must be Sensors"):
        posterior(explanation("silent", columns=5e5), evoked)
    with pytest.raises(DataError, match="samples in the window"):
        question(measured, evoked.copy().crop(-0.05, 0.005), place=measured.patch)
    arbitrary = explanation("silent", columns=5e5)
    object.__setattr__(
        arbitrary.fit,
        "target",
        type(measured.target)(measured.target.data, measured.target.times, ("agg",), provenance={"unit": "arbitrary"}),
    )
    sensors = Sensors(evoked=evoked, forward=measured.forward, place=measured.patch, noise_cov=measured.noise_cov)
    with pytest.raises(ParameterError, match="arbitrary units"):
        Question(explanation=arbitrary, sensors=sensors, settings=PosteriorSettings())
    with pytest.raises(ParameterError, match=r"place must hold mne.Label|label"):
        Sensors(evoked=evoked, forward=measured.forward, place="BA3b")
