import ast
import inspect
from dataclasses import fields

import pytest

from mne_hnn.errors import ConfigError
from mne_hnn.group import pooled, summary
from mne_hnn.group.stages import GROUP_STAGES
from mne_hnn.pipeline import (
    FILE_STAGES,
    STAGES,
    Config,
    analysis_page,
    fitting,
    labels,
    posteriors,
    read_config,
    report,
)
from mne_hnn.pipeline.config import EXECUTION

MINIMAL = """
from mne_hnn.network import jones_2009, with_erp_drives
data = "recording_raw.fif"
label = "postcentral-rh"
network = with_erp_drives(jones_2009(mesh_shape=(3, 3)))
"""


def write(tmp_path, text):
    path = tmp_path / "analysis.py"
    path.write_text(text)
    return path


def test_reads_values_and_fills_defaults(tmp_path):
    config = read_config(write(tmp_path, MINIMAL + "snr = 2.5\n_own = 3\nsubjects = 'one'\n"))
    assert (config.snr, config.subjects, config.name) == (2.5, ("one",), "analysis")
    assert config.method == "MNE"
    assert config.network.n_cells == 24


def test_changes_replace_what_the_file_says(tmp_path):
    config = read_config(write(tmp_path, MINIMAL + "snr = 2.5\n"), {"snr": 4.0})
    assert config.snr == 4.0


def test_imported_functions_and_constants_are_not_options(tmp_path):
    text = MINIMAL + "import math\nfrom math import pi\ndef helper():\n    return 1\n"
    assert read_config(write(tmp_path, text)).snr == 3.0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("labl = 'x'", "sets 'labl', which is no option. Did you mean 'label'?"),
        ("method = 'dspm'", "Did you mean 'dSPM'?"),
        ("mode = 'mean'", "Unknown mode 'mean'"),
        ("snr = 0", "snr must be a finite number > 0"),
        ("snr = '3'", "without quotes"),
        ("tmin, tmax = 0.3, 0.1", "tmin must be before tmax, got 0.3 and 0.1"),
        (
            "network = None",
            "network is not set: write 'from mne_hnn.network import jones_2009' and 'network = jones_2009()'",
        ),
        ("network = 'jones_2009'", "got the str 'jones_2009': write 'from mne_hnn.network import jones_2009'"),
        ("network = 'my_net.json'", "from a file of HNN, network = mne_hnn.io.read_hnn_network(path)"),
        ("network = 3", "must be a mne_hnn.network.Network, got builtins.int: write"),
        ("network = jones_2009", "sets network to jones_2009 itself: call it, network = jones_2009()"),
        ("fwd = 'a-fwd.fif'", "Did you mean 'forward'?"),
        ("Subjects = ['01']", "Did you mean 'subjects'?"),
        ("inverse = 'a-inv.fif'", "Set forward to the forward solution that it was made from, or leave inverse out."),
        ("data = None", "data is not set"),
        ("label = None", "label is not set"),
        ("dataset = 'demos'", "Did you mean 'demo'?"),
        ("polarity = 'up'", "Unknown polarity rule 'up'"),
        ("polarity = {'latency': 0.04}", "has no points"),
        ("polarity = {'latency': 0.04, 'points': 'downwards'}", "Did you mean 'down'?"),
        ("n_jobs = 0", "n_jobs must be at least 1"),
        ("n_trials = 1.5", "n_trials must be an integer >= 1"),
        ("fit = 'yes'", "fit must be True or False"),
        ("fit_drives = 'proposed'", "Did you mean 'propose'?"),
        ("fit_n_drives = 0", "fit_n_drives must be an integer >= 1"),
        ("fit_noise = 0", "fit_noise must be a finite number > 0"),
        ("fit_evaluations = 0", "fit_evaluations must be an integer >= 1"),
        ("fit_polish = -1", "fit_polish must be an integer >= 0"),
        ("fit_evaluations = 50", "fit_evaluations has no effect with fit_drives='propose': leave it out"),
        ("fit_drives, fit_polish = 'network', 10", "fit_polish has no effect with fit_drives='network'"),
        ("fit_final_trials = 0", "fit_final_trials must be an integer >= 1"),
        ("fit_range_ms = 15.0", "sets 'fit_range_ms', which is no option"),
        ("fit_drives, network = 'network', network.without_drives()", "has no evoked drive to fit"),
        ("subjects = 3", "subjects must be names"),
        ("1 / 0", "line 6, fails: ZeroDivisionError"),
        ("snr = = 3", "line 6, is not valid Python"),
    ],
)
def test_wrong_files_get_one_sentence(tmp_path, line, message):
    with pytest.raises(ConfigError) as caught:
        read_config(write(tmp_path, MINIMAL + line + "\n"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_unknown_change(tmp_path):
    with pytest.raises(ConfigError, match="There is no configuration file"):
        read_config(tmp_path / "nothing.py")
    with pytest.raises(ConfigError, match="The changes set 'n_trails', which is no option. Did you mean 'n_trials'"):
        read_config(write(tmp_path, MINIMAL), {"n_trails": 2})


def test_every_option_is_documented():
    documented = inspect.getdoc(Config)
    for field in fields(Config):
        names = {name for line in documented.splitlines() if " :" in line for name in line.split(" :")[0].split(", ")}
        assert field.name in names, field.name


BESIDE = {
    ("report", "sensors"): (report, analysis_page),
    ("report",): (analysis_page,),
    ("target", "sensors"): (labels,),
    ("fit",): (fitting,),
    ("posterior", "sensors"): (labels, posteriors),
    ("posterior",): (posteriors,),
    ("structure",): (fitting,),
    ("summary",): (summary,),
    ("pool",): (pooled,),
}
ALL_STAGES = (*STAGES, FILE_STAGES[0], *FILE_STAGES[-2:])
"""Where a stage's work is done, if not in its own module."""


def _options_read(stage):
    """The attributes of `options` that the source of a stage's module reads, and of what works for it."""
    kind = (stage.name, "sensors") if {"sensors", "inverse"} & set(stage.after) else (stage.name,)
    modules = [inspect.getmodule(stage.run), *BESIDE.get(kind, ())]
    read = set()
    for module in modules:
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                owner = node.value
                if (isinstance(owner, ast.Attribute) and owner.attr == "options") or (
                    isinstance(owner, ast.Name) and owner.id == "options"
                ):
                    read.add(node.attr)
        if "anatomy(" in ast.unparse(tree):  # reads for several stages which subject it is
            read |= {"fs_subject", "subjects_dir"}
    return read


@pytest.mark.parametrize("stage", ALL_STAGES, ids=lambda stage: stage.run.__module__)
def test_a_stage_reads_the_options_it_names_and_no_others(stage):
    assert _options_read(stage) == set(stage.options.names())


@pytest.mark.parametrize("stage", GROUP_STAGES, ids=lambda stage: stage.name)
def test_a_stage_of_a_group_reads_the_options_it_names(stage):
    assert set(stage.options.names()) <= _options_read(stage)


def test_every_option_is_read_somewhere():
    read = {name for stage in ALL_STAGES for name in stage.options.names()}
    assert {field.name for field in fields(Config)} - read == set(EXECUTION)


def test_execution_options_decide_no_result():
    assert not {name for stage in ALL_STAGES for name in stage.options.names()} & set(EXECUTION)


def test_stages_come_after_what_they_read():
    names = [stage.name for stage in STAGES]
    assert names == ["load", "inverse", "target", "simulate", "fit", "sensors", "posterior", "report"]
    for number, stage in enumerate(STAGES):
        assert set(stage.after) <= set(names[:number])
    names = [stage.name for stage in FILE_STAGES]
    assert names == ["target", "simulate", "fit", "posterior", "report"]
    for number, stage in enumerate(FILE_STAGES):
        assert set(stage.after) <= set(names[:number])


def test_options_may_come_from_a_shared_file(tmp_path, monkeypatch):
    (tmp_path / "shared_options.py").write_text("snr = 2.0\nhelper = 5\nlabel = 'precentral-lh'\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = read_config(write(tmp_path, MINIMAL + "from shared_options import helper, label, snr\n"))
    assert (config.snr, config.label) == (2.0, "precentral-lh")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("reject = 5", "reject must map channel types to amplitudes"),
        ("reject = {'grad': '4000e-13'}", "without quotes"),
        ("baseline = 'x'", "baseline must be a pair of times"),
        ("baseline = (None, 'x')", "without quotes"),
        ("l_freq = 'abc'", "l_freq must be a finite number > 0"),
        ("seed = -1", "seed must be an integer from 0"),
        ("events = [1, 2]", "events must be a path or ndarray, got int"),
        ("noise_cov = 3", "noise_cov must be a path or Covariance, got int"),
        ("forward = 3", "forward must be a path or Forward, got int"),
    ],
)
def test_wrong_values_are_found_before_the_work(tmp_path, line, message):
    with pytest.raises(ConfigError) as caught:
        read_config(write(tmp_path, MINIMAL + line + "\n"))
    assert message in str(caught.value)
