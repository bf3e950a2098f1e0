TITLE GABA-B receptor: transmitter pulses, G protein, four binding sites

COMMENT
r' = K1 T (1 - r) - K2 r,  s' = K3 r - K4 s,  g = gmax s^4 / (s^4 + KD), with pulses of transmitter T of
0.5 mM and 0.3 ms: Destexhe, Mainen & Sejnowski 1994, https://doi.org/10.1007/BF00961734; rates as in
Destexhe, Bal, McCormick & Sejnowski 1996, https://doi.org/10.1152/jn.1996.76.3.2049.
An event of weight w counts as w pulses; the pulse ends by an event that the synapse sends to itself.
ENDCOMMENT

NEURON {
    POINT_PROCESS GabaBKinetic
    RANGE gmax, g, r
    NONSPECIFIC_CURRENT i
    GLOBAL K1, K2, K3, K4, KD
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (mM) = (milli/liter)
}

PARAMETER {
    gmax = 0.01 (uS)
    Cmax = 0.5 (mM)
    Cdur = 0.3 (ms)
    K1 = 0.52 (/ms mM)
    K2 = 0.0013 (/ms)
    K3 = 0.098 (/ms)
    K4 = 0.033 (/ms)
    KD = 100
    Erev = -95 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
    g (uS)
    pulses
}

STATE { r s }

INITIAL {
    pulses = 0
    r = 0
    s = 0
}

BREAKPOINT {
    SOLVE kinetics METHOD derivimplicit
    g = gmax * s * s * s * s / (s * s * s * s + KD)
    i = g * (v - Erev)
}

DERIVATIVE kinetics {
    r' = K1 * Cmax * pulses * (1 - r) - K2 * r
    s' = K3 * r - K4 * s
}

NET_RECEIVE(weight, open) {
    if (flag == 0) {
        if (!open) {
            open = 1
            pulses = pulses + weight
            net_send(Cdur, 1)
        }
    } else {
        open = 0
        pulses = pulses - weight
    }
}
