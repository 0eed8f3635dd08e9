"""Who may do what: the one table of roles and rights. What is not named here is not allowed."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is; one may be several."""

    TESTER = "tester"
    CONVENER = "convener"
    REVIEWER = "reviewer"
    UNIT = "unit"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    OUTSIDE_TESTER = "outside-tester"


class Right(StrEnum):
    """What a route asks for."""

    ANYONE = "anyone"
    """No log-in: only the log-in itself."""
    BY_TOKEN = "by-token"
    """A machine with the token that `serve` was given; no person."""
    SIGNED_IN = "signed-in"
    """Anybody with an account."""
    SEE_CALLS = "see-calls"
    """Calls and their sheets; which ones, says `harness.web.may_see`."""
    HEAR = "hear"
    """The recordings of the calls that one may see. Each listening is logged."""
    SCORE = "score"
    """Fill in and sign a sheet."""
    UPLOAD = "upload"
    """Bring recordings from elsewhere."""
    REVIEW = "review"
    """Second opinions, corrections of what the machine marked."""
    SEE_HISTORY = "see-history"
    """Who did what with a call, and what each listener wrote, once both have."""
    SETTLE = "settle"
    """Decide differences and objections."""
    ANSWER = "answer"
    """For the own unit: answer an improvement, object."""
    FOLLOW_UP = "follow-up"
    """Note that a unit was told; close an improvement, bring it before the meeting; type in complaints."""
    SEE_UNITS = "see-units"
    """Units' results; somebody of a unit only the own."""
    SEE_REPORTS = "see-reports"
    """Reports and their files."""
    MAKE_REPORTS = "make-reports"
    """Have a period's papers made."""
    SEE_HOURS = "see-hours"
    """At which hour a test is due next, not whom it calls."""
    SEE_PROGRAMME = "see-programme"
    """How far a month has got, which rules it meets, and its seal; of what is still to come no unit and no time."""
    SEE_PLAN = "see-plan"
    """The plan to the minute, with its units."""
    CHANGE_PLAN = "change-plan"
    """Draw a month, call a day off, decide what comes of a test that is unknown."""
    ASSIST = "assist"
    """Talk on a test call oneself, by the browser or one's own telephone."""
    LISTEN_IN = "listen-in"
    """Hear a call that is up, and take it over."""
    SEE_LINES = "see-lines"
    """How the lines are."""
    SEE_SETTINGS = "see-settings"
    """What the agency's files say."""
    CHANGE_PROGRAMME = "change-programme"
    """Units, forms, scenarios, questions, testers, the programme's rules, the notice, the words of the
    papers, retention."""
    CHANGE_SETTINGS = "change-settings"
    """Name, lines, sites, tone plans, hours, limits, mail."""
    SET_UP = "set-up"
    """Either of the two: the page asks which, but while an agency is being set up whoever does that may do both."""
    MANAGE_PEOPLE = "manage-people"
    """Accounts and roles."""
    SEE_LOG = "see-log"
    """Who did what when."""
    REMARK = "remark"
    """Say what happened in a call as a whole: a wrong unit, a refusal, a call back."""
    WRITE_BY_HAND = "write-by-hand"
    """Blank sheets for the pen, and the machine's half of a call to put behind one."""
    EXPORT_CASE = "export-case"
    """Take one call's case for a hearing, with its recording for who has HEAR. Each is logged."""
    VERIFY = "verify"
    """Have everything that was kept held against the chain of evidence."""


R = Right
TABLE: dict[Role, frozenset[Right]] = {
    Role.TESTER: frozenset({R.SEE_CALLS, R.HEAR, R.SCORE, R.UPLOAD, R.SEE_HOURS, R.SEE_LINES, R.SEE_PROGRAMME})
    | {R.ASSIST, R.REMARK, R.WRITE_BY_HAND},
    Role.OUTSIDE_TESTER: frozenset({R.SEE_CALLS, R.HEAR, R.SCORE, R.REMARK}),
    Role.REVIEWER: frozenset({R.SEE_CALLS, R.HEAR, R.REVIEW, R.SEE_HISTORY, R.SEE_UNITS}),
    Role.CONVENER: frozenset(
        {R.SEE_CALLS, R.HEAR, R.UPLOAD, R.SETTLE, R.SEE_UNITS, R.SEE_REPORTS, R.SEE_HOURS, R.SEE_PLAN, R.CHANGE_PLAN}
        | {R.LISTEN_IN, R.SEE_HISTORY, R.REMARK, R.WRITE_BY_HAND, R.EXPORT_CASE, R.VERIFY}
        | {R.SEE_LINES, R.SEE_SETTINGS, R.CHANGE_PROGRAMME, R.SET_UP, R.SEE_PROGRAMME, R.FOLLOW_UP, R.MAKE_REPORTS}
    ),
    Role.UNIT: frozenset({R.SEE_CALLS, R.HEAR, R.SEE_UNITS, R.ANSWER}),
    Role.AUDITOR: frozenset(
        {R.SEE_CALLS, R.SEE_UNITS, R.SEE_REPORTS, R.SEE_SETTINGS, R.SEE_LOG, R.SEE_PROGRAMME}
        | {R.SEE_HISTORY, R.EXPORT_CASE, R.VERIFY}
    ),
    Role.ADMINISTRATOR: frozenset(
        {R.SEE_HOURS, R.SEE_LINES, R.SEE_SETTINGS, R.CHANGE_SETTINGS, R.SET_UP, R.MANAGE_PEOPLE, R.SEE_LOG}
        | {R.SEE_PROGRAMME, R.VERIFY}
    ),
}
SEE_EVERY_CALL = frozenset({Role.CONVENER, Role.REVIEWER, Role.AUDITOR})
"""Whose calls are not only their own or their unit's."""


def rights_of(roles: frozenset[Role]) -> frozenset[Right]:
    """All that somebody with these roles may do."""
    return frozenset({Right.ANYONE, Right.SIGNED_IN}).union(*(TABLE[role] for role in roles))
