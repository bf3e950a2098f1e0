"""Where the defaults of :class:`~mne_hnn.fit.CircuitPrior` are from."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SOURCES", "given_or_source"]

_FITS = "Neymotin et al. 2020, doi:10.7554/eLife.51214"
_DENSITY = "after Murakami and Okada 2015, doi:10.1016/j.neuroimage.2015.02.003"

SOURCES: Mapping[str, str] = {
    "columns_per_nAm": (
        f"published fits of evoked responses: 29 to 42 (after {_FITS}; Kohl et al. 2022, "
        "doi:10.1007/s10548-021-00838-0)"
    ),
    "fraction": (
        "10 % of the cells of layer 2/3 fire on touch (after Crochet et al. 2011, doi:10.1016/j.neuron.2011.02.022), "
        "17 % encode it (after Peron et al. 2015, doi:10.1016/j.neuron.2015.03.027)"
    ),
    "density_soft_nAm_per_mm2": _DENSITY,
    "density_hard_nAm_per_mm2": _DENSITY,
    "pyramidal_per_mm2": "about half of all neurons (Rockel et al. 1980, doi:10.1093/brain/103.2.221)",
    "area_factor": "choice of this package",
    "spikes": (
        "after de Kock et al. 2007, doi:10.1113/jphysiol.2006.124321; Sakata and Harris 2009, "
        f"doi:10.1016/j.neuron.2009.09.020; and the published fits ({_FITS})"
    ),
    "time_sd_ms": "choice of this package",
    "spread_ms": f"choice of this package, around published drives: 2.5 to 8.3 ms ({_FITS})",
    "weight_ampa_uS": f"choice of this package, around published drives: 0.015 uS in the middle ({_FITS})",
    "weight_nmda_uS": f"choice of this package, around published drives: 0.019 uS in the middle ({_FITS})",
    "weights": "choice of this package: none of its own",
    "silent_share": (
        "choice of this package: cells fire in evoked responses wherever they were recorded from (after de Kock et al. "
        "2007, doi:10.1113/jphysiol.2006.124321; Crochet et al. 2011, doi:10.1016/j.neuron.2011.02.022)"
    ),
    "discrepancy": f"choice of this package, after the R² of published fits, 0.96 to 0.997 (after {_FITS})",
    "silent": (
        "0.25 nA m per mm² (Hämäläinen et al. 1993, doi:10.1103/RevModPhys.65.413) and the pyramidal cells per mm² of "
        "Rockel et al. 1980, doi:10.1093/brain/103.2.221"
    ),
}
"""By name of the field."""


def given_or_source(name: str, usual: bool) -> str:
    """Return the source of a field that is as usual, else that it was given."""
    return SOURCES[name] if usual else "given by the user"
