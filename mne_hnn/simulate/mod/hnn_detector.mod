TITLE A further threshold of a cell: an event at each upward crossing

COMMENT
A NetCon has the threshold of its source, and a voltage is one source: connections that hear the same cell at other
thresholds have this one. It is compared with the voltage where NEURON compares those of NetCons, at the beginning of a
step (Carnevale & Hines 2006, The NEURON Book, chapter 10). NetCons send their events 1e-10 ms after it and WATCH at it:
with a delay of half a step the two would arrive in different steps. A cell that begins above its threshold fires at
once, as NetCons have it.
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS HnnDetector
    RANGE level
}

PARAMETER {
    level = 0 (mV)
}

ASSIGNED {
    v (mV)
}

INITIAL {
    net_send(0, 1)
}

NET_RECEIVE(w) {
    if (flag == 1) {
        if (v > level) {
            net_send(0, 2)
        }
        WATCH (v > level) 2
    } else if (flag == 2) {
        net_event(t + 1e-10)
    }
}
