"""The estimate of the shipped stack and of a made-up company, line by line; rewritten only with --rewrite-golden."""

import json
from dataclasses import replace

import pytest

from mizan.capacity import CapacityType
from mizan.estimate import Estimate, estimate, judge
from mizan.estimate.compare import compare
from mizan.estimate.render import Against, Table, document, markdown_page, short_table, tables
from mizan.estimate.render.short import savings_line
from mizan.estimate.render.words import notes
from mizan.plan import Plan
from mizan.prices import Basis
from mizan.prices.hosts import HostRate
from tests.builders import a_plan, a_pool, shipped_stack
from tests.estimate_builders import MACHINE, RATE, a_book, a_price, a_whole_queue, capacity, round_plan, round_stack
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


COMPUTED = replace(RATE, basis=Basis.DERIVED, source="computed")
BORROWED = replace(COMPUTED, borrowed_from="us-east1", source="rates of us-east1")


def of_round_prices(*derived: CapacityType, rate: HostRate = RATE) -> Estimate:
    """A pool with a reservation at the on-demand price, and one that buys spot alone."""
    pools = [
        a_pool(capacity=capacity(on_demand=2), meanUptimeHours=1000),
        a_pool(name="spot", capacity=capacity(spot=2), meanUptimeHours=1000),
    ]
    queue = a_whole_queue() | {"quotas": [{"pool": "a100", "gpus": 8}, {"pool": "spot", "gpus": 8}]}
    held = {"name": "held", "kind": "reservation", "machine": MACHINE, "nodes": 2}
    book = a_book(
        *(
            a_price(kind, basis=Basis.DERIVED if kind in derived else Basis.LISTED)
            for kind in (CapacityType.ON_DEMAND, CapacityType.SPOT)
        )
    )
    return estimate(round_plan(round_stack(pools=pools, queues=[queue], commitments=[held]), book), rate)


def lines(table: Table) -> list[str]:
    return ["", table.caption, *(" | ".join((row.title, *row.cells)) for row in table.rows), *table.below]


def test_every_mark_is_where_it_was(matches_golden):
    cases = {
        "every price is listed": of_round_prices(),
        "spot is derived": of_round_prices(CapacityType.SPOT),
        "on-demand is derived": of_round_prices(CapacityType.ON_DEMAND),
        "the rates of hosts are computed": of_round_prices(rate=COMPUTED),
        "all rates are borrowed": of_round_prices(rate=BORROWED),
    }
    told = []
    for name, whole in cases.items():
        told += [f"## {name}", *(line for table in tables(whole, (), None) for line in lines(table))]
        told += ["", savings_line(whole.savings), *notes(whole), ""]
    matches_golden("estimate-marks.txt", "\n".join(told))
