"""The left side of the page: a panel per drive, and what is set for the whole column."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from .page import Page
from .spoken import SPOKEN
from .state import KINDS

__all__ = ["add_drives"]


def add_drives(page: Page) -> None:
    """Add the panels."""
    with html.Div(classes="side"):
        with html.Div(classes="d-flex align-center px-3 pt-2"):
            html.H2("Drives", classes="text-subtitle-2")
            v3.VSpacer()
            _new_drive(page)
        with v3.VExpansionPanels(v_model=("open_drives",), multiple=True, variant="accordion", flat=True):
            with v3.VExpansionPanel(v_for="drive in drives", key="drive.name", value=("drive.name",)):
                with v3.VExpansionPanelTitle(
                    classes="py-1 px-3", style="min-height: 34px", id=("'drive-' + drive.name",)
                ):
                    v3.VIcon("mdi-circle", color=("drive.color",), size="small", classes="mr-2")
                    html.Span("{{ drive.name }}", classes="font-weight-medium mr-2")
                    html.Span("{{ drive.short }}", classes="text-caption text-medium-emphasis")
                with v3.VExpansionPanelText():
                    html.Div("{{ drive.words }}", classes="text-caption mb-1")
                    _rows(page, "drive.rows", "drive.name")
                    with html.Div(classes="d-flex", style="gap: 6px"):
                        v3.VBtn(
                            "Copy",
                            size="x-small",
                            variant="outlined",
                            click=(page.copy_drive, "[drive.name]"),
                            __properties=SPOKEN,
                            aria_label=("'Copy drive ' + drive.name",),
                        )
                        v3.VBtn(
                            "Remove",
                            size="x-small",
                            variant="outlined",
                            click=(page.remove_drive, "[drive.name]"),
                            __properties=SPOKEN,
                            aria_label=("'Remove drive ' + drive.name",),
                        )
        html.Div("No drives: the column is at rest. Add one.", v_if="!drives.length", classes="px-3 text-caption")
        v3.VDivider(classes="mt-1")
        html.H2("Column", classes="text-subtitle-2 px-3 pt-2")
        with html.Div(classes="px-3 pb-3"):
            _rows(page, "column", "''")


def _new_drive(page: Page) -> None:
    with v3.VMenu(close_on_content_click=False):
        with v3.Template(v_slot_activator="{ props }"):
            v3.VBtn("Add", v_bind="props", size="x-small", variant="outlined", prepend_icon="mdi-plus", id="add")
        with v3.VCard(classes="pa-3", width=280):
            v3.VSelect(v_model=("new_kind",), items=("new_kinds", _kinds()), label="Kind", density="compact")
            v3.VSelect(
                v_model=("new_location",),
                items=("new_locations", _locations()),
                label="Where it arrives",
                density="compact",
                v_if="new_kind != 'tonic'",
            )
            v3.VBtn(
                "Add this drive",
                click=(page.add_drive, "[new_kind, new_location]"),
                color="primary",
                size="small",
                id="add-drive",
            )


def _kinds() -> list[dict[str, str]]:
    words = {
        "evoked": "Evoked volley",
        "bursty": "Rhythmic bursts",
        "poisson": "Poisson spikes",
        "tonic": "Constant current",
    }
    return [{"title": words[kind], "value": kind} for kind in KINDS]


def _locations() -> list[dict[str, str]]:
    return [{"title": "Proximal (feedforward)", "value": "proximal"}, {"title": "Distal (feedback)", "value": "distal"}]


def _rows(page: Page, rows: str, owner: str) -> None:
    """Add a line per number: name, slider, field, unit."""
    edit = page.server.trigger_name(page.edit)
    release = page.server.trigger_name(page.release)
    slid = (
        "row.place = $event; "
        f"trigger('{edit}', [{owner}, row.key, !row.log ? $event : "
        "($event <= row.low && row.key.startsWith('weight') ? null : 10 ** $event)])"
    )
    with html.Div(v_for=f"row in {rows}", key="row.key", classes="row"):
        with html.Span(
            "{{ row.label }}",
            classes=("row.hint ? 'name explained' : 'name'",),
            __properties=SPOKEN,
            tabindex=("row.hint ? 0 : -1",),
        ):
            v3.VTooltip("{{ row.hint }}", activator="parent", location="right", max_width=280, v_if="row.hint")
        v3.VSwitch(
            v_if="row.switch",
            model_value=("row.value == 1",),
            density="compact",
            hide_details=True,
            color="primary",
            update_modelValue=f"trigger('{edit}', [{owner}, row.key, $event ? 1 : 0])",
            __properties=SPOKEN,
            aria_label=("row.spoken",),
        )
        v3.VSlider(
            v_else=True,
            model_value=("row.place",),
            min=("row.low",),
            max=("row.high",),
            step=("row.step",),
            density="compact",
            hide_details=True,
            thumb_size=14,
            track_size=3,
            color="#0072B2",
            update_modelValue=slid,
            end=f"trigger('{release}')",
            __properties=SPOKEN,
            aria_label=("row.spoken",),
        )
        _field(edit, owner)


def _field(edit: str, owner: str) -> None:
    """Add the field of a number, and its unit."""
    html.Input(
        v_if="!row.switch",
        value=("row.value",),
        classes="number",
        key=("row.key + refused",),
        __properties=SPOKEN,
        aria_label=("row.spoken",),
        change=f"trigger('{edit}', [{owner}, row.key, $event.target.value])",
        __events=["change"],
    )
    html.Span("{{ row.unit }}", classes="unit", v_if="!row.switch")
