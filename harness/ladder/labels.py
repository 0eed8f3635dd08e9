"""The words of a ladder, the same in letters and in the picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from harness.interval import Interval
from harness.ladder.rung import ACT, DIGIT, EVENT, FAULT, PORT, RELEASED, Ladder, Rung, Sound
from harness.words import label


def span_told(span: Interval, *, between: str, digits: int = 3) -> str:
    """An instant: one number where both ends round to it."""
    first, last = f"{span.earliest + 0.0:.{digits}f}", f"{span.latest + 0.0:.{digits}f}"
    return first if first == last else f"{first}{between}{last}"


_CLOSING = frozenset("，。、；：！？）」』")
"""What never begins a line (避頭點)."""


def about_told(ladder: Ladder) -> str:
    """What call it is: whom it called, when, and with whom messages were exchanged."""
    several = len(ladder.peers) > 1
    named = [f"@{n} {peer}" if several else peer for n, peer in enumerate(ladder.peers, start=1)]
    return "   ".join((ladder.unit, ladder.number, ladder.started_at, ", ".join(named)))


def message_told(rung: Rung) -> str:
    """What stands on a message's arrow."""
    sdp = " (SDP)" if rung.sdp else ""
    branch = f" [{rung.branch}]" if rung.branch else ""
    again = f" ({label('ladder.again')})" if rung.again else ""
    call = f" #{rung.dialog + 1}" if rung.dialog else ""
    return f"{rung.what}{sdp}{branch}{call}{again}"


def digit_told(rung: Rung) -> str:
    """What stands on the arrow of a key."""
    key = "ladder.key" if rung.direction == "tx" else "ladder.key_theirs"
    return f"{label(key, digits=rung.what)} ({rung.note})" if rung.note else label(key, digits=rung.what)


def own_told(rung: Rung) -> str:
    """What stands beside our own line."""
    if rung.kind == PORT:
        return label("ladder.port", codec=rung.what) if rung.what else label("ladder.port_closed")
    if rung.kind == FAULT:
        return label("ladder.fault", why=rung.what.strip().splitlines()[-1] if rung.what.strip() else "")
    if rung.kind == RELEASED:
        key = {"tx": "ladder.released_tx", "rx": "ladder.released_rx"}.get(rung.what, "ladder.released_own")
        return label(key)
    told = label(f"ladder.event_{rung.what}" if rung.kind == EVENT else f"act.{rung.what}")
    return f"{told} {rung.note}".strip()


def is_own(rung: Rung) -> bool:
    """Whether it stands beside our line rather than between the two."""
    return rung.kind in (ACT, EVENT, PORT, FAULT, RELEASED)


def is_digit(rung: Rung) -> bool:
    """Whether it is a key, which travels with the sound."""
    return rung.kind == DIGIT


def sound_told(sound: Sound) -> str:
    """A sound's name, its number where it is a ring, and how long it lasted."""
    if sound.sound == "missing":
        return label("ladder.missing", packets=sound.detail) if sound.detail != "0" else label("ladder.not_certain")
    which = [label(f"ear.sound_{sound.sound}"), sound.detail, str(sound.ring or "")]
    return f"{' '.join(one for one in which if one)}, {lasted(sound)} s"


def lasted(sound: Sound) -> str:
    """How long a sound lasted, to a hundredth of a second; both its ends came the same way late."""
    return f"{max(0.0, sound.end_s.middle - sound.start_s.middle):.2f}"


def width_of(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters two, combining ones none.

    Characters of ambiguous width are not used here: on many Chinese terminals they are two columns wide.
    """
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def cut(text: str, width: int) -> str:
    """As much of a text as goes into so many columns, `..` where something was cut off."""
    text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    if width_of(text) <= width:
        return text
    kept = ""
    for one in text:
        if width_of(kept + one) > width - 2:
            break
        kept += one
    return kept + ".." if width > 2 else kept


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many columns: between words where there are any, anywhere in Chinese."""
    lines, line = [], ""
    for one in _pieces(text):
        if line and width_of(line + one) > (width if one in _CLOSING else width - 2):
            lines.append(line.rstrip())
            line = one.lstrip()
        else:
            line += one
    return [*lines, line.rstrip()]


def _pieces(text: str) -> Iterator[str]:
    """Words with the blank behind them, and single wide letters."""
    word = ""
    for letter in text:
        if width_of(letter) == 2:
            yield from filter(None, (word, letter))
            word = ""
        elif letter == " ":
            yield word + letter
            word = ""
        else:
            word += letter
    if word:
        yield word
