"""`thirdring export-case`: everything about one call for a hearing, with the proof that nobody changed it since."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.agency import Agency
from harness.documents.sheet_page import render_sheet
from harness.errors import EnvironmentFailed, NotFound, Refused, WrongInput
from harness.evidence.signature import Signer, signer
from harness.evidence.verify import FILES, verify
from harness.kept_call import printed
from harness.kept_sheet import kept_sheet
from harness.store import Store
from harness.store.chain import BEFORE_ALL, KEYS, LINK_LENGTH, SHOWN
from harness.store.heads import Head, heads_file
from harness.words import BOTH, say

NO_SOUND = "recording-left-out.txt"
"""Says, in a case without its sound, that and what was left out."""
RECORDINGS = "recordings"
SOUNDS = frozenset({".flac", ".wav", ".ogg", ".opus", ".mp3", ".m4a"})
"""A file that is sound, whatever the chain calls it."""
Used = tuple[str, str]
"""A form and its version."""
WITHOUT_CALL = frozenset({"forms", "plans", "plan_events", "complaints"})
"""Tables of the chain that speak of no call."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case that was written."""

    folder: Path
    """Where it is."""
    entries: int
    """Entries about the call."""
    files: int
    """Files and long texts."""
    head: Head
    """The newest entry that the excerpt reaches."""
    fingerprint: str
    """SHA-256 of the public key."""
    contradictions: int
    """What `verify` finds about the call; told in the case as well."""


def export_case(
    call_id: str, to: Path, *, who: str, agency: Agency, store: Store, key: Path, now: datetime, sound: bool = True
) -> Case:
    """Write a call's case into `to`/CALL_ID, and log it.

    Without `sound` for who may not hear it: its SHA-256 stays, and NO_SOUND says so; the rest is checked as ever.

    Raises:
        NotFound: no such call.
        Refused: there is such a folder already.
        EnvironmentFailed: the disk failed.
    """
    store.get_call(call_id)
    folder = to / call_id
    by, made = signer(key)
    if made:
        store.log.write("evidence_key_made", who=who, detail={"sha256": by.fingerprint}, now=now)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Refused("evidence.there", folder=str(folder)) from None
    except OSError as error:
        raise EnvironmentFailed("file.unwritable", file=folder.name, reason=error.strerror or "?") from None
    store.log.write("case_exported", who=who, call_id=call_id, detail={"key": by.fingerprint}, now=now)
    try:
        return _write(call_id, folder, by, who=who, agency=agency, store=store, now=now, sound=sound)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise EnvironmentFailed("file.unwritable", file=folder.name, reason=error.strerror or "?") from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(
    call_id: str, folder: Path, by: Signer, *, who: str, agency: Agency, store: Store, now: datetime, sound: bool
) -> Case:
    used = {(one["sheet"]["form"], one["sheet"]["form_version"]) for one in store.sheets(call_id)}
    own, chain = _excerpt(call_id, used, store)
    last = chain[-1]
    head = Head(n=int(last.split()[0]), link=last.split()[1])
    (folder / "files").mkdir()
    (folder / "entries").mkdir()
    for n, content in own:
        (folder / "entries" / f"{n:08d}.json").write_bytes(content.encode())
    for name, data in _texts(call_id, used, store):
        (folder / "files" / name).write_bytes(data)
    left = _copy_files(own, folder, agency, sound=sound)
    heads = heads_file(agency.database)
    wrong = [one for one in verify(agency.folder, store).findings if one.call_id in ("", call_id)]
    told = {
        "chain.txt": "".join(f"{line}\n" for line in chain),
        "heads.txt": heads.read_text("utf-8") if heads.is_file() else "",
        "sheet.html": _page(call_id, agency, store),
        "verification.txt": "".join(f"{one.sentence()}\n" for one in wrong),
        "README.txt": _readme(call_id, head, by, who, now),
        "verify.sh": files("harness.evidence").joinpath("verify.sh").read_text("utf-8"),
        "public-key.pem": by.public_pem.decode(),
    }
    if not sound:
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(left.items()))
        told[NO_SOUND] = f"{say('call_page.case_no_sound', BOTH)}\n{lines}"
    for name, text in told.items():
        (folder / name).write_bytes(text.encode())
    sums = _sums(folder)
    (folder / "SHA256SUMS").write_bytes(sums)
    (folder / "SHA256SUMS.sig").write_bytes(by.sign(sums))
    count = len(list((folder / "files").iterdir()))
    return Case(
        folder=folder,
        entries=len(own),
        files=count,
        head=head,
        fingerprint=by.fingerprint,
        contradictions=len(wrong),
    )


def _excerpt(call_id: str, used: set[Used], store: Store) -> tuple[list[tuple[int, str]], list[str]]:
    """The case's own entries, and the chain from the link before them to its end: `n link sha256(content)`."""
    own: list[tuple[int, str]] = []
    lines = [f"0 {BEFORE_ALL} -"]
    with store.evidence.as_it_is():
        for n, text in store.evidence.entries():
            link, content = text[:LINK_LENGTH], text[LINK_LENGTH + 1 :]
            if _about(content, call_id, used):
                own.append((n, content))
            if own:
                lines.append(f"{n} {link} {hashlib.sha256(content.encode('utf-8', 'surrogateescape')).hexdigest()}")
            else:
                lines = [f"{n} {link} -"]  # only its link is needed; nothing here could check its content
    return own, lines


def _about(content: str, call_id: str, used: set[Used]) -> bool:
    try:
        said = json.loads(content)
        row = said["row"]
        return row.get("call_id") == call_id or (said["what"] == "forms" and (row["form"], row["version"]) in used)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _texts(call_id: str, used: set[Used], store: Store) -> Iterator[tuple[str, bytes]]:
    """The long texts that the entries name by their hash, as the database has them."""
    for table, key in KEYS.items():
        of_forms = [{"form": form, "version": version} for form, version in sorted(used)]
        named = of_forms if table == "forms" else [] if table in WITHOUT_CALL else [{"call_id": call_id}]
        for row in (row for one in named for row in store.evidence.whole(table, one)):
            words = [table, *(str(row[name]) for name in key if name != "call_id")]
            for column, value in row.items():
                if isinstance(value, str) and len(value) > SHOWN:
                    yield _file_name("-".join([*words, column])), value.encode("utf-8", "surrogateescape")


def _file_name(words: str) -> str:
    """A name that every disk takes: a form's version may be anything that somebody wrote, 114/1 or two lines."""
    plain = re.sub(r"[^\w.-]", "_", words)[:60]
    mark = "" if plain == words else f"-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
    return f"{plain}{mark}.json"


def _copy_files(own: list[tuple[int, str]], folder: Path, agency: Agency, *, sound: bool) -> dict[str, str]:
    """The recording and the messages; what is gone or was changed is told in verification.txt.

    Gives the sound that was left out: its file's name, and the SHA-256 that the chain has of it.
    """
    left: dict[str, str] = {}
    for _, content in own:
        said: dict[str, Any] = json.loads(content)
        name = said["row"].get("path")
        if said.get("what") in FILES and isinstance(name, str):
            path = agency.folder / name
            if not sound and (said["what"] == RECORDINGS or path.suffix.lower() in SOUNDS):
                left[path.name] = str(said["row"].get("sha256", "-"))
                continue
            if path.is_file() and path.resolve().is_relative_to(agency.folder.resolve()):
                shutil.copyfile(path, folder / "files" / path.name)
    return left


def _page(call_id: str, agency: Agency, store: Store) -> str:
    try:
        kept = kept_sheet(call_id, agency=agency, store=store)
    except (NotFound, WrongInput) as error:
        return error.sentence()
    return render_sheet(kept.sheet, kept.form, **printed(kept.call, agency))


def _readme(call_id: str, head: Head, by: Signer, who: str, now: datetime) -> str:
    text = string.Template(files("harness.evidence").joinpath("case_readme.txt").read_text("utf-8"))
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    try:
        version = metadata.version("thirdring")
    except metadata.PackageNotFoundError:
        version = ""
    told = {"call_id": call_id, "made_at": at, "version": version, "who": who, "fingerprint": by.fingerprint}
    return text.substitute(told, head=head.printed)


def _sums(folder: Path) -> bytes:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in paths)
    return "".join(lines).encode()
