"""Edits of the cells of a network and of where they sit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from .._checks import check_label, check_name, check_positive
from .._peer_names import checked_arguments
from .._value import OrderedFrozenMap, replace
from ..errors import NetworkError
from ._base import NetworkBase
from ._plausible import warn_of_distances
from .cells import CellTemplate
from .grid import DEPTHS, check_mesh_shape, grid_origin, grid_positions
from .mechanisms import Mechanism
from .populations import Population
from .sections import Point

__all__ = ["CellEdits"]


class CellEdits(NetworkBase):
    """Methods that return a network with other cells or other positions."""

    __slots__ = ()

    def with_cell(
        self,
        cell_type: str,
        template: CellTemplate | None = None,
        *,
        edit: Callable[[CellTemplate], CellTemplate] | None = None,
    ) -> Self:
        """Return a network with the template of one cell type replaced or edited.

        Parameters
        ----------
        cell_type : str
            The cell type.
        template : CellTemplate | None
            The new template.
        edit : callable | None
            A function of the present template that returns the new one; give this or `template`.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        population = self.populations[check_name(cell_type, self.populations, "cell type", error=NetworkError)]
        if (template is None) == (edit is None):
            raise NetworkError("with_cell needs either a template or an edit function: give one of them.")
        new = template if edit is None else edit(population.template)
        populations = {**self.populations, cell_type: replace(population, template=new)}
        return replace(self, populations=OrderedFrozenMap(populations))

    def with_section(self, cell_type: str, section: str, **changes: Any) -> Self:
        """Return a network with fields of one :class:`~mne_hnn.network.Section` changed."""
        return self.with_cell(cell_type, edit=lambda template: template.with_section(section, **changes))

    def with_channel(self, cell_type: str, section: str, channel: str | Mechanism, **parameters: Any) -> Self:
        """Return a network with a channel set; see :meth:`CellTemplate.with_channel`."""
        return self.with_cell(cell_type, edit=lambda template: template.with_channel(section, channel, **parameters))

    def without_channel(self, cell_type: str, section: str, channel: str) -> Self:
        """Return a network with a channel taken out; see :meth:`CellTemplate.without_channel`."""
        return self.with_cell(cell_type, edit=lambda template: template.without_channel(section, channel))

    def with_synapse(
        self, cell_type: str, receptor: str, /, mechanism: Mechanism | None = None, **changes: float
    ) -> Self:
        """Return a network with one receptor of a cell type changed; see :meth:`CellTemplate.with_synapse`."""
        return self.with_cell(cell_type, edit=lambda template: template.with_synapse(receptor, mechanism, **changes))

    def with_population(self, cell_type: str, template: CellTemplate, positions_um: Sequence[Sequence[float]]) -> Self:
        """Return a network with a cell type added at the end.

        Parameters
        ----------
        cell_type : str
            Name of the new cell type.
        template : CellTemplate
            Its template.
        positions_um : sequence of (x, y, z)
            Soma positions, um.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        if cell_type in self.populations:
            raise NetworkError(f"Cell type {cell_type!r} is there already: choose another name, or use with_cell.")
        population = Population(template=template, positions_um=positions_um)
        return replace(self, populations=OrderedFrozenMap({**self.populations, cell_type: population}))

    def without_population(self, *cell_types: str) -> Self:
        """Return a network without some cell types and all that reaches or leaves them.

        Their connections go, as do their entries in drives and biases; a drive or bias left
        without target goes too.
        """
        for name in cell_types:
            check_name(name, self.populations, "cell type", error=NetworkError)
        gone = set(cell_types)

        def drop_gone(entries: Any) -> Any:
            return {key: value for key, value in entries.items() if key not in gone}

        drives = {}
        for name, drive in self.drives.items():
            if drive.targets & gone == drive.targets:
                continue
            changes = {key: drop_gone(value) for key, value in drive.type_maps().items()}
            changes |= {"weights_ampa": drop_gone(drive.weights_ampa), "weights_nmda": drop_gone(drive.weights_nmda)}
            changes["placeholder_types"] = tuple(key for key in drive.placeholder_types if key not in gone)
            drives[name] = replace(drive, **changes)
        biases = {
            name: replace(bias, amplitude_nA=drop_gone(bias.amplitude_nA))
            for name, bias in self.biases.items()
            if set(bias.amplitude_nA) - gone
        }
        return replace(
            self,
            populations=OrderedFrozenMap(drop_gone(self.populations)),
            connections=tuple(c for c in self.connections if not {c.source, c.target} & gone),
            drives=drives,
            biases=biases,
        )

    def with_cell_names(self, names: Mapping[str, str]) -> Self:
        """Return a network with other names of cell types, wherever they stand: cells, connections, drives, biases.

        Simulations of it are the same but for the names. A fit expects spikes of cell types by name: give those of
        renamed ones to its :class:`~mne_hnn.fit.CircuitPrior`, which else expects nothing of them. Figures have the
        layer from the templates, and other colours than those of the published names.

        Parameters
        ----------
        names : mapping of str to str
            New name by present name, of some or all cell types; two may be exchanged.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        if not isinstance(names, Mapping):
            raise NetworkError(f"with_cell_names takes a mapping of present to new names, got {type(names).__name__}.")
        for present, new in names.items():
            check_name(present, self.populations, "cell type", error=NetworkError)
            check_label(new, f"The new name of {present!r}", error=NetworkError)
        all_new = [names.get(name, name) for name in self.populations]
        for name in all_new:
            if all_new.count(name) > 1:
                raise NetworkError(f"Two cell types would be called {name!r}: give each a name of its own.")

        def renamed(entries: Mapping[str, Any]) -> dict[str, Any]:
            return {names.get(key, key): value for key, value in entries.items()}

        drives = {}
        for name, drive in self.drives.items():
            changes: dict[str, Any] = {key: renamed(value) for key, value in drive.type_maps().items()}
            changes |= {"weights_ampa": renamed(drive.weights_ampa), "weights_nmda": renamed(drive.weights_nmda)}
            changes["placeholder_types"] = tuple(names.get(key, key) for key in drive.placeholder_types)
            drives[name] = replace(drive, **changes)
        ends = ("source", "target")
        return replace(
            self,
            populations=OrderedFrozenMap(renamed(self.populations)),
            connections=tuple(
                replace(made, **{end: names.get(getattr(made, end), getattr(made, end)) for end in ends})
                for made in self.connections
            ),
            drives=OrderedFrozenMap(drives),
            biases={name: replace(bias, amplitude_nA=renamed(bias.amplitude_nA)) for name, bias in self.biases.items()},
        )

    @checked_arguments(error=NetworkError)
    def with_positions(
        self, *, inplane_distance_um: float | None = None, layer_separation_um: float | None = None
    ) -> Self:
        """Return a network with another grid spacing or layer separation.

        Space constants of connections and drives count in grid spacings, so weights and delays do
        not change. Cells that do not sit on the grid have their coordinates scaled.

        Parameters
        ----------
        inplane_distance_um, layer_separation_um : float | None
            New distances, um; None to keep the present one.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        spacing = self.inplane_distance_um if inplane_distance_um is None else inplane_distance_um
        separation = self.layer_separation_um if layer_separation_um is None else layer_separation_um
        spacing = check_positive(spacing, "inplane_distance_um", error=NetworkError)
        separation = check_positive(separation, "layer_separation_um", error=NetworkError)
        warn_of_distances(spacing, separation)
        return self._on_grid(self.mesh_shape, spacing, separation)

    def with_temperature(self, celsius: float) -> Self:
        """Return a network at another temperature.

        Rates of sodium and potassium change by a factor of 3 per 10 degrees, rates and conductances of the M current,
        of calcium and of the potassium current that calcium gates by 2.3; the Nernst potential of calcium follows. The
        T and the h current, the removal of calcium, and synapses do not depend on temperature in the published model.

        Parameters
        ----------
        celsius : float
            Temperature, degrees Celsius, from 0 to 45.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        return replace(self, celsius=celsius)

    def with_mesh(self, mesh_shape: tuple[int, int]) -> Self:
        """Return a network on a grid of another shape; all cells must sit on the present grid.

        Parameters
        ----------
        mesh_shape : tuple of int
            Pyramidal cells of each type along x and y.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        shape = check_mesh_shape(mesh_shape)
        off_grid = [name for name in self.populations if not self._sits_on_grid(name)]
        if off_grid:
            raise NetworkError(f"with_mesh needs all cells on the grid, but {off_grid[0]!r} has positions of its own.")
        return self._on_grid(shape, self.inplane_distance_um, self.layer_separation_um)

    def _sits_on_grid(self, cell_type: str) -> bool:
        population = self.populations[cell_type]
        layer, morphology = population.template.layer, population.template.morphology
        if self.mesh_shape is None or (layer, morphology) not in DEPTHS:
            return False
        distances = (self.inplane_distance_um, self.layer_separation_um)
        return population.positions_um == grid_positions(morphology, layer, self.mesh_shape, *distances)

    def _on_grid(self, mesh_shape: tuple[int, int] | None, spacing: float, separation: float) -> Self:
        plane, depth = spacing / self.inplane_distance_um, separation / self.layer_separation_um

        def scale_point(point: Sequence[float]) -> Point:
            return point[0] * plane, point[1] * plane, point[2] * depth

        populations = {}
        for name, population in self.populations.items():
            points: Sequence[Point]
            if mesh_shape is not None and self._sits_on_grid(name):
                template = population.template
                points = grid_positions(template.morphology, template.layer, mesh_shape, spacing, separation)
            else:
                points = [scale_point(point) for point in population.positions_um]
            populations[name] = replace(population, positions_um=points)
        on_mesh = self.mesh_shape is not None and self.origin == grid_origin(
            self.mesh_shape, self.inplane_distance_um, self.layer_separation_um
        )
        return replace(
            self,
            populations=OrderedFrozenMap(populations),
            mesh_shape=mesh_shape,
            origin_um=None if on_mesh else scale_point(self.origin),
            inplane_distance_um=spacing,
            layer_separation_um=separation,
        )
