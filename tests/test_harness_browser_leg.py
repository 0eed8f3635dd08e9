"""A browser's telephone without a browser: the real softphone calls it, and what is spoken at each end is heard."""

import asyncio
import itertools
import os
import signal
import socket
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from aiortp.packet import RtpPacket
from browser_sounds import FRAME, RATE, Page, heard_share, likeness, speak, talk, telephone_of, until
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from harness.assisted.browser.codecs import codec_of
from harness.assisted.browser.exchange import BrowserTelephones
from harness.assisted.browser.g711 import G711, PCMA, PCMU
from harness.assisted.browser.g722 import G722
from harness.assisted.browser.leg import BrowserLeg, Media
from harness.assisted.browser.telephone import AWAY, UP
from harness.assisted.browser.wire import EVENT, LATE_FRAMES, SOUND, Deframer, event, newest, read_event, sound
from harness.softphone.growing_wav import GrowingWav, write_wav
from harness.softphone.signals import RELEASED

pytestmark = pytest.mark.realtime

pytest_plugins = ("browser_fixtures",)
PARTS = st.lists(
    st.one_of(st.binary(max_size=700).map(sound), st.text(max_size=20).map(lambda t: event(event=t))), max_size=20
)


@given(PARTS, st.lists(st.integers(0, 2000), max_size=20))
def test_any_cutting_of_the_stream_gives_the_same_parts(parts, cuts):
    stream = b"".join(parts)
    edges = sorted({0, len(stream), *(one for one in cuts if one < len(stream))})
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    deframer = Deframer()
    found = [part for piece in pieces for part in deframer.feed(piece)]
    assert found == Deframer().feed(stream)
    assert len(found) == len(parts)


@given(PARTS)
def test_of_late_sound_the_newest_is_kept_and_of_events_every_one(parts):
    found = Deframer().feed(b"".join(parts))
    kept = newest(found)
    sounds = [payload for kind, payload in found if kind == SOUND]
    assert [p for kind, p in kept if kind == SOUND] == sounds[-LATE_FRAMES:]
    assert [read_event(p) for kind, p in kept if kind == EVENT] == [read_event(p) for k, p in found if k == EVENT]
    assert [one for one in found if one in kept or one[0] == SOUND] == found


@pytest.mark.parametrize(("payload", "subtype"), [(PCMA, "ALAW"), (PCMU, "ULAW")])
def test_g711_is_that_of_everybody_else(payload, subtype, tmp_path):
    codec, codes = G711(payload), bytes(range(256))
    path = tmp_path / "one.raw"
    path.write_bytes(codes)
    theirs, _ = soundfile.read(path, format="RAW", subtype=subtype, samplerate=RATE, channels=1, dtype="int16")
    assert codec.decode(codes) == theirs.tobytes()
    every = np.arange(-32768, 32768).astype("<i2")
    again = np.frombuffer(codec.decode(codec.encode(every.tobytes())), "<i2").astype(int)
    assert np.all(np.diff(again) >= 0)
    assert codec.decode(codec.encode(codec.decode(codes))) == codec.decode(codes)


def test_g722_keeps_what_lies_above_4_khz_and_every_call_has_a_coder_of_its_own():
    said = talk(1.0, 3, rate=16000)
    frames = [said[at : at + 320].tobytes() for at in range(0, len(said), 320)]
    one, other = codec_of(G722), codec_of(G722)
    alone = b"".join(one.decode(one.encode(frame)) for frame in frames)
    assert {len(other.encode(frame)) for frame in frames} == {160}
    assert b"".join(other.decode(codes) for codes in map(codec_of(G722).encode, frames)) == alone  # whatever it says
    heard = np.frombuffer(alone, "<i2")
    assert len(heard) == len(said)
    for low, high in ((400, 3000), (4200, 6400)):
        band = butter(4, [low, high], "bandpass", fs=16000, output="sos")
        assert likeness(*(sosfilt(band, one.astype(float))[1600:] for one in (said[:-400], heard))) > 0.9


@pytest.mark.parametrize(("payload", "samples"), [(G722, 320), (PCMA, 160)])
def test_a_frame_moves_the_rtp_clock_by_160_at_either_rate(payload, samples):
    async def sent():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
            far.bind(("127.0.0.1", 0))
            far.settimeout(60)
            media = await Media.create(("127.0.0.1", 0), far.getsockname(), payload, codec_of(payload))
            for _ in range(3):
                media.send_audio_pcm_auto(bytes(2 * samples))
            found = [RtpPacket.parse(await asyncio.to_thread(far.recv, 2000)) for _ in range(3)]
            await media.close()
        return found

    found = asyncio.run(sent())
    assert {(one.payload_type, len(one.payload)) for one in found} == {(payload, 160)}
    assert {(b.timestamp - a.timestamp) % (1 << 32) for a, b in itertools.pairwise(found)} == {160}


class Ringing:
    """A call of the SIP library's, as far as a leg looks at it."""

    def __init__(self, name: str) -> None:
        self.call_id, self.did = name, list[object]()
        self.invite, self.sdp_offer = SimpleNamespace(uri="sip:a@127.0.0.1"), None  # cannot be answered

    def ringing(self) -> None: ...
    def reject(self, status: int) -> None:
        self.did.append(status)

    def hangup(self) -> None: ...


def test_a_cancel_and_a_failed_answer_end_their_own_call_alone():
    async def calls():
        told = list[str]()
        leg = BrowserLeg("a", say=lambda **said: told.append(said["event"]), hear=lambda _: None)
        one, other, third = Ringing("1"), Ringing("2"), Ringing("3")
        leg._invited(one)
        leg._invited(other)  # finds it engaged, and is cancelled then
        leg._cancelled(SimpleNamespace(call_id="2"), None)
        assert (told, other.did, leg._call) == (["ringing"], [486], one)
        late = leg._answer(one)  # the browser is back, and meanwhile
        leg._cancelled(SimpleNamespace(call_id="1"), None)
        leg._invited(third)
        await late
        assert (told, one.did, third.did, leg._call) == (["ringing", "over", "ringing"], [], [], third)
        await leg._answer(third)
        return told, third.did, leg._call

    assert asyncio.run(calls()) == (["ringing", "over", "ringing", "over"], [488], None)


def statuses(call) -> list[int]:
    return [s.status for s in call.advance(0) if s.method == "INVITE" and s.status]


def test_what_is_said_at_either_end_is_heard_at_the_other(caller, tmp_path):
    ours, theirs = talk(1.5, 1), talk(1.5, 2)
    write_wav(tmp_path / "theirs.wav", theirs, sample_rate_hz=RATE)

    async def conversation():
        async with telephone_of("a") as telephone:
            page = Page()
            telephone.attach(page)
            call = await asyncio.to_thread(caller.dial, telephone)
            await until(lambda: telephone.state == UP, "nobody answered")
            await until(lambda: len(page.heard) > 10 * 2 * FRAME, "nothing comes")
            await asyncio.to_thread(call.play, tmp_path / "theirs.wav")
            await speak(telephone, page, ours)
            await until(lambda: heard_share(theirs, page.samples()) > 0.7, "what they said did not come")
            await until(lambda: heard_share(ours, GrowingWav(call.far).more()) > 0.7, "what was said did not come")
            call.hang_up()
            await until(lambda: telephone.state != UP, "their BYE was not heard")
            await asyncio.to_thread(call.finish)
            return page.told

    told = asyncio.run(conversation())
    assert [one["event"] for one in told] == ["idle", "ringing", "up", "over"]


@pytest.mark.slow
def test_a_browser_that_is_lost_costs_its_leg_and_finds_the_next_one(caller):
    async def conversation():
        async with telephone_of("b") as telephone:
            seen = list[str]()
            telephone.watch(seen.append)
            first, second = Page(), Page()
            telephone.attach(first)
            call = await asyncio.to_thread(caller.dial, telephone)
            await until(lambda: telephone.state == UP, "nobody answered")
            telephone.detach(first)
            assert telephone.state == AWAY
            await until(lambda: any(s.kind == RELEASED for s in call.advance(0.01)), "the leg stays up")
            await asyncio.to_thread(call.finish)
            again = await asyncio.to_thread(caller.dial, telephone)
            await until(lambda: "ringing" in seen[-1:], "it does not ring")
            assert telephone.state != UP
            telephone.attach(second)
            await until(lambda: telephone.state == UP, "the browser is back and it rings on")
            await asyncio.to_thread(again.finish)
            return seen

    assert asyncio.run(conversation()) == ["ringing", "up", "lost", "over", "ringing", "up", "over", "closed"]


@pytest.mark.slow
def test_a_browser_that_is_back_at_once_was_never_gone(caller):
    async def conversation():
        async with telephone_of("c") as telephone:
            first, second = Page(), Page()
            telephone.attach(first)
            call = await asyncio.to_thread(caller.dial, telephone)
            await until(lambda: telephone.state == UP, "nobody answered")
            telephone.detach(first)
            telephone.attach(second)
            await until(lambda: len(second.heard) > 100 * 2 * FRAME, "nothing is heard")
            telephone.speak(first, talk(0.02, 1).tobytes())  # a page that was left has nothing to say
            state, released = telephone.state, any(s.kind == RELEASED for s in call.advance(0))
            await asyncio.to_thread(call.finish)
            return state, released, second.told

    state, released, told = asyncio.run(conversation())
    assert (state, released) == (UP, False)
    assert told[0] == {"event": "away", "sample_rate_hz": RATE}


@pytest.mark.slow
def test_nobody_else_is_answered_and_one_call_at_a_time(caller):
    async def conversation():
        async with telephone_of("d") as telephone:
            page = Page()
            telephone.attach(page)
            stranger = await asyncio.to_thread(
                caller.dial, telephone, "sip:somebody@" + telephone.address.partition("@")[2]
            )
            await until(lambda: stranger.over, "a stranger is answered")
            call = await asyncio.to_thread(caller.dial, telephone)
            await until(lambda: telephone.state == UP, "nobody answered")
            other = await asyncio.to_thread(caller.dial, telephone)
            await until(lambda: other.over, "two calls at once")
            found = [statuses(one)[-1] for one in (stranger, other)]
            await asyncio.to_thread(call.finish)
            return found

    assert asyncio.run(conversation()) == [404, 486]


def test_a_second_page_takes_the_telephone_from_the_first():
    async def pages():
        async with telephone_of("e") as telephone:
            first, second = Page(), Page()
            telephone.attach(first)
            telephone.attach(second)
            telephone.detach(first)  # too late: it is the second one's now
            return first.left, second.left, telephone.present

    assert asyncio.run(pages()) == (True, False, True)


@pytest.mark.slow
def test_a_telephone_whose_process_dies_is_made_anew():
    async def deaths():
        telephones = BrowserTelephones()
        page = Page()
        try:
            first = await telephones.open("f")
            assert first is await telephones.open("f")
            first.attach(page)
            os.kill(first.pid, signal.SIGKILL)
            await until(lambda: page.left, "nobody noticed")
            assert telephones.of("f") is None
            assert not first.present  # its page is told to come back, not that another has the telephone
            second = await telephones.open("f")
            return first.address != second.address
        finally:
            telephones.close()

    assert asyncio.run(deaths())
