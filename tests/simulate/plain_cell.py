"""A cell with mechanisms of one's own in NEURON alone, by hand: `python plain_cell.py LIBRARY TABLE`.

What `cell()` of test_custom.py describes, without a line of mne_hnn. Rows of the table: voltage of the soma (mV),
currents of both synapses (nA), magnesium block, activation of the persistent sodium current and of the potassium
current that calcium opens, calcium (mM).
"""

import os
import sys

import numpy as np

os.environ["NEURON_MODULE_OPTIONS"] = "-nogui"
from neuron import h

TRAINS = ((5.0, 6.0, 30.0), (5.1, 12.5))


def main(library, table):
    h.nrn_load_dll(library)
    h.load_file("stdrun.hoc")
    soma, dendrite = h.Section("soma"), h.Section("dendrite")
    for section, length, diameter, nseg in ((soma, 20.0, 20.0, 1), (dendrite, 300.0, 2.0, 5)):
        section.L, section.diam, section.nseg, section.Ra, section.cm = length, diameter, nseg, 150.0, 1.0
        section.insert("leak")
        section.g_leak = 1e-4
        section.e_leak = -68.0
    dendrite.connect(soma(1))
    dendrite.insert("nap")
    for segment in dendrite:
        segment.gbar_nap = 2e-5 * np.exp(-0.005 * (20.0 + segment.x * 300.0))
    dendrite.ena = 55.0
    h.tau_nap = 1.5
    for mechanism in ("cahva", "pool", "kcalcium"):
        soma.insert(mechanism)
    soma.gbar_kcalcium, soma.ek, soma.tau_pool, soma.gbar_cahva = 2e-4, -90.0, 15.0, 5e-5
    nmda, gabab = h.NmdaBlock(dendrite(0.5)), h.GabaBKinetic(dendrite(0.5))
    nmda.tau2, nmda.e, gabab.gmax = 40.0, 2.0, 0.005
    h.mg_NmdaBlock, h.K4_GabaBKinetic = 1.2, 0.03
    ways = [[h.NetCon(None, synapse) for synapse in (nmda, gabab)] for _ in TRAINS]
    for way in ways:
        way[0].weight[0], way[1].weight[0] = 0.003, 1.0
    names = (soma(0.5)._ref_v, nmda._ref_i, gabab._ref_i, nmda._ref_block, dendrite(0.5)._ref_m_nap)
    names = (*names, soma(0.5)._ref_n_kcalcium, soma(0.5)._ref_cai)
    vectors = [h.Vector().record(name) for name in names]
    h.dt = 0.025
    h.celsius = 37.0
    h.finitialize(-70.0)
    for way, train in zip(ways, TRAINS, strict=True):
        for netcon in way:
            for time in train:
                netcon.event(time + 1.0)
    pc = h.ParallelContext()
    pc.set_maxstep(10)
    pc.psolve(80.0 + 0.25 * h.dt)
    np.save(table, np.array(vectors))


if __name__ == "__main__":
    main(*sys.argv[1:])
