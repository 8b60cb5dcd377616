"""The short table of `pulumi preview`: few lines, 80 columns, plain text."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given

from mizan.estimate import BudgetLevel, BudgetSubject, estimate, judge
from mizan.estimate.render import short_table
from tests.builders import a_plan, shipped_stack
from tests.estimates import (
    a_commitment,
    a_company_stack,
    a_derived_estimate,
    a_pool_cost,
    a_stack_cost,
    a_verdict,
    an_estimate,
    an_exceeded_budget,
    an_offer,
    the_way_down,
)
from tests.strategies import stacks

TOLD = """\
Estimate of stack prod, US dollars a month; a month is 730 hours
pool           minimum  expected   maximum
a100              0.00    476.50  2,815.00
control plane    73.00     73.00     73.00
total            73.00    549.50  2,888.00
per hour        0.1000    0.7527    3.9562
Expected saves 2,450.50 (82 %) of 3,000.00 (all on-demand, running always):
  schedules 1,000.00, scale to zero 1,000.50, spot 500.00; less work done twice
  after interruptions 50.00.
Budget of stack prod: 549.50 of 1,000.00 (55.0 %) at expected size: ok.
Prices of 2026-11-22.
In full: mizan estimate -s prod"""


def test_a_small_stack_is_told_in_a_dozen_lines():
    assert short_table(an_estimate(), (a_verdict(),)) == TOLD


def test_the_shipped_stack_fits_fifteen_lines():
    plan = a_plan(shipped_stack("local"), stack="local")
    assert len(short_table(estimate(plan)).splitlines()) <= 15


def test_derived_rows_and_totals_are_marked_and_the_mark_is_explained():
    lines = short_table(a_derived_estimate()).splitlines()
    assert [line.split("  ")[0] for line in lines if " * " in line[:20]] == ["a100 *", "total *", "per hour *"]
    assert "* derived: computed from other prices, not read from a list." in lines
    assert "derived" not in short_table(an_estimate())


def test_unused_commitments_have_a_line():
    text = short_table(an_estimate(commitments=(a_commitment(),)))
    assert "unused commitments  3,650.00    912.50      0.00\n" in text


def test_a_stack_dearer_than_its_baseline_says_so():
    text = short_table(an_estimate(savings=the_way_down("500.00", unused_commitments="49.50")))
    assert (
        "Expected costs 49.50 more than 500.00 (all on-demand, running always): unused\n  commitments 49.50.\n" in text
    )


def test_no_step_is_no_list_of_steps():
    text = short_table(an_estimate(savings=the_way_down("549.50")))
    assert "Expected saves 0.00 (0 %) of 549.50 (all on-demand, running always).\n" in text


def test_of_many_pools_the_costliest_are_told_and_the_rest_in_one_row():
    pools = tuple(a_pool_cost(name=f"pool-{index:03}") for index in range(200))
    lines = short_table(an_estimate(pools=pools)).splitlines()
    assert sum(line.startswith("pool-") for line in lines) == 12
    assert lines[14].split() == ["188", "other", "pools", "0.00", "89,582.00", "529,220.00"]
    assert len(lines) < 30


def test_long_names_are_folded_and_numbers_are_not():
    name = "a-pool-with-a-name-as-long-as-they-come-012345678"
    pools = (a_pool_cost(name=name, offers=(an_offer(),) * 900),)
    lines = short_table(
        an_estimate(pools=pools, stacks=(a_stack_cost(name="prod"), a_stack_cost(name="dev")))
    ).splitlines()
    assert max(map(len, lines)) <= 80
    assert "".join(line[:36].strip() for line in lines[2:4]).startswith(f"prod/{name}"[:36])
    assert any(line.split()[-3:] == ["0.00", "364,500.00", "1,449,000.00"] for line in lines)


def test_several_stacks_are_told_together():
    both = an_estimate(
        stacks=(a_stack_cost(), a_stack_cost(name="dev")), pools=(a_pool_cost(), a_pool_cost(stack="dev"))
    )
    lines = short_table(both, (a_verdict(subject=BudgetSubject.TEAM, name="team-a"),)).splitlines()
    assert lines[0] == "Estimate of stacks prod, dev, US dollars a month; a month is 730 hours"
    assert [line.split()[0] for line in lines[2:4]] == ["prod/a100", "dev/a100"]
    assert "Budget of team team-a of stack prod: 549.50 of 1,000.00" in " ".join(lines)
    assert lines[-1] == "In full: mizan estimate -s prod -s dev"


def test_of_many_budgets_only_the_pressing_are_told():
    kept = [a_verdict(subject=BudgetSubject.TEAM, name=f"team-{index}") for index in range(500)]
    pressing = replace(kept[0], name="close", level=BudgetLevel.ADVISORY)
    text = short_table(an_estimate(), (*kept, pressing, an_exceeded_budget()))
    budgets = [line for line in text.splitlines() if line.startswith(("Budget", "500"))]
    assert [line.split(":")[0] for line in budgets] == [
        "Budget of team close",
        "Budget of stack prod",
        "500 more budgets, 0 of them at or beyond their warning.",
    ]


def test_pressing_budgets_beyond_a_handful_are_counted():
    over = tuple(an_exceeded_budget(name=f"t{index}", spent=Decimal(900)) for index in range(8))
    text = short_table(an_estimate(), (*over, a_verdict()))
    assert text.count("Budget of") == 5
    assert "4 more budgets, 3 of them at or beyond their warning." in text


@given(stacks())
def test_no_line_is_wider_than_80_columns_nor_holds_a_control_character(values):
    plan = a_plan(values)
    whole = estimate(plan)
    for line in short_table(whole, judge(plan, whole)).splitlines():
        assert len(line) <= 80
        assert line.isprintable()


def test_a_company_fits_its_log():
    plan = a_plan(a_company_stack(), stack="prod")
    whole = estimate(plan)
    lines = short_table(whole, judge(plan, whole)).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_work_that_stays_undone_is_told():
    whole = an_estimate()
    (pool, *others) = whole.pools
    undone = replace(whole, pools=(replace(pool, undone_nodes=Decimal("1.500")), *others))
    assert "Expected work that stays undone, in nodes: a100 1.5." in " ".join(short_table(undone).split())
    assert "undone" not in short_table(whole)
