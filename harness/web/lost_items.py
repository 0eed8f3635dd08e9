"""What a call lost points for, and the stretch of its recording in which each can be heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.kept_sheet import KeptSheet
from harness.store import Store
from harness.web.followed import item_texts
from harness.web.sheet_clips import Clip, clip_of, leg_clips, waiting_clips
from harness.words import chosen

Row = dict[str, Any]


def lost_in(sheet: Mapping[str, Any], store: Store) -> list[Row]:
    """The items of a sheet that have points, but not all: id, text, points, max and why."""
    texts = item_texts(store, sheet["form"], sheet["form_version"])
    scored = [one for one in sheet["items"] if one["points"] is not None]
    return [
        {"id": one["id"], "text": texts.get(one["id"], one["id"])}
        | {"points": float(one["points"]), "max": float(one["max"])}
        | {"why": chosen(one["why"], one.get("why_en") or one["why"])}
        for one in scored
        if float(one["points"]) < float(one["max"])
    ]


def clips_of_lost(kept: KeptSheet, lost: list[Row], duration_s: float) -> dict[str, Clip]:
    """The clip of each by its id: a late answer's is the ringing; none where its leg is not in the recording."""
    legs = kept.facts.get("legs", {})
    clips, waiting = leg_clips(legs, duration_s), waiting_clips(legs, duration_s)
    found: dict[str, Clip] = {}
    for one in lost:
        item = next((item for item in kept.form.items if item.id == one["id"]), None)
        if item is None:
            continue
        leg = kept.form.group(item.group).leg or ""
        timed = item.latency or any(option.latency or option.within or option.outcome for option in item.options)
        clip = waiting.get(leg) if timed else clip_of(item, kept.form, clips, duration_s)
        if clip is not None:
            found[one["id"]] = clip
    return found
