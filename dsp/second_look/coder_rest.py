"""What a coder leaves behind a ring: the last of it, in another shape.

A coder for voices takes a steady tone for noise, by and by, and the far end makes some noise of the tone's pitch
instead; and of packets lost at a ring's end it fades the one before, until what is left of the ring comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dsp.second_look.tone_share import Samples, tone_powers
from dsp.segment import MISSING, MUSIC, RINGBACK, SPEECH, Segment
from dsp.tone_plan import Tone, TonePlan

Powers = npt.NDArray[np.float64]

_BESIDE_HZ, _MOSTLY = 100.0, 0.5
"""So near to the tones lies so much of such noise."""
_BRIEF_S, _SOON_S, _ALONE_S = 0.32, 0.15, 0.5
"""What passes for a word is so brief, comes so soon behind the ring, and nobody speaks for so long behind it."""
_TOUCHING_S, _TOUCHES_S = 0.06, 0.005
"""What is so brief, and begins so soon, is the ring's end, as a line that drives its coder makes it sound."""
_LINE = 1.6
"""2 dB: noise sways by as much."""
_FRAME_S, _HOP_S = 0.020, 0.010
_AS_LOUD, _LASTS_S, _OVER = 0.1, 0.2, 20
"""Such noise is weaker than the ring by 10 dB at most for so long, and then for so many frames by more."""
_REACH_S = 3.0
_EDGE_S = 0.05
_MOMENT_S, _MOMENT_HOP_S, _FADED, _BACK, _TONE = 0.010, 0.0025, 0.01, 0.05, 0.4
"""The ring's last moment, behind packets that were faded to so little of it, is as loud as this, and of its tones."""
_LOST_S, _QUIET_S = 0.2, 0.06
"""Whoever speaks there does so for longer."""


def without_coded_rests(
    segments: Sequence[Segment], samples: Samples, *, sr: int, plan: TonePlan
) -> tuple[Segment, ...]:
    """The segments but for brief words right behind a ring that are mostly of its pitch, where somebody speaks later or
    it rings again, that are no louder than the line behind them, or that are but a moment and touch the ring.

    Args:
        segments: what was heard, by start.
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        sr: samples a second.
        plan: whose tones ring.
    """
    told = [s for s in segments if s.sound != MISSING]
    rests = {
        word
        for ring, word, later in zip(told, told[1:], told[2:], strict=False)
        if ring.sound == RINGBACK and word.sound == SPEECH
        if word.length <= _BRIEF_S * sr and 0 <= word.start - ring.end <= _SOON_S * sr
        if later.start - word.end >= _ALONE_S * sr
        if (
            later.sound in (SPEECH, MUSIC, RINGBACK)
            and _beside(samples[word.start : word.end], plan.ringback, sr=sr) >= _MOSTLY
        )
        or _is_line(word, samples, sr=sr)
        or (word.length <= _TOUCHING_S * sr and word.start - ring.end <= _TOUCHES_S * sr)
    }
    return tuple(s for s in segments if s not in rests)


def _is_line(word: Segment, samples: Samples, *, sr: int) -> bool:
    """Whether what passes for a word is as loud as what follows, of which nobody says that it is one."""
    frame = round(_HOP_S * sr)
    own = _powers(samples[word.start : word.end], frame, frame)
    behind = _powers(samples[word.end : word.end + round(_ALONE_S * sr)], frame, frame)
    return len(own) > 0 and len(behind) > 0 and float(np.median(own)) <= _LINE * float(np.median(behind))


def coded_end(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> int:
    """Where noise of a burst's pitch that goes on behind it as loud falls off, or a moment of its tones comes again
    behind packets that were faded; its own end, if neither does.

    Args:
        samples: the call, mono, int16 or floats in [-1, 1], (n,).
        burst: a ring of it.
        tone: which.
        sr: samples a second.
    """
    return max(_noise_end(samples, burst, tone, sr=sr), _moment_end(samples, burst, tone, sr=sr))


def _noise_end(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> int:
    frame, hop, edge = round(_FRAME_S * sr), round(_HOP_S * sr), round(_EDGE_S * sr)
    own = _powers(samples[burst.start + edge : burst.end - edge], frame, hop)
    behind = _powers(samples[burst.end : burst.end + round(_REACH_S * sr)], frame, hop)
    if not len(own) or len(behind) < _OVER:
        return burst.end
    # Noise sways: a tenth of a second of it is as loud as the next.
    smooth, least = np.convolve(behind, np.ones(9) / 9, mode="valid"), _AS_LOUD * float(np.median(own))
    over = int(np.argmax(smooth < least))
    if over < round(_LASTS_S / _HOP_S) or float(np.median(smooth[over:][:_OVER])) >= least:
        return burst.end
    end = burst.end + over * hop
    return end if _beside(samples[burst.end : end], tone, sr=sr) >= _MOSTLY else burst.end


def _moment_end(samples: Samples, burst: Segment, tone: Tone, *, sr: int) -> int:
    frame, hop, edge = round(_MOMENT_S * sr), round(_MOMENT_HOP_S * sr), round(_EDGE_S * sr)
    own = _powers(samples[burst.start + edge : burst.end - edge], frame, hop)
    piece = samples[burst.end : burst.end + round((_LOST_S + _QUIET_S) * sr)]
    behind = _powers(piece, frame, hop)
    if not len(own) or not len(behind):
        return burst.end
    usual = float(np.median(own))
    faded = np.maximum.accumulate(behind < _FADED * usual)
    share = np.array([_share(piece[at : at + frame], tone, sr=sr) for at in range(0, len(behind) * hop, hop)])
    back = np.flatnonzero(faded & (behind >= _BACK * usual) & (share >= _TONE))
    if not len(back):
        return burst.end
    over = int(back[-1]) + frame // hop + 1
    quiet = behind[over : over + round(_QUIET_S / _MOMENT_HOP_S)]
    return burst.end + int(back[-1]) * hop + frame if len(quiet) and quiet.max() < _FADED * usual else burst.end


def _share(piece: Samples, tone: Tone, *, sr: int) -> float:
    """Share of some tones in ten milliseconds, which are told as well as twice as many."""
    _, share = tone_powers(np.concatenate([piece, np.zeros_like(piece)]), sr=sr, frequencies_hz=tone.frequencies_hz)
    return 2 * float(share[0]) if len(share) else 0.0


def _powers(samples: Samples, frame: int, hop: int) -> Powers:
    """Mean power of frames that overlap, without their offset."""
    if len(samples) < frame:
        return np.zeros(0)
    rows = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), frame)[::hop]
    return np.asarray(rows.var(axis=1))


def _beside(sound: Samples, tone: Tone, *, sr: int) -> float:
    """Share of a sound's energy so near to some tones."""
    if not len(sound):
        return 0.0
    power = np.square(np.abs(np.fft.rfft(sound.astype(np.float64) * np.hanning(len(sound)))))
    hz = np.fft.rfftfreq(len(sound), 1 / sr)
    near = np.any([np.abs(hz - f) <= _BESIDE_HZ for f in tone.frequencies_hz], axis=0)
    return float(power[near].sum() / max(float(power.sum()), 1e-12))
