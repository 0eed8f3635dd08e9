"""The clocks: the steady one measures how long, the wall one says when.

A step of the wall clock moves no measured duration, but it dates calls wrongly, and the hours in which a telephone
may be rung with them.
"""

from __future__ import annotations

import ctypes
import errno
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.doctor.finding import NOT_CHECKED, OK, WARNING, Figure, Finding, figure, found

STEPPED_S = 0.050
"""Wall and steady clock moving apart by more than this within one examination is a step, no slewing: the kernel
slews by at most 500 ppm, 5 ms in 10 s (adjtimex(2))."""
FAR_OFF_S = 1.0
"""Calls are dated to the second; an hour that begins a second late is no harm."""
READING_S = 1.0
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
STA_UNSYNC = 0x0040


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2) on 64-bit Linux; only reading is asked for (modes 0)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


@dataclass(frozen=True, kw_only=True)
class KernelClock:
    """What the kernel says of its wall clock."""

    synchronised: bool
    """Whether something keeps it right."""
    max_error_s: float
    """It is at most so far off, says who keeps it."""


def kernel_clock() -> KernelClock | None:
    """Ask the kernel; None where it cannot be asked."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    buffer = _Timex()
    state = adjtimex(ctypes.byref(buffer))
    if state < 0 or ctypes.get_errno() in (errno.ENOSYS, errno.EPERM):
        return None
    return KernelClock(
        synchronised=state != TIME_ERROR and not buffer.status & STA_UNSYNC, max_error_s=buffer.maxerror / 1e6
    )


def synchronised_by_systemd() -> bool | None:
    """What timedatectl says; None where there is none."""
    try:
        command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(said)


class ClockWatch:
    """Looks at the clocks when it is made and again when asked, and compares."""

    def __init__(self, *, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._began = self._look()

    def _look(self) -> tuple[float, float]:
        before = self._steady()
        wall = self._wall()
        return (before + self._steady()) / 2, wall

    def findings(
        self,
        *,
        kernel: Callable[[], KernelClock | None] = kernel_clock,
        systemd: Callable[[], bool | None] = synchronised_by_systemd,
    ) -> tuple[Finding, ...]:
        """What the clocks did since, and whether something keeps the wall clock right."""
        steady, wall = self._look()
        passed = steady - self._began[0]
        apart = (wall - self._began[1]) - passed
        return _stepping(passed, apart), _synchronisation(kernel(), systemd())


def _stepping(passed: float, apart: float) -> Finding:
    tick = time.get_clock_info("monotonic").resolution
    figures = (figure("watched", passed, "s"), figure("wall_minus_steady", apart, "s"), figure("tick", tick, "s"))
    values = {"passed": f"{passed:.1f}", "apart_ms": f"{round(apart * 1000, 1) + 0.0:+.1f}"}
    if abs(apart) > STEPPED_S:
        do = "doctor.do_stepped"
        return found("clock", WARNING, "doctor.clock_stepped", do, figures=figures, values=values)
    return found("clock", OK, "doctor.clock_steady", figures=figures, values=values)


def _synchronisation(kernel: KernelClock | None, systemd: bool | None) -> Finding:
    figures: tuple[Figure, ...] = (figure("timedatectl", systemd),)
    if kernel is not None:
        figures = (figure("kernel", kernel.synchronised), figure("max_error", kernel.max_error_s, "s"), *figures)
    kept = systemd if kernel is None else kernel.synchronised or bool(systemd)
    values = {"error": "—" if kernel is None else f"{kernel.max_error_s:.3f}"}
    if kept is None:
        state, key, do = NOT_CHECKED, "doctor.sync_unknown", "doctor.do_sync_by_hand"
    elif not kept:
        state, key, do = WARNING, "doctor.sync_none", "doctor.do_sync"
    elif kernel is not None and kernel.synchronised and kernel.max_error_s > FAR_OFF_S:
        state, key, do = WARNING, "doctor.sync_loose", "doctor.do_sync"
    else:
        state, key, do = OK, "doctor.sync_kept", ""
    return found("time_sync", state, key, do, figures=figures, values=values)
