"""The template of a cell type: sections, tree, receptors and named locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from .._checks import check_bool, check_finite, check_label, check_name
from .._value import FrozenMap, OrderedFrozenMap, Value, replace
from ..errors import NetworkError, ParameterError
from .channels import CHANNELS
from .density import Density
from .mechanisms import CustomSynapse, Mechanism
from .sections import Branch, Section
from .synapses import Synapse

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CellTemplate"]

ELECTRO_TYPES = ("excitatory", "inhibitory")
_KINETICS = {"e_mV", "tau1_ms", "tau2_ms"}
Z_AXIS = (0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellTemplate(Value):
    """Everything the cells of one type share.

    Parameters
    ----------
    name : str
        Name of the template.
    sections : mapping of str to Section
        The sections; their order is the order in which they are built.
    tree : sequence of Branch
        How the sections join; one section, the root, is no child.
    synapses : mapping of str to Synapse or CustomSynapse
        Kinetics per receptor.
    locations : mapping of str to sequence of str
        Named groups of sections that connections and drives can target. A group may be empty:
        then nothing can target it.
    layer : str
        Layer, for example ``"L2"`` or ``"L5"``; the dipole is summed per layer.
    morphology : str
        For example ``"pyramidal"`` or ``"basket"``.
    electro_type : str
        ``"excitatory"`` or ``"inhibitory"``: which global gain scales its connections.
    measures_dipole : bool
        Whether its axial currents count in the dipole.
    apical_section : str | None
        The section whose direction is "up" for the dipole; None for the z axis.
    reference : str
        Publication; not part of the template's identity.

    Examples
    --------
    >>> cell = network.cell_types["L5_pyramidal"]
    >>> len(cell.sections), cell.locations["distal"]
    (9, ('apical_tuft',))
    >>> cell.with_section("soma", L_um=40.0).sections["soma"].L_um
    40.0
    """

    name: str
    sections: Mapping[str, Section]
    tree: Sequence[Branch] = ()
    synapses: Mapping[str, Synapse | CustomSynapse] = field(default_factory=FrozenMap)
    locations: Mapping[str, Sequence[str]] = field(default_factory=FrozenMap)
    layer: str
    morphology: str
    electro_type: str
    measures_dipole: bool
    apical_section: str | None = None
    reference: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        what = f"Cell template {check_label(self.name, 'The name of a cell template')!r}"
        if check_label(self.layer, f"{what}: layer") == "agg":
            raise NetworkError(f"{what}: 'agg' stands for all layers together, so no layer can have that name.")
        check_label(self.morphology, f"{what}: morphology")
        check_name(self.electro_type, ELECTRO_TYPES, "electro_type", error=NetworkError)
        object.__setattr__(self, "measures_dipole", check_bool(self.measures_dipole, f"{what}: measures_dipole"))
        object.__setattr__(self, "sections", OrderedFrozenMap(self.sections))
        object.__setattr__(self, "tree", tuple(self.tree))
        object.__setattr__(self, "synapses", FrozenMap(self.synapses))
        _check_types(what, self.sections, Section)
        _check_types(what, self.synapses, Synapse, CustomSynapse)
        for name in self.locations:
            if name in self.sections and tuple(self.locations[name]) != (name,):
                raise NetworkError(f"{what}: location {name!r} has the name of a section: rename it.")
        locations = {name: self._checked_location(name, members) for name, members in self.locations.items()}
        object.__setattr__(self, "locations", FrozenMap(locations))
        self._check_tree(what)
        if self.apical_section is not None:
            check_name(
                self.apical_section, self.sections, "apical section", where=f"of {self.name!r}", error=NetworkError
            )
        for name, section in self.sections.items():
            for receptor in section.receptors:
                check_name(receptor, self.synapses, "receptor", where=f"on section {name!r}", error=NetworkError)

    def _checked_location(self, name: str, members: Sequence[str]) -> tuple[str, ...]:
        if isinstance(members, str):
            raise NetworkError(f"Location {name!r} must be a sequence of section names, got the str {members!r}.")
        for member in members:
            check_name(member, self.sections, "section", where=f"in location {name!r}", error=NetworkError)
        # the order of the sections, so that equal groups compare equal
        return tuple(section for section in self.sections if section in members)

    def _check_tree(self, what: str) -> None:
        if not self.sections:
            raise NetworkError(f"{what} has no sections: give at least one.")
        parents: dict[str, str] = {}
        for branch in self.tree:
            if not isinstance(branch, Branch):
                raise NetworkError(f"{what}: the tree must hold Branch values, got {type(branch).__name__}.")
            for name in (branch.child, branch.parent):
                check_name(name, self.sections, "section", where=f"in the tree of {self.name!r}", error=NetworkError)
            if branch.child in parents:
                raise NetworkError(f"{what}: section {branch.child!r} has two parents; a tree allows one.")
            parents[branch.child] = branch.parent
        roots = [name for name in self.sections if name not in parents]
        if len(roots) != 1:
            raise NetworkError(f"{what}: the tree must have one root section, got {roots or 'a loop'}: add branches.")
        for name in self.sections:
            seen = {name}
            while name in parents:
                name = parents[name]
                if name in seen:
                    raise NetworkError(f"{what}: sections {sorted(seen)} form a loop instead of a tree.")
                seen.add(name)

    # -- geometry ------------------------------------------------------------------------------

    @property
    def root(self) -> str:
        """Name of the section that is nobody's child (the soma)."""
        children = {branch.child for branch in self.tree}
        return next(name for name in self.sections if name not in children)

    @property
    def parents(self) -> dict[str, Branch]:
        """The joint of each section with its parent, by child name."""
        return {branch.child: branch for branch in self.tree}

    def section(self, name: str) -> Section:
        """Return a section by name; an unknown name raises ParameterError with the valid ones."""
        return self.sections[check_name(name, self.sections, "section", where=f"of {self.name!r}")]

    def path_distance_um(self, section: str, x: float) -> float:
        """Return the path length along the tree from end 0 of the root.

        Parameters
        ----------
        section : str
            Name of the section.
        x : float
            Relative position in the section, from 0 to 1.

        Returns
        -------
        float
            Distance, um.
        """
        length = self.section(section).L_um
        x = check_finite(x, "x")
        if not 0 <= x <= 1:
            raise ParameterError(f"x must be a relative position between 0 and 1, got {x!r}.")
        branch = self.parents.get(section)
        if branch is None:
            return x * length
        return self.path_distance_um(branch.parent, branch.parent_end) + abs(x - branch.child_end) * length

    def segment_centres_um(self, section: str) -> NDArray[np.float64]:
        """Return the path distance of each segment centre from end 0 of the root, um, shape (nseg,)."""
        nseg = self.section(section).nseg
        return np.array([self.path_distance_um(section, (k + 0.5) / nseg) for k in range(nseg)])

    def cos_theta(self, section: str) -> float:
        """Return the cosine of the angle between a section and the apical direction."""
        up = np.array(Z_AXIS) if self.apical_section is None else self.sections[self.apical_section].direction
        return float(np.clip(np.dot(self.section(section).direction, up), -1.0, 1.0))

    def density(self, section: str, channel: str, parameter: str) -> NDArray[np.float64]:
        """Return a channel parameter at each segment centre, shape (nseg,), in its own unit."""
        channels = self.section(section).channels
        parameters = channels[check_name(channel, channels, "channel", where=f"in section {section!r}")]
        profile = parameters[check_name(parameter, parameters, "parameter", where=f"of channel {channel!r}")]
        return cast("Density", profile).at(self.segment_centres_um(section))

    def sections_at(self, location: str) -> tuple[str, ...]:
        """Return the sections of a named location, or the one section of that name.

        Raises
        ------
        ParameterError
            If neither a location nor a section has that name.
        """
        if location in self.sections:
            return (location,)
        valid = [*self.locations, *self.sections]
        return tuple(self.locations[check_name(location, valid, "location", where=f"of {self.name!r}")])

    # -- edits ---------------------------------------------------------------------------------

    def renamed(self, name: str) -> Self:
        """Return the template under another name."""
        return replace(self, name=name)

    def with_section(self, name: str, **changes: Any) -> Self:
        """Return a template with fields of one section changed.

        Changing ``L_um`` alone also moves the end points: every section keeps its direction and
        stays attached to its parent.

        Parameters
        ----------
        name : str
            The section.
        **changes
            New values of fields of :class:`Section`.
        """
        section = replace(self.section(name), **changes)
        edited = replace(self, sections=OrderedFrozenMap({**self.sections, name: section}))
        if "L_um" in changes and "end_points_um" not in changes:
            return edited._stretch()
        return edited

    def _stretch(self) -> Self:
        """Redraw all end points so that each section has its length and touches its parent."""
        drawn: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

        def draw(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            if name not in drawn:
                section = self.sections[name]
                vector = section.direction * section.L_um
                branch = self.parents.get(name)
                if branch is None:
                    start = np.asarray(section.end_points_um[0], dtype=float)
                else:
                    joint = draw(branch.parent)[branch.parent_end]
                    start = joint if branch.child_end == 0 else joint - vector
                drawn[name] = (start, start + vector)
            return drawn[name]

        sections = {
            name: replace(section, end_points_um=tuple(tuple(p.tolist()) for p in draw(name)))
            for name, section in self.sections.items()
        }
        return replace(self, sections=OrderedFrozenMap(sections))

    def _matching(self, pattern: str) -> list[str]:
        names = list(self.sections) if pattern == "all" else [n for n in self.sections if fnmatchcase(n, pattern)]
        if not names:
            check_name(pattern, ["all", *self.sections], "section or pattern", where=f"of {self.name!r}")
        return names

    def with_channel(self, section: str, channel: str | Mechanism, **parameters: Any) -> Self:
        """Return a template with a channel added or changed.

        Parameters
        ----------
        section : str
            A section, ``"all"``, or a pattern such as ``"basal_*"``.
        channel : str or Mechanism
            Key of the channel; or a channel of one's own, whose key is then its name.
        **parameters : float or Density
            Parameters to set; others keep their value, or take the default if the channel is new.
        """
        if isinstance(channel, Mechanism) and channel.kind != "channel":
            raise NetworkError(
                f"{channel.name!r} is a synapse (POINT_PROCESS), no channel: give it to a receptor with with_synapse."
            )
        matching = self._matching(section)
        own = {channel.name: channel} if isinstance(channel, Mechanism) else {}
        present = {key: value for name in matching for key, value in self.sections[name].mechanisms.items()}
        key = channel.name if isinstance(channel, Mechanism) else channel
        check_name(key, [*CHANNELS, *own, *present], "channel")
        sections = dict(self.sections)
        for name in matching:
            channels = sections[name].channels
            merged = {**channels.get(key, {}), **parameters}
            if own and own[key] != sections[name].mechanisms.get(key):
                merged = parameters  # another text, with parameters of its own
            mechanisms = {**present, **sections[name].mechanisms, **own}
            sections[name] = replace(sections[name], channels={**channels, key: merged}, mechanisms=mechanisms)
        return replace(self, sections=OrderedFrozenMap(sections))

    def without_channel(self, section: str, channel: str) -> Self:
        """Return a template with a channel taken out of a section, ``"all"``, or a pattern.

        Raises
        ------
        ParameterError
            If none of the sections has the channel.
        """
        sections = dict(self.sections)
        matching = self._matching(section)
        present = {key for name in matching for key in sections[name].channels}
        check_name(channel, sorted(present), "channel", where=f"in section {section!r}")
        for name in matching:
            kept = {key: value for key, value in sections[name].channels.items() if key != channel}
            sections[name] = replace(sections[name], channels=kept)
        return replace(self, sections=OrderedFrozenMap(sections))

    def with_synapse(self, receptor: str, /, mechanism: Mechanism | None = None, **changes: float) -> Self:
        """Return a template with the kinetics of one receptor changed.

        Parameters
        ----------
        receptor : str
            The receptor; one that is not there yet is defined by a mechanism, or by all fields of a :class:`Synapse`.
        mechanism : Mechanism | None
            A synapse of one's own that takes the place of the present kinetics; None keeps the kind that is there.
        **changes : float
            Fields of :class:`Synapse`, or parameters of the mechanism; others keep their value, or take the default
            of the file where the mechanism is new.
        """
        present = self.synapses.get(receptor)
        synapse: Synapse | CustomSynapse
        if mechanism is not None:
            kept = present.parameters if isinstance(present, CustomSynapse) and present.mechanism == mechanism else {}
            synapse = CustomSynapse(mechanism=mechanism, parameters={**kept, **changes})
        elif isinstance(present, CustomSynapse) and not _defines(changes, present):
            synapse = replace(present, parameters={**present.parameters, **changes})
        elif isinstance(present, Synapse):
            synapse = replace(present, **changes)
        elif set(changes) == _KINETICS:
            synapse = Synapse(**changes)
        else:
            synapse = self.synapses[check_name(receptor, self.synapses, "receptor", where=f"of {self.name!r}")]
        return replace(self, synapses=FrozenMap({**self.synapses, receptor: synapse}))

    # -- figures -------------------------------------------------------------------------------

    def plot_morphology(self, *, axes: Axes | None = None, show: bool = True) -> Figure:
        """Plot the sections to scale; see :func:`mne_hnn.viz.plot_morphology`."""
        from ..viz import plot_morphology

        return plot_morphology(self, axes=axes, show=show)


def _defines(changes: Mapping[str, float], present: CustomSynapse) -> bool:
    """Whether changes define a double exponential in place of a synapse of one's own."""
    return set(changes) == _KINETICS and not _KINETICS & set(present.mechanism.parameters)


def _check_types(what: str, items: Mapping[str, Any], kind: type, *others: type) -> None:
    for name, item in items.items():
        check_label(name, f"{what}: the name of a {kind.__name__}")
        if not isinstance(item, (kind, *others)):
            raise NetworkError(f"{what}: {name!r} must be a {kind.__name__}, got {type(item).__name__}.")
