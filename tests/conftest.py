"""How the suite is run: by file on as many processes as there are processors, the longest files first.

What is generated once per machine is here, too: processes that need it at the same time wait for the first of them.
"""

import fcntl
import os
from contextlib import contextmanager

# Before numpy is loaded, and for all processes that tests start. The matrices of tests are small: threads of linear
# algebra wait for each other in loops, where several processes share the cores for most of the time that is measured.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

MOST_WORKERS = 4  # a process may hold a gigabyte, and some tests start processes of their own

# files that take longest, so that none of them is left for the end, when the other processes have nothing to do
LONGEST_FIRST = (
    "test_site.py",
    "test_tutorials.py",
    "group/test_group_run.py",
    "simulate/test_simulate.py",
    "simulate/test_mpi.py",
    "group/test_dask.py",
    "fit/test_evoked.py",
    "fit/test_search.py",
    "simulate/test_fidelity.py",
    "simulate/test_kernel.py",
    "group/test_executors.py",
    "fit/test_checkpoint.py",
    "pipeline/test_analysis.py",
    "simulate/test_many.py",
    "sweep/test_sweep_store.py",
    "fit/test_sequence.py",
    "pipeline/test_methods.py",
    "pipeline/test_posterior_from_sensors.py",
)


def pytest_addoption(parser, pluginmanager):
    """Let the options in pyproject.toml stand where pytest-xdist is not there, or was switched off."""
    if not pluginmanager.hasplugin("xdist"):
        group = parser.getgroup("xdist", "not there: all tests run in this process")
        for name in ("--numprocesses", "--dist"):
            group.addoption(name)
        group.addoption("--no-loadscope-reorder", action="store_true")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Return how many processes ``--numprocesses=auto`` is: processors, not cores, that this process may use."""
    asked = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(asked) if asked else min(usable, MOST_WORKERS)


def pytest_collection_modifyitems(config, items):
    """Put the longest files first, if they are shared out."""
    if hasattr(config, "workerinput"):
        rank = {name: k for k, name in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: rank.get(item.path.relative_to(config.rootpath / "tests").as_posix(), len(rank)))


@pytest.fixture(scope="session")
def one_at_a_time(request, tmp_path_factory):
    """Return a context, by name, that one process of a run is in at a time: the next finds what it made."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent  # that of the run

    @contextmanager
    def entered(name):
        with (folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
            yield

    return entered


@pytest.fixture(scope="session")
def anatomy(one_at_a_time):
    """The head of the demo; in the cache, so it is made once per machine: do not change it."""
    from mne_hnn.source.demo import demo_anatomy  # no test of a lower floor waits for this import

    with one_at_a_time("anatomy"):
        return demo_anatomy()


@pytest.fixture(scope="session")
def dataset(anatomy, one_at_a_time):
    """The recording of the demo; in the cache like its head."""
    from mne_hnn.source.demo import demo_dataset

    with one_at_a_time("dataset"):
        return demo_dataset()
