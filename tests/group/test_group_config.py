"""What a group analysis is told, and what is said of wrong values."""

import pytest

from mne_hnn import pipeline
from mne_hnn.errors import ConfigError
from mne_hnn.group import GroupConfig, read_config
from mne_hnn.group.names import entity_label, group_stem, stem_of

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
        ("event_id = 1", "event_id is set, but"),
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
