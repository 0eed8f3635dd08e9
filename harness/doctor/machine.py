"""The machine: versions, time zone data, fonts."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import datetime
from importlib import metadata
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harness.doctor.finding import FAILED, NOT_CHECKED, OK, WARNING, Finding, figure, found
from harness.lines import LineSettings
from harness.softphone.errors import SoftphoneError
from harness.softphone.library import Library, library

PYTHONS = ((3, 11), (3, 12))
"""What pjsua2's wheel is made for, as far as this program supports it."""
PARTS = ("thirdring", "pjsua2-python", "numpy", "scipy", "soundfile", "sqlite-utils", "tzdata")
FONTS_S = 10.0


def versions(
    lines: tuple[LineSettings, ...] = (),
    *,
    python: tuple[int, int] = sys.version_info[:2],
    made_of: Library | None = None,
) -> Finding:
    """Which versions run here; a telephone that does not load, and TLS by an old OpenSSL, are told."""
    parts = {"python": platform.python_version()} | {name: _version(name) for name in PARTS}
    figures = tuple(figure(name, version) for name, version in parts.items())
    values: dict[str, Any] = {
        "python": parts["python"],
        "pjsua2": parts["pjsua2-python"] or "—",
        "system": platform.platform(),
    }
    if python not in PYTHONS or parts["pjsua2-python"] is None:
        return found("versions", FAILED, "doctor.versions", "doctor.do_python", figures=figures, values=values)
    try:
        made_of = made_of or library()
    except SoftphoneError as error:
        values |= {"reason": {"zh": error.sentence("zh"), "en": error.sentence("en")}}
        return found("versions", FAILED, "doctor.versions", "doctor.do_library", figures=figures, values=values)
    figures += (figure("openssl", made_of.openssl_text), figure("calls_per_process", made_of.most_calls))
    state, do, old = _tls(lines, made_of)
    return found("versions", state, "doctor.versions", do, figures=figures, values=values | old)


def _tls(lines: tuple[LineSettings, ...], made_of: Library) -> tuple[str, str, dict[str, Any]]:
    """Whether TLS may be spoken: by an OpenSSL that is mended, or where the configuration takes the risk."""
    tls = [one for one in lines if one.transport == "tls"] if made_of.old_openssl else []
    refused = [one.id for one in tls if one.accept_old_openssl is None]
    values = {"lines": ", ".join(refused or [one.id for one in tls]), "openssl": made_of.openssl_text}
    if not tls:
        return OK, "", values
    return (FAILED, "doctor.do_build_tls", values) if refused else (WARNING, "doctor.do_old_tls", values)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def zone_data(zone: str) -> Finding:
    """Whether the agency's time zone is known on this machine, and its offset now."""
    try:
        now = datetime.now(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        values = {"zone": zone}
        return found("zone_data", FAILED, "doctor.zone_unknown", "doctor.do_zone_data", values=values)
    own = datetime.now().astimezone()
    values = {"zone": zone, "offset": f"{now:%z}", "own": f"{own:%z}"}
    offset = now.utcoffset()
    hours = 0.0 if offset is None else offset.total_seconds() / 3600
    figures = (figure("utc_offset", hours, "h"), figure("tzdata", _version("tzdata")))
    return found("zone_data", OK, "doctor.zone", figures=figures, values=values)


def fonts() -> Finding:
    """How many font families for Traditional Chinese there are, by fontconfig: the printed papers want one."""
    try:
        command = ["fc-list", ":lang=zh-tw", "family"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=FONTS_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        do = "doctor.do_font_by_eye"
        return found(
            "fonts",
            NOT_CHECKED,
            "doctor.fonts_unknown",
            do,
        )
    families = sorted({line.split(",")[0].strip() for line in told.splitlines() if line.strip()})
    values = {"n": len(families), "first": families[0] if families else "—"}
    figures = (figure("families", len(families)),)
    if not families:
        do = "doctor.do_fonts"
        return found("fonts", WARNING, "doctor.fonts", do, figures=figures, values=values)
    return found("fonts", OK, "doctor.fonts", figures=figures, values=values)
