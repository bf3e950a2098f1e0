"""Sums of kernels against closed forms: a kernel of one sample, blurred by the spread of a drive, is a Gaussian."""

import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.fit import linear
from mne_hnn.fit.linear import STEP_MS, Input, LinearColumn

TIMES = np.arange(0.0, 100.25, 0.5)  # ms
INPUTS = (
    Input(location="proximal", receptor="ampa", cell_type="L2_pyramidal"),
    Input(location="proximal", receptor="nmda", cell_type="L5_pyramidal"),
    Input(location="distal", receptor="ampa", cell_type="L5_pyramidal"),
)


@pytest.fixture
def column():
    impulse = np.eye(200)[10]  # 5 ms after the arrival
    kernels = dict(zip(INPUTS, (impulse, 2.0 * impulse, -impulse), strict=True))
    return LinearColumn(kernels, np.zeros(2), TIMES, tstop=100.0, smooth_ms=0.0)


def test_an_impulse_becomes_a_gaussian(column):
    found = column.basis("proximal", 40.0, 4.0)
    gauss = STEP_MS / (4.0 * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((TIMES - 45.0) / 4.0) ** 2)
    np.testing.assert_allclose(found, np.column_stack([gauss, 2.0 * gauss]), atol=3e-5)  # blurred up to four deviations
    np.testing.assert_allclose(column.basis("distal", 40.0, 4.0), -gauss[:, None], atol=3e-5)


def test_smoothing_is_that_of_a_dipole():
    kernel = np.exp(-0.5 * ((np.arange(200) - 10) / 4.0) ** 2)
    parameters = {INPUTS[0]: kernel}, np.zeros(2), TIMES
    plain = LinearColumn(*parameters, tstop=100.0, smooth_ms=0.0).basis("proximal", 40.0, 4.0)[:, 0]
    found = LinearColumn(*parameters, tstop=100.0, smooth_ms=20.0).basis("proximal", 40.0, 4.0)[:, 0]
    expected = Dipole(plain, TIMES * 1e-3, layers=("agg",)).smooth(20.0)["agg"]
    np.testing.assert_allclose(found, expected, atol=0.01 * plain.max())


def test_a_drive_that_is_asked_for_again_is_not_computed_again(column, monkeypatch):
    monkeypatch.setattr(linear, "KEPT", 3)
    drives = [("proximal", 40.0, 4.0), ("distal", 40.0, 4.0), ("proximal", 50.0, 4.0), ("proximal", 40.0, 5.0)]
    first = [column.basis(*drive) for drive in drives[:3]]
    assert all(column.basis(*drive) is known for drive, known in zip(drives, first, strict=False))
    column.basis(*drives[0])  # the last that was asked for
    column.basis(*drives[3])  # the one that was not asked for the longest goes
    assert column.basis(*drives[0]) is first[0]
    assert column.basis(*drives[1]) is not first[1]
    np.testing.assert_array_equal(column.basis(*drives[1]), first[1])
    with pytest.raises(ValueError, match="read-only"):
        first[0][:] = 0.0
