"""A call as one picture a clerk can read: waveform, spectrogram, what was heard, the rules' limits.

Drawn by Vega-Lite through altair and vl-convert: one specification, an SVG whose text stays text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from dsp.answering.legs import Leg
from dsp.listening import Listening
from dsp.segment import (
    BUSY,
    CONGESTION,
    DIAL,
    DTMF,
    MISSING,
    MUSIC,
    RINGBACK,
    SIT,
    SPEECH,
    TONE,
    Segment,
    Span,
)
from harness.hearing import MOST_SECONDS, Heard
from harness.plot.rings import LATEST_RULES, numbered_rings
from harness.plot.spectrogram import data_url, outline, spectrogram_png
from harness.words import label

FONT = "Noto Sans TC, Noto Sans CJK TC, Microsoft JhengHei, PingFang TC, sans-serif"
COLOURS = {
    RINGBACK: "#2f6db5",
    SPEECH: "#3f9142",
    MUSIC: "#9a6fb0",
    BUSY: "#d9822b",
    CONGESTION: "#b5651d",
    SIT: "#c2416b",
    DIAL: "#7f8c8d",
    DTMF: "#5b4636",
    TONE: "#a0a0a0",
    MISSING: "#d0d0d0",
}
Panel = alt.LayerChart | alt.FacetChart
PICK_UP, LIMIT = "#e0a800", "#c0392b"
_NARROWEST, _WIDEST, _PIXELS_A_SECOND = 1000, 6000, 20
_WAVE_HEIGHT, _SPECTRUM_HEIGHT, _HEARD_HEIGHT, _WORDS_HEIGHT = 90, 150, 44, 92
_LIMIT_ROWS, _PICK_UP_ROW, _RING_ROW = (13, 29, 45), 64, 83
"""Where the words above the sounds stand, in pixels from the top: each limit has a row of its own."""


@dataclass(frozen=True)
class _Sheet:
    """The paper: what all panels share."""

    heard: Heard
    width: int
    duration_s: float

    @property
    def listening(self) -> Listening:
        return self.heard.listening

    def x(self, field: str = "start", *, axis: bool = False) -> alt.X:
        """The time axis, the same in every panel."""
        shown = alt.Axis(title=label("ear.plot_time"), tickMinStep=1, grid=False) if axis else None
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, self.duration_s], nice=False), axis=shown)


def draw_call(heard: Heard, file: Path) -> None:
    """Draw a call into an SVG file, its words in the language of the context."""
    file.write_text(call_svg(heard), encoding="utf-8")


def call_svg(heard: Heard) -> str:
    """Give the picture as SVG."""
    svg: str = vl_convert.vegalite_to_svg(call_chart(heard).to_dict())
    return svg


def call_chart(heard: Heard) -> alt.VConcatChart:
    """Give the picture's specification."""
    duration_s = heard.listening.n / heard.listening.sr
    width = min(max(_NARROWEST, round(duration_s * _PIXELS_A_SECOND)), _WIDEST)
    sheet = _Sheet(heard, width, duration_s)
    panels = [_words(sheet), _heard(sheet), _waveform(sheet), _spectrogram(sheet)]
    title = alt.TitleParams(
        f"{label('ear.plot_title')} {Path(heard.file).name}",
        subtitle=_legs_told(heard.listening),
        anchor="start",
        subtitleFontSize=14,
        fontSize=18,
        offset=10,
    )
    chart: alt.VConcatChart = (
        alt.vconcat(*panels, spacing=6, title=title)
        .configure(font=FONT, padding=12)
        .configure_view(stroke="#cccccc")
        .configure_axis(labelFontSize=12, titleFontSize=12)
        .configure_legend(labelFontSize=13, titleFontSize=13, orient="bottom", direction="horizontal", columns=6)
    )
    return chart


def _panel(sheet: _Sheet, height: int, *layers: alt.Chart) -> Panel:
    return alt.layer(*layers).properties(width=sheet.width, height=height)


def _legs_told(listening: Listening) -> list[str]:
    if not listening.legs:
        return [label("ear.plot_nothing")]
    return [_leg_told(number, leg, listening.sr) for number, leg in enumerate(listening.legs, start=1)]


def _leg_told(number: int, leg: Leg, sr: int) -> str:
    """Say of a leg how it ended, its rings and its seconds, as far as there are any."""
    parts = [label("ear.plot_leg", number=number), label(f"outcome.{leg.outcome}")]
    if leg.rings:
        parts.append(label("ear.plot_rings", rings=leg.rings))
    if leg.answer_latency is not None:
        parts.append(label("ear.plot_latency", seconds=_between(leg.answer_latency, sr)))
    return "　".join(parts)


def _between(span: Span, sr: int) -> str:
    low, high = (f"{end / sr:.2f}" for end in (span.earliest, span.latest))
    return low if low == high else f"{low}–{high}"


def _rows(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _words(sheet: _Sheet) -> Panel:
    """Above the sounds: the rings' numbers, the pick-ups, and where the rules end."""
    limits = [{**one, "y": _LIMIT_ROWS[index % 3]} for index, one in enumerate(_limit_rows(sheet))]
    picked = [{**one, "y": _PICK_UP_ROW} for one in _pick_rows(sheet)]
    rings = [{"start": r.start_s, "text": str(r.number), "y": _RING_ROW} for r in numbered_rings(sheet.listening)]
    layers = [
        alt.Chart(_rows(limits)).mark_text(align="left", dx=3, fontSize=12, color=LIMIT),
        alt.Chart(_rows(picked)).mark_text(align="left", dx=3, fontSize=13, fontWeight="bold", color="#8a6700"),
        alt.Chart(_rows(rings)).mark_text(align="left", fontSize=15, fontWeight="bold", color=COLOURS[RINGBACK]),
    ]
    place = alt.Y("y:Q", scale=alt.Scale(domain=[_WORDS_HEIGHT, 0]), axis=None)
    drawn = [one.encode(x=sheet.x(), y=place, text="text:N") for one in layers]
    return _panel(sheet, _WORDS_HEIGHT, *_marks(sheet), *drawn)


def _heard(sheet: _Sheet) -> Panel:
    there = [sound for sound in COLOURS if any(s.sound == sound for s in sheet.listening.segments)]
    names = [label(f"ear.sound_{sound}") for sound in there]
    scale = alt.Scale(domain=names, range=[COLOURS[sound] for sound in there])
    colour = alt.Color("name:N", scale=scale, legend=alt.Legend(title=None) if names else None)
    bars = (
        alt.Chart(_rows(_segment_rows(sheet)))
        .mark_rect()
        .encode(x=sheet.x(), x2="end:Q", y=alt.value(6), y2=alt.value(_HEARD_HEIGHT - 6), color=colour)
    )
    said = [one for one in _segment_rows(sheet) if one["inside"]]
    words = alt.Chart(_rows(said)).mark_text(color="white", fontSize=12, baseline="middle")
    labels = words.encode(x=sheet.x("middle"), y=alt.value(_HEARD_HEIGHT / 2), text="inside:N")
    return _panel(sheet, _HEARD_HEIGHT, bars, labels, *_marks(sheet))


def _segment_rows(sheet: _Sheet) -> list[dict[str, Any]]:
    """The segments as bars, tones last: they cover the voices, as they outrank them."""
    order = tuple(COLOURS)
    found = sorted(sheet.listening.segments, key=lambda s: order.index(s.sound), reverse=True)
    return [_segment_row(sheet, one) for one in found if one.sound in order]


def _segment_row(sheet: _Sheet, segment: Segment) -> dict[str, Any]:
    start, end = segment.start / sheet.listening.sr, segment.end / sheet.listening.sr
    name = label(f"ear.sound_{segment.sound}")
    letters = (end - start) / sheet.duration_s * sheet.width / 13
    words = (name, name.split(" ", maxsplit=1)[0])
    inside = segment.digit or next((one for one in words if _letters(one) < letters), "")
    return {"start": start, "end": end, "middle": (start + end) / 2, "name": name, "inside": inside}


def _letters(text: str) -> float:
    """Width of words in Chinese letters."""
    return sum(1.0 if ord(one) > 0x2E80 else 0.55 for one in text)


def _waveform(sheet: _Sheet) -> Panel:
    low, high = outline(sheet.heard.audio.mono, columns=sheet.width)
    at = [index * sheet.duration_s / len(low) for index in range(len(low))]
    rows = [
        {"start": round(t, 4), "low": round(float(a), 4), "high": round(float(b), 4)}
        for t, a, b in zip(at, low, high, strict=True)
    ]
    tall = max(0.05, float(max(high.max(), -low.min())))
    area = (
        alt.Chart(_rows(rows))
        .mark_area(color="#44546a", line=False)
        .encode(
            x=sheet.x(),
            y=alt.Y(
                "low:Q",
                scale=alt.Scale(domain=[-tall, tall]),
                axis=alt.Axis(title=label("ear.plot_waveform"), labels=False, ticks=False, grid=False),
            ),
            y2="high:Q",
        )
    )
    return _panel(sheet, _WAVE_HEIGHT, area, *_marks(sheet))


def _spectrogram(sheet: _Sheet) -> Panel:
    audio = sheet.heard.audio
    png = data_url(spectrogram_png(audio.mono, sr=audio.sr, columns=sheet.width))
    picture = (
        alt.Chart(_rows([{"url": png}]))
        .mark_image(width=sheet.width, height=_SPECTRUM_HEIGHT, align="left", baseline="top", aspect=False, aria=False)
        .encode(x=alt.value(0), y=alt.value(0), url="url:N")
    )
    top = audio.sr // 2
    frame = (
        alt.Chart(_rows([{"start": 0, "hz": 0}, {"start": sheet.duration_s, "hz": top}]))
        .mark_point(opacity=0)
        .encode(
            x=sheet.x(axis=True),
            y=alt.Y(
                "hz:Q",
                scale=alt.Scale(domain=[0, top]),
                axis=alt.Axis(title=label("ear.plot_frequency"), tickCount=4, grid=False),
            ),
        )
    )
    marks = _marks(sheet, axis=True)
    return _panel(sheet, _SPECTRUM_HEIGHT, picture, frame, *marks)


def _marks(sheet: _Sheet, *, axis: bool = False) -> list[alt.Chart]:
    """What every panel shows: the pick-up shaded, the limits dashed."""
    shade = (
        alt.Chart(_rows(_pick_rows(sheet)))
        .mark_rect(color=PICK_UP, opacity=0.35, stroke=PICK_UP, strokeWidth=1.5)
        .encode(x=sheet.x(axis=axis), x2="end:Q")
    )
    limits = alt.Chart(_rows(_limit_rows(sheet))).mark_rule(color=LIMIT, strokeDash=[5, 3])
    lines = limits.encode(x=sheet.x(axis=axis))
    return [shade, lines]


def _pick_rows(sheet: _Sheet) -> list[dict[str, Any]]:
    sr = sheet.listening.sr
    spans = [leg.pick_up for leg in sheet.listening.legs if leg.pick_up is not None]
    return [
        {
            "start": span.earliest / sr,
            "end": span.latest / sr,
            "text": f"{label('ear.plot_pick_up')} {_between(span, sr)}",
        }
        for span in spans
    ]


def _limit_rows(sheet: _Sheet) -> list[dict[str, Any]]:
    """Where three rings, four rings and ten seconds are over, of each leg that rang, up to the next leg."""
    onsets = [_middle_s(leg.ring_onset, sheet.listening.sr) for leg in sheet.listening.legs if leg.ring_onset]
    rows: list[dict[str, Any]] = []
    for onset, until in zip(onsets, [*onsets[1:], sheet.duration_s], strict=False):
        rows += [{"start": onset + after, "text": text} for after, text in _limits(sheet) if onset + after <= until]
    return rows


def _limits(sheet: _Sheet) -> list[tuple[float, str]]:
    """(seconds from the ring onset, what is over then)."""
    period_s = sheet.listening.plan.period_s
    limits = [(rings * period_s, label("ear.plot_rings_limit", rings=rings)) for rings in LATEST_RULES]
    return sorted([*limits, (MOST_SECONDS, label("ear.plot_seconds_limit", seconds=f"{MOST_SECONDS:g}"))])


def _middle_s(span: Span, sr: int) -> float:
    return (span.earliest + span.latest) / 2 / sr
