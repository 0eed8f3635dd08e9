"""A ladder as a picture: one SVG file with a title and a description, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from harness.ladder.axis import Mark, lay_out
from harness.ladder.colours import BAND, FAINT, INK, KEY, LANE, PAPER, SOUNDS, of_branch, of_message
from harness.ladder.labels import (
    about_told,
    cut,
    digit_told,
    is_digit,
    is_own,
    message_told,
    own_told,
    sound_told,
    span_told,
    width_of,
    wrapped,
)
from harness.ladder.rung import Ladder, Rung, Sound
from harness.words import label, say

WIDTH, MARGIN = 1120, 24
TIME_X, OWN_X, US_X, THEM_X, BAR_X, BAR_W, HEARD_X = 122, 410, 428, 744, 766, 20, 796
HEAD, MESSAGE_ROOM, NOTE_ROOM, OWN_ROOM, SOUND_ROOM = 26, 24.0, 14.0, 17.0, 17.0
BODY, SMALL, LARGE = 13, 11, 20
LETTER_PX = 6.6
"""Mean width of a narrow letter at the body's size; wide ones take two."""


def ladder_svg(ladder: Ladder) -> str:
    """Draw a ladder; its words are in the language of the context."""
    return "\n".join(_Picture(ladder).lines()) + "\n"


class _Picture:
    """A ladder being drawn."""

    def __init__(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self._about = _about(ladder)
        self._top = MARGIN + LARGE + 12 + 17 * len(self._about) + 46
        marks = [*(_mark(r) for r in ladder.rungs), *(_sound_mark(s) for s in ladder.sounds)]
        self._axis = lay_out(marks, top_px=self._top + 22, last_s=ladder.ends_s)
        places = self._axis.places_px
        self._rungs = list(zip(ladder.rungs, places, strict=False))
        self._sounds = list(zip(ladder.sounds, places[len(ladder.rungs) :], strict=True))
        lowest = max([self._axis.y(ladder.ends_s), *(y + MESSAGE_ROOM for y in places)], default=self._top)
        self._bottom = lowest + 14
        self._ending = _ending(ladder)
        self._height = round(self._bottom + 34 + 19 * len(self._ending) + MARGIN)

    def lines(self) -> Iterator[str]:
        """The file, line by line."""
        yield from self._opening()
        yield from self._heading()
        yield from self._time()
        yield from self._lanes()
        for sound, y in self._sounds:
            yield from self._heard(sound, y)
        for rung, y in self._rungs:
            yield from self._rung(rung, y)
        yield from self._foot()
        yield "</svg>"

    def _opening(self) -> Iterator[str]:
        title = label("ladder.title", call_id=self._ladder.call_id)
        desc = label(
            "ladder.desc",
            messages=sum(not is_own(r) and not is_digit(r) for r in self._ladder.rungs),
            sounds=len(self._ladder.sounds),
            seconds=f"{self._ladder.ends_s:.1f}",
            ending=self._ladder.ending,
        )
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self._height}" '
            f'viewBox="0 0 {WIDTH} {self._height}" role="img" aria-labelledby="title desc" '
            f'xml:lang="zh-Hant-TW" font-family="sans-serif" font-size="{BODY}" fill="{INK}">'
        )
        yield f'<title id="title">{escape(title)}</title>'
        yield f'<desc id="desc">{escape(desc)}</desc>'
        yield f'<rect width="{WIDTH}" height="{self._height}" fill="{PAPER}"/>'

    def _heading(self) -> Iterator[str]:
        y = MARGIN + LARGE
        title = say("ladder.title", call_id=self._ladder.call_id).splitlines()
        yield _text(MARGIN, y, title[0], size=LARGE, weight="bold")
        for number, line in enumerate(self._about, start=1):
            yield _text(MARGIN, y + 6 + 17 * number, line, size=BODY, fill=FAINT)

    def _time(self) -> Iterator[str]:
        """Whole seconds, as faint lines across the page, and the columns' names."""
        for second in self._axis.ticks(self._ladder.ends_s):
            y = self._axis.y(second)
            if y < self._top + 8:
                continue
            yield f'<line x1="{US_X}" y1="{y:.1f}" x2="{WIDTH - MARGIN}" y2="{y:.1f}" stroke="#e6e9ed"/>'
            yield _text(WIDTH - MARGIN, y - 3, f"{second:g} s", size=SMALL, fill=LANE, anchor="end")

    def _lanes(self) -> Iterator[str]:
        top, bottom = self._top, self._bottom
        for x, name in ((US_X, "us"), (THEM_X, "them")):
            told = label(f"ladder.{name}")
            wide = LETTER_PX * width_of(told) + 28
            yield f'<line x1="{x}" y1="{top}" x2="{x}" y2="{bottom:.1f}" stroke="{LANE}" stroke-width="2"/>'
            yield (
                f'<rect x="{x - wide / 2:.1f}" y="{top - HEAD}" width="{wide:.1f}" height="{HEAD}" rx="5" '
                f'fill="{INK}"/>'
            )
            yield _text(x, top - 8, told, fill=PAPER, anchor="middle", weight="bold")
        yield _text(TIME_X, top - 8, label("ladder.seconds"), fill=FAINT, anchor="end")
        yield _text(HEARD_X, top - 8, label("ladder.heard"), fill=FAINT)

    # --- what happened --------------------------------------------------------------------------------

    def _rung(self, rung: Rung, y: float) -> Iterator[str]:
        yield _text(
            TIME_X, y + 4, span_told(rung.at_s, between="–"), size=SMALL, fill=FAINT, anchor="end", tabular=True
        )
        if is_own(rung):
            yield f'<circle cx="{US_X}" cy="{y:.1f}" r="4" fill="{FAINT}"/>'
            told = cut(own_told(rung), round((OWN_X - TIME_X - 12) / LETTER_PX))
            yield _text(OWN_X, y + 4, told, size=12, fill=FAINT, anchor="end")
        elif is_digit(rung):
            yield from self._arrow(rung, y, KEY, digit_told(rung), dashes="2 4")
        else:
            yield from self._arrow(rung, y, of_message(rung), self._told(rung), dashes="7 4" if rung.again else "")
            yield from self._note(rung, y)

    def _told(self, rung: Rung) -> str:
        several = len(self._ladder.peers) > 1 and rung.peer
        return message_told(rung) + (f" @{self._ladder.peers.index(rung.peer) + 1}" if several else "")

    def _arrow(self, rung: Rung, y: float, colour: str, told: str, *, dashes: str) -> Iterator[str]:
        """A line between the lanes with its head, its words above it, and, of a fork, the branch's disc."""
        out = rung.direction == "tx"
        start, end, back = (US_X, THEM_X, -9) if out else (THEM_X, US_X, 9)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        yield (
            f'<line x1="{start}" y1="{y:.1f}" x2="{end + back}" y2="{y:.1f}" stroke="{colour}" '
            f'stroke-width="1.6"{dashed}/>'
        )
        yield f'<path d="M{end} {y:.1f} l{back} -4.5 v9 z" fill="{colour}"/>'
        words = cut(told, round((THEM_X - US_X - 24) / LETTER_PX))
        yield _text((US_X + THEM_X) / 2, y - 5, words, fill=colour, anchor="middle", halo=True)
        if rung.branch:
            yield f'<circle cx="{THEM_X}" cy="{y:.1f}" r="8" fill="{of_branch(rung.branch)}"/>'
            yield _text(THEM_X, y + 4, rung.branch, size=SMALL, fill=PAPER, anchor="middle", weight="bold")

    def _note(self, rung: Rung, y: float) -> Iterator[str]:
        if rung.note:
            words = cut(rung.note, round((THEM_X - US_X - 40) / (LETTER_PX * 0.86)))
            yield _text((US_X + THEM_X) / 2, y + 13, words, size=SMALL, fill=FAINT, anchor="middle", halo=True)

    # --- what was heard -------------------------------------------------------------------------------

    def _heard(self, sound: Sound, y: float) -> Iterator[str]:
        """A bar as long as the sound, a ring's number in it, its words beside it."""
        end = max(self._axis.y(sound.end_s.middle), y + 3)
        colour = SOUNDS.get(sound.sound, SOUNDS["tone"])
        told = f"{sound_told(sound)}, {span_told(sound.start_s, between='–')}"
        yield (
            f'<rect x="{BAR_X}" y="{y:.1f}" width="{BAR_W}" height="{end - y:.1f}" rx="3" fill="{colour}">'
            f"<title>{escape(told)}</title></rect>"
        )
        if sound.ring and end - y >= 14:
            middle = BAR_X + BAR_W / 2
            yield _text(middle, (y + end) / 2 + 4.5, str(sound.ring), fill=PAPER, anchor="middle", weight="bold")
        words = cut(sound_told(sound), round((WIDTH - MARGIN - 120 - HEARD_X) / LETTER_PX))
        yield _text(HEARD_X, y + 11, words, size=12, fill=colour if sound.sound != "missing" else FAINT, halo=True)
        when = span_told(sound.start_s, between="–")
        yield _text(WIDTH - MARGIN - 40, y + 11, when, size=SMALL, fill=FAINT, anchor="end", tabular=True)

    def _foot(self) -> Iterator[str]:
        y, height = self._bottom + 14, 19 * len(self._ending) + 16
        wide = WIDTH - 2 * MARGIN
        yield f'<rect x="{MARGIN}" y="{y:.1f}" width="{wide}" height="{height}" rx="6" fill="{BAND}"/>'
        for number, line in enumerate(self._ending, start=1):
            yield _text(MARGIN + 14, y + 2 + 19 * number, line, size=14, weight="bold" if number == 1 else "")


def _about(ladder: Ladder) -> list[str]:
    """What call this is, with whom, and how the seconds count; as few lines as go."""
    told = say("ladder.title", call_id=ladder.call_id).splitlines()[1:]
    told.append(about_told(ladder))
    counted = say("ladder.counted" if ladder.invited else "ladder.counted_from_recording").splitlines()
    told += counted if ladder.verbatim else [*counted, *say("ladder.not_verbatim").splitlines()]
    return [line for one in told for line in wrapped(one, round((WIDTH - 2 * MARGIN) / LETTER_PX))]


def _ending(ladder: Ladder) -> list[str]:
    from harness.ladder.text import say_ending

    return [line for one in say_ending(ladder) for line in wrapped(one, round((WIDTH - 2 * MARGIN - 28) / 7.2))]


def _mark(rung: Rung) -> Mark:
    """Its time stands in one column with all others, its arrow in that of the arrows."""
    if is_own(rung):
        return Mark(rung.at_s.latest, (("time", OWN_ROOM),))
    wire = MESSAGE_ROOM + (NOTE_ROOM if rung.note and not is_digit(rung) else 0.0)
    return Mark(rung.at_s.latest, (("time", OWN_ROOM), ("wire", wire)))


def _sound_mark(sound: Sound) -> Mark:
    return Mark(sound.start_s.middle, (("heard", SOUND_ROOM),))


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = BODY,
    fill: str = INK,
    anchor: str = "start",
    weight: str = "",
    halo: bool = False,
    tabular: bool = False,
) -> str:
    """A line of words; `halo`: white around it, so that it can be read over lines."""
    more = f' font-weight="{weight}"' if weight else ""
    more += f' stroke="{PAPER}" stroke-width="3" paint-order="stroke"' if halo else ""
    more += ' style="font-variant-numeric: tabular-nums"' if tabular else ""
    at = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill={quoteattr(fill)} text-anchor="{anchor}"'
    return f"<text {at}{more}>{escape(words)}</text>"
