"""The figure of a rhythm's explanations draws what they hold."""

import numpy as np
import pytest
from explained_rhythms import FIRING, L5P, explanation, explanations, records

from mne_hnn.errors import ParameterError
from mne_hnn.fit import RhythmicSettings
from mne_hnn.spectra import power_spectrum
from mne_hnn.viz import plot_rhythm_explanations


@pytest.fixture(scope="module")
def both():
    target = records(size_nAm=12.0, seed=2, area_mm2=400.0)
    return explanations(
        explanation("silent", records(seed=1), {}, target),
        explanation("spiking", records(seed=3, size_nAm=0.02), FIRING, target),
    )


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def test_spectra_of_all_columns_are_drawn_over_the_target(both):
    first, second, spikes, area = both.plot(show=False).axes
    for number, (item, axes) in enumerate(zip(both, (first, second), strict=True), 1):
        drawn = lines(axes)
        _, power = power_spectrum(item.fit.simulation.dipoles, fmin=2.0, fmax=50.0)
        np.testing.assert_allclose(drawn["simulated"].get_ydata(), power * (item.columns * 1e9) ** 2)
        np.testing.assert_allclose(drawn["target"].get_ydata(), np.array(item.fit.details.target_power) * 1e18)
        assert axes.get_title(loc="left") == f"{number} {item.regime}: proximal 10.0 Hz"
        assert axes.get_ylabel().endswith("all columns")
    placed = [line.get_xdata()[0] for line in spikes.lines]
    assert both.spiking.spikes[L5P].per_cell in placed
    assert any("patch 400 mm²" in text.get_text() for text in area.texts)


def test_a_shape_is_moved_to_the_level_of_one_column():
    target = power_spectrum(records(seed=2, size_nAm=50.0), fmin=2.0, fmax=50.0)
    axes = explanations(explanation("silent", records(seed=1), {}, target)).plot(show=False).axes[0]
    drawn = lines(axes)
    target, own = (np.log(drawn[name].get_ydata()).mean() for name in ("target", "simulated"))
    assert target == pytest.approx(own, abs=0.05)
    assert axes.get_ylabel().endswith("one column")


def test_bands_are_shaded():
    settings = RhythmicSettings(bands=[(8, 12), (18, 22)], shares=[1, 1], tstop=300.0, n_final=4)
    item = explanation("silent", records(seed=1), {}, None, settings)
    axes = explanations(item).plot(show=False).axes[0]
    assert sorted(patch.get_x() for patch in axes.patches) == [8.0, 18.0]
    assert set(lines(axes)) == {"simulated"}


def test_wrong_arguments(both):
    with pytest.raises(ParameterError, match="explain_rhythm or read_rhythm_explanations returns, got str"):
        plot_rhythm_explanations("x", show=False)
    with pytest.raises(ParameterError, match="show"):
        plot_rhythm_explanations(both, show="no")
