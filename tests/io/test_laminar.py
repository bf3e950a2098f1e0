"""Laminar recordings in NWB and Neo: values, units, depths, epochs around events, and what is refused."""

import datetime
import json
import sys

import mne
import neo
import numpy as np
import pytest
import quantities as pq
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ecephys import LFP, ElectricalSeries

from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.io import read_laminar, read_source_course
from mne_hnn.lfp import contact_positions, current_source_density

RATE, N, CONTACTS = 1000.0, 3000, 8
DEPTHS = 100.0 * np.arange(CONTACTS) + 50.0
"""um below the surface."""
EVENTS = np.array([0.5, 1.2, 1.9])
TIMES = np.arange(N) / RATE


def potential():
    """A response after each event, largest at the fifth contact, in V: shape (n_times, n_contacts)."""
    profile = np.exp(-(((DEPTHS - 450) / 150) ** 2))
    course = sum(np.exp(-(((TIMES - event - 0.05) / 0.01) ** 2)) for event in EVENTS)
    return 200e-6 * np.outer(course, profile)


VALUES = potential()


def nwb(folder, name="probe.nwb", *, columns=None, conversion=1e-6, stamps=None, density=None, second=False):
    file = NWBFile("laminar probe", "test", datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC))
    device = file.create_device(name="probe")
    group = file.create_electrode_group("shank", description="laminar", location="S1", device=device)
    columns = {"depth": DEPTHS} if columns is None else columns
    for column in columns:
        if column not in ("x", "y", "z", "rel_x", "rel_y", "rel_z"):
            file.add_electrode_column(column, "um")
    for k in range(CONTACTS):
        places = {column: float(values[k]) for column, values in columns.items()}
        file.add_electrode(group=group, location="S1", **places)
    region = file.create_electrode_table_region(list(range(CONTACTS)), "all")
    when = {"rate": RATE, "starting_time": 0.0} if stamps is None else {"timestamps": stamps}
    made = [ElectricalSeries(name="lfp", data=VALUES / conversion, electrodes=region, conversion=conversion, **when)]
    module = file.create_processing_module("ecephys", "processed")
    if second:
        module.add(
            ElectricalSeries(name="mua", data=VALUES / conversion, electrodes=region, conversion=conversion, **when)
        )
    module.add(LFP(electrical_series=made))
    if density is not None:
        values, unit = density
        module.add(TimeSeries("csd", data=values, unit=unit, rate=RATE, starting_time=0.0))
    file.add_trial_column("stimulus_time", "when it came")
    for event in EVENTS:
        file.add_trial(start_time=event - 0.2, stop_time=event + 0.4, stimulus_time=event)
    with NWBHDF5IO(str(folder / name), "w") as stream:
        stream.write(file)
    return folder / name


def same(epochs, heights_um=-DEPTHS[::-1], order=slice(None, None, -1)):
    """The three responses, from the deepest contact upwards."""
    first = np.round((EVENTS - 0.05) * RATE).astype(int)
    truth = np.array([VALUES[at : at + 301].T[order] for at in first])
    np.testing.assert_allclose(epochs.get_data(), truth, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(contact_positions(epochs)[:, 2] * 1e6, heights_um)
    assert (epochs.times[0], epochs.info["sfreq"]) == (-0.05, RATE)
    assert set(epochs.get_channel_types()) == {"seeg"}
    return json.loads(epochs.info["description"])


def test_potentials_of_an_nwb_file_around_events(tmp_path):
    epochs = read_laminar(nwb(tmp_path), events="trials.stimulus_time")
    noted = same(epochs)
    assert (noted["software"], noted["signal"], noted["unit_of_file"]) == ("NWB", "lfp", "volts")
    assert noted["heights"] == "depth, down, the surface at 0 um"
    assert (noted["events"], noted["n_events"]) == ("trials.stimulus_time", 3)
    assert len(current_source_density(epochs.average(picks="all")).ch_names) == CONTACTS - 2
    same(read_laminar(tmp_path / "probe.nwb", events=EVENTS))
    assert read_laminar(tmp_path / "probe.nwb", events="trials", window=(0.15, 0.3)).times[-1] == pytest.approx(0.3)


def test_time_stamps_in_place_of_a_rate(tmp_path):
    same(read_laminar(nwb(tmp_path, stamps=TIMES + 1e-7), events=EVENTS))
    gap = TIMES.copy()
    gap[1000:] += 0.5
    with pytest.raises(DataError, match="'lfp' has gaps in its time stamps"):
        read_laminar(nwb(tmp_path, "gap.nwb", stamps=gap), events=EVENTS)


def test_the_surface_and_the_direction_of_depths(tmp_path):
    rising = {"rel_y": 1000.0 - DEPTHS, "rel_x": np.zeros(CONTACTS)}  # from the tip upwards, the surface at 1000
    path = nwb(tmp_path, columns=rising)
    with pytest.raises(DataError, match="does not say whether its column 'rel_y' rises towards the cortical surface"):
        read_laminar(path, events=EVENTS)
    same(read_laminar(path, events=EVENTS, upward=True, surface_um=1000.0))
    same(read_laminar(path, events=EVENTS, depths=DEPTHS))
    left_out = np.where(np.arange(CONTACTS) % 2, np.nan, DEPTHS)
    epochs = read_laminar(path, events=EVENTS, depths=left_out)
    same(epochs, -DEPTHS[::2][::-1], np.arange(CONTACTS)[::2][::-1])
    assert epochs.ch_names[0] == "lfp 007"


def test_stored_densities(tmp_path):
    density = 50.0 * VALUES / VALUES.max()
    path = nwb(tmp_path, density=(density, "uV/mm**2"))
    epochs = read_laminar(path, signal="csd", depths=DEPTHS, events=EVENTS)
    assert set(epochs.get_channel_types()) == {"csd"}
    assert epochs.get_data(picks="csd").max() == pytest.approx(50.0)
    path = nwb(tmp_path, "current.nwb", density=(density, "A/m^3"))
    with pytest.warns(MneHnnWarning, match=r"is in A/m\^3, and was divided by a conductivity of 0.3 S/m"):
        epochs = read_laminar(path, signal="csd", depths=DEPTHS, events=EVENTS)
    assert epochs.get_data(picks="csd").max() == pytest.approx(50.0 / 0.3)
    path = nwb(tmp_path, "odd.nwb", density=(density, "a.u."))
    with pytest.raises(DataError, match="'csd' is in a.u.: give the one it has, such as unit='uV'"):
        read_laminar(path, signal="csd", depths=DEPTHS, events=EVENTS)
    assert read_laminar(path, signal="csd", depths=DEPTHS, events=EVENTS, unit="mV/mm2").get_data().max() == (
        pytest.approx(5e4)
    )


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"rel_x": np.zeros(CONTACTS)}, {}, "has no depths of contacts for 'lfp': give depths"),
        ({"x": DEPTHS, "y": DEPTHS}, {}, "has several columns of places (x, y) for 'lfp'"),
        ({"depth": DEPTHS // 200}, {}, "has several contacts at the same depth, as probes with columns have"),
        ({"depth": DEPTHS * 1e-6}, {}, "which no laminar probe spans: depths are in um; were these given in mm or m?"),
        (None, {"depths": "dept"}, "has no column 'dept' of places for 'lfp': it has depth. Did you mean 'depth'?"),
        (None, {"depths": DEPTHS[:3]}, "has 8 contacts, and depths has shape (3,)"),
        (None, {"signal": "LFP"}, "has no signal 'LFP': it has lfp. Did you mean 'lfp'?"),
        (None, {"events": "stim"}, "has no events 'stim': it has trials"),
        (None, {"events": [500.0, 1200.0]}, "none of 2 events lies in the recording"),
        (None, {"events": None, "window": (2.0, 4.0)}, "has no 2 to 4 s: the first has 0 to 2.999 s"),
    ],
)
def test_what_must_be_said(tmp_path, columns, options, message):
    path = nwb(tmp_path, columns=columns)
    with pytest.raises(DataError) as caught:
        read_laminar(path, **{"events": EVENTS, **options})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_signals_and_events_at_the_ends(tmp_path):
    path = nwb(tmp_path, second=True)
    same(read_laminar(path, events=EVENTS))  # the one called LFP
    same(read_laminar(path, signal="mua", events=EVENTS).rename_channels(lambda name: name.replace("mua", "lfp")))
    with pytest.warns(MneHnnWarning, match="1 of 4 events are too near the ends"):
        assert len(read_laminar(path, events=[*EVENTS, 2.9])) == 3
    whole = read_laminar(path, window=(0.0, 1.0))
    np.testing.assert_allclose(whole.get_data()[0], VALUES[:1001].T[::-1], rtol=1e-9, atol=1e-15)


def test_the_wrong_unit_is_noticed(tmp_path):
    path = nwb(tmp_path)
    with pytest.warns(MneHnnWarning, match="has potentials of up to 2e-10 V"):
        read_laminar(path, events=EVENTS, unit="uV")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "T"}, "unit must be one of V,"),
        ({"window": (0.2, 0.1)}, "window must end after it starts"),
        ({"window": 0.2}, "window must be two times in s"),
        ({"upward": 1}, "upward must be True or False"),
        ({"surface_um": "x"}, "surface_um must be a finite number"),
    ],
)
def test_arguments_are_checked_first(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        read_laminar(tmp_path / "nothing.nwb", **options)


def test_damaged_and_missing_files(tmp_path, monkeypatch):
    path = nwb(tmp_path)
    whole = path.read_bytes()
    (tmp_path / "half.nwb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read as an NWB file, or is damaged"):
        read_laminar(tmp_path / "half.nwb")
    with pytest.raises(DataError, match="There is no recording"):
        read_laminar(tmp_path / "nothing.nwb")
    with pytest.raises(DataError, match=r"not of a source: mne_hnn\.io\.read_laminar reads it"):
        read_source_course(path)
    monkeypatch.setitem(sys.modules, "pynwb", None)
    with pytest.raises(ParameterError, match=r"needs pynwb: pip install 'mne-hnn\[laminar\]'"):
        read_laminar(path)


# Neo -----------------------------------------------------------------------------------------------------


def block(*, trials=False, places=True, units="uV"):
    made = neo.Block(name="S1")
    pieces = [(0.0, VALUES)] if not trials else [(-0.05, VALUES[at : at + 301]) for at in (450, 1150, 1850)]
    for start, values in pieces:
        segment = neo.Segment()
        made.segments.append(segment)
        notes = {"array_annotations": {"depth": DEPTHS * 1e-3 * pq.mm}} if places else {}
        signal = neo.AnalogSignal(values * 1e6, units="uV", sampling_rate=1 * pq.kHz, t_start=start * pq.s, **notes)
        signal.name = "lfp"
        segment.analogsignals.append(signal.rescale(units))
        if not trials:
            segment.events.append(neo.Event(EVENTS * pq.s, labels=np.array(["left", "left", "right"]), name="touch"))
    return made


@pytest.mark.parametrize("units", ["uV", "mV", "V"])
def test_a_block_of_neo(units):
    noted = same(read_laminar(block(units=units), events="touch"))
    assert (noted["software"], noted["version"]) == ("Neo", neo.__version__)
    assert len(read_laminar(block(), events="left")) == 2
    segment = block().segments[0]
    same(read_laminar(segment, events="touch"))
    same(read_laminar(segment.analogsignals[0], events=EVENTS))


def test_segments_are_trials():
    same(read_laminar(block(trials=True)))


def test_coordinates_as_a_table():
    made = block(places=False)
    places = np.column_stack([np.zeros(CONTACTS), DEPTHS, np.zeros(CONTACTS)]) * pq.um
    made.segments[0].analogsignals[0].annotate(coordinates=places)
    same(read_laminar(made, depths="y", events="touch"))


def test_files_that_neo_reads(tmp_path):
    path = tmp_path / "block.mat"
    neo.io.NeoMatlabIO(str(path)).write_block(block())
    same(read_laminar(path, depths=DEPTHS, events="touch"))  # this format drops the depths
    with pytest.raises(DataError, match="has no depths of contacts"):
        read_laminar(path, events="touch")
    neo.io.PickleIO(str(tmp_path / "block.pkl")).write_block(block())
    with pytest.raises(DataError, match="is a pickle, and reading one can run any program"):
        read_laminar(tmp_path / "block.pkl")
    (tmp_path / "block.nix").write_bytes(b"no such file")
    with pytest.raises(DataError, match="cannot be read by Neo"):
        read_laminar(tmp_path / "block.nix")


def test_units_of_other_things_are_refused():
    made = block()
    signal = made.segments[0].analogsignals[0]
    made.segments[0].analogsignals[0] = neo.AnalogSignal(
        signal.magnitude, units="nA", sampling_rate=1 * pq.kHz, name="lfp", array_annotations=signal.array_annotations
    )
    with pytest.raises(DataError, match="'lfp' is in nA: give the one it has"):
        read_laminar(made, events=EVENTS)


def test_it_is_epochs_of_mne(tmp_path):
    epochs = read_laminar(nwb(tmp_path), events=EVENTS)
    epochs.apply_baseline((None, 0.0)).save(tmp_path / "shank-epo.fif")
    again = mne.read_epochs(tmp_path / "shank-epo.fif")
    np.testing.assert_allclose(again.get_data(), epochs.get_data(), rtol=1e-6, atol=1e-12)
