"""The disk under the agency's folder: room for the calls that its caps allow, speed, and whether it keeps its word.

While a call is up both its sides are WAV; afterwards one FLAC file. What is reckoned with here is the WAV: speech and
tones come to less as FLAC, never to more worth speaking of.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from harness.agency import Agency
from harness.doctor.finding import FAILED, OK, WARNING, Finding, figure, found
from harness.lines import LineSettings

SIDES, SAMPLE_B = 2, 2
WORKDAYS = 23
"""Most working days of a month."""
TRIAL_B = 8 * 1024 * 1024
SYNCS = 9
FAST_ENOUGH = 10
"""The disk must write so many times faster than the calls do: other things use it too."""
SLOW_SYNC_S = 1.0
"""A claim is forced to the disk before its INVITE; ours: a second is no harm, more is a disk in trouble."""
NETWORKS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs")
"""Databases in WAL mode and file locks do not work on file systems that several machines share (sqlite.org/wal)."""
MOUNTS = Path("/proc/mounts")


def disk(agency: Agency) -> tuple[Finding, ...]:
    """Look at room, speed and kind of the disk; writes a file of 8 MB and takes it away again."""
    return _room(agency), _speed(agency), _kind(agency.folder)


def bytes_a_second(lines: tuple[LineSettings, ...]) -> int:
    """What one call writes: both sides, 16 bits, at the highest rate that a line records."""
    rate = max((16000 if any(c.startswith("G722") for c in line.codecs) else 8000 for line in lines), default=8000)
    return SIDES * SAMPLE_B * rate


def _room(agency: Agency) -> Finding:
    caps = agency.settings.caps
    call_b = round(bytes_a_second(agency.settings.lines) * caps.longest_call_s)
    at_once, month = call_b * agency.settings.at_once, call_b * caps.calls_per_day * WORKDAYS
    stat = os.statvfs(agency.folder)
    free_b = stat.f_bavail * stat.f_frsize
    calls = free_b // call_b
    figures = (
        figure("free", free_b, "B"),
        figure("longest_call", call_b, "B"),
        figure("calls_that_fit", calls),
        figure("month_at_caps", month, "B"),
    )
    values = {"free": _size(free_b), "calls": calls, "call": _size(call_b), "month": _size(month)}
    values |= {"longest": f"{caps.longest_call_s:g}", "per_day": caps.calls_per_day}
    if free_b < at_once:
        state, do = FAILED, "doctor.do_room_now"
    elif free_b < month:
        state, do = WARNING, "doctor.do_room_month"
    else:
        state, do = OK, ""
    return found("disk_room", state, "doctor.room", do, figures=figures, values=values)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def _speed(agency: Agency) -> Finding:
    need = bytes_a_second(agency.settings.lines) * agency.settings.at_once
    try:
        speed, syncs = _trial(agency.folder / f".doctor-{os.getpid()}")
    except OSError as error:
        values = {"reason": error.strerror or type(error).__name__, "folder": agency.folder}
        do = "doctor.do_unwritable"
        return found("disk_speed", FAILED, "doctor.unwritable", do, values=values)
    slowest = max(syncs)
    figures = (
        figure("write_speed", round(speed), "B/s"),
        figure("needed", need, "B/s"),
        figure("fsync_median", median(syncs), "s"),
        figure("fsync_max", slowest, "s"),
    )
    values = {"speed": _size(speed), "need": _size(need), "sync_ms": f"{median(syncs) * 1000:.1f}"}
    values |= {"slowest_ms": f"{slowest * 1000:.1f}", "n": SYNCS}
    slow = speed < need * FAST_ENOUGH or slowest > SLOW_SYNC_S
    state, do = (WARNING, "doctor.do_slow_disk") if slow else (OK, "")
    return found("disk_speed", state, "doctor.speed", do, figures=figures, values=values)


def _trial(path: Path) -> tuple[float, list[float]]:
    """Write, force to the disk, and take away: bytes a second, and the seconds of each small forced write."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        began = time.monotonic()
        block = os.urandom(TRIAL_B // 8)  # a file system that compresses must not be flattered
        for _ in range(8):
            _write_all(handle, block)
        os.fsync(handle)
        speed = TRIAL_B / max(time.monotonic() - began, 1e-6)
        return speed, [_small_sync(handle) for _ in range(SYNCS)]
    finally:
        os.close(handle)
        with suppress(OSError):
            path.unlink()


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _small_sync(handle: int) -> float:
    began = time.monotonic()
    os.write(handle, b"x" * 512)
    os.fsync(handle)
    return time.monotonic() - began


def _kind(folder: Path, mounts: Path | None = None) -> Finding:
    """Whether the folder lies on a file system of this machine's own."""
    kind = _file_system(folder.resolve(), mounts or MOUNTS)
    values = {"kind": kind or "—", "folder": folder}
    figures = (figure("file_system", kind or None),)
    if kind in NETWORKS:
        do = "doctor.do_network_disk"
        return found("disk_kind", WARNING, "doctor.kind", do, figures=figures, values=values)
    return found("disk_kind", OK, "doctor.kind", figures=figures, values=values)


def _file_system(folder: Path, mounts: Path) -> str:
    """Kind of the file system of the deepest mount above a folder; empty when it cannot be known."""
    try:
        rows = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    above = [(len(row[1]), row[2]) for row in rows if len(row) > 2 and folder.is_relative_to(_place(row[1]))]
    return sorted(above, key=lambda one: one[0])[-1][1] if above else ""  # of two mounts in one place the later holds


def _place(written: str) -> Path:
    """A mount point as /proc/mounts writes it: blanks are octal (fstab(5))."""
    return Path(written.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
