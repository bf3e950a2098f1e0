"""Sensors of MEG systems by hand, with the coils of each, around one head; and recordings of a known dipole."""

import mne
import numpy as np
from mne.io.constants import FIFF

SFREQ = 200.0
CENTRE = np.array([0.0, 0.0, 0.04])
SYSTEMS = {
    "neuromag": (FIFF.FIFFV_COIL_VV_MAG_T3, None, 0.12),
    "ctf": (FIFF.FIFFV_COIL_CTF_GRAD, FIFF.FIFFV_COIL_CTF_REF_MAG, 0.12),
    "bti magnetometers": (FIFF.FIFFV_COIL_MAGNES_MAG, FIFF.FIFFV_COIL_MAGNES_REF_MAG, 0.12),
    "bti gradiometers": (FIFF.FIFFV_COIL_MAGNES_GRAD, FIFF.FIFFV_COIL_MAGNES_REF_GRAD, 0.12),
    "kit": (FIFF.FIFFV_COIL_KIT_GRAD, FIFF.FIFFV_COIL_KIT_REF_MAG, 0.12),
    "quspin": (FIFF.FIFFV_COIL_QUSPIN_ZFOPM_MAG2, None, 0.10),
    "fieldline": (FIFF.FIFFV_COIL_FIELDLINE_OPM_MAG_GEN1, None, 0.10),
}


def sphere_points(n, radius, *, lowest=0.0):
    """Evenly spread points on the upper part of a sphere around CENTRE (a golden spiral)."""
    turn = np.pi * (1 + 5**0.5) * np.arange(n)
    height = np.linspace(1.0, lowest, n)
    flat = np.sqrt(1 - height**2)
    return CENTRE + radius * np.column_stack([flat * np.cos(turn), flat * np.sin(turn), height])


def _loc(place):
    """A coil at a place, its third axis pointing away from the head."""
    out = (place - CENTRE) / np.linalg.norm(place - CENTRE)
    first = np.cross(out, [0.3, 0.7, 0.2])
    first /= np.linalg.norm(first)
    return np.concatenate([place, first, np.cross(out, first), out])


def system_info(system, n=40, n_ref=6, *, identity=False, digitised=True):
    """Info of a system: `n` sensors and, where it has them, `n_ref` reference sensors above the helmet."""
    coil, ref_coil, radius = SYSTEMS[system]
    n_ref = 0 if ref_coil is None else n_ref
    names = [f"MEG {number:03d}" for number in range(n)] + [f"REF {number:03d}" for number in range(n_ref)]
    info = mne.create_info(names, SFREQ, ["mag"] * n + ["ref_meg"] * n_ref, verbose="error")
    to_head = np.eye(4)
    if not identity:
        to_head[:3, :3] = mne.transforms.rotation(0.1, -0.05, 0.2)[:3, :3]
        to_head[:3, 3] = (0.002, -0.004, 0.03)
    to_device = np.linalg.inv(to_head)
    places = [*sphere_points(n, radius), *(sphere_points(max(n_ref, 1), 0.25, lowest=0.6))]
    with info._unlock():
        info["dev_head_t"] = mne.transforms.Transform("meg", "head", to_head)
        for number, channel in enumerate(info["chs"]):
            loc = _loc(places[number])
            loc[:3] = (to_device @ [*loc[:3], 1])[:3]
            loc[3:] = (loc[3:].reshape(3, 3) @ to_device[:3, :3].T).ravel()
            channel.update(
                loc=loc, coil_type=coil if number < n else ref_coil, coord_frame=FIFF.FIFFV_COORD_DEVICE,
            )  # fmt: skip
    if digitised:
        montage = mne.channels.make_dig_montage(
            nasion=(0, 0.1, 0), lpa=(-0.08, 0, 0), rpa=(0.08, 0, 0), hsp=sphere_points(40, 0.09), coord_frame="head"
        )
        info.set_montage(montage, verbose="error")
    return info


def with_compensation(info, grade=3, seed=0):
    """The same info with a compensation matrix for its reference sensors; not yet in force."""
    rng = np.random.default_rng(seed)
    rows = [info["ch_names"][pick] for pick in mne.pick_types(info, meg=True)]
    columns = [info["ch_names"][pick] for pick in mne.pick_types(info, meg=False, ref_meg=True)]
    matrix = {
        "nrow": len(rows), "ncol": len(columns), "row_names": rows, "col_names": columns,
        "data": rng.normal(0, 0.5, (len(rows), len(columns))),
    }  # fmt: skip
    info = info.copy()
    with info._unlock():
        info["comps"] = [
            {
                "ctfkind": grade, "kind": grade, "save_calibrated": False, "rowcals": np.ones(len(rows)),
                "colcals": np.ones(len(columns)), "data": matrix,
            }
        ]  # fmt: skip
    return info


def uncompensated_field(info, trans, src, vertex, model):
    """Field of 1 A m along the normal of a vertex at all sensors, references as well: MNE's, without compensation."""
    bare = info.copy()
    with bare._unlock():
        bare["comps"] = []
        for channel in bare["chs"]:
            channel["kind"] = FIFF.FIFFV_MEG_CH
        bare["dev_head_t"] = bare["dev_head_t"] or mne.transforms.Transform("meg", "head")
    only = src.copy()
    for space, used in zip(only, ([], [vertex]), strict=True):
        space["vertno"] = np.array(used, int)
        space["inuse"] = np.zeros(space["np"], int)
        space["inuse"][used] = 1
        space["nuse"] = len(used)
    options = {"meg": True, "eeg": False, "mindist": 0.0, "verbose": "error"}
    forward = mne.make_forward_solution(bare, trans, only, model, **options)
    return mne.convert_forward_solution(forward, force_fixed=True, surf_ori=True, verbose="error")["sol"]["data"][:, 0]


def recording(info, field, moment, *, grade=0):
    """An average of a known field (per A m) and moment, compensated by MNE to a grade."""
    raw = mne.io.RawArray(np.outer(field, moment), info, verbose="error")
    if grade:
        raw.apply_gradient_compensation(grade, verbose="error")
    return mne.EvokedArray(raw.get_data(), raw.info, tmin=0.0, nave=1, verbose="error")
