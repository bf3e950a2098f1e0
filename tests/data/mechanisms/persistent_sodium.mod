TITLE Persistent sodium current

COMMENT
Activation of the persistent sodium current of entorhinal cells: Magistretti & Alonso 1999,
https://doi.org/10.1085/jgp.114.4.491; here without inactivation.
ENDCOMMENT

NEURON {
    SUFFIX nap
    USEION na READ ena WRITE ina
    RANGE gbar, g
}

UNITS {
    (S) = (siemens)
    (mV) = (millivolt)
    (mA) = (milliamp)
}

PARAMETER {
    gbar = 0 (S/cm2)
    tau = 1 (ms)
}

ASSIGNED {
    v (mV)
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)
    minf
}

STATE { m }

INITIAL {
    rate(v)
    m = minf
}

BREAKPOINT {
    SOLVE gate METHOD cnexp
    g = gbar * m
    ina = g * (v - ena)
}

DERIVATIVE gate {
    rate(v)
    m' = (minf - m) / tau
}

PROCEDURE rate(v (mV)) {
    minf = 1 / (1 + exp(-(v + 52.6) / 4.6))
}
