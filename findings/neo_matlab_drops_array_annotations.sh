#!/usr/bin/env bash
# neo 0.14.6: NeoMatlabIO writes and reads back a signal without its array annotations, and says nothing.
#
# What belongs to each channel of a signal, such as the depth of each contact of a laminar probe, is an array annotation.
# It is gone after write_block and read_block; values, unit and times come back. Whoever keeps depths there (as the
# documentation of array annotations suggests) finds a probe without places, and has to keep them elsewhere.
# Seen: array_annotations is {} after the round trip, without a warning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'neo==0.14.6' 'scipy==1.17.1' 'numpy==2.4.6' 'quantities==0.16.4'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import warnings

import neo
import numpy as np
import quantities as pq

block, segment = neo.Block(), neo.Segment()
block.segments.append(segment)
depth = np.arange(4) * 100 * pq.um
signal = neo.AnalogSignal(np.ones((10, 4)), units="uV", sampling_rate=1 * pq.kHz, array_annotations={"depth": depth})
segment.analogsignals.append(signal)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    neo.io.NeoMatlabIO("block.mat").write_block(block)
    back = neo.io.NeoMatlabIO("block.mat").read_block().segments[0].analogsignals[0]
print("before:", dict(signal.array_annotations))
print("after: ", dict(back.array_annotations), "values kept:", bool((back.magnitude == 1).all()))
print("warnings that name annotations:", sum("annotation" in str(one.message) for one in said))
assert (back.magnitude == 1).all() and back.shape == (10, 4)
assert not back.array_annotations, "the behaviour has changed"
assert not any("annotation" in str(one.message) for one in said), "the behaviour has changed"
PYTHON
