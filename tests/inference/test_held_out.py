"""Sensors that are left out: which, what a posterior predicts there, beside the point fit."""

from dataclasses import replace

import mne
import numpy as np
import pytest
from explained import explanation
from responses import SMALL, with_field

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.inference import PosteriorSettings, Sensors, held_out_sensors, wrong_label
from mne_hnn.inference.held_out import _left_out
from mne_hnn.source.discs import opposite_patch

pytestmark = pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")
SETTINGS = PosteriorSettings(**SMALL)


def sensors_of(measured, moment, **given):
    evoked = with_field(measured, measured.patch, moment)
    return Sensors(evoked=evoked, forward=measured.forward, place=measured.patch, noise_cov=measured.noise_cov, **given)


def test_a_posterior_predicts_what_it_has_not_seen(measured, silently):
    silent = explanation("silent", columns=5e5, target=measured.target)
    sensors = sensors_of(measured, measured.moment, field_error=0.0)  # as it is here
    found = held_out_sensors(silent, sensors, SETTINGS)
    n = len(sensors.evoked.ch_names)
    assert len(found.channels) == round(n / 3)
    assert found.share == pytest.approx(len(found.channels) / n)
    # the target is the truth here, which leaves the noise of the covariance; kernels are no bumps
    assert found.fit_error == pytest.approx(1.0, abs=0.15)
    assert found.patch_error == pytest.approx(1.0, abs=0.15)
    assert found.fit_error < found.error < 0.1 * found.null_error
    assert found.posterior.facts["source"] == "sensors"
    assert found.posterior.place is None
    assert f"{len(found.channels)} channels" in found.sentence()
    assert found.null_log_density + 20 < found.log_density < found.fit_log_density


def test_a_fit_that_is_wrong_is_beaten(measured, silently):
    """The point fit of twice the size: its error is that of the field that it adds."""
    silent = explanation("silent", columns=5e5, target=measured.target)
    twice = replace(silent, fit=replace(silent.fit, dipole=silent.fit.dipole.copy().scale(2.0)))
    found = held_out_sensors(twice, sensors_of(measured, measured.moment), SETTINGS)
    assert found.sure
    assert found.difference == pytest.approx(found.null_error - found.error, rel=0.2)
    assert "the posterior predicts better" in found.sentence()
    worse = replace(found, error=found.fit_error, fit_error=found.error)
    assert "the point fit predicts better" in worse.sentence()
    assert "no larger than noise makes it" in replace(found, noise=100.0).sentence()


def test_the_density_of_a_fit_that_is_wrong_is_less(measured, silently):
    """Twice the size is wrong with its discrepancy as well; which is said in words, and against the better of both."""
    silent = explanation("silent", columns=5e5, target=measured.target)
    twice = replace(silent, fit=replace(silent.fit, dipole=silent.fit.dipole.copy().scale(2.0)))
    found = held_out_sensors(twice, sensors_of(measured, measured.moment), SETTINGS)
    best = max(found.fit_log_density, found.loose_fit_log_density)
    assert found.log_difference == found.log_density - best
    assert found.log_sure
    above = found.log_density - found.null_log_density
    assert f"over that of no source, is {above:.1f} by the posterior" in found.sentence()
    assert f"{found.log_difference:+.1f} \N{PLUS-MINUS SIGN} {found.log_noise:.1f}" in found.sentence()
    assert "the posterior says better what is there, and how sure that is" in found.sentence()
    worse = replace(found, log_density=found.null_log_density - 100)
    assert "the point fit says better what is there" in worse.sentence()
    assert "which of them says better how sure it is cannot be told" in replace(found, log_noise=1e3).sentence()


def test_channels_at_one_place_stay_together():
    names = [f"MEG {k:02d}{j}" for k in range(20) for j in (1, 2, 3)]
    info = mne.create_info(names, 500.0, ["grad", "grad", "mag"] * 20)
    for number, channel in enumerate(info["chs"]):
        channel["loc"][:3] = [0.01 * (number // 3), 0.0, 0.1]
    left = _left_out(info, 1 / 3, seed=0)
    assert len(left) == 3 * round(20 / 3)
    places = {name[:-1] for name in left}
    assert sorted(left) == sorted(name for name in names if name[:-1] in places)
    assert left == _left_out(info, 1 / 3, seed=0)
    assert left != _left_out(info, 1 / 3, seed=1)
    info["bads"] = left
    assert not set(left) & set(_left_out(info, 1 / 3, seed=0))


def test_too_few_or_no_sensors_are_refused(measured):
    silent = explanation("silent", columns=5e5, target=measured.target)
    sensors = sensors_of(measured, measured.moment)
    with pytest.raises(ParameterError, match="share must be above 0 and below 1, such as 1/3, got 1"):
        held_out_sensors(silent, sensors, SETTINGS, share=1.0)
    with pytest.raises(ParameterError, match="where there are some"):
        held_out_sensors(silent, None)
    few = sensors.evoked.copy().pick(sensors.evoked.ch_names[:5])
    with pytest.raises(DataError, match="Leaving out 2 of 5 places of sensors leaves fewer than 4"):
        held_out_sensors(silent, replace(sensors, evoked=few), SETTINGS)
    with pytest.raises(ParameterError, match="Explanation of fit_evoked, got str"):
        held_out_sensors("silent", sensors)


def test_the_opposite_patch_is_a_mirror_image(measured, anatomy):
    """Of the whole head: as far from the middle, as large, and pointing the other way to the side."""
    forward = mne.read_forward_solution(anatomy.forward_fname, verbose="error")
    other = opposite_patch(measured.patch, forward)
    assert (measured.patch.hemi, other.hemi) == ("rh", "lh")
    mirror = np.array([-1, 1, 1])
    assert np.linalg.norm(other.pos - mirror * measured.patch.pos) < 0.012
    assert other.normal @ (mirror * measured.patch.normal) > 0
    assert other.area_mm2 == pytest.approx(measured.patch.area_mm2, rel=0.6)
    assert other.label.name == "BA3b_exvivo-mirrored-lh"
    one_sided = mne.forward.restrict_forward_to_label(forward, measured.labels["BA3b_exvivo-rh"])
    with pytest.raises(DataError, match=r"no sources in the other hemisphere \(lh\): name a label"):
        opposite_patch(measured.patch, one_sided)


def test_a_wrong_place_needs_no_name(measured, silently):
    """The only label of the other hemisphere is far from the mirror image here, and still another place."""
    silent = explanation("silent", columns=5e5, target=measured.target)
    found = held_out_sensors(silent, sensors_of(measured, 3 * measured.moment), SETTINGS).posterior
    control = wrong_label(found)
    assert control.name == "place BA3b_exvivo-mirrored-lh"
    assert control.rejected
