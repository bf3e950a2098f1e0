"""Sequences that a dipole cannot tell apart, and some that it can: all of the former are reported."""

import numpy as np
import pytest
from columns import kernels
from explained import explanation, target_of
from posteriors import made
from responses import SMALL

from mne_hnn.inference import PosteriorSettings, compare_posteriors, evidence_in_words, posterior, run
from mne_hnn.pipeline.posterior_words import evidence_rows

pytestmark = pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")
ONE, LATER, TWICE, AGAINST = (
    (("proximal", 25.0),),
    (("proximal", 25.0), ("distal", 45.0)),
    (("proximal", 25.0), ("proximal", 40.0)),
    (("distal", 15.0),),
)


@pytest.fixture(scope="module")
def rivals():
    """Posteriors of a response that one proximal drive made, in noise, by four sequences; nothing is simulated."""
    target = target_of(ONE)
    settings = PosteriorSettings(**SMALL, noise=0.3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "measure_kernels", kernels)
        explained = [
            explanation("silent", columns=5e5, sequence=one, target=target) for one in (ONE, LATER, TWICE, AGAINST)
        ]
        return [posterior(one, settings=settings) for one in explained]


def test_two_sequences_that_the_dipole_cannot_tell_apart_are_both_reported(rivals):
    rows = compare_posteriors(rivals)
    apart = {row["sequence"]: row["told_apart"] for row in rows}
    # a distal drive after the peak may have been there or not; what does not fit is out
    assert apart == {
        "proximal 25 ms": False,
        "proximal 25 ms, distal 45 ms": False,
        "proximal 25 ms, proximal 40 ms": True,
        "distal 15 ms": True,
    }
    second = rows[1]
    assert second["difference"] < 1.5
    assert second["against"] in ("not worth more than a mention", "positive")
    open_, decided = evidence_in_words(rows)
    assert open_.startswith("Not told apart by this response: ")
    assert "proximal 25 ms (no cell fires) (probability 0." in open_
    assert "proximal 25 ms, distal 45 ms (no cell fires) (probability 0." in open_
    assert "Both are to be reported" in open_
    assert "distal 15 ms (no cell fires), " in decided
    shown = [row[5] for row in evidence_rows([{"explanation": k, **row} for k, row in enumerate(rows)])]
    assert shown[0] == ""
    assert shown[1].startswith("not told apart (")
    assert shown[-1] == "very strong"


def test_what_both_share_is_determined_and_what_differs_is_not(rivals):
    one, later, *_ = rivals
    shared = "drives.evprox1.mu_ms"
    assert abs(np.median(one.of(shared)) - np.median(later.of(shared))) < 5
    assert min(one.bits()[shared], later.bits()[shared]) > 1
    assert later.bits()["drives.evdist1.weights_ampa.L2_pyramidal"] < 1


def test_words_of_three_and_of_one():
    assert evidence_in_words(compare_posteriors([made()])) == []
    rows = compare_posteriors([made(), made(evidence=39.0), made(evidence=38.5, regime="silent")])
    (told,) = evidence_in_words([{"explanation": k, **row} for k, row in enumerate(rows, 1)])
    assert "explanation 3, proximal 25 ms (no cell fires) (probability 0.14, 1.5 below)" in told
    assert "All of them are to be reported" in told
    (told,) = evidence_in_words(compare_posteriors([made(), made(evidence=30.0)]))
    assert told == (
        "The response decides for proximal 25 ms (cells fire) against proximal 25 ms (cells fire), 10.0 below."
    )
