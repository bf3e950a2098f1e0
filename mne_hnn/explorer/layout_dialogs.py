"""Dialogs of the page: the start in three steps, open a file, save."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from .page import Page
from .spoken import SPOKEN

__all__ = ["add_dialogs"]

_STEPS = (
    (
        "1. What is compared",
        "The thick grey line is the target: the current of a patch of cortex over time, as the source estimate has it. "
        "Click on the cortex or name a label to take the response of another place.",
    ),
    (
        "2. What is simulated",
        "The black line is the dipole of a simulated column of cortex (the HNN model): pyramidal and basket cells of "
        "layers 2/3 and 5. Current up the dendrites, towards the surface, is positive. Nothing happens in it unless "
        "drives send spikes: proximal ones (feedforward) arrive near the cell bodies, distal ones (feedback) at tufts.",
    ),
    (
        "3. What you do",
        "Open a drive at the left and move its time, spread or weights until black follows grey. Each "
        "change is answered at once by a coarse simulation, then by the full column. Look whether the cells fire as "
        "much as they do in vivo (Rates), and what each drive pushes up or down; Fit lets a search go on from there. "
        "Undo goes back; Save analysis writes files that give the same numbers again.",
    ),
)


def add_dialogs(page: Page) -> None:
    """Add the dialogs."""
    with v3.VDialog(model_value=("dialog == 'start'",), update_modelValue="dialog = ''", max_width=720):
        with v3.VCard(
            title="From a response to the circuit, by hand", __properties=SPOKEN, aria_label="Start", id="start"
        ):
            with v3.VCardText():
                for title, words in _STEPS:
                    html.H3(title, classes="text-subtitle-2")
                    html.P(words, classes="mb-3 text-body-2")
            with v3.VCardActions():
                v3.VSpacer()
                v3.VBtn("Begin", click="dialog = ''", color="primary", variant="flat", id="begin", autofocus=True)
    _open(page)
    _single(page)
    for name, title, words, act in (
        (
            "save",
            "Save analysis",
            "A file for mne-hnn run, a script of a few lines, the network and what it gave, into the folder",
            page.files.save,
        ),
        ("pictures", "Save pictures", "The present figure as PNG and SVG, into the folder", page.files.pictures),
    ):
        with v3.VDialog(model_value=(f"dialog == '{name}'",), update_modelValue="dialog = ''", max_width=620):
            with v3.VCard(title=title):
                with v3.VCardText():
                    html.P(words, classes="text-body-2 mb-2")
                    v3.VTextField(
                        v_model=("folder",),
                        label="New folder",
                        density="compact",
                        id=f"folder-{name}",
                        variant="outlined",
                        autofocus=True,
                    )
                _actions("Save", (act, "[folder]"), name)


def _open(page: Page) -> None:
    """Add the dialog that opens a file."""
    with v3.VDialog(model_value=("dialog == 'open'",), update_modelValue="dialog = ''", max_width=620):
        with v3.VCard(title="Open a file"):
            with v3.VCardText():
                html.P(
                    "A target, a dipole, a network or parameter file (ours or of HNN), a fit, or a folder of results.",
                    classes="text-body-2 mb-2",
                )
                v3.VCombobox(
                    v_model=("file",),
                    items=("files",),
                    label="File",
                    density="compact",
                    id="file",
                    variant="outlined",
                    autofocus=True,
                )
                v3.VSelect(
                    v_model=("open_part",),
                    items=("open_parts",),
                    label="What is taken of it",
                    density="compact",
                    hide_details=True,
                    id="open-part",
                    variant="outlined",
                )
            _actions("Open", (page.files.open, "[file, open_part]"), "open")


def _single(page: Page) -> None:
    """Add the dialog that saves one thing."""
    with v3.VDialog(model_value=("dialog == 'single'",), update_modelValue="dialog = ''", max_width=620):
        with v3.VCard(title="Save one thing"):
            with v3.VCardText():
                v3.VSelect(
                    model_value=("single",),
                    items=("singles",),
                    label="What",
                    density="compact",
                    id="single",
                    variant="outlined",
                    update_modelValue=(page.files.name_single, "[$event]"),
                )
                v3.VTextField(
                    v_model=("single_name",),
                    label="File, in the folder where mne-hnn explore was started",
                    density="compact",
                    hide_details=True,
                    id="single-name",
                    autofocus=True,
                    variant="outlined",
                )
                with html.Label(classes="text-body-2 tick"):
                    html.Input(type="checkbox", v_model="replace", id="single-replace")
                    html.Span(" Replace a file of this name")
            _actions("Save", (page.files.save_single, "[single, single_name, replace]"), "single")


def _actions(words: str, click: object, name: str) -> None:
    with v3.VCardActions():
        html.Div(
            "{{ failure }}",
            v_if="failure",
            classes="text-body-2 ml-2",
            style="color: #B00020",
            __properties=SPOKEN,
            role="alert",
            id=f"failure-{name}",
        )
        v3.VSpacer()
        v3.VBtn("Cancel", click="dialog = ''")
        v3.VBtn(words, click=click, color="primary", variant="flat", id=f"do-{name}")
