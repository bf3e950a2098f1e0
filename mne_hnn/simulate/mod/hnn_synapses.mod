TITLE Conductances of up to four receptors that share a target: double exponential

COMMENT
Receptors on the same group of sections of a cell receive the same events, so their conductance is the
same in each of these sections: it is computed once here, and HnnInjector turns it into current where the
sections are. One event carries one weight per receptor.

Per receptor, with two states A and B (uS):
    A' = -A/tau1,  B' = -B/tau2,  an event of weight w adds w f to both,  g = B - A,
    f = 1/(exp(-tp/tau2) - exp(-tp/tau1)),  tp = tau1 tau2/(tau2 - tau1) ln(tau2/tau1),
so that one event peaks at w. Advanced exactly, with factors that hold for the run's fixed step.
Source: the double exponential of NEURON (Carnevale & Hines 2006, The NEURON Book, chapter 10).
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS HnnSynapses
    RANGE tau1_0, tau1_1, tau1_2, tau1_3, tau2_0, tau2_1, tau2_2, tau2_3, e_0, e_1, e_2, e_3
    RANGE g_0, g_1, g_2, g_3, g, ge
}

PARAMETER {
    tau1_0 = 0.5 (ms)
    tau2_0 = 5 (ms)
    e_0 = 0 (mV)
    tau1_1 = 0.5 (ms)
    tau2_1 = 5 (ms)
    e_1 = 0 (mV)
    tau1_2 = 0.5 (ms)
    tau2_2 = 5 (ms)
    e_2 = 0 (mV)
    tau1_3 = 0.5 (ms)
    tau2_3 = 5 (ms)
    e_3 = 0 (mV)
}

STATE { A_0 B_0 A_1 B_1 A_2 B_2 A_3 B_3 }

ASSIGNED {
    v (mV)
    dt (ms)
    g (uS)
    ge (nA)
    g_0 g_1 g_2 g_3
    p_0 p_1 p_2 p_3
    q_0 q_1 q_2 q_3
    f_0 f_1 f_2 f_3
}

INITIAL {
    g = 0
    ge = 0
    A_0 = 0
    B_0 = 0
    g_0 = 0
    p_0 = exp(-dt / tau1_0)
    q_0 = exp(-dt / tau2_0)
    f_0 = peak_factor(tau1_0, tau2_0)
    A_1 = 0
    B_1 = 0
    g_1 = 0
    p_1 = exp(-dt / tau1_1)
    q_1 = exp(-dt / tau2_1)
    f_1 = peak_factor(tau1_1, tau2_1)
    A_2 = 0
    B_2 = 0
    g_2 = 0
    p_2 = exp(-dt / tau1_2)
    q_2 = exp(-dt / tau2_2)
    f_2 = peak_factor(tau1_2, tau2_2)
    A_3 = 0
    B_3 = 0
    g_3 = 0
    p_3 = exp(-dt / tau1_3)
    q_3 = exp(-dt / tau2_3)
    f_3 = peak_factor(tau1_3, tau2_3)
}

BREAKPOINT {
    SOLVE advance
}

PROCEDURE advance() {
    A_0 = A_0 * p_0
    B_0 = B_0 * q_0
    A_1 = A_1 * p_1
    B_1 = B_1 * q_1
    A_2 = A_2 * p_2
    B_2 = B_2 * q_2
    A_3 = A_3 * p_3
    B_3 = B_3 * q_3
    : a conductance that has died away is zero, not a denormal number that slows every later step
    if (B_0 < 1e-100) {
        A_0 = 0
        B_0 = 0
    }
    g_0 = B_0 - A_0
    if (B_1 < 1e-100) {
        A_1 = 0
        B_1 = 0
    }
    g_1 = B_1 - A_1
    if (B_2 < 1e-100) {
        A_2 = 0
        B_2 = 0
    }
    g_2 = B_2 - A_2
    if (B_3 < 1e-100) {
        A_3 = 0
        B_3 = 0
    }
    g_3 = B_3 - A_3
    g = g_0 + g_1 + g_2 + g_3
    ge = g_0 * e_0 + g_1 * e_1 + g_2 * e_2 + g_3 * e_3
}

FUNCTION peak_factor(t1, t2) {
    LOCAL tp

    tp = t1 * t2 / (t2 - t1) * log(t2 / t1)
    peak_factor = 1 / (exp(-tp / t2) - exp(-tp / t1))
}

NET_RECEIVE(w_0, w_1, w_2, w_3) {
    INITIAL {
        : without this block NEURON would set all weights but the first to zero
        w_0 = w_0
        w_1 = w_1
        w_2 = w_2
        w_3 = w_3
    }
    A_0 = A_0 + w_0 * f_0
    B_0 = B_0 + w_0 * f_0
    A_1 = A_1 + w_1 * f_1
    B_1 = B_1 + w_1 * f_1
    A_2 = A_2 + w_2 * f_2
    B_2 = B_2 + w_2 * f_2
    A_3 = A_3 + w_3 * f_3
    B_3 = B_3 + w_3 * f_3
}
