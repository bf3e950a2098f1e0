"""One number by which explanations are ordered: its parts, when it decides, what sequences cost."""

import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.fit import Evidence
from mne_hnn.fit.evidence import DECISIVE, log_sequence_prior


def of(value, error=0.0):
    return Evidence.of({"waveform": value + 2.0, "cells": -0.5, "sequence": -1.5}, error)


def test_evidence_is_the_sum_of_its_parts():
    evidence = of(-12.0, 0.4)
    assert (evidence.value, evidence.error) == (-12.0, 0.4)
    assert dict(evidence.parts) == {"waveform": -10.0, "cells": -0.5, "sequence": -1.5}
    assert repr(evidence) == "<Evidence -12.0 ± 0.4>"
    assert evidence == of(-12.0, 0.4)


@pytest.mark.parametrize(
    ("higher", "errors", "decides"),
    [
        (3.1, (0.0, 0.0), True),
        (3.0, (0.0, 0.0), False),
        (-9.0, (0.0, 0.0), False),
        (4.0, (1.0, 1.5), True),  # error 1.80
        (4.0, (1.5, 1.5), False),  # 2.12
        (400.0, (0.1, 300.0), False),
    ],
)
def test_evidence_decides_by_odds_and_beyond_its_error(higher, errors, decides):
    assert of(higher - 20.0, errors[0]).decides_over(of(-20.0, errors[1])) is decides


def test_what_was_expected_of_regimes_orders_but_does_not_decide():
    usual, rare = {"regime": np.log(0.95)}, {"regime": np.log(0.05)}
    fires, rests = Evidence.of({"waveform": -20.0} | usual, 0.2), Evidence.of({"waveform": -21.0} | rare, 0.2)
    assert fires.value - rests.value > DECISIVE
    assert not fires.decides_over(rests)
    assert fires.decides_over(Evidence.of({"waveform": -23.1} | rare, 0.2))
    better = Evidence.of({"waveform": -16.0} | rare, 0.2)  # by the response alone, not if one expects cells to fire
    assert better.said_by_data - fires.said_by_data > DECISIVE
    assert not better.decides_over(fires)


def test_what_decides_are_odds_of_20_to_1():
    assert np.exp(DECISIVE) == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize(("value", "error"), [(float("nan"), 0.0), (float("-inf"), 0.0), (1.0, -0.1)])
def test_what_is_no_number_is_refused(value, error):
    with pytest.raises(ParameterError, match="Evidence: "):
        Evidence(value=value, error=error, parts={})


def test_a_sequence_costs_what_foreknowledge_of_its_times_is_worth():
    """Each time was as likely anywhere, from either side; a normal prior around the proposal has a higher density."""
    assert log_sequence_prior(0, 10.0, 170.0) == 0.0
    density_before, density_assumed = 1 / (2 * 170.0), 1 / (np.sqrt(2 * np.pi) * 10.0)
    one = log_sequence_prior(1, 10.0, 170.0)
    assert one == pytest.approx(np.log(density_before / density_assumed))
    assert one < -2
    # three drives have six orders, none of which was told before
    assert log_sequence_prior(3, 10.0, 170.0) == pytest.approx(3 * one + np.log(6))
    assert log_sequence_prior(2, 5.0, 170.0) < log_sequence_prior(2, 10.0, 170.0)
