from dataclasses import replace

import pytest

from mne_hnn.fit import (
    ColumnPrior,
    Estimate,
    Evaluation,
    EvokedSettings,
    FitResult,
    LevelReport,
    Scores,
    UnfittedSettings,
)
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline.wording import (
    CONFIGURED_HEADER,
    DRIVE_HEADER,
    configured_rows,
    drive_rows,
    firing,
    plain_warnings,
    score_rows,
)
from mne_hnn.simulate import simulate


@pytest.fixture(scope="module")
def fit():
    network = jones_2009(mesh_shape=(2, 2)).with_evoked_drive(
        "late.one", mu_ms=12.5, sigma_ms=3, location="distal", weights_ampa={"L5_pyramidal": 0.00123},
        weights_nmda={"L2_pyramidal": 0.01}, synaptic_delays=0.1,
    )  # fmt: skip
    simulation = simulate(network, tstop=5.0, n_trials=2)
    estimates = (
        Estimate(path="drives.late.one.mu_ms", value=12.5, low=10.25, high=14.75),
        Estimate(path="drives.late.one.sigma_ms", value=3.0, determined=False),
        Estimate(path="drives.late.one.weights_ampa.L5_pyramidal", value=0.00123, determined=False),
        Estimate(path="columns", value=2e3, low=1e3, high=4e3, determined=False),
    )
    return FitResult(
        kind="evoked", network=network, start_network=with_erp_drives(jones_2009(mesh_shape=(2, 2))),
        simulation=simulation, dipole=simulation.dipole, target=None, scale=2e3,
        scores=Scores(
            loss=0.1, r_squared=0.9, search_loss=0.05, ceiling=0.987, trial_r_squared=0.8, nrmse=0.3, correlation=0.96
        ),
        estimates=estimates, evaluations=(Evaluation(level="full", values={}, loss=0.05),),
        levels=(
            LevelReport(name="linear", evaluations=40, loss=0.01), LevelReport(name="full", evaluations=3, loss=0.05)
        ),
        settings=EvokedSettings(prior=ColumnPrior(median=1234.0, factor=3.0)),
        warnings=(
            "2e+03 columns are more than the 300 expected.",
            "The data do not determine 2 of 4 parameters (drives.late.one.sigma_ms, "
            "drives.late.one.weights_ampa.L5_pyramidal, columns).",
        ),
    )  # fmt: skip


def test_drives_with_intervals_and_what_is_not_determined(fit):
    (row,) = drive_rows(fit)
    assert dict(zip(DRIVE_HEADER, row, strict=True)) == {
        "Drive": "late.one",
        "Location": "distal",
        "Mean time (ms), 90 % interval": "12.5 (10.25 to 14.75)",
        "SD (ms), 90 % interval": "3",
        "Weights (µS)": "AMPA: L5 pyramidal 0.00123; NMDA: L2 pyramidal 0.01",
        "Not determined by the data": "SD; AMPA to L5 pyramidal",
    }
    assert next(drive_rows(replace(fit, estimates=())))[-1] == "not estimated"


def test_warnings_name_parameters_in_words_and_say_the_rest_as_it_is(fit):
    assert list(plain_warnings(fit)) == [
        "2e+03 columns are more than the 300 expected.",
        "The data do not determine 2 of 4 parameters (late.one SD, late.one AMPA to L5 pyramidal, number of columns).",
    ]
    assert list(plain_warnings(replace(fit, estimates=()))) == list(fit.warnings)


def test_scores(fit):
    rows = dict(score_rows(fit))
    assert rows["R², average of 2 trials that the search has not seen"] == "0.900"
    assert rows["R², trials of the search"] == "0.950"
    assert rows["R² that the true waveform would reach, by the standard error of the target"] == "0.987"
    assert rows["Trials in which any cell fires"] == "0 of 2"
    assert rows["Scale"] == "2000 columns like this one (1000 to 4000)"
    assert rows["Columns expected from the size of the target"] == "1.23e+03, times or divided by 3"
    assert rows["Networks tried"] == "40 sequences of drives as sums of single responses, 3 on the column"


def test_scores_without_a_fit(fit):
    none = replace(
        fit,
        kind="none",
        estimates=(),
        levels=(),
        settings=UnfittedSettings(),
        scores=replace(fit.scores, ceiling=float("nan")),
    )
    rows = dict(score_rows(none))
    assert rows["R², average of 2 trials"] == "0.900"
    assert rows["Scale"] == "2000 columns like this one"
    assert rows["Networks tried"] == "none: only the scale was fitted"
    assert len(rows) == 6


def test_drives_that_one_network_has_and_the_other_has_not(fit):
    before = fit.start_network.with_poisson_drive(
        "noise", rate_Hz=10.0, location="proximal", weights_ampa={"L5_pyramidal": 0.001}, synaptic_delays=0.1
    )
    kept = before.drives["evprox1"]
    after = before.without_drives("evdist1").with_drive_changes("evprox2", mu_ms=99.0)
    after = after.with_evoked_drive(
        "late.one", mu_ms=12.5, sigma_ms=3, location="distal", weights_ampa={"L5_pyramidal": 0.00123},
        synaptic_delays=0.1,
    )  # fmt: skip
    rows = [dict(zip(CONFIGURED_HEADER, row, strict=True)) for row in configured_rows(before, after)]
    assert {(row["Drive"], row["State"]) for row in rows} == {
        ("evprox1", "unchanged"), ("evdist1", "as configured"), ("evprox2", "as configured"), ("evprox2", "fitted"),
        ("noise", "unchanged"), ("late.one", "fitted"),
    }  # fmt: skip
    assert next(row for row in rows if row["Drive"] == "evprox1")["Mean time (ms)"] == f"{kept.mu_ms:.4g}"
    assert next(row for row in rows if row["Drive"] == "noise")["Mean time (ms)"] == ""
    late = [row["Mean time (ms)"] for row in rows if row["Drive"] == "evprox2"]
    assert late == [f"{before.drives['evprox2'].mu_ms:.4g}", "99"]


def test_only_cells_count_as_firing(fit):
    driven = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
    simulation = simulate(driven, tstop=80.0, n_trials=2, seed=1)
    cells = {gid for name in driven.cell_types for gid in driven.gid_ranges[name]}
    trials = {
        trial for trial, gid in zip(simulation.spikes.trial, simulation.spikes.gid, strict=True) if int(gid) in cells
    }
    assert trials
    assert firing(replace(fit, simulation=simulation)) == f"{len(trials)} of 2"
