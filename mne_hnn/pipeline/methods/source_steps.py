"""Sentences on what was done from the recording to the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .collected import Analysis, Collected, listing, number
from .references import cite

__all__ = ["recording", "source"]

CHANNELS = {"mag": "magnetometers", "grad": "gradiometers", "eeg": "EEG electrodes"}
LIMITS = {
    "mag": ("magnetometers", 1e15, "fT"),
    "grad": ("gradiometers", 1e13, "fT/cm"),
    "eeg": ("EEG", 1e6, "µV"),
    "eog": ("EOG", 1e6, "µV"),
    "ecg": ("ECG", 1e6, "µV"),
}
ESTIMATES = {
    "MNE": ("Minimum-norm estimates", ("hamalainen1994",)),
    "dSPM": ("Noise-normalised minimum-norm estimates (dSPM)", ("hamalainen1994", "dale2000")),
    "sLORETA": ("Standardised minimum-norm estimates (sLORETA)", ("hamalainen1994", "pascual2002")),
    "eLORETA": ("Exact low-resolution estimates (eLORETA)", ("pascual2011",)),
}
PARCELLATIONS = {"aparc": "desikan2006", "aparc.a2009s": "destrieux2010"}
COREGISTRATIONS = {
    "fiducials": "Head and MRI were aligned by the digitised fiducials",
    "landmarks": "Head and MRI were aligned by the anatomical landmarks of the data set",
    "transform": "Head and MRI were aligned by a transform that had been determined beforehand",
}
MODES = {
    "mean_flip": "the mean over its vertices after aligning their signs",
    "pca_flip": "the first principal component of its vertices, with the sign of their majority",
    "peak": "the vertex with the largest amplitude",
}


def recording(facts: Collected) -> Iterator[str]:
    """Yield what was done to the recording."""
    mne = facts.names(lambda run: run.load.versions.get("mne"))
    yield f"Data were analysed with MNE-Python {mne} {cite('gramfort2013')}{_bids(facts)}."
    kind = facts.one(lambda run: run.load.facts.kind)
    if any(count > 1 for count in facts.known(lambda run: run.load.facts.runs)):
        done = {"raw data": "concatenated", "epochs": "concatenated"}.get(kind, "averaged, weighted by their epochs")
        yield f"Recordings consisted of {facts.said(lambda run: run.load.facts.runs)} runs, which were {done}."
    yield from _filter(facts)
    yield from _epochs(facts, kind)
    yield from _sensors(facts)
    yield from _noise(facts)


def _bids(facts: Collected) -> str:
    paths = [
        item["BIDSPath"]
        for value in facts.known(lambda run: run.load.options.get("data"))
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, dict) and "BIDSPath" in item
    ]
    if not paths:
        return ""
    kinds = {path.get("datatype") for path in paths}
    formats = [key for kind, key in (("meg", "niso2018"), ("eeg", "pernet2019")) if kind in kinds]
    version = facts.names(lambda run: run.load.versions.get("mne-bids"))
    layout = f" in the Brain Imaging Data Structure {cite(*formats)}" if formats else ""
    return f"; recordings{layout} were read with MNE-BIDS{f' {version}' if version else ''} {cite('appelhoff2019')}"


def _filter(facts: Collected) -> Iterator[str]:
    low = facts.said(lambda run: run.load.options.get("l_freq"))
    high = facts.said(lambda run: run.load.options.get("h_freq"))
    if low and high:
        yield f"Data were filtered with a high-pass at {low} Hz and a low-pass at {high} Hz (MNE-Python's default FIR)."
    elif low or high:
        what = f"high-pass filtered at {low}" if low else f"low-pass filtered at {high}"
        yield f"Data were {what} Hz (MNE-Python's default FIR filter)."


def _epochs(facts: Collected, kind: str | None) -> Iterator[str]:
    count, dropped = facts.said(lambda run: run.load.facts.epochs), facts.said(lambda run: run.load.facts.dropped)
    baseline = _baseline(facts)
    if kind == "an average":
        yield f"The averaged response of {count} epochs was taken as it was{baseline}."
        return
    window = facts.one(lambda run: run.load.facts.window)
    extent = "" if window is None else f" from {_ms(window[0])} to {_ms(window[1])} ms around the events"
    named = _events(facts)
    cut = "were cut" if kind == "raw data" else "were taken"
    yield f"Epochs{extent}{named} {cut}{baseline}."
    bounds = {
        "above": facts.one(lambda run: run.load.options.get("reject")),
        "below": facts.one(lambda run: run.load.options.get("flat")),
    }
    limits = [
        f"{where} {number(float(value) * factor)} {unit} ({name})"
        for where, given in bounds.items()
        for channel, value in (given or {}).items()
        for name, factor, unit in [LIMITS.get(channel, (channel, 1.0, "(SI units)"))]
    ]
    rejected = f"Epochs with peak-to-peak amplitudes {listing(limits, 'or')} were rejected. " if limits else ""
    left = f" ({dropped} were dropped)" if dropped not in ("", "0") else ""
    yield f"{rejected}The response is the average of {count} epochs{left}."


def _events(facts: Collected) -> str:
    event_id = facts.one(lambda run: run.load.options.get("event_id"))
    condition = facts.one(lambda run: run.load.options.get("condition"))
    chosen = list(event_id) if isinstance(event_id, (dict, list)) else [event_id]
    chosen = [event for event in chosen if event is not None]
    if condition is not None:
        chosen = condition if isinstance(condition, list) else [condition]
    return f" of {listing([repr(event) for event in chosen])}" if chosen else ""


def _baseline(facts: Collected) -> str:
    baseline = facts.one(lambda run: run.load.options.get("baseline"))
    if not baseline:
        return ""
    window = facts.one(lambda run: run.load.facts.window) or (None, None)
    ends = [fixed if given is None else given for given, fixed in zip(baseline, window, strict=True)]
    if None in ends:
        return ", with baseline correction"
    return f", and the mean from {_ms(ends[0])} to {_ms(ends[1])} ms was subtracted"


def _ms(seconds: float) -> str:
    return number(round(seconds * 1e3, 1))


def _sensors(facts: Collected) -> Iterator[str]:
    said = {kind: facts.said(_channels(kind)) for kind in CHANNELS}
    counts = [f"{said[kind]} {name}" for kind, name in CHANNELS.items() if said[kind]]
    rate = facts.said(lambda run: run.load.facts.sfreq)
    if counts:
        yield f"The analysis used {listing(counts)}, sampled at {rate} Hz."
    if facts.known(lambda run: run.load.facts.channels.get("eeg")):
        yield "EEG was referenced to the average of all electrodes."


def _channels(kind: str) -> Callable[[Analysis], int | None]:
    return lambda run: run.load.facts.channels.get(kind)


def _noise(facts: Collected) -> Iterator[str]:
    given = facts.where(lambda run: run.load.options.get("noise_cov") is not None)
    assumed = facts.where(lambda run: str(run.load.facts.noise).startswith("assumed"))
    estimated = facts.where(
        lambda run: run.load.options.get("noise_cov") is None and run.load.facts.noise == "measured"
    )
    if estimated is not None:
        yield (
            "The noise covariance was the empirical covariance of the same epochs before the event"
            f" ({facts.said(lambda run: run.load.facts.noise_samples)} samples){estimated}."
        )
    if given is not None:
        yield f"A noise covariance that had been estimated beforehand was used{given}."
    if assumed is not None:
        yield f"As there was no measurement of noise, uncorrelated noise of typical size was assumed{assumed}."


def source(facts: Collected) -> Iterator[str]:
    """Yield how the target dipole was estimated."""
    yield from _forward(facts)
    yield from _inverse(facts)
    yield from _region(facts)
    yield from _moment(facts)
    yield from _sign(facts)


def _forward(facts: Collected) -> Iterator[str]:
    sources = facts.said(lambda run: run.inverse.facts.sources)
    if (given := facts.where(lambda run: run.inverse.facts.forward == "given")) is not None:
        yield f"A forward solution that had been computed beforehand ({sources} sources) was used{given}."
    computed = facts.where(lambda run: run.inverse.facts.forward == "computed")
    if computed is not None:
        conductor = facts.names(lambda run: run.inverse.facts.conductor)
        yield (
            f"The forward solution was computed for {sources} sources on the cortical surface reconstructed by "
            f"FreeSurfer {cite('fischl2012')}, with {conductor} as volume conductor{computed}."
        )
    compensated = facts.where(lambda run: bool(run.inverse.facts.compensation))
    if compensated is not None:
        grades = [str(grade) for grade in facts.known(lambda run: run.inverse.facts.compensation) if grade]
        yield (
            "Data of MEG sensors were compensated with those of reference sensors "
            f"(grade {listing(grades, 'or')}), and so was their forward solution{compensated}."
        )
    for kind, sentence in COREGISTRATIONS.items():
        aligned = facts.where(_is_aligned_by(kind))
        if aligned is not None:
            yield f"{sentence}{aligned}."
    scaled = facts.where(lambda run: run.inverse.facts.template is not None)
    if scaled is not None:
        template = facts.names(lambda run: run.inverse.facts.template)
        yield (
            f"Without an individual MRI, the anatomy of {template} was scaled to the "
            f"digitised points of the head{scaled}."
        )


def _is_aligned_by(kind: str) -> Callable[[Analysis], bool]:
    return lambda run: run.inverse.facts.coregistration == kind


def _inverse(facts: Collected) -> Iterator[str]:
    method = facts.one(lambda run: run.target.facts.method)
    name, keys = ESTIMATES.get(method, ("Estimates", ("hamalainen1994",)))
    snr = facts.said(lambda run: run.target.options.get("snr"))
    how = []
    if facts.known(lambda run: run.inverse.facts.loose):
        loose = facts.said(lambda run: run.inverse.facts.loose)
        fixed = facts.one(lambda run: run.inverse.facts.loose) == 0
        how.append(
            "with sources fixed to the cortical normal"
            if fixed
            else f"with a loose orientation of {loose} {cite('lin2006')}"
        )
        if facts.known(lambda run: run.inverse.options.get("depth")):
            how.append(f"depth weighting of {facts.said(lambda run: run.inverse.options.get('depth'))}")
    elif facts.one(lambda run: run.inverse.facts.inverse) == "given":
        how.append("from an inverse operator that existed")
    how.append(f"an assumed signal-to-noise ratio of {snr}")
    yield f"{name} {cite(*keys)} of the current along the cortical normal were computed {listing(how)}."


def _region(facts: Collected) -> Iterator[str]:
    searched = facts.names(lambda run: run.target.facts.searched)
    label = facts.one(lambda run: run.target.options.get("label"))
    named = isinstance(label, str) and not label.endswith(".label") and "/" not in label
    key = PARCELLATIONS.get(facts.one(lambda run: run.target.options.get("parcellation")) or "")
    atlas = f" {cite(key)}" if named and key else ""
    radius = facts.said(lambda run: run.target.options.get("patch_radius_mm"))
    area = facts.said(lambda run: run.target.facts.area_mm2)
    if not radius:
        yield f"The source was the label {searched}{atlas} ({area} mm²)."
        return
    latencies: Any = facts.one(lambda run: run.target.options.get("patch_latency"))
    latencies = latencies if isinstance(latencies, list) else [latencies]
    times = [f"{_ms(latency)} ms" for latency in latencies if latency is not None]
    when = f"at {listing(times)}" if times else "at its peak"
    yield (
        f"The source was the disc of cortex with a radius of {radius} mm inside the label {searched}{atlas} whose "
        f"current along the normal explained the field best {when} ({area} mm²)."
    )


def _moment(facts: Collected) -> Iterator[str]:
    mode, amplitude = facts.one(lambda run: run.target.facts.mode), facts.one(lambda run: run.target.facts.amplitude)
    start = facts.said(lambda run: run.target.options.get("target_tmin"), factor=1e3)
    stop = facts.said(lambda run: run.target.options.get("target_tmax"), factor=1e3)
    window = f"from {start} to {stop} ms"
    if mode == "patch":
        yield (
            f"The target was the moment of this patch, along its normals, that explained the whitened sensor data best "
            f"(least squares at each time, {window})."
        )
    else:
        shape = MODES.get(mode or "", "the time course of the label")
        size = {
            "patch": "scaled to the moment with which the patch explained the sensors best",
            "estimate": "with the amplitude of the estimate",
            "arbitrary": "scaled to a largest value of one",
        }.get(amplitude or "", "")
        yield f"The target was {shape} in this estimate, {size} ({window})."
    explained = facts.said(lambda run: run.target.facts.explained_variance, factor=100.0)
    if explained:
        at = facts.said(lambda run: run.target.facts.explained_at, factor=1e3)
        yield (
            f"Around its largest moment ({at} ms), the patch explained {explained} % of the whitened field that stood "
            f"above the expected noise; the best single source of the cortex {_best(facts)}."
        )
    others = [name for names in facts.known(lambda run: run.target.facts.other_labels) for name in names]
    if others:
        yield f"The moments of {listing(sorted(set(others)))} were estimated along with it."


def _best(facts: Collected) -> str:
    share = facts.said(lambda run: getattr(run.target.facts.best_source, "explained_variance", None), factor=100.0)
    distance = facts.said(lambda run: getattr(run.target.facts.best_source, "distance_mm", None))
    return f"explained {share} %, at a distance of {distance} mm from the patch"


def _sign(facts: Collected) -> Iterator[str]:
    rules = facts.known(lambda run: run.target.facts.polarity)
    share = facts.said(lambda run: run.target.facts.confidence, factor=100.0)
    words = listing([str(rule).partition(": ")[2] for rule in rules], "or")
    yield f"The sign was decided by a rule ({words}); {share} % of the amplitude of its vertices agreed with it."
