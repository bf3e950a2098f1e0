"""The errors and warnings of this package.

Every error is a :class:`MneHnnError`, and each is also the built-in error a reader would expect
(``ValueError``, ``RuntimeError``, ``OSError``), so both ``except MneHnnError`` and the usual
``except ValueError`` work. Every warning is a :class:`MneHnnWarning`, to be silenced or turned into errors with
:func:`warnings.filterwarnings`; no log level hides it.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "CacheError",
    "CompilationError",
    "ConfigError",
    "DataError",
    "DriveError",
    "MneHnnError",
    "MneHnnWarning",
    "NetworkError",
    "ParameterError",
    "SimulationError",
    "StageError",
    "WorkerError",
]


class MneHnnError(Exception):
    """Base of every error raised by this package.

    Examples
    --------
    >>> from mne_hnn.network import jones_2009
    >>> try:
    ...     jones_2009(mesh_shape=(0, 3))
    ... except MneHnnError as error:
    ...     print(type(error).__name__)
    NetworkError
    """


class ParameterError(MneHnnError, ValueError):
    """A value is out of range or of the wrong type, or a name is not known."""


class NetworkError(ParameterError):
    """The parts of a network do not fit together."""


class DriveError(ParameterError):
    """A drive or bias has a wrong value, or does not fit the network it is added to."""


class DataError(ParameterError):
    """Measured data, anatomy or an operator is missing, unusable, or does not fit the others."""


class ConfigError(ParameterError):
    """A configuration file cannot be read, or a name or value in it is wrong."""


class CompilationError(MneHnnError, RuntimeError):
    """The membrane mechanisms could not be compiled or loaded."""


class CacheError(MneHnnError, OSError):
    """A cache folder or file could not be read or written."""


class SimulationError(MneHnnError, RuntimeError):
    """A simulation failed or gave values that are not finite.

    Attributes
    ----------
    completed : Simulation | dict | None
        What ended before, or beside, the trial that failed: from :func:`mne_hnn.simulate.simulate` a
        :class:`~mne_hnn.simulate.Simulation` of the other trials, None if there was none.
    """

    completed: Any = None


class WorkerError(SimulationError):
    """A worker process died; ``completed`` holds what the others, and this one before, have done."""


class StageError(MneHnnError, RuntimeError):
    """A stage of an analysis failed in a way that no check of its input foresaw."""


class MneHnnWarning(RuntimeWarning):
    """Something is accepted, but changes a result in a way that is easily overlooked."""
