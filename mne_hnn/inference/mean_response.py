"""What a column whose cells fire gives on average, for any times of its drives: networks that regress single trials.

The mean squared error of single trials is smallest at their mean, so that a regression finds what many trials would
give. Each drive adds a course that moves with its time: what it adds depends on the drives before and on its own
numbers, and is a sum of smooth bumps after its time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._types import FloatArray
from .bank import Bank
from .circuit_model import BoolArray
from .kept_arrays import read_arrays, write_arrays
from .scope import Scope
from .torch_parts import seeded, torch_module

__all__ = ["Layout", "MeanResponse", "learn_mean_response"]

VERSION = 1
"""Of how it is learned."""
KNOT_MS, BEFORE_MS = 6.0, 48.0
"""Bumps of what a drive adds: their distance, and how early the first is before the mean time of the drive's events."""
HIDDEN = 192
FOLDS = 5
BATCH = 128
PATIENCE = 12
EVERY = 2
"""Smoothed responses are learned at every other time: bumps are far wider."""
SOFT_MOMENT = 0.3
"""Responses smaller than this share of the usual one are compared as if they were so large."""
CHUNK = 2048


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Where numbers of drives are in a circuit.

    Attributes
    ----------
    drives : tuple of tuple of int
        Places of spread and weights of each drive.
    times : tuple of int
        Places of their times.
    mean, sd : array, shape (n_free,)
        What is expected, to get times in ms.
    tstop : float
        Length of the record, ms.
    n_types : int
        Cell types whose spikes are known.
    """

    drives: tuple[tuple[int, ...], ...]
    times: tuple[int, ...]
    mean: FloatArray
    sd: FloatArray
    tstop: float
    n_types: int

    @classmethod
    def of(cls, scope: Scope) -> Layout:
        """Return that of a scope's broad prior."""
        vector = scope.broad
        paths = scope.paths
        drives = []
        for name in vector.names:
            own = [k for k, path in enumerate(paths) if path.startswith(f"drives.{name}.")]
            drives.append(tuple(k for k in own if not paths[k].endswith("mu_ms")))
        return cls(
            drives=tuple(drives),
            times=tuple(k for k, path in enumerate(paths) if path.endswith("mu_ms")),
            mean=vector.mean[:-1],
            sd=vector.sd[:-1],
            tstop=scope.tstop,
            n_types=len(scope.data.types),
        )

    @property
    def knots_ms(self) -> FloatArray:
        """Where bumps are, ms after the time of a drive."""
        return np.arange(-BEFORE_MS, self.tstop + KNOT_MS, KNOT_MS)

    def times_of(self, z: FloatArray) -> FloatArray:
        """Return times of drives, ms, shape (n, n_drives)."""
        at = list(self.times)
        return np.asarray(self.mean[at] + self.sd[at] * z[:, at])

    def features(self, z: FloatArray) -> list[FloatArray]:
        """Return what the part of each drive depends on, shape (n, n_features) each: drives up to it."""
        times = self.times_of(z)
        found = []
        for k in range(len(self.drives)):
            columns = [np.clip(z[:, list(some)], -6, 6) for some in self.drives[: k + 1]]
            columns += [np.diff(times[:, : k + 1], axis=1) / 30.0, times[:, k : k + 1] / self.tstop]
            found.append(np.hstack(columns))
        return found


def _module(layout: Layout, sizes: list[int]) -> Any:
    """Return the network of one fold."""
    torch = torch_module()
    n_knots = len(layout.knots_ms)

    def column(n_in: int, n_out: int) -> Any:
        """Return layers that end in so many numbers."""
        last = torch.nn.Linear(HIDDEN, n_out)
        with torch.no_grad():
            last.weight *= 0.1
        return torch.nn.Sequential(
            torch.nn.Linear(n_in, HIDDEN), torch.nn.SiLU(), torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.SiLU(), last
        )

    parts = torch.nn.ModuleDict({f"drive{k}": column(size, n_knots) for k, size in enumerate(sizes)})
    parts["rates"] = column(sizes[-1] + len(sizes) - 1, layout.n_types)
    parts["start"] = torch.nn.Linear(1, n_knots, bias=False)
    return parts


def _bumps(layout: Layout, times_ms: Any, since: Any) -> Any:
    """Return the values of all bumps at times after drives, shape (n, n_times, n_knots)."""
    torch = torch_module()
    knots = torch.as_tensor(layout.knots_ms, dtype=torch.float32)
    lag = times_ms[None, :, None] - since[:, None, None] - knots
    return torch.exp(-0.5 * (lag / KNOT_MS) ** 2)


def _heights(parts: Any, features: list[Any]) -> list[Any]:
    """Return how high the bumps are at the start, and after each drive, shape (n, n_knots) each."""
    torch = torch_module()
    start = parts["start"](torch.ones((len(features[0]), 1)))
    return [start, *[parts[f"drive{k}"](some) for k, some in enumerate(features)]]


def _summed(bumps: list[Any], heights: list[Any]) -> Any:
    """Return the sum of all bumps, shape (n, n_times)."""
    torch = torch_module()
    return sum(torch.einsum("ntk,nk->nt", one, height) for one, height in zip(bumps, heights, strict=True))


def _rates_in(layout: Layout, features: list[Any], times: Any) -> Any:
    torch = torch_module()
    return torch.cat([features[-1], times[:, :-1] / layout.tstop], dim=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanResponse:
    """Mean moments and spikes of circuits, of all folds on average.

    Attributes
    ----------
    layout : Layout
        Where numbers are.
    folds : tuple of mapping of str to array
        Weights of each fold's network.
    centre, scale : array
        Of the logarithms of spikes, and the usual size of a moment, A m (last).
    """

    layout: Layout
    folds: tuple[Mapping[str, FloatArray], ...]
    centre: FloatArray
    scale: FloatArray

    def moments(self, z: FloatArray, times_ms: FloatArray) -> FloatArray:
        """Return mean moments of circuits, A m of one column, shape (n, n_times).

        Parameters
        ----------
        z : array, shape (n, n_free)
            Circuits, as the scope draws them.
        times_ms : array, shape (n_times,)
            Times, ms.
        """
        torch = torch_module()
        at = torch.as_tensor(np.array(times_ms), dtype=torch.float32)
        found = np.empty((len(z), len(times_ms)))
        with torch.no_grad():
            for first in range(0, len(z), CHUNK):
                _, features, bumps = _tensors(self.layout, z[first : first + CHUNK], at)
                folds = [_heights(parts, features) for parts in self._modules()]
                moment = _summed(bumps, [sum(some) / len(folds) for some in zip(*folds, strict=True)])
                found[first : first + CHUNK] = moment.numpy() * self.scale[-1]
        return found

    def log_rates(self, z: FloatArray) -> FloatArray:
        """Return logarithms of spikes per cell of circuits, shape (n, n_types)."""
        torch = torch_module()
        with torch.no_grad():
            times, features, _ = _tensors(self.layout, z, None)
            folds = [parts["rates"](_rates_in(self.layout, features, times)) for parts in self._modules()]
            return np.asarray(self.centre + self.scale[:-1] * (sum(folds) / len(folds)).numpy())

    def _modules(self) -> list[Any]:
        kept = self.__dict__.get("_kept")
        if kept is None:
            torch = torch_module()
            kept = []
            for weights in self.folds:
                parts = _module(self.layout, _sizes(self.layout))
                parts.load_state_dict({name: torch.as_tensor(np.array(value)) for name, value in weights.items()})
                kept.append(parts)
            self.__dict__["_kept"] = kept
        return list(kept)


def _sizes(layout: Layout) -> list[int]:
    return [one.shape[1] for one in layout.features(np.zeros((1, len(layout.mean))))]


def _tensors(layout: Layout, z: FloatArray, at: Any | None) -> tuple[Any, list[Any], list[Any]]:
    torch = torch_module()
    times = torch.as_tensor(layout.times_of(z), dtype=torch.float32)
    features = [torch.as_tensor(one, dtype=torch.float32) for one in layout.features(z)]
    since = [torch.zeros(len(z)), *[times[:, k] for k in range(times.shape[1])]]
    return times, features, [] if at is None else [_bumps(layout, at, one) for one in since]


def learn_mean_response(
    scope: Scope, bank: Bank, *, seed: int, epochs: int, folds: int = FOLDS, folder: Path | None = None
) -> MeanResponse:
    """Regress moments and logarithms of spikes on circuits.

    Each network leaves out another part of the bank, and ends where it predicts that part best.

    Parameters
    ----------
    scope : Scope
        The column.
    bank : Bank
        Single trials.
    seed : int
        Equal ones give equal networks.
    epochs : int
        Passes through the bank at most.
    folds : int
        How many networks.
    folder : Path | None
        Where each of them is kept once it is trained.
    """
    layout = Layout.of(scope)
    size = float(np.median(np.sqrt(np.mean(bank.moments**2, axis=1)))) or 1.0
    centre, spread = bank.log_rates.mean(axis=0), bank.log_rates.std(axis=0)
    scale = np.append(np.where(spread > 0, spread, 1.0), size)
    wanted = (bank.moments / size, (bank.log_rates - centre) / scale[:-1])
    content = b"".join(np.ascontiguousarray(one).tobytes() for one in (bank.z, *wanted, scope.times_ms))
    told = f"{VERSION}|{hashlib.sha256(content).hexdigest()}|{seed}|{epochs}|{folds}"
    parts: list[Mapping[str, FloatArray]] = []
    for number in range(folds):
        name = hashlib.sha256(f"{told}|{number}".encode()).hexdigest()[:32]
        file = None if folder is None else folder / f"fold-{name}.npz"
        known: Mapping[str, FloatArray] | None = None if file is None else read_arrays(file)
        if known is None:
            known = _fold(
                layout,
                scope.times_ms,
                bank.z,
                wanted,
                held=np.arange(len(bank)) % folds == number,
                seed=seed + number,
                epochs=epochs,
            )
            if file is not None:
                write_arrays(file, known)
        parts.append(known)
    return MeanResponse(layout=layout, folds=tuple(parts), centre=centre, scale=scale)


def _fold(
    layout: Layout,
    times_ms: FloatArray,
    z: FloatArray,
    wanted: tuple[FloatArray, FloatArray],
    *,
    held: BoolArray,
    seed: int,
    epochs: int,
) -> Mapping[str, FloatArray]:
    """Train a network until it predicts circuits that are held back best."""
    torch = torch_module()
    with seeded(seed):
        parts = _module(layout, _sizes(layout))
        at = torch.as_tensor(np.array(times_ms[::EVERY]), dtype=torch.float32)
        times, features, bumps = _tensors(layout, z, at)
        moment, rates = (torch.as_tensor(one, dtype=torch.float32) for one in (wanted[0][:, ::EVERY], wanted[1]))
        # what is large must not count for all: its chance is as large
        weight = 1.0 / (SOFT_MOMENT**2 + torch.mean(moment**2, dim=1))
        weight = weight / weight.mean()
        inside, outside = (torch.as_tensor(np.flatnonzero(some)) for some in (~held, held))
        optimizer = torch.optim.AdamW(parts.parameters(), lr=2e-3, weight_decay=2e-2)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)

        def loss(which: Any) -> Any:
            """Return the mean squared error of some circuits."""
            some = [one[which] for one in features]
            made = _summed([one[which] for one in bumps], _heights(parts, some))
            said = parts["rates"](_rates_in(layout, some, times[which]))
            apart = torch.mean((made - moment[which]) ** 2, dim=1) * weight[which]
            return torch.mean(apart) + 0.3 * torch.mean((said - rates[which]) ** 2)

        best, kept, bad = float("inf"), parts.state_dict(), 0
        for _ in range(epochs):
            order = inside[torch.randperm(len(inside))]
            for first in range(0, len(order), BATCH):
                optimizer.zero_grad()
                loss(order[first : first + BATCH]).backward()
                optimizer.step()
            schedule.step()
            with torch.no_grad():
                value = float(loss(outside))
            if value < best:
                best, bad = value, 0
                kept = {name: one.clone() for name, one in parts.state_dict().items()}
            else:
                bad += 1
                if bad > PATIENCE:
                    break
    return {name: one.numpy() for name, one in kept.items()}
