"""The stage of posteriors: what it is asked, what it leaves, that it is not run twice, and what the report says."""

import html
import json
import re
import shutil
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from columns import kernels
from explained import explanation, explanations, target_of
from posteriors import PATHS, made

from mne_hnn.errors import ConfigError, DataError, ParameterError
from mne_hnn.fit import EvokedSettings
from mne_hnn.group import rerun
from mne_hnn.inference import Control, PosteriorSettings, cooling, posterior_files, read_posterior, run
from mne_hnn.inference.words import NOT_CALIBRATED
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import Config, posteriors, run_pipeline
from mne_hnn.pipeline.chain import Chain
from mne_hnn.pipeline.facts import Facts, PosteriorFacts
from mne_hnn.pipeline.methods import methods_text
from mne_hnn.pipeline.notebook import Explained
from mne_hnn.pipeline.options import Options, ShortPosteriorOptions
from mne_hnn.pipeline.page import Page, drawing, new_report
from mne_hnn.pipeline.posterior_page import SECTION, Shown, show_posteriors
from mne_hnn.pipeline.posterior_words import check_rows, evidence_rows, held_out_rows, in_short, named, number_rows
from mne_hnn.pipeline.posteriors import CHECKPOINT, OUTPUTS, draw_posteriors, posterior_settings
from mne_hnn.pipeline.stage import Stage, Work

SMALL = {"posterior": True, "posterior_particles": 50, "posterior_networks": 170}
TIMES = np.arange(101) * 1e-3
MOMENT = 20e-9 * np.exp(-(((TIMES - 0.04) / 0.012) ** 2)) - 12e-9 * np.exp(-(((TIMES - 0.075) / 0.015) ** 2))
few_draws = pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")


# what is asked


def config(**changes):
    return Config(**{"data": "x.fif", "label": "x-lh", "network": jones_2009((2, 2)), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"posterior": 1}, "posterior must be True or False"),
        ({"posterior_of": "frist"}, "Did you mean 'first'?"),
        ({"posterior_particles": 10}, "posterior_particles must be an integer >= 50"),
        ({"posterior_networks": 100}, "posterior_networks must be an integer >= 170"),
        (
            {"posterior_held_out": 0.7},
            "posterior_held_out must be a share of the sensors up to 0.5, such as 1/3, got 0.7",
        ),
        ({"posterior_held_out": -1}, "posterior_held_out"),
        ({"posterior_search": 3}, "posterior_search must be True, False, a path or Label, got int"),
        ({"posterior_wrong_label": True}, "posterior_wrong_label must be a path or Label, got bool"),
        (
            {"posterior": True, "posterior_sensors": False, "posterior_held_out": 0.3},
            "posterior_held_out has no effect with posterior_sensors=False: leave it out.",
        ),
        ({"posterior": True, "fit": False}, "leave fit and fit_drives as they are, or take posterior out."),
        ({"posterior": True, "amplitude": "arbitrary"}, "set posterior_sensors = False to take the target alone"),
    ],
)
def test_a_wrong_option_gives_one_sentence(changes, message):
    with pytest.raises(ConfigError) as caught:
        config(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_asked_may_stay_in_the_file():
    kept = config(posterior_sensors=False, posterior_held_out=0.3, fit=False, amplitude="arbitrary")
    assert not kept.posterior
    assert config(posterior=True, posterior_sensors=False, amplitude="arbitrary").posterior


def test_a_budget_of_networks_is_shared_out():
    usual = PosteriorSettings()
    assert posterior_settings(config()) == usual
    assert posterior_settings(config(seed=7)).seed == 7
    for networks in (170, 500, 3000):
        found = posterior_settings(config(posterior_networks=networks))
        spent = found.start + found.rounds * found.batch + found.predictive
        assert 0.9 * networks < spent <= networks
        assert found.start / found.batch == pytest.approx(usual.start / usual.batch, rel=0.1)


def test_what_is_missing_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(posterior_files, "find_spec", lambda name: None if name == "h5netcdf" else object())
    asked = config(posterior=True, output=tmp_path / "out", draw_cortex=False)
    with pytest.raises(ParameterError, match=r"h5netcdf is not there: pip install 'mne-hnn\[posterior\]'"):
        run_pipeline(asked)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="Step 'posterior' is left out of this analysis: set posterior = True"):
        run_pipeline(replace(asked, posterior=False), steps=["posterior"])
    with pytest.raises(DataError, match=r"x\.fif"):  # no posterior is drawn by this step
        run_pipeline(asked, steps=["load"])


@dataclass(frozen=True, kw_only=True)
class Asks(Options):
    asked: bool = False


def test_a_stage_that_is_not_asked_is_left_out(tmp_path, caplog):
    def write(work):
        work.path("text").write_text(" ".join(work.inputs))
        return Facts()

    usual = {"options": Options, "facts": Facts, "run": write, "outputs": {"text": "text.txt"}}
    stages = (
        Stage(name="first", title="First", **usual),
        Stage(name="second", title="Second", after=("first",), asked=lambda options: options.asked, **usual),
        Stage(name="third", title="Third", after=("first", "second"), **usual),
    )

    def ran(asked, chosen=None):
        return Chain(Asks(asked=asked), stages=stages, folder=tmp_path / "sub-01", subject="01").run(chosen)

    result = ran(False)
    assert result.ran == ("first", "third")
    assert result.outputs["third"]["text"] == tmp_path / "sub-01" / "03_third" / "text.txt"
    assert result.outputs["third"]["text"].read_text() == "first"
    assert "2/2  Third" in caplog.text
    assert ran(False).ran == ()
    with pytest.raises(ConfigError, match="'third' needs the results of step 'second'"):
        ran(True, ["third"])
    result = ran(True)
    assert result.ran == ("second", "third")
    assert result.outputs["third"]["text"].read_text() == "first second"
    assert "2/3  Second" in caplog.text
    assert ran(False).ran == ("third",)


# what it leaves


@pytest.fixture
def quick(monkeypatch):
    """Two populations that hardly move: what is tested here is not what they find."""
    settings = posterior_settings
    monkeypatch.setattr(posteriors, "posterior_settings", lambda options: few(settings(options)))


def few(settings):
    return replace(settings, populations=2, moves=2)


@pytest.fixture
def silent(monkeypatch, quick):
    """Columns have kernels by formula."""
    monkeypatch.setattr(run, "measure_kernels", kernels)


def work_of(folder, several, **options):
    explained = folder / "explanations.npz"
    several.save(explained, overwrite=True)
    stage = folder / "stage"
    stage.mkdir()
    return Work(
        subject="01", options=ShortPosteriorOptions(**{**SMALL, **options}), folder=stage, outputs=OUTPUTS, n_jobs=1,
        inputs={"fit": {"explanations": explained}}, quiet=True,
    )  # fmt: skip


@few_draws
def test_the_first_and_its_rivals_are_drawn_and_compared(silent, tmp_path):
    several = explanations(
        explanation("silent", -20.0),
        explanation("silent", -20.5, sequence=(("distal", 30.0),), refusals=("It needs too many cells.",)),
        explanation("silent", -21.0, sequence=(("proximal", 25.0), ("distal", 60.0), ("proximal", 80.0))),
    )
    work = work_of(tmp_path, several)
    facts = draw_posteriors(work)
    assert [one.explanation for one in facts.drawn] == [1, 2]
    assert {row["explanation"] for row in facts.evidence} == {1, 2}
    assert sum(row["probability"] for row in facts.evidence) == pytest.approx(1.0)
    assert facts.evidence[0]["difference"] == 0
    assert (facts.source, facts.searched, facts.populations, facts.particles) == ("waveform", None, 2, 50)
    for one in facts.drawn:
        found = read_posterior(work.path("posteriors") / one.file)
        assert found.sequence == several[one.explanation - 1].sequence
        assert (one.regime, one.networks, one.held_out) == ("silent", None, None)
        assert [control["name"] for control in one.controls] == ["opposite sign"]
        assert one.sentences == found.sentences()
        assert one.learned == [path for path, bits in found.bits().items() if bits >= 1]
    header, *rows = work.path("evidence").read_text().splitlines()
    assert header.split("\t")[:3] == ["explanation", "regime", "sequence"]
    assert [int(row.split("\t")[0]) for row in rows] == [row["explanation"] for row in facts.evidence]
    assert PosteriorFacts.read(json.loads(json.dumps(facts.json())), "x") == facts
    assert list((tmp_path / CHECKPOINT).glob("cooled-*.npz"))


@few_draws
def test_one_or_all_are_drawn_and_temperatures_are_kept(silent, tmp_path, monkeypatch):
    several = explanations(explanation("silent", -20.0), explanation("silent", -40.0, sequence=(("distal", 30.0),)))
    steps, step = [], cooling._step
    monkeypatch.setattr(cooling, "_step", lambda *given: (steps.append(1), step(*given)))
    for which, numbers, new in (("first", [1], True), ("first", [1], False), ("all", [1, 2], True)):
        steps.clear()
        work = work_of(tmp_path, several, posterior_of=which)
        facts = draw_posteriors(work)
        assert [one.explanation for one in facts.drawn] == numbers
        assert bool(steps) == new
        shutil.rmtree(work.folder)


@few_draws
def test_sequences_that_are_not_told_apart_are_both_in_the_report(silent, tmp_path):
    one, later = (("proximal", 25.0),), (("proximal", 25.0), ("distal", 45.0))
    given = {"target": target_of(one), "settings": EvokedSettings(noise=0.3)}
    several = explanations(*(explanation("silent", -20.0, sequence=sequence, **given) for sequence in (one, later)))
    work = work_of(tmp_path, several, posterior_of="rivals")
    facts = draw_posteriors(work)
    assert [row["told_apart"] for row in facts.evidence] == [False, False]
    assert "told_apart" in work.path("evidence").read_text().splitlines()[0].split("\t")
    shown = [Shown(number=k, found=read_posterior(work.path("posteriors") / f"explanation-{k}.nc")) for k in (1, 2)]
    with drawing():
        page = Page(new_report("page"))
        show_posteriors(page, shown, facts.evidence)
    (element,) = [one for one in page.report._content if one.name.startswith("Which explanation the response prefers")]
    words = html.unescape(element.html)
    assert "Not told apart by this response: " in words
    assert "explanation 1, proximal 25 ms (no cell fires)" in words
    assert "explanation 2, proximal 25 ms, distal 45 ms (no cell fires)" in words
    assert "Both are to be reported" in words


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    """A target that is read from a file, explained by a column in which no cell fires."""
    folder = tmp_path_factory.mktemp("posterior")
    rows = "\n".join(f"{time:.3f};{value:.8g}" for time, value in zip(TIMES, MOMENT * 1e9, strict=True))
    (folder / "course.csv").write_text(f"time (s);V1 (nAm)\n{rows}\n")
    return Config(
        target_file=folder / "course.csv", target_area_mm2=300.0, target_error_nAm=0.8, target_tmax=0.1,
        network=jones_2009((2, 2)), fit_regimes="silent", fit_sequence=[("proximal", 25.0), ("distal", 62.0)],
        fit_trials=1, n_trials=1, fit_final_trials=2, fit_contributions=False, output=folder / "out", **SMALL,
    )  # fmt: skip


@few_draws
def test_it_runs_once_and_the_report_has_its_section(analysis, quick):
    (result,) = run_pipeline(analysis)
    assert result.ran == ("target", "simulate", "fit", "posterior", "report")
    assert result.outputs["posterior"]["posteriors"] == result.folder / "04_posterior" / "posteriors"
    text = html.unescape(result.report.read_text(encoding="utf-8"))
    assert SECTION in text
    assert NOT_CALIBRATED in text
    assert "Which explanation the response prefers" in text
    assert "Not told apart" not in text  # there is one explanation
    assert "opposite sign" in text
    assert "sequential Monte Carlo (Del Moral et al., 2006)" in text
    assert run_pipeline(analysis)[0].ran == ()
    assert run_pipeline(replace(analysis, posterior_particles=60))[0].ran == ("posterior", "report")
    sidecar = result.folder / "04_posterior" / "posterior.json"
    told = json.loads(sidecar.read_text())
    assert told["options"]["posterior_particles"] == 60
    assert rerun(sidecar).agrees
    check_numbers_of(told)
    (without,) = run_pipeline(replace(analysis, posterior=False))
    assert without.ran == ("report",)
    assert SECTION not in html.unescape(without.report.read_text(encoding="utf-8"))


def check_numbers_of(told):
    """Every number that the methods say of a posterior is from its sidecar."""
    text = methods_text({"posterior": told}).paragraphs["Posterior"]
    said = {int(one) for one in re.findall(r"(?<![\w.])\d+(?![\w.])", text)}
    assert said == {told["facts"]["populations"], told["facts"]["particles"]}
    assert "coverage of such intervals has been tested with planted truths, from source waveforms" in text


# what the report says


def test_methods_of_a_posterior_at_the_sensors():
    drawn = {
        "explanation": 1, "file": "x.nc", "regime": "spiking", "sentences": [], "learned": [], "numbers": 5,
        "polarity": 0.99, "networks": 1088, "checks": [], "controls": [], "warnings": [],
        "held_out": {"share": 0.334, "sentence": "As said."},
    }  # fmt: skip
    facts = {
        "source": "sensors", "searched": "postcentral-rh", "radii_mm": [5.0, 10.0], "populations": 4, "particles": 400,
        "drawn": [drawn], "evidence": [],
    }  # fmt: skip
    sidecar = {"options": {}, "versions": {}, "facts": facts}
    text = methods_text({"posterior": sidecar}).text
    assert "the response at the sensors, whitened with the noise covariance" in text
    assert "4 populations of 400 particles" in text
    assert "one or two trials of each of 1088 networks" in text
    assert "discs of 5 and 10 mm around each source of postcentral-rh" in text
    assert "without 33.4 % of the channels" in text


def test_rows_say_what_is_known_and_what_failed():
    one = made(passed=False)
    rows = {re.sub("<.*?>", "", row[0]): row for row in number_rows(one)}
    assert rows["evprox1 time (ms)"][0].startswith("<strong>")
    assert rows["evprox1 spread (ms)"][0] == "evprox1 spread (ms)"
    assert rows["columns"][2].count("to") == 1
    ((name, value, _, verdict),) = check_rows([vars(check) for check in one.checks])
    assert (name, value) == ("misfit", "0.3")
    assert "failed" in verdict
    assert named(f"about {PATHS[2]} and {PATHS[0]}.", one) == (
        "about evprox1 L5 pyramidal AMPA (\N{MICRO SIGN}S) and evprox1 time (ms)."
    )
    evidence = [
        {"explanation": 2, "regime": "silent", "sequence": "distal 30 ms", "evidence": -3.0, "error": 0.2,
         "difference": 0.0, "against": "", "probability": 1.0, "checks_passed": True},
    ]  # fmt: skip
    ((*shown, verdict),) = evidence_rows(evidence)
    assert shown == [2, "do not fire", "distal 30 ms", "\N{MINUS SIGN}3.0 \N{PLUS-MINUS SIGN} 0.2", "", "", "1.000"]
    assert "passed" in verdict
    drawn = SimpleNamespace(explanation=1, learned=[1], numbers=5, polarity=0.9981, checks=[{"passed": False}])
    assert in_short(drawn) == (
        "explanation 1: at least one bit learned about 1 of 5 numbers; sign with a probability of 0.998; 1 of 1 checks "
        "failed; how far to trust intervals: see the section"
    )


HELD_OUT = {
    "share": 0.33, "error": 1.32, "fit_error": 1.26, "patch_error": 1.27, "null_error": 7.09, "noise": 0.01,
    "sure": True, "log_density": -1700.0, "fit_log_density": -1803.04, "loose_fit_log_density": -1702.0,
    "null_log_density": -1800.0, "log_difference": 2.0, "log_noise": 0.5, "log_sure": True,
    "sentence": "12 channels were left out.",
}  # fmt: skip


def test_rows_of_sensors_that_were_left_out_and_those_of_before():
    rows = list(held_out_rows(HELD_OUT))
    assert [row[1] for row in rows] == ["1.320", "1.260", "1.260", "1.270", "7.090"]
    assert [row[2] for row in rows] == ["100.0", "\N{MINUS SIGN}3.0", "98.0", "", "0.0"]
    before = {name: value for name, value in HELD_OUT.items() if not name.startswith("log_")}
    for name in ("fit_log_density", "loose_fit_log_density", "null_log_density"):
        del before[name]
    assert [row[2] for row in held_out_rows(before)] == [""] * 5
    assert [row[:2] for row in held_out_rows(before)] == [row[:2] for row in rows]
    # what is not finite is nothing in a sidecar
    assert next(held_out_rows(HELD_OUT | {"log_density": None}))[2] == ""


def test_the_section_shows_the_first_in_full_and_its_rivals_in_short():
    report = new_report("page")
    control = vars(Control.of("opposite sign", 12.0, 0.5))
    row = {"regime": "spiking", "sequence": "x", "evidence": 1.0, "error": 0.1, "difference": 0.0, "against": "",
           "probability": 0.5, "checks_passed": True}  # fmt: skip
    shown = [
        Shown(number=1, found=made(), controls=[control], held_out=HELD_OUT),
        Shown(number=3, found=made(regime="silent", with_place=False), controls=[control]),
    ]
    with drawing():
        page = Page(report)
        show_posteriors(page, shown, [{"explanation": 1, **row}, {"explanation": 3, **row}])
    titles = [element.name for element in report._content]
    assert titles[0] == "Explanation 1, in words"
    assert "Each number of explanation 1, before and after" in titles
    assert "Each number of explanation 3, before and after" not in titles
    assert "What the posterior of explanation 3 predicts" in titles
    assert sum(title.startswith("What must be rejected") for title in titles) == 2
    words = html.unescape(report._content[0].html)
    assert NOT_CALIBRATED in words
    assert "12 channels were left out." in words
    assert "Sensors that the posterior of explanation 1 was not given" in titles
    assert "Sensors that the posterior of explanation 3 was not given" not in titles
    assert PATHS[0] not in words
    assert page.figures == 4


def test_a_posterior_in_a_notebook_is_that_of_an_explanation():
    several = explanations(explanation(), explanation("spiking", -30.0, sequence=(("proximal", 25.0),)))
    explained = Explained(evoked=None, forward=None, target=None, explanations=several)
    one = made(with_place=False)
    shown = explained._shown(one)
    assert (shown.number, shown.found) == (2, one)
    assert shown.controls[0]["name"] == "opposite sign"
    assert shown.controls[0]["difference"] == one.polarity.difference
    for wrong in (made(regime="silent"), "posterior.nc"):
        with pytest.raises(ParameterError, match="posteriors must be those of mne_hnn.posterior of these explanations"):
            explained.report(posteriors=[wrong])
