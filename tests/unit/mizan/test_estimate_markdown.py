"""The comment on a pull request: what changes, why, and never more than a comment may hold."""

import re
from dataclasses import replace

import pytest

from mizan.estimate import BudgetLevel, BudgetSubject, Comparison, estimate, judge
from mizan.estimate.compare import compare
from mizan.estimate.render import Against, markdown_page
from mizan.estimate.render.markdown import LONGEST_COMMENT
from tests.builders import a_plan
from tests.estimates import (
    a_company_stack,
    a_derived_estimate,
    a_note,
    a_pool_cost,
    a_stack_cost,
    a_verdict,
    an_estimate,
    an_exceeded_budget,
    an_offer,
    the_company_before,
)


def of_company() -> tuple:
    plan, before = a_plan(a_company_stack(), stack="prod"), estimate(a_plan(the_company_before(), stack="prod"))
    whole = estimate(plan)
    return whole, judge(plan, whole), Against(name="main (4f2a9c1d)", before=before, comparison=compare(before, whole))


def tables(page: str) -> list[list[str]]:
    """The tables of a page, each as its lines."""
    return [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_without_a_comparison_it_tells_pools_savings_and_notes():
    page = markdown_page(an_estimate(), (a_verdict(),))
    lines = page.splitlines()
    assert lines[:4] == [
        "<!-- mizan estimate: prod -->",
        "### Estimate of stack prod",
        "",
        "**549.50 USD a month expected**, 73.00 at least, 2,888.00 at most.",
    ]
    assert "| a100 | 0.00 | 476.50 | 2,815.00 |" in lines
    assert "| **total** | **73.00** | **549.50** | **2,888.00** |" in lines
    assert "- Budget of stack prod: 549.50 of 1,000.00 (55.0 %) at expected size: ok." in lines
    assert "| spot | -500.00 | 499.50 |" in lines
    assert "sharing" not in page
    assert "<sub>A month is 730 hours. Prices of 2026-11-22.</sub>" in lines
    assert lines[-5:] == [
        "<details><summary>Notes</summary>",
        "",
        "- Prices of us-central1 are of today.",
        "",
        "</details>",
    ]
    assert page.endswith("</details>\n")


def test_a_comparison_tells_totals_lines_and_reasons():
    whole, verdicts, against = of_company()
    page = markdown_page(whole, verdicts, against)
    change, now = against.comparison.difference.expected, whole.total.expected
    headline = page.splitlines()[3]
    assert headline.startswith(rf"**{change:+,}\* USD a month expected** against main (4f2a9c1d): now **{now:,}\* USD")
    totals, changes, _ = tables(page)
    assert cells(totals[3]) == [
        r"**expected \***",
        *(f"**{amount:,}**" for amount in (now - change, now)),
        f"**{change:+,}**",
    ]
    was, now = (each.pools[0].total for each in (against.before, whole))
    assert cells(changes[2]) == [
        r"train \*",
        f"{was.expected:,}",
        f"{now.expected:,}",
        f"{now.expected - was.expected:+,}",
        f"{now.maximum - was.maximum:+,}",
        "maxNodes of spot 4 -> 8",
    ]
    assert [cells(line)[0] for line in changes[2:]][-2:] == [r"6 unchanged \*", r"**total \***"]


def test_a_new_stack_is_compared_with_nothing_and_that_is_said():
    whole = an_estimate()
    against = Against(name="main", before=None, comparison=compare(None, whole), notes=("Stack prod is new.",))
    page = markdown_page(whole, (), against)
    assert "**+549.50 USD a month expected** against main: now **549.50" in page
    assert "\n\nStack prod is new.\n" in page
    assert "| a100 | - | 476.50 | +476.50 | +2,815.00 | added |" in page


def test_a_comparison_without_changes_says_so():
    whole = an_estimate()
    same = Comparison(before=whole.total, after=whole.total, lines=())
    page = markdown_page(whole, (), Against(name="main", before=whole, comparison=same))
    assert "**0.00 USD a month expected** against main" in page
    assert "\n\nNo pool, commitment or control plane changes.\n" in page
    assert "at maximum | why" not in page


def test_budgets_that_are_not_kept_come_first_with_what_would_keep_them():
    kept = a_verdict(subject=BudgetSubject.TEAM, name="team-a")
    close = replace(kept, name="team-b", level=BudgetLevel.ADVISORY, costliest=())
    lines = markdown_page(an_estimate(), (kept, close, an_exceeded_budget())).splitlines()
    start = lines.index("**Budgets**")
    assert lines[start + 2 : start + 7] == [
        "- **Budget of stack prod: 549.50 of 500.00 (109.9 %) at expected size: exceeded.**",
        "  - Costs most: a100 476.50.",
        "  - Enough by itself: pool a100: maxNodes of spot 2 -> 1 (then 420.00).",
        "- **Budget of team team-b: 549.50 of 1,000.00 (55.0 %) at expected size: advisory.**",
        "- Budget of team team-a: 549.50 of 1,000.00 (55.0 %) at expected size: ok.",
    ]


def test_derived_rows_are_marked_and_the_mark_is_explained():
    page = markdown_page(a_derived_estimate())
    assert "| a100 \\* | 0.00" in page
    assert "| **total \\*** |" in page
    assert "\\* derived: computed from other prices, not read from a list.</sub>" in page


def test_a_mark_of_the_past_is_explained_too():
    derived = a_derived_estimate()
    page = markdown_page(
        an_estimate(), (), Against(name="main", before=derived, comparison=compare(derived, an_estimate()))
    )
    assert "\\* derived: computed" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b> & [c](d)", r"- a \<b> & \[c\](d)"),
        ("two *stars* and _lines_ of a|b ~c~", r"- two \*stars\* and \_lines\_ of a\|b \~c\~"),
        ("an address https://x.org/a_b?c=d&e=f", "- an address https://x.org/a_b?c=d&e=f"),
        ("&lt;script&gt;", r"- \&lt;script\&gt;"),
        ("a key `maxNodes` and `a|b*`", r"- a key `maxNodes` and `a\|b*`"),
        ("one ` alone *", r"- one \` alone \*"),
        ("two\nlines", "- two lines"),
        (r"a \ backslash", r"- a \\ backslash"),
    ],
)
def test_text_of_others_is_shown_as_it_is(text, shown):
    page = markdown_page(an_estimate(notes=(a_note(text),)))
    assert f"\n{shown}\n" in page


def test_every_row_of_a_table_has_the_same_number_of_cells():
    for table in tables(markdown_page(*of_company())):
        assert len({len(cells(line)) for line in table}) == 1


def test_numbers_stand_on_the_right():
    totals, changes, steps = tables(markdown_page(*of_company()))
    assert cells(totals[1]) == ["---", "---:", "---:", "---:"]
    assert cells(changes[1]) == ["---", "---:", "---:", "---:", "---:", "---"]
    assert cells(steps[1]) == ["---", "---:", "---:"]


def test_a_very_large_estimate_still_fits_a_comment():
    pools = tuple(a_pool_cost(name=f"{'long-' * 9}{index:03}", offers=(an_offer(),)) for index in range(200))
    notes = tuple(a_note(f"{index} " + "words " * 1000) for index in range(200))
    over = tuple(
        an_exceeded_budget(name=f"team-{index}", changes=an_exceeded_budget().changes * 30) for index in range(500)
    )
    whole = an_estimate(pools=pools, notes=notes)
    page = markdown_page(whole, over, Against(name="main", before=None, comparison=compare(None, whole)))
    assert len(page.encode()) <= LONGEST_COMMENT
    assert " more that change " in page
    assert " more budgets\n" in page
    assert " more notes\n" in page
    assert page.endswith("</details>\n")


def test_a_stack_s_name_cannot_end_the_hidden_line():
    whole = an_estimate(stacks=(a_stack_cost(name="a--><b>"),), pools=(a_pool_cost(stack="a--><b>"),))
    assert markdown_page(whole).splitlines()[0] == "<!-- mizan estimate: a--<b -->"
