"""The tabs below the dipole that work by themselves: a fit, and what pushes the dipole up or down."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from .page import Page
from .page_fit import TAB as FIT
from .page_parts import TAB as PARTS
from .spoken import SPOKEN

__all__ = ["WORKING_TABS", "add_working_tabs"]

WORKING_TABS = {
    PARTS: ("Up or down", "What each drive, layer and cell type pushes up or down, by leaving drives out"),
    FIT: ("Fit", "Let a search change the drives until black follows grey"),
}
"""Name, words and meaning of each."""
_CHECKED = [*SPOKEN, "indeterminate"]


def add_working_tabs(page: Page) -> None:
    """Add what is below the two tabs."""
    with html.Div(v_if=f"tab == '{PARTS}'", id="parts"):
        _parts(page)
    with html.Div(v_if=f"tab == '{FIT}'", id="fit", classes="pt-2"):
        _fit(page)


def _parts(page: Page) -> None:
    with html.Div(classes="d-flex align-center my-1", style="gap: 10px"):
        with v3.VBtnToggle(model_value=("parts_view",), mandatory=True, density="compact", style="height: 26px"):
            v3.VBtn(
                "{{ one.title }}",
                v_for="one in parts_views",
                key="one.value",
                value=("one.value",),
                size="x-small",
                click=(page.parts.show, "[one.value]"),
                id=("'parts-' + one.value",),
            )
        html.Span("{{ parts_words }}", classes="text-caption", id="parts-words", __properties=SPOKEN, role="status")
    html.Img(
        v_if=f"image_{PARTS}",
        src=(f"image_{PARTS}",),
        classes="picture",
        style=("parts_old ? 'opacity: 0.35' : ''",),
        id="figure-parts",
        alt=(
            "parts_view == 'drives' ? 'What each drive adds to the dipole over time: with minus without it, and alone'"
            " : 'Dipole of each layer, and currents of each pyramidal cell type, over time'",
        ),
    )


def _fit(page: Page) -> None:
    with html.Div(classes="d-flex align-center", style="gap: 8px"):
        v3.VSelect(
            model_value=("fit_method",),
            items=("fit_methods",),
            label="Method",
            density="compact",
            hide_details=True,
            variant="outlined",
            update_modelValue=(page.fits.choose_method, "[$event]"),
            disabled=("fit_running",),
            id="fit-method",
        )
        with html.Label(classes="text-caption", v_if="!fit_finds", style="white-space: nowrap"):
            html.Span("Networks ")
            html.Input(
                v_model="fit_budget",
                classes="number",
                style="width: 56px",
                id="fit-budget",
                __properties=SPOKEN,
                aria_label="Most networks to try",
            )
    _begin(page)
    html.Div("A fit needs a target: open one, or click on the cortex.", v_if="!has_target", classes="text-caption")
    html.Div(
        "{{ fit_words }}", v_if="fit_words", classes="text-body-2", id="fit-words", __properties=SPOKEN, role="status"
    )
    html.Img(
        v_if=f"image_{FIT}",
        src=(f"image_{FIT}",),
        classes="picture",
        id="figure-fit",
        alt=("'Smallest loss over the networks tried, and the best dipole so far over the target. ' + fit_words",),
    )
    _explanations(page)
    _finds()
    with html.Div(v_if="!fit_finds"):
        _free(page)


def _begin(page: Page) -> None:
    """Add what starts and ends a fit."""
    with html.Div(classes="d-flex align-center flex-wrap my-1", style="gap: 12px"):
        _check(
            "Columns free", "fit_columns", "fit-columns", "The number of columns is found with the rest; else it stays"
        )
        v3.VSpacer()
        v3.VBtn(
            "Start",
            size="small",
            color="primary",
            variant="flat",
            click=page.fits.start,
            disabled=("fit_running || !has_target || (!fit_finds && !fit_count)",),
            id="fit-start",
        )
        v3.VBtn(
            "Stop", size="small", variant="outlined", click=page.fits.stop, disabled=("!fit_running",), id="fit-stop"
        )
        v3.VBtn(
            "Take the result",
            size="small",
            variant="outlined",
            click=(page.fits.take, "[0]"),
            disabled=("!fit_has",),
            id="fit-take",
        )


def _check(words: str, name: str, where: str, meaning: str) -> None:
    """Add a box to tick, for a variable of the page."""
    with html.Label(classes="text-caption tick"):
        html.Input(type="checkbox", v_model=name, id=where)
        with html.Span(f" {words}", classes="explained"):
            v3.VTooltip(meaning, activator="parent", location="bottom", max_width=320)


def _finds() -> None:
    """Add what a fit does that looks for drives."""
    html.P(
        "It finds how many drives there are, when they come and on which side, whatever drives are at the left; others "
        "than evoked ones stay. Explanations are compared by how probable they make the target, and by what is known "
        "of columns, cells and spikes.",
        v_if="fit_finds",
        classes="text-caption mt-1",
    )


def _free(page: Page) -> None:
    """Add what is free: kinds of numbers for each drive, and single ones."""
    kind = page.server.trigger_name(page.fits.choose_kind)
    one = page.server.trigger_name(page.fits.choose_one)
    html.Div(
        "Free: {{ fit_count }} number{{ fit_count == 1 ? '' : 's' }} of the drives. All others stay.",
        classes="text-caption mt-1",
        id="fit-count",
    )
    with html.Div(v_for="row in fit_rows", key="row.name", classes="fit-row"):
        with html.Div(classes="d-flex align-center flex-wrap", style="gap: 10px"):
            v3.VIcon("mdi-circle", color=("row.color",), size="x-small")
            html.Span("{{ row.name }}", classes="text-caption font-weight-medium", style="width: 74px")
            with html.Label(v_for="kind in row.kinds", key="kind.kind", classes="text-caption tick"):
                html.Input(
                    type="checkbox",
                    checked=("kind.on",),
                    indeterminate=("kind.part",),
                    change=f"trigger('{kind}', [row.name, kind.kind, $event.target.checked])",
                    __events=["change"],
                    __properties=_CHECKED,
                    aria_label=("kind.spoken",),
                    id=("'fit-' + row.name + '-' + kind.kind",),
                )
                html.Span(" {{ kind.words }}")
        with html.Details(classes="text-caption", style="margin-left: 20px"):
            html.Summary("Single numbers of {{ row.name }}", id=("'fit-single-' + row.name",))
            with html.Label(v_for="one in row.ones", key="one.path", classes="text-caption tick mr-3"):
                html.Input(
                    type="checkbox",
                    checked=("one.on",),
                    change=f"trigger('{one}', [one.path, $event.target.checked])",
                    __events=["change"],
                    __properties=_CHECKED,
                    aria_label=("one.spoken",),
                    id=("'fit-' + one.path",),
                )
                html.Span(" {{ one.words }}")


def _explanations(page: Page) -> None:
    """Add the explanations that were found, each to be taken."""
    with html.Div(v_if="fit_explanations.length", id="fit-explanations", classes="text-body-2"):
        with html.Div(v_for="one in fit_explanations", key="one.index", classes="d-flex align-center my-1"):
            with html.Span("{{ one.title }}", style=("one.refused ? 'color: #8A4B00' : ''",), classes="mr-2"):
                html.Span(" (refused)", v_if="one.refused")
            v3.VBtn(
                "Take",
                size="x-small",
                variant="outlined",
                click=(page.fits.take, "[one.index]"),
                id=("'fit-take-' + one.index",),
                __properties=SPOKEN,
                aria_label=("'Take explanation ' + one.title",),
            )
        with html.Details(classes="text-caption"):
            html.Summary("What this says")
            html.P("{{ sentence }}", v_for="sentence in fit_sentences", key="sentence", classes="mb-1")
