"""From the click that opens a score sheet to the first key that it takes and its waveform drawn, in a real browser.

python -m harness.bench.sheet_page      # wants the extra `test` and Debian's chromium
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bench.furnished import furnish
from harness.bench.pages import CALLS, log_in, serving, site_of
from harness.web.rights import Role

RUNS = 9
TARGET_S = 1.0
PATIENCE_MS = 120_000
# A key is taken when the page keeps the browser from doing its own with it; asked for often, from the very beginning.
WATCH = """(() => {
  const seen = (window.seen = {});
  const look = () => {
    const key = new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true });
    if (!seen.key && document.body && !document.body.dispatchEvent(key)) seen.key = performance.now();
    const drawn = document.querySelector("#wave > div")?.shadowRoot?.querySelector("canvas");
    if (!seen.wave && drawn) requestAnimationFrame(() => (seen.wave = performance.now()));
    if (!seen.key || !seen.wave) setTimeout(look, 5);
  };
  look();
})()"""

SEEN = """() => new Promise((done) => {
  const look = () => (window.seen.key && window.seen.wave ? done(window.seen) : setTimeout(look, 20));
  look();
})"""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """How long one opening took, seconds from the start of the navigation."""

    key_s: float
    """To the first key that the page took."""
    wave_s: float
    """To the waveform."""

    @property
    def ready_s(self) -> float:
        """To both."""
        return max(self.key_s, self.wave_s)


def measure(*, calls: int = CALLS, runs: int = RUNS) -> Iterator[tuple[str, list[Opened]]]:
    """Open a sheet with a recording of 90 s: in a browser that has never been here, and in one that has."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        furnished = furnish(Path(folder) / "agency", calls=calls)
        path = f"/calls/{furnished.examples['call_id'][0]}/sheet"
        with serving(site_of(furnished.agency)) as host, sync_playwright() as playwright:
            cookie = log_in(host, Role.TESTER)
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            yield "第一次 first visit", [_opened(browser, host, path, cookie, before=0) for _ in range(runs)]
            yield "來過 been there", [_opened(browser, host, path, cookie, before=1) for _ in range(runs)]
            browser.close()


def report() -> Iterator[str]:
    """Give a line for each."""
    for name, found in measure():
        key, wave, ready = (
            statistics.median(getattr(one, what) for one in found) for what in ("key_s", "wave_s", "ready_s")
        )
        times = f"按鍵 key {key * 1e3:.0f} ms，波形 waveform {wave * 1e3:.0f} ms，兩者 both {ready * 1e3:.0f} ms"
        yield f"量表 score sheet, {name}：{times}（目標 target {TARGET_S * 1e3:.0f} ms）"


def _opened(browser: Any, host: str, path: str, cookie: str, *, before: int) -> Opened:
    name, _, value = cookie.partition("=")
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="zh-TW")
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": name, "value": value, "url": f"http://{host}"}])
    context.add_init_script(WATCH)
    page, seen = context.new_page(), {}
    for _ in range(before + 1):
        page.goto(f"http://{host}{path}", wait_until="commit")
        seen = page.evaluate(SEEN)
    context.close()
    return Opened(key_s=seen["key"] / 1e3, wave_s=seen["wave"] / 1e3)


if __name__ == "__main__":
    for line in report():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
