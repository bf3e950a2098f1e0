"""Mechanisms of one's own in network files of HNN, which name them without their equations."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import DataError, ParameterError
from ..network import CustomSynapse, Mechanism, Synapse

__all__ = ["mechanisms_by_name", "synapse", "unknown_mechanism"]

# what HNN calls the mechanism of a synapse: since 2026, and for some weeks before
_MECHANISM = ("mechname", "type")
_KINETICS = {"e": "e_mV", "tau1": "tau1_ms", "tau2": "tau2_ms"}


def mechanisms_by_name(given: Any) -> dict[str, Mechanism]:
    """Return mechanisms, or those of NMODL files, by their names.

    Raises
    ------
    ParameterError
        It is no list of them, or two have one name.
    """
    if isinstance(given, (str, os.PathLike, Mechanism)):
        given = [given]
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise ParameterError(
            f"mechanisms must be a list of NMODL files or of Mechanism values, got {type(given).__name__}."
        )
    found: dict[str, Mechanism] = {}
    for item in given:
        mechanism = item if isinstance(item, Mechanism) else Mechanism.from_mod(item)
        if found.setdefault(mechanism.name, mechanism) != mechanism:
            raise ParameterError(
                f"mechanisms has two different ones of the name {mechanism.name!r}: give the one that the file means."
            )
    return found


def unknown_mechanism(name: str, where: str, known: Mapping[str, Mechanism]) -> DataError:
    """Return what to say of a mechanism whose equations are neither here nor given."""
    given = f"; given were {', '.join(map(repr, known))}" if known else ""
    return DataError(
        f"{where[:1].upper()}{where[1:]} has the mechanism {name!r}, of which a network file has the name only: "
        f"give its NMODL file, read_hnn_network(path, mechanisms=['{name}.mod']){given}."
    )


def synapse(
    cell_type: str, receptor: str, entry: Mapping[str, Any], known: Mapping[str, Mechanism]
) -> Synapse | CustomSynapse:
    """Return the kinetics of a receptor."""
    where = f"receptor {receptor!r} of cell type {cell_type!r}"
    name = next((entry[key] for key in _MECHANISM if key in entry), "Exp2Syn")
    values = {key: value for key, value in entry.items() if key not in _MECHANISM}
    if name in known:
        return CustomSynapse(mechanism=known[name], parameters=values)
    if name != "Exp2Syn":
        raise unknown_mechanism(str(name), where, known)
    missing = [key for key in _KINETICS if key not in values]
    if missing:
        raise DataError(
            f"{where[:1].upper()}{where[1:]} has the numbers {', '.join(values) or 'of nothing'} instead of e, tau1 "
            "and tau2, and does not say of which mechanism: add its name as 'mechname', and give its NMODL file, "
            "read_hnn_network(path, mechanisms=['NAME.mod'])."
        )
    return Synapse(**{field: values[key] for key, field in _KINETICS.items()})
