"""Warnings of our own: seen at every log level, told from those of others, and placed in the user's code."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import mne
import pytest

import mne_hnn
from mne_hnn import MneHnnWarning
from mne_hnn.io import read_hnn_params


@pytest.fixture
def odd_file(tmp_path):
    file = tmp_path / "odd.param"
    file.write_text("gbar_L2Pyr_L2Basket: 0.0005\ngbar_evprox_1_L2Pyr_amapa: 0.1\n")
    return file


@pytest.mark.parametrize("level", ["error", "critical", "warning"])
def test_a_log_level_does_not_hide_them(level, odd_file):
    with mne.utils.use_log_level(level), pytest.warns(MneHnnWarning, match="parameters that are not known"):
        read_hnn_params(odd_file)


def test_they_point_at_the_users_line_and_can_be_filtered(odd_file):
    with pytest.warns(MneHnnWarning) as caught:
        read_hnn_params(odd_file)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=MneHnnWarning)
        read_hnn_params(odd_file)


def test_the_command_line_shows_the_sentence_only():
    # in a process of its own: pytest records warnings instead of showing them
    code = (
        "import dataclasses, mne_hnn.cli as cli, mne_hnn._warn as w\n"
        "told = dataclasses.replace(cli._COMMANDS['sys-info'], run=lambda _: w.warn('Something to know.'))\n"
        "cli._COMMANDS['sys-info'] = told\n"
        "cli.main(['sys-info'])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stderr == "mne-hnn: warning: Something to know.\n"


def test_no_warning_of_the_package_goes_through_a_logger():
    """What a log level can hide is no warning: progress may be logged, what changes a number may not."""
    package = Path(mne_hnn.__file__).parent
    progress = {
        "A worker process died with its job (killed, or out of memory).",
        "The Dask scheduler has no workers yet: waiting for the first ...",
        "%d of %d jobs were not finished.",
        "%s waits for what explains the group's average: run all subjects.",
    }
    found = set()
    for file in package.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "import warn\n" not in text or "_warn import warn" in text, file
        found |= set(re.findall(r"logger\.warning\(\s*\"([^\"]*)\"", text))
        assert len(re.findall(r"logger\.warning\(", text)) == len(re.findall(r"logger\.warning\(\s*\"", text)), file
    assert found == progress
