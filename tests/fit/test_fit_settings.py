"""Settings of fits are values: checked when made, equal by what they say, and the same again from a file."""

import dataclasses
import inspect
import json
import pickle

import numpy as np
import pytest
from targets import L2P, L5P, silently

from mne_hnn import Dipole
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import (
    CircuitPrior,
    ColumnPrior,
    DriveSettings,
    EvokedSettings,
    FitSettings,
    Level,
    LogNormal,
    Parameter,
    RhythmicSettings,
    UnfittedSettings,
    fit_drives,
    fit_evoked,
    fit_rhythmic,
    read_fit,
)
from mne_hnn.fit.details import FitDetails
from mne_hnn.fit.plain_settings import plain_settings, typed_settings

KINDS = (EvokedSettings, DriveSettings, RhythmicSettings)
FITS = {fit_evoked: EvokedSettings, fit_drives: DriveSettings, fit_rhythmic: RhythmicSettings}
AROUND = Parameter(path="drives.evprox1.mu_ms", low=15.0, high=45.0)
quiet = {"progress": lambda *_: None}


@pytest.mark.parametrize("kind", [*KINDS, FitSettings, UnfittedSettings])
def test_they_are_values(kind):
    made = kind(dt=0.05)
    assert made == kind(dt=0.05) != kind()
    assert hash(made) == hash(kind(dt=0.05))
    assert pickle.loads(pickle.dumps(made)) == made
    assert not hasattr(made, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.dt = 0.1
    with pytest.raises(TypeError):
        kind(0.05)
    with pytest.raises(ParameterError, match=f"Unknown field 'sed' of {kind.__name__}.*Did you mean 'seed'"):
        kind(sed=3)


def test_sequences_become_tuples():
    levels = [Level(mesh_shape=(2, 2)), Level()]
    made = EvokedSettings(levels=levels, sequence=[["distal", 70], ("proximal", 25)])
    assert made.levels == tuple(levels)
    assert made.sequence == (("proximal", 25.0), ("distal", 70.0))
    rhythm = RhythmicSettings(bands=[[8, 12], (15, 30)], shares=[1, 2])
    assert (rhythm.bands, rhythm.shares) == (((8.0, 12.0), (15.0, 30.0)), (1.0, 2.0))
    assert DriveSettings(levels=Level(n_trials=4)).levels == (Level(n_trials=4),)


def test_numbers_of_trials_are_what_is_said_or_usual():
    assert [kind().trials for kind in KINDS] == [2, 1, 2]
    assert [kind(n_trials=5).trials for kind in KINDS] == [5, 5, 5]
    assert [kind(levels=[Level(n_trials=3)]).trials for kind in KINDS] == [3, 3, 3]


SHARED = [
    ({"optimizer": "cmaa"}, "Did you mean 'cma'"),
    ({"max_evaluations": 0}, "max_evaluations must be an integer >= 1, got 0"),
    ({"levels": "fine"}, "levels must be 'auto', None, or Levels, got 'fine'"),
    ({"levels": []}, "a sequence of Levels, the last of them the full column"),
    ({"levels": [Level(mesh_shape=(2, 2))]}, "The last level must be the full column"),
    ({"n_trials": 0}, "n_trials must be an integer >= 1"),
    ({"n_trials": 2, "levels": [Level(n_trials=3)]}, "n_trials = 2, but the last of levels has 3: leave n_trials out"),
    ({"n_final": 0}, "n_final must be an integer >= 1"),
    ({"dt": 0}, r"dt \(ms\) must be a finite number > 0, got 0"),
    ({"seed": 1.5}, "seed must be an integer"),
    ({"precision": "serch"}, "Did you mean 'search'"),
    ({"seed": 2}, "fresh_seed must differ from seed, got 2 twice"),
]
WAVEFORM = [
    ({"smooth_ms": -1}, "smooth_ms must be a finite number >= 0"),
    ({"noise": 0.0}, "noise must be a finite number > 0"),
    ({"standard_error": 0}, r"standard_error \(A m\) must be a finite number > 0"),
    ({"prior": "traget"}, "Did you mean 'target'"),
    ({"prior": 300}, r"prior must be 'target', None, or a ColumnPrior such as ColumnPrior\(median=1000\), got 300"),
]
EVOKED = [
    ({"drives": "proposed"}, "Did you mean 'propose'"),
    ({"n_drives": 0}, "n_drives must be an integer >= 1"),
    ({"max_drives": 0}, "max_drives must be an integer >= 1"),
    ({"refine": 0}, "refine must be an integer >= 1"),
    ({"polish": -1}, "polish must be an integer >= 0"),
    ({"sequence": [("apical", 20)]}, "Unknown location 'apical' in sequence"),
    ({"sequence": [("distal", 20), ("distal", 25)]}, "at least 10 ms apart"),
    ({"sequence": [("distal", 20)], "n_drives": 1}, "leave n_drives out"),
    ({"sequence": [("distal", 20)], "drives": "network"}, "both say where the fit starts"),
    ({"drives": "network", "polish": 3}, "polish has no effect with drives='network'"),
    ({"max_evaluations": 50}, "max_evaluations has no effect with drives='propose'"),
    ({"optimizer": "random"}, "optimizer has no effect with drives='propose' here .*, or with polish"),
    ({"circuit": 40.0}, r"circuit must be a CircuitPrior, such as CircuitPrior\(time_sd_ms=5\), got 40"),
    ({"levels": [Level(), Level(), Level()]}, "at most two, without a share"),
]
DRIVES = [
    ({"step": 20}, "step is a share of the bounds of each parameter, at most 1, got 20"),
    ({"scale": 0}, "scale must be a finite number > 0"),
    ({"tstop": 90.01}, "dt must divide tstop"),
    ({"intervals": 1}, "intervals must be True or False, got 1"),
]
RHYTHMS = [
    ({"tstop": 0.3, "burn_in_ms": 0.0}, "was it given in seconds"),
    ({"fmin": 50, "fmax": 2}, "fmin must be below fmax, got 50 and 2 Hz"),
    ({"burn_in_ms": 290.0}, "burn_in_ms must leave at least 20 ms of the 300 ms that are simulated, got 290 ms"),
    ({"step": 2}, "step is a share"),
    ({"bands": 5}, "bands must hold pairs of frequencies"),
    ({"bands": [("a", 12)]}, "band must be a finite number, got 'a'"),
    ({"bands": [(8, 12)], "shares": 1}, "shares must hold one number per band"),
    ({"bands": [(8, 12)], "aperiodic": "keep"}, "aperiodic belongs to a target spectrum"),
    ({"shares": [1]}, "shares belong to bands"),
    ({"measure": "ratio"}, "measure belongs to bands"),
    ({"aperiodic": "kept"}, "Did you mean 'keep'"),
]


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        *[(kind, *row) for kind in KINDS for row in SHARED],
        *[(kind, *row) for kind in KINDS[:2] for row in WAVEFORM],
        *[(EvokedSettings, *row) for row in EVOKED],
        *[(DriveSettings, *row) for row in DRIVES],
        *[(RhythmicSettings, *row) for row in RHYTHMS],
    ],
)
def test_what_is_wrong_is_refused_when_it_is_made(kind, wrong, message):
    with pytest.raises(ParameterError, match=message):
        kind(**wrong)


# -- calls


@pytest.mark.parametrize(("fit", "kind"), FITS.items())
def test_few_arguments_and_all_of_them_about_the_call(fit, kind):
    given = inspect.signature(fit).parameters
    assert len(given) <= 12
    assert not {field.name for field in dataclasses.fields(kind)} & set(given)
    assert given["settings"].default is None


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("fit", [fit_evoked, fit_rhythmic])
def test_keywords_of_old_are_refused(column, wave, fit):
    with pytest.raises(TypeError, match="unexpected keyword argument 'max_evaluations'"):
        fit(column, wave, max_evaluations=3)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(DriveSettings)])
def test_settings_among_the_options_of_an_objective_are_told_their_place(column, wave, name):
    with pytest.raises(ParameterError, match=rf"^{name} is one of the settings .*give settings=DriveSettings\({name}="):
        fit_drives(column, wave, [AROUND], **{name: 3})
    with pytest.raises(ParameterError, match="fit_drives has no argument 'kind'"):
        fit_drives(column, wave, [AROUND], kind="evoked")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("fit", "kind"), FITS.items())
def test_settings_of_another_fit_are_refused(column, wave, fit, kind):
    for wrong in ({"n_final": 2}, FitSettings(), 3):
        with pytest.raises(ParameterError, match=rf"settings must be {kind.__name__}, .* got {type(wrong).__name__}"):
            fit(column, wave, settings=wrong)


# -- what a result holds


@pytest.mark.usefixtures("cheap")
def test_a_result_holds_settings_as_they_were_used(column, wave, tmp_path):
    asked = DriveSettings(max_evaluations=6, n_final=2, smooth_ms=0.0)
    provenance = {**wave.provenance, "standard_error": 1e-12}
    small = Dipole(1e-3 * wave.data, wave.times, ("agg",), provenance=provenance)
    fit = fit_drives(column, small, [AROUND], asked, tmax=0.07, **quiet)
    noise = 1e-12 / np.sqrt(np.mean(small["agg"][1:] ** 2))
    assert fit.settings == dataclasses.replace(
        asked,
        optimizer="scan",
        levels=(Level(),),
        n_trials=1,
        tstop=80.0,
        standard_error=1e-12,
        noise=max(0.05, noise),
        prior=ColumnPrior.for_target(small, column),
    )
    assert fit.details == FitDetails(objective="r_squared", tstop=80.0, parameters=(AROUND,), options={"tmax": 0.07})
    assert fit.prior == ColumnPrior.for_target(small, column)
    fit.save(tmp_path / "fit.npz")
    again = read_fit(tmp_path / "fit.npz")
    assert (again.settings, again.details) == (fit.settings, fit.details)


@pytest.mark.usefixtures("cheap")
def test_a_network_that_is_searched_keeps_the_settings_of_an_evoked_fit(column, wave, tmp_path):
    asked = EvokedSettings(drives="network", max_evaluations=5, n_final=2, prior=None)
    fit = silently(column, wave.copy().scale(1e-3), asked, **quiet)
    known = {"levels": (Level(n_trials=2),), "n_trials": 2, "optimizer": fit.settings.optimizer}
    assert fit.settings == dataclasses.replace(asked, **known)
    assert fit.settings.optimizer != "auto"
    assert [free.path for free in fit.details.parameters][:2] == ["drives.evprox1.mu_ms", "drives.evprox1.sigma_ms"]
    fit.save(tmp_path / "fit.npz")
    again = read_fit(tmp_path / "fit.npz")
    assert (again.settings, again.details) == (fit.settings, fit.details)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("bands", [[(40, 45)], None])
def test_a_rhythm_keeps_its_bands_or_its_target(column, wave, tmp_path, bands):
    slow = column.with_bursty_drive("alpha", location="proximal", tstart=50.0, burst_rate_Hz=10.0, burst_std_ms=20.0,
                                    weights_ampa={L5P: 5e-5, L2P: 5e-5})  # fmt: skip
    rate = Parameter(path="drives.alpha.burst_rate_Hz", low=5.0, high=30.0)
    freqs = np.arange(4.0, 40.0)
    asked = RhythmicSettings(bands=bands, max_evaluations=3, n_final=1, burn_in_ms=0.0)
    with pytest.warns() as _:
        fit = fit_rhythmic(slow, None if bands else (freqs, 1 / freqs), [rate], asked, **quiet)
    shares = (1.0,) if bands else None
    known = {"levels": (Level(n_trials=2),), "n_trials": 2, "optimizer": "scan", "shares": shares}
    assert fit.settings == dataclasses.replace(asked, **known)
    assert fit.details.target_freqs == (None if bands else tuple(freqs.tolist()))
    assert fit.details.target_power == (None if bands else tuple((1 / freqs).tolist()))
    fit.save(tmp_path / "fit.npz")
    again = read_fit(tmp_path / "fit.npz")
    assert (again.settings, again.details) == (fit.settings, fit.details)


# -- files of before

LEVELS = [["5x5", 1, 1.0], ["full", 2, 1.0]]
SEARCHED = {
    "objective": "r_squared", "optimizer": "cma", "max_evaluations": 90, "n_trials": 2, "n_final": 10, "step": 0.2,
    "smooth_ms": 20.0, "scale": None, "noise": 0.05, "standard_error": 1e-9, "tstop": 170.0, "dt": 0.025, "seed": 1,
    "fresh_seed": 2, "precision": "search", "levels": LEVELS,
    "parameters": [["drives.evprox1.mu_ms", 5.0, 45.0, "linear", None]],
}  # fmt: skip
CHOSEN = {
    **SEARCHED, "parameters": [["shift", 5.0, 45.0, "linear", None, [], 20.0],
                               ["gains.e_e", 0.5, 2.0, "log", None, ["gains.e_i"], None]],
    "population": 30, "apply": "shifted",
}  # fmt: skip
COLUMNS = {"columns_median": 300.0, "columns_factor": 3.0}
CIRCUIT = {"circuit": CircuitPrior(time_sd_ms=7.0, weights={"nmda.L5_pyramidal": LogNormal(0.02, 3.0)}).to_plain()}
PROPOSED = {
    "drives": "propose", "n_drives": None, "max_drives": 8, "sequence": [["proximal", 25.0], ["distal", 70.0]],
    "smooth_ms": 20.0, "noise": 0.2, "standard_error": None, "refine": 4, "polish": 0, "optimizer": "auto",
    "levels": LEVELS, "n_trials": 2, "n_final": 10, "dt": 0.025, "seed": 1, "fresh_seed": 2, "precision": "exact",
    "tstop": 170.0, "objective": "r_squared", "gap_ms": 10.0, "spread_ms": 4.0, **COLUMNS, **CIRCUIT,
    "regimes": ["silent"], "members": 96, "generations": 4, "steps": "smoother", "max_sequences": 6,
    "finalists": 2, "start": None, "columns": None,
}  # fmt: skip
BETWEEN = {"fmin": 2.0, "fmax": 50.0, "burn_in_ms": 50.0}
RHYTHM = {**SEARCHED, "objective": "bandpower", "smooth_ms": 0.0, "standard_error": None}
FILES = {
    "drives": [SEARCHED, CHOSEN, {**SEARCHED, "tmin": 0.02, "tmax": 0.04, **COLUMNS}],
    "evoked": [PROPOSED, {**PROPOSED, "columns_median": None, "columns_factor": None, "sequence": None},
               {"drives": "network", **SEARCHED, **COLUMNS, **CIRCUIT}],
    "rhythmic": [{**RHYTHM, "bands": [[9.0, 11.0]], "shares": [1.0], "measure": "power", **BETWEEN},
                 {**RHYTHM, "target_freqs": [2.0, 3.0], "target_power": [1.0, 0.5], "aperiodic": "keep", **BETWEEN}],
    "none": [{"smooth_ms": 20.0, "dt": 0.025, "seed": None}],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "plain"), [(kind, plain) for kind, rows in FILES.items() for plain in rows])
def test_a_file_has_the_same_names_in_the_same_order(kind, plain):
    settings, details = typed_settings(kind, plain, intervals=True)
    assert json.dumps(plain_settings(settings, details)) == json.dumps(plain)


@pytest.mark.parametrize("kind", ["drives", "evoked", "rhythmic"])
def test_a_file_from_before_there_was_a_choice_is_of_exact_simulations(kind):
    for plain in FILES[kind]:
        before = {name: value for name, value in plain.items() if name != "precision"}
        settings, details = typed_settings(kind, before, intervals=True)
        assert settings.precision == "exact"
        assert plain_settings(settings, details) == {**plain, "precision": "exact"}


def test_a_file_from_before_there_was_a_prior_of_the_circuit_has_the_usual_one():
    for plain in FILES["evoked"]:
        before = {name: value for name, value in plain.items() if name != "circuit"}
        settings, _ = typed_settings("evoked", before, intervals=True)
        assert settings.circuit == CircuitPrior()
        assert typed_settings("evoked", plain, intervals=True)[0].circuit.time_sd_ms == 7.0


def test_a_file_from_before_ensembles_could_be_led_is_of_the_smoother():
    led = {**PROPOSED, "steps": "emulator"}
    settings, details = typed_settings("evoked", led, intervals=True)
    assert settings.steps == "emulator"
    assert plain_settings(settings, details) == led
    before = {name: value for name, value in led.items() if name != "steps"}
    settings, details = typed_settings("evoked", before, intervals=True)
    assert plain_settings(settings, details) == {**led, "steps": "smoother"}


def test_what_is_no_kind_of_fit_is_said():
    with pytest.raises(DataError, match="kind 'spiking' is none of this version of mne_hnn: fit again"):
        typed_settings("spiking", SEARCHED, intervals=True)
    with pytest.raises(ParameterError, match="must be EvokedSettings, .* got dict"):
        plain_settings({"dt": 0.025}, FitDetails())
