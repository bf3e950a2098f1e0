"""Whether a response is from where it was looked for: numbers that a right patch passes and a wrong one does not."""

import re
import warnings

import mne
import numpy as np
import pytest

from mne_hnn import Dipole, MneHnnWarning
from mne_hnn.errors import ParameterError
from mne_hnn.source import (
    best_patch,
    estimate_target,
    find_label,
    label_patch,
    predict_sensors,
    target_from_dipole,
)
from mne_hnn.source.localisation import Localisation, localise, warn_of_elsewhere
from mne_hnn.source.moments import check_moment


def named(scene, name):
    return find_label(name, subject="01", subjects_dir=scene.anatomy.subjects_dir)


@pytest.fixture(scope="module")
def right(scene):
    disc = best_patch(scene.evoked, scene.label, scene.forward, noise_cov=scene.noise_cov, latency=0.04).label
    with warnings.catch_warnings():
        warnings.simplefilter("error", MneHnnWarning)  # none for the right place
        return estimate_target(
            scene.evoked, scene.inverse, disc, forward=scene.forward, noise_cov=scene.noise_cov, tmax=0.15
        )


def test_a_right_patch_explains_all_but_noise(right):
    found = right.localisation
    assert found.latency == pytest.approx(0.04, abs=0.002)
    assert found.signal > 0.95
    # what it carries and what the noise has make up the response
    assert found.explained + found.noise == pytest.approx(1.0, abs=0.04)
    assert found.best_distance_mm == 0
    assert found.best_angle_deg < 20
    assert not found.best_turned
    assert found.orientation == "free"
    kept = right.dipole.provenance
    assert (kept["explained_variance"], kept["noise_share"]) == (found.signal, found.noise)
    assert kept["best_source"]["distance_mm"] == 0
    assert kept["agreement_with_sensors"] is None, "a course that is the moment itself agrees with itself"


def test_a_label_in_the_other_hemisphere_is_not_where_the_response_is_from(scene):
    """A number that can fail, and does."""
    wrong = best_patch(
        scene.evoked, named(scene, "precentral-lh"), scene.forward, noise_cov=scene.noise_cov, latency=0.04
    )
    with pytest.warns(
        MneHnnWarning, match=r"The response is not from here: the patch of 'precentral-disc-lh' explains"
    ):
        made = estimate_target(scene.evoked, scene.inverse, wrong.label, forward=scene.forward, tmax=0.15)
    assert made.localisation.signal < 0.15
    assert made.localisation.best_signal > 0.9
    assert made.localisation.best_distance_mm > 40


def test_the_opposite_bank_is_told(scene):
    """The wall that faces the active one explains much of the field, with the sign turned."""
    bank = best_patch(scene.evoked, named(scene, "precentral-rh"), scene.forward, noise_cov=scene.noise_cov)
    with pytest.warns(MneHnnWarning, match="Another place explains .* flows the other way through the cortex"):
        made = estimate_target(scene.evoked, scene.inverse, bank.label, forward=scene.forward, tmax=0.15)
    found = made.localisation
    assert 0.5 < found.signal < 0.9 < found.best_signal
    assert 0 < found.best_distance_mm < 15
    assert found.best_turned
    assert found.best_angle_deg < 30, "the current itself points the same way"


def test_a_wide_label_is_not_one_source(scene):
    with pytest.warns(MneHnnWarning, match="too wide to act as one: .* one source inside it"):
        made = estimate_target(
            scene.evoked, scene.inverse, named(scene, "postcentral-rh"), forward=scene.forward, tmax=0.15
        )
    assert made.localisation.signal < 0.2
    assert made.localisation.best_distance_mm == 0


def test_a_fixed_forward_solution_is_scanned_along_the_normals(scene, right):
    fixed = mne.convert_forward_solution(scene.forward, surf_ori=True, force_fixed=True, verbose="error")
    made = estimate_target(scene.evoked, scene.inverse, right.patch.label, forward=fixed, tmax=0.15)
    assert made.localisation.orientation == "normal"
    assert made.localisation.signal == pytest.approx(right.localisation.signal, rel=1e-6)
    assert made.localisation.best_signal <= right.localisation.best_signal
    np.testing.assert_allclose(made.dipole["agg"], right.dipole["agg"], rtol=1e-6, atol=1e-15)


def test_shares_count_what_other_labels_leave(scene, right):
    """Two active places, one named: each alone explains its part; together, each all that the other leaves."""
    other = label_patch(best_patch(scene.evoked, named(scene, "postcentral-lh"), scene.forward).label, scene.forward)
    times = scene.noise_free.times
    wave = 30e-9 * np.exp(-0.5 * ((times - 0.04) / 0.01) ** 2)
    fields = [
        predict_sensors(Dipole(wave, times, ("agg",)), patch, scene.forward, scene.noise_free).predicted
        for patch in (right.patch, other)
    ]
    both = scene.evoked.copy()
    both.data = both.data * 0.2 + fields[0].data + fields[1].data
    options = {"forward": scene.forward, "noise_cov": scene.noise_cov, "tmax": 0.15}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MneHnnWarning)
        alone = estimate_target(both, scene.inverse, right.patch.label, **options)
        together = estimate_target(both, scene.inverse, right.patch.label, other_labels=[other.label], **options)
    assert alone.localisation.signal < 0.7
    assert together.localisation.signal > 0.95


def test_a_scan_finds_a_free_dipole(scene, right):
    """A current of known place and direction, 30 degrees off the normal: both come back."""
    forward, normals = scene.forward, right.patch.normal
    source = int(forward["src"][0]["nuse"] + 70)
    fixed = mne.convert_forward_solution(forward, surf_ori=True, force_fixed=True, verbose="error")
    gain = forward["sol"]["data"][:, 3 * source : 3 * source + 3]
    # among the directions that MEG sees
    seen = np.linalg.svd(gain, full_matrices=False)[2][:2]
    normal = seen.T @ (seen @ fixed["source_nn"][source])
    normal /= np.linalg.norm(normal)
    across = seen.T @ (np.array([[0, -1], [1, 0]]) @ (seen @ normal))
    angle = np.radians(30)
    direction = np.cos(angle) * normal + np.sin(angle) * across
    evoked = scene.noise_free.copy()
    evoked.nave = 10000  # as good as without noise
    evoked.data = np.outer(gain @ direction, 20e-9 * np.sin(2 * np.pi * 10 * evoked.times))
    vertex = forward["src"][1]["vertno"][70]
    label = mne.Label([vertex], hemi="rh", name="known-rh", verbose="error")
    patch = label_patch(label, forward)
    found = localise(
        evoked, patch, evoked.data[0] / (gain @ direction)[0], forward, fixed["source_nn"],
        noise_cov=scene.noise_cov, window=evoked.times >= 0,
    )  # fmt: skip
    assert found.best_distance_mm == 0
    assert found.best_signal == pytest.approx(1.0, abs=0.01)
    assert found.best_angle_deg == pytest.approx(30, abs=3)
    assert found.signal == pytest.approx(np.cos(angle) ** 2, abs=0.12)
    assert normals.shape == (3,)


def noise_alone(scene, seed=0):
    noise = scene.noise_free.copy()
    noise.data = np.random.default_rng(seed).multivariate_normal(
        np.zeros(len(noise.ch_names)), scene.noise_cov.data / scene.evoked.nave, noise.data.shape[1]
    ).T  # fmt: skip
    noise.nave = scene.evoked.nave
    return noise


def test_noise_alone_is_no_response(scene, right):
    """Nothing stands above the noise: that is said, and no place is named."""
    with pytest.warns(MneHnnWarning) as caught:
        made = estimate_target(
            noise_alone(scene), scene.inverse, right.patch.label, forward=scene.forward, noise_cov=scene.noise_cov,
            tmax=0.15,
        )  # fmt: skip
    said = [str(one.message) for one in caught]
    assert any("within the noise" in text for text in said)
    assert not any("not from here" in text or "Another place" in text for text in said)
    assert not made.localisation.certain


def test_a_weak_response_is_not_called_misplaced(scene, right):
    """A tenth of the response, hardly above the noise: too little to say where it is not from."""
    weak = noise_alone(scene, seed=1)
    weak.data += 0.1 * scene.noise_free.data
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimate_target(
            weak, scene.inverse, right.patch.label, forward=scene.forward, noise_cov=scene.noise_cov, tmax=0.15
        )
    assert not [one for one in caught if "not from here" in str(one.message) or "Another" in str(one.message)]


@pytest.mark.parametrize(
    ("signal", "best", "away", "message"),
    [
        (0.3, 0.4, 30.0, r"not from here alone, or noisier .* no single source more than 40%\. Name the other"),
        (0.04, 0.12, 80.0, r"The response is not from here: .* explains 4% .* one source 80 mm away 12%"),
        (0.04, 0.9, 0.0, r"too wide to act as one: .* explains 4% .* one source inside it 90%"),
        (0.6, 0.95, 12.0, r"Another place explains the response far better: .* 60% .* one source 12 mm away 95%"),
        (0.9, 0.99, 12.0, None),
        (0.6, 0.7, 12.0, None),
    ],
)
def test_each_case_has_its_sentence(right, signal, best, away, message):
    found = Localisation(
        latency=0.1, explained=0.2, noise=0.1, signal=signal, best_signal=best, best_distance_mm=away,
        best_angle_deg=40.0, best_turned=False, best_pos=[0, 0, 0], orientation="free", certain=True, evidence=100.0,
    )  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_elsewhere(found, right.patch.label)
    assert len(caught) == (message is not None)
    if message is not None:
        assert re.search(message, str(caught[0].message))


def test_printing_fills_no_pages(scene, right):
    assert str(right).splitlines()[1:] == [
        f"  {1e9 * right.dipole['agg'].min():+.3g} nAm at 40 ms (standard error {1e9 * right.standard_error:.2g} nAm)",
        "  normal: outward current (deep to superficial layers) is up; agreement 1.00",
        f"  {right.localisation.words()}>",
    ]
    assert str(right).startswith(f"<Target | {right.patch.label.name}, 0 to 150 ms\n")
    for part in (right.patch, right.course):
        assert len(str(part)) < 120
    assert str(scene.truth).startswith("<Truth | -30 nAm at 4")
    assert len(str(scene.truth)) < 120
    assert "explains 97% of the response above the noise around 40 ms" in str(right)


def test_residuals_have_the_noise_of_the_response(scene, right, recwarn):
    evoked = scene.evoked.copy()
    evoked.nave = 3
    prediction = predict_sensors(right.dipole, right.patch, scene.forward, evoked)
    assert (prediction.residual.nave, prediction.predicted.nave) == (3, 3)
    assert not [one for one in recwarn if "nave" in str(one.message)]
    assert str(prediction).startswith("<Prediction | explains mag 9")


def test_predictions_go_through_the_projectors_that_were_applied(scene, right):
    """One of two is active: the measured field went through that one, and so does the predicted one."""
    evoked = scene.evoked.copy()
    field = predict_sensors(right.dipole, right.patch, scene.forward, evoked).predicted
    pattern = field.data[:, 20] / np.linalg.norm(field.data[:, 20])
    projectors = [
        mne.Projection(
            active=False, kind=1, desc=desc, explained_var=None,
            data={"nrow": 1, "ncol": 306, "row_names": None, "col_names": evoked.ch_names, "data": row[np.newaxis]},
        )
        for desc, row in (("field", pattern), ("other", np.eye(306)[0]))
    ]  # fmt: skip
    evoked.add_proj(projectors)
    evoked.info["projs"][0]["active"] = True
    evoked.data = evoked.data - np.outer(pattern, pattern @ evoked.data)
    predicted = predict_sensors(right.dipole, right.patch, scene.forward, evoked).predicted
    assert np.abs(pattern @ predicted.data).max() < 1e-6 * np.abs(pattern @ field.data).max()
    np.testing.assert_allclose(predicted.data[0], (field.data - np.outer(pattern, pattern @ field.data))[0], atol=1e-24)


@pytest.mark.parametrize(
    ("moment", "error", "area", "message"),
    [
        (2000e-9, 1e-9, 500.0, "reaches 2e\\+03 nAm; those of responses are below 1000 nAm. Check the units"),
        (
            30e-9,
            1e-9,
            10.0,
            "30 nAm, 3 nAm/mm\N{SUPERSCRIPT TWO} in its 10 mm\N{SUPERSCRIPT TWO}; cortex gives at most 1 to 2",
        ),
        (1e-9, 0.5e-9, 100.0, "1 nAm, which is within the noise"),
    ],
)
def test_moments_that_no_cortex_has(right, moment, error, area, message):
    with pytest.warns(MneHnnWarning, match=message):
        check_moment(np.array([0.0, moment]), error, area, right.patch.label)


def test_moments_of_cortex_pass(right):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_moment(np.array([0.0, -30e-9]), 1e-9, 100.0, right.patch.label)


def fitted(scene, *, gof=95.0, away=1e-3, angle=0.0, amplitude=30e-9):
    fixed = mne.convert_forward_solution(scene.forward, force_fixed=True, use_cps=True, verbose="error")
    row = len(fixed["src"][0]["vertno"]) + 50
    normal = fixed["source_nn"][row]
    across = np.cross(normal, [0, 0, 1.0])
    across /= np.linalg.norm(across)
    times = np.arange(0, 0.1, 0.002)
    course = amplitude * np.exp(-0.5 * ((times - 0.04) / 0.01) ** 2)
    direction = np.cos(np.radians(angle)) * normal + np.sin(np.radians(angle)) * across
    place = fixed["source_rr"][row] + [0, 0, away]
    shape = (len(times), 1)
    return mne.Dipole(times, np.tile(place, shape), course, np.tile(direction, shape), np.full(len(times), gof))


def test_a_good_dipole_is_not_doubted(scene):
    with warnings.catch_warnings():
        warnings.simplefilter("error", MneHnnWarning)
        made = target_from_dipole(fitted(scene, angle=20.0), scene.forward)
    assert made.polarity.confidence == pytest.approx(0.5 * (1 + np.cos(np.radians(20))), abs=1e-6)
    assert made.dipole.provenance["agreement_with_sensors"] is None
    assert "goodness of fit 95 %" in str(made)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gof": 30.0}, r"explains only 30 % of the response at 40 ms \(goodness of fit\)"),
        ({"away": 0.05}, "mm from the nearest source of the cortex at 40 ms"),
        ({"angle": 80.0}, "80\N{DEGREE SIGN} from the cortical normal at 40 ms: which way"),
        ({"amplitude": 5e-6}, "reaches 5e\\+03 nAm; those of responses are below 1000"),
    ],
)
def test_doubtful_dipoles_are_said(scene, options, message):
    with pytest.warns(MneHnnWarning, match=message):
        made = target_from_dipole(fitted(scene, **options), scene.forward)
    if "angle" in options:
        assert made.polarity.confidence < 0.7


def test_a_dipole_s_window_is_used(scene):
    dipole = fitted(scene)
    dipole.pos[:10] += [0, 0, 0.02]
    early = target_from_dipole(dipole, scene.forward, tmin=0.0, tmax=0.019)
    assert early.dipole.times[-1] == pytest.approx(0.018)
    assert (
        early.dipole.provenance["distance_to_cortex_mm"]
        != target_from_dipole(dipole, scene.forward).dipole.provenance["distance_to_cortex_mm"]
    )
    with pytest.raises(
        ParameterError, match=r"fewer than two times from 20 to 90 s \(times are in s: was it given in ms"
    ):
        target_from_dipole(dipole, scene.forward, tmin=20, tmax=90)
