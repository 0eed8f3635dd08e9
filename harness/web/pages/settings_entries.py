"""Settings of which there are several: lines, buildings, testers, their telephones; added, changed and ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from harness.agency_writer import shown
from harness.errors import EnvironmentFailed, WrongInput
from harness.line_secret import keep_secret
from harness.lines import line_warnings
from harness.toml_edit import Edit, Place
from harness.unit_titles import titles_of
from harness.web.changing import AGENCY, PROGRAMME, WrittenFile, saved, try_to_write
from harness.web.declared import Declared, page
from harness.web.done import done, said
from harness.web.fields import CHOICE, Field, typed
from harness.web.problems import Hidden
from harness.web.rights import Right
from harness.web.secret_fields import Secret, secret_shown, secret_typed
from harness.web.setting_up import demand, may_change
from harness.web.visit import Visit
from harness.web.years import sentence_of
from harness.words import say

Values = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entries:
    """A list of tables in one of the files."""

    name: str
    """The list's key in the file, and its page."""
    one: str
    """One of them, and its page."""
    key: str
    """What names one; it never changes."""
    file: WrittenFile
    """Where they stand."""
    right: Right
    """What changing them asks for."""
    names: tuple[str, ...]
    """What is shown of one."""
    more: tuple[str, ...] = ()
    """What few need."""

    def of(self, visit: Visit) -> tuple[Any, ...]:
        """All of them."""
        return tuple(getattr(self.file.read(visit), self.name))

    def place(self, number: int, name: str) -> Place:
        """Where a value of one stands."""
        return (self.name, number, name)

    def fields(self, visit: Visit, number: int, *, new: bool) -> tuple[Field, ...]:
        """The fields of one; its name is chosen when it is added."""
        names = ((self.key,) if new else ()) + self.names + self.more
        return self.file.fields(visit, [self.place(number, name) for name in names])


LINES = Entries(
    name="lines",
    one="line",
    key="id",
    file=AGENCY,
    right=Right.CHANGE_SETTINGS,
    names=("server", "transport", "user", "register", "from_uri", "outside_prefix", "max_calls"),
    more=(
        *("caller_ids", "number_template", "proxy", "bind", "codecs", "srtp"),
        *("tls_ca_file", "tls_server_name", "tls_verify", "accept_old_openssl", "signals_release"),
    ),
)
SITES = Entries(
    name="sites",
    one="site",
    key="id",
    file=AGENCY,
    right=Right.CHANGE_SETTINGS,
    names=("name", "switchboard", "has_ivr", "operator_key", "line"),
)
TELEPHONES = Entries(
    name="telephones",
    one="telephone",
    key="tester",
    file=AGENCY,
    right=Right.CHANGE_SETTINGS,
    names=("number", "line", "address", "muted"),
)
TESTERS = Entries(
    name="testers",
    one="tester",
    key="name",
    file=PROGRAMME,
    right=Right.CHANGE_PROGRAMME,
    names=("unit", "absent"),
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The entry that a path names."""

    number: int
    """Which of the list it is."""
    id: str
    """Its name."""
    entry: Any
    """What it says."""


def _list(visit: Visit, entries: Entries, **more: Any) -> Response:
    told: Row = {"entries": entries, "rows": entries.of(visit), "may_edit": may_change(visit, entries.right)}
    told["titles"] = titles_of(visit.agency.units)
    return visit.page("settings_entries.html", **told, note=said(visit), **more)


def _one(
    visit: Visit,
    entries: Entries,
    found: Found | None,
    fields: tuple[Field, ...],
    problems: tuple[str, ...] = (),
) -> Response:
    """The form of one, or of a new one."""
    more, fields = len(entries.more), tuple(_with_choices(one, visit) for one in fields)
    told: Row = {"entries": entries, "found": found, "may_edit": may_change(visit, entries.right), "problems": problems}
    told |= {"fields": fields[: len(fields) - more], "more": fields[len(fields) - more :], "note": said(visit)}
    told |= {"secret": secret_shown(visit, found.entry if found else None) if entries is LINES else None}
    told |= {"warnings": [say(key) for key in line_warnings(found.entry)] if entries is LINES and found else []}
    status = 422 if problems else 200
    return visit.page("settings_entry.html", status=status, stamp=entries.file.stamp(visit), **told)


def _with_choices(field: Field, visit: Visit) -> Field:
    """What names a unit or a line is chosen from those that there are."""
    known = {
        "unit": {one.unit: one.name or one.unit for one in visit.agency.units},
        "line": {one.id: one.id for one in visit.agency.settings.lines},
    }.get(field.word)
    if known is None:
        return field
    there = () if field.value in ("", None) or field.value in known else (str(field.value),)
    return replace(field, kind=CHOICE, options=(*known, *there), named=known, optional=True)


def _save(visit: Visit, entries: Entries, found: Found | None) -> Response:
    demand(visit, entries.right)
    number = found.number if found else len(entries.of(visit))
    fields = entries.fields(visit, number, new=found is None)
    try:
        secret = _secret_of(visit, number, found) if entries is LINES else None
    except (WrongInput, EnvironmentFailed) as error:
        shown = tuple(
            replace(one, value=value) for one, value in zip(fields, typed(fields, visit).values(), strict=True)
        )
        return _one(visit, entries, found, shown, tuple(sentence_of(error).splitlines()))
    values = {str(place[-1]): value for place, value in typed(fields, visit).items()}
    wanted = _wanted(entries, number, found, values | (secret.values if secret else {}), fields)
    edits, again, problems = try_to_write(visit, entries.file, fields, wanted)
    if edits is None:
        return _one(visit, entries, found, again, problems)
    return _after(visit, entries, found.id if found else str(values[entries.key]), edits, secret)


def _secret_of(visit: Visit, number: int, found: Found | None) -> Secret:
    name = found.id if found else visit.text(shown(LINES.place(number, LINES.key)), most=80)
    user = visit.text(shown(LINES.place(number, "user")), most=80)
    return secret_typed(visit, found.entry if found else None, name=name, user=user)


def _after(visit: Visit, entries: Entries, name: str, edits: tuple[Edit, ...], secret: Secret | None) -> Response:
    if secret is not None and secret.password:
        keep_secret(visit.agency.folder, name, secret.password)
        visit.log("line_secret_set", line=name)
    return saved(visit, f"/settings/{entries.name}", edits)


def _wanted(
    entries: Entries, number: int, found: Found | None, values: Values, fields: tuple[Field, ...]
) -> dict[Place, Any]:
    """A new entry as a whole, of which only what is no default is written; of one that is there each value."""
    if found is not None:
        return {entries.place(number, name): value for name, value in values.items()}
    usual = {one.word: one.value for one in fields}
    return {
        (entries.name, number): {
            k: v for k, v in values.items() if v is not None and (k == entries.key or v != usual.get(k))
        }
    }


def _end(visit: Visit, entries: Entries, found: Found) -> Response:
    demand(visit, entries.right)
    if not visit.text("sure"):
        raise WrongInput("settings.not_sure")
    edits = entries.file.write(visit, {(entries.name, found.number): None})
    return saved(visit, f"/settings/{entries.name}", edits)


def _finder(entries: Entries) -> Callable[..., Found]:
    def find(visit: Visit, **named: str) -> Found:
        wanted = named[entries.one]
        for number, entry in enumerate(entries.of(visit)):
            if getattr(entry, entries.key) == wanted:
                return Found(number=number, id=wanted, entry=entry)
        raise Hidden

    return find


def _pages(entries: Entries) -> tuple[Declared, ...]:
    """List, form of a new one, save it, form of one, save it, end it."""
    see, change, find = Right.SEE_SETTINGS, Right.SET_UP, _finder(entries)
    path = f"/settings/{entries.one}"

    def show_all(visit: Visit) -> Response:
        return _list(visit, entries)

    def show_new(visit: Visit) -> Response:
        return _one(visit, entries, None, entries.fields(visit, len(entries.of(visit)), new=True))

    def add(visit: Visit) -> Response:
        return _save(visit, entries, None)

    def show(visit: Visit, found: Found) -> Response:
        return _one(visit, entries, found, entries.fields(visit, found.number, new=False))

    def change_one(visit: Visit, found: Found) -> Response:
        return _save(visit, entries, found)

    def end(visit: Visit, found: Found) -> Response:
        return _end(visit, entries, found)

    for one in (show_all, show_new, add, show, change_one, end):
        one.__name__ = f"{entries.one}_{one.__name__}"
    named = f"{path}/{{{entries.one}}}"
    return (
        page(f"/settings/{entries.name}", right=see)(show_all),
        page(path, right=change)(show_new),
        page(path, right=change, method="POST")(add),
        page(named, right=see, of=find)(show),
        page(named, right=change, method="POST", of=find)(change_one),
        page(f"{named}/end", right=change, method="POST", of=find)(end),
    )


lines_page, new_line, add_line, line_page, change_line, end_line = _pages(LINES)
sites_page, new_site, add_site, site_page, change_site, end_site = _pages(SITES)
telephones_page, new_telephone, add_telephone, telephone_page, change_telephone, end_telephone = _pages(TELEPHONES)
testers_page, new_tester, add_tester, tester_page, change_tester, end_tester = _pages(TESTERS)


@page("/settings/lines", right=Right.SET_UP, method="POST")
def recordings_only(visit: Visit) -> Response:
    """Whether there is no line: recordings are brought, nothing is ever dialled."""
    demand(visit, Right.CHANGE_SETTINGS)
    edits = AGENCY.write(visit, {("recordings_only",): visit.text("recordings_only") == "1"})
    return done(visit, "/settings/lines", "settings.saved" if edits else "settings.nothing_changed", count=len(edits))
