TITLE NMDA receptor: double exponential with magnesium block

COMMENT
Block of the open channel by magnesium, at 1 mM half at -17 mV: Jahr & Stevens 1990,
https://doi.org/10.1523/JNEUROSCI.10-09-03178.1990.
One event of weight w (uS) gives a conductance that peaks at w where there is no block.
ENDCOMMENT

NEURON {
    POINT_PROCESS NmdaBlock
    RANGE tau1, tau2, e, g, block
    NONSPECIFIC_CURRENT i
    GLOBAL mg
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (mM) = (milli/liter)
}

PARAMETER {
    tau1 = 1 (ms) <1e-9, 1e9>    : rise
    tau2 = 20 (ms) <1e-9, 1e9>   : fall
    e = 0 (mV)
    mg = 1 (mM)
}

ASSIGNED {
    v (mV)
    i (nA)
    g (uS)
    block
    factor
}

STATE {
    A (uS)
    B (uS)
}

INITIAL {
    LOCAL tp
    A = 0
    B = 0
    tp = tau1 * tau2 / (tau2 - tau1) * log(tau2 / tau1)
    factor = 1 / (exp(-tp / tau2) - exp(-tp / tau1))
}

BREAKPOINT {
    SOLVE decay METHOD cnexp
    block = 1 / (1 + exp(-0.062 (/mV) * v) * (mg / 3.57 (mM)))
    g = B - A
    i = g * block * (v - e)
}

DERIVATIVE decay {
    A' = -A / tau1
    B' = -B / tau2
}

NET_RECEIVE(weight (uS)) {
    A = A + weight * factor
    B = B + weight * factor
}
