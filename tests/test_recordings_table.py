"""The table of a recording: choosing rows, and what cannot be chosen."""

import pickle

import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.recordings import Recording, RecordingChannel

CHANNELS = (
    RecordingChannel(0, "basket", "soma", "ampa"),
    RecordingChannel(1, "pyramidal", "soma", "gabaa"),
    RecordingChannel(1, "pyramidal", "tuft", "ampa"),
)


def recording():
    return Recording("synaptic_current", np.arange(4) * 1e-3, np.arange(24.0).reshape(2, 3, 4), CHANNELS, (0, 3))


def test_rows_that_meet_all_conditions():
    one = recording().select(trial=3, cell_types="pyramidal", receptors=["ampa"])
    assert one.channels == (CHANNELS[2],)
    assert one.trials == (3,)
    np.testing.assert_array_equal(one.data, [[[20, 21, 22, 23]]])
    one.data[:] = 0
    assert recording().select(gids=[0, 1], sections="soma").data[1, 1, 0] == 16
    assert len(recording().select(gids=1)) == 2


def test_long_table():
    frame = recording().to_data_frame()
    assert len(frame) == 24
    row = frame[(frame.trial == 3) & (frame.section == "tuft") & (frame.time == 0.002)].iloc[0]
    assert (row.gid, row.cell_type, row.receptor, row.synaptic_current) == (1, "pyramidal", "ampa", 22)


def test_equality_unit_and_pickle():
    assert recording() == recording()
    assert recording() != recording().select(trial=0)
    assert pickle.loads(pickle.dumps(recording())) == recording()
    assert recording().unit == "A"
    assert recording().sfreq == pytest.approx(1000.0)
    assert repr(recording()) == "<Recording of synaptic current (A): 2 trial(s), 3 channel(s) of 2 cell(s), 4 times>"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"trial": 1}, r"no trial 1: trials are \(0, 3\)"),
        ({"gids": 7}, "no cell 7"),
        ({"cell_types": "pyramid"}, "Did you mean 'pyramidal'"),
        ({"sections": ["soma", "tuff"]}, "Did you mean 'tuft'"),
        ({"receptors": "nmda"}, "Unknown receptor 'nmda'"),
    ],
)
def test_what_is_not_there(wanted, message):
    with pytest.raises(ParameterError, match=message):
        recording().select(**wanted)


def test_shape_and_quantity_are_checked():
    with pytest.raises(ParameterError, match=r"shape \(2, 3, 4\).*got \(2, 3, 5\)"):
        Recording("voltage", np.arange(4) * 1e-3, np.zeros((2, 3, 5)), CHANNELS, (0, 1))
    with pytest.raises(ParameterError, match="Unknown quantity 'volts'"):
        Recording("volts", np.arange(4) * 1e-3, np.zeros((2, 3, 4)), CHANNELS, (0, 1))
