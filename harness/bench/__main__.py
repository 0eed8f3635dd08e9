"""`make bench`: how fast the ear is beside its peers, as ratios: the figures themselves belong to this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import chain

from dsp.compiled.kernel import kernel
from harness.bench.listening import (
    LIVE_BLOCK_S,
    RUNS,
    TARGET_BATCH_PERCENT,
    TARGET_ONE_PERCENT,
    TARGET_TIMES,
    Speed,
    a_call,
    by_sound,
    live,
    offline,
    parts,
)
from harness.bench.load.sipp import find_sipp
from harness.bench.load.soak import soak, soak_line
from harness.bench.peers import HOW_TO_GET_SPANDSP, RATE_HZ, silero, spandsp, webrtc
from harness.bench.year import report as report_year

SOAK_MINUTES = 2.0
SLOWS_NUMPY = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def report() -> Iterator[str]:
    """Give the lines, as they become known."""
    set_ones = [name for name in SLOWS_NUMPY if name in os.environ]
    if set_ones:
        yield f"注意：{'、'.join(set_ones)} 會拖慢 numpy；請用 make bench  Beware: they slow numpy; use make bench"
    by = "編譯過的迴圈 compiled loops" if kernel() else "只有 numpy alone（沒有編譯過 ear*.c are not compiled）"
    yield f"耳朵的內層 the ear's innermost loops: {by}"
    tones = spandsp()
    samples = a_call()
    peers = [peer for peer in (silero(), tones, webrtc()) if peer is not None]
    yield f"離線 offline：{len(samples) / RATE_HZ:.0f} s，單核心 one core，{RUNS} 次的中位數 median of {RUNS} runs"
    ear, *others = offline(samples, peers)
    yield from _lines(ear, ear, others)
    yield f"  目標 target {TARGET_TIMES:.0f} ×：{ear.times_real_time / TARGET_TIMES:.2f}"
    yield from (f"  {part.name:<22} {part.times_real_time:6.0f} ×" for part in parts(samples))
    yield "只有一種聲音 of one sound alone："
    yield from (f"  {one.name:<22} {one.times_real_time:6.0f} ×" for one in by_sound())
    if tones is None:
        yield f"spandsp super-tone：沒有安裝 not installed; {HOW_TO_GET_SPANDSP}"
    yield f"即時 live：每 {LIVE_BLOCK_S:g} s 一段 a block every {LIVE_BLOCK_S:g} s"
    for speed in live(samples):
        target = TARGET_BATCH_PERCENT if "batches" in speed.name else TARGET_ONE_PERCENT
        of_target = f"目標 target {target:g} %：{speed.core_percent / target:.2f}"
        yield f"  {speed.name:<24} 每通佔一核心 of a core a call: {speed.core_percent:.3f} %; {of_target}"
        yield from (f"    {_ratio(speed, other)}" for other in others)


def year() -> Iterator[str]:
    """Give the line of a year's figures, through a real database; making it takes a minute."""
    yield report_year()


def soaked() -> Iterator[str]:
    """Give the line of a short soak: two minutes of calls, and whether memory grows."""
    yield soak_line(soak(SOAK_MINUTES, calls=2, sipp=find_sipp()))


def _lines(ear: Speed, first: Speed, others: list[Speed]) -> Iterator[str]:
    yield f"  {first.name:<22} {first.times_real_time:6.0f} × 實際時間 real time"
    for other in others:
        yield f"  {other.name:<22} {other.times_real_time:6.0f} ×    {_ratio(ear, other)}"


def _ratio(ear: Speed, other: Speed) -> str:
    return f"速度比 speed ratio ear / {other.name}: {ear.times_real_time / other.times_real_time:.3f}"


if __name__ == "__main__":
    for line in chain(report(), year(), soaked()):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
