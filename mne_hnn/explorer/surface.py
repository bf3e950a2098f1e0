"""The cortex on the page: activation at a time, the patch of the target, and the vertex that is clicked on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..viz.colors import LABEL
from .cortex import HEMISPHERES, Cortex
from .place import Place

__all__ = ["CortexScene"]

GAP_mm = 4.0
ABOVE_mm = 0.8
SIZE = (800, 560)


class CortexScene:
    """Both hemispheres side by side in a scene that is drawn without a display.

    Parameters
    ----------
    cortex : Cortex
        The response on it.
    """

    def __init__(self, cortex: Cortex) -> None:
        import pyvista

        self.cortex = cortex
        from vtkmodules.vtkCommonCore import vtkLogger

        loudness = vtkLogger.GetCurrentVerbosityCutoff()
        vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)  # that there is no X server is no matter
        try:
            self.plotter = pyvista.Plotter(off_screen=True, window_size=list(SIZE))
        finally:
            vtkLogger.SetStderrVerbosity(loudness)
        self.plotter.set_background("white")
        self._meshes: dict[str, Any] = {}
        self._actors: dict[Any, str] = {}
        for hemi in HEMISPHERES:
            self._add(pyvista, hemi)
        self.look("lateral-rh")
        self.show_time(cortex.peak)

    def _add(self, pyvista: Any, hemi: str) -> None:
        points, triangles = self.cortex.surface(hemi)
        side = -1.0 if hemi == "lh" else 1.0
        points = points - [points[:, 0].max() + GAP_mm if hemi == "lh" else points[:, 0].min() - GAP_mm, 0.0, 0.0]
        mesh = pyvista.PolyData.from_regular_faces(np.asarray(points, dtype=np.float32), triangles)
        mesh["activation"] = np.zeros(len(points), dtype=np.float32)
        limit = 1e9 * self.cortex.limit or 1.0
        actor = self.plotter.add_mesh(
            mesh,
            scalars="activation",
            cmap="RdBu_r",
            clim=(-limit, limit),
            smooth_shading=True,
            show_scalar_bar=side > 0,
            scalar_bar_args={
                "title": "",
                "color": "black",
                "title_font_size": 8,
                "label_font_size": 11,
                "height": 0.1,
                "width": 0.5,
                "position_x": 0.25,
                "position_y": 0.01,
                "n_labels": 3,
                "fmt": "%.2g",
            },
            ambient=0.25,
            render=False,
        )
        self._meshes[hemi] = mesh
        self._actors[actor] = hemi

    @property
    def window(self) -> Any:
        """What the page shows: VTK's window."""
        return self.plotter.render_window

    def show_time(self, latency: float) -> None:
        """Show the activation at a time, s."""
        for hemi, mesh in self._meshes.items():
            mesh["activation"] = (1e9 * self.cortex.activation(latency, hemi).surface).astype(np.float32)

    def show_place(self, place: Place | None) -> None:
        """Draw the border of the place that the target comes from."""
        self.plotter.remove_actor("place", render=False)
        if place is None:
            return
        mesh = self._meshes[place.hemi]
        inside = np.zeros(mesh.n_points, dtype=np.float32)
        inside[place.label.get_vertices_used(np.arange(mesh.n_points))] = 1.0
        outline = mesh.copy(deep=True)
        outline["inside"] = inside
        normals = mesh.compute_normals(cell_normals=False, auto_orient_normals=False).point_normals
        outline.points = outline.points + ABOVE_mm * normals  # else the surface hides parts of the line
        border = outline.contour([0.5], scalars="inside")
        if border.n_points:
            self.plotter.add_mesh(
                border,
                color=LABEL["border"],
                line_width=4,
                lighting=False,
                name="place",
                reset_camera=False,
                render=False,
                pickable=False,
                show_scalar_bar=False,
                scalars=None,
            )

    def look(self, view: str) -> None:
        """Look from a side: ``'lateral-lh'``, ``'medial-lh'``, ``'lateral-rh'``, ``'medial-rh'`` or ``'above'``."""
        camera = self.plotter.camera
        where, _, hemi = view.partition("-")
        shown = list(self._meshes.values()) if where == "above" else [self._meshes[hemi]]
        for known, mesh in self._meshes.items():
            actor = next(actor for actor, name in self._actors.items() if name == known)
            actor.SetVisibility(where == "above" or known == hemi)
            del mesh
        points = np.concatenate([mesh.points for mesh in shown])
        low, high = points.min(axis=0), points.max(axis=0)
        centre = (low + high) / 2
        direction = {
            "above": (0, 0, 1),
            "lateral": (-1 if hemi == "lh" else 1, 0, 0),
            "medial": (1 if hemi == "lh" else -1, 0, 0),
        }
        camera.focal_point = centre
        camera.position = centre + 500.0 * np.array(direction[where], dtype=float)
        camera.up = (0, 1, 0) if where == "above" else (0, 0, 1)
        camera.parallel_projection = True
        extent = high - low
        tall, wide = (extent[1], extent[0]) if where == "above" else (extent[2], extent[1])
        width, height = self.plotter.window_size
        scale = 0.64 * max(tall, wide * height / width)
        camera.parallel_scale = scale
        down = 0.16 * scale * np.array(camera.up)  # room for the colour bar below
        camera.focal_point, camera.position = camera.focal_point - down, camera.position - down
        self.plotter.renderer.ResetCameraClippingRange()

    def vertex_at(self, x: float, y: float) -> tuple[str, int] | None:
        """Return hemisphere and vertex at a place, in pixels from the lower left; None beside the cortex."""
        from vtkmodules.vtkRenderingCore import vtkCellPicker

        picker = vtkCellPicker()
        picker.SetTolerance(0.0005)
        if not picker.Pick(x, y, 0.0, self.plotter.renderer) or picker.GetCellId() < 0:
            return None
        hemi = self._actors.get(picker.GetActor())
        if hemi is None:
            return None
        mesh = self._meshes[hemi]
        corners = mesh.regular_faces[picker.GetCellId()]
        nearest = np.linalg.norm(mesh.points[corners] - np.array(picker.GetPickPosition()), axis=1).argmin()
        return hemi, int(corners[nearest])

    def close(self) -> None:
        """Close the window."""
        self.plotter.close()
