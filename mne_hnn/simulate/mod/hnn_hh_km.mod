TITLE Membrane of a layer 2/3 pyramidal cell: sodium, potassium, leak and muscarinic potassium

COMMENT
One mechanism for the whole membrane, as explained in hnn_hh.mod.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX hnn_hh_km
    NONSPECIFIC_CURRENT i
    RANGE hh_gnabar, hh_gkbar, hh_gl, hh_el, km_gbar
    RANGE g, ge
    RANGE hh_warming, warming
}

PARAMETER {
    hh_gnabar = 0 (S/cm2)
    hh_gkbar = 0 (S/cm2)
    hh_gl = 0 (S/cm2)
    hh_el = -65 (mV)
    km_gbar = 0
    hh_warming = 1
    warming = 1
}

STATE { m h n km_n }

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
INCLUDE "km.inc"

PROCEDURE advance() {
    gates(1)
    conductances()
}

PROCEDURE gates(keep) {
    LOCAL e80, e20, e18

    e80 = exp(-(v + 65) / 80)
    e20 = e80 * e80
    e20 = e20 * e20
    e18 = exp(-(v + 65) / 18)
    hh_gates(keep, e80, e20, e18)
    km_gate(keep, e18)
}

PROCEDURE conductances() {
    LOCAL gna, gk

    gna = hh_gnabar * m * m * m * h
    gk = hh_gkbar * n * n * n * n + 1e-4 * 0.2488367461978179 * warming * km_gbar * km_n
    g = gna + gk + hh_gl
    ge = 50 * gna - 77 * gk + hh_gl * hh_el
}
