import pytest
from trees import copy_of, pipeline_tree

from mne_hnn.group.demo import group_demo


@pytest.fixture(scope="session")
def small_demo(anatomy, one_at_a_time):
    """Three subjects, the third without an MRI; in the cache, so it is made once per machine: do not change it."""
    with one_at_a_time("small-demo"):
        return group_demo(n_subjects=3, n_epochs=20, without_mri=("03",), broken=(), mesh_shape=(3, 3), n_trials=4)


@pytest.fixture(scope="session")
def demo(anatomy, one_at_a_time):
    """Three subjects: the second without an MRI, the file of the third broken; in the cache, too."""
    with one_at_a_time("demo"):
        return group_demo(n_subjects=3, n_epochs=20, mesh_shape=(3, 3), n_trials=4, without_mri=("02",), broken=("03",))


@pytest.fixture(scope="session")
def small_tree(small_demo, tmp_path_factory):
    """What mne-bids-pipeline leaves of two of these subjects; returns the demo (a copy) and the tree's root."""
    demo = copy_of(small_demo, tmp_path_factory.mktemp("bids") / "group")
    return demo, pipeline_tree(demo, ("01", "02"))
