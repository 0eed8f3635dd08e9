"""Hold music: heard in one piece, nothing in it is ringing or a key, and who speaks behind it is heard at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from dsp_calls import music, quiet, voice, with_noise

from dsp import synthesis as syn
from dsp.detector import VOICE_ERROR_S, Detector
from dsp.listen import listen
from dsp.second_look.notes import without_notes
from dsp.segment import BUSY, DTMF, MISSING, MUSIC, RINGBACK, SPEECH, TONE, Segment
from dsp.tone_plan import load_plan
from dsp.truth import made_sounds as made

SR = 8000
TW = load_plan("tw")
LATE_S = 0.1
"""Where music gives way to a voice, this is near enough."""


def tune(kind: str, seconds: float, seed: int) -> np.ndarray:
    make: dict[str, Callable[..., np.ndarray]] = {"plucked": made.plucked, "held": made.held, "sung": made.sung}
    return make[kind](seconds, rng=np.random.default_rng(seed))


def heard(wave: np.ndarray) -> tuple[Segment, ...]:
    return listen(with_noise(wave), sr=SR, plan=TW).segments


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["plucked", "held", "sung"])
def test_no_music_is_a_voice_or_a_telephone_that_rings(kind: str, seed: int) -> None:
    found = listen(with_noise(np.concatenate([quiet(0.5), tune(kind, 20, seed)])), sr=SR, plan=TW)
    assert [leg.outcome for leg in found.legs] == ["none"]
    assert sum(s.length for s in found.segments if s.sound == MUSIC) > 14 * SR
    assert not [s for s in found.segments if s.sound == SPEECH and s.length > 0.6 * SR]


@pytest.mark.parametrize("name", ["wei-nin-hao", "personnel", "switchboard", "hello"])
@pytest.mark.parametrize("kind", ["plucked", "held", "sung"])
def test_who_speaks_behind_music_is_heard_where_it_begins(kind: str, name: str) -> None:
    before = np.concatenate([quiet(0.5), tune(kind, 8, 5), quiet(0.2)])
    found = heard(np.concatenate([before, syn.at_level(voice(name), -20), quiet(1)]))
    spoken = [s for s in found if s.sound == SPEECH and s.end > len(before)]
    assert spoken
    assert abs(spoken[0].start - len(before)) <= (LATE_S + VOICE_ERROR_S) * SR


@pytest.mark.parametrize("below_db", [15, 20])
@pytest.mark.parametrize("name", ["wei-nin-hao", "personnel", "switchboard"])
def test_who_speaks_over_music_that_goes_on_softly_is_heard(name: str, below_db: float) -> None:
    said = syn.at_level(voice(name), -20)
    at = 8 * SR
    bed = tune("plucked", 9 + len(said) / SR, 6)
    bed[at:] *= 10 ** (-below_db / 20)
    bed[at : at + len(said)] += said
    spoken = [s for s in heard(bed) if s.sound == SPEECH and s.end > at]
    assert sum(s.length for s in spoken) > 0.6 * len(said)


@pytest.mark.parametrize("noise", ["babble", "hum", "street"])
@pytest.mark.parametrize("name", ["personnel", "switchboard"])
def test_no_voice_is_music_whatever_is_behind_it(name: str, noise: str) -> None:
    said = np.concatenate([quiet(1), syn.at_level(voice(name), -20), quiet(1)])
    rng = np.random.default_rng(7)
    behind = {
        "babble": lambda: made.babble(len(said), [voice("hello"), voice("hold-on")], rng=rng, level_dbfs=-38),
        "hum": lambda: made.hum(len(said), mains_hz=60, rng=rng, level_dbfs=-35),
        "street": lambda: made.coloured_noise(len(said), rng=rng, level_dbfs=-35),
    }
    assert {s.sound for s in heard(said + behind[noise]())} == {SPEECH}


@pytest.mark.parametrize("mains_hz", [50, 60])
@pytest.mark.parametrize("coder", ["GSM610", "G721_32"])
def test_no_hum_is_music_whatever_a_coder_and_lost_packets_make_of_it(coder: str, mains_hz: float) -> None:
    rng = np.random.default_rng(4)
    hum = made.hum(20 * SR, mains_hz=mains_hz, rng=rng, level_dbfs=-45)
    coded = syn.adpcm(hum, subtype=coder)
    left, _ = syn.lose_packets(coded, sr=SR, share=0.05, rng=rng)
    assert not [s for s in listen(syn.to_int16(left), sr=SR, plan=TW).segments if s.sound == MUSIC]


def test_any_cut_of_music_and_a_voice_gives_the_same_segments() -> None:
    wave = with_noise(np.concatenate([quiet(0.5), music(6), quiet(0.2), voice("wei-nin-hao"), quiet(0.3), music(4)]))
    whole = Detector(sr=SR, plan=TW)
    expected = whole.feed(wave) + whole.flush()
    for size in (160, 1111, 8000):
        cut = Detector(sr=SR, plan=TW)
        pieces = [s for at in range(0, len(wave), size) for s in cut.feed(wave[at : at + size])]
        assert pieces + cut.flush() == expected


def piece(sound: str, start_s: float, end_s: float, *, begins: bool = True) -> Segment:
    return Segment(sound, round(start_s * SR), round(end_s * SR), begins=begins)


def sounds(*segments: Segment) -> list[str]:
    return [s.sound for s in without_notes(segments, sr=SR)]


def test_notes_between_music_are_music() -> None:
    parts = [piece(MUSIC, 0, 3), piece(DTMF, 3.05, 3.3), piece(TONE, 3.9, 4.3), piece(MUSIC, 4.4, 9)]
    assert without_notes(parts, sr=SR) == (piece(MUSIC, 0, 9),)
    assert without_notes(parts[::-1], sr=SR) == (piece(MUSIC, 0, 9),)


def test_ringing_between_music_stays_ringing() -> None:
    rings = [piece(RINGBACK, at, at + 1) for at in (4, 7, 10)]
    assert sounds(piece(MUSIC, 0, 3.5), *rings, piece(MUSIC, 13, 20)) == [MUSIC, *[RINGBACK] * 3, MUSIC]


def test_a_burst_out_of_other_sounds_right_before_music_is_its_note_and_one_out_of_quiet_is_not() -> None:
    played = piece(MUSIC, 1.5, 9)
    assert sounds(piece(RINGBACK, 1, 1.5, begins=False), played) == [MUSIC]
    assert sounds(piece(RINGBACK, 1, 1.5), played) == [RINGBACK, MUSIC]


def test_a_burst_off_the_beat_right_before_music_is_its_note_and_one_on_the_beat_is_not() -> None:
    rings = [piece(RINGBACK, at, at + 1) for at in (1, 4, 7)]
    played = piece(MUSIC, 10.5, 20)
    assert sounds(*rings, piece(RINGBACK, 8.3, 8.48), piece(MUSIC, 8.5, 20)) == [*[RINGBACK] * 3, MUSIC]
    assert sounds(*rings, piece(RINGBACK, 10.02, 10.48), played) == [*[RINGBACK] * 4, MUSIC]
    assert sounds(*rings[1:], piece(RINGBACK, 8.3, 8.48), piece(MUSIC, 8.5, 20)) == [*[RINGBACK] * 3, MUSIC]


def test_a_tone_right_behind_music_is_its_last_note_unless_it_comes_out_of_quiet() -> None:
    played = piece(MUSIC, 1, 5)
    assert sounds(played, piece(TONE, 5.02, 5.3, begins=False)) == [MUSIC]
    assert sounds(played, piece(TONE, 5.02, 5.3)) == [MUSIC, TONE]
    assert sounds(played, piece(TONE, 5.3, 5.6, begins=False)) == [MUSIC, TONE]


def test_a_voice_parts_music_and_a_busy_line_ends_it() -> None:
    parts = [piece(MUSIC, 0, 3), piece(SPEECH, 3.1, 3.9), piece(MUSIC, 4, 6), piece(BUSY, 6.1, 12)]
    assert sounds(*parts) == [MUSIC, SPEECH, MUSIC, BUSY]


def test_without_music_nothing_changes_and_what_is_missing_stays() -> None:
    parts = (piece(TONE, 0, 1), piece(MISSING, 1, 1.1), piece(RINGBACK, 2, 3))
    assert without_notes(parts, sr=SR) == parts
    lost = piece(MISSING, 1, 1.1)
    assert without_notes((piece(MUSIC, 0, 2), lost), sr=SR) == (piece(MUSIC, 0, 2), lost)
