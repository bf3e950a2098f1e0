"""Networks drawn from a seed: cells, channels, synapses, connections, drives and biases far from the published ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mne_hnn.network import (
    CellTemplate,
    Connection,
    Exponential,
    Linear,
    Network,
    PoissonDrive,
    Section,
    SpikeTrainDrive,
    Synapse,
    Tabulated,
    calcium,
    jones_2009,
    law_2021,
    replace,
)
from mne_hnn.network.sections import Branch

PUBLISHED = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
STEPS_ms = (0.025, 0.025, 0.025, 0.05, 0.0125, 0.1)


@dataclass(frozen=True)
class Case:
    """A network and how it is run."""

    network: Network
    tstop: float
    dt: float
    trial: int


def _profile(rng: np.random.Generator, size: float):
    """A density about as large as `size`, uniform or not."""
    kind = rng.integers(4)
    if kind == 0:
        return Linear(size * rng.uniform(0.5, 1.0), size * rng.uniform(1.0, 2.0), rng.uniform(100, 900))
    if kind == 1:
        return Exponential(size * rng.uniform(0.5, 1.0), rng.uniform(-0.003, 0.0005), rng.uniform(0, 0.3))
    if kind == 2:
        distances = np.cumsum(rng.uniform(20, 300, 4))
        return Tabulated(tuple(distances), tuple(size * rng.uniform(0.5, 1.5, 4)))
    return size * rng.uniform(0.7, 1.4)


def _reshaped(rng: np.random.Generator, section: Section) -> dict[str, float]:
    """Some fields of a section, changed."""
    changes = {
        "nseg_override": int(rng.integers(1, 7)),
        "diam_um": section.diam_um * rng.uniform(0.7, 1.4),
        "Ra_ohm_cm": rng.uniform(100, 300),
        "cm_uF_cm2": section.cm_uF_cm2 * rng.uniform(0.8, 1.3),
        "v_init_mV": section.v_init_mV + rng.uniform(-6, 6),
        "L_um": section.L_um * rng.uniform(0.6, 1.5),
    }
    return {name: value for name, value in changes.items() if rng.random() < 0.3}


def edited_cell(rng: np.random.Generator, template: CellTemplate) -> CellTemplate:
    """Return a published cell with other shapes, densities and synapses."""
    for name in list(template.sections):
        section = template.sections[name]
        template = template.with_section(name, **_reshaped(rng, section))
        if "hh" in section.channels and rng.random() < 0.4:
            template = template.with_channel(name, "hh", gnabar=_profile(rng, 0.15), gl=_profile(rng, 5e-5))
        if "ca" in section.channels and rng.random() < 0.3:
            template = template.with_channel(name, "ca", gbar=_profile(rng, 50.0))
            template = template.with_channel(name, "cad", taur=rng.uniform(5, 60))
        if "km" in section.channels and rng.random() < 0.2:
            template = template.without_channel(name, "km")
    for receptor in template.synapses:
        if rng.random() < 0.3:
            fall = rng.uniform(2, 40)
            template = template.with_synapse(receptor, tau1_ms=fall * rng.uniform(0.05, 1.0), tau2_ms=fall)
    return template


def grown_cell(rng: np.random.Generator, name: str) -> CellTemplate:
    """Return a cell of one's own: a random tree whose root is any of its sections, some of them without channels."""
    n = int(rng.integers(1, 8))
    names = [f"part_{k}" for k in rng.permutation(n)]
    synapses = {
        "ampa": Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0),
        "nmda": Synapse(e_mV=0.0, tau1_ms=1.0, tau2_ms=20.0),
        "gabaa": Synapse(e_mV=-80.0, tau1_ms=0.5, tau2_ms=5.0),
        **{f"more_{k}": Synapse(e_mV=-80.0 * k, tau1_ms=1.0 + k, tau2_ms=9.0) for k in range(rng.integers(4))},
    }
    order = rng.permutation(n)  # of growth: the root can stand anywhere among the sections
    tree = [
        Branch(
            child=names[child],
            parent=names[order[rng.integers(place)]],
            child_end=int(rng.random() < 0.25),
            parent_end=int(rng.random() < 0.7),
        )
        for place, child in enumerate(order)
        if place
    ]
    sections = {}
    for index, part in enumerate(names):
        root = index == order[0]
        channels = {"hh": {"gnabar": _profile(rng, 0.12), "el": rng.uniform(-70, -58)}}
        if rng.random() < 0.3:
            channels["km"] = {"gbar": _profile(rng, 100.0)}
        if rng.random() < 0.3:
            channels |= {"ca": {"gbar": 30.0}, "cad": {}, "kca": {"gbar": 2e-4}, "cat": {"gbar": 1e-4}}
        if rng.random() < 0.2:
            channels = {"ar": {"gbar": 1e-5}}
        if rng.random() < 0.2 and not root:
            channels = {}
        sections[part] = Section(
            L_um=rng.uniform(15, 400),
            diam_um=rng.uniform(2, 25) if root else rng.uniform(1, 6),
            Ra_ohm_cm=rng.uniform(80, 300),
            cm_uF_cm2=rng.uniform(0.6, 1.2),
            v_init_mV=rng.uniform(-75, -60),
            end_points_um=((0.0, 0.0, 0.0), tuple(rng.uniform(-100, 100, 3))),
            channels=channels,
            receptors=tuple(synapses),
            nseg_override=None if rng.random() < 0.5 else int(rng.integers(1, 8)),
        )
    some = rng.permutation(names)[: rng.integers(1, n + 1)]
    return CellTemplate(
        name=name,
        sections=sections,
        tree=tree,
        synapses=synapses,
        locations={"proximal": (names[order[0]],), "distal": tuple(some)},
        layer=str(rng.choice(["L2", "L5", "L6"])),
        morphology="pyramidal",
        electro_type=str(rng.choice(["excitatory", "inhibitory"])),
        measures_dipole=bool(rng.random() < 0.6),
    )


def _connected(rng: np.random.Generator, network: Network, dt: float) -> Network:
    """Some connections more, and other thresholds of their sources."""
    types = list(network.populations)
    for _ in range(rng.integers(1, 6)):
        source, target = (str(rng.choice(types)) for _ in range(2))
        template = network.cell_types[target]
        places = [name for name in template.locations if template.sections_at(name)] + list(template.sections)
        location = str(rng.choice(places))
        shared = set.intersection(*(set(template.sections[s].receptors) for s in template.sections_at(location)))
        more = {}
        if rng.random() < 0.3:
            more = {"probability": rng.uniform(0.2, 0.9), "seed": int(rng.integers(99))}
        elif rng.random() < 0.3:
            sizes = [len(network.populations[name]) for name in (source, target)]
            more = {"pairs": [(int(rng.integers(sizes[0])), int(rng.integers(sizes[1])))]}
        network = network.with_connections(
            Connection(
                source=source,
                target=target,
                location=location,
                receptor=str(rng.choice(sorted(shared))),
                weight_uS=float(rng.choice([0.0, 2e-4, 1e-3])),
                # as fast as can be, between two steps, exactly on half a step, usual
                delay_ms=float(rng.choice([dt, 1.7 * dt, 2.5 * dt, 1.0, rng.uniform(0.5, 4.0)])),
                lamtha=float(rng.choice([3.0, 20.0, 1e6])),
                allow_autapses=bool(rng.random() < 0.5),
                **more,
            )
        )
    if rng.random() < 0.5:
        thresholds = {name: rng.uniform(-30, 10) for name in types}
        changed = [replace(c, threshold_mV=thresholds[c.source]) for c in network.connections]
        network = replace(network, connections=tuple(changed))
    return network


def _driven(rng: np.random.Generator, network: Network, dt: float) -> Network:
    """Drives of every kind."""
    strong = float(rng.choice([0.5, 2.0, 5.0]))
    common = {"L2_pyramidal": 1e-3 * strong, "L5_pyramidal": 2e-3 * strong}
    baskets = {"L2_basket": 1e-3 * strong, "L5_basket": 1e-3 * strong}
    own = {name: 2e-3 * strong for name in network.populations if name not in PUBLISHED}
    network = network.with_evoked_drive(
        "proximal", mu_ms=rng.uniform(5, 30), sigma_ms=float(rng.choice([0.0, 2.5])), numspikes=int(rng.integers(1, 3)),
        location="proximal", weights_ampa={**common, **baskets, **own}, weights_nmda={**common, **own},
        synaptic_delays=float(rng.choice([0.0, 0.1, 1.0])), event_seed=int(rng.integers(1000)),
    )  # fmt: skip
    if rng.random() < 0.5:
        network = network.with_bursty_drive(
            "bursts", burst_rate_Hz=40.0, burst_std_ms=3.0, tstart=10.0, tstart_std=2.0, location="distal",
            weights_ampa={name: weight / 4 for name, weight in common.items()}, weights_nmda=own,
            n_drive_cells=3, event_seed=int(rng.integers(1000)),
        )  # fmt: skip
    if rng.random() < 0.5:
        drive = PoissonDrive(
            name="noise", rate_Hz=rng.uniform(20, 150), location="proximal", space_constant=1e6,
            weights_ampa={name: weight / 3 for name, weight in {**common, **baskets}.items()},
            probability=float(rng.choice([1.0, 0.6])), event_seed=int(rng.integers(1000)),
        )  # fmt: skip
        network = network.with_drives(drive)
    if rng.random() < 0.6:
        # at the start, on steps, in the middle between two, and just beside
        k = int(rng.integers(100, 400))
        times = [0.0, k * dt, (k + 7.5) * dt, (k + 11.5) * dt + 1e-12, (k + 20.5) * dt - 1e-12, rng.uniform(0, 60)]
        drive = SpikeTrainDrive(
            name="trains", times_ms=(times[::2], times[1::2]), location="proximal",
            weights_ampa={**common, **baskets}, space_constant=1e9, synaptic_delays=float(rng.choice([0.0, 3 * dt])),
        )  # fmt: skip
        network = network.with_drives(drive)
    return network


def _biased(rng: np.random.Generator, network: Network, dt: float) -> Network:
    """None, one or several currents, on and off at any time."""
    for number in range(rng.integers(3)):
        kind = str(rng.choice(list(network.populations)))
        start = float(rng.choice([0.0, 20 * dt, 20.5 * dt, rng.uniform(0, 40)]))
        network = network.with_tonic_bias(
            f"bias {number}", amplitude_nA={kind: rng.uniform(-0.3, 1.0)}, section=network.cell_types[kind].root,
            t0_ms=start, tstop_ms=None if rng.random() < 0.5 else start + rng.uniform(1, 40),
        )  # fmt: skip
    return network


def random_case(seed: int) -> Case:
    """Return the network of a seed, and how it is run."""
    rng = np.random.default_rng(seed)
    model = (jones_2009, law_2021, calcium)[rng.integers(3)]
    network = model(mesh_shape=tuple(int(n) for n in rng.integers(1, 4, 2)))
    dt = float(rng.choice(STEPS_ms))
    for name in PUBLISHED:
        if rng.random() < 0.5:
            network = network.with_cell(name, edited_cell(rng, network.cell_types[name]))
    for number in range(rng.integers(3)):
        positions = [tuple(p) for p in rng.uniform(0, 100, (int(rng.integers(1, 10)), 3))]
        network = network.with_population(f"own_{number}", grown_cell(rng, f"own_{number}"), positions)
    network = replace(network, threshold_mV=float(rng.choice([0.0, 0.0, -15.0, 5.0])))
    network = _connected(rng, network, dt)
    network = network.with_gains(**{name: rng.uniform(0.5, 1.5) for name in ("e_e", "e_i", "i_e", "i_i")})
    network = _biased(rng, _driven(rng, network, dt), dt)
    return Case(network, float(rng.choice([60.0, 80.0, 100.0])), dt, int(rng.integers(3)))
