"""The recordings that calls say: which there are, heard and read on the page, another one brought as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

from harness.errors import WrongInput
from harness.own_sounds import LONGEST_TEXT, OwnSound, check_text, own_sounds, take_sound, write_text
from harness.recording import sha256
from harness.web.changing import AGENCY
from harness.web.declared import page
from harness.web.done import done, said
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.sent_file import sent_file
from harness.web.setting_up import demand, may_change
from harness.web.visit import Visit
from harness.web.years import sentence_of

MOST_BYTES = 16 << 20
KINDS = {".wav": "audio/wav", ".flac": "audio/flac"}


def sound_of(visit: Visit, sound: str) -> OwnSound:
    """The recording that a path names; never a file elsewhere."""
    found = next((one for one in own_sounds(visit.agency.folder) if one.name == sound), None)
    if found is None:
        raise Hidden
    return found


@page("/settings/sounds", right=Right.SEE_SETTINGS)
def sounds(visit: Visit) -> Response:
    """What there is."""
    return _shown(visit)


@page("/settings/sounds", right=Right.SET_UP, method="POST", most_bytes=MOST_BYTES)
def bring(visit: Visit) -> Response:
    """Bring a recording; it may be what calls say of themselves from then on."""
    file, content = sent_file(visit)
    name, use, text = visit.text("name", most=80), bool(visit.text("courtesy")), _text(visit)
    if use:
        demand(visit, Right.CHANGE_SETTINGS)
    told = {"file": file, "replace": bool(visit.text("replace")), "now": visit.now}
    try:
        check_text(text, file)
        taken = take_sound(name, content, visit.agency.folder, **told)  # type: ignore[arg-type]
    except WrongInput as error:
        return _shown(visit, problems=tuple(sentence_of(error).splitlines()), name=name, text=text)
    write_text(taken, text, visit.agency.folder)
    visit.log("sound_brought", file=taken.path, of=file, sha256=sha256(visit.agency.folder / taken.path), text=text)
    if use:
        AGENCY.write(visit, {("courtesy",): taken.path})
    return done(visit, "/settings/sounds", "sounds.brought", file=taken.name)


@page("/settings/sounds/{sound}", right=Right.SEE_SETTINGS, of=sound_of)
def heard(visit: Visit, sound: OwnSound) -> Response:
    """One of them, to be heard: it holds what the agency says itself, nobody's voice that was called."""
    path = visit.agency.folder / sound.path
    return FileResponse(path, media_type=KINDS[Path(sound.name).suffix.lower()], filename=sound.name)


@page("/settings/sounds/{sound}/text", right=Right.SET_UP, method="POST", of=sound_of)
def written(visit: Visit, sound: OwnSound) -> Response:
    """What one of them says, as text."""
    text = _text(visit)
    write_text(sound, text, visit.agency.folder)
    visit.log("sound_text", file=sound.path, before=sound.text, text=text)
    return done(visit, "/settings/sounds", "sounds.text_kept", file=sound.name)


def _text(visit: Visit) -> str:
    """One character more than may be, so that a longer one is refused and not cut."""
    return visit.text("text", most=2 * LONGEST_TEXT).replace("\r\n", "\n")[: LONGEST_TEXT + 1]


def _shown(visit: Visit, *, problems: tuple[str, ...] = (), name: str = "", text: str = "") -> Response:
    told: dict[str, Any] = {"sounds": own_sounds(visit.agency.folder), "name": name, "text": text}
    told |= {"courtesy": visit.agency.settings.courtesy, "longest_text": LONGEST_TEXT}
    may = {"may_edit": visit.may(Right.SET_UP), "may_use": may_change(visit, Right.CHANGE_SETTINGS)}
    status = 422 if problems else 200
    return visit.page("settings_sounds.html", status=status, problems=problems, note=said(visit), **told, **may)
