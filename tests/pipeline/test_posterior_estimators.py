"""Several estimators in an analysis: each explanation has its own, or is refused before anything is drawn; without sbi.

What they draw is in ``tests/inference/test_rival_estimators.py``.
"""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from estimators import estimator_for
from explained import COLUMN, TAP, TSTOP, explanation, explanations, target_of
from posteriors import made

from mne_hnn._arguments import change
from mne_hnn.errors import ConfigError
from mne_hnn.fit import CircuitPrior
from mne_hnn.group import GroupConfig
from mne_hnn.group.config import resolved
from mne_hnn.group.estimators import foresee_estimators
from mne_hnn.group.job_config import _base
from mne_hnn.inference import AmortisedEstimator, PosteriorSettings
from mne_hnn.inference.question import Question
from mne_hnn.inference.scope import Scope
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import FILE_STAGES, Config, estimators, run_pipeline
from mne_hnn.pipeline.chain import Chain
from mne_hnn.pipeline.config import read_config
from mne_hnn.pipeline.estimators import (
    chosen_estimators,
    estimator_facts,
    foresee_estimator,
    read_estimators,
)
from mne_hnn.pipeline.facts import DrawnFacts, PosteriorFacts
from mne_hnn.pipeline.identity import file_hash
from mne_hnn.pipeline.methods import methods_text
from mne_hnn.pipeline.options import ShortPosteriorOptions
from mne_hnn.pipeline.page import Page, drawing, new_report
from mne_hnn.pipeline.posterior_page import Shown, show_posteriors
from mne_hnn.pipeline.posterior_words import drawn_words, trained_words
from mne_hnn.pipeline.posteriors import OUTPUTS, draw_posteriors
from mne_hnn.pipeline.stage import Work

LONGER = (*TAP, ("proximal", 80.0))
WINDOW = "100 ms in steps of 0.025 ms; smoothed by 20 ms"


def spiking_estimator(sequence=TAP):
    """Return an estimator that is to be read as one for columns whose cells fire: what it has learned is not asked."""
    return estimator_for(explanation("silent", sequence=sequence), facts={"networks": 10911, "seconds": {}})


def as_spiking(estimator):
    """Return an estimator as it is read: one that has simulated networks is for columns whose cells fire."""
    if not estimator.facts["networks"]:
        return estimator
    item = explanation("spiking", sequence=[(side, 25.0 + 20 * k) for k, side in enumerate(estimator.frame.sides)])
    identity = Scope.of(Question(explanation=item, sensors=None, settings=PosteriorSettings())).identity
    return replace(estimator, frame=replace(estimator.frame, regime="spiking", identity=identity))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Files of four estimators: silent and spiking columns, the drives of a tap or one more."""
    monkeypatch.setattr(estimators, "check_sbi", lambda: None)
    read = estimators.read_estimator
    monkeypatch.setattr(estimators, "read_estimator", lambda path: as_spiking(read(path)))
    found = {
        "silent": estimator_for(explanation("silent")),
        "longer": estimator_for(explanation("silent", sequence=LONGER)),
        "spiking": spiking_estimator(),
        "column": estimator_for(explanation("silent")),
    }
    found["column"] = replace(
        found["column"],
        frame=replace(found["column"].frame, identity={**found["column"].frame.identity, "column": "x"}),
    )
    for name, one in found.items():
        one.save(tmp_path / f"{name}.npz")
    return SimpleNamespace(**{name: tmp_path / f"{name}.npz" for name in found})


def analysis(folder, given, **changes):
    """Return an analysis of a target that is read from a file."""
    data, times = target_of()["agg"] * 1e9, np.arange(TSTOP + 1)
    rows = "\n".join(f"{time / 1e3:.3f};{value:.8g}" for time, value in zip(times, data, strict=True))
    (folder / "course.csv").write_text(f"time (s);V1 (nAm)\n{rows}\n")
    values = {
        "target_file": folder / "course.csv", "target_tmax": TSTOP / 1e3, "target_error_nAm": 0.8, "network": COLUMN,
        "posterior": True, "posterior_estimator": given, "output": folder / "out",
    }  # fmt: skip
    return Config(**values | changes)


# the option


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "posterior_estimator is a list without a path: name one, or leave it out."),
        (["a.npz", None], "posterior_estimator must be a path or a list of paths, got a list with NoneType."),
        ({"a.npz"}, "posterior_estimator must be a path, got set."),
    ],
)
def test_lists_that_are_none(tmp_path, given, message):
    with pytest.raises(ConfigError) as caught:
        analysis(tmp_path, given)
    assert str(caught.value) == message


def test_a_list_in_a_file_and_on_the_command_line(tmp_path):
    file = tmp_path / "analysis.py"
    file.write_text(
        "from mne_hnn.network import jones_2009\ntarget_file = 'x.csv'\nnetwork = jones_2009()\nposterior = True\n"
        "posterior_estimator = ['a.npz', 'of-{subject}.npz']\n"
    )
    assert read_config(file).posterior_estimator == ("a.npz", "of-{subject}.npz")
    changed = dict([change("posterior_estimator=['b.npz', 'c.npz']")])
    assert read_config(file, changed).posterior_estimator == ("b.npz", "c.npz")
    assert read_config(file, dict([change("posterior_estimator=d.npz")])).posterior_estimator == "d.npz"
    with pytest.raises(ConfigError, match="posterior_networks has no effect with posterior_estimator"):
        read_config(file, {"posterior_networks": 500})


# what is refused before the fit


def test_one_that_is_not_there_is_refused_before_anything(tmp_path, files):
    with pytest.raises(ConfigError, match=r"There is no file .*none.npz, which posterior_estimator names"):
        run_pipeline(analysis(tmp_path, [files.silent, tmp_path / "none.npz"]))
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match=r"There is no file .*of-01.npz, which posterior_estimator names"):
        run_pipeline(analysis(tmp_path, [files.silent, tmp_path / "of-{subject}.npz"]))
    assert not list((tmp_path / "out").rglob("01_target"))


def test_two_for_the_same_are_refused(tmp_path, files):
    twin = tmp_path / "twin.npz"
    estimator_for(explanation("silent"), facts={"networks": 0, "seconds": {"density": 5.0}}).save(twin)
    with pytest.raises(ConfigError) as caught:
        run_pipeline(analysis(tmp_path, [files.silent, files.spiking, twin]))
    assert str(caught.value) == (
        f"posterior_estimator names two estimators for the same silent columns (proximal, distal; {WINDOW}), "
        f"{files.silent} and {twin}: leave out the one that is not meant."
    )
    assert not list((tmp_path / "out").rglob("01_target"))
    # two columns are not the same, though all that can be said of them is
    assert [path for path, _ in read_estimators([files.silent, files.column])] == [files.silent, files.column]


def test_none_for_this_analysis_is_refused_before_the_fit(tmp_path, files):
    with pytest.raises(ConfigError) as caught:
        run_pipeline(analysis(tmp_path, [files.silent, files.spiking], network=jones_2009((2, 2))))
    assert str(caught.value) == (
        f"posterior_estimator has none for this analysis, as {files.silent}, for silent columns (proximal, distal; "
        f"{WINDOW}), was trained for another column and {files.spiking}, for spiking columns (proximal, distal; "
        f"{WINDOW}), was trained for another column: train one for this analysis with mne-hnn train-posterior, or "
        "leave posterior_estimator out."
    )
    assert not list((tmp_path / "out").rglob("01_target"))
    with pytest.raises(ConfigError, match=r"another sequence of sides \(proximal, distal, not distal\) and "):
        foresee_estimator(analysis(tmp_path, [files.silent, files.longer], fit_sequence=TAP[1:]), "01", {})


@pytest.mark.parametrize("names", [("silent", "spiking"), ("silent", "column"), ("column", "longer", "spiking")])
def test_one_that_may_be_right_is_enough_before_the_fit(tmp_path, files, names):
    asked = analysis(tmp_path, [getattr(files, name) for name in names], fit_sequence=None)
    foresee_estimator(asked, "01", {})


def test_explanations_of_both_regimes_need_one_of_each(tmp_path, files):
    both = analysis(tmp_path, [files.silent, files.spiking], posterior_of="all")
    foresee_estimator(both, "01", {})
    for given in ([files.silent, files.longer], [files.silent, files.column]):
        with pytest.raises(ConfigError) as caught:
            foresee_estimator(replace(both, posterior_estimator=given), "01", {})
        for words in ("whose cells fire as well, and posterior_estimator has none for them, as ", *map(str, given)):
            assert words in str(caught.value)
    foresee_estimator(replace(both, posterior_estimator=[files.silent, files.longer], posterior_of="rivals"), "01", {})
    with pytest.raises(ConfigError, match="is for one of both: .*, give a list with one for each, or leave"):
        foresee_estimator(replace(both, posterior_estimator=[files.silent]), "01", {})


# which one is for which explanation


def test_each_explanation_has_its_own_whatever_the_order(files):
    chosen = [(1, explanation("spiking")), (3, explanation("silent")), (4, explanation("silent", sequence=LONGER)),
              (5, explanation("silent", sequence=(("proximal", 30.0), ("distal", 55.0))))]  # fmt: skip
    given = read_estimators([files.column, files.longer, files.silent, files.spiking])
    assert chosen_estimators(given, chosen) == [3, 2, 1, 2]
    assert chosen_estimators(given[::-1], chosen) == [0, 1, 2, 1]


def test_all_explanations_without_one_are_named_with_what_each_is_for(files):
    prior = explanation("silent", settings=replace(explanation().fit.settings, circuit=CircuitPrior(time_sd_ms=5.0)))
    given = read_estimators([files.column, files.spiking])
    with pytest.raises(ConfigError) as caught:
        chosen_estimators(given, [(1, explanation("spiking")), (2, explanation("silent", sequence=LONGER)), (4, prior)])
    assert str(caught.value) == (
        f"posterior_estimator has none for explanation 2, of silent columns (proximal, distal, proximal; {WINDOW}) and "
        f"explanation 4, of silent columns (proximal, distal; {WINDOW}), as {files.column} is for silent columns "
        f"(proximal, distal; {WINDOW}) with another column and {files.spiking} is for spiking columns (proximal, "
        f"distal; {WINDOW}): add what mne-hnn train-posterior makes with --which 2 and 4, set posterior_of = 'first', "
        "or leave posterior_estimator out."
    )
    with pytest.raises(ConfigError, match=r"silent columns .* with another column and prior and .*--which 4, or leave"):
        chosen_estimators(given, [(4, prior)])  # it is the first that is asked about


def work_of(folder, given, *items, **options):
    """Return the stage's work on explanations."""
    explanations(*items).save(folder / "explained.npz")
    work = Work(
        subject="01", options=ShortPosteriorOptions(posterior=True, posterior_estimator=given, **options),
        folder=folder / "stage", outputs=OUTPUTS, n_jobs=1, quiet=True,
        inputs={"fit": {"explanations": folder / "explained.npz"}},
    )  # fmt: skip
    work.folder.mkdir()
    return work


def test_a_rival_without_one_is_refused_before_the_first_is_drawn(tmp_path, files, monkeypatch):
    drawn = []
    monkeypatch.setattr(AmortisedEstimator, "posterior", lambda *_: drawn.append(1))
    work = work_of(tmp_path, [files.silent, files.spiking], explanation("silent", -20.0),
                   explanation("silent", -20.5, sequence=LONGER))  # fmt: skip
    with pytest.raises(ConfigError, match=r"has none for explanation 2, of silent columns \(proximal, distal, prox"):
        draw_posteriors(work)
    assert not drawn
    assert not list(work.folder.iterdir())


def test_every_estimator_draws_what_is_its_own(tmp_path, files, monkeypatch):
    drawn = []

    def draw(self, item, *_):
        """Note who draws what, and return any posterior of it."""
        drawn.append((self.frame.regime, self.frame.sides, item.regime, len(item.sequence)))
        one = made(regime=item.regime, with_place=False, evidence=40.0 - len(drawn))
        return replace(one, facts={**one.facts, "method": "amortised"})

    monkeypatch.setattr(AmortisedEstimator, "posterior", draw)
    monkeypatch.setattr("mne_hnn.pipeline.posteriors.shuffled_sign", lambda _: None)
    monkeypatch.setattr("mne_hnn.pipeline.posteriors._noted", noted_without_controls)
    items = [explanation("spiking", -20.0), explanation("silent", -20.5), explanation("silent", -20.6, sequence=LONGER)]
    facts = draw_posteriors(work_of(tmp_path, [files.longer, files.spiking, files.silent], *items))
    sides = [place for place, _ in LONGER]
    assert drawn == [("spiking", ("proximal", "distal"), "spiking", 2), ("silent", ("proximal", "distal"), "silent", 2),
                     ("silent", tuple(sides), "silent", 3)]  # fmt: skip
    assert facts.estimator is None
    assert [one.file for one in facts.estimators] == ["longer.npz", "spiking.npz", "silent.npz"]
    assert [one.estimator for one in facts.drawn] == [2, 3, 1]
    assert [explanations for _, explanations in facts.drew()] == [[3], [1], [2]]
    assert PosteriorFacts.read(facts.json(), "x") == facts
    assert [row["explanation"] for row in facts.evidence] == [1, 2, 3]


def noted_without_controls(number, file, one, _controls, _held_out):
    return drawn_fact(number, regime=one.regime, file=file)


def drawn_fact(number, estimator=None, regime="silent", file="x.nc"):
    return DrawnFacts(
        explanation=number, file=file, regime=regime, sentences=[], learned=[], numbers=5, polarity=0.99,
        networks=None, checks=[], controls=[], warnings=[], held_out=None, estimator=estimator,
    )  # fmt: skip


# what makes the stage run again


def recipe(folder, given):
    """Return what decides the result of the stage, after explanations that do not matter here."""
    (stage,) = (one for one in FILE_STAGES if one.name == "posterior")
    chain = Chain(analysis(folder, given), stages=FILE_STAGES, folder=folder / "out", subject="01")
    return chain._recipe(stage, None, {"target": {"outputs": {}}, "fit": {"outputs": {}}})


def test_all_files_are_inputs_of_the_stage(tmp_path, files):
    given = [files.silent, tmp_path / "spik{subject}.npz"]
    os.rename(files.spiking, tmp_path / "spik01.npz")
    before = recipe(tmp_path, given)
    assert {record["path"]: record["sha256"] for record in before.files} == {
        str(path): file_hash(path) for path in (files.silent, tmp_path / "spik01.npz")
    }
    assert before.options["posterior_estimator"] == [str(files.silent), str(tmp_path / "spik01.npz")]
    assert recipe(tmp_path, given).key == before.key
    assert recipe(tmp_path, files.silent).key != before.key
    spiking_estimator(LONGER).save(tmp_path / "spik01.npz", overwrite=True)
    assert recipe(tmp_path, given).key != before.key


# of a group


def group_of(given, **changes):
    return GroupConfig(
        **{"bids_root": "data", "conditions": "a", "label": "x-lh", "network": COLUMN, "posterior": True,
           "posterior_estimator": given, "draw_cortex": False, **changes},
    )  # fmt: skip


def test_a_group_takes_several(tmp_path, files, monkeypatch):
    foresee_estimators(group_of([files.column, files.silent]))
    with pytest.raises(ConfigError, match="has none for this analysis, as .*column.npz, for silent columns"):
        foresee_estimators(group_of([files.column, files.silent], network=jones_2009((2, 2))))
    foresee_estimators(group_of([files.column, tmp_path / "{subject}.npz"]))  # the other is known where the subject is
    with pytest.raises(ConfigError, match="There is no file"):
        foresee_estimators(group_of([tmp_path / "none.npz", tmp_path / "{subject}.npz"]))
    monkeypatch.chdir(tmp_path)
    assert resolved(group_of(["silent.npz", "{subject}.npz"])).posterior_estimator == (files.silent, "{subject}.npz")
    unit = SimpleNamespace(subject="06", session=None, task=None, datatype="meg")
    job = SimpleNamespace(config=group_of(["silent.npz", "of-{subject}.npz"]), unit=unit)
    monkeypatch.setattr("mne_hnn.group.job_config.subjects_folder", lambda *_: None)
    assert _base(job)["posterior_estimator"] == ("silent.npz", "of-06.npz")


def test_jobs_of_a_group_are_refused_if_none_is_for_anybody(tmp_path, files, monkeypatch):
    from mne_hnn.group import estimators as of_group

    monkeypatch.setattr(of_group, "step_output", lambda folder, *_: folder)
    monkeypatch.setattr(of_group, "read_dipole", lambda _: target_of())
    jobs = [SimpleNamespace(folder=name, unit=SimpleNamespace(subject=name, session=None, task=None)) for name in "ab"]
    os.rename(files.silent, tmp_path / "of-b.npz")
    files.column.rename(tmp_path / "of-a.npz")
    given = [files.longer, tmp_path / "of-{subject}.npz"]
    foresee_estimators(group_of(given, fit_sequence=TAP), jobs)  # it is for b
    with pytest.raises(ConfigError, match=r"longer.npz, for silent .* sequence of sides .*of-a.npz, .* another column"):
        foresee_estimators(group_of(given, fit_sequence=TAP), jobs[:1])


# what is said


@pytest.fixture
def noted():
    """What a stage notes that drew two explanations by the second of three estimators, and one by the first."""
    trained = [estimator_facts(as_spiking(spiking_estimator()), "a/estimator.npz"),
               estimator_facts(estimator_for(explanation("silent")), "b/estimator.npz"),
               estimator_facts(estimator_for(explanation("silent", sequence=LONGER)), "longer.npz")]  # fmt: skip
    trained[0] = replace(trained[0], truths=0, half=None, most=None)
    assert (trained[0].planted, trained[1].planted) == (80, 0)
    drawn = (drawn_fact(1, 2), drawn_fact(2, 1, regime="spiking"), drawn_fact(4, 2))
    return PosteriorFacts(
        source="waveform", searched=None, radii_mm=[], populations=4, particles=400, drawn=drawn, evidence=[],
        estimators=tuple(trained),
    )  # fmt: skip


def sidecars(facts):
    return {"posterior": {"options": {}, "versions": {}, "facts": facts.json()}}


def test_facts_say_which_drew_and_one_alone_is_noted_as_before(noted):
    told = noted.json()
    assert told["estimator"] is None
    assert [one["sides"] for one in told["estimators"]] == [list(s) for s in (["proximal", "distal"],) * 2] + [
        ["proximal", "distal", "proximal"]
    ]
    assert [one["estimator"] for one in told["drawn"]] == [2, 1, 2]
    alone = replace(noted, estimator=noted.estimators[1], estimators=(), drawn=(drawn_fact(1), drawn_fact(2)))
    assert "estimators" not in alone.json()
    assert not any("estimator" in one for one in alone.json()["drawn"])
    assert alone.drew() == [(noted.estimators[1], [1, 2])]
    assert replace(noted, estimators=(), drawn=(drawn_fact(1),)).drew() == []


def test_methods_say_which_estimator_drew_what(noted):
    text = methods_text(sidecars(noted)).text
    for words in (
        "particles began with the draws of the amortised estimator of each explanation, and were weighed",
        "The estimators, masked autoregressive flows (Papamakarios et al., 2017) of sbi (Tejero-",
        "Of columns whose cells fire, with drives proximal, distal, the posterior of explanation 2 was drawn by "
        "estimator.npz, which had learned from 10,900 simulated trials. ",
        "Of columns whose cells do not fire, with drives proximal, distal, the posteriors of explanations 1 and 4 were "
        "drawn by estimator.npz, which had learned from kernels of the column in which no cell fires; of 40 circuits "
        "that it never saw, 45 % of the numbers lay inside the intervals of 50 % of its own draws, and 87.5 % inside "
        "those of 90 %.",
        "estimators has been tested where cells fire with 80 planted truths, from source waveforms, and has not been "
        "tested where no cell fires.",
    ):
        assert words in text, words
    assert "longer.npz" not in text  # it drew nothing
    alone = replace(noted, estimator=noted.estimators[1], estimators=(), drawn=(drawn_fact(1),))
    several = methods_text([sidecars(noted), sidecars(alone)]).text
    assert "3 posteriors were drawn (in 2 of 2 analyses) by estimator.npz" in several
    assert "1 posterior was drawn (in 1 of 2 analyses) by estimator.npz" in several


def test_the_page_says_which_estimator_drew_each(noted):
    assert [drawn_words(noted, one) for one in noted.drawn] == [
        f"Drawn by estimator {k} of 3, in estimator.npz, of which more stands among the estimators that drew."
        for k in (2, 1, 2)
    ]
    shown = [
        Shown(number=one.explanation, found=made(regime=one.regime, with_place=False), drawn_by=drawn_words(noted, one))
        for one in noted.drawn
    ]
    rows = [{"explanation": one.number, "regime": "silent", "sequence": "x", "evidence": 1.0, "error": 0.1,
             "difference": 0.0, "against": "", "probability": 1.0, "checks_passed": True} for one in shown]  # fmt: skip
    report = new_report("page")
    with drawing():
        show_posteriors(Page(report), shown, rows, trained=trained_words(noted))
    elements = {element.name: element.html for element in report._content}
    text = elements["The estimators that drew, and how their own draws were found to hold"]
    for words in (
        "The posterior of explanation 2 was drawn by estimator 1 of 3, in estimator.npz, whose hash stands",
        "The posteriors of explanations 1 and 4 were drawn by estimator 2 of 3, in estimator.npz, whose hash",
        "No posterior was drawn by estimator 3 of 3, in longer.npz.",
        "For columns in which no cell fires, with drives proximal, distal, proximal at any times",
    ):
        assert words in text, words
    for number, k in ((1, 2), (2, 1), (4, 2)):
        assert f"Drawn by estimator {k} of 3, in estimator.npz" in elements[f"Explanation {number}, in words"]
