"""Waiting until somebody answers: by the signalling where it knows, else by the ear; or giving up."""

from __future__ import annotations

from dataclasses import dataclass

from dsp.segment import MUSIC, SPEECH
from harness import scenario as do
from harness.live_ear import MUSIC_KNOWN_S, MUSIC_NAMED_S, NOTE_S
from harness.prompts.kinds import QUEUE
from harness.softphone.signals import RESPONSE
from harness.walk.effect import Repeated
from harness.walk.happened import Happened
from harness.walk.heard_marks import heard_mark
from harness.walk.progress import CallInProgress

SETTLE_S = 4.0
"""A gateway that answers early rings on: no ringback for longer than any national period and its margin
(Taiwan 3 s) after a 200 means that the 200 was the pick-up."""
SILENT_S = 10.0
"""Where nothing at all was heard behind a 200: so long an exchange may take until it rings."""
UNHEARD_S = 0.6
"""A burst is known when it is over: so long after one should be, and 15 % of its cadence, it is missed for certain."""
STILL_S = 0.5
"""A burst that begins so shortly before the end of the wait shows that nobody has picked up."""
NO_SIGNAL_S = 36.0
"""Longest wait for anything at all after the INVITE: SIP's own transaction ends after 64 × T1 = 32 s."""

WORDS_S = 1.5
"""A queue's words are known from their middle on, and may run into its music."""

ANSWERED = "answered"
BRANCH = {"busy": "busy", "no_answer": "no_answer", "congestion": "fault", "no_signal": "fault"}


def give_up_s(step: do.WaitForAnswer, period_s: float) -> float:
    """How long it rings at least before it is given up: both the seconds and the whole rings must have passed.

    Nine rings are 27 s in Taiwan (3 s a ring) and 54 s in America.
    """
    return max(step.give_up_s, (step.give_up_rings or 0) * period_s)


def wait_for_answer(step: do.WaitForAnswer, call: CallInProgress) -> Happened:
    """Wait for a leg; what came of it is kept as an act."""
    begin = call.now_s if call.answered_s is not None else 0.0
    # Whoever the call was put through to may have spoken before the transfer was known for certain.
    begin = begin if call.moved_s is None else min(begin, call.moved_s)
    asked, call.asked_s, call.moved_s = call.asked_s, None, None
    call.act("wait", leg=step.leg)
    wait = Wait(step, call, begin, begin if asked is None else min(begin, asked), _repeated(call, asked))
    call.wait, ended, marked = wait, "", None
    while not ended and not marked and not call.released:
        call.pump()
        marked = heard_mark(step, call, wait.rang_since)
        ended = "" if marked else wait.ended()
    if marked:
        return Happened(marked.event, leg=step.leg, detail=marked.detail)
    if ended == "repeated":
        return Happened("no_effect", leg=step.leg, detail="repeated")
    call.act("answered" if ended == ANSWERED else "gave_up", leg=step.leg, detail=ended or "released")
    return Happened() if ended in ("", ANSWERED) else Happened(BRANCH[ended], leg=step.leg)


def _repeated(call: CallInProgress, asked: float | None) -> Repeated | None:
    """Behind keys, the menu that they were pressed in: when it begins again, they had no effect."""
    pressed = [a.at_s for a in call.acts if a.do == "pressed"]
    return Repeated(call.ear, pressed[-1]) if asked is not None and pressed and pressed[-1] >= asked - 0.001 else None


@dataclass(frozen=True)
class Wait:
    """A wait for one leg."""

    step: do.WaitForAnswer
    call: CallInProgress
    begin: float
    rang_since: float
    repeated: Repeated | None

    @property
    def onset_s(self) -> float | None:
        """When it began to ring: heard, else the first 18x before the answer; None: it has not."""
        bursts = self.call.ear.bursts(self.rang_since)
        return bursts[0] if bursts else self._alerted_s()

    @property
    def limit_s(self) -> float:
        """How long it rings before it is given up."""
        return give_up_s(self.step, self.call.ear.period_s)

    def ended(self) -> str:
        """Why the wait is over: answered, no_answer, busy, congestion, no_signal, repeated; empty while it is not."""
        ear, now_s = self.call.ear, self.call.now_s
        refused = ear.refused(self.rang_since)
        if refused:
            return refused
        bursts = ear.bursts(self.rang_since)
        if not bursts and self.repeated is not None and self.repeated.now():
            return "repeated"
        if self._picked_up(bursts):
            return ANSWERED
        onset, limit_s = self.onset_s, self.limit_s
        if onset is None and self._waits_in_music(limit_s):
            return "no_answer"
        if onset is not None and self._given_up(onset, bursts, limit_s):
            return "no_answer"
        if onset is None and now_s - self.begin > max(NO_SIGNAL_S, limit_s):
            return "no_signal"
        return ""

    def _waits_in_music(self, limit_s: float) -> bool:
        """Whether a queue's music has played for as long as a telephone would ring before it is given up."""
        music = self.call.ear.music(self.rang_since)
        return bool(music) and self.call.ear.now == MUSIC and self.call.now_s - music[0][0] >= limit_s

    def _given_up(self, onset: float, bursts: list[float], limit_s: float) -> bool:
        enough = self.step.give_up_rings is None or len(bursts) >= self.step.give_up_rings or not bursts
        if self.call.answered_s is not None and bursts:
            # No 200 will tell any more: a pick-up in the last gap shows only when the next burst does not come.
            enough = enough and bursts[-1] >= onset + limit_s - STILL_S
        late = self.call.now_s - onset
        # What rings unheard, or stops ringing for ever, is given up by the clock alone.
        return late >= limit_s and (enough or late >= 2 * limit_s)

    def _picked_up(self, bursts: list[float]) -> bool:
        call, ear = self.call, self.call.ear
        if call.answered_s is None:
            return False
        direct = self.begin == 0.0
        since = max(self.begin, call.answered_s)
        ringing = [b for b in bursts if b > since - 0.2] if direct else bursts
        if not ringing:
            return self._settled(since, direct=direct)
        if direct and any(since <= start < ringing[0] for start, _ in ear.voices(since)):
            return True  # somebody spoke first: what rings now is the telephone behind them
        last = ringing[-1]
        if any(start > last for start, _ in ear.voices(last)) or ear.now == SPEECH:
            return True
        over = last + 1.15 * (ear.period_s + ear.burst_s) + UNHEARD_S
        return ear.heard_s > over and not ear.music(last)

    def _settled(self, since: float, *, direct: bool) -> bool:
        """Nothing rings behind the answer: at once where somebody speaks, after a while where nobody does.

        Behind a menu or an operator a voice may announce the transfer, so there the ringback gets its time.
        """
        ear = self.call.ear
        voices = ear.voices(since)
        # A brief voice may yet turn out to be the first note of a queue's music. One that still speaks has answered:
        # a menu must not be heard out before a key can be pressed into it.
        if direct and any(self._surely_spoke(s, e) for s, e in voices):
            return True
        sound, began = ear.sounding
        if direct and sound == SPEECH and began >= since and ear.heard_s - began >= NOTE_S:
            return True
        quiet_since = max([since, *[end for _, end in voices], *[end for _, end in ear.music(since)]])
        speaking = ear.now in (SPEECH, MUSIC)
        enough = SETTLE_S if quiet_since > since else SILENT_S
        return not speaking and ear.heard_s - quiet_since > enough and (direct or bool(self._somebody(voices)))

    def _surely_spoke(self, start_s: float, end_s: float) -> bool:
        """Whether a voice is long, or brief with no music in its wake; what still sounds may yet be told as music."""
        ear = self.call.ear
        wake_s = MUSIC_KNOWN_S if ear.hushed(start_s, end_s) else MUSIC_NAMED_S
        return end_s - start_s >= NOTE_S or ear.heard_s >= end_s + wake_s

    def _somebody(self, voices: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """The voices that are no known words of a queue: who is told to wait goes on waiting."""
        known = [one for _, one in self.call.ear.marks_since(0.0) if one.kind == QUEUE]
        queue = [(one.begin_s, max(one.end_s, one.until_s or 0.0) + WORDS_S) for one in known]
        return [v for v in voices if not any(begin - WORDS_S <= v[0] and v[1] <= end for begin, end in queue)]

    def _alerted_s(self) -> float | None:
        signals = self.call.signals
        rings = [s for s in signals if s.kind == RESPONSE and s.method == "INVITE" and 180 <= s.status < 200]
        if not rings or self.call.answered_s is not None:
            return None
        return rings[0].latest_s - self.call.call.zero_s
