TITLE Membrane of a basket cell: fast sodium, delayed-rectifier potassium, leak

COMMENT
All channels of a membrane are one mechanism, so that a step reads the voltage once and the exponentials
are shared; the kinetics of each channel stand in the file named after it. After the gates are advanced,
the whole membrane is one conductance g and one reversal term ge: i = g v - ge.

hh_warming, warming and kelvin are what depends on temperature, here at 37 C; simulate/temperature.py has them at others.
They are RANGE although all have the same: CoreNEURON reads GLOBAL parameters at its first run of a process only.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX hnn_hh
    NONSPECIFIC_CURRENT i
    RANGE hh_gnabar, hh_gkbar, hh_gl, hh_el
    RANGE g, ge
    RANGE hh_warming
}

PARAMETER {
    hh_gnabar = 0 (S/cm2)
    hh_gkbar = 0 (S/cm2)
    hh_gl = 0 (S/cm2)
    hh_el = -65 (mV)
    hh_warming = 1
}

STATE { m h n }

ASSIGNED {
    v (mV)
    dt (ms)
    i (mA/cm2)
    g (S/cm2)
    ge (mA/cm2)
}

INITIAL {
    gates(0)
    conductances()
}

BREAKPOINT {
    SOLVE advance
    CONDUCTANCE g
    i = g * v - ge
}

INCLUDE "hh.inc"

PROCEDURE advance() {
    gates(1)
    conductances()
}

PROCEDURE gates(keep) {
    LOCAL e80, e20

    e80 = exp(-(v + 65) / 80)
    e20 = e80 * e80
    e20 = e20 * e20
    hh_gates(keep, e80, e20, exp(-(v + 65) / 18))
}

PROCEDURE conductances() {
    LOCAL gna, gk

    gna = hh_gnabar * m * m * m * h
    gk = hh_gkbar * n * n * n * n
    g = gna + gk + hh_gl
    ge = 50 * gna - 77 * gk + hh_gl * hh_el
}
