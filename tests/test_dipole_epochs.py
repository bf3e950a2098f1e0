"""Single trials as epochs: every public method of MNE takes channels of type dipole, or says why it does not."""

import inspect

import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest

from mne_hnn import Dipole, DipoleEpochs, average_dipoles, read_dipole_epochs
from mne_hnn._all_channels import ON_THE_HEAD
from mne_hnn.dipole import to_epochs
from mne_hnn.errors import MneHnnWarning, ParameterError
from mne_hnn.lfp import current_source_density, lfp_epochs
from mne_hnn.network import Electrodes

TIMES = np.arange(-100, 301) / 1000
N_TRIALS = 4
FREQS = [20.0, 30.0]


def dipole(seed=0, **options):
    rng = np.random.default_rng(seed)
    layers = np.cumsum(rng.standard_normal((2, len(TIMES))), axis=1) * 1e-9 + 5e-9
    return Dipole(np.array([layers.sum(axis=0), *layers]), TIMES, provenance={"label": "S1"}, **options)


def trials():
    return [dipole(seed).scale(2.0) for seed in range(N_TRIALS)]


def epochs():
    return to_epochs(trials())


def test_baseline_is_subtracted_and_noted():
    changed = epochs().apply_baseline((None, 0))
    before = TIMES <= 0
    assert isinstance(changed, DipoleEpochs)
    assert changed.baseline == pytest.approx((-0.1, 0.0))
    expected = [one.data - one.data[:, before].mean(axis=1, keepdims=True) for one in trials()]
    np.testing.assert_allclose(changed.get_data(copy=False), expected, rtol=0, atol=1e-20)
    assert np.abs(changed.average()["agg"][before].mean()) < 1e-20
    assert changed.average().baseline == pytest.approx((-0.1, 0.0))


def test_average_is_a_dipole_with_all_it_knows():
    average = epochs().average()
    assert isinstance(average, Dipole)
    assert (average.nave, average.scale_applied, average.provenance) == (N_TRIALS, 2.0, {"label": "S1"})
    np.testing.assert_allclose(average.data, average_dipoles(trials()).data, rtol=1e-12)
    median = epochs().average(method="median")
    np.testing.assert_allclose(median.data, np.median([one.data for one in trials()], axis=0), rtol=1e-12)
    assert epochs().average(picks="L5").layers == ("L5",)
    assert [type(one) for one in epochs().average(by_event_type=True)] == [Dipole]
    error = epochs().standard_error()
    spread = np.std([one.data for one in trials()], axis=0) / np.sqrt(N_TRIALS)
    np.testing.assert_allclose(error.data, spread, rtol=1e-9)
    assert (type(error), error.kind) == (Dipole, "standard_error")


def test_what_changes_trials_does_the_same_to_each_dipole():
    """Filters and the like act on a trial of the epochs as on that dipole alone."""
    for change in (
        lambda some: some.filter(None, 40.0, verbose="error"),
        lambda some: some.resample(200.0, verbose="error"),
        lambda some: some.savgol_filter(20.0),
        lambda some: some.apply_function(np.negative),
        lambda some: some.apply_hilbert(envelope=True),
        lambda some: some.crop(0.0, 0.1),
        lambda some: some.decimate(2, verbose="error"),
        lambda some: some.shift_time(0.05),
        lambda some: some.pick(["agg", "L5"]),
        lambda some: some.pick("data"),
        lambda some: some.apply_baseline((0.0, 0.05)),
    ):
        changed, alone = change(epochs()), change(trials()[1])
        assert isinstance(changed, DipoleEpochs)
        np.testing.assert_allclose(changed.get_data(copy=False)[1], alone.data, rtol=1e-9, atol=1e-18)
        np.testing.assert_allclose(changed.times, alone.times, atol=1e-12)


def test_subtracting_the_average_leaves_no_average():
    assert np.abs(epochs().subtract_evoked().average().data).max() < 1e-22
    with pytest.raises(ParameterError, match="crop and resample them to the same"):
        epochs().subtract_evoked(dipole().crop(0, 0.1))
    with pytest.raises(ParameterError, match="have layers agg, L2, L5, and what is to be subtracted agg: pick"):
        epochs().subtract_evoked(dipole().pick(["agg"]))


def test_trials_come_out_as_they_went_in():
    for one, other in zip(epochs().dipoles, trials(), strict=True):
        assert isinstance(one, Dipole)
        np.testing.assert_array_equal(one.data, other.data)
        assert one.scale_applied == 2.0
    assert len(epochs()[1:3]) == 2
    assert isinstance(epochs()[1:3], DipoleEpochs)
    table = epochs().to_data_frame()
    assert {"agg", "L2", "L5"} <= set(table.columns)
    joined = mne.concatenate_epochs([epochs(), epochs()], verbose="error")
    assert len(DipoleEpochs.from_epochs(joined).average().data) == 3
    with pytest.raises(ParameterError, match="all of type dipole"):
        DipoleEpochs.from_epochs(dipole())


def test_files_keep_every_bit_and_the_methods(tmp_path):
    epochs().apply_baseline((None, 0)).save(tmp_path / "trials-epo.fif", verbose="error")
    read = read_dipole_epochs(tmp_path / "trials-epo.fif")
    np.testing.assert_allclose(read.get_data(copy=False), epochs().apply_baseline((None, 0)).get_data(), rtol=1e-15)
    assert read.baseline == pytest.approx((-0.1, 0.0))
    assert read.average().scale_applied == 2.0
    for path, message in ((tmp_path / "none-epo.fif", "There is no file"), (__file__, "holds no epochs that MNE")):
        with pytest.raises(ParameterError, match=message):
            read_dipole_epochs(path)


def test_an_average_counts_as_one_trial_and_that_is_said():
    with pytest.warns(MneHnnWarning, match="1 of 2 dipoles are averages, of 12 trials: as epochs each counts as one"):
        to_epochs([dipole(), dipole(nave=12)])


def test_spectra_take_all_layers():
    """What compute_psd and compute_tfr return has data, tables and figures without being told which channels."""
    for some in (epochs(), dipole()):
        spectrum = some.compute_psd(fmax=50.0, verbose="error")
        power, freqs = spectrum.get_data(return_freqs=True)
        assert power.shape[-2:] == (3, len(freqs))
        np.testing.assert_array_equal(power, spectrum.get_data(picks="all"))
        assert spectrum.plot(show=False).axes
        tfr = some.compute_tfr("morlet", FREQS, n_cycles=2, verbose="error")
        assert tfr.get_data().shape[-3:] == (3, 2, len(TIMES))
    averaged = epochs().compute_psd(verbose="error").average()
    np.testing.assert_allclose(averaged.get_data(), epochs().compute_psd(verbose="error").get_data().mean(axis=0))
    assert epochs().compute_tfr("morlet", FREQS, n_cycles=2, verbose="error").average().get_data().shape[0] == 3
    assert len(dipole().compute_tfr("morlet", FREQS, n_cycles=2, verbose="error").plot(show=False)) == 3
    assert epochs().plot_psd(fmax=50, show=False).axes
    assert epochs().plot(show=False)
    plt.close("all")


# every public method, also those of versions of MNE to come ---------------------------------------------------------

ARGUMENTS = {
    "add_annotations_to_metadata": None, "add_channels": None, "add_proj": None, "add_reference_channels": ("R",),
    "apply_function": (np.negative,), "crop": (0, 0.1), "compute_tfr": ("morlet", FREQS), "decimate": (2,),
    "drop": ([0],), "drop_channels": (["L2"],), "equalize_event_counts": None, "export": None,
    "filter": (None, 40.0), "from_epochs": None, "interpolate_to": ("standard",), "pick": ("data",),
    "pick_channels": (["agg"],), "pick_types": None, "rename_channels": ({"L2": "x"},),
    "reorder_channels": (["L5", "agg"],), "resample": (500.0,), "save": None, "savgol_filter": (20.0,),
    "scale": (2.0,), "set_annotations": None, "set_channel_types": None, "set_meas_date": (None,),
    "set_montage": (None,), "shift_time": (0.1,), "smooth": (30.0,), "subtract": None, "time_as_index": (0.1,),
    "to_mne_dipole": ([0, 0, 0.05], [0, 0, 1.0]), "from_fAm": None, "from_nAm": None, "plot_field": (None,),
    "plot_white": (None,), "plot_tfr": (FREQS,),
}  # fmt: skip
OPTIONS = {"compute_tfr": {"n_cycles": 2}, "plot_tfr": {"n_cycles": 2}}


@pytest.mark.parametrize("make", [epochs, dipole])
def test_every_public_method_works_or_says_why_not(make):
    """No method fails with a sentence of MNE's about picks, or does nothing because it found no data channels."""
    refused = set()
    for name, method in inspect.getmembers(type(make()), callable):
        arguments = ARGUMENTS.get(name, ())
        if name.startswith("_") or arguments is None:
            continue
        options = dict(OPTIONS.get(name, {}))
        takes = inspect.signature(method).parameters
        options |= {"show": False} if "show" in takes or name.startswith("plot") else {}
        options |= {"verbose": "error"} if "verbose" in takes else {}
        try:
            getattr(make(), name)(*arguments, **options)
        except ParameterError as error:
            assert "sensors" in str(error), name  # noqa: PT017 - which of them refuse is asserted below
            refused.add(name)
        plt.close("all")
    expected = {name for name in ON_THE_HEAD if hasattr(make(), name)} | {"plot_image"}
    assert refused == (expected if make is epochs else expected - {"plot_image"})


def test_potentials_and_sources_are_data_for_mne():
    """Channels of type seeg and csd are among MNE's data channels: baseline, average and spectra take them."""
    data = np.random.default_rng(0).standard_normal((2, 5, 400)) * 1e-6 + 3e-6
    array = Electrodes(positions_um=[(0, 0, z) for z in range(0, 500, 100)])
    lfp = lfp_epochs(data, 1000.0, "shank", array)
    for some in (lfp, current_source_density(lfp)):
        n = len(some.ch_names)
        changed = some.copy().apply_baseline((0, 0.1))
        size = np.abs(some.get_data(copy=False)).max()
        assert np.abs(changed.get_data(copy=False)[..., :101].mean(axis=-1)).max() < 1e-12 * size
        assert some.average().data.shape == (n, 400)
        assert some.compute_psd(verbose="error").get_data().shape[1] == n
        assert some.copy().filter(None, 40.0, verbose="error").get_data(copy=False).std() < 0.5 * size
