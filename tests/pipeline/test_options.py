"""Options are declared once, each in the class of what reads it."""

import inspect
import json
from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any

import pytest

from mne_hnn.errors import ConfigError
from mne_hnn.fit import CircuitPrior, EvokedSettings, LogNormal
from mne_hnn.group import GroupConfig
from mne_hnn.group.config import GROUP_EXECUTION
from mne_hnn.group.listing import listed_options, option_sections
from mne_hnn.group.options import StructureOptions
from mne_hnn.group.stages import GROUP_STAGES
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline import FILE_STAGES, STAGES, Config, run_pipeline
from mne_hnn.pipeline.config import EXECUTION
from mne_hnn.pipeline.fitting import evoked_settings
from mne_hnn.pipeline.identity import described
from mne_hnn.pipeline.options import (
    FitOptions,
    LoadOptions,
    Options,
    TargetFileOptions,
    TargetOptions,
    documented,
    option,
)
from mne_hnn.pipeline.options.option import meaning_of
from mne_hnn.pipeline.provenance import rebuilt_value

NETWORK = with_erp_drives(jones_2009((2, 2)))
DECIDED = {"data", "condition", "event_id", *TargetFileOptions.names()}


def test_each_option_of_an_analysis_is_of_a_stage_or_says_how_to_run():
    of_stages = {name for stage in (*STAGES, *FILE_STAGES) for name in stage.options.names()}
    assert set(Config.names()) == of_stages | set(EXECUTION)
    assert not of_stages & set(EXECUTION)
    of_groups = {name for stage in GROUP_STAGES for name in stage.options.names()} & set(GroupConfig.names())
    chosen = {name for name in GroupConfig.names() if name not in of_stages | of_groups}
    assert set(GROUP_EXECUTION) | {"n_jobs", "bids_root", "conditions"} <= chosen


@pytest.mark.parametrize("kind", [Config, GroupConfig, *(stage.options for stage in (*STAGES, *FILE_STAGES))])
def test_each_option_has_a_meaning_and_is_declared_once(kind):
    for declared in fields(kind):
        meaning = meaning_of(declared)
        assert meaning.text.endswith("."), declared.name
        owners = [base for base in kind.__mro__ if declared.name in vars(base).get("__annotations__", {})]
        assert len(owners) == 1, declared.name
    if fields(kind):
        assert f"{fields(kind)[0].name} : " in inspect.getdoc(kind)


def test_a_group_has_all_but_what_its_data_decide():
    assert set(Config.names()) >= DECIDED
    assert set(Config.names()) - set(GroupConfig.names()) == DECIDED == set(GroupConfig.decided)
    assert not issubclass(GroupConfig, Config)
    with pytest.raises(TypeError, match="unexpected keyword argument 'data'"):
        GroupConfig(bids_root="x", conditions="a", label="x-lh", network=NETWORK, data="x.fif")


def test_defaults_are_those_of_the_stage():
    config = Config(data="x.fif", label="x-lh", network=NETWORK)
    for stage in STAGES:
        for name, default in stage.options.defaults().items():
            if name not in ("data", "label", "network"):
                assert getattr(config, name) == default, name
    load = LoadOptions.of(config)
    assert (load.data, load.tmin, load.channel_types) == ("x.fif", -0.1, ("meg",))
    with pytest.raises(FrozenInstanceError):
        load.tmin = 0.0


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (LoadOptions, {"tmin": 0.3, "tmax": 0.1}, "tmin must be before tmax, got 0.3 and 0.1"),
        (LoadOptions, {"tmin": -200, "tmax": 300}, "ms"),
        (LoadOptions, {"l_freq": 40.0, "h_freq": 1.0}, "l_freq"),
        (TargetOptions, {}, "label is not set"),
        (TargetOptions, {"label": "x-lh", "method": "dspm"}, "Did you mean 'dSPM'?"),
        (FitOptions, {}, "network is not set"),
        (FitOptions, {"network": NETWORK, "fit_evaluations": 50}, "has no effect with fit_drives='propose'"),
        (FitOptions, {"network": NETWORK, "fit_noise": 0}, "fit_noise must be a finite number > 0"),
        (FitOptions, {"network": NETWORK, "fit_regimes": ()}, "fit_regimes must hold 'spiking', 'silent' or both"),
        (FitOptions, {"network": NETWORK, "fit_regimes": "spikng"}, "Did you mean 'spiking'?"),
        (FitOptions, {"network": NETWORK, "fit_members": 5}, "fit_members must be an integer >= 12"),
        (FitOptions, {"network": NETWORK, "fit_prior": 5}, "fit_prior must be a CircuitPrior"),
        (FitOptions, {"network": NETWORK, "fit_prior": {"time_sd": 5}}, "time_sd"),
        (FitOptions, {"network": NETWORK, "fit_prior": {"spikes": {"L6": LogNormal(1.0, 2.0).to_plain()}}}, "'L6'"),
        (
            FitOptions,
            {"network": NETWORK, "fit_regimes": ["silent"], "fit_members": 24},
            "fit_members has no effect without 'spiking' in fit_regimes: leave it out.",
        ),
        (
            FitOptions,
            {"network": NETWORK, "fit_regimes": "spiking", "fit_polish": 9},
            "fit_polish has no effect without 'silent' in fit_regimes: leave it out.",
        ),
        (
            FitOptions,
            {"network": NETWORK, "fit_drives": "network", "fit_regimes": ["silent"]},
            "fit_regimes has no effect with fit_drives='network': leave it out.",
        ),
        (
            FitOptions,
            {"network": NETWORK, "fit_drives": "network", "fit_finalists": 1},
            "fit_finalists has no effect with fit_drives='network': leave it out.",
        ),
    ],
)
def test_a_class_checks_what_it_has(kind, values, message):
    with pytest.raises(ConfigError) as caught:
        kind(**values)
    assert message in str(caught.value)


def test_a_configuration_of_a_group_is_no_single_analysis():
    config = GroupConfig(bids_root="x", conditions="a", label="x-lh", network=NETWORK)
    with pytest.raises(ConfigError, match=r"config must be a Config, got GroupConfig: mne_hnn\.group\.run_group"):
        run_pipeline(config)


# to the fit


def test_a_fit_is_told_what_the_options_say():
    config = Config(
        data="x.fif", label="x-lh", network=NETWORK, seed=7, fit_noise=0.1, fit_trials=3, fit_final_trials=5, dt=0.05,
        smooth_ms=15.0, fit_polish=40, fit_precision="exact", fit_sequence=[("proximal", 25.0), ("distal", 70.0)],
    )  # fmt: skip
    assert evoked_settings(FitOptions.of(config)) == EvokedSettings(
        drives="propose", sequence=(("proximal", 25.0), ("distal", 70.0)), smooth_ms=15.0, noise=0.1, n_trials=3,
        n_final=5, dt=0.05, polish=40, seed=7, fresh_seed=8, precision="exact",
    )  # fmt: skip
    spiking = Config(
        data="x.fif", label="x-lh", network=NETWORK, fit_regimes="spiking", fit_members=24, fit_generations=2,
        fit_max_sequences=3, fit_finalists=1, fit_prior=CircuitPrior(time_sd_ms=5.0),
    )  # fmt: skip
    assert evoked_settings(FitOptions.of(spiking)) == EvokedSettings(
        n_trials=2, regimes=("spiking",), members=24, generations=2, max_sequences=3, finalists=1,
        circuit=CircuitPrior(time_sd_ms=5.0),
    )  # fmt: skip
    searched = Config(data="x.fif", label="x-lh", network=NETWORK, fit_drives="network", fit_evaluations=90)
    assert evoked_settings(FitOptions.of(searched)) == EvokedSettings(drives="network", max_evaluations=90, n_trials=2)


def test_the_fit_of_a_group_proposes_whatever_its_subjects_do():
    config = GroupConfig(
        bids_root="x", conditions="a", label="x-lh", network=NETWORK, fit_n_drives=3, fit_polish=40, fit_noise=0.2
    )
    options = StructureOptions.of(config, targets=())
    assert "fit_polish" not in options.names()
    assert evoked_settings(options) == EvokedSettings(n_drives=3, noise=0.2, n_trials=2)


def test_a_prior_is_the_same_from_a_file_a_sidecar_and_a_command():
    prior = CircuitPrior(time_sd_ms=5.0, spikes={"L5_pyramidal": LogNormal.between(0.2, 2.0)})
    given = FitOptions(network=NETWORK, fit_prior=prior)
    kept = json.loads(json.dumps(described(given.fit_prior)))
    assert FitOptions(
        network=NETWORK, fit_prior=rebuilt_value("fit_prior", {"options": {"fit_prior": kept}}, None)
    ) == (given)
    changed = FitOptions(network=NETWORK, fit_prior={"time_sd_ms": 5.0})
    assert changed.fit_prior == CircuitPrior(time_sd_ms=5.0)


# as they are listed


@documented
@dataclass(frozen=True, kw_only=True)
class Toy(Options):
    """A toy."""

    width: float = option(2.0, "How wide.", unit="mm")
    names: Any = option((), "Names.", kind="sequence of str")


def test_docstrings_are_made_of_the_declarations():
    assert inspect.getdoc(Toy) == (
        "A toy.\n\nParameters\n----------\nwidth : float\n    How wide. Unit: mm.\nnames : sequence of str\n    Names."
    )


def test_all_options_are_listed_with_default_unit_and_meaning():
    text = listed_options()
    assert max(map(len, text.splitlines())) <= 80
    lines = text.splitlines()
    for section in option_sections().values():
        for declared in section.options:
            meaning = meaning_of(declared)
            unit = f"  ({meaning.unit})" if meaning.unit else ""
            place = lines.index(f"  {declared.name} = {declared.default!r}{unit}")
            assert lines[place + 1].strip(), declared.name
    assert text.count("  smooth_ms = ") == 1
    assert text.count("  dataset = ") == 2, "of one recording and of a group"


def test_one_stage_is_listed_whole():
    text = listed_options("fit")
    assert [line.split()[0] for line in text.splitlines() if " = " in line[:24]] == [
        "fit", "fit_drives", "fit_start", "fit_columns", "fit_evaluations", "fit_polish", "fit_contributions",
        "fit_n_drives", "fit_sequence", "fit_regimes", "fit_prior", "fit_members", "fit_generations",
        "fit_steps", "fit_max_sequences", "fit_finalists", "fit_noise", "fit_trials", "fit_final_trials",
        "fit_precision", "network", "dt", "seed", "smooth_ms",
    ]  # fmt: skip
    assert (
        "  smooth_ms = 20.0  (ms)\n      Hamming window on simulated dipoles; 0 for none. Also read by: report." in text
    )
    assert "conditions = ()" in listed_options("group")
    assert listed_options("sensors").endswith("no options: it depends on the stages before it alone")
