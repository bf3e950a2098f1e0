"""Files are opened and saved only in the folders that the page was given."""

import pytest

from mne_hnn.errors import DataError
from mne_hnn.explorer.files import Folders


@pytest.fixture
def folders(tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    for folder in (home, other):
        folder.mkdir()
        (folder / "net.json").write_text("{}")
    (home / "link.json").symlink_to("/etc/hostname")
    return Folders(home, other)


def test_what_is_inside_is_found(folders):
    assert folders.existing("net.json").read_text() == "{}"
    assert folders.existing("../other/net.json").is_file()
    assert folders.new("exploration-1").parent == folders.home
    assert folders.free_name() == "exploration-1"
    assert "net.json" in folders.files()


@pytest.mark.parametrize("name", ["/etc/hostname", "../../hostname", "link.json", "absent.json", "", None, "a\0b"])
def test_what_is_outside_or_absent_is_refused(folders, name):
    with pytest.raises(DataError, match=r"outside|no file|No file"):
        folders.existing(name)


@pytest.mark.parametrize("name", ["../other/new", "/tmp/new", ".", ""])
def test_nothing_is_written_elsewhere(folders, name):
    with pytest.raises(DataError, match=r"not inside|No file"):
        folders.new(name)
