"""The right side of the page: the cortex to click on, and what the sensors would see."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vtk as vtk_widgets
from trame.widgets import vuetify3 as v3

from .page import Page
from .spoken import SPOKEN

__all__ = ["add_cortex"]

_VIEWS = (
    ("lateral-lh", "Left"),
    ("medial-lh", "Left, medial"),
    ("lateral-rh", "Right"),
    ("medial-rh", "Right, medial"),
)


def add_cortex(page: Page) -> None:
    """Add cortex, time slider, field for labels, and sensors."""
    with html.Div(classes="side pa-2"):
        with html.Div(classes="d-flex align-center"):
            html.H2("Cortex", classes="text-subtitle-2 mr-2")
            with v3.VBtnToggle(model_value=("view",), mandatory=True, density="compact", style="height: 26px"):
                for view, words in _VIEWS:
                    v3.VBtn(words, value=view, size="x-small", click=(page.look, f"['{view}']"), id=f"view-{view}")
        html.Div("Click on the cortex, or name a label: its response becomes the target.", classes="text-caption")
        _scene(page)
        _time(page)
        _label(page)
        _sensors()


def _scene(page: Page) -> None:
    with html.Div(style="height: 230px; border: 1px solid #ddd", id="cortex"):
        if page.scene is not None:
            view = vtk_widgets.VtkRemoteView(
                page.scene.window,
                ref="cortex",
                interactive_ratio=1,
                still_ratio=1,
                interactive_quality=70,
                interactor_events=("cortex_events", ["LeftButtonPress", "LeftButtonRelease"]),
                LeftButtonPress=(page.press, "[utils.vtk.event($event)]"),
                LeftButtonRelease=(page.lift, "[utils.vtk.event($event)]"),
                style="width: 100%; height: 100%",
            )
            page.update_scene = view.update


def _time(page: Page) -> None:
    html.Div("Activation (nAm): red outward, blue inward current", classes="text-caption")
    with html.Div(classes="d-flex align-center"):
        html.Span("Time", classes="text-caption mr-2")
        v3.VSlider(
            model_value=("latency",),
            min=("latencies[0]",),
            max=("latencies[1]",),
            step=1,
            density="compact",
            hide_details=True,
            thumb_size=14,
            track_size=3,
            color="#0072B2",
            __properties=SPOKEN,
            aria_label="Time of the activation (ms)",
            update_modelValue=(page.show_time, "[$event]"),
            id="latency",
        )
        html.Span("{{ Math.round(latency) }} ms", classes="text-caption ml-2", style="width: 50px")


def _label(page: Page) -> None:
    v3.VAutocomplete(
        v_model=("label",),
        items=("labels",),
        label="Label",
        density="compact",
        hide_details=True,
        id="label",
        update_modelValue=(page.take_label, "[$event]"),
        variant="outlined",
        classes="my-1",
        auto_select_first=True,
    )
    html.Div(
        "{{ place || (has_target ? 'The target is not of a place on this cortex.' : 'There is no target yet.') }}",
        classes="text-caption",
        id="place",
        __properties=SPOKEN,
        role="status",
    )


def _sensors() -> None:
    html.H2("Sensors", classes="text-subtitle-2 mt-1")
    html.Div(
        "Click on the cortex to see what the sensors would measure of the simulated dipole.",
        v_if="!images.sensors",
        classes="text-caption",
    )
    html.Img(
        v_if="images.sensors",
        src=("images.sensors",),
        classes="picture",
        id="sensors",
        alt="Measured and predicted sensors: root mean square over time, and maps at the peak",
    )
