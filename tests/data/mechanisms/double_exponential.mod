TITLE Double exponential, as the receptors of the ready models

NEURON {
    POINT_PROCESS DoubleExponential
    RANGE tau1, tau2, e
    NONSPECIFIC_CURRENT i
}

PARAMETER {
    tau1 = 0.5 (ms)
    tau2 = 5 (ms)
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    factor
}

STATE { A B }

INITIAL {
    LOCAL tp
    A = 0
    B = 0
    tp = tau1 * tau2 / (tau2 - tau1) * log(tau2 / tau1)
    factor = 1 / (exp(-tp / tau2) - exp(-tp / tau1))
}

BREAKPOINT {
    SOLVE decay METHOD cnexp
    i = (B - A) * (v - e)
}

DERIVATIVE decay {
    A' = -A / tau1
    B' = -B / tau2
}

NET_RECEIVE(w) {
    A = A + w * factor
    B = B + w * factor
}
