"""Ready models.

Published values: Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009, with the parameters of
Neymotin et al. 2020, https://doi.org/10.7554/eLife.51214; Law et al. 2021,
https://doi.org/10.1093/cercor/bhab221; Kohl et al. 2022,
https://doi.org/10.1007/s10548-021-00838-0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._checks import check_bool, check_finite, check_name, check_non_negative
from .._value import FrozenMap, replace
from ..errors import ParameterError
from .cells import CellTemplate
from .connections import Connection
from .grid import grid_positions
from .network import Network
from .populations import Population
from .templates import calcium_templates, jones_2009_templates, law_2021_templates

__all__ = [
    "MODELS",
    "WEIGHT_SETS",
    "calcium",
    "jones_2009",
    "law_2021",
    "model",
    "neymotin_2020",
    "weight_set",
    "with_erp_drives",
]

DELAY_MS = 1.0

# key of the weight: rows of (source, target, location, receptor, space constant, autapses)
_L2B, _L2P, _L5B, _L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
_ROWS: tuple[tuple[str, str, str, str, str, float, bool], ...] = (
    ("gbar_L2Pyr_L2Pyr_nmda", _L2P, _L2P, "proximal", "nmda", 3.0, False),
    ("gbar_L2Pyr_L2Pyr_ampa", _L2P, _L2P, "proximal", "ampa", 3.0, False),
    ("gbar_L5Pyr_L5Pyr_nmda", _L5P, _L5P, "proximal", "nmda", 3.0, False),
    ("gbar_L5Pyr_L5Pyr_ampa", _L5P, _L5P, "proximal", "ampa", 3.0, False),
    ("gbar_L2Basket_L2Pyr_gabaa", _L2B, _L2P, "soma", "gabaa", 50.0, True),
    ("gbar_L2Basket_L2Pyr_gabab", _L2B, _L2P, "soma", "gabab", 50.0, True),
    ("gbar_L5Basket_L5Pyr_gabaa", _L5B, _L5P, "soma", "gabaa", 70.0, True),
    ("gbar_L5Basket_L5Pyr_gabab", _L5B, _L5P, "soma", "gabab", 70.0, True),
    ("gbar_L2Pyr_L5Pyr", _L2P, _L5P, "proximal", "ampa", 3.0, True),
    ("gbar_L2Pyr_L5Pyr", _L2P, _L5P, "distal", "ampa", 3.0, True),
    ("gbar_L2Basket_L5Pyr", _L2B, _L5P, "distal", "gabaa", 50.0, True),
    ("gbar_L2Pyr_L2Basket", _L2P, _L2B, "soma", "ampa", 3.0, True),
    ("gbar_L2Basket_L2Basket", _L2B, _L2B, "soma", "gabaa", 20.0, True),
    ("gbar_L5Basket_L5Basket", _L5B, _L5B, "soma", "gabaa", 20.0, False),
    ("gbar_L5Pyr_L5Basket", _L5P, _L5B, "soma", "ampa", 3.0, True),
    ("gbar_L2Pyr_L5Basket", _L2P, _L5B, "soma", "ampa", 3.0, True),
)

_DEFAULT: FrozenMap[float] = FrozenMap(
    {
        "gbar_L2Pyr_L2Pyr_ampa": 0.0005,
        "gbar_L2Pyr_L2Pyr_nmda": 0.0005,
        "gbar_L2Basket_L2Pyr_gabaa": 0.05,
        "gbar_L2Basket_L2Pyr_gabab": 0.05,
        "gbar_L2Pyr_L2Basket": 0.0005,
        "gbar_L2Basket_L2Basket": 0.02,
        "gbar_L5Pyr_L5Pyr_ampa": 0.0005,
        "gbar_L5Pyr_L5Pyr_nmda": 0.0005,
        "gbar_L2Pyr_L5Pyr": 0.00025,
        "gbar_L2Basket_L5Pyr": 0.001,
        "gbar_L5Basket_L5Pyr_gabaa": 0.025,
        "gbar_L5Basket_L5Pyr_gabab": 0.025,
        "gbar_L5Basket_L5Basket": 0.02,
        "gbar_L5Pyr_L5Basket": 0.0005,
        "gbar_L2Pyr_L5Basket": 0.00025,
    }
)

#: Published weight sets by name: the weight of each connection, uS, under its published name.
WEIGHT_SETS: Mapping[str, FrozenMap[float]] = FrozenMap(
    {
        "default": _DEFAULT,
        "N20": _DEFAULT.replace(
            gbar_L2Pyr_L2Pyr_ampa=0.0002,
            gbar_L2Pyr_L2Pyr_nmda=0.0002,
            gbar_L5Pyr_L5Pyr_ampa=0.001,
            gbar_L2Pyr_L5Pyr=0.0002,
            gbar_L2Basket_L5Pyr=0.002,
            gbar_L5Basket_L5Pyr_gabaa=0.02,
            gbar_L5Basket_L5Pyr_gabab=0.06,
        ),
        # gamma rhythms: only the connections of the two E-I loops are left
        "gamma_L5weak_L2weak": FrozenMap(dict.fromkeys(_DEFAULT, 0.0)).replace(
            gbar_L2Basket_L2Pyr_gabaa=0.007,
            gbar_L2Pyr_L2Basket=0.0012,
            gbar_L2Basket_L2Basket=0.01,
            gbar_L5Basket_L5Pyr_gabaa=0.08,
            gbar_L5Basket_L5Basket=0.0075,
            gbar_L5Pyr_L5Basket=0.00091,
        ),
    }
)


def weight_set(weights: str | Mapping[str, float] | None = None) -> FrozenMap[float]:
    """Return the weight of each published connection.

    Parameters
    ----------
    weights : str | mapping of str to float | None
        Name of a row of :data:`WEIGHT_SETS` (the name of its parameter file, with ``.json``, is
        accepted); or weights, in uS, that replace those of the default set; None for the default
        set.

    Returns
    -------
    FrozenMap
        Weights by published name, uS.

    Examples
    --------
    >>> usual, median_nerve = weight_set(), weight_set("N20")
    >>> usual.keys() == median_nerve.keys()
    True
    """
    if weights is None:
        return _DEFAULT
    if isinstance(weights, Mapping):
        for key, value in weights.items():
            check_name(key, _DEFAULT, "connection weight")
            check_non_negative(value, f"Weight {key!r} (uS)")
        return FrozenMap({**_DEFAULT, **{key: float(value) for key, value in weights.items()}})
    name = weights.removesuffix(".json") if isinstance(weights, str) else weights
    return WEIGHT_SETS[check_name(name, WEIGHT_SETS, "weight set")]


def _column(
    name: str,
    templates: Mapping[str, CellTemplate],
    mesh_shape: tuple[int, int],
    weights: str | Mapping[str, float] | None,
) -> Network:
    uS = weight_set(weights)
    populations = {
        cell_type: Population(
            template=template, positions_um=grid_positions(template.morphology, template.layer, mesh_shape)
        )
        for cell_type, template in templates.items()
    }
    connections = [
        Connection(
            source=source,
            target=target,
            location=location,
            receptor=receptor,
            weight_uS=uS[key],
            delay_ms=DELAY_MS,
            lamtha=lamtha,
            allow_autapses=autapses,
        )
        for key, source, target, location, receptor, lamtha, autapses in _ROWS
    ]
    return Network(name=name, populations=populations, connections=connections, mesh_shape=mesh_shape)


def jones_2009(
    mesh_shape: tuple[int, int] = (10, 10),
    weights: str | Mapping[str, float] | None = None,
    drives: bool = False,
) -> Network:
    """Return the default column, with the parameters of Neymotin et al. 2020.

    Parameters
    ----------
    mesh_shape : tuple of int
        Pyramidal cells of each layer along x and y.
    weights : str | mapping of str to float | None
        Weights of the connections; see :func:`weight_set`.
    drives : bool
        Whether to add the drives of :func:`with_erp_drives`.

    Returns
    -------
    Network
        35 + 100 + 35 + 100 cells on the default grid, 16 connections.

    Examples
    --------
    >>> column = jones_2009()
    >>> column.n_cells, len(column.connections), len(column.drives)
    (270, 16, 0)
    >>> sorted(jones_2009(mesh_shape=(3, 3), drives=True).drives)
    ['evdist1', 'evprox1', 'evprox2']
    """
    network = _column("jones_2009", jones_2009_templates(), mesh_shape, weights)
    return with_erp_drives(network) if check_bool(drives, "drives") else network


def neymotin_2020(
    mesh_shape: tuple[int, int] = (10, 10),
    weights: str | Mapping[str, float] | None = None,
    drives: bool = False,
) -> Network:
    """Return the same column as :func:`jones_2009`, under its newer name; the two are equal.

    Examples
    --------
    >>> neymotin_2020() == jones_2009()
    True
    """
    return replace(jones_2009(mesh_shape, weights, drives), name="neymotin_2020")


def law_2021(
    mesh_shape: tuple[int, int] = (10, 10),
    weights: str | Mapping[str, float] | None = None,
    drives: bool = False,
) -> Network:
    """Return the column of Law et al. 2021, with slow GABA-B and changed inhibition of layer 5.

    Parameters
    ----------
    mesh_shape : tuple of int
        Pyramidal cells of each layer along x and y.
    weights : str | mapping of str to float | None
        Weights of the connections that the publication leaves as they were.
    drives : bool
        Whether to add the drives of :func:`with_erp_drives`.

    Returns
    -------
    Network
        17 connections.

    Examples
    --------
    >>> law_2021(mesh_shape=(3, 3)).cell_types["L2_pyramidal"].synapses["gabab"].tau2_ms
    200.0
    """
    network = _column("law_2021", law_2021_templates(), mesh_shape, weights)
    changed = {("L5_pyramidal", "nmda"): 0.0004, ("L5_basket", "gabaa"): 0.02, ("L5_basket", "gabab"): 0.005}
    for (source, receptor), weight in changed.items():
        network = network.with_connection_changes(
            changes={"weight_uS": weight}, source=source, target="L5_pyramidal", receptor=receptor
        )
    network = network.without_connections(source="L2_basket", target="L5_pyramidal", location="distal")
    distal = weight_set(weights)["gbar_L5Basket_L5Pyr_gabaa"]
    for source, receptor, weight, lamtha in (
        ("L2_basket", "gabab", 0.0002, 50.0),
        ("L5_basket", "gabaa", distal, 70.0),
    ):
        network = network.with_connection(
            source,
            "L5_pyramidal",
            location="distal",
            receptor=receptor,
            weight_uS=weight,
            delay_ms=DELAY_MS,
            lamtha=lamtha,
        )
    return with_erp_drives(network) if check_bool(drives, "drives") else network


def calcium(
    mesh_shape: tuple[int, int] = (10, 10),
    weights: str | Mapping[str, float] | None = None,
    drives: bool = False,
) -> Network:
    """Return the column of Kohl et al. 2022, with distance-dependent channels in layer 5.

    Parameters
    ----------
    mesh_shape : tuple of int
        Pyramidal cells of each layer along x and y.
    weights : str | mapping of str to float | None
        Weights of the connections; see :func:`weight_set`.
    drives : bool
        Whether to add the drives of :func:`with_erp_drives`.

    Returns
    -------
    Network
        The connections of :func:`jones_2009`.

    Examples
    --------
    >>> column = calcium(mesh_shape=(3, 3))
    >>> column.cell_types["L5_pyramidal"].sections["apical_tuft"].channels["ca"]["gbar"]
    Linear(start=10.0, stop=40.0, distance_um=1501.0)
    """
    network = _column("calcium", calcium_templates(), mesh_shape, weights)
    return with_erp_drives(network) if check_bool(drives, "drives") else network


#: The ready models by name.
MODELS: Mapping[str, Callable[..., Network]] = FrozenMap(
    {"jones_2009": jones_2009, "neymotin_2020": neymotin_2020, "law_2021": law_2021, "calcium": calcium}
)


def model(name: str, **options: Any) -> Network:
    """Return a ready model by name.

    Parameters
    ----------
    name : str
        A key of :data:`MODELS`.
    **options
        ``mesh_shape``, ``weights`` and ``drives`` of the model.

    Returns
    -------
    Network
        The model.

    Raises
    ------
    ParameterError
        If the model or an option is not known; the message names the nearest one.

    Examples
    --------
    >>> model("law_2021", mesh_shape=(3, 3)) == law_2021(mesh_shape=(3, 3))
    True
    """
    build = MODELS[check_name(name, MODELS, "model")]
    for option in options:
        check_name(option, ("mesh_shape", "weights", "drives"), "option", where=f"of model {name!r}")
    return build(**options)


def with_erp_drives(network: Network, tstart: float = 0.0) -> Network:
    """Return a network with the three drives of a somatosensory evoked response added.

    Two proximal (feedforward) inputs around 27 and 137 ms and a distal (feedback) one around
    64 ms: Jones et al. 2007, https://doi.org/10.1523/JNEUROSCI.0482-07.2007.

    Parameters
    ----------
    network : Network
        A network with the four cell types of the ready models.
    tstart : float
        Time of the stimulus, ms.

    Returns
    -------
    Network
        The network with drives ``evdist1``, ``evprox1``, ``evprox2``.

    Raises
    ------
    ParameterError
        `network` is no network, or `tstart` no number.
    DriveError
        The network has a drive of one of these names, or lacks a cell type.

    Examples
    --------
    >>> driven = with_erp_drives(jones_2009(mesh_shape=(3, 3)))
    >>> {name: (drive.location, drive.mu_ms) for name, drive in driven.drives.items()}
    {'evdist1': ('distal', 63.53), 'evprox1': ('proximal', 26.61), 'evprox2': ('proximal', 137.12)}
    """
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, such as jones_2009() returns, got {network!r}.")
    tstart = check_finite(tstart, "tstart (ms)")
    proximal = {_L2B: 0.1, _L2P: 0.1, _L5B: 1.0, _L5P: 1.0}
    distal = {_L2B: 0.1, _L2P: 0.1, _L5P: 0.1}
    network = network.with_evoked_drive(
        "evdist1",
        mu_ms=63.53 + tstart,
        sigma_ms=3.85,
        location="distal",
        weights_ampa={_L2B: 0.006562, _L2P: 7e-6, _L5P: 0.1423},
        weights_nmda={_L2B: 0.019482, _L2P: 0.004317, _L5P: 0.080074},
        synaptic_delays=distal,
        event_seed=274,
    )
    network = network.with_evoked_drive(
        "evprox1",
        mu_ms=26.61 + tstart,
        sigma_ms=2.47,
        location="proximal",
        weights_ampa={_L2B: 0.08831, _L2P: 0.01525, _L5B: 0.19934, _L5P: 0.00865},
        synaptic_delays=proximal,
        event_seed=544,
    )
    return network.with_evoked_drive(
        "evprox2",
        mu_ms=137.12 + tstart,
        sigma_ms=8.33,
        location="proximal",
        weights_ampa={_L2B: 3e-6, _L2P: 1.43884, _L5B: 0.008958, _L5P: 0.684013},
        synaptic_delays=proximal,
        event_seed=814,
    )
