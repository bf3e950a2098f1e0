"""Run by the peer's interpreter: the evoked response of its gallery, timed from network object to dipole."""

import json
import sys
import time

import joblib  # noqa: F401 - without it the peer runs its trials one after the other, and says so only in passing
from hnn_core import JoblibBackend, neymotin_2020_model, simulate_dipole
from hnn_core.network_models import add_erp_drives_to_jones_model

n_trials, n_jobs, size = (int(word) for word in sys.argv[1:4])
start = time.perf_counter()
network = neymotin_2020_model(mesh_shape=(size, size))
add_erp_drives_to_jones_model(network)
with JoblibBackend(n_jobs=n_jobs):
    dipoles = simulate_dipole(network, tstop=170.0, n_trials=n_trials, verbose=False)
seconds = time.perf_counter() - start
sys.stdout.write(json.dumps({"seconds": seconds, "minimum": float(dipoles[0].data["agg"].min())}) + "\n")
