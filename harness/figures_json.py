"""Figures as JSON: every mean with its n, what is not known as null, warnings in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.words import say
from rubric.aggregate import Figures, Mean
from rubric.ranking import Ranked, Step
from rubric.schema import Form
from rubric.sheet import json_number


def told(one: Figures, form: Form, titles: Mapping[str, str]) -> dict[str, Any]:
    """The figures of one name: 總機, 單位 and total apart."""
    return {
        "name": one.key.name,
        "title": titles.get(one.key.name) or one.key.name,
        "calls": one.calls,
        "timing_only": one.timing_only,
        "void": one.void,
        "total": plain(one.total),
        "parts": {part.id: plain(one.parts.get(part.id)) for part in form.parts},
        "rescaled": {part.id: plain(one.rescaled.get(part.id)) for part in form.parts},
        "accuracy": _accuracy(one.accuracy),
        "lost": [{"item": item, **(plain(mean) or {})} for item, mean in one.lost if mean.exact],
        "below_standard": one.below_standard,
        "small": one.small,
    }


def moved(one: Figures, step: Step) -> dict[str, Any]:
    """One step of a trend: the measure that names are ranked by, its change, and the total beside it."""
    return {
        "calls": one.calls,
        "total": plain(one.total),
        "rescaled": {part: plain(mean) for part, mean in one.rescaled.items()},
        "ranked": plain(step.mean),
        "change": json_number(step.change),
    }


def ranked(one: Ranked, titles: Mapping[str, str]) -> dict[str, Any]:
    """One place of a ranking."""
    told_mean = plain(one.mean) or {}
    title = titles.get(one.key.name) or one.key.name
    place = {"rank": one.rank, "tied": one.tied, "name": one.key.name, "title": title}
    return {**place, **told_mean, "band": one.band, "small": one.small}


def plain(mean: Mean | None) -> dict[str, Any] | None:
    """A mean with its n; null where there is none."""
    if mean is None:
        return None
    ends = {"lowest": json_number(mean.lowest), "highest": json_number(mean.highest)}
    return {"mean": json_number(mean.value), "n": mean.n, **ends}


def warnings(blocks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """What a reader must know before he concludes anything."""
    listed = list(blocks)
    if len(listed) > 1:
        forms = "、".join(f"{one['form']} v{one['version']}" for one in listed)
        yield _warning("figures.several_forms", forms=forms)
    for block in listed:
        if block["draft"]:
            yield _warning("figures.draft", form=block["form"])
        for series in block["series"]:
            names = "、".join(unit["title"] for unit in series["units"] if unit["small"])
            if names:
                yield _warning("figures.small", n=block["small_n"], names=names)


def _warning(key: str, **values: Any) -> dict[str, str]:
    return {"key": key, "zh": say(key, "zh", **values), "en": say(key, "en", **values)}


def _accuracy(mean: Mean | None) -> dict[str, Any] | None:
    """Σ correct / Σ asked, never a mean of rates."""
    if mean is None:
        return None
    return {"rate": json_number(mean.value), "asked": mean.n, "correct": int(mean.exact * mean.n / 100)}
