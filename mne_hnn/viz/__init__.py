"""Figures. Importing this imports matplotlib; nothing is shown unless asked for.

Figures of a group are made in ``mne_hnn.group.figures``, and found here when they are asked for.
"""

from typing import TYPE_CHECKING, Any

from .cells import plot_cells
from .column import plot_column
from .comparison import plot_comparison, plot_prediction, plot_prediction_topomaps
from .connectivity import plot_cell_connectivity, plot_connectivity
from .contributions import plot_contributions, plot_spikes_per_cell
from .cortex import CortexView, plot_cortex
from .dipole import plot_dipole
from .drive_strength import plot_drive_strength
from .explanations import plot_explanations
from .fit import plot_fit
from .fit_convergence import plot_convergence
from .fit_parameters import plot_parameters
from .group_posterior import plot_group_posterior
from .histogram import plot_spikes_histogram
from .laminar import plot_csd, plot_lfp
from .laminar_comparison import plot_laminar_comparison
from .morphology import plot_morphology
from .movie import MovieView, animate
from .place_on_cortex import plot_posterior_cortex
from .posterior import (
    plot_posterior_bits,
    plot_posterior_marginals,
    plot_posterior_place,
    plot_posterior_predictions,
)
from .prior import plot_prior
from .raster import plot_spikes_raster
from .rhythm_explanations import plot_rhythm_explanations
from .sensors import peak_times, plot_response, plot_topomaps
from .simulation import plot_simulation
from .simulations import plot_simulations
from .spectrum import SpectrumOptions, plot_psd
from .sweep import plot_sweep, plot_sweep_dipoles
from .target import plot_label_course, plot_target
from .tfr import plot_tfr
from .truth import plot_truth

__all__ = [
    "CortexView",
    "MovieView",
    "SpectrumOptions",
    "animate",
    "peak_times",
    "plot_cell_connectivity",
    "plot_cells",
    "plot_column",
    "plot_comparison",
    "plot_connectivity",
    "plot_contributions",
    "plot_convergence",
    "plot_cortex",
    "plot_csd",
    "plot_dipole",
    "plot_drive_strength",
    "plot_explanations",
    "plot_fit",
    "plot_group_drives",
    "plot_group_fits",
    "plot_group_labels",
    "plot_group_parameters",
    "plot_group_posterior",
    "plot_group_targets",
    "plot_influence",
    "plot_label_course",
    "plot_laminar_comparison",
    "plot_lfp",
    "plot_morphology",
    "plot_parameters",
    "plot_posterior_bits",
    "plot_posterior_cortex",
    "plot_posterior_marginals",
    "plot_posterior_place",
    "plot_posterior_predictions",
    "plot_prediction",
    "plot_prediction_topomaps",
    "plot_prior",
    "plot_psd",
    "plot_response",
    "plot_rhythm_explanations",
    "plot_simulation",
    "plot_simulations",
    "plot_spikes_histogram",
    "plot_spikes_per_cell",
    "plot_spikes_raster",
    "plot_sweep",
    "plot_sweep_dipoles",
    "plot_target",
    "plot_tfr",
    "plot_topomaps",
    "plot_truth",
]

if TYPE_CHECKING:
    from ..group.figures import (
        plot_group_drives,
        plot_group_fits,
        plot_group_labels,
        plot_group_parameters,
        plot_group_targets,
        plot_influence,
    )
else:

    def __getattr__(name: str) -> Any:
        """Return a figure of a group: its folder is above this one, which must not import it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from ..group import figures

        return getattr(figures, name)
