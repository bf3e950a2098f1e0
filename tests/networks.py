"""Networks that tests of several folders share."""

from mne_hnn.network import Network, jones_2009

L2P, L5P = "L2_pyramidal", "L5_pyramidal"


def full() -> Network:
    """Return a small column with each kind of drive and a bias."""
    network = jones_2009((2, 2), drives=True)
    network = network.with_bursty_drive(
        "alpha", burst_rate_Hz=10.0, burst_std_ms=20.0, tstart=50.0, tstop=400.0, location="distal",
        weights_ampa={L2P: 5.4e-5, L5P: 5.4e-5}, weights_nmda={L2P: 0.0},
    )  # fmt: skip
    network = network.with_poisson_drive(
        "noise", rate_Hz={L2P: 10.0, L5P: 20.0}, location="proximal", weights_ampa={L2P: 1e-4},
        weights_nmda={L5P: 2e-4}, probability={L2P: 0.5, L5P: 0.7},
    )  # fmt: skip
    network = network.with_poisson_drive("even", rate_Hz=10.0, location="soma", weights_ampa={"L2_basket": 1e-4})
    network = network.with_spike_train_drive("given", times_ms=[[1.0, 2.0]], location="distal", weights_ampa={L5P: 0.1})
    return network.with_tonic_bias("tonic", amplitude_nA={L5P: -0.05, L2P: 0.0})
