"""The estimate of the shipped stack and of a made-up company, line by line; rewritten only with --rewrite-golden."""

import json

import pytest

from mizan.estimate import Estimate, estimate, judge
from mizan.estimate.compare import compare
from mizan.estimate.render import Against, document, markdown_page, short_table
from mizan.plan import Plan
from tests.builders import a_plan, shipped_stack
from tests.estimates import a_company_stack, the_company_before

LOCAL = a_plan(shipped_stack("local"), stack="local")
COMPANY = a_plan(a_company_stack(), stack="company")


def against(after: Estimate) -> Against:
    before = estimate(a_plan(the_company_before(), stack="company"))
    return Against(name="main (4f2a9c1d05)", before=before, comparison=compare(before, after))


@pytest.mark.parametrize("plan", [LOCAL, COMPANY], ids=["local", "company"])
def test_the_log_tells_a_stack_as_before(plan: Plan, matches_golden):
    whole = estimate(plan)
    matches_golden(f"estimate-{plan.stack}.txt", short_table(whole, judge(plan, whole)) + "\n")


def test_a_comment_without_a_comparison_is_as_before(matches_golden):
    whole = estimate(LOCAL)
    matches_golden("estimate-local.md", markdown_page(whole, judge(LOCAL, whole)))


def test_a_comment_with_a_comparison_is_as_before(matches_golden):
    whole = estimate(COMPANY)
    matches_golden("estimate-company.md", markdown_page(whole, judge(COMPANY, whole), against(whole)))


@pytest.mark.parametrize("plan", [LOCAL, COMPANY], ids=["local", "company"])
def test_the_document_is_as_before(plan: Plan, matches_golden):
    whole = estimate(plan)
    told = document(whole, judge(plan, whole), against(whole) if plan is COMPANY else None)
    matches_golden(f"estimate-{plan.stack}.json", json.dumps(told, indent=2) + "\n")
