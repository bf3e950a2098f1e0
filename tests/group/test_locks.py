"""One run at a time in a folder: between real processes, and whatever becomes of them."""

import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import group_tasks as tasks
import pytest

from mne_hnn import _locks
from mne_hnn._locks import BusyError, lock_file
from mne_hnn.errors import CacheError, MneHnnError, MneHnnWarning
from mne_hnn.pipeline.lock import LOCK, folder_lock

HOLD = """
import subprocess, sys, time
from pathlib import Path
from mne_hnn.pipeline.lock import folder_lock
with folder_lock(Path(sys.argv[1]), what="run", shared=sys.argv[2] == "shared"):
    child = subprocess.Popen(["sleep", "3000"], close_fds=False) if sys.argv[3] == "child" else None
    print(child.pid if child else 0, flush=True)
    time.sleep(float(sys.argv[4]))
"""


@contextmanager
def other(folder, kind="alone", child="none", seconds=tasks.LONG_s):
    """Another process that holds the lock; yields it and the number of its child."""
    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), kind, child, str(seconds)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_another_process_is_named_and_its_death_frees_the_folder(tmp_path):
    folder = tmp_path / "derivatives" / "new"
    before = time.strftime("%Y-%m-%d %H:%M:%S")
    with other(folder) as (process, _):
        with pytest.raises(CacheError) as caught, folder_lock(folder, what="run"):
            pass
        head = f"Another run is using {folder} (process {process.pid} on {socket.gethostname()}, started "
        tail = "): wait for it to end, or choose another output."
        said = str(caught.value)
        assert said.startswith(head)
        assert said.endswith(tail)
        assert before <= said[len(head) : -len(tail)] <= time.strftime("%Y-%m-%d %H:%M:%S")
        process.kill()
        process.wait()
        with folder_lock(folder, what="run"):
            assert f"process {os.getpid()} on" in (folder / LOCK).read_text()


def test_those_that_share_keep_out_who_does_not(tmp_path):
    with other(tmp_path, "shared") as (process, _):
        with folder_lock(tmp_path, what="run", shared=True):
            pass
        with pytest.raises(CacheError, match="Another run"), folder_lock(tmp_path, what="run"):
            pass
        process.kill()
        process.wait()
    with other(tmp_path), pytest.raises(CacheError, match="process"), folder_lock(tmp_path, what="run", shared=True):
        pass


def monkeypatch_waiting(monkeypatch, process):
    """End the holder once it was looked for twice, however long that takes here."""
    ended, sleep = [], time.sleep

    def look(seconds):
        if looks.pop() == 0:
            process.terminate()
            ended.append(process.wait(tasks.PATIENCE_s))
        sleep(seconds)

    looks = [None] * 1000 + [0, None]
    monkeypatch.setattr(_locks.time, "sleep", look)
    return ended


def test_waiting_says_so_once_and_goes_on(tmp_path, caplog, monkeypatch):
    with other(tmp_path) as (process, _), caplog.at_level("INFO", logger="mne"):
        ended = monkeypatch_waiting(monkeypatch, process)
        with folder_lock(tmp_path, what="job", wait=True):
            assert ended == [process.wait(tasks.PATIENCE_s)]
        said = [one.getMessage() for one in caplog.records]
    assert len(said) == 1
    assert said[0].startswith(f"Waiting for another job in {tmp_path} (process {process.pid} on ")


def test_a_child_does_not_hold_it(tmp_path):
    with other(tmp_path, child="child") as (process, child):
        process.kill()
        process.wait()
        try:
            assert tasks.alive(child)
            with folder_lock(tmp_path, what="run"):
                assert tasks.alive(child)
        finally:
            os.kill(child, 9)


def test_one_process_does_not_hold_it_twice(tmp_path):
    """As threads of one process, which the locks of POSIX would let in."""
    again = pytest.raises(CacheError, match=f"process {os.getpid()} ")
    with folder_lock(tmp_path, what="run"), again, folder_lock(tmp_path, what="run"):
        pass
    with folder_lock(tmp_path, what="run"):
        pass


def test_a_lock_whose_file_was_deleted_is_no_lock(tmp_path, monkeypatch):
    """Deleted between being opened and locked, or while it was waited for: others would lock the new one."""
    file, true, deleted = tmp_path / "x", fcntl.flock, []

    def flock(descriptor, kind):
        if not deleted:
            deleted.append(descriptor)
            file.unlink()
        true(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock_file(file):
        assert deleted
        assert file.read_text().startswith(f"process {os.getpid()} on ")
        with pytest.raises(BusyError), lock_file(file, wait=False):
            pass
    with lock_file(file, wait=False):
        pass


def test_a_lock_whose_folder_is_deleted_says_so(tmp_path, monkeypatch):
    folder, true = tmp_path / "folder", fcntl.flock

    def flock(descriptor, kind):
        shutil.rmtree(folder, ignore_errors=True)
        true(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(CacheError, match="The folder .*folder cannot be written: No such file or directory"):
        folder_lock(folder, what="run").__enter__()


def test_folders_that_cannot_be_written(tmp_path):
    a_file = tmp_path / "file"
    a_file.touch()
    with pytest.raises(CacheError, match=r"The folder .*file cannot be written: File exists\."):
        folder_lock(a_file, what="run").__enter__()
    with pytest.raises(CacheError, match=r"cannot be written: Not a directory\."):
        folder_lock(a_file / "derivatives", what="run").__enter__()
    if Path("/proc/self").is_dir():
        with pytest.raises(CacheError, match="The folder /proc/self cannot be written"):
            folder_lock(Path("/proc/self"), what="run").__enter__()
    if os.geteuid() != 0:  # who may do everything
        tmp_path.chmod(0o500)
        with pytest.raises(CacheError, match="Permission denied"):
            folder_lock(tmp_path, what="run").__enter__()


def test_errors_within_are_not_taken_for_those_of_the_lock(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, folder_lock(tmp_path, what="run"):
        (tmp_path / "missing").read_text()
    assert not isinstance(caught.value, MneHnnError)
    with folder_lock(tmp_path, what="run"):
        pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_file_systems_without_locks(tmp_path, monkeypatch, code):
    """Some network drives: going on is right, as results appear whole or not at all, but not in silence."""

    def flock(descriptor, kind):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(_locks, "_warned", set())
    entered = 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            with folder_lock(tmp_path, what="run"):
                entered += 1
    assert entered == 2
    (warning,) = caught
    assert warning.category is MneHnnWarning
    said = str(warning.message)
    assert said.startswith(f"The file system of {tmp_path} knows no locks ({os.strerror(code)}): see to it that no")


def test_other_errors_of_the_system_are_told(tmp_path, monkeypatch):
    def flock(descriptor, kind):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(CacheError, match="cannot be written: Input/output error"):
        folder_lock(tmp_path, what="run").__enter__()
    with pytest.raises(OSError, match="Input/output error"), lock_file(tmp_path / "x"):
        pass
