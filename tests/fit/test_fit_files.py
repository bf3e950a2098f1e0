"""A fit result in a file: all of it comes back, the same bytes each time, and other files are told."""

import dataclasses
import io
import json
import os
import time
import zipfile

import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import CacheError, DataError, ParameterError
from mne_hnn.fit import (
    ColumnPrior,
    DriveSettings,
    FitDetails,
    Level,
    Parameter,
    RhythmicSettings,
    UnfittedSettings,
    read_fit,
)
from mne_hnn.fit.files import VERSION, write_fit
from mne_hnn.fit.plain_settings import plain_settings
from mne_hnn.fit.result import Estimate, Evaluation, FitResult, LevelReport, Scores
from mne_hnn.network import jones_2009, replace
from mne_hnn.simulate import simulate
from mne_hnn.spikes import Spikes

NAN, INF = float("nan"), float("inf")
MU, SIGMA, WEIGHT = "drives.evprox1.mu_ms", "drives.evprox1.sigma_ms", "drives.evprox1.weights_ampa.L2_basket"


def network(mu_ms=5.0):
    weights = {"L5_pyramidal": 0.01, "L2_basket": 0.09, "L2_pyramidal": 0.015}
    made = jones_2009((3, 3)).with_evoked_drive(
        "evprox1", mu_ms=mu_ms, sigma_ms=2.0, location="proximal", weights_ampa=weights
    )
    made = made.with_tonic_bias("bias", amplitude_nA={"L5_pyramidal": 0.5}, t0_ms=10.0)
    return replace(made, name="fitted, ü")


@pytest.fixture(scope="module")
def simulation():
    return simulate(network(), tstop=40.0, n_trials=2, seed=5)


def some_target():
    data = np.random.default_rng(1).normal(size=(2, 37)) * 1e-9
    provenance = {
        "subject": "fsaverage",
        "label": "BA3b-lh",
        "normal": [0.1, 0.2, 1 / 3],
        "std": None,
        "deep": {"a": [1]},
    }
    target = Dipole(
        data, None, ("agg", "L5"), sfreq=600.614990234375, tmin=-0.0131, comment="Zielkurve µ", nave=111,
        provenance=provenance,
    )  # fmt: skip
    return target.scale(1 / 3)


def fit_result(simulation, target=None, **changes):
    evaluations = (
        Evaluation(level="linear", values={"t.0": 20.1, "w.0": 1 / 3}, loss=0.5, scale=2e3, r_squared=0.5),
        Evaluation(level="linear", values={"t.0": 21.1, "w.0": -0.0}, loss=0.4),
        Evaluation(level="5x5", values={WEIGHT: 5e-324, MU: 27.0}, loss=INF),
        Evaluation(level="full", values={MU: np.float64(27.5), WEIGHT: 2}, loss=-1.5, scale=-INF, r_squared=-3.0),
        Evaluation(level="full", values={}, loss=1),
    )
    settings = DriveSettings(
        optimizer="cma", smooth_ms=30.0, noise=0.1 + 0.2, seed=2**32 - 1, n_trials=3, prior=ColumnPrior(median=1 / 3),
        levels=(Level(mesh_shape=(5, 5), share=0.5), Level(n_trials=3)), scale=np.float64(7.5), tstop=40.0,
    )  # fmt: skip
    options = {
        "tmin": None, "large": 2**53 + 1, "refine": True, "limit": INF, "low": -INF, "small": np.float64(1e-300),
        "count": np.int64(7), "yes": np.bool_(True), "bands": np.array([[4.0, INF]]), "pair": (1, 2),
        "nested": {"float": "a word", "text": "\u00b5\u2028\n\"", "empty": {}}, "none": [],
    }  # fmt: skip
    free = Parameter(path=MU, low=1 / 3, high=40.0, scale="log")
    made = FitResult(
        kind="drives", network=simulation.network, start_network=network(9.0), simulation=simulation,
        dipole=simulation.dipole.smooth(5.0).scale(1234.5), target=target, scale=1234.5,
        scores=Scores(loss=0.1, r_squared=0.9, nrmse=0.1 + 0.2, search_loss=-INF),
        estimates=(
            Estimate(path=MU, value=5.0, low=4.0, high=INF, determined=np.bool_(True)),
            Estimate(path=SIGMA, value=np.float64(2.0), determined=False),
        ),
        evaluations=evaluations, settings=settings,
        details=FitDetails(objective="rmse", tstop=40.0, parameters=(free,), options=options),
        warnings=("One warning.", "Noch eine, µ."),
        levels=(LevelReport(name="5x5", evaluations=3, loss=0.3), LevelReport(name="full", evaluations=1, loss=INF)),
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def plain(value):
    """Return a value in the form JSON gives back, numbers as text to compare NaN."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return repr(value) if isinstance(value, float) else value


def assert_same_dipole(one, other):
    assert type(one) is type(other) is Dipole
    assert one.data.dtype == np.float64
    assert one.data.tobytes() == other.data.tobytes()
    assert one.times.tobytes() == other.times.tobytes()
    for name in ("layers", "comment", "nave", "provenance", "scale_applied", "baseline", "first", "last"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.info["sfreq"] == other.info["sfreq"]


def assert_same_network(one, other):
    assert one.digest == other.digest
    assert one.name == other.name
    assert list(one.drives) == list(other.drives)


def same_rows(some, others):
    return [plain(dataclasses.asdict(one)) for one in some] == [plain(dataclasses.asdict(one)) for one in others]


def assert_same(one, other):
    """Compare each field; a field that is new makes this fail until it is saved too."""
    compared = {
        "kind", "network", "start_network", "simulation", "dipole", "target", "scale", "scores", "estimates",
        "evaluations", "levels", "settings", "details", "warnings",
    }  # fmt: skip
    assert {field.name for field in dataclasses.fields(FitResult)} == compared
    assert one.kind == other.kind
    assert_same_network(one.network, other.network)
    assert_same_network(one.start_network, other.start_network)
    assert one.simulation.network is one.network
    parts = {"network", "dipoles", "spikes"}
    for name in {field.name for field in dataclasses.fields(one.simulation)} - parts:
        assert getattr(one.simulation, name) == getattr(other.simulation, name), name
    assert one.simulation.spikes == other.simulation.spikes
    assert one.simulation.n_trials == other.simulation.n_trials
    for mine, yours in zip(one.simulation.dipoles, other.simulation.dipoles, strict=True):
        assert_same_dipole(mine, yours)
    assert_same_dipole(one.dipole, other.dipole)
    if other.target is None:
        assert one.target is None
    else:
        assert_same_dipole(one.target, other.target)
    assert repr(one.scale) == repr(float(other.scale))
    assert same_rows([one.scores], [other.scores])
    for name in ("estimates", "levels"):
        assert isinstance(getattr(one, name), tuple)
        assert same_rows(getattr(one, name), getattr(other, name)), name
    assert isinstance(one.evaluations, tuple)
    assert len(one.evaluations) == len(other.evaluations)
    for mine, yours in zip(one.evaluations, other.evaluations, strict=True):
        assert mine.values == yours.values
        for name in ("level", "loss", "scale", "r_squared"):
            np.testing.assert_equal(getattr(mine, name), getattr(yours, name))
    assert one.settings == other.settings
    assert plain(plain_settings(one.settings, one.details)) == plain(plain_settings(other.settings, other.details))
    assert one.warnings == other.warnings


@pytest.fixture
def saved(tmp_path, simulation):
    file = tmp_path / "fit.npz"
    write_fit(file, fit_result(simulation, some_target()))
    return file


def test_everything_comes_back(saved, simulation):
    result = fit_result(simulation, some_target())
    assert len(simulation.spikes) > 0
    assert np.abs(simulation.dipole["agg"]).max() > 0
    again = read_fit(saved)
    assert_same(again, result)
    assert (again.target.layers, again.target.nave, again.target.times[0]) == (("agg", "L5"), 111, -0.0131)
    assert (again.target.info["sfreq"], again.target.scale_applied) == (600.614990234375, 1 / 3)
    assert again.evaluations[2].values == {MU: 27.0, WEIGHT: 5e-324}
    assert again.evaluations[4].values == {}
    assert again.estimates[0].determined is True
    assert [again.details.options[name] for name in ("limit", "large", "pair")] == [INF, 2**53 + 1, [1, 2]]
    assert repr(again) == repr(result)
    np.testing.assert_equal(again.convergence(), result.convergence())


def test_without_a_target(tmp_path, simulation):
    result = fit_result(
        simulation,
        kind="rhythmic",
        settings=RhythmicSettings(n_trials=2, levels=None),
        details=FitDetails(tstop=300.0),
        scores=Scores(loss=NAN),
        scale=NAN,
    )
    result.save(tmp_path / "fit.npz")
    assert_same(read_fit(tmp_path / "fit.npz"), result)


@pytest.mark.parametrize("columns", [None, 300.0])
def test_with_nothing_that_can_be_left_out(tmp_path, simulation, columns):
    empty = {"estimates": (), "evaluations": (), "levels": (), "warnings": ()}
    usual = {"kind": "none", "settings": UnfittedSettings(columns=columns), "details": FitDetails()}
    result = fit_result(simulation, some_target(), **empty, **usual)
    result.save(str(tmp_path / "fit.npz"))
    assert_same(read_fit(str(tmp_path / "fit.npz")), result)


def test_silent_networks(tmp_path):
    silent = simulate(jones_2009((2, 2)), tstop=5.0)
    assert len(silent.spikes) == 0
    result = fit_result(silent)
    result.save(tmp_path / "fit.npz")
    assert_same(read_fit(tmp_path / "fit.npz"), result)


def test_trials_of_which_one_failed(tmp_path, simulation):
    """Numbers of trials with a gap, and what was done to the dipoles."""
    spikes = simulation.spikes
    fields = {name: getattr(spikes, name) for name in ("time", "gid", "gid_ranges", "n_trials", "tmin", "tmax")}
    moved = Spikes(trial=spikes.trial * 3 + 1, trials=(1, 4), **fields)
    dipoles = tuple(one.copy().scale(0.5 + k) for k, one in enumerate(simulation.dipoles))
    dipoles[1].nave = 4
    changed = dataclasses.replace(simulation, spikes=moved, dipoles=dipoles, seed=None)
    result = dataclasses.replace(fit_result(simulation), simulation=changed)
    result.save(tmp_path / "fit.npz")
    assert_same(read_fit(tmp_path / "fit.npz"), result)


@pytest.mark.parametrize("edit", ["crop", "shift", "baseline", "resample"])
def test_targets_that_were_worked_on(tmp_path, simulation, edit):
    target = some_target()
    if edit == "crop":
        target.crop(target.times[5], target.times[30])
    elif edit == "shift":
        target.shift_time(0.00123456789)
    elif edit == "baseline":
        target.apply_baseline((None, 0))
        assert target.baseline is not None
    else:
        target.resample(250.0)
    result = fit_result(simulation, target)
    result.save(tmp_path / "fit.npz")
    again = read_fit(tmp_path / "fit.npz").target
    assert again.times[0] == target.times[0]
    np.testing.assert_allclose(again.times, target.times, rtol=0, atol=1e-15)
    assert again.data.tobytes() == target.data.tobytes()
    assert (again.info["sfreq"], again.baseline) == (target.info["sfreq"], target.baseline)


def test_the_network_simulates_as_before(saved, simulation):
    again = simulate(read_fit(saved).network, tstop=40.0, n_trials=2, seed=5)
    assert again.spikes == simulation.spikes
    for one, other in zip(again.dipoles, simulation.dipoles, strict=True):
        assert one.data.tobytes() == other.data.tobytes()


# -- bytes


def test_equal_results_are_equal_bytes(saved, simulation):
    first = saved.read_bytes()
    time.sleep(2.1)  # archives count time in steps of 2 s
    second, third = saved.with_name("second.npz"), saved.with_name("third.npz")
    write_fit(second, fit_result(simulation, some_target()))
    write_fit(third, read_fit(saved))
    assert second.read_bytes() == third.read_bytes() == first
    with zipfile.ZipFile(saved) as archive:
        assert {one.date_time[0] for one in archive.infolist()} == {1980}
    other = fit_result(simulation, some_target(), scale=np.nextafter(1234.5, 2000))
    write_fit(third, other, overwrite=True)
    assert third.read_bytes() != first


def test_nothing_is_pickled(saved):
    with np.load(saved, allow_pickle=False) as kept:
        kinds = {kept[name].dtype.kind for name in kept.files}
    assert kinds <= set("fiU")


# -- writing


def test_a_file_is_not_overwritten_unasked(saved, simulation):
    before = saved.read_bytes()
    other = fit_result(simulation, kind="drives")
    with pytest.raises(ParameterError, match="fit.npz exists: choose another name, or overwrite=True"):
        other.save(saved)
    assert saved.read_bytes() == before
    other.save(saved, overwrite=True)
    assert read_fit(saved).kind == "drives"
    assert read_fit(saved).target is None
    assert [one.name for one in saved.parent.iterdir()] == ["fit.npz"]


def test_the_name_is_as_given(tmp_path, simulation):
    fit_result(simulation).save(tmp_path / "my.fit")
    assert read_fit(tmp_path / "my.fit").kind == "drives"
    assert [one.name for one in tmp_path.iterdir()] == ["my.fit"]


def test_others_may_read_it_as_the_mask_says(tmp_path, simulation):
    mask = os.umask(0o027)
    try:
        fit_result(simulation).save(tmp_path / "fit.npz")
    finally:
        os.umask(mask)
    assert (tmp_path / "fit.npz").stat().st_mode & 0o777 == 0o640


def test_a_file_is_whole_or_as_it_was(saved, simulation, monkeypatch):
    before = saved.read_bytes()

    def full(stream, **arrays):
        stream.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(CacheError, match="cannot be written to .*fit.npz: No space left on device"):
        write_fit(saved, fit_result(simulation), overwrite=True)
    assert saved.read_bytes() == before
    assert [one.name for one in saved.parent.iterdir()] == ["fit.npz"]


def test_places_that_cannot_be_written(tmp_path, simulation):
    with pytest.raises(ParameterError, match="There is no folder .*missing to write fit.npz into: make it first"):
        fit_result(simulation).save(tmp_path / "missing" / "fit.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CacheError, match="cannot be written to .*folder"):
        fit_result(simulation).save(tmp_path / "folder", overwrite=True)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_what_cannot_be_saved(tmp_path, simulation):
    with pytest.raises(ParameterError, match="plain values only, got .* of function"):
        fit_result(simulation, details=FitDetails(options={"a": [plain]})).save(tmp_path / "fit.npz")
    with pytest.raises(ParameterError, match="result must be a FitResult, got dict"):
        write_fit(tmp_path / "fit.npz", {})
    assert list(tmp_path.iterdir()) == []


# -- reading other files


def sentence(file):
    with pytest.raises(DataError) as caught:
        read_fit(file)
    text = str(caught.value)
    assert str(file) in text
    assert "\n" not in text
    assert text.endswith(".")
    return text


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npy():
    stream = io.BytesIO()
    np.save(stream, np.ones(3))
    return stream.getvalue()


OTHERS = {
    "empty": b"",
    "text": b"level\tloss\n",
    "array": npy(),
    "no arrays": npz(),
    "other arrays": npz(a=np.ones(3)),
    "content of numbers": npz(content=np.ones(3)),
    "content of text": npz(content=np.array("some text")),
    "list": npz(content=np.array("[]")),
    "nothing": npz(content=np.array("null")),
    "object": npz(content=np.array("{}")),
    "nothing but its version": npz(content=np.array(json.dumps({"version": VERSION}))),
    "pickle": npz(content=np.array([{}], dtype=object)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files(tmp_path, name):
    file = tmp_path / "fit.npz"
    file.write_bytes(OTHERS[name])
    assert "is no fit result, or damaged" in sentence(file)


def test_no_file(tmp_path):
    assert "There is no file" in sentence(tmp_path / "fit.npz")
    assert "There is no file" in sentence(tmp_path)


def rewritten(file, change):
    """Change the content, or leave arrays out, behind a correct checksum."""
    with np.load(file) as kept:
        arrays = dict(kept)
    content = json.loads(str(arrays["content"]))
    change(content, arrays)
    arrays["content"] = np.array(json.dumps(content))
    np.savez(file, **arrays)


def test_another_version(saved):
    rewritten(saved, lambda content, _: content.update(version=VERSION + 1))
    assert "another version of mne_hnn: fit again" in sentence(saved)


def test_a_network_that_was_changed(saved):
    rewritten(
        saved, lambda content, _: content.update(network=content["network"].replace('"mu_ms": 5.0', '"mu_ms": 6.0'))
    )
    assert "the network is damaged, or of another version" in sentence(saved).lower()


@pytest.mark.parametrize(
    "name",
    ["kind", "network", "start_network", "scale", "simulation", "trials", "spikes", "dipole", "target", "scores",
     "estimates", "levels", "settings", "warnings"],
)  # fmt: skip
def test_content_that_is_missing(saved, name):
    rewritten(saved, lambda content, _: content.pop(name))
    sentence(saved)


def test_arrays_that_are_missing(saved):
    whole = saved.read_bytes()
    with np.load(saved) as kept:
        names = kept.files
    for name in set(names) - {"content"}:
        saved.write_bytes(whole)
        rewritten(saved, lambda _, arrays, name=name: arrays.pop(name))
        assert "(KeyError)" in sentence(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda _, arrays: arrays.update(trials=arrays["trials"][:1]),
        lambda _, arrays: arrays.update(trials=arrays["trials"][:, :1]),
        lambda _, arrays: arrays.update(target=arrays["target"] * np.nan),
        lambda _, arrays: arrays.update(spike_gid=arrays["spike_gid"] + 1000),
        lambda _, arrays: arrays.update(spike_time=arrays["spike_time"][1:]),
        lambda _, arrays: arrays.update(tried_loss=arrays["tried_loss"][1:]),
        lambda _, arrays: arrays.update(tried_value=arrays["tried_value"][:, 1:]),
        lambda content, _: content.update(scores=[1]),
        lambda content, _: content.update(warnings=3),
        lambda content, _: content["simulation"].update(colour=1),
    ],
)
def test_parts_that_do_not_fit(saved, change):
    rewritten(saved, change)
    assert "is no fit result, or damaged" in sentence(saved)


def test_damage_anywhere_is_found(saved, simulation):
    """Cut files, and single bytes that are wrong: a sentence, or a byte that does not matter."""
    whole, rng = saved.read_bytes(), np.random.default_rng(3)
    for length in np.linspace(0, len(whole) - 1, 40).astype(int):
        saved.write_bytes(whole[:length])
        sentence(saved)
    harmless = 0
    places = {*rng.integers(len(whole), size=60), *rng.integers(len(whole) - 1500, len(whole), size=60), *range(60)}
    for place in sorted(places):
        wrong = bytearray(whole)
        wrong[place] ^= 1 << int(rng.integers(8))
        saved.write_bytes(bytes(wrong))
        try:
            again = read_fit(saved)
        except DataError:
            continue
        assert_same(again, fit_result(simulation, some_target()))
        harmless += 1
    assert harmless < len(places)
