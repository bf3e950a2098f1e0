"""The command line as a newcomer meets it."""

import io
import subprocess
import sys

import pytest

from mne_hnn import __version__, cli


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "CONFIG"),
        (["run", "x.py", "--n-jobs", "many"], "is not a number of processes"),
        (["demo", "--set", "snr"], "is not a change: write NAME=VALUE"),
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


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["rnu", "x.py"], "'run'"),
        (["sys_info"], "'sys-info'"),
        (["--vrsion"], "'--version'"),
        (["run", "x.py", "--stesp", "load"], "'--steps'"),
        (["run", "x.py", "--jobs=2"], "'--n-jobs'"),
        (["demo", "--ouput", "there"], "'--output'"),
        (["run", "x.py", "--executor", "dsk"], "'dask'"),
        (["compile", "--variant", "vectr"], "'vector'"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_word(words, nearest, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f" Did you mean {nearest}?\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "--set", "snrr=2"], "which is no option. Did you mean 'snr'?\n"),
        (["demo", "--set", "lambda2=0.1"], "Did you mean 'snr' (lambda2 is 1 / snr**2)?\n"),
        (["demo", "--set", "ch_types=['mag']"], "Did you mean 'channel_types'?\n"),
        (["demo", "--set", "method=dspm"], "Did you mean 'dSPM'?\n"),
        (["demo", "--set", "network=jones_2009"], "and 'network = jones_2009()'.\n"),
        (["demo", "--steps", "lod"], "Did you mean 'load'?\n"),
    ],
)
def test_a_wrong_option_of_the_analysis_too(words, message, capsys):
    assert cli.main(words) == 1
    assert capsys.readouterr().err.endswith(message)


def test_a_misspelt_configuration_file(tmp_path, capsys):
    (tmp_path / "median_nerve.py").touch()
    assert cli.main(["run", str(tmp_path / "median_nrve.py")]) == 1
    assert cli.main(["run", str(tmp_path)]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("check the path. Did you mean 'median_nerve.py'?")
    assert second.endswith("It is a folder with median_nerve.py.")


def test_wrong_analysis_ends_with_code_one_and_one_sentence(tmp_path, capsys):
    assert cli.main(["run", str(tmp_path / "nothing.py")]) == 1
    message = capsys.readouterr().err
    assert message.startswith("mne-hnn: There is no configuration file")
    assert message.count("\n") == 1


def test_sys_info_and_compile(capsys):
    assert cli.main(["sys-info"]) == 0
    info = capsys.readouterr().out
    assert f"mne-hnn              {__version__}" in info
    assert "mechanisms" in info
    assert cli.main(["compile"]) == 0
    assert "Mechanisms (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("encoding", "name", "shown"),
    [("ascii", "é", "\\xe9"), ("latin-1", "脳", "\\u8133"), ("utf-8", "\udcfc", "\\udcfc"), ("utf-8", "é", "é")],
)
def test_names_that_the_terminal_has_no_letters_for(monkeypatch, encoding, name, shown):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    cli._say(f"cache  /home/{name}")
    sys.stdout.flush()
    assert written.getvalue().decode(encoding) == f"cache  /home/{shown}\n"


def test_the_program_is_installed_and_explains_itself():
    result = subprocess.run([sys.executable, "-m", "mne_hnn", "--help"], capture_output=True, text=True, check=True)
    for command in ("run", "demo", "compile", "sys-info"):
        assert command in result.stdout


def test_help_names_the_steps_there_are():
    from mne_hnn.pipeline import STAGES

    assert tuple(stage.name for stage in STAGES) == cli._STEPS
