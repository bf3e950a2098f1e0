"""How the site is built: ``python -m sphinx -W --keep-going tutorials site``.

Nothing is downloaded. The API reference, the options and the gallery are made anew from the package and the scripts
each time; what stands in files beside this folder (changes, contributing, benchmarks) is read from there.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_site"), str(HERE.parent)]
os.environ.setdefault("MNE_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import inventories
import names
import pages
import pyvista
import reference

import mne_hnn

pyvista.OFF_SCREEN = True
pyvista.BUILDING_GALLERY = True  # scenes stay open until their scraper has taken them
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

project = "mne_hnn"
author = "The mne_hnn developers"
project_copyright = author
version = release = mne_hnn.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_gallery.gen_gallery",
]
root_doc = "index"
exclude_patterns = [
    "README.md",
    "figures/*.py",
    "howto/*",
    "workflows/*",
    "_site/*",
    "_generated/backreferences/*",
    "**/GALLERY_HEADER.rst",
    "**/sg_execution_times.rst",
    "sg_execution_times.rst",
]
templates_path = ["_site/templates"]
myst_heading_anchors = 4

# the reference
autosummary_generate = True
autosummary_generate_overwrite = True
autodoc_typehints = "none"  # docstrings say what types are
autodoc_member_order = "bysource"
maximum_signature_line_length = 80  # longer ones have a line per argument
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
nitpicky = True  # a reference that leads nowhere is a warning, but to other packages where their sites are out of reach
_others = (
    "mne|mne_bids|numpy|scipy|matplotlib|mpl_toolkits|pyvista|pandas|neo|dask|distributed|joblib|"
    "collections|concurrent|dataclasses|pathlib|warnings"
)
nitpick_ignore_regex = [(r"py:.*", rf"({_others})(\..*)?"), (r"py:exc", r"[A-Z]\w+(Error|Exception)")]

intersphinx_mapping, _skipped = inventories.reachable(
    {
        "python": "https://docs.python.org/3",
        "mne": "https://mne.tools/stable",
        "numpy": "https://numpy.org/doc/stable",
        "scipy": "https://docs.scipy.org/doc/scipy",
        "matplotlib": "https://matplotlib.org/stable",
        "pyvista": "https://docs.pyvista.org",
    }
)

# the gallery
sphinx_gallery_conf = {
    "examples_dirs": ["workflows", "howto"],
    "gallery_dirs": ["_generated/workflows", "_generated/howto"],
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("matplotlib", "scrapers.scenes", "scrapers.files"),
    "matplotlib_animations": True,
    "capture_repr": (),
    "doc_module": ("mne_hnn",),
    "reference_url": {"mne_hnn": None},
    "backreferences_dir": "_generated/backreferences",
    "inspect_global_variables": False,
    "show_signature": False,
    "min_reported_time": 0,
    "remove_config_comments": True,
    "first_notebook_cell": "%matplotlib inline",
    "default_thumb_file": str(HERE / "figures" / "median_nerve_column.png"),
}

# how it looks
html_theme = "pydata_sphinx_theme"
html_title = "mne_hnn"
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # fetched page by page, which a browser refuses where the site is a folder of files
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {page: [] for page in ("index", "start", "mne_users", "hnn", "concepts")}  # they have no siblings below
html_context = {"default_mode": "auto"}  # light or dark as the reader has it; without, the theme reports an error


def setup(app):
    """Make what is generated, and read pages that stand elsewhere."""
    inventories.note(_skipped)
    reference.write(HERE / "_generated")
    pages.connect(app)
    names.connect(app)
