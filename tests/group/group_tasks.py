"""What the tests of executors run in workers: functions of a module, as those of the package are."""

import hashlib
import os
import signal
import struct
import sys
import time
from pathlib import Path

import numpy as np


def square(value):
    return value * value


def spectrum(seed):
    """Numbers of a computation in which a thread more would show in the last digits."""
    matrix = np.random.default_rng(seed).standard_normal((120, 120))
    return hashlib.sha256(np.linalg.svd(matrix @ matrix.T)[1].tobytes()).hexdigest()


def slow_square(value, seconds):
    time.sleep(seconds)
    return value * value


def once_killed(value, flag):
    """Die as from a lack of memory the first time, and not again."""
    if not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return value * value


def killed_while_it_sends():
    """Die with a result of which a part was sent."""
    frame = sys._getframe()
    while frame is not None and "result_queue" not in frame.f_locals:
        frame = frame.f_back
    frame.f_locals["result_queue"]._writer._send(struct.pack("!i", 1000) + b"a part")
    os.kill(os.getpid(), signal.SIGKILL)


def raises_timeout():
    raise TimeoutError("of the task itself")


def killed(folder, name):
    """Die each time, and leave a file for each of them."""
    (Path(folder) / f"{name}-{os.getpid()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def either(kind, *arguments):
    return {"square": square, "killed": killed, "once": once_killed, "slow": slow_square, "bad": bad}[kind](*arguments)


def bad(kind):
    if kind == "exit":
        sys.exit(3)
    if kind == "empty":
        raise MemoryError
    raise ValueError(f"{kind} is wrong\nand more")


class Unfit:
    """An argument that cannot be unpacked where it is sent to."""

    def __reduce__(self):
        return bad, ("what was sent",)


def pid(folder=None, seconds=0.0):
    if folder is not None:
        (Path(folder) / str(os.getpid())).touch()
    time.sleep(seconds)
    return os.getpid()


def surroundings():
    """What decides the number of threads, and those of the libraries that are loaded."""
    from threadpoolctl import threadpool_info

    np.linalg.svd(np.ones((300, 300)))
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY")
    return {name: os.environ.get(name) for name in names}, [one["num_threads"] for one in threadpool_info()]


def working_folder():
    return os.getcwd()


def column(n_jobs=1):
    """Bytes of a small column, from whatever thread of whatever process."""
    from mne_hnn.network import jones_2009, with_erp_drives
    from mne_hnn.simulate import simulate

    simulation = simulate(with_erp_drives(jones_2009((3, 3))), 60.0, n_trials=2, n_jobs=n_jobs, verbose="error")
    spikes = simulation.spikes
    return b"".join([*(one.data.tobytes() for one in simulation.dipoles), spikes.time.tobytes(), spikes.gid.tobytes()])


def long_column(folder):
    """A simulation of many seconds, during which NEURON holds Python's lock."""
    from mne_hnn.network import jones_2009, with_erp_drives
    from mne_hnn.simulate import simulate

    network = with_erp_drives(jones_2009((10, 10)))
    simulate(network, 5.0, verbose="error")
    (Path(folder) / str(os.getpid())).touch()
    simulate(network, 5000.0, verbose="error")


def alive(pid_):
    try:
        return Path(f"/proc/{pid_}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


PATIENCE_s = 300.0
"""How long a machine that is busy with other things may take for anything: what ends too late sleeps longer."""
LONG_s = 3000.0
"""What a job sleeps that is to be ended."""


def wait_for(condition, seconds=PATIENCE_s):
    """Return the seconds until a condition holds; fail if it does not in time."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - start


def hears_ctrl_c():
    """Make a process that is started hear of SIGINT, which jobs in the background of a shell ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
