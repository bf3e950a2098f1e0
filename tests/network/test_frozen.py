"""Frozen maps, values and digests."""

import copy
import inspect
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mne_hnn._checks import check_bool, check_finite, check_int, check_label, check_probability
from mne_hnn.errors import MneHnnError, ParameterError
from mne_hnn.network import FrozenMap, OrderedFrozenMap, Synapse, canonical, digest, model, replace

items = st.dictionaries(st.text(max_size=5), st.integers(), max_size=6)


@given(items)
def test_map_equals_and_hashes_whatever_the_order(data):
    backwards = FrozenMap(dict(reversed(list(data.items()))))
    assert FrozenMap(data) == backwards == data
    assert hash(FrozenMap(data)) == hash(backwards)
    assert digest(FrozenMap(data)) == digest(backwards)
    assert pickle.loads(pickle.dumps(backwards)) == backwards


@given(items.filter(lambda data: len(data) > 1))
def test_ordered_map_tells_orders_apart(data):
    ordered, backwards = OrderedFrozenMap(data), OrderedFrozenMap(dict(reversed(list(data.items()))))
    assert ordered != backwards
    assert digest(ordered) != digest(backwards)
    assert ordered == OrderedFrozenMap(data)


@given(items, st.text(max_size=5), st.integers())
def test_map_edits_round_trip(data, key, value):
    frozen = FrozenMap(data)
    longer = frozen.set(key, value)
    assert longer[key] == value
    assert frozen == data
    if key not in data:
        assert longer.drop(key) == frozen
    else:
        assert longer.set(key, data[key]) == frozen


def test_map_names_the_nearest_key():
    with pytest.raises(ParameterError, match="Did you mean 'tau1'"):
        FrozenMap({"tau1": 1}).replace(tau=2)
    with pytest.raises(ParameterError, match="Unknown key 'b'"):
        FrozenMap({"a": 1}).drop("b")
    with pytest.raises(TypeError):
        FrozenMap({"a": 1})["a"] = 2
    assert repr(FrozenMap({"a": 1})) == "FrozenMap({'a': 1})"


def test_value_is_frozen_and_names_fields():
    synapse = Synapse(e_mV=0, tau1_ms=1, tau2_ms=2)
    with pytest.raises(AttributeError):
        synapse.e_mV = 5
    with pytest.raises(ParameterError, match="Unknown field 'tau1' of Synapse.*Did you mean 'tau1_ms'"):
        replace(synapse, tau1=3)
    with pytest.raises(ParameterError, match="Unknown field 'tau_2' of Synapse"):
        Synapse(e_mV=0, tau1_ms=1, tau_2=2)
    assert copy.deepcopy(synapse) is synapse
    assert pickle.loads(pickle.dumps(synapse)) == synapse


def test_canonical_forms():
    assert canonical(Synapse(e_mV=-0.0, tau1_ms=1, tau2_ms=2)) == [
        "Synapse",
        {"e_mV": 0.0, "tau1_ms": 1.0, "tau2_ms": 2.0},
    ]
    assert canonical((1, np.float64(0.5), None, "a")) == [1, 0.5, None, "a"]
    with pytest.raises(ParameterError, match="no canonical form"):
        canonical(object())


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_digest_tells_numbers_apart(a, b):
    assert (digest(a) == digest(b)) == (a == b)


def test_digest_is_the_same_in_another_process():
    code = "from mne_hnn.network import model; print(model('calcium', drives=True).digest)"
    expected = model("calcium", drives=True).digest
    for hash_seed in ("1", "2"):
        env = {**_environment(), "PYTHONHASHSEED": hash_seed}
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
        assert run.stdout.strip() == expected


def _environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_import_stays_light():
    code = "import sys, mne_hnn.network; print([m for m in ('neuron', 'mne', 'scipy') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("value", [True, np.True_, None, "1", float("inf"), float("nan"), [1], 1j])
def test_what_is_not_a_number(value):
    with pytest.raises(ParameterError, match="x must be a finite number"):
        check_finite(value, "x")


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int64(1)])
def test_what_is_a_number(value):
    assert check_finite(value, "x") == 1.0
    assert type(check_finite(value, "x")) is float


def test_other_checks():
    for value in (1.5, -0.1):
        with pytest.raises(ParameterError, match="between 0 and 1"):
            check_probability(value, "p")
    for value in (1.0, True, "1"):
        with pytest.raises(ParameterError, match="n must be an integer from 1 to 3"):
            check_int(value, "n", minimum=1, maximum=3)
    with pytest.raises(ParameterError, match="True or False, got 1"):
        check_bool(1, "flag")
    with pytest.raises(ParameterError, match="non-empty str"):
        check_label(" a", "Name")
    assert issubclass(ParameterError, MneHnnError)
    assert issubclass(ParameterError, ValueError)


def test_signatures_of_values_are_their_fields():
    """And that of one that can be called is what it takes."""
    from mne_hnn.sweep import FiringRates

    assert list(inspect.signature(Synapse).parameters) == ["e_mV", "tau1_ms", "tau2_ms"]
    assert inspect.signature(FiringRates).parameters["tmin"].default is None
    assert list(inspect.signature(FiringRates()).parameters) == ["simulation"]
