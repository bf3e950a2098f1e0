"""Levels of rising cost."""

import pytest
from targets import L5P

from mne_hnn.errors import ParameterError
from mne_hnn.fit import Level
from mne_hnn.fit.levels import as_levels, on_level
from mne_hnn.fit.objectives import Custom
from mne_hnn.network import jones_2009, replace


def test_levels_of_a_search():
    large, small = jones_2009(), jones_2009((3, 3))
    assert as_levels("auto", large, 2) == (Level(mesh_shape=(5, 5)), Level(n_trials=2))
    assert as_levels("auto", small, 2) == (Level(n_trials=2),)
    assert as_levels(None, large, 3) == (Level(n_trials=3),)
    own = [Level(mesh_shape=(2, 2), share=2), Level(n_trials=4)]
    assert as_levels(own, small, 1) == tuple(own)
    assert as_levels(Level(), small, 1) == (Level(),)
    assert [str(one) for one in own] == ["2x2", "full"]


def test_identity_of_an_objective_depends_on_the_level():
    network, objective = jones_2009((6, 6)), Custom(function=len)
    names = {on_level(network, objective, Level(mesh_shape=mesh))[1].identity for mesh in (None, (3, 3), (2, 2))}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ("coarse", "'auto', None, or Levels, got 'coarse'"),
        ([], "sequence of Levels"),
        ([(5, 5), None], "sequence of Levels"),
        (3, "sequence of Levels"),
        ([Level(), Level(mesh_shape=(2, 2))], "must be the full column: end with"),
    ],
)
def test_wrong_levels(levels, message):
    with pytest.raises(ParameterError, match=message):
        as_levels(levels, jones_2009((3, 3)), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mesh_shape": 5}, "two integers"),
        ({"mesh_shape": (0, 5)}, "number of cells"),
        ({"n_trials": 0}, "n_trials"),
        ({"share": 0.0}, "share"),
    ],
)
def test_wrong_level(options, message):
    with pytest.raises(ParameterError, match=message):
        Level(**options)


def test_a_network_without_a_coarser_form_is_searched_as_it_is():
    network = jones_2009()
    moved = [(x + 1.0, y, z) for x, y, z in network.populations[L5P].positions_um]
    off_grid = replace(
        network, populations={**network.populations, L5P: replace(network.populations[L5P], positions_um=moved)}
    )
    assert as_levels("auto", off_grid, 2) == (Level(n_trials=2),)
    assert as_levels(Level(), off_grid, 2) == (Level(),)
    with pytest.raises(ParameterError, match="on no grid, so it has no coarser form: use levels=None"):
        as_levels([Level(mesh_shape=(5, 5)), Level()], off_grid, 2)


def test_a_level_with_more_cells_than_the_column():
    with pytest.raises(ParameterError, match="Level 4x3 has more cells than the column of 3x3"):
        as_levels([Level(mesh_shape=(4, 3)), Level()], jones_2009((3, 3)), 1)
