"""A sequence of drives that is given: it stays what it is, and only when, how spread out and how strong is fitted."""

from functools import partial

import numpy as np
import pytest
from targets import driven, target_of, with_evoked

from mne_hnn.errors import ConfigError, ParameterError
from mne_hnn.fit import read_fit
from mne_hnn.fit.sequence import GAP_MS, check_sequence, drive_names, windows
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline import Config

pytestmark = pytest.mark.usefixtures("simulated_once")
quick = partial(with_evoked, n_final=2, progress=lambda *_: None)
GIVEN = [("proximal", 26.0), ("distal", 79.0), ("proximal", 115.0)]


@pytest.fixture(scope="module")
def versions(simulated_once):
    """Fits of two responses that differ in when the distal drive came: 75 or 83 ms.

    On the smallest column: what is found of a time does not depend on how many cells tell it.
    """
    return [
        quick(
            jones_2009((2, 2)),
            target_of(driven(jones_2009((2, 2)), ("proximal", 30), ("distal", mu), ("proximal", 120))),
            sequence=GIVEN,
        )
        for mu in (75, 83)
    ]


def test_a_difference_in_time_is_found(versions):
    early, late = (dict(zip(drive_names([p for p, _ in fit.sequence]), fit.sequence, strict=True)) for fit in versions)
    assert list(early) == list(late) == ["evprox1", "evdist1", "evprox2"]
    assert late["evdist1"][1] - early["evdist1"][1] == pytest.approx(8.0, abs=3.0)
    assert early["evdist1"][1] == pytest.approx(75.0, abs=3.0)
    for name in ("evprox1", "evprox2"):
        assert late[name][1] == pytest.approx(early[name][1], abs=3.0)
    assert all(fit.r_squared > 0.98 for fit in versions)


def test_parameters_have_the_same_names(versions):
    one, two = ([estimate.path for estimate in fit.estimates] for fit in versions)
    assert one == two
    assert all(fit.settings.sequence == tuple(GIVEN) for fit in versions)
    assert not any("border" in text for fit in versions for text in fit.warnings)


def test_a_result_keeps_its_sequence(versions, tmp_path):
    fit = versions[0]
    fit.save(tmp_path / "fit.npz")
    again = read_fit(tmp_path / "fit.npz")
    assert again.sequence == fit.sequence
    assert [mu for _, mu in fit.sequence] == sorted(drive.mu_ms for drive in fit.network.drives.values())
    assert again.settings.sequence == fit.settings.sequence


@pytest.mark.parametrize("order", [("distal", "proximal"), ("proximal", "distal", "distal"), ("proximal",)])
def test_a_sequence_that_is_wrong_is_kept(small, order):
    """Sides, number and order are the caller's, whatever the waveform would rather have."""
    given = [(place, 20.0 + 22.0 * k) for k, place in enumerate(order)]
    fit = quick(jones_2009((2, 2)), small, sequence=reversed(given), refine=1)
    assert [place for place, _ in fit.sequence] == list(order)
    assert list(fit.network.drives) == drive_names(order)
    times = [mu for _, mu in fit.sequence]
    low, high = windows(given, 100.0)
    assert (low - 1e-9 <= times).all()
    assert (times <= high + 1e-9).all()
    assert (np.diff(times) >= GAP_MS / 2 - 1e-9).all()


def test_a_drive_at_its_border_is_told(small):
    fit = quick(jones_2009((2, 2)), small, sequence=[("proximal", 60.0), ("distal", 90.0)], refine=1)
    assert fit.sequence[1][1] == pytest.approx(77.5, abs=0.2)  # 2.5 ms after the middle; the truth is at 60
    assert any(text.startswith("evdist1 lies at 77.5 ms, the border that") for text in fit.warnings)


def test_polish_keeps_the_order(small):
    given = [("proximal", 24.0), ("distal", 61.0)]
    fit = quick(jones_2009((2, 2)), small, sequence=given, polish=8, optimizer="nelder_mead", refine=1)
    assert [place for place, _ in fit.sequence] == ["proximal", "distal"]
    assert [mu for _, mu in fit.sequence] == pytest.approx([25.0, 60.0], abs=3.0)


def test_windows_never_meet():
    low, high = windows((("proximal", 20.0), ("distal", 30.0), ("proximal", 100.0)), 170.0)
    assert low.tolist() == [1.0, 27.5, 67.5]
    assert high.tolist() == [22.5, 62.5, 169.0]


WRONG = [
    ("proximal", "must hold pairs"),
    (5, "must hold pairs"),
    ([], r"must hold pairs such as \[\('proximal', 25\), \('distal', 70\)\], got \[\]"),
    ([("proximal",)], "must hold pairs"),
    ([("proximal", 20, 3)], "must hold pairs"),
    ([("apical", 20)], "Unknown location 'apical' in sequence: expected one of 'proximal', 'distal'"),
    ([("proximal", float("nan"))], r"A time in sequence \(ms\) must be a finite number"),
    ([("proximal", "20")], r"A time in sequence \(ms\) must be a finite number"),
    ([("proximal", 0)], "proximal drive at 0 ms in sequence lies outside the target, which lasts from 0 to 100 ms"),
    ([("distal", 120)], "distal drive at 120 ms in sequence lies outside the target"),
    ([("proximal", 20), ("distal", 29)], "at least 10 ms apart to be told apart, got 20 and 29 ms"),
]


@pytest.mark.parametrize(("sequence", "message"), WRONG)
def test_wrong_sequences(small, sequence, message):
    with pytest.raises(ParameterError, match=message):
        quick(jones_2009((2, 2)), small, sequence=sequence)


def test_what_a_sequence_excludes(small):
    with pytest.raises(ParameterError, match="leave n_drives out"):
        quick(jones_2009((2, 2)), small, sequence=GIVEN[:2], n_drives=2)
    with pytest.raises(ParameterError, match="both say where the fit starts"):
        quick(with_erp_drives(jones_2009((2, 2))), small, sequence=GIVEN[:2], drives="network")


def test_a_sequence_in_a_configuration():
    base = {"data": "x_raw.fif", "label": "postcentral-rh", "network": jones_2009((2, 2))}
    assert Config(**base, fit_sequence=GIVEN).fit_sequence == GIVEN
    assert check_sequence(GIVEN[::-1], 170.0) == tuple(GIVEN)
    with pytest.raises(ConfigError, match="Unknown location 'dista'.*Did you mean 'distal'"):
        Config(**base, fit_sequence=[("dista", 3)])
    for other in ({"fit_n_drives": 3}, {"fit_drives": "network"}):
        with pytest.raises(ConfigError, match="leave fit_n_drives and fit_drives='network' out"):
            Config(**base, fit_sequence=GIVEN, **other)
