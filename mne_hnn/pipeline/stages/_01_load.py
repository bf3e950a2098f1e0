"""Load and average the response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mne import Covariance, Evoked, make_ad_hoc_cov

from ..._warn import warn
from ...source import EpochOptions, Response, load_response
from ..facts import LoadFacts
from ..identity import recording_files
from ..options import LoadOptions
from ..stage import Stage, Work


def _files(options: LoadOptions) -> Iterator[Path]:
    yield from recording_files(options.data)
    for path in (options.events, options.noise_cov):
        yield from recording_files(path)


def _response(options: LoadOptions, n_jobs: int) -> Response:
    response: Response = load_response(
        options.data,
        condition=options.condition,
        events=options.events,
        event_id=options.event_id,
        channel_types=options.channel_types,
        bads=options.bads,
        l_freq=options.l_freq,
        h_freq=options.h_freq,
        epochs=EpochOptions(
            tmin=options.tmin,
            tmax=options.tmax,
            baseline=options.baseline,
            reject=options.reject,
            flat=options.flat,
            decim=options.decim,
            stim_channel=options.stim_channel,
        ),
        noise_cov=options.noise_cov,
        n_jobs=n_jobs,
    )
    return response


def _run(work: Work[LoadOptions]) -> LoadFacts:
    response = _response(work.options, work.mne_jobs)
    noise_cov: Covariance = response.noise_cov
    estimated = noise_cov is not None
    if not estimated:
        assumed = make_ad_hoc_cov(response.evoked.info, verbose="error")
        # in full, as a diagonal one cannot be whitened with after it was saved
        noise_cov = Covariance(
            np.diag(assumed.data), assumed.ch_names, assumed["bads"], assumed["projs"], assumed.nfree
        )
    evoked = _with_whole_nave(response.evoked)
    evoked.save(work.path("evoked"))
    noise_cov.save(work.path("noise_cov"))
    info = evoked.info
    kinds = Counter(evoked.get_channel_types())
    references = kinds.pop("ref_meg", 0)  # kept for the forward solution, not measured with
    return LoadFacts(
        origin=response.origin,
        kind=response.kind,
        runs=response.n_runs,
        comment=response.evoked.comment,
        epochs=response.n_epochs,
        dropped=response.n_dropped,
        drop_reasons=dict(response.drop_reasons),
        noise="measured" if estimated else "assumed (no time before 0 and no covariance given)",
        noise_samples=int(noise_cov.nfree) if estimated else None,
        channels=dict(kinds),
        reference_sensors=references,
        sfreq=float(info["sfreq"]),
        highpass=float(info["highpass"]),
        lowpass=float(info["lowpass"]),
        window=[float(response.evoked.times[0]), float(response.evoked.times[-1])],
    )


def _with_whole_nave(evoked: Evoked) -> Evoked:
    """Return an average whose number of epochs a FIF file can hold: that of a contrast is a fraction."""
    if evoked.nave == int(evoked.nave) and evoked.nave >= 1:
        return evoked
    whole = evoked.copy()
    whole.nave = max(int(evoked.nave), 1)  # downwards: rather more noise than less
    if abs(whole.nave - evoked.nave) > 0.01 * evoked.nave:
        warn(
            f"The average {evoked.comment!r} stands for {evoked.nave:.4g} epochs, as a contrast of averages does; "
            f"files hold whole numbers, so that {whole.nave} is taken, which scales its noise."
        )
    return whole


STAGE = Stage(
    name="load",
    title="Load and average the response",
    options=LoadOptions,
    facts=LoadFacts,
    files=_files,
    outputs={"evoked": "response-ave.fif", "noise_cov": "noise-cov.fif"},
    run=_run,
    revision=3,
)
