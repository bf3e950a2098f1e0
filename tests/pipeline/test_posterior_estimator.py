"""What is refused of an estimator in an analysis before anything is simulated, and what is said of one: without sbi."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from estimators import estimator_for
from explained import COLUMN, TAP, TSTOP, explanation, target_of
from posteriors import made

from mne_hnn.errors import ConfigError, DataError, ParameterError
from mne_hnn.fit import CircuitPrior
from mne_hnn.group import GroupConfig, run_group
from mne_hnn.group.config import resolved
from mne_hnn.group.estimators import foresee_estimators
from mne_hnn.group.job import Common
from mne_hnn.group.job_config import _base
from mne_hnn.inference import torch_parts
from mne_hnn.inference.trust import planted
from mne_hnn.inference.words import AMORTISED_CALIBRATED, NOT_CALIBRATED, calibrated
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import FILE_STAGES, STAGES, Config, estimators, run_pipeline
from mne_hnn.pipeline.estimators import (
    check_estimators,
    chosen_estimators,
    estimator_facts,
    foresee_estimator,
    read_estimators,
)
from mne_hnn.pipeline.facts import PosteriorFacts
from mne_hnn.pipeline.methods import methods_text
from mne_hnn.pipeline.page import Page, drawing, new_report
from mne_hnn.pipeline.posterior_page import Shown, show_posteriors
from mne_hnn.pipeline.posterior_words import trained_words

TIMES = np.arange(TSTOP + 1)


@pytest.fixture
def without_sbi(monkeypatch):
    """Leave out what only draws need."""
    monkeypatch.setattr(estimators, "check_sbi", lambda: None)


@pytest.fixture
def silent(tmp_path, without_sbi):
    """The file of an estimator for silent columns, a proximal and a distal drive, and 100 ms."""
    file = tmp_path / "estimator.npz"
    estimator_for(explanation("silent")).save(file)
    return file


def analysis(folder, file, **changes):
    """Return an analysis of a target that is read from a file, as the estimator is for."""
    data = target_of()["agg"] * 1e9
    rows = "\n".join(f"{time / 1e3:.3f};{value:.8g}" for time, value in zip(TIMES, data, strict=True))
    (folder / "course.csv").write_text(f"time (s);V1 (nAm)\n{rows}\n")
    values = {
        "target_file": folder / "course.csv", "target_tmax": TSTOP / 1e3, "target_error_nAm": 0.8, "network": COLUMN,
        "fit_regimes": "silent", "fit_sequence": TAP, "posterior": True, "posterior_estimator": file,
        "output": folder / "out", "posterior_of": "first",
    }  # fmt: skip
    return Config(**values | changes)


def config(**changes):
    return Config(**{"data": "x.fif", "label": "x-lh", "network": COLUMN, "posterior_estimator": "x.npz", **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"posterior_estimator": 3}, "posterior_estimator must be a path, got int."),
        (
            {"posterior": True, "posterior_networks": 500},
            "posterior_networks has no effect with posterior_estimator, which simulates none: leave it out.",
        ),
    ],
)
def test_options_that_do_not_go_with_an_estimator(changes, message):
    with pytest.raises(ConfigError) as caught:
        config(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_estimator_is_not_asked_of_all_explanations_of_both_regimes(tmp_path, silent):
    both = analysis(tmp_path, silent, posterior_of="all", fit_regimes=("spiking", "silent"))
    with pytest.raises(
        ConfigError, match=r"posterior_estimator is for one of both: set posterior_of = 'first' or one of"
    ):
        run_pipeline(both)
    assert not list((tmp_path / "out").rglob("01_target"))
    foresee_estimator(replace(both, fit_regimes="silent"), "01", {})
    foresee_estimator(replace(both, posterior_of="rivals"), "01", {})  # which are not known before the fit


def test_what_goes_with_it():
    kept = config(posterior_networks=500)
    assert not kept.posterior  # what is not asked may stay in the file
    config(posterior=True, posterior_search="y-lh", posterior_held_out=1 / 3, posterior_wrong_label="z-lh")


@pytest.mark.parametrize(
    ("changes", "other"),
    [
        ({"network": jones_2009((2, 2))}, "column"),
        ({"fit_prior": CircuitPrior(time_sd_ms=5.0)}, "prior"),
        ({"fit_regimes": "spiking"}, "regime (silent, not spiking)"),
        ({"fit_sequence": TAP[:1]}, "sequence of sides (proximal, distal, not proximal)"),
        ({"fit_sequence": None, "fit_n_drives": 3}, "sequence of sides (proximal, distal, not 3 drives)"),
        ({"smooth_ms": 10.0}, "smoothing (20 ms, not 10 ms)"),
        ({"dt": 0.05}, "window (100 ms in steps of 0.025 ms, not 100 ms in steps of 0.05 ms)"),
        ({"target_tmax": 0.09}, "window (100 ms in steps of 0.025 ms, not 90 ms in steps of 0.025 ms)"),
    ],
)
def test_an_estimator_of_something_else_is_refused_before_the_fit(tmp_path, silent, changes, other):
    asked = analysis(tmp_path, silent, **changes)
    with pytest.raises(ConfigError) as caught:
        run_pipeline(asked)
    assert str(caught.value) == (
        f"posterior_estimator, {silent}, was trained for another {other}: train one for this analysis with mne-hnn "
        "train-posterior, or leave posterior_estimator out."
    )
    done = sorted(path.name for path in (tmp_path / "out" / "sub-01").glob("0*"))
    assert done == (["01_target"] if "target_tmax" in changes else [])  # the target says how long the record is


@pytest.mark.parametrize(
    "changes",
    [{}, {"fit_sequence": None}, {"fit_sequence": None, "fit_n_drives": 2}, {"fit_regimes": ("spiking", "silent")}],
)
@pytest.mark.filterwarnings("error")
def test_an_estimator_that_may_be_right_is_kept(tmp_path, silent, changes):
    check_estimators(analysis(tmp_path, silent, **changes), silent, target=target_of())
    check_estimators(analysis(tmp_path, silent, **changes), silent)


def test_a_file_that_does_not_change_is_read_once(tmp_path, silent, monkeypatch):
    read, times = estimators.read_estimator, []
    monkeypatch.setattr(estimators, "read_estimator", lambda path: (times.append(path), read(path))[1])
    asked = analysis(tmp_path, silent)
    for _ in range(3):
        check_estimators(asked, silent)
    assert len(times) == 1
    silent.write_bytes(b"cut")
    with pytest.raises(DataError, match="damaged"):
        check_estimators(asked, silent)


def test_no_posterior_needs_no_estimator(tmp_path, without_sbi):
    asked = analysis(tmp_path, tmp_path / "none.npz", posterior=False)
    assert run_pipeline(asked, steps=["target"])[0].ran == ("target",)
    with pytest.raises(
        ConfigError, match="There is no file .*none.npz, which posterior_estimator names: check the path"
    ):
        run_pipeline(replace(asked, posterior=True))
    run_pipeline(replace(asked, posterior=True), steps=["target"])  # nor does this step


def test_a_missing_estimator_leaves_no_folder_behind(tmp_path, without_sbi):
    with pytest.raises(ConfigError, match="There is no file"):
        run_pipeline(analysis(tmp_path, tmp_path / "none.npz"))
    assert not (tmp_path / "out").exists()


def test_a_file_of_something_else(tmp_path, without_sbi):
    file = tmp_path / "estimator.npz"
    np.savez(file, a=1)
    with pytest.raises(DataError, match=r"is no file of an amortised estimator.*: write one with"):
        run_pipeline(analysis(tmp_path, file))
    assert not list((tmp_path / "out").rglob("01_target"))


def test_without_sbi(tmp_path, silent, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(torch_parts, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"sbi is not there: pip install 'mne-hnn\[sbi\]'"):
        run_pipeline(analysis(tmp_path, silent))
    assert not list((tmp_path / "out").rglob("01_target"))


def test_paths_name_the_subject_and_begin_where_the_command_runs(tmp_path, silent, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for stage, needed in ((STAGES[6], {"label": "x-lh"}), (FILE_STAGES[3], {})):
        options = stage.options(posterior_estimator="estimator.npz", **needed)
        assert [path.resolve() for path in stage.files(options)] == [silent]
        stage.foresee(analysis(tmp_path, "estimator.npz"), "01", {})
        with pytest.raises(ConfigError, match="There is no file estimator-07.npz"):
            stage.foresee(analysis(tmp_path, "estimator-{subject}.npz"), "07", {})
        assert list(stage.files(stage.options.of(options, posterior_estimator=None))) == []


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([explanation("silent")], None),
        (
            [explanation("spiking")],
            "posterior_estimator has none for explanation 2, of spiking columns (proximal, distal; 100 ms in steps of "
            "0.025 ms; smoothed by 20 ms), as {file} is for silent columns (proximal, distal; 100 ms in steps of 0.025 "
            "ms; smoothed by 20 ms): add what mne-hnn train-posterior makes with --which 2, set posterior_of = "
            "'first', or leave posterior_estimator out.",
        ),
        (
            [explanation("silent"), explanation("silent", sequence=(*TAP, ("proximal", 80.0)))],
            "has none for explanation 3, of silent columns (proximal, distal, proximal; 100 ms in steps of 0.025 ms; ",
        ),
    ],
)
def test_rivals_of_another_kind_are_refused_before_anything_is_drawn(silent, others, message):
    chosen, given = list(enumerate([explanation("silent"), *others], start=1)), read_estimators(silent)
    if message is None:
        assert chosen_estimators(given, chosen) == [0, 0]
        return
    with pytest.raises(ConfigError) as caught:
        chosen_estimators(given, chosen)
    assert message.format(file=silent) in str(caught.value)


def test_a_first_explanation_of_another_kind_asks_for_another_estimator(silent):
    with pytest.raises(ConfigError, match=r"--which 1, or leave posterior_estimator out"):
        chosen_estimators(read_estimators(silent), [(1, explanation("spiking"))])


# of a group


def group_of(file, **changes):
    return GroupConfig(
        **{"bids_root": "data", "conditions": "a", "label": "x-lh", "network": COLUMN, "posterior": True,
           "posterior_estimator": file, "draw_cortex": False, **changes},
    )  # fmt: skip


def test_a_group_is_refused_before_its_first_job(tmp_path, silent):
    with pytest.raises(ConfigError, match="was trained for another column"):
        run_group(group_of(silent, network=jones_2009((2, 2))))
    with pytest.raises(ConfigError, match="There is no file"):
        run_group(group_of(tmp_path / "none.npz"))
    foresee_estimators(group_of(tmp_path / "{subject}.npz"))  # known where the subject is
    foresee_estimators(group_of(tmp_path / "none.npz", posterior=False))


def test_a_group_whose_targets_are_of_another_length_is_refused_before_its_average_is_explained(silent, monkeypatch):
    from mne_hnn.group import estimators as of_group

    lengths, none = {"01": 0.1, "02": 0.09}, {"session": None, "task": None}
    monkeypatch.setattr(of_group, "step_output", lambda folder, *_: folder)
    monkeypatch.setattr(of_group, "read_dipole", lambda name: target_of().crop(0, lengths[name]))
    jobs = [SimpleNamespace(folder=name, unit=SimpleNamespace(subject=name, **none)) for name in lengths]
    foresee_estimators(group_of(silent), jobs)  # it is for one of them
    with pytest.raises(ConfigError, match="another window .100 ms in steps of 0.025 ms, not 90 ms"):
        foresee_estimators(group_of(silent), jobs[1:])
    # once the average is explained, what everybody is fitted with is known
    both = group_of(silent, fit_members=24, fit_polish=5)
    foresee_estimators(both, jobs, Common(regime="silent", sequence=TAP, start=silent))
    with pytest.raises(ConfigError, match="another regime .silent, not spiking"):
        foresee_estimators(both, jobs, Common(regime="spiking", sequence=TAP, start=silent))
    with pytest.raises(ConfigError, match="another sequence of sides .proximal, distal, not distal"):
        foresee_estimators(both, jobs, Common(regime="silent", sequence=TAP[1:], start=silent))


def test_jobs_of_a_group_are_told_their_own_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolved(group_of("estimator.npz")).posterior_estimator == tmp_path / "estimator.npz"
    unit = SimpleNamespace(subject="06", session=None, task=None, datatype="meg")
    job = SimpleNamespace(config=group_of("of-{subject}.npz"), unit=unit)
    monkeypatch.setattr("mne_hnn.group.job_config.subjects_folder", lambda *_: None)
    assert _base(job)["posterior_estimator"] == "of-06.npz"


# what is said


@pytest.fixture
def facts():
    return estimator_facts(estimator_for(explanation("silent")), "somewhere/estimator.npz")


def test_what_is_noted_of_an_estimator(facts):
    assert (facts.file, facts.regime, facts.sides, facts.tstop) == (
        "estimator.npz",
        "silent",
        ["proximal", "distal"],
        100,
    )
    assert (facts.trials, facts.truths, facts.half, facts.most, facts.planted) == (0, 40, 0.45, 0.875, 0)
    assert facts.settings["steps"] == 50
    assert facts.sentences[0].startswith(
        "For columns in which no cell fires, with drives proximal, distal at any times"
    )
    unjudged = estimator_facts(estimator_for(explanation("silent"), diagnostics={}), "x.npz")
    assert (unjudged.truths, unjudged.half, unjudged.most) == (0, None, None)


def told(estimator, **changes):
    drawn = {
        "explanation": 1, "file": "x.nc", "regime": "spiking", "sentences": [], "learned": [], "numbers": 5,
        "polarity": 0.99, "networks": None, "checks": [], "controls": [], "warnings": [], "held_out": None,
    }  # fmt: skip
    content = {
        "source": "waveform", "searched": None, "radii_mm": [], "populations": 4, "particles": 400, "drawn": [drawn],
        "evidence": [], "estimator": None if estimator is None else estimator.json(),
    }  # fmt: skip
    return {"posterior": {"options": {}, "versions": {}, "facts": PosteriorFacts.read(content | changes, "x").json()}}


def test_methods_name_the_estimator_and_how_it_was_trained(facts):
    text = methods_text(told(facts)).text
    for words in (
        "particles began with the draws of an amortised estimator, and were weighed and moved to the posterior by",
        "The estimator (estimator.npz), a masked autoregressive flow (Papamakarios et al., 2017) of sbi (Tejero-",
        "had learned from kernels of the column in which no cell fires which circuits",
        "Of 40 circuits that it never saw, 45 % of the numbers lay inside the intervals of 50 % of its own draws, and "
        "87.5 % inside those of 90 %.",
        "has not been tested where no cell fires",
    ):
        assert words in text, words
    for words in ("cooled down", "Gaussian process", "has been tested with planted"):
        assert words not in text
    firing = replace(facts, trials=10911, regime="spiking", planted=80, truths=0, half=None, most=None)
    text = methods_text(told(firing)).text
    assert "had learned from 10,900 simulated trials" in text
    assert "has been tested with 80 planted truths, from source waveforms." in text
    assert "that it never saw" not in text
    assert "amortised" not in methods_text(told(None)).text
    several = methods_text([told(firing), told(None)]).text
    assert "an amortised estimator (in 1 of 2 analyses)" in several
    assert "such intervals has been tested with planted truths" in several


def test_facts_of_before_know_no_estimator(facts):
    old = told(None)["posterior"]["facts"]
    del old["estimator"]
    assert PosteriorFacts.read(old, "x").estimator is None
    assert PosteriorFacts.read(told(facts)["posterior"]["facts"], "x").estimator == facts


def test_calibration_is_that_of_what_drew():
    for regime in ("spiking", "silent"):
        one = made(regime=regime)
        assert calibrated(one) == NOT_CALIBRATED
        amortised = replace(one, facts={**one.facts, "method": "amortised"})
        assert calibrated(amortised).startswith(AMORTISED_CALIBRATED[regime])
        at_sensors = "At sensors, with circuit and place both unknown, it "
        counted = f"{planted(regime, amortised=True, sensors=True)} truths: times " if regime == "silent" else ""
        assert at_sensors + ("was measured" if counted else "has not been measured") in calibrated(amortised)
        assert counted in calibrated(amortised)
    assert "80 columns whose cells fire: times 142 of 160, " in AMORTISED_CALIBRATED["spiking"]


def test_the_section_has_the_estimator_beside_what_it_drew(facts):
    one = made(regime="silent", with_place=False)
    one = replace(one, facts={**one.facts, "method": "amortised"})
    report = new_report("page")
    row = {"explanation": 1, "regime": "silent", "sequence": "x", "evidence": 1.0, "error": 0.1, "difference": 0.0,
           "against": "", "probability": 1.0, "checks_passed": True}  # fmt: skip
    noted = PosteriorFacts.read(told(facts)["posterior"]["facts"], "x")
    with drawing():
        show_posteriors(Page(report), [Shown(number=1, found=one)], [row], trained=trained_words(noted))
    elements = {element.name: element.html for element in report._content}
    text = elements["The estimator that drew, and how its own draws were found to hold"]
    assert "drawn by the estimator in estimator.npz" in text
    assert "45.0% of 80 true ones inside intervals of 50 %" in text
    assert "networks 8000, twins 512, epochs 100, pool 60000, steps 50" in text
    assert "has not been measured for columns in which no cell fires" in elements["Explanation 1, in words"]
