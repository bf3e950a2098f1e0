"""What the gallery shows beside figures: scenes, and pictures and animations that a script has written to files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyvista
from pyvista.plotting.plotter import _ALL_PLOTTERS
from sphinx_gallery.scrapers import figure_rst

KINDS = (".gif", ".png")


def scenes(block: tuple[Any, ...], block_vars: Mapping[str, Any], gallery_conf: Mapping[str, Any]) -> str:
    """Return the markup of the scenes that are still open, by the scraper of pyvista.

    That one takes every scene since the last block, and fails at one that has been closed, as ours are once they have
    written their picture or film.
    """
    for name in [name for name, scene in _ALL_PLOTTERS.items() if scene._closed]:
        del _ALL_PLOTTERS[name]
    return str(pyvista.Scraper()(block, block_vars, gallery_conf))


def files(block: tuple[Any, ...], block_vars: Mapping[str, Any], gallery_conf: Mapping[str, Any]) -> str:
    """Return the markup of picture files that a variable of the script newly names."""
    names = block_vars["example_globals"]
    seen = names.setdefault("__shown_files__", set())
    shown = []
    for value in list(names.values()):
        if isinstance(value, Path) and value.suffix in KINDS and value not in seen and value.is_file():
            seen.add(value)
            place = Path(next(block_vars["image_path_iterator"])).with_suffix(value.suffix)
            shutil.copyfile(value, place)
            shown.append(str(place))
    return figure_rst(shown, gallery_conf["src_dir"])
