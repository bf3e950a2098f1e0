"""What the examples of docstrings take for given: said in the reference, made by ``tests/test_docstrings.py``."""

from __future__ import annotations

from collections.abc import Mapping

GIVEN: Mapping[str, str] = {
    "network": "a column of 3 x 3 pyramidal cells per layer with three evoked drives",
    "simulation": "two trials of it, 100 ms, with voltages and what five contacts see",
    "target": "a :class:`~mne_hnn.Dipole` in A m, 0 to 170 ms",
    "evoked, noise_cov, forward, inverse": "of the :func:`demo <mne_hnn.source.demo.demo_dataset>`, as MNE has them",
    "dataset, label, patch": "the demo itself, its postcentral gyrus, and the disc in it that explains the response",
    "cortex": "the demo as :func:`~mne_hnn.explorer.demo_cortex` gives it",
    "found, explanations, rhythms, contributions": "what fits return",
    "drawn, drawn_at_sensors": "posteriors of a waveform, and of a response at the sensors",
    "pooled": "posteriors of five subjects in two conditions, pooled",
    "estimator": "one of posteriors of silent columns, for a proximal and a distal drive in 100 ms",
    "swept": "what a sweep returns",
    "entries, comparison": "five subjects in two conditions, and their comparison",
    "bids_root, derivatives": "folders of two recordings, and of the results of one subject in two conditions",
    "session": "what the explorer shows, simulated",
}
"""Names, and what they stand for."""


def note() -> list[str]:
    """Return the lines that say so."""
    lines = ["Examples import what they show from its module, and take for given:", ""]
    for names, meaning in GIVEN.items():
        shown = ", ".join(f"``{name}``" for name in names.split(", "))
        lines.append(f"* {shown}: {meaning}")
    return [*lines, ""]
