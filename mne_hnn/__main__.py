"""``python -m mne_hnn``: the command line."""

import sys

from .cli import main

sys.exit(main())
