"""How an amortised estimator is trained, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from .._checks import check_int, check_seed

__all__ = ["TrainingSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingSettings:
    """How :func:`mne_hnn.inference.train_posterior` trains.

    Parameters
    ----------
    networks : int
        Single trials of networks that are simulated where cells fire; a silent column needs its kernels only.
    twins : int
        Other networks of which two trials each are simulated: they tell chance from what is not known of the mean.
    epochs : int
        Passes through the networks at most, to learn the mean response.
    pool : int
        Circuits of the prior that the density is learned from, with new noise each time.
    steps : int
        Steps of the optimizer of the density, of 256 responses each.
    truths : int
        Circuits of the prior that the estimator never saw, by which it is judged.
    truth_trials : int
        Trials of each of them where cells fire: their mean is the response.
    seed : int
        Equal ones give equal estimators, for any number of workers.

    Raises
    ------
    ParameterError
        A value is wrong.

    Examples
    --------
    >>> TrainingSettings(networks=20000, steps=30000).pool
    60000
    """

    networks: int = 8000
    twins: int = 512
    epochs: int = 100
    pool: int = 60000
    steps: int = 12000
    truths: int = 200
    truth_trials: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"networks": 100, "twins": 20, "epochs": 1, "pool": 500, "steps": 10, "truths": 10, "truth_trials": 2}
        for name, minimum in least.items():
            object.__setattr__(self, name, check_int(getattr(self, name), name, minimum=minimum))
        check_seed(self.seed, "seed")
