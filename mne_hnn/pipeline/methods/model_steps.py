"""Sentences on the simulated column and its fit."""

from __future__ import annotations

from collections.abc import Iterator

from ...network.channels import CELSIUS
from . import explained_steps
from .collected import Collected, listing
from .references import cite

__all__ = ["fit", "model", "sensors"]

MODELS = {
    "jones_2009": (
        "the laminar column of the Human Neocortical Neurosolver with the parameters of its default model",
        ("jones2009", "neymotin2020"),
    ),
    "neymotin_2020": (
        "the laminar column of the Human Neocortical Neurosolver with the parameters of its default model",
        ("jones2009", "neymotin2020"),
    ),
    "law_2021": (
        "a laminar column with slow inhibition by GABA-B receptors and changed inhibition of layer 5",
        ("law2022", "neymotin2020"),
    ),
    "calcium": (
        "a laminar column with calcium channels in layer 5 that depend on the distance from the soma",
        ("kohl2022", "neymotin2020"),
    ),
}


def model(facts: Collected) -> Iterator[str]:
    """Yield which column was simulated, and how."""
    networks = facts.known(lambda run: run.simulate.facts.network)
    described = [
        f"{words} {cite(*keys)}"
        for words, keys in dict.fromkeys(MODELS[network] for network in networks if network in MODELS)
    ]
    described += [f"the network {network!r}" for network in networks if network not in MODELS]
    cells = facts.said(lambda run: run.simulate.facts.cells)
    yield f"The response was simulated with {listing(described, 'or')}; the network had {cells} cells."
    yield from _changed(facts)
    neuron = facts.names(lambda run: run.simulate.versions.get("neuron"))
    engines = facts.known(lambda run: run.fit.facts.engine) or facts.known(lambda run: run.simulate.facts.engine)
    own = facts.names(lambda run: run.fit.versions.get("mne_hnn"))
    if set(engines) == {"kernel"}:
        place = f"It ran in mne_hnn {own}, with the discretisation and time step of NEURON {cite('hines1997')}"
    else:
        core = f" with its engine CoreNEURON {cite('kumbhar2019')}" if "coreneuron" in engines else ""
        place = f"It ran in NEURON {neuron} {cite('hines1997')}{core}, by mne_hnn {own}"
    dt, tstop = facts.said(lambda run: run.fit.options.get("dt")), facts.said(lambda run: run.simulate.facts.tstop_ms)
    yield f"{place}, for {tstop} ms in steps of {dt} ms."


def _changed(facts: Collected) -> Iterator[str]:
    """Yield the temperature, and mechanisms that are not those of the published model."""
    if set(facts.known(lambda run: run.simulate.facts.celsius)) - {CELSIUS}:
        yield (
            f"Its channels were at {facts.said(lambda run: run.simulate.facts.celsius)} degrees Celsius, with the "
            "temperature coefficients of that model."
        )
    own = [name for names in facts.known(lambda run: run.simulate.facts.mechanisms) for name in names]
    if own:
        yield f"It had the mechanisms {listing(list(dict.fromkeys(own)))} from NMODL files of the user."


def fit(facts: Collected) -> Iterator[str]:
    """Yield how the drives of the column were fitted."""
    smooth = facts.said(lambda run: run.fit.facts.smooth_ms)
    if smooth not in ("", "0"):
        yield f"Simulated dipoles were smoothed with a Hamming window of {smooth} ms before they were compared."
    if not any(facts.known(lambda run: run.fit.facts.fitted)):
        trials = facts.counted("trial", lambda run: run.simulate.facts.trials)
        given = facts.said(lambda run: run.settings.get("columns"))
        columns = f"the number of columns, a factor on the average of {trials}, was"
        yield (
            f"The drives were left as configured; {columns} set to {given}."
            if given
            else f"The drives were left as configured; only {columns} fitted to the target by least squares."
        )
        yield from explained_steps.counting(facts)
        yield from explained_steps.contributions(facts)
        return
    if "network" in facts.known(lambda run: run.settings.get("drives")):
        yield from _search(facts)
    else:
        yield from _proposal(facts)
    yield from _assumptions(facts)
    yield from explained_steps.counting(facts)
    yield from _score(facts)
    yield from explained_steps.comparison(facts)
    yield from explained_steps.contributions(facts)


def _search(facts: Collected) -> Iterator[str]:
    optimizer = facts.names(lambda run: run.settings.get("optimizer")).replace("_", " ")
    tried = facts.counted("network", lambda run: run.fit.facts.evaluations)
    trials = facts.counted("trial", lambda run: run.settings.get("n_trials"))
    yield (
        "Times, spreads and synaptic weights of the evoked drives of the network, starting from the values they had, "
        f"were searched with {optimizer}; {tried} were tried, with {trials} each."
    )


def _proposal(facts: Collected) -> Iterator[str]:
    searched = explained_steps.regimes(facts)
    if facts.known(lambda run: run.settings.get("sequence")):
        yield _given_sequence(facts, silent="silent" in searched)
    elif "silent" in searched:
        yield _proposed_sequence(facts)
    if "silent" in searched:
        yield from _below_threshold(facts, alone=len(searched) == 1)
    if "spiking" in searched:
        yield from explained_steps.search(facts)
        yield from explained_steps.plausible(facts)


def _given_sequence(facts: Collected, *, silent: bool) -> str:
    given = facts.one(lambda run: run.settings.get("sequence"))
    which = ""
    if given is not None:
        which = f" ({listing([f'{place} at {_time(mu)} ms' for place, mu in given])})"
    sums = " with sums of the responses of the column to single inputs" if silent else ""
    return (
        f"Number, side and order of the evoked drives were given{which}; their times, within the middles to their "
        f"neighbours, spreads and synaptic weights were fitted{sums}."
    )


def _proposed_sequence(facts: Collected) -> str:
    gap = facts.said(lambda run: run.settings.get("gap_ms"))
    number = facts.said(lambda run: run.settings.get("n_drives"))
    most = facts.said(lambda run: run.settings.get("max_drives"))
    decided = (
        f"Their number was set to {number}"
        if number
        else f"Their number, at most {most}, was decided by the Schwarz criterion {cite('schwarz1978')}"
    )
    return (
        "A sequence of proximal and distal evoked drives was proposed from the waveform of the target, with sums of "
        f"the responses of the column to single inputs. {decided}; drives closer than {gap} ms were penalised. Times, "
        "spreads and synaptic weights were then refined."
    )


def _below_threshold(facts: Collected, *, alone: bool) -> Iterator[str]:
    """Yield how the explanation in which no cell fires was found."""
    trials = facts.counted("trial", lambda run: run.settings.get("n_trials"))
    what = "The fit was" if alone else "For an explanation in which no cell fires, these sums were"
    sums = "these sums" if alone else "them"
    yield (
        f"{what} corrected by simulations of the full column ({trials} each) where it deviated from {sums} "
        f"{cite('bandler1994')}, and the weights were kept so low that no pyramidal cell fired in them."
    )
    if any(facts.known(lambda run: run.settings.get("polish"))):
        optimizer = facts.names(lambda run: run.settings.get("optimizer")).replace("_", " ")
        networks = facts.said(lambda run: run.settings.get("polish"))
        yield (f"A further search on the full column followed ({optimizer}, {networks} networks).")


def _time(value: float) -> str:
    return f"{value:.3g}"


def _assumptions(facts: Collected) -> Iterator[str]:
    noise = facts.said(lambda run: run.settings.get("noise"), factor=100.0)
    if noise:
        yield f"The noise of the target was taken as {noise} % of its root mean square."
    if facts.known(lambda run: run.fit.facts.columns_prior):
        median = facts.said(lambda run: getattr(run.fit.facts.columns_prior, "median", None))
        factor = facts.said(lambda run: getattr(run.fit.facts.columns_prior, "factor", None))
        where = "Where no cell fires, the" if "spiking" in explained_steps.regimes(facts) else "The"
        yield (
            f"{where} number of columns acting together had a log-normal prior with a median of {median} columns, "
            "expected from the size of the target and a plausible moment per area of cortex "
            f"{cite('hamalainen1993')}, and a standard deviation of a factor of {factor}."
        )


def _score(facts: Collected) -> Iterator[str]:
    trials = facts.counted("trial", lambda run: run.settings.get("n_final"))
    seed, fresh = (
        facts.said(lambda run: run.settings.get("seed")),
        facts.said(lambda run: run.settings.get("fresh_seed")),
    )
    yield (
        f"The goodness of fit was judged in {trials} with random numbers that the search had not seen (seed "
        f"{fresh}; search: seed {seed})."
    )
    if facts.known(lambda run: run.fit.facts.interval_percent):
        share = facts.said(lambda run: run.fit.facts.interval_percent)
        kinds = facts.known(lambda run: run.fit.facts.regime if run.fit.facts.verdict else None)
        by = {
            False: "by a local Gaussian approximation around the best values",
            True: "among the sums of responses to single drives that could have made the response",
        }
        ways = [by[firing] for firing in dict.fromkeys(kind == "spiking" for kind in kinds or [None])]
        yield f"Intervals of the parameters hold {share} % of the probability {listing(ways, 'or')}."


def sensors(facts: Collected) -> Iterator[str]:
    """Yield how the fit was brought back to the sensors."""
    explained = facts.values(lambda run: run.sensors.facts.explained.get("fitted"))
    kinds = [name for kind, name in CHANNELS.items() if any(kind in (shares or {}) for shares in explained)]
    if kinds:
        known = facts.known(lambda run: run.fit.facts.fitted)
        dipole = "fitted" if any(known) or not known else "simulated"
        yield (
            f"The {dipole} dipole was projected through the forward solution, and the share of the measured variance "
            f"that it explains was computed for {listing(kinds)}."
        )


CHANNELS = {"mag": "magnetometers", "grad": "gradiometers", "eeg": "EEG electrodes"}
