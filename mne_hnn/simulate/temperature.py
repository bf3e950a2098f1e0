"""What depends on temperature in the mechanisms."""

from __future__ import annotations

from collections.abc import Mapping

from ..network.channels import CELSIUS

__all__ = ["TEMPERATURE_PARAMETERS", "temperature_parameters"]

#: Which of them a membrane mechanism has.
TEMPERATURE_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "hnn_hh": ("hh_warming",),
    "hnn_hh_km": ("hh_warming", "warming"),
    "hnn_full": ("hh_warming", "warming", "kelvin"),
}

_Q10 = {"hh_warming": 3.0, "warming": 2.3}
_KELVIN = 310.15  # at 37 C


def temperature_parameters(celsius: float) -> Mapping[str, float]:
    """Return the parameters of the mechanisms that depend on temperature.

    Sodium, potassium and leak of Hodgkin and Huxley have rates with a Q10 of 3; the M current, calcium and the
    potassium current that it gates have rates and conductances with a Q10 of 2.3; calcium has its Nernst potential.
    Removal of calcium, the T and the h current do not depend on temperature in the published model, nor do synapses
    (Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009).

    Parameters
    ----------
    celsius : float
        Temperature, degrees Celsius.

    Returns
    -------
    mapping of str to float
        ``hh_warming`` and ``warming``, factors on what is at 37 C, and ``kelvin``; at 37 C exactly 1, 1 and 310.15.
    """
    away = celsius - CELSIUS
    factors = {name: q10 ** (away / 10) for name, q10 in _Q10.items()}
    return {**factors, "kelvin": _KELVIN + away}
