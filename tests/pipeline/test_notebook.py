"""One call from MNE's objects to explanations, their field at the sensors, and a report."""

import mne
import numpy as np
import pytest

import mne_hnn
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import EvokedSettings
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import ExplainOptions
from mne_hnn.source import make_inverse
from mne_hnn.source.demo import demo_response

SETTINGS = EvokedSettings(
    sequence=[("proximal", 20.0), ("distal", 35.0)], members=12, generations=1, finalists=1, n_trials=1, n_final=2
)
DOWN = {"latency": 0.04, "points": "down"}


@pytest.fixture(scope="module")
def materials(dataset):
    evoked, noise_cov, _ = demo_response(seed=1)
    keep = [name for number, name in enumerate(evoked.ch_names) if number // 3 % 5 == 0]  # whole triplets
    evoked.pick(keep)
    forward = mne.pick_channels_forward(
        mne.read_forward_solution(dataset.forward_fname, verbose="error"), keep, verbose="error"
    )
    inverse = make_inverse(evoked.info, forward, noise_cov.pick_channels(keep))
    return evoked, inverse, forward, dataset.subjects_dir


@pytest.fixture(scope="module")
def explained(materials):
    evoked, inverse, forward, subjects_dir = materials
    return mne_hnn.explain(
        evoked, inverse, forward, "postcentral-rh", network=jones_2009((2, 2)), settings=SETTINGS,
        options=ExplainOptions(polarity=DOWN, patch_radius_mm=10.0, window=(0.0, 0.17), subjects_dir=subjects_dir),
    )  # fmt: skip


def test_one_call_goes_from_the_response_to_explanations(explained):
    assert explained.target.dipole.provenance["label"] == "postcentral-disc-rh"
    assert explained.target.dipole["agg"].min() < 0
    assert abs(explained.target.dipole.times[-1] - 0.17) < 0.002
    assert explained.explanations.target["agg"] == pytest.approx(explained.target.dipole["agg"])
    assert {item.regime for item in explained.explanations} == {"spiking", "silent"}
    assert repr(explained.explanations) in repr(explained)


def test_each_explanation_is_brought_back_to_the_sensors(explained):
    for number, item in enumerate(explained.explanations, 1):
        prediction = explained.predict_sensors(number)
        total = prediction.predicted.data + prediction.residual.data
        times = prediction.predicted.times
        measured = explained.evoked.copy().pick(prediction.predicted.ch_names).crop(times[0], times[-1])
        np.testing.assert_allclose(total, measured.data, atol=1e-15)
        flat = np.ptp(item.fit.dipole["agg"]) == 0
        assert flat or np.ptp(prediction.predicted.data) > 0
    with pytest.raises(ParameterError, match="number must be at most 2, the explanations, got 3"):
        explained.predict_sensors(3)


def test_the_report_of_a_notebook(explained):
    report = explained.report("My response", contributions=False)
    titles = [element.name for element in report._content]
    assert titles[0] == "What was found, in words"
    for title in ("Field maps", "Target dipole", "The explanations side by side", "Drives of the fitted column",
                  "Measured, predicted, residual"):  # fmt: skip
        assert title in titles
    assert report.title == "My response"


def test_wrong_input_is_one_sentence(materials):
    evoked, inverse, forward, subjects_dir = materials
    with pytest.raises(ParameterError, match=r"window must be two times in s, such as \(0.0, 0.17\), got 0.2"):
        ExplainOptions(window=0.2)
    with pytest.raises(ParameterError, match="options must be .*ExplainOptions"):
        mne_hnn.explain(evoked, inverse, forward, "postcentral-rh", options={"window": (0.0, 0.1)})
    with pytest.raises(DataError, match="Did you mean 'postcentral-rh'"):
        mne_hnn.explain(evoked, inverse, forward, "postcentrl-rh", options=ExplainOptions(subjects_dir=subjects_dir))
    with pytest.raises(ParameterError, match="forward must be an mne.Forward or its path, got int"):
        mne_hnn.explain(evoked, inverse, 5, "postcentral-rh")
