"""What examples of docstrings take for given (``tutorials/_site/examples.py``), made when an example asks for it."""

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest import mock

import mne
import numpy as np

sys.path[:0] = [str(Path(__file__).parent / folder) for folder in ("group", "inference", ".")]

OPEN = ExitStack()
"""What is to be closed once all examples have run."""


@cache
def network():
    from mne_hnn.network import jones_2009

    return jones_2009((3, 3), drives=True)


@cache
def simulation():
    from mne_hnn.simulate import simulate

    column = network().with_positions(inplane_distance_um=30.0)
    column = column.with_electrodes("shank", [(-100.0, -100.0, z) for z in range(0, 2000, 400)])
    return simulate(column, tstop=100.0, n_trials=2, record={"voltage": "all", "sfreq": 1000.0})


@cache
def target():
    from mne_hnn import Dipole
    from mne_hnn.source.demo import median_nerve_waveform

    times = np.arange(171) / 1000
    return Dipole(median_nerve_waveform(times), times, ("agg",), provenance={"unit": "A m"})


@cache
def dataset():
    from mne_hnn.source.demo import demo_dataset

    return demo_dataset()


@cache
def response():
    from mne_hnn.source import EpochOptions, load_response

    return load_response(dataset().raw_fname, event_id=1, l_freq=1.0, h_freq=100.0, epochs=EpochOptions(tmin=-0.2))


@cache
def forward():
    return mne.read_forward_solution(dataset().forward_fname)


@cache
def label():
    from mne_hnn.source import find_label

    return find_label("postcentral-rh", subject=dataset().subject, subjects_dir=dataset().subjects_dir)


@cache
def inverse():
    from mne_hnn.source import make_inverse

    return make_inverse(response().evoked.info, forward(), response().noise_cov)


@cache
def patch():
    from mne_hnn.source import best_patch

    return best_patch(response().evoked, label(), forward(), latency=0.040)


@cache
def cortex():
    from mne_hnn.explorer import demo_cortex

    return demo_cortex()


@cache
def explanations():
    import explained

    return explained.explanations(explained.explanation("spiking"), explained.explanation("silent"))


def _drawn(sensors=None, **settings):
    import columns
    import explained
    import responses

    from mne_hnn.inference import PosteriorSettings, posterior, run

    with mock.patch.object(run, "measure_kernels", columns.kernels):
        silent = explained.explanation("silent", columns=5e5)
        return posterior(silent, sensors, settings=PosteriorSettings(**responses.SMALL, **settings))


@cache
def drawn():
    return _drawn()


@cache
def drawn_at_sensors():
    import responses

    from mne_hnn.inference import Sensors

    found, place, measured = response(), patch(), mne.pick_types_forward(forward(), meg="mag")
    evoked, noise_cov = found.evoked.copy().pick("mag").crop(-0.05, 0.1), found.noise_cov
    course = explanations().first.fit.target
    moment = np.interp(evoked.times, course.times, course["agg"], left=0.0)
    asked = {"forward": measured, "noise_cov": noise_cov.copy().pick_channels(evoked.ch_names, ordered=False)}
    seen = responses.with_field(mock.Mock(evoked=evoked, **asked), place, moment, noise=1.0)
    return _drawn(Sensors(evoked=seen, place=place, search=place.label, **asked), radii_mm=(5.0, 10.0))


@cache
def pooled():
    from dataclasses import replace

    from posteriors import PATHS, made

    from mne_hnn.inference import PoolSettings, pool_posteriors

    rng = np.random.default_rng(0)
    posteriors = {}
    for subject, own in enumerate(2 * rng.standard_normal(5)):
        for condition, time in (("early", 25.0), ("late", 31.0)):
            one = made(warnings=())
            draws = one.draws | {PATHS[0]: time + own + rng.standard_normal() + 2 * rng.standard_normal((4, 150))}
            posteriors[f"{subject + 1:02d}", condition] = replace(one, draws=draws)
    return pool_posteriors(posteriors, PoolSettings(draws=250, warmup=500))


@cache
def estimator():
    """Return one that has learned nothing, so that it needs no PyTorch."""
    import columns
    import explained

    from mne_hnn.inference import AmortisedEstimator, PosteriorSettings, TrainingSettings
    from mne_hnn.inference.bank import Truths
    from mne_hnn.inference.density import Density
    from mne_hnn.inference.question import Question
    from mne_hnn.inference.scope import Scope
    from mne_hnn.inference.teaching import SilentTeacher

    silent = explained.explanation("silent", columns=5e5)
    scope = Scope.of(Question(explanation=silent, sensors=None, settings=PosteriorSettings()))
    column = columns.kernels(scope.task, None).sampled(scope.times_ms, scope.tstop)
    teacher, rng = SilentTeacher(frame=scope.frame, column=column), np.random.default_rng(0)
    z = scope.drawn(10, rng)
    return AmortisedEstimator(
        frame=scope.frame,
        teacher=teacher,
        density=Density(weights={}, n_free=z.shape[1], n_context=len(scope.times_ms) + 4),
        truths=Truths(z=z, moments=teacher.moments(z, scope.times_ms), log_rates=np.zeros((10, 0)), n_trials=1),
        settings=TrainingSettings(),
        diagnostics={"examples": {}, "truths": {}},
    )


@cache
def rhythms():
    import explained_rhythms as rhythm

    records = rhythm.records()
    items = [rhythm.explanation(regime, records, {}, records) for regime in ("silent", "spiking")]
    return rhythm.explanations(*items)


@cache
def swept():
    from mne_hnn.simulate import SimulationSettings
    from mne_hnn.sweep import run_sweep

    grid = {"drives.evprox1.mu_ms": [20.0, 30.0]}
    return run_sweep(network(), grid, SimulationSettings(tstop=60.0), summary="rates")


@cache
def contributions():
    from mne_hnn.fit import drive_contributions
    from mne_hnn.simulate import SimulationSettings

    return drive_contributions(network(), SimulationSettings(tstop=60.0), currents=False)


@cache
def entries():
    import synthetic_entries

    found = synthetic_entries.pairs([-8.0, -9.0, -10.0, -11.0, -12.0])
    return [replace(entry, fit=replace(entry.fit, dipole=entry.target)) for entry in found]


@cache
def comparison():
    from mne_hnn.group import compare_conditions

    return compare_conditions(entries(), ("a", "b"), n_resamples=1000)


@cache
def session():
    from mne_hnn.explorer import ExploreState, Session

    state = ExploreState(network=network(), columns=3000.0, seed=1).with_target(target())
    opened = OPEN.enter_context(Session(state, n_jobs=1))
    opened.wait(600.0)
    return opened


def _folder():
    return Path(OPEN.enter_context(tempfile.TemporaryDirectory()))


@cache
def bids_root():
    from mne_bids import BIDSPath

    root = _folder()
    for subject in ("01", "02"):
        path = BIDSPath(subject=subject, task="touch", datatype="meg", suffix="meg", extension=".fif", root=root)
        path.mkdir().fpath.touch()
    return root


@cache
def derivatives():
    root = _folder()
    folder = root / "sub-01" / "meg"
    folder.mkdir(parents=True)
    for condition in ("detected", "missed"):
        for file in ("desc-target_dipole.fif", "desc-fit_dipole.fif"):
            (folder / f"sub-01_task-touch_cond-{condition}_{file}").touch()
    return root


MADE = {
    "network": network,
    "simulation": simulation,
    "target": lambda: target().copy(),  # its methods change it, as those of MNE do
    "dataset": dataset,
    "evoked": lambda: response().evoked,
    "noise_cov": lambda: response().noise_cov,
    "forward": forward,
    "inverse": inverse,
    "label": label,
    "patch": patch,
    "cortex": cortex,
    "explanations": explanations,
    "found": lambda: explanations().first.fit,
    "drawn": drawn,
    "drawn_at_sensors": drawn_at_sensors,
    "pooled": pooled,
    "estimator": estimator,
    "rhythms": rhythms,
    "contributions": contributions,
    "swept": swept,
    "entries": entries,
    "comparison": comparison,
    "session": session,
    "bids_root": bids_root,
    "derivatives": derivatives,
}
