"""Files of conditions are found, which mne-bids does not list."""

import pytest

from mne_hnn.errors import DataError
from mne_hnn.group import find_derivatives


@pytest.fixture
def derivatives(tmp_path):
    folder = tmp_path / "sub-01" / "meg"
    folder.mkdir(parents=True)
    (tmp_path / "work" / "sub-01_task-touch_cond-missed").mkdir(parents=True)
    for condition in ("leftHand", "missed"):
        for file in ("desc-target_dipole.fif", "desc-target_dipole.json", "desc-fit_dipole.fif"):
            (folder / f"sub-01_task-touch_cond-{condition}_{file}").touch()
    return tmp_path


def test_files_are_found_by_what_their_names_say(derivatives):
    assert len(find_derivatives(derivatives)) == 6
    fits = find_derivatives(derivatives, subject="01", description="fit", suffix="dipole", extension=".fif")
    assert [path.name.split("_")[2] for path in fits] == ["cond-leftHand", "cond-missed"]
    (one,) = find_derivatives(derivatives, condition="left Hand", description="fit")  # as the configuration calls it
    assert one.name == "sub-01_task-touch_cond-leftHand_desc-fit_dipole.fif"


def test_a_wrong_label_is_answered_with_the_nearest(derivatives):
    with pytest.raises(DataError, match="Unknown condition 'mised' in .* Did you mean 'missed'"):
        find_derivatives(derivatives, condition="mised")
    with pytest.raises(DataError, match="Unknown description 'fitted'.* Did you mean 'fit'"):
        find_derivatives(derivatives, description="fitted")
    with pytest.raises(DataError, match="holds no results of subjects and conditions"):
        find_derivatives(derivatives / "work")


def test_mne_bids_does_not_list_them(derivatives):
    """The day it does, the README of the derivatives need not send readers elsewhere."""
    mne_bids = pytest.importorskip("mne_bids")
    assert mne_bids.find_matching_paths(derivatives, check=False) == []
