"""What users of hnn-core type, and what it is called here: one place for all errors that answer with the right name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, ParamSpec, TypeVar

from ._checks import suggestion
from .errors import ParameterError

__all__ = ["ARGUMENTS", "DIPOLE", "MODULES", "NETWORK", "checked_arguments", "no_attribute"]

P = ParamSpec("P")
R = TypeVar("R")

_NEW = "which returns a new network: network = network."

#: Attributes of a network.
NETWORK: Mapping[str, str] = {
    "add_evoked_drive": f"with_evoked_drive, {_NEW}with_evoked_drive(...)",
    "add_poisson_drive": f"with_poisson_drive, {_NEW}with_poisson_drive(...)",
    "add_bursty_drive": f"with_bursty_drive, {_NEW}with_bursty_drive(...)",
    "add_spike_train_drive": f"with_spike_train_drive, {_NEW}with_spike_train_drive(...)",
    "add_tonic_bias": f"with_tonic_bias, {_NEW}with_tonic_bias(...)",
    "add_connection": f"with_connection, {_NEW}with_connection(...)",
    "add_electrode_array": f"with_electrodes, {_NEW}with_electrodes(...)",
    "set_cell_positions": f"with_positions, {_NEW}with_positions(...)",
    "set_global_synaptic_gains": f"with_gains, {_NEW}with_gains(...)",
    "get_global_synaptic_gains": "gains",
    "clear_connectivity": f"without_connections, {_NEW}without_connections()",
    "clear_drives": f"without_drives, {_NEW}without_drives()",
    "filter_cell_types": "populations and cell_types",
    "rename_cell_types": f"with_cell_names, {_NEW}with_cell_names(...)",
    "connectivity": "connections, changed by with_connection_changes",
    "external_drives": "drives, changed by with_drive_changes",
    "external_biases": "biases",
    "rec_arrays": "electrodes, and what they see is simulate(network).lfp",
    "pos_dict": "positions(cell_type)",
    "cell_response": "simulate(network).spikes",
    "threshold": "threshold_mV",
    "delay": "delay_ms of each of its connections",
    "write_configuration": "save, or mne_hnn.io.write_hnn_network(network, path) for a file that HNN opens",
    "to_dict": "save",
    "copy": "not needed: a network never changes, so every name can hold the same one",
    "simulate": "the function mne_hnn.simulate.simulate(network)",
}

#: Names of modules and functions.
MODULES: Mapping[str, str] = {
    "simulate_dipole": "mne_hnn.simulate.simulate, and .dipole of what it returns",
    "neymotin_2020_model": "mne_hnn.network.neymotin_2020",
    "jones_2009_model": "mne_hnn.network.jones_2009",
    "law_2021_model": "mne_hnn.network.law_2021",
    "calcium_model": "mne_hnn.network.calcium",
    "add_erp_drives_to_jones_model": "mne_hnn.network.with_erp_drives",
    "pick_connection": "the method pick_connections of a network",
    "read_params": "mne_hnn.io.read_hnn_params",
    "read_network_configuration": "mne_hnn.io.read_hnn_network",
    "write_network_configuration": "mne_hnn.io.write_hnn_network, or write_network for a file of ours",
    "network_to_dict": "mne_hnn.io.write_network",
    "dict_to_network": "mne_hnn.io.read_hnn_network",
    "convert_to_json": "mne_hnn.io.read_hnn_params, and save of the network that it returns",
    "read_spikes": "mne_hnn.io.read_spikes_txt for text, mne_hnn.io.read_spikes for files of ours",
    "read_dipole": "mne_hnn.io.read_dipole_txt for text, mne_hnn.read_dipole for FIF",
    "CellResponse": "mne_hnn.Spikes",
    "JoblibBackend": "n_jobs of mne_hnn.simulate.simulate",
    "MPIBackend": "mne_hnn.simulate.simulate_mpi",
    "BatchSimulate": "mne_hnn.sweep.run_sweep",
    "Optimizer": "mne_hnn.fit.fit_evoked, fit_rhythmic or fit_drives",
    "optimize_evoked": "mne_hnn.fit.fit_evoked",
    "calculate_csd2d": "mne_hnn.lfp.current_source_density",
    "plot_laminar_lfp": "mne_hnn.viz.plot_lfp",
    "plot_laminar_csd": "mne_hnn.viz.plot_csd",
    "plot_spikes_hist": "mne_hnn.viz.plot_spikes_histogram",
    "plot_tfr_morlet": "mne_hnn.viz.plot_tfr",
    "plot_cell_morphology": "mne_hnn.viz.plot_morphology",
    "plot_connectivity_matrix": "mne_hnn.viz.plot_connectivity",
}

#: Attributes of a dipole.
DIPOLE: Mapping[str, str] = {
    "plot_tfr_morlet": "plot_tfr",
    "write": "mne_hnn.io.write_dipole_txt for text, save for FIF",
    "sfreq": "info['sfreq']",
}

#: Arguments, and what they are called here: the first that the function has.
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "mu": ("mu_ms",),
    "sigma": ("sigma_ms",),
    "burst_rate": ("burst_rate_Hz",),
    "burst_std": ("burst_std_ms",),
    "spike_isi": ("spike_isi_ms",),
    "rate_constant": ("rate_Hz",),
    "rate": ("rate_Hz", "burst_rate_Hz"),
    "spike_data": ("times_ms",),
    "src_gids": ("source",),
    "target_gids": ("target",),
    "loc": ("location",),
    "weight": ("weight_uS",),
    "delay": ("delay_ms",),
    "conn_seed": ("seed",),
    "threshold": ("threshold_mV",),
    "electrode_pos": ("positions_um",),
    "conductivity": ("conductivity_S_m",),
    "min_distance": ("min_distance_um",),
    "bias_name": ("name",),
    "cell_type": ("amplitude_nA",),
    "amplitude": ("amplitude_nA",),
    "t0": ("t0_ms",),
    "tstart": ("t0_ms",),
    "tstop": ("tstop_ms",),
    "inplane_distance": ("inplane_distance_um",),
    "layer_separation": ("layer_separation_um",),
}


def no_attribute(owner: str, name: str, registry: Mapping[str, str], known: Iterable[str]) -> AttributeError:
    """Return the error for an attribute that is not there, with its name here or the nearest one.

    Parameters
    ----------
    owner : str
        Who lacks it, as the subject of the sentence.
    name : str
        The attribute.
    registry : mapping of str to str
        Names of hnn-core, and what to use here.
    known : iterable of str
        The names that there are.
    """
    advice = f": in mne_hnn it is {registry[name]}." if name in registry else "."
    near = "" if name in registry or name.startswith("_") else suggestion(name, known)
    return AttributeError(f"{owner} has no attribute {name!r}{advice}{near}")


def checked_arguments(
    *, fields_of: type | None = None, error: type[ParameterError] = ParameterError
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function answer wrong names of arguments, and missing ones, with one sentence that has the right names.

    Parameters
    ----------
    fields_of : type | None
        The dataclass whose fields the function takes as further keywords.
    error : type of ParameterError
        The error to raise.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            _check_call(function, fields_of, args, kwargs, error)
            return function(*args, **kwargs)

        return checked

    return decorate


def _check_call(
    function: Callable[..., Any], fields_of: type | None, args: Any, kwargs: Mapping[str, Any], error: Any
) -> None:
    name, owner = function.__name__, "" if fields_of is None else fields_of.__name__
    signature = inspect.signature(function)
    extra = {field.name for field in fields(fields_of) if field.init} if fields_of is not None else set()
    named = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.name != "self"
    ]
    valid = [*(parameter.name for parameter in named), *sorted(extra - {parameter.name for parameter in named})]
    wrong = {key: _name_here(key, valid) for key in kwargs if key not in valid}
    positional = [parameter.name for parameter in named if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    given = {*kwargs, *positional[: len(args) - 1], *wrong.values()}
    missing = [
        parameter.name for parameter in named if parameter.default is parameter.empty and parameter.name not in given
    ]
    if wrong:
        kind = f"field {{}} of {owner} in {name}" if owner else f"argument {{}} of {name}"
        sentence = f"Unknown {kind.format(', '.join(map(repr, wrong)))}"
        right = {key: here for key, here in wrong.items() if here}
        if len(right) < len(wrong):
            sentence += f": expected one of {', '.join(map(repr, valid))}"
        if right:
            pairs = [f"{here!r} for {key!r}" if len(wrong) > 1 else repr(here) for key, here in right.items()]
            sentence += f". Did you mean {' and '.join(pairs)}?"
        needs = f" It also needs {', '.join(missing)}." if missing else ""
        raise error(f"{sentence.removesuffix('?')}{'?' if right else '.'}{needs}")
    if missing:
        raise error(f"{name} needs {', '.join(missing)}: give {'it' if len(missing) == 1 else 'them'} by name.")
    if len(args) - 1 > len(positional):
        raise error(f"{name} takes only {', '.join(positional)} by position: give the others by name.")


def _name_here(key: str, valid: list[str]) -> str:
    for here in ARGUMENTS.get(key, ()):
        if here in valid:
            return here
    near = suggestion(key, valid)
    return near.split("'")[1] if near else ""
