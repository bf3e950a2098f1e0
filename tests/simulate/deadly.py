"""What a test of networks that kill their workers runs there."""

import os
import signal

from mne_hnn.simulate import many

_real = many._attempt


def attempt(network, trial, settings):
    """Simulate; die as from a lack of memory at the second trial of a network with another first drive."""
    if trial == 1 and network.drives["evprox1"].mu_ms != 15.0:
        os.kill(os.getpid(), signal.SIGKILL)
    return _real(network, trial, settings)
