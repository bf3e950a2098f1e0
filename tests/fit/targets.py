"""Columns with known drives, and the responses they give: what fits must find again."""

from dataclasses import fields, replace
from functools import partial

from mne_hnn import Dipole
from mne_hnn.fit import DriveSettings, EvokedSettings, RhythmicSettings, fit_drives, fit_evoked, fit_rhythmic
from mne_hnn.fit.linear import delay_ms, inputs_of
from mne_hnn.fit.sequence import drive_names
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate

L2P, L5P = "L2_pyramidal", "L5_pyramidal"
COLUMNS = 500.0


def driven(network, *sequence, weight=1e-4, sigma_ms=4.0):
    """Add weak drives to all that can be reached, each a place and a time, below the threshold of the cells."""
    for name, (place, mu_ms) in zip(drive_names([place for place, _ in sequence]), sequence, strict=True):
        weights = {"ampa": {}, "nmda": {}}
        for source in inputs_of(network):
            if source.location == place:
                weights[source.receptor][source.cell_type] = weight
        network = network.with_evoked_drive(
            name,
            mu_ms=mu_ms,
            sigma_ms=sigma_ms,
            location=place,
            weights_ampa=weights["ampa"],
            weights_nmda=weights["nmda"],
            synaptic_delays={cell: delay_ms(network, place, cell) for cell in sorted(weights["ampa"])},
        )
    return network


def two_drives(mesh, *, mu_ms, sigma_ms, proximal, distal, distal_nmda=None):
    """Return a column with a proximal and a distal drive of its pyramidal cells."""
    network = jones_2009(mesh).with_evoked_drive(
        "evprox1",
        mu_ms=mu_ms[0],
        sigma_ms=sigma_ms,
        location="proximal",
        weights_ampa=proximal,
        synaptic_delays={L2P: 0.1, L5P: 1.0},
    )
    return network.with_evoked_drive(
        "evdist1", mu_ms=mu_ms[1], sigma_ms=sigma_ms, location="distal", weights_ampa=distal, weights_nmda=distal_nmda
    )


def target_of(network, tstop=170.0, *, n_trials=5, seed=77, every=80):
    """Return the smoothed mean response of a network, as that of many columns; one of so many samples is kept."""
    dipole = simulate(network, tstop, n_trials=n_trials, seed=seed, verbose="error").dipole.smooth(20.0).scale(COLUMNS)
    return Dipole(dipole["agg"][::every], dipole.times[::every], ("agg",), provenance={"unit": "A m"})


def by_keywords(fit, kind, *values, **given):
    """Fit with the fields of the settings among the keywords, so that a table of wrong values can name them."""
    names = {field.name for field in fields(kind)}
    settings = kind(**{name: value for name, value in given.items() if name in names})
    return fit(*values, settings=settings, **{name: value for name, value in given.items() if name not in names})


def silently(network, target, settings=None, **computing):
    """Return the fit of the explanation in which no cell fires, or of a search around a network's own drives."""
    asked = EvokedSettings() if settings is None else settings
    if asked.drives == "propose":
        asked = replace(asked, regimes="silent")
    return fit_evoked(network, target, asked, **computing).first.fit


with_drives = partial(by_keywords, fit_drives, DriveSettings)
with_evoked = partial(by_keywords, silently, EvokedSettings)
with_rhythm = partial(by_keywords, fit_rhythmic, RhythmicSettings)
