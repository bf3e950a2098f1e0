"""The page in components of Vuetify: drives at the left, what they give in the middle, the cortex at the right."""

from __future__ import annotations

from functools import partial
from typing import Any

from trame.ui.vuetify3 import VAppLayout
from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from .figures import FIGURES
from .layout_cortex import add_cortex
from .layout_dialogs import add_dialogs
from .layout_drives import add_drives
from .layout_fit import WORKING_TABS, add_working_tabs
from .page import Page
from .spoken import SPOKEN, explained

__all__ = ["build"]

_STYLE = """
html, body { overflow: hidden !important; font-size: 14px; }
.v-btn { text-transform: none; letter-spacing: 0; }
.v-expansion-panel-text__wrapper { padding: 2px 12px 8px; }
.row { display: grid; grid-template-columns: 108px 1fr 66px 24px; align-items: center;
  column-gap: 6px; min-height: 30px; }
.row label, .row .name { font-size: 12px; line-height: 1.15; }
.row input.number { width: 66px; font-size: 12px; padding: 2px 4px; border: 1px solid #8a8a8a; border-radius: 3px; }
.unit { font-size: 11px; color: #444; }
.explained { text-decoration: underline dotted #777; text-underline-offset: 3px; cursor: help; }
.v-tab.v-btn { min-width: 0 !important; padding: 0 9px !important; }
.tick { white-space: nowrap; cursor: pointer; }
.tick input { width: 14px; height: 14px; vertical-align: -2px; margin-right: 4px; }
.number { font-size: 12px; padding: 2px 4px; border: 1px solid #8a8a8a; border-radius: 3px; }
.fit-row { border-top: 1px solid #eee; padding: 2px 0; }
.picture { width: 100%; display: block; }
.side { height: calc(100vh - 40px); overflow-y: auto; }
:focus-visible { outline: 2px solid #0072B2 !important; outline-offset: 1px; }
.v-field :focus-visible { outline: none !important; }
"""
SIDE_px = 356
_INKS = {"error": "#B00020", "success": "#1B5E20"}  # dark enough to be read on their own pale shade
_DIALOGS = {"open": "Open", "save": "Save analysis", "single": "Save one thing", "pictures": "Save pictures"}


def build(page: Page) -> None:
    """Make the page, ready to be served.

    Parameters
    ----------
    page : Page
        What it shows and does.
    """
    server = page.server
    page.rebuild = partial(build, page)
    server.state.trame__title = "mne_hnn explore"
    with VAppLayout(server) as layout:
        layout.root.theme = "light"
        client.Style(_STYLE)
        _bar(page)
        with v3.VNavigationDrawer(
            model_value=("true",),
            permanent=True,
            width=SIDE_px,
            location="left",
            tag="nav",
            __properties=SPOKEN,
            aria_label="Drives and column",
        ):
            add_drives(page)
        with v3.VNavigationDrawer(
            v_if="has_cortex",
            model_value=("true",),
            permanent=True,
            width=SIDE_px + 24,
            location="right",
            __properties=SPOKEN,
            aria_label="Cortex and sensors",
        ):
            add_cortex(page)
        with v3.VMain():
            _middle(page)
        add_dialogs(page)


def _button(icon: str, label: str, click: Any, **more: Any) -> None:
    with v3.VBtn(icon=icon, size="small", click=click, __properties=SPOKEN, aria_label=label, **more):
        v3.VIcon(icon)
        v3.VTooltip(label, activator="parent", location="bottom")


def _bar(page: Page) -> None:
    with v3.VAppBar(height=40, flat=True, border=True, color="#F4F6F8"):
        html.Span("mne_hnn explore", classes="ml-3 mr-3 font-weight-medium")
        html.Span("{{ title }}", classes="text-medium-emphasis")
        v3.VSpacer()
        html.Span("{{ working }}", v_if="working", classes="mr-3 text-body-2", __properties=SPOKEN, role="status")
        _button("mdi-undo", "Undo", page.undo, disabled=("!can_undo",), id="undo")
        _button("mdi-redo", "Redo", page.redo, disabled=("!can_redo",), id="redo")
        for name, words in _DIALOGS.items():
            v3.VBtn(words, size="small", variant="text", click=(page.files.show_dialog, f"['{name}']"), id=f"to-{name}")
        v3.VBtn("Help", size="small", variant="text", click="dialog = 'start'", id="help")


def _alert(variable: str, kind: str, role: str) -> None:
    """Show the sentence in a variable of the page, until somebody closes it."""
    v3.VAlert(
        f"{{{{ {variable} }}}}",
        v_if=variable,
        type=kind,
        color=_INKS[kind],
        density="compact",
        variant="tonal",
        closable=True,
        id=variable,
        click_close=f"{variable} = ''",
        __properties=SPOKEN,
        role=role,
        classes="mb-2 text-body-2",
    )


def _middle(page: Page) -> None:
    with html.Div(classes="side pa-2", __properties=SPOKEN, role="main"):
        _alert("failure", "error", "alert")
        _alert("message", "success", "status")
        _facts()
        html.Img(
            v_if="image_dipole",
            src=("image_dipole",),
            classes="picture",
            id="dipole",
            alt=("'Dipole over time, simulated (' + stage + ')' + (match ? ', R squared ' + match : '')",),
        )
        html.Div("The first simulation is running ...", v_if="!image_dipole", classes="pa-8 text-center")
        _pins(page)
        _tabs(page)


def _tabs(page: Page) -> None:
    """Add the figures below the dipole, one of which is shown."""
    with v3.VTabs(model_value=("tab",), update_modelValue=(page.show_tab, "[$event]"), density="compact", height=32):
        shown = {name: (words, meaning) for name, (words, meaning, _) in FIGURES.items()}
        for name, (words, meaning) in {**shown, **WORKING_TABS}.items():
            with v3.VTab(words, value=name, size="small", id=f"tab-{name}"):
                v3.VTooltip(meaning, activator="parent", location="top")
    for name, (words, meaning, _) in FIGURES.items():
        html.Img(
            v_if=f"tab == '{name}' && image_{name}",
            src=(f"image_{name}",),
            classes="picture",
            id=f"figure-{name}",
            alt=f"{words}: {meaning}",
        )
    add_working_tabs(page)


def _facts() -> None:
    with html.Div(
        classes="d-flex align-center flex-wrap text-body-2", __properties=SPOKEN, role="status", style="gap: 10px"
    ):
        with v3.VChip(
            size="small",
            variant="flat",
            id="stage",
            color=("busy ? '#E69F00' : stage == 'full column' ? '#009E73' : '#888888'",),
        ):
            html.Span("{{ busy ? (stage ? stage + ', full column to come' : 'simulating') : stage }}")
            v3.VTooltip(
                "Each change is simulated twice: at once, with fewer cells; then the full column, exactly. {{ how }}",
                activator="parent",
                location="bottom",
                max_width=320,
            )
        with html.Span(v_if="match"):
            explained("R²", "Share of the target's variance that the simulated dipole explains: 1 is all of it.")
            html.Span(" = {{ match }}", id="match")
        html.Span("{{ seconds }}", classes="text-medium-emphasis")
    html.Div("{{ amplitude }}", classes="text-caption", id="amplitude")
    html.Div("{{ note }}", v_for="note in notes", key="note", classes="text-caption", style="color: #8A4B00")


def _pins(page: Page) -> None:
    with html.Div(classes="d-flex align-center flex-wrap my-1", style="gap: 6px"):
        html.Input(
            v_model="pin_name",
            placeholder="Name",
            __properties=SPOKEN,
            aria_label="Name of the simulation to keep",
            id="pin-name",
            style="width: 120px; font-size: 12px; border: 1px solid #8a8a8a; border-radius: 3px; padding: 3px 6px",
        )
        v3.VBtn("Keep to compare", size="x-small", variant="outlined", click=page.pin, id="pin", prepend_icon="mdi-pin")
        with v3.VChip(
            v_for="pin in pins",
            key="pin.name",
            size="small",
            variant="outlined",
            closable=True,
            click=(page.take_pin, "[pin.name]"),
            click_close=(page.unpin, "[pin.name]"),
        ):
            v3.VIcon("mdi-square", color=("pin.color",), start=True)
            html.Span("{{ pin.name }}  {{ pin.match }}")
            v3.VTooltip("Click to go back to it", activator="parent", location="bottom")
