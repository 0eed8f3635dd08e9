"""The tester's pages: `thirdring serve`.

To add a page, say `units`:

1. `pages/units.py`, found by itself: functions under `@page(path, right=…)` that take a `Visit` (and what `of` found)
   and give a response, mostly `visit.page("units.html", …)`. A route without a right does not start, nor one with
   `{…}` in its path and without `of=`, the function that fetches the object or raises `Hidden` (404).
   `nav=Nav(order, "units.nav")` puts it into the navigation of all who have the right. `@waits` adds a line to what
   waits for somebody on Today.
2. `templates/units.html`, which extends `base.html`. No inline script or style: CSP refuses them; scripts of a page
   lie in `static/units.js` and are named in the block `scripts`. Every form carries `{{ csrf_field() }}`; htmx sends
   the token by itself. Words come as `{{ t("units.title") }}`, moments as `{{ one | moment }}`, days as
   `{{ one | day }}`.
3. `harness/words/units.toml`: its words, Chinese and English. What is new in rights stands in the table of `rights.py`.
4. `tests/test_web_units.py`, with the fixtures of `tests/web_pages.py`; an example for each new path parameter goes
   into `EXAMPLES` there, so that the walks over all routes reach the page; a line with what each role gets of it into
   `tests/routes_by_role.txt`; what is no page of HTML says what it is in `NO_PAGE` of `tests/test_web_every_page.py`.

What changes something is a POST that writes `visit.log(…)` and gives `visit.to(path)`; to htmx it may give a part of a
page. Errors of the tree in `harness.errors` may be raised anywhere: they become a page that says the sentence.
"""
