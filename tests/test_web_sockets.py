"""The sockets: who is let in, from where and until when; and the sound between a page and a call."""

import asyncio
import contextlib
import time

import numpy as np
import pytest
from browser_sounds import FRAME, RATE, heard_share, likeness, talk, until
from web_pages import Running, login_of
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness.assisted.browser.telephone import UP
from harness.store import open_store
from harness.web import sockets
from harness.web.rights import Right, Role, rights_of
from harness.web.sockets import ELSEWHERE, SIGNED_OUT, declared_sockets, socket

pytestmark = pytest.mark.waits

pytest_plugins = ("web_fixtures", "browser_fixtures")
ROUND_TRIP_S = 0.15
"""What the browser may add to a round trip, on loopback."""


def opened(server: Running, role: Role | None, path: str, **headers: str):
    """A page's socket, from the server's own page unless `origin` says otherwise."""
    cookies = server.client(role).cookies if role else {}
    told = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "Origin": server.url, **headers}
    address = server.url.replace("http:", "ws:") + path
    return connect(address, additional_headers=told, compression=None, proxy=None)


async def status_of(server: Running, role: Role | None, path: str, **headers: str) -> int:
    try:
        async with opened(server, role, path, **headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


@pytest.mark.parametrize("one", declared_sockets(), ids=lambda one: one.path)
def test_a_socket_is_open_to_its_right_and_to_nobody_else(one, server: Running):
    async def everybody():
        return {role: await status_of(server, role, one.path) for role in (None, *Role)}

    found = asyncio.run(everybody())
    wanted = {role: 101 if one.right in rights_of(frozenset({role})) else 403 for role in Role}
    assert found == {None: 403, **wanted}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "elsewhere.example", "Origin": "http://elsewhere.example"},
    ],
    ids=str,
)
def test_another_site_s_page_gets_no_socket(headers, server: Running):
    assert asyncio.run(status_of(server, Role.TESTER, "/assist/sound", **headers)) in (400, 403)


def test_a_socket_that_is_refused_is_noted(server: Running):
    assert asyncio.run(status_of(server, Role.AUDITOR, "/assist/sound")) == 403
    with open_store(server.site.folder / "thirdring.db") as store:
        noted = {(one["login"], one["asked"], one["status"]) for one in store.refused_tries.newest(limit=100)}
    assert (login_of(Role.AUDITOR), "GET /assist/sound", 403) in noted


@pytest.mark.parametrize("wrong", [{"path": "/x/{name}"}, {"path": "/x", "right": Right.ANYONE}])
def test_a_socket_that_says_too_little_is_refused(wrong):
    with pytest.raises(TypeError):
        socket(**{"path": "/x", "right": Right.HEAR, **wrong})


def test_a_socket_ends_with_its_session(server: Running, monkeypatch):
    monkeypatch.setattr(sockets, "LOOK_S", 1)

    async def session_ends():
        async with opened(server, Role.TESTER, "/assist/sound") as wire:
            await wire.recv()
            with open_store(server.site.folder / "thirdring.db") as store:
                store.sessions.end_all(login_of(Role.TESTER))
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await asyncio.wait_for(wire.recv(), 60)
            return wire.close_code

    assert asyncio.run(session_ends()) == SIGNED_OUT


def test_the_page_that_was_opened_last_has_the_telephone(server: Running):
    async def two_pages():
        async with opened(server, Role.TESTER, "/assist/sound") as first:
            await first.recv()
            async with opened(server, Role.TESTER, "/assist/sound") as second:
                await second.recv()
                with contextlib.suppress(ConnectionClosed):
                    await asyncio.wait_for(first.recv(), 60)
                return first.close_code, second.state.name

    assert asyncio.run(two_pages()) == (ELSEWHERE, "OPEN")


def test_what_is_too_long_for_a_frame_ends_the_socket(server: Running):
    async def flood():
        async with opened(server, Role.TESTER, "/assist/sound") as wire:
            await wire.send(b"\0" * 5000)
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await asyncio.wait_for(wire.recv(), 60)
            return wire.close_code

    assert asyncio.run(flood()) == 1009


@pytest.mark.slow
def test_a_page_speaks_and_hears_within_its_share_of_a_round_trip(server: Running, caller):
    """The softphone's bridge sends back what it hears: page, socket, leg, RTP, and the whole way back."""
    said = talk(3.0, 3)

    async def conversation():
        heard, times = bytearray(), list[tuple[int, float]]()

        async def hear(wire):
            async for message in wire:
                if isinstance(message, bytes):
                    heard.extend(message)
                    times.append((len(heard) // 2, time.monotonic()))

        async with opened(server, Role.TESTER, "/assist/sound") as wire:
            await wire.recv()
            telephone = server.site.telephones.of(login_of(Role.TESTER))
            call = await asyncio.to_thread(caller.dial, telephone)
            listening = asyncio.create_task(hear(wire))
            await until(lambda: telephone.state == UP and len(times) > 10, "nothing comes")
            await asyncio.to_thread(call.bridge, call)
            sent = list[float]()
            for index in range(0, len(said) - FRAME + 1, FRAME):
                await asyncio.sleep(max(0.0, (sent[0] if sent else 0) + index / RATE - time.monotonic()))
                sent.append(time.monotonic())
                await wire.send(said[index : index + FRAME].tobytes())
            await asyncio.sleep(1.0)
            await asyncio.to_thread(call.finish)
            listening.cancel()
        return np.frombuffer(bytes(heard), "<i2").astype(float), times, sent

    heard, times, sent = asyncio.run(conversation())
    assert heard_share(said, heard) > 0.6
    delays = delays_of(said, heard, times, sent)
    print(f"round trip, ms: median {1000 * np.median(delays):.0f}, least {1000 * min(delays):.0f}, of {len(delays)}")
    # Of a busy machine the least tells what the way itself takes.
    assert min(delays) < ROUND_TRIP_S


def delays_of(said, heard, times, sent) -> list[float]:
    """From each frame's leaving to its being back, where it can be told."""
    ends = np.array([end for end, _ in times])
    found = []
    for number in range(0, len(sent) - 5, 5):
        piece = said[number * FRAME : (number + 5) * FRAME].astype(float)
        like, at = likeness(piece, heard, where=True)
        if like > 0.7:
            came = times[int(np.searchsorted(ends, at + FRAME))][1]
            found.append(came - sent[number])
    return found


def test_a_socket_stays_open_while_it_cannot_be_looked_up_whether_it_may(server: Running, monkeypatch, caplog):
    """A file of the agency's that is half edited, a disk that is busy: whoever was let in talks on a call."""
    monkeypatch.setattr(sockets, "LOOK_S", 1)
    looked, admitted = list[str](), sockets._admitted

    def breaks(*way):
        looked.append("")
        if 1 < len(looked) < 4:
            raise OSError("half edited")
        return admitted(*way)

    monkeypatch.setattr(sockets, "_admitted", breaks)

    async def goes_on():
        async with opened(server, Role.TESTER, "/assist/sound") as wire:
            await wire.recv()
            await until(lambda: len(looked) > 4, "nobody looks again")
            state = wire.state.name
            with open_store(server.site.folder / "thirdring.db") as store:
                store.sessions.end_all(login_of(Role.TESTER))
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await asyncio.wait_for(wire.recv(), 60)
            return state, wire.close_code

    assert asyncio.run(goes_on()) == ("OPEN", SIGNED_OUT)
    assert [one for one in caplog.records if "half edited" in str(one.exc_info)]
