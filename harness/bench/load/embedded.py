"""The embedded agency as the far end of a few calls: it speaks the same, and costs as much as we do."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import soundfile

from harness.bench.load.far_sound import RATE_HZ, RINGING_S, far_sound
from harness.bench.load.load_agency import number_of
from harness.switchboard.serve import EmbeddedAgency

MOST_CALLS = 16
"""Beyond so many its own cost would be measured."""
LEGS = 4
"""A trunk of it carries so many calls."""


class EmbeddedFarEnd:
    """Does what `SippFarEnd` does, by the telephone that is ours too."""

    media_port: int | None = None

    def __init__(self, folder: Path, *, calls: int, talk_s: float) -> None:
        self._calls, self._sound, script = calls, folder / "far.wav", folder / "far.toml"
        soundfile.write(self._sound, far_sound(talk_s), RATE_HZ)
        script.write_text(self._script(talk_s), encoding="utf-8")
        truth = folder / "truth.jsonl"
        truth.touch()
        self._agency = EmbeddedAgency(script, truth=truth)

    def __enter__(self) -> Self:
        self._agency.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._agency.stop()

    def addresses(self, count: int) -> list[str]:
        """`host:port` of so many telephones, four a trunk."""
        return [self._agency.addresses[f"s{n // LEGS}"] for n in range(count)]

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes."""
        return self._agency.pids

    def _script(self, talk_s: float) -> str:
        sites = range(-(-self._calls // LEGS))
        head = 'title = "bench"\n' + "".join(f'[[site]]\nid = "s{n}"\nport = 0\n' for n in sites)
        sound = f'{{ do = "play", go_on = true, parts = [{{ prompt = "{self._sound}" }}] }}'
        ringing = f'{{ do = "progress" }}, {sound}, {{ do = "wait", seconds = {RINGING_S} }}'
        talking = f'{{ do = "answer", leg = "unit" }}, {{ do = "wait_release", at_most_s = {talk_s:.1f} }}'
        one = '[[extension]]\nnumber = "{number}"\nsite = "s{site}"\nsteps = [{steps}, {{ do = "hang_up" }}]\n'
        steps = f"{ringing}, {talking}"
        return head + "".join(one.format(number=number_of(n), site=n // LEGS, steps=steps) for n in range(self._calls))
