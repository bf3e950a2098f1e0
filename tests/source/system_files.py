"""Write small recordings in the formats of MEG and EEG systems, as far as MNE reads them."""

from pathlib import Path

import numpy as np

SFREQ = 200.0
ONSETS = 100 + 100 * np.arange(8)
N_TIMES = 1000


def responses(scale, rng=None):
    """Return one channel with 8 responses of a size, in noise of a hundredth of it."""
    rng = np.random.default_rng(7) if rng is None else rng
    data = rng.standard_normal(N_TIMES) * scale / 100
    for onset in ONSETS:
        data[onset : onset + 20] += scale * np.sin(np.pi * np.arange(20) / 20)
    return data


def triggers(code=1):
    data = np.zeros(N_TIMES)
    data[ONSETS] = code
    return data


def eeg_volts():
    rng = np.random.default_rng(7)
    return np.array([responses(scale, rng) for scale in (1e-5, -1e-5, 5e-6, 2e-6)])


EEG = ["Fz", "Cz", "C3", "C4"]


def write_edf(path, *, bits=16, unit="uV"):
    """Write EDF, or with 24 bits BDF, with its trigger channel."""
    stim = "Status" if bits == 24 else "TRIGGER"
    names, data = [*EEG, stim], np.vstack([eeg_volts() * 1e6, triggers()])
    top = 2 ** (bits - 1) - 1
    scale = [200.0] * 4 + [top]
    n_records, n_per = N_TIMES // int(SFREQ), int(SFREQ)
    columns = [
        [f"{name:16}" for name in names], [" " * 80] * 5, [f"{unit:8}"] * 4 + ["Boolean "],
        [f"{-one:<8g}"[:8] for one in scale], [f"{one:<8g}"[:8] for one in scale],
        [f"{-top:<8}"] * 5, [f"{top:<8}"] * 5, [" " * 80] * 5, [f"{n_per:<8}"] * 5, [" " * 32] * 5,
    ]  # fmt: skip
    columns[3][4], columns[4][4] = f"{-top:<8}", f"{top:<8}"
    first = b"\xffBIOSEMI" if bits == 24 else b"0       "
    kind = "24BIT" if bits == 24 else ""
    header = f"{'X X X X':80}{'Startdate X X X X':80}01.01.2101.00.00{256 * 6:<8}{kind:44}{n_records:<8}{1:<8}{5:<4}"
    samples = np.round(data / np.array(scale)[:, np.newaxis] * top).astype("<i4")
    with path.open("wb") as file:
        file.write(first + header.encode() + "".join("".join(column) for column in columns).encode())
        for record in range(n_records):
            block = np.ascontiguousarray(samples[:, record * n_per : (record + 1) * n_per])
            file.write(block.astype("<i2").tobytes() if bits == 16 else _three_bytes(block))
    return path


def _three_bytes(block):
    return block.view("u1").reshape(-1, 4)[:, :3].tobytes()


def write_brainvision(folder):
    import pybv

    events = np.array([[onset, 1] for onset in ONSETS])
    pybv.write_brainvision(
        data=eeg_volts(), sfreq=SFREQ, ch_names=EEG, fname_base="x", folder_out=str(folder), events=events,
        resolution=1e-3, overwrite=True,
    )  # fmt: skip
    return Path(folder) / "x.vhdr"


def write_eeglab(path, *, apart=True):
    """Write EEGLAB's .set, with its samples in .fdt (microvolts, single precision) or inside."""
    from scipy.io import savemat

    data = (eeg_volts() * 1e6).astype("<f4")
    labels = np.array([(name,) for name in EEG], dtype=[("labels", object)])
    events = np.array([("tone", onset + 1.0, 0.0) for onset in ONSETS],
                      dtype=[("type", object), ("latency", object), ("duration", object)])  # fmt: skip
    struct = {
        "setname": "x", "nbchan": 4.0, "trials": 1.0, "pnts": float(N_TIMES), "srate": SFREQ, "xmin": 0.0,
        "xmax": (N_TIMES - 1) / SFREQ, "chanlocs": labels, "event": events, "epoch": [],
        "data": path.with_suffix(".fdt").name if apart else data,
    }  # fmt: skip
    savemat(path, {"EEG": struct}, appendmat=False)
    if apart:
        path.with_suffix(".fdt").write_bytes(data.tobytes(order="F"))
    return path


def write_ctf(folder, *, grade=3, coefficient=0.5):
    """Write CTF's folder: 6 gradiometers, 2 reference magnetometers, a stimulus channel, head coils, compensation."""
    folder.mkdir()
    names = [f"MLC1{k}-1" for k in range(1, 7)] + ["BG1-1", "BG2-1", "UPPT001"]
    gains = [1e9] * 8 + [1.0]  # units per T
    rng = np.random.default_rng(7)
    meg = np.array([responses(1e-12 * (k + 1), rng) for k in range(6)])
    refs = np.array([1e-11 * np.sin(2 * np.pi * 0.5 * np.arange(N_TIMES) / SFREQ), np.zeros(N_TIMES)])
    samples = np.vstack([meg, refs, triggers()]) * np.array(gains)[:, np.newaxis] * 2.0**20
    samples[8] = triggers()
    with (folder / f"{folder.stem}.meg4").open("wb") as file:
        file.write(b"MEG41CP\x00" + np.round(samples).astype(">i4").tobytes())
    (folder / f"{folder.stem}.res4").write_bytes(_res4(names, gains, grade, coefficient))
    (folder / f"{folder.stem}.hc").write_text(_head_coils())
    return folder


def _res4(names, gains, grade, coefficient):
    head = bytearray(1844)

    def put(place, content):
        head[place : place + len(content)] = content

    put(0, b"MEG41RS\x00")
    put(778, b"12:00:00")
    put(1033, b"01/01/2021")
    place = 1288
    put(place, np.array([N_TIMES], ">i4").tobytes() + np.array([len(names)], ">i2").tobytes())
    put(1296, np.array([SFREQ, N_TIMES / SFREQ], ">f8").tobytes() + np.array([1], ">i2").tobytes())
    put(1320, np.array([1], ">i2").tobytes())
    body = np.array([0], ">i2").tobytes() + b"".join(name.encode().ljust(32, b"\x00") for name in names)
    body += b"".join(_ctf_channel(place, gain, grade) for place, gain in enumerate(gains))
    kind = int.from_bytes(f"G{grade}BR".encode(), "big") if grade else 0
    rows = [
        name.encode().ljust(32, b"\x00") + np.array([kind, 0], ">i4").tobytes() + np.array([2], ">i2").tobytes()
        + b"".join(ref.ljust(31, b"\x00") for ref in (b"BG1-1", b"BG2-1")) + bytes(31 * 48)
        + np.array([coefficient, coefficient / 2] + [0.0] * 48, ">f8").tobytes()
        for name in names[:6]
    ] if grade else []  # fmt: skip
    return bytes(head) + body + np.array([len(rows)], ">i2").tobytes() + b"".join(rows)


def _ctf_channel(place, gain, grade):
    kind = 5 if place < 6 else 0 if place < 8 else 11
    angle = place * np.pi / 3
    outward = np.array([np.cos(angle) * 0.6, np.sin(angle) * 0.6, 0.8])
    position = 12 * outward if place < 6 else 25 * np.array([0.2 * (place - 6), 0.1, 1.0])  # cm
    coils = [(position, outward), (position + 5 * outward, -outward)][: 2 if place < 6 else 1]
    if place == 8:
        coils = []
    content = np.array([kind, 0], ">i2").tobytes() + np.array([0], ">i4").tobytes()
    # a negative gain leaves the normals as they are
    content += np.array([-gain if place < 8 else gain, 2.0**20 if place < 8 else 1.0, 1.0, 0.0], ">f8").tobytes()
    content += np.array([len(coils), grade if place < 6 else 0], ">i2").tobytes() + bytes(4)
    for coil in range(16):
        where, normal = coils[coil % 8] if coil % 8 < len(coils) else (np.zeros(3), np.zeros(3))
        content += np.array([*where, 0, *normal, 0], ">f8").tobytes() + np.array([1], ">i2").tobytes()
        content += bytes(6) + np.array([2.0], ">f8").tobytes()
    return content


def _head_coils():
    coils = {"nasion": (10, 0, 0), "left ear": (0, 7, 0), "right ear": (0, -7, 0)}
    text = ""
    for frame, shift in (("dewar", (0, 0, -22)), ("head", (0, 0, 0))):
        for name, place in coils.items():
            text += f"measured {name} coil position relative to {frame} (cm):\n"
            text += "".join(f"\t{axis} = {a + b}\n" for axis, a, b in zip("xyz", place, shift, strict=True))
    return text


def write_kit(path):
    """Write KIT's .con: 4 axial gradiometers, a reference magnetometer, 8 trigger lines; 16 bits."""
    n_meg, n_channels = 4, 13
    parts = {
        1: _kit_system(n_channels),
        4: b"".join(_kit_channel(place, n_meg) for place in range(n_channels)),
        5: np.array([[0.0, 1e-9]] * 5 + [[0.0, 1.0]] * 8, "<f8").tobytes(),
        7: np.zeros(1, "<i4").tobytes(),
        8: np.array([1], "<i4").tobytes()
        + np.array([SFREQ], "<f8").tobytes()
        + np.array([0, N_TIMES], "<i4").tobytes(),
    }
    volts = np.zeros((n_channels, N_TIMES))
    rng = np.random.default_rng(7)
    for k in range(n_meg):
        volts[k] = responses(1e-12 * (k + 1), rng) / 1e-9  # V after the gain of 1e-9 T/V
    volts[5:] = 4.0  # a line that falls is a trigger
    volts[5] -= 4.0 * triggers()
    parts[9] = np.round(volts.T / (10.0 / 2**16)).astype("<i2").tobytes()
    place, table, content = 16 * 30, [], b""
    for index in range(30):
        part = parts.get(index, b"")
        size = len(part) // n_channels if index == 4 else len(part)
        table.append(np.array([place + len(content), size, 30, 30 if index == 0 else 0], "<i4").tobytes())
        content += part
    path.write_bytes(b"".join(table) + content)
    return path


def _kit_system(n_channels):
    numbers = lambda *values: np.array(values, "<i4").tobytes()  # noqa: E731
    return (
        numbers(2, 4, 1000) + b"made".ljust(128, b"\x00") + b"for a test".ljust(128, b"\x00") + numbers(n_channels)
        + bytes(256) + numbers(0, 0) + bytes(12) + numbers(0) + bytes(12) + numbers(0) + bytes(12) + numbers(0)
        + bytes(12) + numbers(0) + bytes(4 * 29) + np.array([10.0], "<f8").tobytes() + numbers(0, 16, 16)
    )  # fmt: skip


def _kit_channel(place, n_meg):
    kind = 2 if place < n_meg else 0x101 if place == n_meg else -1
    if kind > 0:
        angles = (40.0, 90.0 * place)
        x, y = (0.1 * np.cos(np.radians(angles[1])), 0.1 * np.sin(np.radians(angles[1])))
        content = np.array([kind], "<i4").tobytes() + np.array([x, y, 0.1, *angles], "<f8").tobytes() + bytes(16)
    else:
        content = np.array([kind, place - n_meg, 0], "<i4").tobytes()
    return content.ljust(96, b"\x00")
