TITLE Dipole moment of one cell as a linear functional of twelve node voltages

COMMENT
In a section of uniform diameter d (um) and axial resistivity Ra (ohm cm) the axial current times the
length travelled, summed along the section, telescopes to pi d^2/(4 Ra) (V at its 0 end - V at its 1 end);
its component along the apical dendrite carries cos(theta). So the moment q (fA m) of a cell is a weighted
sum of the voltages at section ends. Source: Murakami & Okada 2006, doi:10.1113/jphysiol.2006.105379
(longitudinal intracellular current as the origin of MEG and EEG). Unused slots have weight 0.
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS HnnMoment
    RANGE q, w_0, w_1, w_2, w_3, w_4, w_5, w_6, w_7, w_8, w_9, w_10, w_11
    POINTER v_0, v_1, v_2, v_3, v_4, v_5, v_6, v_7, v_8, v_9, v_10, v_11
}

PARAMETER {
    w_0 = 0 w_1 = 0 w_2 = 0 w_3 = 0 w_4 = 0 w_5 = 0 w_6 = 0 w_7 = 0 w_8 = 0 w_9 = 0 w_10 = 0 w_11 = 0
}

ASSIGNED {
    v (mV)
    q
    v_0 v_1 v_2 v_3 v_4 v_5 v_6 v_7 v_8 v_9 v_10 v_11
}

INITIAL {
    sum()
}

BREAKPOINT {
    SOLVE sum
}

PROCEDURE sum() {
    q = w_0 * v_0 + w_1 * v_1 + w_2 * v_2 + w_3 * v_3 + w_4 * v_4 + w_5 * v_5
    q = q + w_6 * v_6 + w_7 * v_7 + w_8 * v_8 + w_9 * v_9 + w_10 * v_10 + w_11 * v_11
}
