"""What is kept of a point: nothing of it is lost."""

from dataclasses import replace

import numpy as np
import pytest
from sweeps import MU, SHORT, bytes_of, quiet, small

from mne_hnn.dipole import Dipole
from mne_hnn.simulate import simulate
from mne_hnn.simulate.record import Record, as_record
from mne_hnn.sweep import read_sweep
from mne_hnn.sweep.records import dipoles_of, simulation_arrays, spikes_of


def test_read_back(written):
    folder, result = written
    again = read_sweep(folder)
    assert (again.network, again.points, again.keys) == (result.network, result.points, result.keys)
    assert (again.rows, again.units, again.settings) == (result.rows, result.units, result.settings)
    for k in range(len(result)):
        alone = simulate(result.network_of(k), SHORT, verbose="error")
        for one in (again, result):
            assert one.dipole(k).data.tobytes() == alone.dipole.data.tobytes()
            assert one.dipole(k, 0).comment == alone.dipoles[0].comment
            assert one.spikes(k) == alone.spikes
    assert len(again.dipoles[2:5]) == 3


def test_recordings_and_potentials_are_kept(tmp_path):
    contacts = [(40.0, 25.0, float(z)) for z in (0, 300, 600)]
    network = small().with_electrodes("shank", contacts)
    record = {"voltage": "soma", "cells": [0, 2], "sfreq": 1000.0}
    quiet(
        network, {MU: [5.0, 8.0]}, tstop=15.0, keep=("dipole", "spikes", "recordings", "lfp"),
        record=record, folder=tmp_path / "s",
    )  # fmt: skip
    kept = read_sweep(tmp_path / "s")
    for k, mu in enumerate((5.0, 8.0)):
        expected = simulate(network.with_drive_changes("evprox", mu_ms=mu), 15.0, record=record, verbose="error")
        assert kept.recordings(k) == expected.recordings
        np.testing.assert_array_equal(kept.lfp(k)["shank"].get_data(), expected.lfp["shank"].get_data())
        assert kept.simulation(k).recordings == expected.recordings


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (None, {}),
        (Record(voltage="soma", cells=2), {"voltage": ["soma"], "cells": [2]}),
        (
            {"voltage": "all", "calcium": ("soma",), "cells": ["L5_pyramidal", np.int64(0)], "sfreq": 1000},
            {"voltage": ["all"], "calcium": ["soma"], "cells": ["L5_pyramidal", 0], "sfreq": 1000.0},
        ),
    ],
)
def test_the_settings_of_a_sweep_can_be_passed_on(tmp_path, record, fields):
    options = {"tstop": 3.0, "summary": "extrema", "record": record}
    first = quiet(small(), {MU: [1.0]}, folder=tmp_path / "a", **options)
    again = read_sweep(tmp_path / "a")
    assert again.settings == first.settings
    assert again.settings["record"] == fields
    assert as_record(again.settings["record"]) == as_record(record)
    quiet(again.network, {MU: [1.0]}, folder=tmp_path / "b", summary="extrema", **again.settings)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_a_record_loses_nothing_of_dipoles_and_spikes():
    alone = simulate(small(), SHORT, n_trials=2, verbose="error")
    changed = [
        Dipole(one.data, one.times + 0.1, one.layers, comment="mine", nave=k + 1, provenance={"subject": k}).scale(2.0)
        for k, one in enumerate(alone.dipoles)
    ]
    record = simulation_arrays(replace(alone, dipoles=tuple(changed)), ("dipole", "spikes"))
    for one, expected in zip(dipoles_of(record), changed, strict=True):
        assert one.data.tobytes() == expected.data.tobytes()
        assert one.times.tobytes() == expected.times.tobytes()
        for name in ("comment", "nave", "provenance", "scale_applied", "layers", "baseline"):
            assert getattr(one, name) == getattr(expected, name)
    assert spikes_of(record) == alone.spikes
