import numpy as np
import pytest

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.source import Component
from mne_hnn.source.polarity import decide_polarity, parse_polarity

TIMES = np.arange(200) / 1000
DOWN_AT_40 = -np.exp(-0.5 * ((TIMES - 0.04) / 0.005) ** 2)
ALL_ALONG = np.outer([1.0, 2.0, 0.5], DOWN_AT_40)


@pytest.mark.parametrize("arbitrary", [1, -1])
def test_normal_rule_undoes_an_arbitrary_sign(arbitrary):
    decided = decide_polarity(arbitrary * DOWN_AT_40, TIMES, ALL_ALONG, "normal")
    assert (decided.sign, decided.confidence, decided.outward) == (arbitrary, 1.0, 1)


@pytest.mark.parametrize("arbitrary", [1, -1])
@pytest.mark.parametrize(("points", "up"), [("down", 1), ("up", -1)])
def test_component_rule(arbitrary, points, up):
    decided = decide_polarity(
        arbitrary * DOWN_AT_40, TIMES, ALL_ALONG, {"latency": 0.042, "points": points, "name": "M40"}
    )
    assert decided.sign * arbitrary == up
    assert decided.outward == up
    assert decided.confidence == (1.0 if up == 1 else 0.0)
    assert f"M40 near 42 ms points {points}" in decided.rule


@pytest.mark.parametrize("arbitrary", [1, -1])
@pytest.mark.parametrize("sign", [1, -1])
def test_sign_is_relative_to_the_outward_current(arbitrary, sign):
    decided = decide_polarity(arbitrary * DOWN_AT_40, TIMES, ALL_ALONG, sign)
    assert decided.sign * arbitrary == sign
    assert decided.outward == sign


def test_confidence_is_the_share_of_amplitude():
    sources = np.outer([3.0, 1.0, -1.0], DOWN_AT_40)
    assert decide_polarity(DOWN_AT_40, TIMES, sources, "normal").confidence == pytest.approx(4 / 5)
    assert decide_polarity(-DOWN_AT_40, TIMES, sources, "normal").confidence == pytest.approx(4 / 5)
    # what the sensors say counts more than the majority, and the confidence shows the conflict
    against = decide_polarity(DOWN_AT_40, TIMES, sources, "normal", outward_sign=-1)
    assert (against.sign, against.confidence) == (-1, pytest.approx(1 / 5))


def test_silent_sources_give_a_toss_of_a_coin():
    assert decide_polarity(DOWN_AT_40, TIMES, np.zeros((2, 200)), "normal").confidence == 0.5


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("up", "Unknown polarity rule 'up'"),
        (0, "polarity must be 'normal', a component"),
        (True, "polarity must be 'normal', a component"),
        ({"latency": 0.04}, "has no points"),
        ({"latency": 0.04, "pionts": "up"}, "Unknown field 'pionts'.*Did you mean 'points'"),
        ({"latency": "0.04", "points": "up"}, "without quotes"),
        ({"latency": 0.04, "points": "left"}, "Unknown direction"),
    ],
)
def test_wrong_rules(rule, message):
    with pytest.raises(ParameterError, match=message):
        parse_polarity(rule)


def test_component_outside_the_response():
    with pytest.raises(DataError, match=r"The component at 40 s lies outside the response, 0 to 0\.199 s"):
        decide_polarity(DOWN_AT_40, TIMES, ALL_ALONG, Component(latency=40.0, points="up"))
