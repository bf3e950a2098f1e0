"""The published runs that the simulator is held against: networks and settings."""

from dataclasses import dataclass

from mne_hnn.network import Network, calcium, jones_2009, law_2021, with_erp_drives

TYPES = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
PROXIMAL_DELAYS = {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_basket": 1.0, "L5_pyramidal": 1.0}
DISTAL_DELAYS = {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_pyramidal": 0.1}


@dataclass(frozen=True)
class Run:
    """A network and how long, how often and with what smoothing it was run."""

    network: Network
    tstop: float = 170.0
    n_trials: int = 1
    window_ms: float = 30.0


def synchronous() -> Network:
    """One drive cell per drive, shared by all targets."""
    network = with_erp_drives(jones_2009())
    for name in network.drives:
        network = network.with_drive_changes(name, n_drive_cells=1, cell_specific=False)
    return network


def alpha() -> Network:
    """A proximal rhythm of about 10 Hz from ten drive cells."""
    return jones_2009().with_bursty_drive(
        "alpha_prox",
        location="proximal",
        tstart=50.0,
        burst_rate_Hz=10.0,
        burst_std_ms=20.0,
        numspikes=2,
        spike_isi_ms=10.0,
        n_drive_cells=10,
        weights_ampa={"L2_pyramidal": 5.4e-5, "L5_pyramidal": 5.4e-5},
        synaptic_delays={"L2_pyramidal": 0.1, "L5_pyramidal": 1.0},
        event_seed=284,
    )


def somato() -> Network:
    """The N20 weights with four synchronous drives, as fitted to the median-nerve response."""
    drives = {
        "evprox1": ("proximal", 21, 4, (0.0036, 0.0039, 0.0019, 0.0020), (0.0029, 0.0005, 0.0030, 0.0019), 276),
        "evprox2": ("proximal", 134, 4.5, (0.003, 0.0039, 0.004, 0.0020), (0.001, 0.0005, 0.002, 0.0020), 276),
        "evdist1": ("distal", 32, 2.5, (0.0043, 0.0032, None, 0.0009), (0.0029, 0.0051, None, 0.0010), 277),
        "evdist2": ("distal", 84, 4.5, (0.0041, 0.0019, None, 0.0018), (0.0032, 0.0018, None, 0.0017), 275),
    }
    network = jones_2009(weights="N20")
    for name, (location, mu, sigma, ampa, nmda, seed) in drives.items():
        network = network.with_evoked_drive(
            name,
            mu_ms=mu,
            sigma_ms=sigma,
            location=location,
            weights_ampa={t: w for t, w in zip(TYPES, ampa, strict=True) if w is not None},
            weights_nmda={t: w for t, w in zip(TYPES, nmda, strict=True) if w is not None},
            synaptic_delays=PROXIMAL_DELAYS if location == "proximal" else DISTAL_DELAYS,
            n_drive_cells=1,
            cell_specific=False,
            event_seed=seed,
        )
    return network


def gamma() -> Network:
    """Weak pyramidal-interneuron gamma from Poisson noise."""
    return jones_2009(weights="gamma_L5weak_L2weak").with_poisson_drive(
        "poisson",
        rate_Hz={"L2_pyramidal": 140.0, "L5_pyramidal": 40.0},
        location="proximal",
        weights_ampa={"L2_pyramidal": 0.0008, "L5_pyramidal": 0.0075},
        synaptic_delays={"L2_pyramidal": 0.1, "L5_pyramidal": 1.0},
        event_seed=1349,
    )


def runs() -> dict[str, Run]:
    """Return every run with a reference waveform, by the name it has in ``tests/data``."""
    return {
        "neymotin_erp_3x3": Run(with_erp_drives(jones_2009(mesh_shape=(3, 3)))),
        "law_erp_3x3": Run(with_erp_drives(law_2021(mesh_shape=(3, 3)))),
        "calcium_erp_3x3": Run(with_erp_drives(calcium(mesh_shape=(3, 3)))),
        "w01_evoked": Run(with_erp_drives(jones_2009()), n_trials=2),
        "w01_evoked_sync": Run(synchronous()),
        "w02_alpha": Run(alpha(), tstop=310.0, window_ms=20.0),
        "w04_somato": Run(somato(), n_trials=2, window_ms=20.0),
        "nodrive_3x3": Run(jones_2009(mesh_shape=(3, 3)), tstop=250.0),
        "w03_gamma_weak": Run(gamma(), tstop=250.0),
    }
