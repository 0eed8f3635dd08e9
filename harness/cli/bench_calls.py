"""`thirdring bench calls`: many calls at once, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import Asked, asked_for
from harness.cli.output import print_json, print_lines, print_table, tell
from harness.errors import DONE, EnvironmentFailed
from harness.words import label, say

if TYPE_CHECKING:
    from harness.bench.load.floor import Floor
    from harness.bench.load.lateness import Spread
    from harness.bench.load.measurement import Measurement
    from harness.bench.load.sipp_alone import SippAlone

SCHEMA, RISING_SCHEMA, SOAK_SCHEMA = "thirdring.bench/1", "thirdring.bench_rising/1", "thirdring.bench_soak/1"


@click.command()
@click.option("--calls", type=click.IntRange(1, 400), help="同時幾通；不給就一路加上去。At once; without it ever more.")
@click.option("--seconds", type=click.FloatRange(1, 300), default=20.0, show_default=True, help="量多久。How long.")
@click.option("--soak", type=click.FloatRange(0.2, 240), metavar="MINUTES", help="連續撥，看記憶體。Memory over time.")
@click.option(
    "--sipp",
    default="",
    envvar="THIRDRING_SIPP",
    metavar="COMMAND",
    help="SIPp 在哪裡（Debian：sip-tester）；沒有就用模擬機關。Where SIPp is; without it the embedded agency answers.",
)
@asked_for
def calls(asked: Asked, calls: int | None, seconds: float, soak: float | None, sipp: str) -> int:
    """同時撥很多通，量時間誤差、遲到的封包、CPU、記憶體。Many calls at once: timing error, late frames, CPU, memory."""
    from harness.bench.load.embedded import MOST_CALLS
    from harness.bench.load.sipp import find_sipp

    far = find_sipp(sipp)
    if not far and calls is not None and calls > MOST_CALLS:
        raise EnvironmentFailed("bench.needs_sipp", calls=calls, most=MOST_CALLS)
    if soak is not None:
        return _soak(asked, soak, calls, far)
    if calls is None:
        return _rising(asked, seconds, far)
    return _one(asked, calls, seconds, far)


def _one(asked: Asked, calls: int, seconds: float, sipp: list[str]) -> int:
    from harness.bench.load.floor import measure_floor
    from harness.bench.load.measurement import measure_calls
    from harness.bench.load.sipp_alone import measure_sipp

    found, floor = measure_calls(calls, seconds, sipp=sipp), measure_floor(calls, seconds, sipp=sipp)
    if asked.as_json:
        print_json(to_dict(found, floor))
        return DONE
    alone = measure_sipp(calls, seconds, sipp=sipp) if sipp else None
    print_table([label("column.what"), label("column.value")], [*_rows(found), *_peers(found, floor, alone)])
    print_lines([*_said(found), say("bench.machine", **_machine(found))])
    return DONE


def to_dict(found: Measurement, floor: Floor | None) -> dict[str, Any]:
    """The figures for programs; None where something could not be measured."""
    return {
        "schema": SCHEMA,
        "calls": found.calls,
        "timing_error_ms": asdict(found.timing_error_ms),
        "late_frames": None if found.seconds is None else found.late_frames,
        "cpu_percent_per_call": round(found.cpu_percent_per_call, 3),
        "floor_cpu_percent_per_call": None if floor is None else round(floor.cpu_percent_per_call, 3),
        "rss_mb": None if found.memory is None else round(found.memory.rss_mb, 1),
        "wrong": found.wrong,
    }


def _rising(asked: Asked, seconds: float, sipp: list[str]) -> int:
    from harness.bench.load.floor import measure_floor
    from harness.bench.load.rising import rise

    levels: list[Measurement] = []
    for found in rise(seconds, sipp=sipp):
        levels.append(found)
        tell(say("bench.level", calls=found.calls, p99=_number(found.timing_error_ms.p99), late=_late(found)))
    good = [one.calls for one in levels if one.keeps_up]
    floor = measure_floor(good[-1], seconds, sipp=sipp) if good else None
    if asked.as_json:
        told = [to_dict(one, floor if good and one.calls == good[-1] else None) for one in levels]
        print_json({"schema": RISING_SCHEMA, "levels": told, "most_calls": good[-1] if good else None})
        return DONE
    names = [name for name, _ in _rows(levels[0])]
    print_table([label("column.what"), *(str(one.calls) for one in levels)], _beside(names, levels))
    if good:
        best = next(one for one in levels if one.calls == good[-1])
        print_table([label("column.what"), label("column.value")], _peers(best, floor, None))
    print_lines([say("bench.stopped", good=good[-1] if good else 0, last=levels[-1].calls)])
    print_lines([*_said(levels[-1]), say("bench.machine", **_machine(levels[-1]))])
    return DONE


def _beside(names: Sequence[str], levels: Sequence[Measurement]) -> list[list[object]]:
    columns = [[value for _, value in _rows(one)] for one in levels]
    return [[name, *values] for name, *values in zip(names, *columns, strict=True)]


def _soak(asked: Asked, minutes: float, calls: int | None, sipp: list[str]) -> int:
    from harness.bench.load.soak import CALLS, soak, soak_line

    found = soak(minutes, calls=calls or CALLS, sipp=sipp)
    if asked.as_json:
        print_json({"schema": SOAK_SCHEMA, **asdict(found)})
    else:
        print_lines([soak_line(found)])
    return DONE


def _rows(found: Measurement) -> list[tuple[str, object]]:
    held, n = found.memory, found.calls
    each = None if held is None else f"{held.rss_mb / n:.1f} / {held.pss_mb / n:.1f} / {held.uss_mb / n:.1f}"
    values: dict[str, object] = {
        "timing": _spread(found.timing_error_ms),
        "late": _late(found),
        "frames": _spread(found.frame_error_ms),
        "asleep": f"{found.machine['late']:g} / {found.machine['naps']:g}",
        "cpu": f"{found.cpu_percent_per_call:.2f}",
        "cpu_talking": _number(found.cpu_percent_talking),
        "closing": _number(found.closing_s_per_call),
        "slot": _spread(found.slot_ms),
        "memory": None if held is None else f"{held.rss_mb:.0f} / {held.pss_mb:.0f} / {held.uss_mb:.0f}",
        "memory_each": each,
        "processes": found.processes,
        "set_up": _number(found.calls_set_up_per_s),
        "recording": _number(found.recording_error_ms),
        "wrong": found.wrong,
    }
    return [(label(f"bench.row_{name}"), value) for name, value in values.items()]


def _peers(found: Measurement, floor: Floor | None, alone: SippAlone | None) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    if floor is not None:
        ratio = found.cpu_percent_per_call / floor.cpu_percent_per_call
        rows += [
            (label("bench.row_floor_cpu"), f"{floor.cpu_percent_per_call:.2f}"),
            (label("bench.row_floor_late"), f"{floor.late_frames} / {floor.frames}"),
            (label("bench.row_floor_memory"), f"{floor.memory.rss_mb:.0f} / {floor.memory.pss_mb:.0f}"),
            (label("bench.row_ratio"), f"{ratio:.1f}"),
        ]
    if alone is not None:
        rows.append((label("bench.row_sipp_cpu"), f"{alone.cpu_percent_per_call:.2f}"))
        rows.append((label("bench.row_sipp_late"), f"{alone.late_frames} / {alone.frames}"))
    return rows


def _said(found: Measurement) -> list[str]:
    """What must be known to read the figures."""
    lines = [] if found.seconds is not None else [say("bench.never_all_up", calls=found.calls)]
    lines += [say("bench.capture_lost", count=found.capture_lost)] if found.capture_lost else []
    return lines + [say("bench.fault", what=one) for one in found.faults[:10]]


def _machine(found: Measurement) -> dict[str, str]:
    worst, p99 = found.machine["worst_s"] * 1000, found.machine["p99_s"] * 1000
    return {"load": f"{found.load:.1f}", "p99": f"{p99:.1f}", "worst": f"{worst:.0f}"}


def _late(found: Measurement) -> str:
    return f"{found.late_frames} / {found.frames}"


def _spread(spread: Spread) -> str:
    return " / ".join(_number(one) or "—" for one in (spread.p50, spread.p95, spread.p99, spread.max))


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
