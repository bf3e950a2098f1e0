"""The command line as a newcomer meets it."""

import subprocess
import sys

import matplotlib.pyplot as plt
import pytest

from mne_hnn import __version__, cli, read_dipole


def test_demo_writes_figure_dipole_and_spikes(tmp_path, capsys):
    folder = tmp_path / "results"
    words = ["demo", "--output", str(folder), "--mesh", "2x2", "--n-trials", "1", "--n-jobs", "1"]
    assert cli.main(words) == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["evoked_response.png", "evoked_response_dipole-ave.fif", "evoked_response_spikes.tsv"]
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)
    assert plt.imread(folder / names[0]).shape[0] > 1000
    assert len(read_dipole(folder / names[1]).times) == 6801

    assert cli.main(words) == 1
    message = capsys.readouterr().err
    assert "exists already: add --overwrite" in message
    assert message.count("\n") == 1
    assert cli.main([*words, "--overwrite"]) == 0
    plt.close("all")


def test_output_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["demo", "--output", str(tmp_path / "file" / "folder"), "--mesh", "1x1"]) == 1
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "--mesh", "ten"], "is not a mesh: write columns x rows"),
        (["simulate"], "invalid choice"),
        ([], "required"),
        (["compile", "--variant", "fast"], "invalid choice"),
    ],
)
def test_wrong_usage_ends_with_code_two(words, message, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_wrong_value_ends_with_code_one_and_one_sentence(tmp_path, capsys):
    assert cli.main(["demo", "--output", str(tmp_path), "--n-trials", "0"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("mne-hnn: n_trials")
    assert message.count("\n") == 1


def test_sys_info_and_compile(capsys):
    assert cli.main(["sys-info"]) == 0
    info = capsys.readouterr().out
    assert f"mne-hnn              {__version__}" in info
    assert "mechanisms" in info
    assert cli.main(["compile"]) == 0
    assert "Mechanisms (" in capsys.readouterr().out


def test_the_program_is_installed_and_explains_itself():
    result = subprocess.run([sys.executable, "-m", "mne_hnn", "--help"], capture_output=True, text=True, check=True)
    for command in ("demo", "compile", "sys-info"):
        assert command in result.stdout
