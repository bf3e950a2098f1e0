"""The methods paragraph says what was done, with the numbers that were used, and nothing else."""

import copy
import json
import re

import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import Config, run_pipeline
from mne_hnn.pipeline.methods import REFERENCES, methods_text
from mne_hnn.source.demo import demo_response

STAGES = ("load", "inverse", "target", "simulate", "fit", "sensors")


@pytest.fixture(scope="module")
def result(dataset, tmp_path_factory):
    """A real analysis of a few channels with a given sequence of drives."""
    evoked, noise_cov, _ = demo_response(seed=1)
    keep = [name for number, name in enumerate(evoked.ch_names) if number // 3 % 5 == 0]  # whole triplets
    config = Config(
        data=evoked.pick(keep), noise_cov=noise_cov.pick_channels(keep), subjects_dir=dataset.subjects_dir,
        fs_subject="01", label="postcentral-rh", patch_radius_mm=10.0, patch_latency=0.04, spacing="ico3", bem="sphere",
        polarity={"latency": 0.04, "points": "down"}, network=jones_2009((2, 2)), n_trials=1, fit_trials=1,
        fit_final_trials=2, fit_sequence=[("proximal", 25.0), ("distal", 62.0)], fit_members=12, fit_generations=1,
        fit_steps="smoother",
        output=tmp_path_factory.mktemp("methods"), draw_cortex=False,
    )  # fmt: skip
    return run_pipeline(config)[0]


@pytest.fixture(scope="module")
def kept(result):
    return {
        stage: json.loads(next(result.folder.glob(f"0?_{stage}/{stage}.json")).read_text(encoding="utf-8"))
        for stage in STAGES
    }


@pytest.fixture
def sidecars(kept):
    return copy.deepcopy(kept)


def numbers_of(value):
    """Yield every number that a sidecar holds, those inside its texts too."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from numbers_of(name)
            yield from numbers_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from numbers_of(one)
    elif isinstance(value, str):
        yield from map(float, re.findall(r"\d+(?:\.\d+)?", value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def own_words(methods):
    """Return the text without citations and references."""
    text = methods.text.partition("\n\nReferences\n\n")[0]
    for one in methods.references:
        assert one.cited in text
        text = text.replace(one.cited, "")
    return text


def check_numbers(methods, *sources):
    known = {number * factor for number in numbers_of(list(sources)) for factor in (1, 1e2, 1e3, 1e6, 1e13, 1e15)}
    said = [float(one.replace(",", "")) for one in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", own_words(methods))]
    assert len(said) > 10
    for number in said:
        assert any(abs(number - abs(one)) <= 0.0051 * abs(one) for one in known), number


def test_every_number_is_from_the_sidecars(sidecars):
    check_numbers(methods_text(sidecars), sidecars)


def test_what_was_done_is_said(sidecars):
    text = methods_text(sidecars).text
    settings = sidecars["fit"]["facts"]["settings"]
    for part in (
        f"MNE-Python {sidecars['load']['versions']['mne']} (Gramfort et al., 2013)",
        f"The averaged response of {sidecars['load']['facts']['epochs']} epochs was taken as it was",
        f"{sidecars['load']['facts']['channels']['mag']} magnetometers and ",
        "A noise covariance that had been estimated beforehand was used.",
        "with a sphere as volume conductor",
        "Head and MRI were aligned by the digitised fiducials.",
        "with a loose orientation of 0.2 (Lin et al., 2006), depth weighting of 0.8 and an assumed signal-to-noise",
        "a radius of 10 mm inside the label postcentral-rh (Desikan et al., 2006)",
        "component near 40 ms points down",
        "(Jones et al., 2009; Neymotin et al., 2020); the network had",
        f"It ran in mne_hnn {sidecars['fit']['versions']['mne_hnn']}, with the discretisation and time step of NEURON",
        "in steps of 0.025 ms",
        "(proximal at 25 ms and distal at 62 ms)",
        "For an explanation in which no cell fires, these sums were corrected by simulations of the full column (1 tri",
        "were searched for this sequence, guessed by population annealing (Hukushima and Iba, 2003) of sums of resp",
        "with an ensemble smoother with multiple data assimilation (Emerick and Reynolds, 2013): 12 networks for each",
        "in 1 step of equal weight",
        "take part, 0.139 (0.048 to 0.289) (Crochet et al., 2011; Peron et al., 2015)",
        "the number of columns whose cells fire, 40 (8.92 to 179) columns per nA m (Kohl et al., 2022; Neymotin et al",
        "spikes per cell in 170 ms, L2 basket ",
        "A moment of up to 1 nA m per mm² counted as plausible, and none above 2 (Murakami and Okada, 2015).",
        "50,000 of them per mm² (Rockel et al., 1980), with the participating share averaged over what is plausible",
        "a difference above 3, and above twice its standard error, was taken as decisive (Kass and Raftery, 1995)",
        "Where no cell fires, the number of columns acting together had a log-normal prior",
        "What each drive contributes was found by simulations with and without it",
        "judged in 2 trials with",
        "Hamming window of 20 ms",
        "hold 90 % of the probability by a local Gaussian approximation",
        "10.7554/eLife.51214",
    ):
        assert part in text, part
    assert settings["sequence"] == [["proximal", 25.0], ["distal", 62.0]]


def test_the_engine_is_cited_that_ran(sidecars):
    sidecars["simulate"]["facts"]["engine"] = sidecars["fit"]["facts"]["engine"] = "coreneuron"
    text = methods_text(sidecars).text
    assert (
        f"NEURON {sidecars['simulate']['versions']['neuron']} (Hines and Carnevale, 1997) with its engine CoreNEURON"
        in text
    )
    assert "10.3389/fninf.2019.00063" in text


def test_temperature_and_mechanisms_of_the_user_are_said(sidecars):
    assert "Celsius" not in methods_text(sidecars).text
    sidecars["simulate"]["facts"] |= {"celsius": 34.0, "mechanisms": ["nmda_block", "leak"]}
    methods = methods_text(sidecars)
    assert "Its channels were at 34 degrees Celsius, with the temperature coefficients of that model." in methods.text
    assert "It had the mechanisms nmda_block and leak from NMODL files of the user." in methods.text
    check_numbers(methods, sidecars)


def test_what_was_not_done_is_not_said(sidecars):
    methods = methods_text(sidecars)
    for word in ("filtered", "MNE-BIDS", "Schwarz", "template", "individual MRI", "runs", "conditions", "bootstrap",
                 "rejected", "EEG", "searched with", "dSPM", "uncorrelated", "group"):  # fmt: skip
        assert word not in own_words(methods), word
    keys = {key for key, one in REFERENCES.items() if one in methods.references}
    assert keys == {
        "gramfort2013", "fischl2012", "hamalainen1994", "lin2006", "desikan2006", "jones2009", "neymotin2020",
        "hines1997", "bandler1994", "hamalainen1993", "emerick2013", "hukushima2003", "kass1995", "crochet2011",
        "peron2015", "murakami2015", "rockel1980", "dekock2007", "sakata2009", "kohl2022",
    }  # fmt: skip


def test_ensembles_that_an_emulator_leads(sidecars):
    sidecars["fit"]["facts"]["settings"] |= {"steps": "emulator", "sequence": None, "max_sequences": 6}
    said = methods_text(sidecars).text
    assert "with ensembles whose first step was that of an ensemble smoother (Emerick and Reynolds, 2013), wh" in said
    assert "a Gaussian process (Rasmussen and Williams, 2006) of all networks of a sequence said that the resp" in said
    assert "with the discrepancy that was left in place of the expected one where it was smaller: 12 networks" in said
    assert "in 1 step. The best sequence was tried with a drive more and with a drive less, and at most 2 went" in said
    assert "dropped" not in said
    assert "smoother alone" not in said
    sidecars["fit"]["facts"]["settings"]["steps"] = "auto"
    both = methods_text(sidecars).text
    assert "smoother alone began at the same guesses, and what both found was compared by its evidence." in both
    assert "with ensembles whose first step was that of an ensemble smoother (Emerick and Reynolds, 2013), wh" in both


def silent_only(sidecars):
    """Make the facts those of an analysis that looked for explanations in which no cell fires, and no others."""
    facts = sidecars["fit"]["facts"]
    facts["settings"]["regimes"] = ["silent"]
    facts |= {"verdict": "undecided", "regime": "silent", "contributions_of": None}
    facts["explanations"] = [one for one in facts["explanations"] if one["regime"] == "silent"]
    return sidecars


def test_an_analysis_without_spikes_does_not_speak_of_them(sidecars):
    methods = methods_text(silent_only(sidecars))
    for word in ("ensemble", "smoother", "spikes", "Plausible beforehand", "participating", "contributes"):
        assert word not in own_words(methods), word
    assert "The fit was corrected by simulations of the full column (1 trial each) where it deviated" in methods.text
    assert "The number of columns acting together had a log-normal prior" in methods.text
    assert "50,000 of them per mm² (Rockel et al., 1980); an explanation whose cells" in methods.text
    check_numbers(methods, sidecars)


def test_an_analysis_of_spikes_alone_has_no_explanation_below_threshold(sidecars):
    facts = sidecars["fit"]["facts"]
    facts["settings"] |= {"regimes": ["spiking"], "sequence": None, "max_drives": 8}
    facts |= {"columns_prior": None, "regime": "spiking", "interval_percent": 90}
    methods = methods_text(sidecars)
    assert "proposed from the waveform" not in methods.text
    assert "up to 7 sequences of drives, proposed by population annealing" in methods.text
    assert "A proximal, a distal and a proximal drive, as published responses have them (Jones et al., 2009)" in (
        methods.text
    )
    assert "Sequences that fell behind were dropped on the way, and at most 2 went on." in methods.text
    assert (
        "hold 90 % of the probability among the sums of responses to single drives that could have made" in methods.text
    )
    for word in ("threshold", "Schwarz", "Gaussian approximation", "no pyramidal cell fired"):
        assert word not in own_words(methods), word


def test_a_prior_of_the_users_cites_nobody(sidecars):
    for row in sidecars["fit"]["facts"]["prior"]:
        if row["name"] == "fraction" or row["name"].startswith("spikes."):
            row["source"] = "given by the user"
    text = methods_text(sidecars).text
    assert "take part, 0.139 (0.048 to 0.289) (set for this analysis)" in text
    assert "Crochet" not in text
    assert "Sakata" not in text


RAW = {
    "kind": "raw data", "runs": 2, "epochs": 55, "dropped": 7, "noise": "measured", "noise_samples": 1234,
    "window": [-0.2, 0.3], "channels": {"mag": 102, "grad": 204, "eeg": 60}, "sfreq": 600.0,
}  # fmt: skip
OPTIONS = {
    "data": [{"BIDSPath": {"subject": "01", "datatype": "meg", "run": str(run)}} for run in (1, 2)],
    "event_id": ["left", "right"], "l_freq": 1.0, "h_freq": 40.0, "baseline": [None, -0.005], "noise_cov": None,
    "reject": {"grad": 4000e-13, "eog": 350e-6},
}  # fmt: skip


def test_a_raw_recording(sidecars):
    sidecars["load"]["facts"] |= RAW
    sidecars["load"]["options"] |= OPTIONS
    sidecars["load"]["versions"]["mne-bids"] = "0.17.0"
    methods = methods_text(sidecars)
    for part in (
        "in the Brain Imaging Data Structure (Niso et al., 2018) were read with MNE-BIDS 0.17.0 (Appelhoff et al., ",
        "Recordings consisted of 2 runs, which were concatenated",
        "a high-pass at 1 Hz and a low-pass at 40 Hz",
        "Epochs from \N{MINUS SIGN}200 to 300 ms around the events of 'left' and 'right' were cut, and the mean from "
        "\N{MINUS SIGN}200 to \N{MINUS SIGN}5 ms was subtracted",
        "Epochs with peak-to-peak amplitudes above 4000 fT/cm (gradiometers) or above 350 µV (EOG) were rejected. The",
        "The response is the average of 55 epochs (7 were dropped).",
        "60 EEG electrodes, sampled at 600 Hz",
        "EEG was referenced to the average of all electrodes",
        "the empirical covariance of the same epochs before the event (1234 samples)",
    ):
        assert part in methods.text, part
    check_numbers(methods, sidecars)
    sidecars["load"]["options"] |= {"l_freq": None, "reject": None}
    text = methods_text(sidecars).text
    assert "low-pass filtered at 40 Hz" in text
    assert "high-pass" not in text
    assert "rejected" not in text


CHANGES = {
    "proposed": ({"sequence": None}, "at most 8, was decided by the Schwarz criterion (Schwarz, 1978)", "given ("),
    "number": ({"sequence": None, "n_drives": 4}, "Their number was set to 4", "Schwarz"),
    "polished": ({"polish": 60, "optimizer": "nelder_mead"}, "followed (nelder mead, 60 networks)", "Schwarz"),
    "network": (
        {"drives": "network", "optimizer": "cma", "sequence": None}, "were searched with cma", "Bandler",
    ),
    "trials": ({"n_final": 25}, "judged in 25 trials", "judged in 2 trials"),
    "noise": ({"noise": 0.083}, "taken as 8.3 % of its root mean square", "taken as 5 %"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_the_text_follows_the_fit(sidecars, name):
    changes, said, not_said = CHANGES[name]
    before = methods_text(sidecars).text
    assert said not in before
    sidecars["fit"]["facts"]["settings"] |= changes
    text = methods_text(sidecars).text
    assert said in text
    assert not_said not in text
    check_numbers(methods_text(sidecars), sidecars)


def test_without_a_fit(sidecars):
    sidecars["fit"]["facts"] |= {"fitted": False, "settings": {"smooth_ms": 20.0}, "interval_percent": None}
    words = own_words(methods_text(sidecars))
    assert "The drives were left as configured; only the number of columns" in words
    for word in ("seed", "prior", "proposed", "Intervals", "weights", "fitted dipole"):
        assert word not in words
    sidecars["fit"]["facts"]["settings"] = {"smooth_ms": 20.0, "columns": 250.0}
    assert ", was set to 250." in own_words(methods_text(sidecars))
    assert "The simulated dipole was projected" in words


@pytest.mark.parametrize(
    ("stage", "part", "changes", "said"),
    [
        ("target", "facts", {"method": "dSPM", "mode": "mean_flip"}, "Hämäläinen and Ilmoniemi, 1994; Dale et al., 20"),
        ("target", "facts", {"method": "sLORETA"}, "Pascual-Marqui, 2002"),
        ("target", "facts", {"method": "eLORETA"}, "10.1098/rsta.2011.0081"),
        ("target", "options", {"patch_radius_mm": None}, "The source was the label postcentral-rh"),
        ("target", "options", {"parcellation": "aparc.a2009s"}, "Destrieux et al., 2010"),
        ("target", "facts", {"other_labels": ["postcentral-lh"]}, "moments of postcentral-lh were estimated along"),
        ("inverse", "facts", {"template": "fsaverage"}, "anatomy of fsaverage was scaled"),
        ("inverse", "facts", {"coregistration": "landmarks"}, "aligned by the anatomical landmarks of the data set."),
        ("inverse", "facts", {"coregistration": "transform"}, "aligned by a transform that had been determined bef"),
        ("inverse", "facts", {"forward": "given"}, "A forward solution that had been computed beforehand"),
        ("inverse", "facts", {"conductor": "a boundary element model"}, "with a boundary element model as volume"),
        ("inverse", "facts", {"inverse": "given", "loose": None}, "from an inverse operator that existed"),
        ("inverse", "facts", {"loose": 0.0}, "with sources fixed to the cortical normal"),
        ("simulate", "facts", {"network": "law_2021"}, "Law et al., 2022"),
        (
            "simulate",
            "facts",
            {"network": "calcium"},
            "in layer 5 that depend on the distance from the soma (Kohl et al., ",
        ),
        ("simulate", "facts", {"network": "mine"}, "the network 'mine'"),
        ("load", "facts", {"noise": "assumed (no time before 0)"}, "uncorrelated noise of typical size was assumed"),
    ],
)
def test_the_text_follows_the_options(sidecars, stage, part, changes, said):
    assert said not in methods_text(sidecars).text
    sidecars[stage][part] |= changes
    assert said in methods_text(sidecars).text
    check_numbers(methods_text(sidecars), sidecars)


def test_steps_that_did_not_run(sidecars):
    some = {name: sidecars[name] for name in ("load", "inverse", "target")}
    methods = methods_text(some)
    assert list(methods.paragraphs) == ["Recording", "Source"]
    assert not {"Jones et al., 2009", "Kumbhar et al., 2019"} & {one.cited for one in methods.references}
    assert list(methods_text(sidecars).paragraphs) == ["Recording", "Source", "Model", "Fit", "Sensors"]
    for nothing in ({}, [], [{}]):
        with pytest.raises(ParameterError, match="There are no sidecars"):
            methods_text(nothing)


def test_a_group(sidecars):
    other = copy.deepcopy(sidecars)
    sidecars["load"]["facts"] |= {"epochs": 51, "kind": "epochs"}
    other["load"]["facts"] |= {"epochs": 60, "kind": "epochs"}
    other["inverse"]["facts"] |= {"template": "fsaverage"}
    facts = {
        "contrast": ("left", "right"), "n_resamples": 2000, "confidence": 0.95, "seed": 7, "n_subjects": 12,
        "n_failed": 1, "template_subjects": ["03", "04", "05"], "fit_structure": "group",
    }  # fmt: skip
    methods = methods_text([sidecars, other], group=facts)
    for part in (
        "the average of between 51 and 60 epochs",
        "was scaled to the digitised points of the head (in 1 of 2 analyses).",
        "The group had 12 subjects. 1 of them could not be analysed and was left out. 3 had no MRI",
        "signs of the targets were aligned between recordings, and the targets averaged",
        "The average target of the group was explained once",
        "The conditions 'left' and 'right' were compared within subjects",
        "95 % confidence intervals by the bootstrap over subjects",
        "(2000 resamples, seed 7) (Nichols and Holmes, 2002)",
        "cluster-based permutation test (Maris and Oostenveld, 2007)",
        "leaving out one subject at a time",
    ):
        assert part in methods.text, part
    check_numbers(methods, sidecars, other, facts, [1, 2, 3])
    alone = methods_text([sidecars, other], group={"n_subjects": 12, "fit_structure": "individual"}).text
    for part in ("conditions", "bootstrap", "found once", "left out", "no MRI"):
        assert part not in alone
    with pytest.raises(ParameterError, match="Unknown fact 'contrasts' of the group.*Did you mean 'contrast'"):
        methods_text(sidecars, group={"contrasts": ("a", "b")})


def test_html_and_markdown(sidecars):
    sidecars["target"]["facts"]["searched"] = "<b>S1</b> & S2_rh [@nothing] [@jones2009]"
    methods = methods_text(sidecars)
    assert "<b>S1" not in methods.html
    assert "&lt;b&gt;S1&lt;/b&gt; &amp; S2_rh [@nothing]" in methods.html
    assert 'href="https://doi.org/10.1016/S0896-6273' not in methods.html
    assert '<a href="https://doi.org/10.3389/fnins.2013.00267">' in methods.html
    assert methods.html.count("<p>") == len(methods.paragraphs) == methods.markdown.count("### ") - 1
    assert r"\<b\>S1\</b\> & S2\_rh" in methods.markdown
    assert methods.markdown.count("](https://doi.org/") == sum(one.doi is not None for one in methods.references)
    assert not re.search(r"\[@[a-z]+\d{4}", methods.text + methods.html + methods.markdown)
    assert str(methods) == methods.text


def test_the_report_has_it(result, kept):
    report = result.report.read_text(encoding="utf-8")
    assert methods_text(kept).html[:200] in report
    assert "What was done, ready to paste" in report


def test_references_are_whole(kept):
    for key, one in REFERENCES.items():
        assert re.match(r"^[a-z]+\d{4}$", key)
        year = key[-4:]
        assert one.cited.endswith(f", {year}")
        assert f"({year})." in one.listed
        assert one.doi is None or re.match(r"^10\.\d{4,}/\S+$", one.doi)
    listed = [one.cited for one in methods_text(kept).references]
    assert listed.index("Hämäläinen et al., 1993") < listed.index("Hines and Carnevale, 1997") < len(listed)
    dois = [one.doi for one in REFERENCES.values() if one.doi]
    assert len(set(dois)) == len(dois)
