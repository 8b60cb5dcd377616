"""The page: well-formed, in itself complete, nothing that runs."""

import re
from html.parser import HTMLParser

import pytest

from mizan.estimate import estimate, judge
from mizan.estimate.compare import compare
from mizan.estimate.render import Against, html_page
from tests.builders import a_plan, shipped_stack
from tests.estimates import (
    a_company_stack,
    a_derived_estimate,
    a_note,
    a_verdict,
    an_estimate,
    an_exceeded_budget,
    the_company_before,
)

VOID = {"meta"}


class Page(HTMLParser):
    """A page as a browser would read it: every element, and whether each ends where it should."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")
            if tag in ("th", "td"):
                self.rows[-1].append("")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]][-1] += data
            if self.open[-1] in ("th", "td"):
                self.rows[-1][-1] += data

    def elements(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def of_company() -> str:
    plan = a_plan(a_company_stack(), stack="prod")
    before, whole = estimate(a_plan(the_company_before(), stack="prod")), estimate(plan)
    return html_page(whole, judge(plan, whole), Against(name="main", before=before, comparison=compare(before, whole)))


def of_local() -> str:
    return html_page(estimate(a_plan(shipped_stack("local"), stack="local")))


@pytest.mark.parametrize("text", [of_company(), of_local()], ids=["company", "local"])
def test_every_element_ends_where_it_should(text):
    page = Page(text)
    assert text.startswith("<!doctype html>\n")
    assert (page.faults, page.open) == ([], [])
    assert len(page.elements("table")) == len(page.elements("caption")) > 5
    assert all(page.texts["caption"])


@pytest.mark.parametrize("text", [of_company(), of_local()], ids=["company", "local"])
def test_nothing_runs_and_nothing_is_loaded(text):
    page = Page(text)
    assert not {tag for tag, _ in page.found} & {"script", "link", "img", "iframe", "object", "form", "a", "base"}
    names = {name for _, attributes in page.found for name in attributes}
    assert names == {"lang", "charset", "name", "content", "class", "scope"}
    assert not re.search(r"url\(|@import|javascript:", text)


def test_it_is_readable_in_light_and_dark():
    text = of_local()
    assert "color-scheme: light dark" in text
    assert "@media (prefers-color-scheme: dark)" in text


def test_every_row_has_a_cell_for_every_column():
    page = Page(of_company())
    widths: list[set[int]] = []
    for row in page.rows:
        if row[0] in {"total", "budget", "pool", "part", "capacity type", "team", "step", "commitment", "offer"}:
            widths.append(set())
        widths[-1].add(len(row))
    assert all(len(width) == 1 for width in widths)


def test_headings_name_their_columns_and_rows():
    page = Page(of_local())
    scopes = {attributes.get("scope") for attributes in page.elements("th")}
    assert scopes == {"col", "row"}
    assert all("scope" not in attributes for attributes in page.elements("td"))


def test_it_tells_total_pools_budgets_and_notes():
    page = Page(html_page(an_estimate(), (an_exceeded_budget(),)))
    assert page.texts["title"] == page.texts["h1"] == ["Estimate of stack prod"]
    assert page.texts["strong"] == ["549.50 USD a month expected"]
    assert ["a100", "0.85 of 3", "0.00", "476.50", "2,815.00"] in page.rows
    assert ["stack prod", "expected", "549.50", "500.00", "109.9 %", "exceeded"] in page.rows
    assert page.texts["li"] == ["Prices of us-central1 are of today."]


def test_derived_rows_are_marked_and_the_mark_is_explained():
    page = Page(html_page(a_derived_estimate()))
    assert ["total *", "", "73.00", "549.50", "2,888.00"] in page.rows
    assert "* derived: computed from other prices, not read from a list." in page.texts["p"]
    assert "derived: computed" not in html_page(an_estimate(), (a_verdict(),))


def test_text_of_others_stays_text():
    text = html_page(an_estimate(notes=(a_note('<script>"x" & `key`</script>'),)))
    assert "<li>&lt;script&gt;&quot;x&quot; &amp; <code>key</code>&lt;/script&gt;</li>" in text


def test_what_it_is_compared_with_stays_text():
    whole = an_estimate()
    text = html_page(whole, (), Against(name="a<b>", before=None, comparison=compare(None, whole)))
    assert "<p>+549.50 USD a month expected against a&lt;b&gt;.</p>" in text
