"""Parts of a dipole against sums, closed forms and known physiology."""

from dataclasses import astuple, replace

import numpy as np
import pytest

import mne_hnn.fit.current_moments as current_moments
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import drive_contributions, read_contributions, spikes_per_cell
from mne_hnn.fit.contribution_files import write_contributions
from mne_hnn.fit.contributions import silenced
from mne_hnn.network import drive_events, jones_2009, with_erp_drives
from mne_hnn.simulate import SimulationSettings, simulate
from mne_hnn.spikes import Spikes

L2P, L5P = "L2_pyramidal", "L5_pyramidal"
BARE = jones_2009((2, 2))
ERP = with_erp_drives(BARE)
SHORT = SimulationSettings(tstop=60.0)


def driven(network, name="drive", location="proximal", weight=1e-5, mu_ms=15.0, cells=(L2P, L5P)):
    return network.with_evoked_drive(
        name, location=location, mu_ms=mu_ms, sigma_ms=2.0, weights_ampa=dict.fromkeys(cells, weight)
    )


def with_pyramidal_cells(network, change):
    populations = {
        name: replace(population, template=change(population.template)) if "pyramidal" in name else population
        for name, population in network.populations.items()
    }
    return replace(network, populations=populations)


def leaky(template):
    """Return a cell of capacitance and leak."""
    for name, section in template.sections.items():
        for channel in set(section.channels) - {"hh"}:
            template = template.without_channel(name, channel)
    return template.with_channel("all", "hh", gnabar=0.0, gkbar=0.0)


def row_of(contributions, kind, name="drive", cell_type=""):
    return next(row for row in contributions.rows() if (row.kind, row.name, row.cell_type) == (kind, name, cell_type))


@pytest.fixture(scope="module")
def firing():
    """A column in which cells fire, two trials."""
    return drive_contributions(ERP, SimulationSettings(tstop=110.0, n_trials=2), scale=500.0, smooth_ms=10.0)


@pytest.fixture(scope="module")
def weak():
    """A column below threshold with a proximal and a distal drive."""
    return drive_contributions(driven(driven(BARE, "near"), "far", "distal", mu_ms=25.0), SHORT)


# drives


def test_drives_of_a_column_below_threshold_add_up(weak):
    assert np.abs(weak.together["agg"]).max() < 0.02 * np.abs(weak.dipole["agg"]).max()
    for name in ("near", "far"):
        difference = weak.drives[name].data - weak.alone[name].data
        assert np.abs(difference).max() < 0.02 * np.abs(weak.drives[name].data).max()
    shares = [row.share for row in weak.rows() if row.kind in ("drive", "together")]
    assert sum(shares) == pytest.approx(1.0)


def test_a_drive_that_is_alone_makes_all_of_it():
    found = drive_contributions(driven(BARE, weight=0.05), SHORT, currents=False)
    np.testing.assert_array_equal(found.alone["drive"].data, found.dipole.data)
    np.testing.assert_allclose(found.drives["drive"].data, found.dipole.data, atol=1e-25)
    row = row_of(found, "drive")
    assert (row.share, row.size) == pytest.approx((1.0, 1.0))
    assert row.spikes_added == pytest.approx({name: count.per_cell for name, count in found.spikes.types.items()})
    assert row.spikes_added[L5P] > 0
    assert found.currents == {}


@pytest.mark.parametrize("seed", [None, 7])
def test_events_of_other_drives_stay_when_one_is_left_out(seed):
    for trial in (0, 1):
        whole = drive_events(ERP, trial, 170.0, seed)
        without = drive_events(silenced(ERP, ["evdist1"]), trial, 170.0, seed)
        for name in ERP.drives:
            np.testing.assert_equal(without[name], whole[name])
    # which is why it is not taken out: by the published rule, times of later trials would change
    fewer = drive_events(ERP.without_drives("evdist1"), 1, 170.0)["evprox1"]
    assert not np.array_equal(fewer, drive_events(ERP, 1, 170.0)["evprox1"])


def test_a_silenced_drive_is_as_one_that_is_not_there():
    settings = {"tstop": 80.0, "seed": 3}
    silent = simulate(silenced(ERP, ["evprox1"]), **settings)
    absent = simulate(ERP.without_drives("evprox1"), **settings)
    np.testing.assert_allclose(silent.dipole.data, absent.dipole.data, atol=1e-22)


def test_what_a_drive_does_is_the_whole_minus_the_rest(firing):
    settings = {"tstop": 110.0, "n_trials": 2}
    rest = simulate(silenced(ERP, ["evprox1"]), **settings)
    without = rest.dipole.scale(500.0).smooth(10.0)
    np.testing.assert_allclose(firing.drives["evprox1"].data, firing.dipole.data - without.data, atol=1e-18)
    counts = spikes_per_cell(rest)
    added = {name: count.per_cell - counts[name].per_cell for name, count in firing.spikes.types.items()}
    assert row_of(firing, "drive", "evprox1").spikes_added == pytest.approx(added)
    assert any(added.values())


# up and down: Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009


@pytest.mark.parametrize(
    ("location", "cells", "weight", "kind", "direction"),
    [
        ("proximal", (L2P, L5P), 1e-5, "excitation", "up"),
        ("distal", (L2P, L5P), 1e-5, "excitation", "down"),
        ("proximal", ("L2_basket", "L5_basket"), 0.1, "inhibition", "down"),
    ],
)
def test_words_of_a_lone_drive(location, cells, weight, kind, direction):
    found = drive_contributions(driven(BARE, location=location, cells=cells, weight=weight), SHORT)
    row = row_of(found, "drive")
    assert row.direction == direction
    assert row.turns[0] == direction
    assert row.peak_nAm == (row.up_nAm if direction == "up" else row.down_nAm)
    assert 10 < row.peak_ms < 40
    assert {row_of(found, "current", kind, cell_type).direction for cell_type in (L2P, L5P)} == {direction}
    other = {"excitation": "inhibition", "inhibition": "excitation"}[kind]
    assert row_of(found, "current", other, L5P).direction == "neither"
    assert f"drive {direction}" in repr(found)


# layers and currents


def test_layers_sum_to_the_whole(firing):
    np.testing.assert_allclose(firing.dipole["L2"] + firing.dipole["L5"], firing.dipole["agg"], atol=1e-20)
    for kind in ("layer", "current"):
        assert sum(row.share for row in firing.rows() if row.kind == kind) == pytest.approx(1.0)


def test_currents_sum_to_the_layers(firing):
    assert firing.spikes[L5P].per_cell > 0.5
    for cell_type, layer in ((L2P, "L2"), (L5P, "L5")):
        kinds = firing.currents[cell_type]
        assert all(np.abs(kinds[name]).max() > 1e-12 for name in ("excitation", "inhibition", "gated"))
        assert not kinds["bias"].any()
        largest = np.abs(firing.dipole[layer]).max()
        np.testing.assert_allclose(sum(kinds.values()), firing.dipole[layer], atol=1e-9 * largest)


def test_nothing_is_left_to_gated_channels_that_are_not_there():
    network = with_pyramidal_cells(ERP, leaky).with_tonic_bias("tonic", amplitude_nA={L5P: 0.5}, t0_ms=20, tstop_ms=50)
    found = drive_contributions(network, SimulationSettings(tstop=90.0))
    for cell_type, layer in ((L2P, "L2"), (L5P, "L5")):
        largest = np.abs(found.dipole[layer]).max()
        assert largest > 1e-13
        assert np.abs(found.currents[cell_type]["gated"]).max() < 1e-11 * largest
        assert np.abs(found.currents[cell_type]["inhibition"]).max() > 1e-3 * largest
    assert row_of(found, "current", "bias", L5P).direction == "up"
    assert not [row for row in found.rows() if row.name == "bias" and row.cell_type == L2P and row.up_nAm]


def test_membrane_currents_times_heights_are_the_dipole():
    """The closed form: sections of one segment each, whose currents are recorded one by one, and sum to nothing."""

    def coarse(template):
        for name in template.sections:
            template = template.with_section(name, nseg_override=1)
        return template

    network = driven(with_pyramidal_cells(BARE, coarse), weight=0.05)
    simulation = simulate(network, tstop=40.0, baseline="none", record={"membrane_current": "all"})
    recording = simulation.recordings["membrane_current"]
    assert simulation.spikes.counts()[L5P] > 0
    for cell_type, layer in ((L2P, "L2"), (L5P, "L5")):
        template = network.cell_types[cell_type]
        own = recording.select(cell_types=cell_type)
        heights = {name: height(template, name, 0.5) for name in template.sections}
        weights = np.array([heights[channel.section] for channel in own.channels]) * 1e-6
        moment, largest = weights @ own.data[0], np.abs(simulation.dipole[layer]).max()
        np.testing.assert_allclose(moment[1:], simulation.dipole[layer][1:], atol=1e-6 * largest)
        assert np.abs(own.data[0].sum(axis=0)).max() < 1e-6 * np.abs(own.data).max()


def height(template, section, end):
    """Return how high a place lies, um."""
    branch = template.parents.get(section)
    start, at = (0.0, 0.0) if branch is None else (height(template, branch.parent, branch.parent_end), branch.child_end)
    return start + (end - at) * template.sections[section].L_um * template.cos_theta(section)


def test_cells_are_recorded_some_at_a_time(weak, monkeypatch):
    monkeypatch.setattr(current_moments, "_LARGEST", 1)  # each cell in a run of its own
    again = drive_contributions(weak.network, weak.settings)
    for cell_type, kinds in weak.currents.items():
        for kind, moment in kinds.items():
            np.testing.assert_allclose(again.currents[cell_type][kind], moment, atol=1e-24)


def test_processes_make_no_difference(weak):
    again = drive_contributions(weak.network, weak.settings, n_jobs=2)
    np.testing.assert_array_equal(again.dipole.data, weak.dipole.data)
    np.testing.assert_array_equal(again.currents[L5P]["excitation"], weak.currents[L5P]["excitation"])
    assert again.rows() == weak.rows()


def test_numbers_are_of_the_window(firing):
    early = {(row.kind, row.name, row.cell_type): row for row in firing.rows(tmax=0.03)}
    assert all(row.peak_ms <= 30.01 for row in early.values() if row.direction != "neither")
    assert early["drive", "evprox1", ""].share == pytest.approx(1.0, abs=0.05)
    assert early["drive", "evdist1", ""].direction == "neither"
    assert early["drive", "evdist1", ""].turns == ()
    frame = pytest.importorskip("pandas") and firing.to_data_frame(0.0, 0.03)
    assert len(frame) == len(early)
    assert frame.loc[0, "spikes_L5_pyramidal"] == early["drive", frame.loc[0, "name"], ""].spikes_added[L5P]


# spikes per cell


def test_spikes_per_cell_against_counts_by_hand():
    simulation = simulate(driven(BARE), tstop=50.0)
    cells = simulation.network.gid_ranges[L5P]
    times = np.array([0.010, 0.020, 0.030, 0.040, 0.012])
    spikes = Spikes(
        trial=[0, 0, 0, 1, 1],
        time=times,
        gid=[cells[0], cells[0], cells[1], cells[0], simulation.network.gid_ranges["drive"][0]],
        gid_ranges=simulation.network.gid_ranges,
        n_trials=2,
        tmin=0.0,
        tmax=0.05,
    )
    counts = spikes_per_cell(replace(simulation, spikes=spikes), bin_ms=10.0)
    count = counts[L5P]
    assert (count.n_cells, count.per_cell) == (4, 4 / 8)
    assert count.share_firing == pytest.approx(3 / 8)  # two cells of four, then one
    assert (count.first_quartile_ms, count.median_ms, count.third_quartile_ms) == pytest.approx((17.5, 25.0, 32.5))
    np.testing.assert_allclose(counts.courses[L5P].sum(), count.per_cell)
    assert list(counts.types) == list(simulation.network.cell_types)  # no drive
    silent = counts["L2_basket"]
    assert (silent.per_cell, silent.share_firing) == (0.0, 0.0)
    assert np.isnan(silent.median_ms)
    late = spikes_per_cell(replace(simulation, spikes=spikes), 0.015, 0.035, bin_ms=20.0)
    assert (late[L5P].per_cell, late.window_ms) == pytest.approx((2 / 8, 20.0))
    assert len(late.rows()) == len(late.to_data_frame()) == 4
    assert "L5_pyramidal 0.25" in repr(late)


# refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: drive_contributions("x"), "network must be a Network"),
        (lambda: drive_contributions(BARE), "at least one drive is needed to say which drive does what"),
        (lambda: drive_contributions(ERP, 170.0), "settings must be SimulationSettings, such as"),
        (lambda: drive_contributions(ERP, scale=0.0), "scale .number of columns. must be"),
        (lambda: drive_contributions(ERP, SHORT, smooth_ms=70.0), "window_ms must be .* at most the record's"),
        (lambda: drive_contributions(ERP, currents="all"), "currents must be True or False"),
        (lambda: drive_contributions(ERP, n_jobs=0), "n_jobs"),
        (lambda: spikes_per_cell("x"), "simulation must be a Simulation, .* got str"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


def test_windows_outside_are_refused(weak):
    with pytest.raises(ParameterError, match="are they in ms"):
        weak.rows(tmin=70.0)
    with pytest.raises(ParameterError, match="The window 20 to 120 s must lie within"):
        spikes_per_cell(simulate(driven(BARE), tstop=30.0), 20.0, 120.0)
    with pytest.raises(ParameterError, match="bin_ms must be at most the 30 ms of the window"):
        spikes_per_cell(simulate(driven(BARE), tstop=30.0), bin_ms=40.0)
    with pytest.raises(ParameterError, match="Did you mean 'L5_pyramidal'"):
        weak.spikes["L5_pyramida"]


def test_a_network_that_makes_no_dipole_is_refused():
    mute = with_pyramidal_cells(ERP, lambda template: replace(template, measures_dipole=False))
    with pytest.raises(ParameterError, match="No cell type of the network measures the dipole"):
        drive_contributions(mute)


# as files


@pytest.mark.parametrize("which", ["firing", "weak"])
def test_contributions_come_back_from_their_file(which, request, tmp_path):
    kept = request.getfixturevalue(which)
    kept.save(tmp_path / "parts.npz")
    again = read_contributions(tmp_path / "parts.npz")
    assert again.network == kept.network
    assert again.settings == kept.settings
    assert (again.scale, again.smooth_ms) == (kept.scale, kept.smooth_ms)
    np.testing.assert_equal([astuple(row) for row in again.rows()], [astuple(row) for row in kept.rows()])
    np.testing.assert_equal([astuple(row) for row in again.spikes.rows()], [astuple(row) for row in kept.spikes.rows()])
    for name, course in kept.spikes.courses.items():
        np.testing.assert_array_equal(again.spikes.courses[name], course)
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "parts.npz").read_bytes()


def test_nothing_to_take_apart_is_kept_and_other_files_are_refused(tmp_path):
    write_contributions(tmp_path / "none.npz", None)
    assert read_contributions(tmp_path / "none.npz") is None
    np.savez(tmp_path / "other.npz", content=np.array("{}"))
    with pytest.raises(DataError, match=r"other.npz is no file of contributions, or damaged"):
        read_contributions(tmp_path / "other.npz")
    with pytest.raises(ParameterError, match="contributions must be Contributions, got str"):
        write_contributions(tmp_path / "more.npz", "parts")
