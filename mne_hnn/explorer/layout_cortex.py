"""The right side of the page: the cortex to click on, and what the sensors would see."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vtk as vtk_widgets
from trame.widgets import vuetify3 as v3

from .page import Page
from .spoken import SPOKEN, explained

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
                    v3.VBtn(
                        words, value=view, size="x-small", click=(page.brain.look, f"['{view}']"), id=f"view-{view}"
                    )
        html.Div("Click on the cortex, or name a label: its response becomes the target.", classes="text-caption")
        _scene(page)
        _time(page)
        _label(page)
        _below()


def _scene(page: Page) -> None:
    with html.Div(style="height: 230px; border: 1px solid #ddd", id="cortex"):
        if page.brain.scene is not None:
            view = vtk_widgets.VtkRemoteView(
                page.brain.scene.window,
                ref="cortex",
                interactive_ratio=1,
                still_ratio=1,
                interactive_quality=70,
                interactor_events=("cortex_events", ["LeftButtonPress", "LeftButtonRelease"]),
                LeftButtonPress=(page.brain.press, "[utils.vtk.event($event)]"),
                LeftButtonRelease=(page.brain.lift, "[utils.vtk.event($event)]"),
                style="width: 100%; height: 100%",
            )
            page.brain.update = view.update


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
            update_modelValue=(page.brain.show_time, "[$event]"),
            id="latency",
        )
        html.Span("{{ Math.round(latency) }} ms", classes="text-caption ml-2", style="width: 50px")


def _disc(page: Page) -> None:
    """Add how large a place is that is clicked on."""
    with html.Div(classes="d-flex align-center mt-1", style="gap: 6px"):
        explained(
            "A click takes a disc of",
            "All cortex within this radius of the vertex, along the surface, or its nearest vertices up to this area. "
            "A change is applied to the present place if it was clicked on.",
            "text-caption",
        )
        with html.Select(
            value=("disc_kind",),
            classes="number",
            change=(page.brain.set_disc, "[$event.target.value, disc_size]"),
            __events=["change"],
            __properties=SPOKEN,
            aria_label="What the size of the disc is",
            id="disc-kind",
        ):
            html.Option("{{ one.title }}", v_for="one in disc_kinds", key="one.value", value=("one.value",))
        html.Input(
            value=("disc_size",),
            classes="number",
            style="width: 56px",
            change=(page.brain.set_disc, "[disc_kind, $event.target.value]"),
            __events=["change"],
            __properties=SPOKEN,
            aria_label="Size of the disc that a click takes (mm or mm²)",
            id="disc-size",
        )


def _label(page: Page) -> None:
    _disc(page)
    v3.VAutocomplete(
        v_model=("label",),
        items=("labels",),
        label="Label",
        density="compact",
        hide_details=True,
        id="label",
        update_modelValue=(page.brain.take_label, "[$event]"),
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


def _below() -> None:
    """Add what the sensors would see, or the time courses of the place: one of them is shown."""
    with v3.VTabs(v_model=("below",), density="compact", height=28, classes="mt-1"):
        for name, words, meaning in (
            ("sensors", "Sensors", "What the sensors measured, and what they would of the simulated dipole"),
            ("course", "Time course", "The response of the place by each way to get one; the target is the thick line"),
        ):
            with v3.VTab(words, value=name, size="small", id=f"below-{name}"):
                v3.VTooltip(meaning, activator="parent", location="top", max_width=320)
    with html.Div(v_if="below == 'sensors'"):
        html.Div(
            "Click on the cortex to see what the sensors would measure of the simulated dipole.",
            v_if="!place",
            classes="text-caption",
        )
        html.Img(
            v_if="image_sensors",
            src=("image_sensors",),
            classes="picture",
            id="sensors",
            alt="Measured and predicted sensors: root mean square over time, and maps at the peak",
        )
    with html.Div(v_if="below == 'course'"):
        html.Div(
            "Click on the cortex, or name a label, to see its time courses.", v_if="!place", classes="text-caption"
        )
        html.Img(
            v_if="image_course",
            src=("image_course",),
            classes="picture",
            id="course",
            alt=("'Time courses of the place over time; the thick one is the target. ' + place",),
        )
