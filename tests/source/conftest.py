from types import SimpleNamespace

import mne
import pytest

from mne_hnn.source import find_label, make_inverse
from mne_hnn.source.demo import demo_response


@pytest.fixture(scope="session")
def scene(anatomy):
    """One average of the demo, its forward solution and inverse, and the label it comes from."""
    evoked, noise_cov, truth = demo_response(seed=1)
    forward = mne.read_forward_solution(anatomy.forward_fname, verbose="error")
    # the cortex around both central sulci is enough, and everything is ten times faster
    around = [
        find_label(f"{name}-{hemi}", subject="01", subjects_dir=anatomy.subjects_dir)
        for name in ("postcentral", "precentral")
        for hemi in ("lh", "rh")
    ]
    forward = mne.forward.restrict_forward_to_label(forward, around)
    label = find_label("BA3b_exvivo-rh", subject="01", subjects_dir=anatomy.subjects_dir)
    return SimpleNamespace(
        evoked=evoked,
        noise_cov=noise_cov,
        truth=truth,
        noise_free=truth.noise_free,
        forward=forward,
        inverse=make_inverse(evoked.info, forward, noise_cov),
        label=label,
        anatomy=anatomy,
    )
