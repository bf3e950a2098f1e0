"""Which events are taken does not depend on how event_id is spelt, and sources that differ are said."""

import json
import re
import warnings

import mne
import numpy as np
import pytest
from calls import load_response

from mne_hnn.errors import DataError, MneHnnError, MneHnnWarning, ParameterError

SFREQ = 200.0
WINDOW = {"tmin": -0.1, "tmax": 0.2}
CODES = np.array([5, 5, 7] * 6)
ONSETS = 200 + 100 * np.arange(len(CODES))
LATE = 6  # samples: 30 ms


def recording(codes=CODES, onsets=ONSETS, *, late=0):
    """Make responses of 1e-11 T/m to code 5 and 3e-11 to 7, `late` samples after triggers at `onsets`."""
    info = mne.create_info(["MEG 0113", "MEG 0111", "STI 014"], SFREQ, ["grad", "mag", "stim"], verbose="error")
    data = np.random.default_rng(3).standard_normal((3, 2400)) * np.array([[1e-13], [1e-15], [0.0]])
    for onset, code in zip(onsets, codes, strict=True):
        data[0, onset + late] += 1e-11 if code == 5 else 3e-11
        data[2, onset] = code
    return mne.io.RawArray(data, info, verbose="error")


def annotate(raw, late=0, names=None, onsets=ONSETS, codes=CODES):
    names = names or {5: "tone", 7: "touch"}
    return raw.set_annotations(
        mne.Annotations((onsets + late) / SFREQ, 0.0, [names[code] for code in codes]), verbose="error"
    )


def write_bids(raw, root, late=0, codes=None):
    """Write a data set whose events.tsv has the events `late` samples after the triggers."""
    mne_bids = pytest.importorskip("mne_bids")
    raw.info["line_freq"] = 50
    raw.save(root / "in_raw.fif", verbose="error")
    path = mne_bids.BIDSPath(subject="01", task="touch", datatype="meg", root=root / "bids", suffix="meg")
    mne_bids.write_raw_bids(mne.io.read_raw_fif(root / "in_raw.fif", verbose="error"), path, verbose="error")
    path.update(extension=".fif")
    codes = {5: 5, 7: 7} if codes is None else codes
    names = {5: "tone", 7: "touch"}
    rows = [f"{(o + late) / SFREQ:.4f}\t0\t{names[c]}\t{codes[c]}" for o, c in zip(ONSETS, CODES, strict=True)]
    events(path).write_text("\n".join(["onset\tduration\ttrial_type\tvalue", *rows]) + "\n")
    return path


def events(path):
    return path.copy().update(suffix="events", extension=".tsv").fpath


def onset_of_response(response):
    evoked = response.evoked
    return round(1000 * evoked.times[np.abs(evoked.data[0]).argmax()])


@pytest.mark.parametrize("kind", ["bids", "annotations"])
@pytest.mark.parametrize("spelling", [5, [5], "tone", ["tone"], {"tone": 5}, {"anything": 5}])
def test_the_spelling_of_event_id_does_not_choose_the_source(kind, spelling, tmp_path):
    raw = recording(late=LATE)
    data = write_bids(raw, tmp_path, LATE) if kind == "bids" else annotate(raw, LATE)
    with pytest.warns(MneHnnWarning, match="12 of 12 events lie 30 ms after their triggers.*give stim_channel") as said:
        response = load_response(data, event_id=spelling, **WINDOW)
    assert len(said) == 1
    assert response.n_epochs == 12
    assert onset_of_response(response) == 0
    assert response.evoked.data[0].max() == pytest.approx(1e-11, rel=0.1)


@pytest.mark.parametrize("kind", ["bids", "annotations"])
def test_all_events_and_triggers_by_wish(kind, tmp_path):
    raw = recording(late=LATE)
    data = write_bids(raw, tmp_path, LATE) if kind == "bids" else annotate(raw, LATE)
    with pytest.warns(MneHnnWarning, match="18 of 18 events lie 30 ms after"):
        response = load_response(data, **WINDOW)
    assert (response.n_epochs, onset_of_response(response)) == (18, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", MneHnnWarning)
        by_trigger = load_response(data, event_id=5, stim_channel="STI 014", **WINDOW)
        given = load_response(data, event_id=5, events=mne.find_events(raw, verbose="error"), **WINDOW)
    assert onset_of_response(by_trigger) == onset_of_response(given) == 30


@pytest.mark.parametrize("spelling", [None, 5, "tone", {"tone": 5}])
def test_nothing_is_said_where_they_agree(spelling, tmp_path):
    raw = recording()
    for data in (write_bids(raw.copy(), tmp_path), annotate(raw.copy())):
        with warnings.catch_warnings():
            warnings.simplefilter("error", MneHnnWarning)
            response = load_response(data, event_id=spelling, **WINDOW)
        assert response.n_epochs == (18 if spelling is None else 12)


def test_a_clock_that_starts_elsewhere(tmp_path):
    """Onsets that count from another moment lie seconds beside the triggers, all by the same."""
    raw = recording()
    data = annotate(raw, late=-170)  # -0.85 s
    for spelling in ("tone", 5, {"tone": 5}):
        with pytest.warns(MneHnnWarning, match="events lie 850 ms before their triggers"):
            assert load_response(data, event_id=spelling, **WINDOW).n_epochs == 12


def test_missing_and_additional_events():
    raw = recording()
    fewer = annotate(raw.copy(), onsets=ONSETS[:-1], codes=CODES[:-1])
    with pytest.warns(MneHnnWarning, match=r"1 triggers \(7\) have no event"):
        assert load_response(fewer, event_id="touch", **WINDOW).n_epochs == 5
    extra = annotate(raw.copy(), onsets=np.append(ONSETS, 2250), codes=np.append(CODES, 7))
    with pytest.warns(MneHnnWarning, match="1 of 7 events have no trigger"):
        assert load_response(extra, event_id="touch", **WINDOW).n_epochs == 7


def test_annotations_of_other_things_leave_the_triggers_alone():
    raw = recording()
    blinks = np.cumsum(np.random.default_rng(0).uniform(0.3, 0.8, 20))
    raw.set_annotations(mne.Annotations(blinks, 0.3, "blink"), verbose="error")
    with warnings.catch_warnings():
        warnings.simplefilter("error", MneHnnWarning)
        assert load_response(raw, **WINDOW).n_epochs == 18
        assert load_response(raw, event_id=5, **WINDOW).n_epochs == 12
        assert load_response(raw, event_id="blink", **WINDOW).n_epochs == 20


def test_events_at_one_sample():
    raw = annotate(recording().pick("meg"), onsets=np.append(ONSETS, ONSETS[3]), codes=np.append(CODES, 7))
    with pytest.raises(DataError, match="at one and the same sample .1 times, first at sample 500.*choose among them"):
        load_response(raw, **WINDOW)
    assert load_response(raw, event_id="tone", **WINDOW).n_epochs == 12


def test_only_some_codes_are_annotated():
    raw = recording(late=LATE)
    tones = CODES == 5
    annotate(raw, LATE, onsets=ONSETS[tones], codes=CODES[tones])
    with pytest.warns(MneHnnWarning, match="12 of 12 events lie 30 ms after"):
        response = load_response(raw, **WINDOW)
    assert response.n_epochs == 18
    assert onset_of_response(load_response(raw, event_id=7, **WINDOW)) == 30


def test_numbers_that_events_tsv_and_triggers_give_differently(tmp_path):
    path = write_bids(recording(), tmp_path, codes={5: 7, 7: 5})
    with pytest.warns(MneHnnWarning, match="events.tsv gives 'tone' the value 7, but its triggers have 5"):
        response = load_response(path, event_id=5, **WINDOW)
    assert response.n_epochs == 12
    with pytest.raises(DataError, match="event_id gives 'tone' the number 7.*have 5 for 'tone', and 7 for 'touch'"):
        load_response(path, event_id={"tone": 7}, **WINDOW)


def test_numbers_of_annotations_alone():
    raw = annotate(recording().pick("meg"), names={5: "10", 7: "2"})
    assert load_response(raw, event_id=10, **WINDOW).n_epochs == 12
    assert load_response(raw, event_id=2, **WINDOW).n_epochs == 6  # not the second in alphabetical order
    named = annotate(recording().pick("meg"))
    with pytest.raises(DataError, match=r"No event \[1\] in the data: the events are annotations, 'tone', 'touch'"):
        load_response(named, event_id=1, **WINDOW)


def test_several_runs_of_a_data_set(tmp_path):
    """Each run has its events.tsv; together they are compared as one recording is."""
    first = write_bids(recording(late=LATE), tmp_path, LATE)
    (tmp_path / "again").mkdir()
    second = write_bids(recording(late=LATE), tmp_path / "again", LATE)
    for spelling in (5, "tone", {"tone": 5}):
        with pytest.warns(MneHnnWarning, match="24 of 24 events lie 30 ms after"):
            response = load_response([first, second], event_id=spelling, **WINDOW)
        assert (response.n_epochs, onset_of_response(response)) == (24, 0)
    text = events(second).read_text()
    events(second).write_text(text.replace("tone\t5", "tone\t8"))
    with pytest.raises(DataError, match="The runs give 'tone' different values in events.tsv, 5 and 8"):
        load_response([first, second], event_id="tone", **WINDOW)
    with pytest.raises(ParameterError, match="choose their events with event_id='tone' instead"):
        load_response(first, condition="tone", **WINDOW)


def test_columns_of_events_tsv_that_disagree(tmp_path):
    path = write_bids(recording(), tmp_path)
    rows = [line.split("\t") for line in events(path).read_text().splitlines()[1:]]
    for rate, expected in ((SFREQ, None), (1000.0, "columns onset and sample that disagree by up to 3.4e.04 ms")):
        lines = ["\t".join([*row, str(round(float(row[0]) * rate) + 50)]) for row in rows]
        events(path).write_text("\n".join(["onset\tduration\ttrial_type\tvalue\tsample", *lines]) + "\n")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            load_response(path, event_id="tone", **WINDOW)
        texts = " ".join(str(one.message) for one in said if issubclass(one.category, MneHnnWarning))
        assert re.search(expected, texts) if expected else texts == ""


def test_names_that_are_other_numbers_than_their_triggers():
    raw = annotate(recording(), names={5: "7", 7: "5"})
    with pytest.warns(
        MneHnnWarning, match="'7' says 7, but its triggers have 5: numbers in event_id are those of trig"
    ):
        assert load_response(raw, event_id=5, **WINDOW).n_epochs == 12
    assert load_response(raw, event_id="5", **WINDOW).n_epochs == 6
    for several in ({5, 7}, np.array([5, 7]), [5, 7], {"5", "7"}):
        assert load_response(raw, event_id=several, **WINDOW).n_epochs == 18


def broken(path, kind):
    file = events(path)
    if kind == "nothing":
        file.write_text("")
    elif kind == "names only":
        file.write_text("onset\tduration\ttrial_type\tvalue\n")
    elif kind == "no onset":
        file.write_text("start\ttrial_type\n1.0\ttone\n")
    elif kind == "comma":
        file.write_text("onset\tduration\ttrial_type\n1,5\t0\ttone\n")
    else:
        factor = {"ms": 1000, "samples": SFREQ}[kind]
        lines = [f"{onset / SFREQ * factor + 1000}\t0\ttone" for onset in ONSETS]
        file.write_text("\n".join(["onset\tduration\ttrial_type", *lines]) + "\n")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nothing", r"events\.tsv is empty: it needs a line with the names"),
        ("names only", r"events\.tsv of the recording has no event: .* or give events; give stim_channel"),
        ("no onset", r"has no column 'onset', the times of events in s: it has start, trial_type"),
        ("comma", r"has the onset '1,5' \(a decimal comma\?\): a time in s is expected"),
        ("ms", r"onsets from 2000 to 10500, which are all outside of the recording of 12 s: .*\(in ms\?\)"),
        ("samples", r"onsets from 1200 to 2900, which are all outside .*\(in (ms|samples)\?\)"),
    ],
)
def test_events_tsv_that_cannot_be_used(kind, message, tmp_path):
    path = write_bids(recording(), tmp_path)
    broken(path, kind)
    for spelling in (None, 5, "tone"):
        with pytest.raises(DataError, match=message) as caught:
            load_response(path, event_id=spelling, **WINDOW)
        assert "\n" not in str(caught.value)
    if kind == "names only":
        assert load_response(path, event_id=5, stim_channel="STI 014", **WINDOW).n_epochs == 12


def test_side_files_that_contradict_the_header(tmp_path):
    raw = recording()
    extra = mne.io.RawArray(np.ones((1, 2400)) * 1e-15, mne.create_info(["MEG 0121"], SFREQ, "mag"), verbose="error")
    raw.add_channels([extra], force_update_info=True)
    raw.info["bads"] = ["MEG 0121"]
    path = write_bids(raw, tmp_path)
    channels = path.copy().update(suffix="channels", extension=".tsv").fpath
    channels.write_text(channels.read_text().replace("\tbad\t", "\tgood\t").replace("200.0", "1000.0"))
    sidecar = path.copy().update(extension=".json").fpath
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"SamplingFrequency": 1000.0}))
    with pytest.warns(MneHnnWarning) as said:
        response = load_response(path, event_id="tone", **WINDOW)
    assert "MEG 0121" not in response.evoked.ch_names
    texts = " | ".join(str(one.message) for one in said)
    assert "marked bad that channels.tsv has as good: MEG 0121" in texts
    assert texts.count("says 1000 Hz, but the recording has 200 Hz") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"events": ONSETS[:, None] * [1.0, 0, 1] / SFREQ},
            r"integers of shape .*got float64 .*\(times in s\? samples",
        ),
        ({"events": ONSETS[:, None] * [1, 0, 0] + [90000, 0, 1]}, "samples 90200 to .* outside of the recording"),
        ({"events": ONSETS[:, None] * [1, 0, 0] + [0, 0, 1], "event_id": "tone"}, "'tone', but events has numbers"),
        ({"events": ONSETS[:, None] * [1, 0, 0] + [0, 0, 1], "stim_channel": "STI 014"}, "both given"),
        ({"stim_channel": "STI 014", "event_id": "tone"}, "'tone', but stim_channel has numbers"),
        ({"stim_channel": "MEG 0113"}, "is of type 'grad': name the one with triggers"),
        ({"event_id": []}, "event_id is empty"),
        ({"event_id": {}}, "event_id is empty"),
        ({"event_id": True}, "event_id must be a number"),
        ({"event_id": {"tone": "5"}}, "event_id must be a number"),
        ({"event_id": ["tone", 5]}, "names or numbers, not both"),
        ({"event_id": 9}, r"No event \[9\] in the data: the events are annotations, 'tone' \(5\), 'touch' \(7\)"),
    ],
)
def test_wrong_events(options, message):
    with pytest.raises((DataError, ParameterError), match=message) as caught:
        load_response(annotate(recording()), **WINDOW, **options)
    assert isinstance(caught.value, MneHnnError)
    assert "\n" not in str(caught.value)
