#!/usr/bin/env bash
# mne 1.13.2: a per cent sign in the docstring of a function under @verbose makes importing its module fail.
#
# The decorator that gives a function MNE's `verbose` argument also fills MNE's documentation templates into its
# docstring, by Python's % formatting, whether or not it holds one. "an error of 11 % over" is read as the format "% o",
# and a RuntimeError at import names the function. "%%" is shown as "%" once decorated, and so reads wrongly in the source.
# Seen: RuntimeError "Error documenting ...: %o format: an integer is required, not dict"; the same text without the
# sign, or with the sign doubled, is fine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mne==1.13.2'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
from mne.utils import verbose


def decorated(sentence):
    def error_of(data, verbose=None):
        return data

    error_of.__doc__ = f"Return how far data are off: {sentence} all sensors."
    return verbose(error_of)


seen = []
for sentence in ("an error of 11 % over", "an error of 11 per cent over", "an error of 11 %% over"):
    try:
        seen.append(decorated(sentence).__doc__)
    except RuntimeError as error:
        seen.append(f"{type(error).__name__}: {' '.join(str(error).split())}")
    print(f"{sentence!r}: {seen[-1]}")
assert seen[0].startswith("RuntimeError: Error documenting error_of: %o format"), "the behaviour has changed"
assert "11 per cent over all sensors" in seen[1] and "11 % over all sensors" in seen[2], "the behaviour has changed"
PYTHON
