"""The file that ``mne-hnn init`` writes is an analysis as it is, and never takes the place of another."""

import pytest

from mne_hnn import cli
from mne_hnn.errors import ConfigError
from mne_hnn.group import GroupConfig, read_config
from mne_hnn.pipeline import Config, OwnData, write_analysis


def written(tmp_path, capsys, *words):
    file = tmp_path / "mine.py"
    assert cli.main(["init", str(file), *words]) == 0
    assert capsys.readouterr().out == f"{file}: edit it, then mne-hnn run {file}\n"
    return read_config(file)


def test_a_file_for_a_recording(tmp_path, capsys):
    words = ["--data", "{subject}_raw.fif", "--subject", "02", "03", "--condition", "5", "--label", "precentral-lh"]
    config = written(tmp_path, capsys, *words)
    assert type(config) is Config
    usual = Config(
        name="mine", data="{subject}_raw.fif", subjects=("02", "03"), event_id=5, label="precentral-lh",
        network=config.network, h_freq=100.0, patch_radius_mm=10.0, n_jobs=-1,
    )  # fmt: skip
    assert config == usual, "all that is not asked for is as usual"


def test_a_file_for_a_data_set(tmp_path, capsys):
    config = written(
        tmp_path, capsys, "--bids-root", "/data", "--subject", "02", "--task", "touch", "--condition", "hit", "miss"
    )
    assert type(config) is GroupConfig
    assert (config.bids_root, config.subjects, config.tasks) == ("/data", ("02",), ("touch",))
    assert config.conditions == {"hit": ("hit",), "miss": ("miss",)}
    assert (config.contrast, config.label) == (("hit", "miss"), "postcentral-rh")


def test_a_file_for_a_target(tmp_path, capsys):
    config = written(tmp_path, capsys, "--target", "{subject}.mat", "--subject", "02", "03")
    usual = Config(
        name="mine", target_file="{subject}.mat", subjects=("02", "03"), network=config.network, n_jobs=-1
    )  # fmt: skip
    assert config == usual
    own = OwnData(target="V1.mat")
    lines = [line[2:] for line in own.text("x.py").splitlines() if line.startswith(("# target_", "# polarity"))]
    (tmp_path / "all.py").write_text(own.text("x.py") + "\n".join(lines) + "\n")
    config = read_config(tmp_path / "all.py")
    assert (config.target_unit, config.target_pick, config.target_trial) == ("A m", 1, "average")
    assert (config.target_orientation, config.target_time_unit) == ("largest", "ms")
    assert (config.target_smooth_ms, config.target_area_mm2) == (5.0, 300.0)
    assert config.polarity == {"latency": 0.04, "points": "down"}


def test_a_file_for_nothing_yet(tmp_path):
    config = read_config(write_analysis(tmp_path / "analysis.py"))
    assert (config.data, config.event_id, config.subjects) == ("my_recording_raw.fif", 1, ("01",))


def test_lines_that_are_commented_out_are_options_too(tmp_path):
    for own in (OwnData(), OwnData(bids_root="/data")):
        lines = own.text("x.py").splitlines()
        taken = [line[2:] for line in lines if line.startswith("# ") and " = " in line and "import" not in line]
        skipped = ("condition =", "fit_generations")
        file = tmp_path / f"{len(lines)}.py"
        imported = "from mne_hnn.fit import CircuitPrior, LogNormal\n"
        body = "\n".join(line for line in taken if not line.startswith(skipped) and "template" not in line)
        file.write_text(own.text("x.py").replace('"""\n\nfrom', f'"""\n\n{imported}from', 1) + body + "\n")
        config = read_config(file)
        assert config.fit_members == 48
        assert config.fit_prior.columns_per_nAm.factor == 2.0
        assert config.polarity == {"latency": 0.04, "points": "down"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["there.py"], "there.py is there already: choose another name, or delete it first."),
        (["mine.txt"], "is one of Python, such as analysis.py, got"),
        (["nowhere/mine.py"], "There is no folder"),
        (["mine.py", "--task", "touch"], "A task is one of a data set in BIDS form: name its root, too (--bids-root)"),
        (["mine.py", "--data", "x.fif", "--bids-root", "y"], "--data and --bids-root are both given"),
        (["mine.py", "--data", "x.fif", "--target", "y"], "--data and --target are both given: an analysis is of a"),
        (["mine.py", "--target", "y", "--label", "z"], "--label is of a recording"),
        (["mine.py", "--target", "y", "--task", "z"], "A target that is read from a file has no data set, tasks or"),
    ],
)
def test_what_cannot_be_is_one_sentence(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.py").write_text("mine = 1\n")
    assert cli.main(["init", *words]) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["there.py"]
    assert (tmp_path / "there.py").read_text() == "mine = 1\n"


def test_names_are_checked():
    with pytest.raises(ConfigError, match="A subject"):
        OwnData(subjects=("",))
