TITLE High-voltage-activated calcium current

COMMENT
One gate, with rates of the kind of Reuveni et al. 1993, https://doi.org/10.1523/JNEUROSCI.13-11-04609.1993.
ENDCOMMENT

NEURON {
    SUFFIX cahva
    USEION ca READ eca WRITE ica
    RANGE gbar
}

PARAMETER {
    gbar = 1e-4 (S/cm2)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
}

STATE { m }

INITIAL {
    m = 1 / (1 + exp(-(v + 40) / 8))
}

BREAKPOINT {
    SOLVE gate METHOD cnexp
    ica = gbar * m * m * (v - eca)
}

DERIVATIVE gate {
    m' = (1 / (1 + exp(-(v + 40) / 8)) - m) / 2
}
