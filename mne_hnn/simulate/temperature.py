"""What depends on temperature in the mechanisms."""

from __future__ import annotations

from collections.abc import Mapping

from ..network.channels import CELSIUS

__all__ = ["TEMPERATURE_PARAMETERS", "temperature_parameters"]

#: Which of them a membrane mechanism has.
TEMPERATURE_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "hnn_hh": ("hh_tadj",),
    "hnn_hh_km": ("hh_tadj", "tadj"),
    "hnn_full": ("hh_tadj", "tadj", "kelvin"),
}

# Factors on rates and conductances at 37 C, as the mechanisms have them, and their Q10.
_FACTORS = {"hh_tadj": (1.0, 3.0), "tadj": (0.2488367461978179, 2.3)}
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
        ``hh_tadj``, ``tadj`` and ``kelvin``; at 37 C exactly the numbers of the published model.
    """
    away = celsius - CELSIUS
    factors = {name: at_37 * q10 ** (away / 10) for name, (at_37, q10) in _FACTORS.items()}
    return {**factors, "kelvin": _KELVIN + away}
