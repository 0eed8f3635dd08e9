"""pjsua2 and nothing of ours in the sound's way: up to four calls to recorders of its own, the least that they cost.

`python -m harness.softphone.pjsip.plain` reads one line of JSON, `{"line": …, "calls": [[URI, WAV], …]}`, dials, says
`{"up": n}` whenever one more call is answered and `{"over": n}` when one is over, and ends with its standard input.
The URIs are those of redeemed permits; any that is not on this machine is refused.
"""

from __future__ import annotations

import json
import os
import re
import select
from typing import Any

import pjsua2 as pj

from harness.softphone.line import Line, line_from_dict
from harness.softphone.own_stdout import claim_stdout
from harness.softphone.pjsip.configuration import account_config, choose_codecs, endpoint_config

HERE = re.compile(r"sip:[0-9]+@127\.0\.0\.1:[0-9]+")
POLL_MS = 100


class Quiet(pj.LogWriter):  # type: ignore[misc]
    """Takes pjsip's log and drops it."""

    def write(self, entry: Any) -> None:
        """Nothing is kept."""


class PlainCall(pj.Call):  # type: ignore[misc]
    """One call, its sound led into a recorder and nowhere else."""

    def __init__(self, account: pj.Account, wav: str, tell: Any) -> None:
        super().__init__(account)
        self._recorder, self._tell = pj.AudioMediaRecorder(), tell
        self._recorder.createRecorder(wav)

    def onCallState(self, prm: Any) -> None:
        """Count it as up, and as over."""
        state = self.getInfo().state
        if state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._tell(up=1)
        elif state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._tell(over=1)

    def onCallMediaState(self, prm: Any) -> None:
        """Record what comes."""
        for media in self.getInfo().media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.getAudioMedia(media.index).startTransmit(self._recorder)


class Plain:
    """The endpoint and its calls."""

    def __init__(self, line: Line, events: int) -> None:
        self._events, self._writer = events, Quiet()
        self._endpoint = pj.Endpoint()
        self._endpoint.libCreate()
        config = endpoint_config(line, self._writer)
        config.logConfig.level = config.logConfig.consoleLevel = config.logConfig.msgLogging = 0
        self._endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = line.bind
        bound = self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        choose_codecs(self._endpoint, line)
        self._account = pj.Account()
        self._account.create(account_config(line, takes_calls=False, transport=bound))
        self._calls: list[PlainCall] = []

    def dial(self, uri: str, wav: str) -> None:
        """Place a call; ValueError for an address elsewhere."""
        if not HERE.fullmatch(uri):
            raise ValueError(f"not on this machine: {uri}")
        call, params = PlainCall(self._account, wav, self.tell), pj.CallOpParam(True)
        params.opt.videoCount = params.opt.textCount = 0
        call.makeCall(uri, params)
        self._calls.append(call)

    def tell(self, **counts: int) -> None:
        """Say what was counted."""
        os.write(self._events, (json.dumps(counts) + "\n").encode())

    def run(self, commands: int) -> None:
        """Let the library work until the commands end."""
        while not select.select([commands], [], [], 0)[0]:
            self._endpoint.libHandleEvents(POLL_MS)


def main() -> None:
    """Dial, wait, and end without tearing pjsua2 down."""
    events = claim_stdout()
    told = json.loads(os.read(0, 1 << 16))
    plain = Plain(line_from_dict(told["line"]), events)
    plain.tell(ready=1)
    os.read(0, 1)  # all processes begin together
    for uri, wav in told["calls"]:
        plain.dial(uri, wav)
    plain.run(0)
    os._exit(0)


if __name__ == "__main__":
    main()
