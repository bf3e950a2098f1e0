"""Rival explanations that several estimators draw in one stage: they compare as posteriors do that simulate."""

from dataclasses import replace

import numpy as np
import pytest
from columns import kernels
from explained import TAP, explanation, explanations, target_of
from responses import SMALL

from mne_hnn.inference import (
    PosteriorSettings,
    TrainingSettings,
    bank,
    compare_posteriors,
    plausibility,
    posterior,
    read_posterior,
    run,
    teaching,
    train_posterior,
    training,
)
from mne_hnn.pipeline.options import ShortPosteriorOptions
from mne_hnn.pipeline.posteriors import CHECKPOINT, OUTPUTS, draw_posteriors, posterior_settings
from mne_hnn.pipeline.stage import Work

pytest.importorskip("sbi")
pytestmark = [
    pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning"),
    pytest.mark.filterwarnings("ignore:torch.triangular_solve"),
]

TINY = TrainingSettings(pool=2000, steps=300, truths=12)
FEW = TrainingSettings(networks=160, twins=40, epochs=8, pool=600, steps=20, truths=10, truth_trials=4)
DRAWN = PosteriorSettings(**SMALL | {"particles": 200, "moves": 15})
ONE, THREE = TAP[:1], (*TAP, ("proximal", 80.0))


def rival(regime, sequence, evidence=-20.0):
    """Return an explanation of the response that two drives made."""
    columns = 9e3 if regime == "spiking" else 5e5
    return explanation(regime, evidence, columns=columns, sequence=sequence, target=target_of())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Files of estimators of silent columns: one, two, and three drives."""
    folder, found = tmp_path_factory.mktemp("trained"), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "measure_kernels", kernels)
        for sequence in (ONE, TAP, THREE):
            found[sequence] = folder / f"{len(sequence)}.npz"
            train_posterior(rival("silent", sequence), TINY).save(found[sequence])
    return found


def drawn(folder, given, *items, **options):
    """Draw in stage posterior of a target alone; return facts, and posteriors by explanation."""
    explanations(*items).save(folder / "explained.npz")
    work = Work(
        subject="01", options=ShortPosteriorOptions(posterior=True, posterior_estimator=given, **options),
        folder=folder / "stage", outputs=OUTPUTS, n_jobs=1, quiet=True,
        inputs={"fit": {"explanations": folder / "explained.npz"}},
    )  # fmt: skip
    work.folder.mkdir()
    facts = draw_posteriors(work)
    assert not (folder / CHECKPOINT).exists()  # nothing was simulated
    return facts, {one.explanation: read_posterior(work.path("posteriors") / one.file) for one in facts.drawn}


def test_rivals_of_other_drives_compare_as_without_estimators(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "measure_kernels", kernels)
    items = [rival("silent", sequence) for sequence in (TAP, THREE, ONE)]
    given = [trained[ONE], trained[TAP], trained[THREE]]
    facts, found = drawn(tmp_path, given, *items, posterior_of="all", posterior_particles=200)
    assert [one.estimator for one in facts.drawn] == [2, 3, 1]
    known = {row["sequence"]: row for row in compare_posteriors([posterior(item, settings=DRAWN) for item in items])}
    assert [row["sequence"] for row in facts.evidence] == list(known)
    for row in facts.evidence:
        assert row["difference"] == pytest.approx(known[row["sequence"]]["difference"], abs=2)
        assert row["told_apart"] == known[row["sequence"]]["told_apart"]
    assert facts.evidence[-1]["difference"] > 10  # of one drive alone
    for number, item in enumerate(items, start=1):
        assert [place for place, _ in found[number].sequence] == [place for place, _ in item.sequence]


def test_rivals_of_both_regimes_are_drawn_each_by_its_own(trained, firing, tmp_path, monkeypatch):
    for module, name, value in (
        (plausibility, "ROUGH_EPOCHS", 3),
        (bank, "CANDIDATES", 256),
        (teaching, "CANDIDATES", 512),
    ):
        monkeypatch.setattr(module, name, value)
    items = [rival("spiking", TAP), rival("silent", TAP, -20.5)]
    spiking = train_posterior(items[0], FEW)
    spiking.save(tmp_path / "spiking.npz")
    facts, found = drawn(tmp_path, [trained[TAP], tmp_path / "spiking.npz"], *items, posterior_particles=50)
    assert [(one.regime, one.estimator) for one in facts.drawn] == [("spiking", 2), ("silent", 1)]
    assert [one.planted for one in facts.estimators] == [0, 80]
    assert sorted(row["explanation"] for row in facts.evidence) == [1, 2]
    settings = replace(posterior_settings(ShortPosteriorOptions()), particles=50)
    direct = spiking.posterior(items[0], settings=settings)
    assert all(np.array_equal(found[1].draws[path], direct.draws[path]) for path in direct.paths)
    assert found[1].evidence == direct.evidence
    assert set(found[2].paths) != set(found[1].paths)
