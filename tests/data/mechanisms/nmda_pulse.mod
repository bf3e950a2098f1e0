TITLE NMDA receptor: pulses of transmitter, first-order binding, magnesium block from a table

COMMENT
Open channels R: R' = (Rinf - R) / Rtau during a pulse, R' = -Beta R after it, with Rinf = Cmax Alpha Rtau and
Rtau = 1 / (Cmax Alpha + Beta): Destexhe, Mainen & Sejnowski 1994, https://doi.org/10.1162/neco.1994.6.1.14; block by
magnesium: Jahr & Stevens 1990, https://doi.org/10.1523/JNEUROSCI.10-09-03178.1990.
The name and the parameters are those of a synapse of HNN's; the equations are written from the papers. A tenth of the
current is calcium.
ENDCOMMENT

INDEPENDENT { t FROM 0 TO 1 WITH 1 (ms) }

NEURON {
    POINT_PROCESS NMDA_gao
    RANGE g, Alpha, Beta, e, gmax, Cdur, ica
    USEION ca WRITE ica
    NONSPECIFIC_CURRENT i
    GLOBAL mg, Cmax
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (mM) = (milli/liter)
}

PARAMETER {
    Cmax = 1 (mM)         : concentration in a pulse
    Cdur = 1 (ms)         : its duration
    Alpha = 4 (/ms mM)    : binding
    Beta = 0.01 (/ms)     : unbinding
    e = 0 (mV)
    gmax = 1 (uS)
    mg = 1 (mM)
}

ASSIGNED {
    v (mV)
    i (nA)
    ica (nA)
    g (uS)
    Rinf
    Rtau (ms)
    pulses
}

STATE { bound unbinding }

INITIAL {
    Rtau = 1 / (Cmax * Alpha + Beta)
    Rinf = Cmax * Alpha * Rtau
    pulses = 0
}

BREAKPOINT {
    SOLVE release METHOD cnexp
    g = gmax * (bound + unbinding) * block(v)
    i = 0.9 * g * (v - e)
    ica = 0.1 * g * (v - e)
}

DERIVATIVE release {
    bound' = (pulses * Rinf - bound) / Rtau
    unbinding' = -Beta * unbinding
}

FUNCTION block(v (mV)) {
    TABLE DEPEND mg FROM -140 TO 80 WITH 1000
    block = 1 / (1 + exp(-0.062 (/mV) * v) * mg / 3.57 (mM))
}

NET_RECEIVE(weight, on, last, open, since (ms)) {
    if (flag == 0) {
        last = last + 1
        if (!on) {
            open = open * exp(-Beta * (t - since))
            since = t
            on = 1
            pulses = pulses + weight
            state_discontinuity(bound, bound + open)
            state_discontinuity(unbinding, unbinding - open)
        }
        net_send(Cdur, last)
    } else if (flag == last) {
        open = weight * Rinf + (open - weight * Rinf) * exp(-(t - since) / Rtau)
        since = t
        on = 0
        pulses = pulses - weight
        state_discontinuity(bound, bound - open)
        state_discontinuity(unbinding, unbinding + open)
    }
}
