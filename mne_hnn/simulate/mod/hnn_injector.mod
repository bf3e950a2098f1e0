TITLE Synaptic current at one place, from the conductances that HnnSynapses computes

COMMENT
i = g v - ge (nA), with g (uS) the total conductance and ge (nA) its sum of conductance times reversal.
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS HnnInjector
    NONSPECIFIC_CURRENT i
    RANGE i
    POINTER bank_g, bank_ge
}

ASSIGNED {
    v (mV)
    i (nA)
    g (uS)
    bank_g
    bank_ge
}

INITIAL {
    g = 0
}

BREAKPOINT {
    CONDUCTANCE g
    g = bank_g
    i = g * v - bank_ge
}
