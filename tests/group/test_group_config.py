"""What a group analysis is told, and what is said of wrong values."""

from types import SimpleNamespace

import pytest

from mne_hnn import pipeline
from mne_hnn.errors import ConfigError, ParameterError
from mne_hnn.group import GroupConfig, read_config, run_group
from mne_hnn.group.job_config import _searched
from mne_hnn.group.names import entity_label, group_stem, stem_of
from mne_hnn.inference import posterior_files

MINIMAL = """
from mne_hnn.network import jones_2009
bids_root = "data"
conditions = ("detected", "missed")
label = "postcentral-rh"
network = jones_2009(mesh_shape=(3, 3))
"""


def read(tmp_path, text, changes=None):
    path = tmp_path / "group.py"
    path.write_text(text)
    return read_config(path, changes)


def test_a_file_with_a_root_is_a_group(tmp_path):
    config = read(tmp_path, MINIMAL)
    assert isinstance(config, GroupConfig)
    assert config.conditions == {"detected": ("detected",), "missed": ("missed",)}
    assert config.contrast == ("detected", "missed")
    assert config.name == "group"


def test_a_file_without_is_of_one_recording(tmp_path):
    config = read(
        tmp_path, MINIMAL.replace('bids_root = "data"', 'data = "x.fif"').replace("conditions", "_conditions")
    )
    assert type(config) is pipeline.Config


def test_the_reader_of_one_recording_knows_no_group(tmp_path):
    (tmp_path / "group.py").write_text(MINIMAL)
    with pytest.raises(ConfigError, match=r"'bids_root'.*mne_hnn.group.read_config"):
        pipeline.read_config(tmp_path / "group.py")


def test_conditions_may_have_several_names(tmp_path):
    config = read(tmp_path, MINIMAL + 'conditions = {"left": ["left/a", "left/b"], "right": "right"}')
    assert config.conditions == {"left": ("left/a", "left/b"), "right": ("right",)}
    assert config.contrast == ("left", "right")


def test_one_condition_has_no_contrast(tmp_path):
    assert read(tmp_path, MINIMAL + 'conditions = "detected"').contrast is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("conditions = ()", "conditions is not set"),
        ("conditions = {'a': []}", "conditions is not set"),
        ("conditions = 3", "conditions must be names"),
        ("conditions = ('a-b', 'a b')", "have the same letters and digits ('ab')"),
        ("conditions = ('left', 'Left!')", "'left' and 'Left!' have the same letters and digits ('Left')"),
        ("conditions = ('ü', 'u')", "have the same letters and digits ('u')"),
        ("contrast = ('detected', 'mised')", "Did you mean 'missed'?"),
        ("contrast = ('missed', 'missed')", "two different conditions"),
        ("contrast = ('missed',)", "two different conditions"),
        ("data = 'x.fif'", "data is set, but the data set and 'conditions' decide it"),
        ("event_id = 1", "event_id is set, but the data set and 'conditions' decide it in a group: remove it."),
        ("condition = 'left'", "condition is set, but"),
        ("dataset = 'demo'", "Unknown data set of a group 'demo'"),
        ("fit_structure = 'comon'", "Did you mean 'common'?"),
        ("on_error = 'stop'", "'continue', 'abort'"),
        ("executor = 'slurm'", "'processes'"),
        ("datatype = 'ieeg'", "'meg', 'eeg'"),
        ("confidence = 95", "confidence"),
        ("confidence = 0.2", "between 0.5 and 1"),
        ("n_resamples = 10", "n_resamples must be"),
        ("sessions = [1]", "sessions must be names"),
        ("subjcts = ['01']", "Did you mean 'subjects'?"),
        ("entities = ['a']", "entities must map"),
        ("without_mri = 3", "without_mri must be"),
    ],
)
def test_wrong_values(tmp_path, line, message):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, MINIMAL + line + "\n")
    assert message in str(caught.value)


def test_what_the_data_decide_may_be_left_to_them(tmp_path):
    config = read(tmp_path, MINIMAL + "data = event_id = None\n", {"condition": None})
    assert not {"data", "condition", "event_id"} & set(config.names())
    with pytest.raises(ConfigError, match="data is set, but the data set and 'conditions' decide it"):
        read(tmp_path, MINIMAL, {"data": "x.fif"})


def test_labels_are_letters_and_digits():
    assert entity_label("auditory/left") == "auditoryleft"
    assert entity_label("Größe 2") == "Groe2"
    assert entity_label("検出").isalnum()
    assert entity_label("検出") != entity_label("不検出")
    long = [entity_label("a" * 300 + ending) for ending in "xy"]
    assert len(set(long)) == 2
    assert max(map(len, long)) <= 80


def test_names_of_files():
    assert stem_of("01", "pre", "touch", "not detected") == "sub-01_ses-pre_task-touch_cond-notdetected"
    assert stem_of("01") == "sub-01"
    assert group_stem("touch") == "group_task-touch"
    assert group_stem(None) == "group"


# two spellings of one condition: the data decide -----------------------------------------------------------------


def with_events(tmp_path):
    place = tmp_path / "data" / "sub-01" / "meg"
    place.mkdir(parents=True)
    rows = ["onset\tduration\ttrial_type", "1\t0\tdetected", "2\t0\tmissed", "3\t0\tn/a"]
    (place / "sub-01_task-touch_events.tsv").write_text("\n".join(rows))
    return MINIMAL.replace('"data"', repr(str(tmp_path / "data")))


@pytest.mark.parametrize("known", ["data", "demo"])
def test_a_slip_in_the_conditions_is_not_blamed_on_the_contrast(tmp_path, known):
    text = with_events(tmp_path) if known == "data" else MINIMAL.replace('bids_root = "data"', 'dataset = "group-demo"')
    slip = "conditions, contrast = ('detected', 'mised'), ('detected', 'missed')\n"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text + slip)
    assert str(caught.value) == (
        "conditions names 'mised', which no events have; trial_type of the events has detected, missed. "
        "Did you mean 'missed'?"
    )
    with pytest.raises(ConfigError, match="contrast names 'mised', which is none of .* Did you mean 'missed'"):
        read(tmp_path, text + "contrast = ('detected', 'mised')\n")


def test_without_data_either_may_be_the_slip(tmp_path):
    slip = "conditions, contrast = ('detected', 'mised'), ('detected', 'missed')\n"
    with pytest.raises(ConfigError, match="If trial_type of the events has 'missed', correct conditions instead"):
        read(tmp_path, MINIMAL + slip)


def test_a_condition_that_no_recording_has_is_refused_at_once(tmp_path, monkeypatch):
    from mne_hnn.group import job_config

    monkeypatch.setattr(job_config, "trial_types", lambda unit: dict.fromkeys(unit, 1))
    units = [("detected/left", "rest"), ("missed",)]
    job_config.check_conditions(read(tmp_path, MINIMAL), units)
    config = read(tmp_path, MINIMAL + "conditions = ('detected', 'mised')\n")
    with pytest.raises(ConfigError) as caught:
        job_config.check_conditions(config, units)
    assert str(caught.value) == (
        "No recording has events of condition 'mised': trial_type of the events has 'detected/left', 'missed', 'rest'. "
        "Did you mean 'missed'?"
    )


@pytest.mark.parametrize(
    ("given", "searched"),
    [
        ({"patch_radius_mm": 10.0}, "postcentral-rh"),  # where the disc was found, which the condition is told as label
        ({"patch_radius_mm": 10.0, "label": "postcentral", "hemi": "lh"}, "postcentral-lh"),
        ({"patch_radius_mm": 10.0, "posterior_search": "{subject}.label"}, "06.label"),
        ({"patch_radius_mm": 10.0, "posterior_search": False}, False),
        ({}, True),
    ],
)
def test_a_posterior_searches_the_label_and_not_the_disc(tmp_path, given, searched):
    job = SimpleNamespace(config=read(tmp_path, MINIMAL, given), unit=SimpleNamespace(subject="06"))
    job.unit.session = job.unit.task = None
    assert _searched(job) == searched


def test_a_group_refuses_posteriors_without_what_keeps_them(tmp_path, monkeypatch):
    monkeypatch.setattr(posterior_files, "find_spec", lambda name: None)
    config = read(tmp_path, MINIMAL, {"posterior": True, "draw_cortex": False})
    with pytest.raises(ParameterError, match=r"arviz is not there: pip install 'mne-hnn\[posterior\]'"):
        run_group(config)
