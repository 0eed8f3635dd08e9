"""A ladder in letters, as wide as the terminal. Plain ASCII lines: box characters are two columns wide on many
Chinese terminals."""

from __future__ import annotations

from collections.abc import Iterator

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
from harness.plot.bar import LETTERS
from harness.words import label, say

NARROWEST, WIDEST = 64, 132
_TIME, _GUTTER = 18, 4
_GAP_S = 2.0
"""A longer pause shows as a line of colons."""


def ladder_lines(ladder: Ladder, *, columns: int) -> list[str]:
    """Draw a ladder in lines of at most `columns` (64 to 132) columns."""
    width = min(max(columns, NARROWEST), WIDEST)
    page = _Page(ladder, width)
    head, foot = ([part for line in lines for part in wrapped(line, width)] for lines in (_head(ladder), _foot(ladder)))
    return [*head, "", page.heading(), *page.rows(), "", *foot]


def _head(ladder: Ladder) -> list[str]:
    lines = say("ladder.title", call_id=ladder.call_id).splitlines()
    lines.append(about_told(ladder))
    lines += say("ladder.counted" if ladder.invited else "ladder.counted_from_recording").splitlines()
    return lines if ladder.verbatim else [*lines, *say("ladder.not_verbatim").splitlines()]


def _foot(ladder: Ladder) -> list[str]:
    return say_ending(ladder)


def say_ending(ladder: Ladder) -> list[str]:
    """How the call ended, in the language of the context."""
    from harness.words import chosen

    return chosen(ladder.ending["zh"], ladder.ending["en"]).splitlines()


class _Page:
    """A ladder of a given width."""

    def __init__(self, ladder: Ladder, columns: int) -> None:
        self._ladder = ladder
        rest = columns - _TIME - 2 - _GUTTER
        self._arrow = max(26, rest * 55 // 100)
        self._heard = rest - self._arrow

    def heading(self) -> str:
        """The columns' names."""
        us, them, heard = (label(f"ladder.{name}") for name in ("us", "them", "heard"))
        time = _right(label("ladder.seconds"), _TIME - 2) + "  "
        return f"{time}{us}{' ' * max(1, self._arrow + 2 - width_of(us) - width_of(them))}{them}  {heard}".rstrip()

    def rows(self) -> Iterator[str]:
        """One row a thing that happened or a sound that began, with the gutter showing what sounds then."""
        if not self._ladder.rungs and not self._ladder.sounds:
            yield f"{' ' * _TIME}{label('ladder.nothing')}"
        before = None
        for at_s, thing in _in_order(self._ladder):
            if before is not None and at_s - before > _GAP_S:
                yield self._row("", ":", " " * self._arrow, ":", self._gutter((before + at_s) / 2), "")
            before = at_s
            yield from self._of(thing, at_s)

    def _of(self, thing: Rung | Sound, at_s: float) -> Iterator[str]:
        gutter = self._gutter(at_s)
        if isinstance(thing, Sound):
            time = span_told(thing.start_s, between="..")
            yield self._row(time, "|", " " * self._arrow, "|", gutter, cut(sound_told(thing), self._heard))
            return
        time = span_told(thing.at_s, between="..")
        if is_own(thing):
            body = _left("  * " + cut(own_told(thing), self._arrow - 4), self._arrow)
        else:
            body = self._wire(thing)
        yield self._row(time, "|", body, "|", gutter, "")
        if thing.note and not is_own(thing) and not is_digit(thing):
            yield self._row("", "|", _left("    " + cut(thing.note, self._arrow - 4), self._arrow), "|", gutter, "")

    def _wire(self, rung: Rung) -> str:
        """An arrow with its words in the middle; a key's is dotted, it travels with the sound."""
        told, shaft = (digit_told(rung), ".") if is_digit(rung) else (message_told(rung), "-")
        if len(self._ladder.peers) > 1 and rung.peer:
            told = f"{told} @{self._ladder.peers.index(rung.peer) + 1}"
        told = f" {cut(told, self._arrow - 8)} "
        room = self._arrow - 1 - width_of(told)
        left, right = shaft * (room // 2), shaft * (room - room // 2)
        return f"{left}{told}{right}>" if rung.direction == "tx" else f"<{left}{told}{right}"

    def _gutter(self, at_s: float) -> str:
        """The letter of what sounds at that instant."""
        now = [s for s in self._ladder.sounds if s.start_s.middle <= at_s + 1e-9 and at_s < s.end_s.middle]
        return LETTERS.get(now[-1].sound, "t") if now else " "

    def _row(self, time: str, us: str, body: str, them: str, gutter: str, heard: str) -> str:
        return f"{_right(time, _TIME - 2)}  {us}{body}{them} {gutter}  {heard}".rstrip()


def _in_order(ladder: Ladder) -> list[tuple[float, Rung | Sound]]:
    things: list[tuple[float, Rung | Sound]] = [(r.at_s.latest, r) for r in ladder.rungs]
    things += [(s.start_s.middle, s) for s in ladder.sounds]
    return sorted(things, key=lambda one: one[0])


def _right(text: str, width: int) -> str:
    return " " * max(0, width - width_of(text)) + text


def _left(text: str, width: int) -> str:
    return text + " " * max(0, width - width_of(text))
