"""Who is let in, and what is left when the page ends, however it is ended."""

import signal
import subprocess
import sys

import psutil
import pytest
from explore_page import PATIENCE_s, Served, visit

from mne_hnn.network import jones_2009, with_erp_drives


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("gate")
    with_erp_drives(jones_2009((2, 2))).save(path / "column.json")
    return path


def start(folder, **more):
    return Served([sys.executable, "-m", "mne_hnn", "explore", "column.json", "--no-browser"], folder, **more)


@pytest.fixture(scope="module")
def served(folder):
    page = start(folder)
    yield page
    page.process.kill()


def test_other_hosts_and_wrong_tokens_are_refused(served):
    place = f"http://127.0.0.1:{served.port}"
    for path in ("/", "/index.html", "/ws", "/paraview/", "/assets/../../etc/passwd"):
        status, words = visit(f"{place}{path}")
        assert (status, "lacks its token" in words) == (403, True)
    status, words = visit(f"{place}/?token=wrong")
    assert (status, "token is wrong" in words) == (403, True)
    assert visit(served.address, Host="example.org")[0] == 403
    assert visit(served.address, Host=f"example.org:{served.port}")[0] == 403
    assert visit(served.address, Origin="http://example.org")[0] == 403
    assert visit(f"{place}/index.html", Cookie=f"mne_hnn_{served.port}=guessed")[0] == 403
    listening = [
        found.laddr.ip for found in psutil.Process(served.process.pid).net_connections() if found.status == "LISTEN"
    ]
    assert listening == ["127.0.0.1"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_workers_end_with_the_page(folder, tmp_path, how):
    page = start(folder, TMPDIR=str(tmp_path))
    code, workers, left = page.end(how)
    assert workers
    assert not left
    assert code in ((-how,) if how == signal.SIGKILL else (0, 130))
    if how != signal.SIGKILL:
        assert list(tmp_path.glob("mne_hnn-explore-*")) == []


def test_a_port_that_is_taken_is_said(folder, served):
    command = [sys.executable, "-m", "mne_hnn", "explore", "column.json", "--no-browser", "--port", str(served.port)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_s)
    assert done.returncode == 1
    assert f"Port {served.port} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
