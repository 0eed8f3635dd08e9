"""A tester's signature under the sheet of a kept call: from then on nobody changes it, others may differ beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from harness.agency import Agency
from harness.answering import answer_call
from harness.errors import Refused
from harness.kept_sheet import kept_sheet
from harness.scoring import refuse_unready, score_said
from harness.store import Store
from harness.store.connection import as_json


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A sheet that was signed."""

    version: int
    """Its number among the call's sheets."""
    digest: str
    """SHA-256 of the sheet."""


def sign_call(
    call_id: str, said: dict[str, Any], *, who: str, version: int | None = None, agency: Agency, store: Store
) -> Signed:
    """Answer a call and sign the sheet that comes of it.

    `version` is the sheet that the tester had before the eyes; None: whichever counts.

    Raises:
        FactsError: everything that is impossible or missing, all at once.
        Refused: it was signed before, or there is another sheet by now.
        WrongInput: two testers are scoring it blind.
    """
    kept = kept_sheet(call_id, agency=agency, store=store)
    refuse_signed(call_id, store)
    refuse_unready(kept.form, score_said(kept.form, kept.facts, said, on=kept.day))
    with store.writing():
        now = kept_sheet(call_id, agency=agency, store=store)
        refuse_signed(call_id, store)
        if version is not None and now.version != version:
            raise Refused("sheet_page.newer", call_id=call_id, who=now.who or "—")
        answered = answer_call(call_id, said, who=who, agency=agency, store=store)
        digest = digest_of(answered.sheet)
        store.signatures.add(call_id, version=answered.version, who=who, digest=digest)
        store.log.write("signed", who=who, call_id=call_id, detail={"sheet": answered.version, "digest": digest})
        store.drafts.drop(call_id, who)
    return Signed(version=answered.version, digest=digest)


def refuse_signed(call_id: str, store: Store) -> None:
    """Raise Refused where a call's sheet was signed."""
    signed = store.signatures.of(call_id)
    if signed is not None:
        raise Refused("sheet_page.signed", call_id=call_id, who=signed["who"])


def digest_of(sheet: dict[str, Any]) -> str:
    """SHA-256 of a sheet as the database keeps it, hexadecimal."""
    return hashlib.sha256(as_json(sheet).encode()).hexdigest()
