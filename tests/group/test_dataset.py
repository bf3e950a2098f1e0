"""What is in a BIDS dataset: recordings, runs, conditions, and datasets that are not as they should be."""

import shutil

import mne
import pytest
from mne_bids import BIDSPath, read_raw_bids

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.group.dataset import find_recordings, trial_types

EVENTS = "onset\tduration\ttrial_type\tvalue\n1.0\t0\thit\t1\n2.0\t0\tmiss\t2\n3.0\t0\thit\t1\n4.0\t0\tn/a\t9\n"


def recording(root, subject, *, session=None, datatype="meg", extension=".fif", events=EVENTS, **entities):
    """Write an empty file with the name of a recording, and its events."""
    path = BIDSPath(
        subject=subject, session=session, datatype=datatype, suffix=datatype, extension=extension, root=root, **entities
    )  # fmt: skip
    path.mkdir()
    if extension == ".ds":
        path.fpath.mkdir()
        (path.fpath / f"{path.fpath.stem}.meg4").touch()
    else:
        path.fpath.touch()
    if events is not None:
        name = path.copy().update(suffix="events", extension=".tsv", split=None)
        name.fpath.write_text(events, encoding="utf-8")
    return path


def found(root, **options):
    return [
        (one.subject, one.session, one.task, one.datatype, len(one.paths)) for one in find_recordings(root, **options)
    ]


def test_generated_group(small_demo):
    entries = find_recordings(small_demo.bids_root)
    assert [(one.subject, one.session, one.task, one.datatype) for one in entries] == [
        (subject, None, "touch", "meg") for subject in ("01", "02", "03")
    ]
    assert trial_types(entries[0]) == {"detected": 20, "missed": 20}
    # the same names, as often, as in the annotations that mne-bids makes of them
    raw = read_raw_bids(entries[0].paths[0], verbose="error")
    assert isinstance(raw, mne.io.BaseRaw)
    assert raw.annotations.count() == trial_types(entries[0])


def test_sessions_tasks_and_runs(tmp_path):
    for subject in ("01", "02"):
        for session in ("a", "b"):
            for run in ("2", "10", "1"):
                recording(tmp_path, subject, session=session, task="touch", run=run)
        recording(tmp_path, subject, session="a", task="rest")
        recording(tmp_path, subject, session="a", task="noise")
    recording(tmp_path, "emptyroom", session="20200101", task="noise")
    (tmp_path / "derivatives" / "x").mkdir(parents=True)
    recording(tmp_path / "derivatives" / "x", "03", session="a", task="touch")
    touch = [(subject, session, "touch", "meg", 3) for subject in ("01", "02") for session in ("a", "b")]
    assert found(tmp_path, tasks=["touch"]) == touch
    assert found(tmp_path) == sorted([*touch, ("01", "a", "rest", "meg", 1), ("02", "a", "rest", "meg", 1)])
    (entry,) = find_recordings(tmp_path, subjects=["02"], sessions=["b"])
    assert [path.run for path in entry.paths] == ["1", "2", "10"]
    assert trial_types(entry) == {"hit": 6, "miss": 3}
    (entry,) = find_recordings(tmp_path, exclude=["02"], sessions=["b"], runs=["10"])
    assert [path.run for path in entry.paths] == ["10"]


def test_parts_of_a_split_file_are_one_recording(tmp_path):
    for split in ("01", "02"):
        recording(tmp_path, "01", task="touch", split=split)
    (entry,) = find_recordings(tmp_path)
    assert [path.split for path in entry.paths] == ["01"]
    assert trial_types(entry) == {"hit": 2, "miss": 1}


def test_entities(tmp_path):
    recording(tmp_path, "01", task="touch")
    recording(tmp_path, "01", task="touch", processing="sss")
    with pytest.raises(DataError, match="not clear which recording is meant, .*: say processing in entities"):
        find_recordings(tmp_path)
    (cleaned,) = find_recordings(tmp_path, entities={"processing": "sss"})
    assert cleaned.paths[0].fpath.name == "sub-01_task-touch_proc-sss_meg.fif"
    (raw,) = find_recordings(tmp_path, entities={"processing": None})
    assert raw.paths[0].fpath.name == "sub-01_task-touch_meg.fif"
    with pytest.raises(DataError, match="has the processing 'ssss': there is 'sss'. Did you mean 'sss'"):
        find_recordings(tmp_path, entities={"processing": "ssss"})
    with pytest.raises(ParameterError, match="Did you mean 'processing'"):
        find_recordings(tmp_path, entities={"proc": "sss"})


def test_meg_and_eeg(tmp_path):
    recording(tmp_path, "01", task="touch")
    recording(tmp_path, "01", task="touch", datatype="eeg", extension=".vhdr")
    recording(tmp_path, "02", task="touch")
    with pytest.raises(DataError, match="Subject '01' has recordings of MEG and of EEG: give datatype"):
        find_recordings(tmp_path)
    assert found(tmp_path, datatype="eeg") == [("01", None, "touch", "eeg", 1)]
    with pytest.raises(DataError, match="no recording that fits .* of subject 02"):
        find_recordings(tmp_path, datatype="eeg", subjects=["01", "02"])
    with pytest.raises(ParameterError, match="Unknown datatype 'ieeg'"):
        find_recordings(tmp_path, datatype="ieeg")


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"There is no BIDS dataset .*nowhere: check bids_root"):
        find_recordings(tmp_path / "nowhere")
    with pytest.raises(DataError, match="not a BIDS dataset: it has no folder sub-LABEL"):
        find_recordings(tmp_path)
    (tmp_path / "sub-01" / "anat").mkdir(parents=True)
    with pytest.raises(DataError, match="has no MEG or EEG recording"):
        find_recordings(tmp_path)
    recording(tmp_path, "02", session="before", task="touch", run="01")
    with pytest.raises(DataError, match="Unknown subject 'sub-02'.*Did you mean '02'"):
        find_recordings(tmp_path, subjects=["sub-02"])
    with pytest.raises(DataError, match="Unknown subject '07'"):
        find_recordings(tmp_path, exclude=["07"])
    with pytest.raises(DataError, match="the session 'befor': there is 'before'. Did you mean 'before'"):
        find_recordings(tmp_path, sessions=["befor"])
    with pytest.raises(DataError, match="the task 'tuch': there is 'touch'. Did you mean 'touch'"):
        find_recordings(tmp_path, tasks=["tuch"])
    with pytest.raises(DataError, match="the run '1': there is '01'. Did you mean '01'"):
        find_recordings(tmp_path, runs=["1"])
    with pytest.raises(DataError, match="no recording that fits in .* of subject 01"):
        find_recordings(tmp_path, subjects=["01", "02"])
    with pytest.raises(DataError, match="all of subjects are excluded"):
        find_recordings(tmp_path, exclude=["01", "02"])
    assert found(tmp_path) == [("02", "before", "touch", "meg", 1)]  # those not asked for by name may have none


def test_duplicates(tmp_path):
    recording(tmp_path, "01", task="touch")
    (tmp_path / "participants.tsv").write_text(
        "\ufeffparticipant_id\tage\nsub-01\t20\nsub-02\t21\nsub-01\t20\n", "utf-8"
    )
    with pytest.raises(DataError, match="more than one line of sub-01: leave one line per subject"):
        find_recordings(tmp_path)
    (tmp_path / "participants.tsv").unlink()
    other = recording(tmp_path, "01", task="touch", extension=".ds")
    with pytest.raises(
        DataError, match=r"there twice, sub-01_task-touch_meg.ds and sub-01_task-touch_meg.fif: move one"
    ):
        find_recordings(tmp_path)
    shutil.rmtree(other.fpath)
    recording(tmp_path, "01", task="touch", session="a")
    with pytest.raises(DataError, match="'01' is there twice, with recordings inside and outside of sessions"):
        find_recordings(tmp_path)
    assert found(tmp_path, sessions=["a"]) == [("01", "a", "touch", "meg", 1)]


def test_names_that_are_long_or_not_ascii(tmp_path):
    root = tmp_path / "Köln [2026] 数据" / ("d" * 100) / "été"
    subject, task = "x" * 60, "y" * 60
    recording(root, subject, task=task)
    (entry,) = find_recordings(str(root))
    assert (entry.subject, entry.task) == (subject, task)
    assert trial_types(entry) == {"hit": 2, "miss": 1}


def test_events_that_cannot_be_used(tmp_path):
    recording(tmp_path, "01", task="touch", events=None)
    recording(tmp_path, "02", task="touch", events="onset\tduration\tvalue\n1.0\t0\t3\n")
    recording(tmp_path, "03", task="touch", events="onset\tduration\ttrial_type\n")
    recording(tmp_path, "04", task="touch", events="onset\tduration\ttrial_type\nsoon\t0\thit\n")
    recording(tmp_path, "05", task="touch", events=EVENTS.replace("3.0\t0\thit\t1", "3.0\t0\thit\t5"))
    entries = find_recordings(tmp_path)
    for entry, expected in zip(
        entries, ("no events.tsv beside it", "no column trial_type: it has onset, duration, value", "has no event",
                  "cannot be read: could not convert"), strict=False,
    ):  # fmt: skip
        with pytest.raises(DataError, match=expected):
            trial_types(entry)
    # one trial type with two values: mne-bids makes two of it
    assert trial_types(entries[4]) == {"hit/1": 1, "hit/5": 1, "miss": 1}


def test_one_label_may_be_given_as_it_is(tmp_path):
    for subject in ("01", "02"):
        for session in ("01", "0"):
            recording(tmp_path, subject, session=session, task="touch", run="1")
    for options in (
        {"subjects": "01", "sessions": "01"},
        {"exclude": "02", "sessions": "01", "tasks": "touch", "runs": "1"},
    ):
        assert found(tmp_path, **options) == [("01", "01", "touch", "meg", 1)]
    with pytest.raises(DataError, match="has the session '1': there is '0', '01'"):
        find_recordings(tmp_path, sessions="1")
    for wrong in (1, [1]):
        with pytest.raises(ParameterError, match="A BIDS label must be a str, got 1, for example '01'"):
            find_recordings(tmp_path, sessions=wrong)


def test_events_that_say_nothing(tmp_path):
    contents = {"1": "", "2": "onset\tduration\ttrial_type\n", "3": "time\ttrial_type\n1.0\thit\n"}
    messages = {"1": r"events\.tsv is empty: it needs", "2": r"events\.tsv has no event", "3": "has no column onset"}
    for subject, events in contents.items():
        recording(tmp_path, subject, task="touch", events=events)
    for entry in find_recordings(tmp_path):
        with pytest.raises(DataError, match=messages[entry.subject]):
            trial_types(entry)
