"""The command line as a newcomer meets it."""

import io
import subprocess
import sys

import pytest

from mne_hnn import __version__, cli
from mne_hnn._names import EXECUTORS, SECTIONS, STEPS, VARIANTS


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
        (["options", "taget"], "'target'"),
        (["option", "fit"], "'options'"),
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
    for command in ("init", "run", "demo", "rerun", "options", "compile", "sys-info"):
        assert command in result.stdout


def test_names_are_those_of_the_registries():
    from mne_hnn import parallel
    from mne_hnn.group.listing import option_sections
    from mne_hnn.pipeline import STAGES

    assert tuple(stage.name for stage in STAGES) == STEPS
    assert tuple(parallel.EXECUTORS) == EXECUTORS
    assert tuple(option_sections()) == SECTIONS


def test_help_names_the_steps_and_executors_there_are(capsys):
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"run these only, of: {', '.join(STEPS)}" in said
    assert f"{{{','.join(EXECUTORS)}}}" in said
    with pytest.raises(SystemExit):
        cli.main(["compile", "--help"])
    assert f"{{{','.join(VARIANTS)}}}" in capsys.readouterr().out


def test_help_loads_nothing_heavy():
    code = (
        "import sys, contextlib, mne_hnn.cli as cli\n"
        "with contextlib.suppress(SystemExit): cli.main(['run', '--help'])\n"
        "heavy = {'mne', 'scipy', 'neuron', 'matplotlib', 'mne_hnn.pipeline', 'mne_hnn.group'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_options_are_listed(capsys):
    assert cli.main(["options", "load"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("load: Load and average the response\n  data = None\n")
    assert "  tmin = -0.1  (s)\n      Start of the epoch, from the event.\n" in text
    assert cli.main(["options", "group"]) == 0
    assert "conditions decide: data, condition and event_id." in capsys.readouterr().out
    assert cli.main(["options"]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines() if line[:1].strip()] == list(SECTIONS)
