TITLE Potassium current that calcium opens

NEURON {
    SUFFIX kcalcium
    USEION ca READ cai
    USEION k READ ek WRITE ik
    RANGE gbar
}

PARAMETER {
    gbar = 1e-3 (S/cm2)
}

ASSIGNED {
    v (mV)
    cai (mM)
    ek (mV)
    ik (mA/cm2)
}

STATE { n }

INITIAL {
    n = cai / (cai + 5e-4)
}

BREAKPOINT {
    SOLVE gate METHOD cnexp
    ik = gbar * n * (v - ek)
}

DERIVATIVE gate {
    n' = (cai / (cai + 5e-4) - n) / 3
}
