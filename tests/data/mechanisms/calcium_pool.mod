TITLE Calcium shell with first-order removal

COMMENT
Destexhe, Babloyantz & Sejnowski 1993, https://doi.org/10.1016/S0006-3495(93)81190-1.
ENDCOMMENT

NEURON {
    SUFFIX pool
    USEION ca READ ica WRITE cai
    RANGE depth, tau
}

UNITS {
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    depth = 0.1 (um)
    tau = 20 (ms)
    rest = 1e-4 (mM)
}

ASSIGNED {
    ica (mA/cm2)
}

STATE { cai (mM) }

INITIAL {
    cai = rest
}

BREAKPOINT {
    SOLVE removal METHOD cnexp
}

DERIVATIVE removal {
    cai' = -(1e4) * ica / (2 * FARADAY * depth) - (cai - rest) / tau
}
