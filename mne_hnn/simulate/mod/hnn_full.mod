TITLE Membrane of a layer 5 pyramidal cell: every channel of the model

COMMENT
One mechanism for the whole membrane, as explained in hnn_hh.mod. It serves any set of channels that the
smaller ones do not cover: a channel that a section lacks has conductance 0. cad_gain = 0 switches the
calcium pool off (cai stays at rest).
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX hnn_full
    NONSPECIFIC_CURRENT i
    RANGE hh_gnabar, hh_gkbar, hh_gl, hh_el
    RANGE km_gbar, ca_gbar, cad_taur, cad_gain, kca_gbar, cat_gbar, ar_gbar
    RANGE g, ge, ca_g, ca_ge, ca_i, cai
    RANGE hh_warming, warming, kelvin
}

PARAMETER {
    hh_gnabar = 0 (S/cm2)
    hh_gkbar = 0 (S/cm2)
    hh_gl = 0 (S/cm2)
    hh_el = -65 (mV)
    km_gbar = 0
    ca_gbar = 0
    cad_taur = 20 (ms)
    cad_gain = 0
    kca_gbar = 0
    cat_gbar = 0 (S/cm2)
    ar_gbar = 0 (S/cm2)
    hh_warming = 1
    warming = 1
    kelvin = 310.15
}

STATE { m h n km_n ca_m ca_h kca_n cat_m cat_h ar_m cai }

ASSIGNED {
    v (mV)
    dt (ms)
    i (mA/cm2)
    g (S/cm2)
    ge (mA/cm2)
    ca_g (S/cm2)
    ca_ge (mA/cm2)
    ca_i (mA/cm2)
    cad_decay
}

INITIAL {
    cad_decay = exp(-dt / cad_taur)
    : the published start: the pool at rest, the T current closed, the h current a quarter open
    ca_i = 0
    cai = 1e-4
    gates(0)
    kca_gate(0)
    cat_m = 0
    ar_m = 0.25
    conductances()
}

BREAKPOINT {
    SOLVE advance
    CONDUCTANCE g
    i = g * v - ge
    ca_i = ca_g * v - ca_ge
}

INCLUDE "hh.inc"
INCLUDE "km.inc"
INCLUDE "ca.inc"
INCLUDE "cat_ar.inc"

PROCEDURE advance() {
    gates(1)
    ca_pool(1)
    kca_gate(1)
    conductances()
}

: those whose rates depend on nothing but the voltage
PROCEDURE gates(keep) {
    LOCAL e80, e20, e18

    e80 = exp(-(v + 65) / 80)
    e20 = e80 * e80
    e20 = e20 * e20
    e18 = exp(-(v + 65) / 18)
    hh_gates(keep, e80, e20, e18)
    km_gate(keep, e18)
    ca_gates(keep)
    cat_gates(keep, e20)
    ar_gate(keep)
}

PROCEDURE conductances() {
    LOCAL gna, gk, gt, gh

    gna = hh_gnabar * m * m * m * h
    gk = hh_gkbar * n * n * n * n + 1e-4 * 0.2488367461978179 * warming * (km_gbar * km_n + kca_gbar * kca_n)
    gt = cat_gbar * cat_m * cat_m * cat_h
    gh = ar_gbar * ar_m
    ca_g = 1e-4 * 0.2488367461978179 * warming * ca_gbar * ca_m * ca_m * ca_h
    : Nernst potential in mV with 2 mM outside: 1e3 R T/(2 F) ln(2/cai)
    ca_ge = ca_g * 1e3 * 8.3134 * kelvin / (2 * 96485.309) * (0.6931471805599453 - log(cai))
    g = gna + gk + gt + gh + ca_g + hh_gl
    ge = 50 * gna - 77 * gk + 125 * gt - 35 * gh + ca_ge + hh_gl * hh_el
}
