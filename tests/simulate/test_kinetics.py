"""The translator from mechanisms to C++: what it reads, what it writes, and what it refuses."""

import math
import shlex
import subprocess

import numpy as np
import pytest

from mne_hnn.errors import CompilationError
from mne_hnn.simulate import toolchain
from mne_hnn.simulate.kernel.kinetics import Mechanism, kinetics_source, read_mechanism

SYNAPTIC = [f"{name}_{slot}" for slot in range(4) for name in ("A", "B")]
GATES = {
    "hnn_hh": ["m", "h", "n"],
    "hnn_hh_km": ["m", "h", "n", "km_n"],
    "hnn_full": ["m", "h", "n", "km_n", "ca_m", "ca_h", "cat_m", "cat_h", "ar_m"],
    "hnn_synapses": [],
}
# the states, and what a step reads before it writes it
KEPT = {
    "hnn_hh": {"m", "h", "n"},
    "hnn_hh_km": {"m", "h", "n", "km_n"},
    "hnn_full": {*GATES["hnn_full"], "kca_n", "cai", "ca_i", "cad_decay"},
    "hnn_synapses": {*SYNAPTIC, *(f"{name}_{slot}" for slot in range(4) for name in "pqf")},
}


@pytest.mark.parametrize("name", toolchain.KERNEL_MECHANISMS)
def test_gates_and_what_is_kept_of_the_mechanisms(name):
    mechanism = read_mechanism(toolchain.MOD_DIRECTORY / f"{name}.mod")
    assert mechanism.gates == GATES[name]
    assert set(mechanism.kept) == KEPT[name]
    assert len(mechanism.kept) == len(KEPT[name])
    # a gate in the tables depends on nothing but the voltage
    assert not {"kca_n", "cai"} & set(mechanism.gates)


EXAMPLE = """
TITLE An example: { not read }

COMMENT
Nor is this: STATE { wrong }
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX example
    NONSPECIFIC_CURRENT i
    RANGE a, b
}

PARAMETER {
    a = -1.5e-1 (S/cm2)
    b = .25
    c = 3 (mV) : a comment
}

STATE { x y }

ASSIGNED { v (mV) dt (ms) i (mA/cm2) g (S/cm2) factor seldom }

INITIAL {
    factor = exp(-dt / c)
    seldom = 7
    y = 0
    gates(0)
}

BREAKPOINT {
    SOLVE advance
    CONDUCTANCE g
    i = g * v
}

INCLUDE "example.inc"

PROCEDURE advance() {
    gates(1)
    y = y * factor + doubled(x, 1)
    g = a * x + y
}

FUNCTION doubled(value, times) {
    LOCAL two
    two = 2 * times
    doubled = two * value
}
"""
INCLUDED = """
COMMENT
of another file
ENDCOMMENT
PROCEDURE gates(keep) {
    LOCAL u, d

    u = (v + 40) / 10
    d = 1
    if (fabs(u) < 1e-6) {
        u = 1e-6
    } else {
        if (v > 20) {
            d = 2
            seldom = 3
        } else {
            d = seldom
        }
    }
    x = x + (1 - keep * exp(-dt * b)) * (1 / (1 + exp(-u)) - x) * d
}
"""


@pytest.fixture
def example(tmp_path):
    (tmp_path / "example.mod").write_text(EXAMPLE)
    (tmp_path / "example.inc").write_text(INCLUDED)
    return tmp_path / "example.mod"


def test_what_is_read(example):
    mechanism = read_mechanism(example)
    assert mechanism == Mechanism(
        name="example",
        parameters={"a": -0.15, "b": 0.25, "c": 3.0},
        states=["x", "y"],
        assigned=["v", "dt", "i", "g", "factor", "seldom"],
        blocks=mechanism.blocks,
        functions={"doubled"},
    )
    assert list(mechanism.blocks) == ["INITIAL", "BREAKPOINT", "gates", "advance", "doubled"]
    assert mechanism.blocks["gates"].arguments == ("keep",)
    assert mechanism.blocks["gates"].local == ("u", "d")
    assert mechanism.gates == ["x"]  # `seldom` is no state
    # written in one branch only, and read in another: it is kept; g and i are made anew by every step
    assert mechanism.kept == ["x", "y", "seldom", "factor"] or mechanism.kept == ["x", "y", "factor", "seldom"]


PROGRAM = r"""
#include <cstdio>
#include "kinetics.hpp"
template <class S> void follow() {
    using V = Lanes<S>;
    example<V> m{};
    const S parameters[] = {S(-0.15), S(0.25), S(3)};
    m.parametrise(parameters);
    m.dt = S(0.5);
    for (int lane = 0; lane < V::width; ++lane) m.v.set(lane, S(lane % 4 == 0 ? -40 : lane % 4 == 1 ? 30 : -65 + lane));
    m.initial();
    for (int k = 0; k < 3; ++k) {
        m.gates(S(1));
        m.advance_rest();
        m.currents();
    }
    for (int lane = 0; lane < V::width; ++lane) {
        std::printf("%.9g %.17g %.17g %.17g %.17g\n", double(m.v[lane]), double(m.x[lane]), double(m.y[lane]),
                    double(m.i[lane]), double(m.seldom[lane]));
    }
}
template <class S> void functions(S from, S to) {
    using V = Lanes<S>;
    for (int k = 0; k < 2000; ++k) {
        const S x = from + (to - from) * S(k) / S(1999);
        std::printf("%.17g %.17g\n", double(x), double(exp(V(x))[0]));
    }
    for (int k = 0; k < 2000; ++k) {
        const S x = S(1e-9) * std::exp(S(k) * S(0.02));
        std::printf("%.17g %.17g\n", double(x), double(log(V(x))[0]));
    }
}
int main(int n, char** what) {
    const double nothing = 0.0 / (n - n);
    switch (what[1][0]) {
        case 'd': follow<double>(); break;
        case 'f': follow<float>(); break;
        case 'e': functions<double>(-650, 650); break;
        case 's': functions<float>(-80, 80); break;
        default:
            std::printf("%g %g ", exp(Lanes<double>(-1e4))[0], exp(Lanes<double>(1e4))[0]);
            std::printf("%g %g ", exp(Lanes<float>(-1e4f))[0], exp(Lanes<float>(1e4f))[0]);
            std::printf("%g %g\n", exp(Lanes<double>(nothing))[0], exp(Lanes<float>(float(nothing)))[0]);
    }
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The example translated and compiled for this processor, in a program that follows it."""
    folder = tmp_path_factory.mktemp("example")
    (folder / "example.mod").write_text(EXAMPLE)
    (folder / "example.inc").write_text(INCLUDED)
    (folder / "kinetics.hpp").write_text(kinetics_source([read_mechanism(folder / "example.mod")]))
    (folder / "program.cpp").write_text(PROGRAM)
    compiler = toolchain.find_compiler()
    (variant, *_) = toolchain.candidate_variants(compiler)
    command = [*shlex.split(compiler), "-std=c++17", *variant.kernel_flags, "-O1", f"-I{folder}"]
    command += [f"-I{toolchain.NATIVE_DIRECTORY}", str(folder / "program.cpp"), "-o", str(folder / "program")]
    subprocess.run(command, check=True, capture_output=True)

    def lines(what):
        run = subprocess.run([str(folder / "program"), what], check=True, capture_output=True, text=True)
        return [[float(word) for word in line.split()] for line in run.stdout.splitlines()]

    return lines


def followed(v):
    """The example, by hand."""
    a, b, c, dt = -0.15, 0.25, 3.0, 0.5
    x = y = 0.0
    seldom = 7.0
    current = None
    for keep in (0, 1, 1, 1):
        u, d = (v + 40) / 10, 1.0
        if abs(u) < 1e-6:
            u = 1e-6
        elif v > 20:
            d = 2.0
            seldom = 3.0
        else:
            d = seldom
        x += (1 - keep * math.exp(-dt * b)) * (1 / (1 + math.exp(-u)) - x) * d
        if keep:
            y = y * math.exp(-dt / c) + 2 * x
            current = (a * x + y) * v
    return x, y, current, seldom


@pytest.mark.parametrize(("kind", "precision"), [("d", 1e-13), ("f", 1e-5)])
def test_what_is_written_does_what_the_file_says(program, kind, precision):
    """Lanes of one vector take different branches."""
    rows = program(kind)
    assert len(rows) in (2, 4, 8, 16)
    for v, *values in rows:
        np.testing.assert_allclose(values, followed(v), rtol=precision)
    assert len({row[4] for row in rows}) == 2


@pytest.mark.parametrize(("kind", "exact", "logarithm"), [("e", 2e-16, 1e-14), ("s", 1e-7, 1e-5)])
def test_exponential_and_logarithm(program, kind, exact, logarithm):
    """The error of exp grows with its argument: that of ln(2) in the precision at hand, so many times."""
    rows = np.array(program(kind))
    x, value = rows[:2000].T
    assert (np.abs(value / np.exp(x) - 1) / (3 + np.abs(x))).max() < exact
    x, value = rows[2000:].T
    assert np.abs(value - np.log(x)).max() < logarithm


def test_the_exponential_beyond_its_range(program):
    """Next to nothing, or immense; and what is not a number stays so."""
    ((small, large, small_single, large_single, *not_numbers),) = program("b")
    assert 0 <= small < 1e-300
    assert large > 1e300
    assert 0 <= small_single < 1e-36
    assert large_single > 1e36
    assert all(map(math.isnan, not_numbers))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("STATE { x y }", "DERIVATIVE { x }"), "it has a block 'DERIVATIVE'."),
        (("PROCEDURE advance", "KINETIC advance"), "it has a block 'KINETIC'."),
        (("factor = exp(-dt / c)", "factor exp(-dt / c)"), "expected '=', found 'exp'."),
        (("PARAMETER {", "PARAMETER ("), "expected '{', found '('."),
        (("    doubled = two * value\n}", "    doubled = two * value\n"), "it ends within a block."),
        (("y = y * factor", "y = y ^ factor"), "'^'"),
        (("gates(1)\n", "unheard(1)\n"), "'unheard'"),
        (("SOLVE advance", "SOLVE elsewhere"), "'elsewhere'"),
    ],
)
def test_what_is_not_known_is_refused_in_one_sentence(example, change, sentence):
    text = EXAMPLE.replace(*change)
    assert text != EXAMPLE
    example.write_text(text)
    with pytest.raises(CompilationError) as caught:
        kinetics_source([read_mechanism(example)])
    assert str(caught.value).startswith("example.mod cannot be translated: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_call_inside_a_branch_is_refused(example):
    example.write_text(EXAMPLE.replace("    y = 0\n", "    if (v > 3) {\n        gates(0)\n    }\n"))
    with pytest.raises(CompilationError, match="call of gates inside a branch cannot be translated"):
        kinetics_source([read_mechanism(example)])
