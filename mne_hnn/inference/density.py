"""The density of circuits given a response: a normalising flow of sbi, with an embedding of the waveform.

Neural posterior estimation (Papamakarios and Murray 2016, https://doi.org/10.48550/arXiv.1605.06376; Greenberg et al.
2019, https://doi.org/10.48550/arXiv.1905.07488) by sbi (Tejero-Cantero et al. 2020,
https://doi.org/10.21105/joss.02505), with masked autoregressive flows (Papamakarios et al. 2017,
https://doi.org/10.48550/arXiv.1705.07057).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .._types import FloatArray
from .torch_parts import seeded, torch_module

__all__ = ["Density", "learn_density"]

FEATURES, TRANSFORMS, EMBEDDED, EMBEDDING = 64, 6, 48, 160
BATCH = 256
KEEP_EVERY = 500
VALIDATION = 4096
SEEN = 4096
"""Examples that are drawn to scale what the networks see."""

Draw = Callable[[int, np.random.Generator], tuple[FloatArray, FloatArray]]


def _build(z: FloatArray, context: FloatArray) -> Any:
    """Return an estimator of sbi that has learned nothing."""
    torch = torch_module()
    from sbi.neural_nets import posterior_nn
    from sbi.neural_nets.embedding_nets import FCEmbedding

    embedding = FCEmbedding(input_dim=context.shape[1], output_dim=EMBEDDED, num_layers=3, num_hiddens=EMBEDDING)
    build = posterior_nn(
        "maf",
        embedding_net=embedding,
        z_score_theta="none",  # numbers are standard normal before
        z_score_x="independent",
        hidden_features=FEATURES,
        num_transforms=TRANSFORMS,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build(_tensor(torch, z), _tensor(torch, context))


def _tensor(torch: Any, values: FloatArray) -> Any:
    return torch.as_tensor(np.array(values), dtype=torch.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Density:
    """A density of circuits given contexts.

    Attributes
    ----------
    weights : mapping of str to array
        Of the estimator of sbi.
    n_free, n_context : int
        Numbers of a circuit, and of a context.
    training, validation : array, shape (n,)
        Mean negative logarithm of the density of circuits that were learned from, and of others, while it learned.
    """

    weights: Mapping[str, FloatArray]
    n_free: int
    n_context: int
    training: FloatArray = field(default_factory=lambda: np.zeros(0))
    validation: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def estimator(self) -> Any:
        """The estimator of sbi."""
        kept = self.__dict__.get("_kept")
        if kept is None:
            torch = torch_module()
            with seeded(0):
                noise = np.random.default_rng(0).standard_normal((64, self.n_free + self.n_context))
                kept = _build(noise[:, : self.n_free], noise[:, self.n_free :])
            kept.load_state_dict({name: torch.as_tensor(np.array(value)) for name, value in self.weights.items()})
            kept.eval()
            self.__dict__["_kept"] = kept
        return kept

    def draw(self, context: FloatArray, n: int, seed: int) -> FloatArray:
        """Draw circuits given a context, shape (n, n_free)."""
        torch = torch_module()
        with seeded(seed), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = self.estimator.sample((n,), _tensor(torch, np.atleast_2d(context)))
        return np.asarray(drawn[:, 0].numpy(), dtype=float)

    def log_density(self, z: FloatArray, context: FloatArray) -> FloatArray:
        """Return the logarithm of the density of circuits given a context (one for all, or one each), shape (n,)."""
        torch = torch_module()
        one = _tensor(torch, np.atleast_2d(context))
        with seeded(0), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if len(one) == 1:
                found = self.estimator.log_prob(_tensor(torch, z)[:, None], one)[:, 0]
            else:
                found = self.estimator.log_prob(_tensor(torch, z)[None], one)[0]
        return np.asarray(found.numpy(), dtype=float)


def learn_density(
    draw: Draw,
    *,
    steps: int,
    seed: int,
    folder: Path | None = None,
    identity: str = "",
    tell: Callable[[int, float], None] = lambda step, loss: None,
) -> Density:
    """Learn the density of circuits given contexts from examples that are new in each step.

    Parameters
    ----------
    draw : callable
        From a number and a generator to circuits and contexts.
    steps : int
        Steps of the optimizer.
    seed : int
        Equal ones give equal densities.
    folder : Path | None
        Where it is kept every so many steps, so that what was stopped goes on there.
    identity : str
        Text that differs whenever examples could.
    tell : callable
        Hears of the step and the loss of other examples.
    """
    torch = torch_module()
    known = draw(SEEN, np.random.default_rng([seed, 30]))
    held = draw(VALIDATION, np.random.default_rng([seed, 31]))
    with seeded(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of functions that PyTorch will lose
        estimator = _build(*known)
        optimizer = torch.optim.Adam(estimator.parameters(), lr=1e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        run = _Run(estimator, optimizer, schedule, folder, f"{identity}|{steps}|{seed}")
        held_z, held_context = (_tensor(torch, one) for one in held)
        losses: list[float] = []
        for step in range(run.begin(), steps):
            z, context = (_tensor(torch, one) for one in draw(BATCH, np.random.default_rng([seed, 32, step])))
            optimizer.zero_grad()
            loss = estimator.loss(z, context).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(estimator.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if (step + 1) % KEEP_EVERY == 0 or step + 1 == steps:
                estimator.eval()
                with torch.no_grad():
                    other = float(estimator.loss(held_z, held_context).mean())
                estimator.train()
                run.keep(step + 1, float(np.mean(losses)), other)
                tell(step + 1, other)
                losses = []
    return Density(
        weights={name: one.detach().numpy().copy() for name, one in estimator.state_dict().items()},
        n_free=known[0].shape[1],
        n_context=known[1].shape[1],
        training=np.array(run.training),
        validation=np.array(run.validation),
    )


class _Run:
    """Where learning is, in a file."""

    def __init__(self, estimator: Any, optimizer: Any, schedule: Any, folder: Path | None, identity: str) -> None:
        import hashlib

        name = hashlib.sha256(identity.encode()).hexdigest()[:32]
        self.parts = {"estimator": estimator, "optimizer": optimizer, "schedule": schedule}
        self.file = None if folder is None else folder / f"learned-{name}.pt"
        self.training: list[float] = []
        self.validation: list[float] = []

    def begin(self) -> int:
        """Return the step to go on with."""
        torch = torch_module()
        if self.file is None or not self.file.exists():
            return 0
        kept = torch.load(self.file, weights_only=True)
        for name, part in self.parts.items():
            part.load_state_dict(kept[name])
        self.training, self.validation = list(kept["training"]), list(kept["validation"])
        return int(kept["step"])

    def keep(self, step: int, training: float, validation: float) -> None:
        """Keep what was learned until here."""
        from .._files import scratch_file

        torch = torch_module()
        self.training.append(training)
        self.validation.append(validation)
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        state = {name: part.state_dict() for name, part in self.parts.items()}
        with scratch_file(self.file, "estimator") as scratch:
            torch.save({**state, "step": step, "training": self.training, "validation": self.validation}, scratch)
