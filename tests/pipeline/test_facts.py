"""What a stage notes of its result goes to the sidecar and comes back, or the sidecar is refused in one sentence."""

import json
from dataclasses import dataclass

import pytest

from mne_hnn.errors import DataError, MneHnnError
from mne_hnn.pipeline.facts import (
    ColumnsPrior,
    DriveFacts,
    ExplanationFacts,
    Facts,
    FitFacts,
    InverseFacts,
    LoadFacts,
    SpikesFacts,
    each_of,
    left_out,
    part,
)
from mne_hnn.pipeline.methods import methods_text
from mne_hnn.pipeline.stages import STAGES

LOAD = {
    "origin": "a_raw.fif", "kind": "raw data", "runs": 1, "comment": "touch", "epochs": 108, "dropped": 12,
    "drop_reasons": {"EOG 061": 12}, "noise": "measured", "noise_samples": 10907, "channels": {"grad": 204, "mag": 102},
    "sfreq": 500.0, "highpass": 1.0, "lowpass": 100.0, "window": [-0.2, 0.3],
}  # fmt: skip
DRIVES = {"evprox1": DriveFacts(location="proximal", mu_ms=20.0, mu_ms_90=[18.0, None], sigma_ms=3.0)}
EXPLANATION = ExplanationFacts(
    regime="spiking", refusals=[], drives=DRIVES, r_squared=0.9, evidence=-30.0, evidence_error=1.5,
    evidence_parts={"waveform": -30.0}, columns=1200.0, cells=240e3, fraction=0.14, area_mm2=34.0, least_area_mm2=16.0,
    patch_mm2=220.0, density_nAm_per_mm2=0.9, columns_per_nAm=40.0,
    spikes={"L5_pyramidal": SpikesFacts(per_cell=2.5, share_firing=0.9, median_ms=None)}, distances={"fraction": -0.1},
)  # fmt: skip
FIT = FitFacts(
    fitted=True, scale=2.0, r_squared=0.9, nrmse=0.1, correlation=0.95, trial_r_squared=None, search_loss=0.1,
    search_r_squared=0.9, start_loss=0.2, start_r_squared=0.8, ceiling=None, evaluations=5,
    drives=DRIVES, verdict="undecided", regime="spiking", explanations=(EXPLANATION,), spikes_window_ms=170.0,
    prior=[{"name": "fraction", "median": 0.14}], columns_prior=ColumnsPrior(median=1e4, factor=3.0),
    contributions_of=1, contributions=[{"kind": "drive", "name": "evprox1"}], decisive=3.0,
    levels=[{"name": "full", "loss": 0.1}], warnings=[],
    smooth_ms=20.0, settings={"seed": 1}, interval_percent=90, engine="coreneuron",
)  # fmt: skip


@pytest.mark.parametrize("facts", [LoadFacts.read(LOAD, "x"), FIT], ids=["load", "fit"])
def test_facts_come_back_from_json(facts):
    text = json.dumps(facts.json())
    again = type(facts).read(json.loads(text), "fit.json")
    assert again == facts
    assert json.dumps(again.json()) == text


def test_names_and_order_are_those_of_the_class():
    assert list(LoadFacts.read(LOAD, "x").json()) == list(LOAD)
    with_references = LoadFacts.read({**LOAD, "reference_sensors": 26}, "x")
    assert list(with_references.json())[10] == "reference_sensors"
    assert FIT.json()["drives"]["evprox1"]["mu_ms_90"] == [18.0, None]
    assert FIT.json()["columns_prior"] == {"median": 1e4, "factor": 3.0}


def damaged(**changes):
    content = {**FIT.json(), **changes}
    return {name: value for name, value in content.items() if value != "gone"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (damaged(scale="gone"), "The facts in 05_fit/fit.json lack 'scale'"),
        (damaged(scale="gone", ceiling="gone"), "lack 'scale', 'ceiling'"),
        (damaged(scael=3.0), "have 'scael', which this step does not note. Did you mean 'scale'?"),
        (damaged(drives={"a": {"location": "distal", "mu_ms": 3.0, "sigma_ms": 1.0}}), "drives, a lack 'mu_ms_90'"),
        (damaged(columns_prior={"median": 3.0}), "columns_prior lack 'factor'"),
        (damaged(columns_prior=[3.0]), "columns_prior must be an object, got [3.0]"),
        (damaged(explanations={}), "explanations must be a list, got {}"),
        (damaged(explanations=[{"regime": "silent"}]), "explanations, 1 lack 'refusals'"),
        (damaged(drives=[]), "drives must be an object, got []"),
        (None, "must be an object, got None"),
        ([1], "must be an object, got [1]"),
    ],
)
def test_damaged_facts_are_refused_in_one_sentence(content, message):
    with pytest.raises(DataError) as caught:
        FitFacts.read(content, "05_fit/fit.json")
    assert message in str(caught.value)
    assert "run the analysis again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_older_versions_did_not_note_may_be_missing():
    content = {
        "subject": "01", "sources": 10, "channels": 5, "orientation": "fixed", "loose": 0.0, "forward": "given",
        "inverse": "made", "conductor": None,
    }  # fmt: skip
    facts = InverseFacts.read(content, "x")
    assert (facts.template, facts.compensation, facts.coregistration) == (None, None, None)


def test_a_damaged_sidecar_has_no_methods():
    sidecar = {"options": {}, "versions": {}, "facts": {**LOAD, "epoch": 3}}
    with pytest.raises(DataError, match=r"facts in the sidecar of step 'load' have 'epoch'.*Did you mean 'epochs'"):
        methods_text({"load": sidecar})
    with pytest.raises(MneHnnError, match="There are no options in the sidecar of step 'load': run the analysis again"):
        methods_text({"load": {"versions": {}, "facts": LOAD}})


def test_every_stage_has_facts_of_its_own():
    kinds = [stage.facts for stage in STAGES]
    assert len(set(kinds)) == len(STAGES) == 8
    assert [kind.__name__ for kind in kinds[:3]] == ["LoadFacts", "InverseFacts", "TargetFacts"]


@dataclass(frozen=True, kw_only=True)
class Inner(Facts):
    length: int


@dataclass(frozen=True, kw_only=True)
class Outer(Facts):
    one: Inner | None = part(Inner)
    each: dict = each_of(Inner)  # noqa: RUF009
    seldom: int = left_out(0)


def test_parts_may_be_none_and_usual_values_left_out():
    content = {"one": None, "each": {"a": {"length": 1}}}
    facts = Outer.read(content, "x")
    assert facts == Outer(one=None, each={"a": Inner(length=1)})
    assert facts.json() == content
    assert Outer(one=Inner(length=2), each={}, seldom=3).json() == {"one": {"length": 2}, "each": {}, "seldom": 3}
