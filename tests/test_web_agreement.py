"""κ as the page of reviews shows it, held against hand-computed ones; who was first and who second is no matter."""

import re
from datetime import date

import pytest
from kept_calls import keep_call
from rubric_cases import best, call
from web_pages import Running

from harness.second_opinion import add_opinion
from harness.store import open_store
from harness.web.rights import Role

pytest_plugins = ("web_fixtures",)
POLITE = [(True, True)] * 4 + [(True, False)] * 2 + [(False, True)] + [(False, False)] * 3
"""p_o = 7/10; yes 6/10 and 5/10, so p_e = 0.6·0.5 + 0.4·0.5 = 0.5; κ = 0.2/0.5 = 0.40."""
MENU = [("1", "1")] * 4 + [("1", "2"), ("2", "2"), ("2", "2"), ("2", "3"), ("3", "3"), ("3", "1")]
"""p_o = 7/10; 5, 3 and 2 tenths in both, so p_e = 0.25 + 0.09 + 0.04 = 0.38; κ = 0.32/0.62 = 0.516."""
TONE = [("1", "1")] * 10
"""Everybody always says the same: chance alone explains it, and there is no κ."""
AGAINST = [("1", "3")] * 5 + [("3", "1")] * 5
"""Never the same: p_o = 0, p_e = 0.5, κ = -1."""


def said(polite: bool, menu: str, tone: str, against: str) -> dict[str, object]:
    return best(**{"A3.1": polite, "A1.2": menu, "A1.4": tone, "A3.8": against})


@pytest.fixture(scope="module", autouse=True)
def pairs(agency):
    judged = list(zip(POLITE, MENU, TONE, AGAINST, strict=True))
    with open_store(agency.database) as store:
        for n, items in enumerate(judged):
            keep_call(agency, f"c-k{n}", call(), unit="u3", day=date(2026, 11, 20))
            for who, answers in zip(("陳", "李"), zip(*items, strict=True), strict=True):
                add_opinion(f"c-k{n}", said(*answers), who=who, agency=agency, store=store)


def shown(server: Running) -> dict[str, tuple[int, int, str]]:
    """Item → n, how often the same, and κ as it is printed."""
    html = server.client(Role.CONVENER).get("/reviews").text
    rows = re.findall(
        r'class="words">([AB]\S+)[^<]*</th><td class="number">(\d+)</td><td class="number">(\d+)</td>'
        r'<td class="number">(\S+)',
        html,
    )
    return {item: (int(n), int(same), value.partition("<")[0]) for item, n, same, value in rows}


def test_the_page_shows_the_kappa_that_is_reckoned_by_hand(server: Running):
    rows = shown(server)
    assert rows["A3.1"] == (10, 7, "0.40")
    assert rows["A1.2"] == (10, 7, "0.52")
    assert rows["A1.4"] == (10, 10, "—")
    assert rows["A3.8"] == (10, 0, "-1.00")
    assert "B1.1" not in rows  # the machine's own: nobody judged it
    assert "共 10 對" in server.client(Role.CONVENER).get("/reviews").text


def test_who_listened_first_is_no_matter(server: Running, agency):
    before = shown(server)
    with open_store(agency.database) as store:
        for n, (first, second) in enumerate(POLITE):
            keep_call(agency, f"c-s{n}", call(), unit="u3", day=date(2026, 11, 20))
            for who, polite in (("李", second), ("陳", first)):
                add_opinion(f"c-s{n}", best(**{"A3.1": polite}), who=who, agency=agency, store=store)
    n, same, value = shown(server)["A3.1"]
    assert (n, same) == (20, 2 * before["A3.1"][1])
    # both orders together: p_o = 0.7; yes 11/20 in both, so p_e = 0.3025 + 0.2025 = 0.505; κ = 0.195/0.495
    assert value == f"{0.195 / 0.495:.2f}"
