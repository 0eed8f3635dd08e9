"""An agency of several sites with its telephones, for a month of its programme: the embedded agency and its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from harness.switchboard.serve import EmbeddedAgency

LINES = {"hq": 2, "branch": 1, "annex": 2}
"""Line, which is a trunk of the agency → calls that it carries at once."""
AT_ONCE = 4
SWITCHBOARDS = {"hq": "0227000100", "branch": "0227000110", "annex": "0227000120"}
VOICE = '{ prompt = "greeting-unit", seconds = 1.4 }'
BEHAVIOURS = {
    "first ring": f"""[
  {{ do = "progress" }},
  {{ do = "play", parts = [{{ tone = "ringback", seconds = 1.6 }}], go_on = true }},
  {{ do = "wait", after_onset_s = 1.6 }},
  {{ do = "answer", leg = "unit" }},
  {{ do = "play", parts = [{{ silence_s = 0.4 }}, {VOICE}, {{ silence_s = 0.2 }}] }},
  {{ do = "hang_up" }},
]""",
    "silent ring": f"""[
  {{ do = "ring" }},
  {{ do = "wait", after_onset_s = 2.3 }},
  {{ do = "answer", leg = "unit" }},
  {{ do = "play", parts = [{{ silence_s = 0.5 }}, {VOICE}, {{ silence_s = 0.2 }}] }},
  {{ do = "hang_up" }},
]""",
    "second ring": f"""[
  {{ do = "progress" }},
  {{ do = "play", parts = [{{ tone = "ringback", seconds = 4.4 }}], go_on = true }},
  {{ do = "wait", after_onset_s = 4.4 }},
  {{ do = "answer", leg = "unit" }},
  {{ do = "play", parts = [{{ silence_s = 0.4 }}, {VOICE}, {{ silence_s = 0.2 }}] }},
  {{ do = "hang_up" }},
]""",
    "stays on": f"""[
  {{ do = "ring" }},
  {{ do = "wait", after_onset_s = 1.2 }},
  {{ do = "answer", leg = "unit" }},
  {{ do = "play", parts = [{{ silence_s = 0.3 }}, {VOICE}] }},
  {{ do = "wait_release" }},
]""",
    "engaged": '[{ do = "reject", status = 486 }]',
    "nobody": """[
  { do = "progress" },
  { do = "play", parts = [{ tone = "ringback", seconds = 60 }], go_on = true },
  { do = "wait_release" },
]""",
    "unheeded": """[
  { do = "progress" },
  { do = "play", leg = "operator", parts = [{ tone = "ringback", seconds = 60 }], go_on = true },
  { do = "wait_release" },
]""",
    "operator": f"""[
  {{ do = "ring", leg = "operator" }},
  {{ do = "wait", after_onset_s = 1.5 }},
  {{ do = "answer", leg = "operator" }},
  {{ do = "play", leg = "operator", parts = [{{ silence_s = 0.4 }}, {VOICE}, {{ silence_s = 0.2 }}] }},
  {{ do = "hang_up" }},
]""",
}
OFTEN = ("first ring", "silent ring", "first ring", "stays on", "second ring")


@dataclass(frozen=True)
class Unit:
    """A unit of the agency, and what its telephone does."""

    name: str
    site: str
    number: str
    behaviour: str
    hours: str = ""


def units(count: int) -> tuple[Unit, ...]:
    """So many units over the sites: some share a switchboard, one is engaged, one never answers, the others do.

    Nobody answers the third switchboard either, where there are more than twenty.
    """
    found = []
    for n in range(count):
        site = list(LINES)[n % len(LINES)]
        behaviour = OFTEN[n % len(OFTEN)]
        behaviour = {2: "engaged", 4: "nobody"}.get(n, behaviour)
        if n in (6, 9, 7, 10):  # two of hq, two of branch
            found.append(Unit(f"op{n}", site, SWITCHBOARDS[site], "operator"))
        elif n == 20:
            found.append(Unit(f"op{n}", site, SWITCHBOARDS[site], "unheeded", "09:00-11:00"))
        else:
            hours = "09:00-11:00" if behaviour in ("engaged", "nobody") else ""
            found.append(Unit(f"u{n}", site, f"02270003{n:02d}", behaviour, hours))
    return tuple(found)


class Trunks:
    """The embedded agency, each of its trunks a process that can be taken down and put up again on its port."""

    def __init__(self, folder: Path, agency: tuple[Unit, ...]) -> None:
        self._folder, self._agency = folder, agency
        self.truth = folder / "truth.jsonl"
        self.truth.touch()
        self.addresses: dict[str, str] = {}
        self._up: dict[str, EmbeddedAgency] = {}

    def up(self, site: str) -> None:
        """Put a trunk up."""
        port = int(self.addresses.get(site, ":0").rpartition(":")[2])
        script = self._folder / f"{site}.toml"
        script.write_text(self._script(site, port), encoding="utf-8")
        self._up[site] = EmbeddedAgency(script, truth=self.truth)
        self._up[site].__enter__()
        self.addresses |= self._up[site].addresses

    def down(self, site: str) -> None:
        """Take a trunk down."""
        self._up.pop(site).stop()

    def _script(self, site: str, port: int) -> str:
        transport = "tcp" if site == "annex" else "udp"
        head = f'title = "{site}"\n[[site]]\nid = "{site}"\nport = {port}\ntransport = "{transport}"\n'
        own = {one.number: one.behaviour for one in self._agency if one.site == site}
        return head + "".join(
            f'[[extension]]\nnumber = "{number}"\nsite = "{site}"\nsteps = {BEHAVIOURS[behaviour]}\n'
            for number, behaviour in own.items()
        )


@contextmanager
def trunks(folder: Path, agency: tuple[Unit, ...]) -> Iterator[Trunks]:
    """All trunks of an agency, up."""
    with ExitStack() as stack:
        found = Trunks(folder, agency)
        for site in LINES:
            found.up(site)
            stack.callback(lambda site=site: found.down(site))
        yield found


def write_folder(
    folder: Path, agency: tuple[Unit, ...], addresses: Mapping[str, str], *, hours: str, off: list[date], notify: str
) -> None:
    """Write the agency's folder."""
    folder.mkdir(parents=True)
    text = f"""name = "測試機關"
recording_notice_date = 2026-01-02
[hours]
default = "{hours}"
[caps]
calls_at_once = {AT_ONCE}
calls_per_hour = 60
calls_per_day = 100
"""
    for site, number in SWITCHBOARDS.items():
        text += f'[[sites]]\nid = "{site}"\nname = "{site}"\nswitchboard = "{number}"\nline = "{site}"\n'
    for line, most in LINES.items():
        text += f'[[lines]]\nid = "{line}"\nserver = "{addresses[line]}"\nbind = "127.0.0.1"\nmax_calls = {most}\n'
        text += 'transport = "tcp"\n' if line == "annex" else ""
    (folder / "agency.toml").write_text(text, encoding="utf-8")
    rows = ["unit,name,number,extension,site,line,scenario,kind,hours"]
    for n, one in enumerate(agency):
        by_switchboard = one.number in SWITCHBOARDS.values()
        called = f",3{n:02d}," if by_switchboard else f"{one.number},,"
        scenario = "switchboard-only" if by_switchboard else "extension-direct"
        rows.append(f"{one.name},單位{n},{called}{one.site},{one.site},{scenario},first,{one.hours}")
    (folder / "units.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    days = ", ".join(str(day) for day in off)
    programme = f"""rounds_per_month = 1
units_per_round = {len(agency)}
days_between_calls = 3
no_test_days = [{days}]
[every_unit]
every = "month"
[notify]
{notify}
"""
    (folder / "programme.toml").write_text(programme, encoding="utf-8")


def days_of_december(but: set[date]) -> list[date]:
    """Every day of December 2026 but some."""
    return [day for day in (date(2026, 12, 1) + timedelta(days=n) for n in range(31)) if day not in but]
