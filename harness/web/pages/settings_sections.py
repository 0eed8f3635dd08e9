"""Settings that are single values: the agency, its hours and limits, the programme's rules, the notice, the mail,
the words of the papers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from harness.agency import Settings
from harness.agency_writer import host_of
from harness.errors import WrongInput
from harness.own_sounds import own_sounds
from harness.papers.settings import read_paper_settings
from harness.programme.settings import read_programme
from harness.programme.staff_notice import staff_notice_values
from harness.programme.ways_out import MAIL_VARIABLE
from harness.toml_edit import Place
from harness.web.changing import AGENCY, PAPERS, PROGRAMME, WrittenFile, saved, try_to_write
from harness.web.declared import Declared, page
from harness.web.done import said
from harness.web.fields import CHOICE, Field, typed, with_problems, with_typed
from harness.web.rights import Right
from harness.web.secret_fields import refuse_other_variable
from harness.web.setting_up import STEPS, demand, may_change
from harness.web.visit import Visit
from harness.words import say

MAIL: Place = ("notify", "mail")
COURTESY: Place = ("courtesy",)
HANDLING: Place = ("handling",)
Values = dict[Place, Any]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A page of single values."""

    name: str
    """Its name: the last part of its path."""
    file: WrittenFile
    """Where they stand."""
    right: Right
    """What changing them asks for."""
    places: tuple[Place, ...]
    """Which values."""
    wanted: Callable[[Values, Visit], Values] = lambda values, _: values
    """What of them is written."""
    offered: Callable[[Visit, tuple[Field, ...]], tuple[Field, ...]] = lambda _, fields: fields
    """The fields, with what there is to choose from in this agency."""
    text: Callable[[Visit], str] = lambda _: ""
    """What is to be read, and handed round, beside them."""

    @property
    def title(self) -> str:
        """Its key in the catalogue, without the room."""
        return f"{self.name}_page" if self.name in ("agency", "notice", "papers") else self.name

    @property
    def path(self) -> str:
        """Its page."""
        return f"/settings/{self.name}"


def _hours_held(visit: Visit) -> Settings:
    """What holds, `max_calls_at_once` under the name that it is short for."""
    settings = visit.agency.settings
    return settings.model_copy(update={"caps": settings.caps.model_copy(update={"calls_at_once": settings.at_once})})


def _one_limit(values: Values, visit: Visit) -> Values:
    """The short form would outdo what is typed here."""
    return values | {("max_calls_at_once",): None}


def _sounds(visit: Visit, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """What a call says of itself: one of the agency's recordings, or what stands in the file."""
    there = [one.path for one in own_sounds(visit.agency.folder)]
    held = visit.agency.settings.courtesy
    options = tuple(dict.fromkeys([*there, *([held] if held else [])]))
    return tuple(
        replace(one, kind=CHOICE, options=options, optional=True) if one.place == COURTESY else one for one in fields
    )


def _courtesy(values: Values, visit: Visit) -> Values:
    """Only a recording that is there, or what stood there before."""
    wanted, held = values[COURTESY], visit.agency.settings.courtesy
    if wanted and wanted != held and wanted not in [one.path for one in own_sounds(visit.agency.folder)]:
        raise WrongInput("sounds.not_there", file=str(wanted)[:80])
    return values


def _notice(visit: Visit) -> str:
    """The notice to staff, of the day that is given, or of today."""
    day = visit.agency.settings.recording_notice_date or visit.now.astimezone(visit.agency.zone).date()
    return say("rules.staff_notice", **staff_notice_values(visit.agency, day))


def _mail(values: Values, visit: Visit) -> Values:
    """No server, no mail: its table goes, and with it what else was typed there."""
    mail = read_programme(visit.agency.folder).notify.mail
    variable, before = values[(*MAIL, "secret_env")], mail.secret_env if mail else None
    refuse_other_variable(variable, before=before, begins=MAIL_VARIABLE)
    if values[(*MAIL, "server")]:
        return values
    return {place: value for place, value in values.items() if place[:2] != MAIL} | {MAIL: None}


def _papers(values: Values, visit: Visit) -> Values:
    """An empty word is the usual one; what was said of a period that is not named any more goes."""
    held, now = read_paper_settings(visit.agency.folder).handling, values[HANDLING]
    words = {place: None if value == "" else value for place, value in values.items() if place != HANDLING}
    return words | {(*HANDLING, period): now.get(period) or None for period in {**held, **now}}


def _under(table: str, *names: str) -> tuple[Place, ...]:
    return tuple((table, name) for name in names)


THE_AGENCY = Section(
    name="agency",
    file=AGENCY,
    right=Right.CHANGE_SETTINGS,
    wanted=_courtesy,
    offered=_sounds,
    places=(
        ("name",),
        ("years",),
        ("language",),
        ("timezone",),
        ("call_back_number",),
        COURTESY,
        ("second_factor",),
        ("clamd",),
    ),
)
HOURS = Section(
    name="hours",
    file=replace(AGENCY, read=_hours_held),
    wanted=_one_limit,
    right=Right.CHANGE_SETTINGS,
    places=(
        *_under("hours", "default", "days", "holidays"),
        *_under("caps", "calls_at_once", "calls_per_hour", "calls_per_day", "calls_per_number_per_day"),
        ("caps", "longest_call_s"),
    ),
)
RULES = Section(
    name="programme",
    file=PROGRAMME,
    right=Right.CHANGE_PROGRAMME,
    places=(
        ("rounds_per_month",),
        ("rounds_every",),
        ("round_month",),
        ("units_per_round",),
        *_under("every_unit", "at_least", "every"),
        ("first_line_weight",),
        ("days_between_calls",),
        ("margin_min",),
        ("draw_day",),
        ("no_test_days",),
        *_under("improvement", "below", "items", "objection_days", "answer_days"),
        ("retention", "audio_days"),
    ),
)
NOTICE = Section(
    name="notice", file=AGENCY, right=Right.CHANGE_PROGRAMME, places=(("recording_notice_date",),), text=_notice
)
NOTIFY = Section(
    name="notify",
    file=PROGRAMME,
    right=Right.CHANGE_SETTINGS,
    places=(
        *(("notify", "mail", one) for one in ("server", "port", "security", "user", "secret_env", "sender", "to")),
        ("notify", "webhook"),
        ("notify", "webhook_in_the_clear"),
    ),
    wanted=_mail,
)
PAPER_WORDS = Section(
    name="papers",
    file=PAPERS,
    right=Right.CHANGE_PROGRAMME,
    places=(("office",), ("head",), ("steering_group",), ("superior",), ("plan",), ("public",), HANDLING),
    wanted=_papers,
)


def _shown(visit: Visit, section: Section, fields: tuple[Field, ...], problems: tuple[str, ...] = ()) -> Response:
    may = may_change(visit, section.right)
    fields = fields if may else tuple(map(_without_secrets, fields))
    told = {"section": section, "fields": fields, "problems": problems, "may_edit": may, "note": said(visit)}
    told["text"] = section.text(visit)
    status = 422 if problems else 200
    return visit.page("settings_section.html", status=status, stamp=section.file.stamp(visit), **told)


def _without_secrets(field: Field) -> Field:
    """A webhook's path is often a secret by itself: who may not change it is shown its host."""
    return replace(field, value=host_of(field.value)) if field.word == "webhook" and field.value else field


def _pages(section: Section) -> tuple[Declared, Declared]:
    """The page that shows a section, and the one that saves it."""

    def show(visit: Visit) -> Response:
        return _shown(visit, section, section.offered(visit, section.file.fields(visit, section.places)))

    def save(visit: Visit) -> Response:
        demand(visit, section.right)
        fields = section.offered(visit, section.file.fields(visit, section.places))
        try:
            wanted = section.wanted(typed(fields, visit), visit)
        except WrongInput as error:
            again, problems = with_problems(with_typed(fields, typed(fields, visit)), error, visit.preferences.lang)
            return _shown(visit, section, again, problems)
        edits, shown, problems = try_to_write(visit, section.file, fields, wanted)
        if edits is None:
            return _shown(visit, section, shown, problems)
        return saved(visit, section.path, edits, step=next((one for one in STEPS if one.path == section.path), None))

    show.__name__, save.__name__ = f"show_{section.name}", f"save_{section.name}"
    save_right = Right.SET_UP
    return page(section.path, right=Right.SEE_SETTINGS)(show), page(section.path, right=save_right, method="POST")(save)


agency_page, save_agency = _pages(THE_AGENCY)
hours_page, save_hours = _pages(HOURS)
programme_page, save_programme = _pages(RULES)
notice_page, save_notice = _pages(NOTICE)
notify_page, save_notify = _pages(NOTIFY)
papers_page, save_papers = _pages(PAPER_WORDS)
