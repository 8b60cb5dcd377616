"""The tables of an estimate: each adds up to the cent, and marks what is derived."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given

from mizan.estimate import (
    BudgetLevel,
    BudgetSubject,
    CapacityKind,
    Change,
    ComparedLine,
    Comparison,
    LineKind,
    Size,
    estimate,
    judge,
)
from mizan.estimate.compare import compare
from mizan.estimate.derived import Derived
from mizan.estimate.render import Against, Row, RowKind, Table, tables
from mizan.estimate.render.comparison import lines_compared, totals_compared
from mizan.estimate.render.pool_tables import by_pool, pools_in_short, prices
from mizan.estimate.render.table import largest
from mizan.estimate.render.tables import budgets, by_capacity_type, by_part, by_team, commitments, savings
from mizan.estimate.render.words import count, difference, dollars, hourly, notes, price_days, share
from mizan.prices import Basis
from tests.builders import TODAY, a_plan, shipped_stack
from tests.estimates import (
    a_commitment,
    a_company_stack,
    a_derived_estimate,
    a_note,
    a_pool_cost,
    a_price,
    a_stack_cost,
    a_verdict,
    an_estimate,
    an_exceeded_budget,
    an_offer,
    an_on_demand_offer,
    the_company_before,
    usd,
)
from tests.strategies import stacks


def rows(table: Table) -> list[tuple[str, ...]]:
    return [(row.title, *row.cells) for row in table.rows]


def test_dollars_have_cents_and_thousands_and_never_a_negative_nothing():
    assert [dollars(Decimal(text)) for text in ("0", "-0.00", "1234567.8", "-9.5")] == [
        "0.00",
        "0.00",
        "1,234,567.80",
        "-9.50",
    ]
    assert hourly(Decimal("0.1")) == "0.1000"


def test_a_difference_has_a_sign_unless_there_is_none():
    assert [difference(Decimal(text)) for text in ("1000", "-0.01", "0.00", "-0.00")] == [
        "+1,000.00",
        "-0.01",
        "0.00",
        "0.00",
    ]


@pytest.mark.parametrize(
    ("nodes", "told"),
    [("0", "0"), ("2", "2"), ("10.00", "10"), ("100", "100"), ("1.5", "1.5"), ("1234.5678", "1,234.57")],
)
def test_nodes_have_two_places_at_most(nodes, told):
    assert count(Decimal(nodes)) == told


def test_a_share_that_cannot_be_told_is_a_dash():
    assert [share(ratio) for ratio in (None, Decimal(0), Decimal("0.745"), Decimal(1))] == ["-", "0 %", "74 %", "100 %"]


@pytest.mark.parametrize(
    ("spent", "level", "told"),
    [
        ("999.99", BudgetLevel.ADVISORY, "99.9 %"),
        ("1000.00", BudgetLevel.ADVISORY, "100.0 %"),
        ("1000.01", BudgetLevel.EXCEEDED, "100.1 %"),
        ("25000.00", BudgetLevel.EXCEEDED, "2,500.0 %"),
    ],
)
def test_a_budget_is_never_rounded_across_its_border(spent, level, told):
    assert a_verdict(spent=Decimal(spent), level=level).percent_told == told


def test_pools_stand_with_their_offers_and_what_nobody_alone_pays():
    assert rows(by_pool(an_estimate())) == [
        ("a100", "0.85 of 3", "0.00", "476.50", "2,815.00"),
        ("spot-a100", "0.75 of 2", "0.00", "405.00", "1,610.00"),
        ("ondemand-a100", "0.1 of 1", "0.00", "71.50", "1,205.00"),
        ("control plane", "", "73.00", "73.00", "73.00"),
        ("total", "", "73.00", "549.50", "2,888.00"),
        ("per hour", "", "0.1000", "0.7527", "3.9562"),
    ]


def test_what_costs_nothing_in_advance_has_no_row():
    existing = an_estimate(stacks=(a_stack_cost(control_plane=usd("0.00", "0.00", "0.00")),))
    assert [row.name for row in by_pool(existing).rows] == ["a100", "spot-a100", "ondemand-a100", "total", "per hour"]
    committed = an_estimate(commitments=(a_commitment(),))
    assert ("unused commitments", "", "3,650.00", "912.50", "0.00") in rows(by_pool(committed))


def test_a_derived_price_marks_its_offer_and_every_total_it_enters():
    derived = a_derived_estimate()
    assert [row.name for row in by_pool(derived).rows if row.is_derived] == ["a100", "spot-a100", "total", "per hour"]
    assert [row.name for row in pools_in_short(derived, 5).rows if row.is_derived] == ["a100", "total", "per hour"]
    assert [row.name for row in by_part(derived).rows if row.is_derived] == ["GPU", "host", "total", "per hour"]
    assert [row.name for row in by_capacity_type(derived).rows if row.is_derived] == ["spot", "total", "per hour"]
    assert [row.title for row in by_team(derived).rows] == [
        "team-a *",
        "a100 *",
        "held by no team *",
        "a100 *",
        "shared by all",
        "total *",
        "per hour *",
    ]
    # On-demand is from a list: the way there is, until spot comes in.
    assert [row.name for row in savings(derived).rows if row.is_derived] == [
        "spot",
        "flex-start",
        "used commitments",
        "work done twice after interruptions",
        "kept nodes that no job uses",
        "unused commitments",
        "expected",
    ]
    assert [row.title for row in prices(derived).rows] == ["spot-a100 *", "ondemand-a100"]


def test_a_derived_split_marks_the_parts_and_not_their_sum():
    offer = an_offer(parts=replace(an_offer().parts, derived=Derived(gpu=True, host=True)))
    table = by_part(an_estimate(pools=(a_pool_cost(offers=(offer,)),)))
    assert [row.name for row in table.rows if row.is_derived] == ["GPU", "host"]


def test_listed_prices_mark_nothing():
    whole = an_estimate(commitments=(a_commitment(),))
    assert not any(table.is_derived for table in tables(whole, [a_verdict()], None))


def test_the_parts_are_told_though_they_cost_nothing():
    assert rows(by_part(an_estimate())) == [
        ("GPU", "0.00", "350.50", "2,100.00"),
        ("host", "0.00", "120.00", "700.00"),
        ("disk", "0.00", "6.00", "15.00"),
        ("control plane", "73.00", "73.00", "73.00"),
        ("unused commitments", "0.00", "0.00", "0.00"),
        ("total", "73.00", "549.50", "2,888.00"),
        ("per hour", "0.1000", "0.7527", "3.9562"),
    ]


def test_capacity_types_count_their_nodes():
    assert rows(by_capacity_type(an_estimate()))[:3] == [
        ("spot", "0.75 of 2", "0.00", "405.00", "1,610.00"),
        ("on-demand", "0.1 of 1", "0.00", "71.50", "1,205.00"),
        ("shared", "", "73.00", "73.00", "73.00"),
    ]


def test_the_savings_lead_from_the_baseline_to_what_is_expected():
    assert rows(savings(an_estimate(), has_idle_steps=False)) == [
        ("all on-demand, running always", "", "3,000.00"),
        ("schedules", "-1,000.00", "2,000.00"),
        ("scale to zero", "-1,000.50", "999.50"),
        ("spot", "-500.00", "499.50"),
        ("work done twice after interruptions", "+50.00", "549.50"),
        ("expected", "-2,450.50", "549.50"),
    ]
    assert len(savings(an_estimate()).rows) == 11


def test_commitments_tell_coverage_and_utilisation_at_both_sizes():
    table = commitments(an_estimate(commitments=(a_commitment(),)))
    assert rows(table) == [
        ("block", "expected", "3,650.00", "912.50", "548", "50 %", "75 %"),
        ("", "maximum", "3,650.00", "0.00", "730", "50 %", "100 %"),
    ]
    assert table.below[0] == ("block: reservation of 1 x a2-highgpu-4g at 5.0000 an hour; the stack's own figure.")


def test_a_savings_plan_covers_any_machine():
    plan = a_commitment(name="plan", machine=None, nodes=None, discount=Decimal("0.35"))
    below = commitments(an_estimate(commitments=(plan,))).below[0]
    assert below.startswith("plan: reservation of any machine at 5.0000 an hour, 35 % below on-demand; ")


def test_prices_tell_their_day_and_line():
    table = prices(an_estimate())
    assert table.caption == "Prices of a node in us-central1, US dollars an hour, from mizan/prices/prices.csv"
    assert rows(table) == [
        ("spot-a100", "a2-highgpu-4g", "7.7121", "2026-11-22", "265"),
        ("ondemand-a100", "a2-highgpu-4g", "14.6935", "2026-11-22", "264"),
    ]


def test_prices_of_two_files_tell_their_file_too():
    own = an_on_demand_offer(price=a_price(file="own.csv", line=2))
    table = prices(an_estimate(pools=(a_pool_cost(offers=(an_offer(), own), on_demand=own.price),)))
    assert table.caption == "Prices of a node in us-central1, US dollars an hour"
    assert [row.cells[-1] for row in table.rows] == ["mizan/prices/prices.csv:265", "own.csv:2"]


def test_an_exceeded_budget_tells_what_would_keep_it():
    table = budgets([an_exceeded_budget(), a_verdict(subject=BudgetSubject.TEAM, name="team-a")], is_alone=True)
    assert rows(table) == [
        ("stack prod", "expected", "549.50", "500.00", "109.9 %", "exceeded"),
        ("team team-a", "expected", "549.50", "1,000.00", "55.0 %", "ok"),
    ]
    assert table.below == (
        "stack prod: Costs most: a100 476.50.",
        "stack prod: Enough by itself: pool a100: maxNodes of spot 2 -> 1 (then 420.00).",
    )


def test_a_budget_that_no_single_change_keeps_tells_all_of_them_together():
    both = (Change(text="a", usd_per_month=Decimal(600)), Change(text="b", usd_per_month=Decimal(450)))
    below = budgets([an_exceeded_budget(changes=(), together=both)], is_alone=True).below
    assert below[1:] == (
        "stack prod: No change of one pool is enough; all of these together are:",
        "stack prod: 1 of 2: a (then 600.00).",
        "stack prod: 2 of 2: b (then 450.00).",
    )


def test_a_budget_that_nothing_keeps_says_so():
    below = budgets([an_exceeded_budget(changes=(), costliest=())], is_alone=True).below
    assert below == (
        (
            "stack prod: No smaller pools are enough with the jobs that there are, only fewer pools, capacity types or "
            "kept nodes."
        ),
    )


def test_a_budget_close_to_its_end_tells_the_costliest_pools_only():
    assert budgets([a_verdict(level=BudgetLevel.ADVISORY)], is_alone=True).below == (
        "stack prod: Costs most: a100 476.50.",
    )


def test_of_several_stacks_everything_is_named_with_its_own():
    other = a_pool_cost(stack="dev")
    both = an_estimate(stacks=(a_stack_cost(), a_stack_cost(name="dev")), pools=(a_pool_cost(), other))
    assert [row.name for row in pools_in_short(both, 5).rows][:2] == ["prod/a100", "dev/a100"]
    assert [row.name for row in prices(both).rows][::2] == ["prod/spot-a100", "dev/spot-a100"]
    named = budgets([a_verdict(subject=BudgetSubject.TEAM, name="team-a")], is_alone=False)
    assert named.rows[0].name == "team team-a of stack prod"


def test_regions_are_told_where_they_differ():
    pools = (a_pool_cost(), a_pool_cost(stack="dev"))
    stacks_of_two = (a_stack_cost(), a_stack_cost(name="dev", region="us-east1"))
    cells = [row.cells[0] for row in prices(an_estimate(stacks=stacks_of_two, pools=pools)).rows]
    assert cells[::2] == ["a2-highgpu-4g in us-central1", "a2-highgpu-4g in us-east1"]


def test_a_note_that_holds_for_all_stacks_is_told_once():
    stacks_of_two = (a_stack_cost(), a_stack_cost(name="dev"))
    told = notes(
        an_estimate(stacks=stacks_of_two, notes=(a_note("Both."), a_note("Only prod."), a_note("Both.", stack="dev")))
    )
    assert told == ["Both.", "prod: Only prod."]


def test_price_days_are_one_or_a_span_and_old_ones_are_told():
    whole = an_estimate()
    assert price_days(whole) == "Prices of 2026-11-22."
    older = TODAY.replace(month=7)
    span = an_estimate(stacks=(a_stack_cost(oldest=older),), pools=(a_pool_cost(offers=(an_offer(is_stale=True),)),))
    assert price_days(span) == "Prices of 2026-07-22 to 2026-11-22, some over 90 days old."


@pytest.mark.parametrize(("most", "kept"), [(None, "abcd"), (4, "abcd"), (2, "bd"), (1, "b")])
def test_the_largest_keep_their_own_order(most, kept):
    size = {"a": 1, "b": 3, "c": 1, "d": 3}
    found, others = largest("abcd", most, lambda name: (Decimal(size[name]),))
    assert "".join(found) == kept
    assert sorted(found + others) == list("abcd")


def test_pools_beyond_the_most_are_one_row():
    pools = tuple(a_pool_cost(name=f"p{index}", offers=(an_offer(),) * (index + 1)) for index in range(4))
    assert rows(pools_in_short(an_estimate(pools=pools), 2))[:3] == [
        ("p2", "0.00", "1,215.00", "4,830.00"),
        ("p3", "0.00", "1,620.00", "6,440.00"),
        ("2 other pools", "0.00", "1,215.00", "4,830.00"),
    ]


def test_an_on_demand_price_that_is_only_compared_with_is_told_among_the_prices():
    on_demand = a_price(usd_per_hour=Decimal("14.6935"), line=264, basis=Basis.DERIVED)
    table = prices(an_estimate(pools=(a_pool_cost(offers=(an_offer(),), on_demand=on_demand),)))
    assert rows(table) == [
        ("spot-a100", "a2-highgpu-4g", "7.7121", "2026-11-22", "265"),
        ("a100 on-demand, for savings *", "a2-highgpu-4g", "14.6935", "2026-11-22", "264"),
    ]


def a_line(name: str, before: str | None, after: str | None, *reasons: str, kind: LineKind = LineKind.POOL):
    def same(amount: str | None):
        return None if amount is None else usd(amount, amount, amount)

    return ComparedLine(
        kind=kind,
        stack="prod",
        name=name,
        before=same(before),
        after=same(after),
        reasons=tuple(reasons),
        is_derived=False,
    )


def a_comparison() -> Against:
    lines = (
        a_line("a100", "10.00", "15.00", "maxNodes of spot 2 -> 4", "hoursPerWeek 84 -> 168"),
        a_line("new", None, "2.00", "added"),
        a_line("same", "1.00", "1.00"),
        a_line("gone", "4.00", None, "removed"),
        a_line("block", "3.00", "1.00", "used", kind=LineKind.COMMITMENT),
        a_line("prod", "73.00", "73.00", kind=LineKind.CONTROL_PLANE),
    )
    comparison = Comparison(before=usd("91.00", "91.00", "91.00"), after=usd("92.00", "92.00", "92.00"), lines=lines)
    return Against(name="main", before=None, comparison=comparison)


def test_what_changes_is_told_with_its_reasons_and_the_rest_adds_up():
    assert rows(lines_compared(an_estimate(), a_comparison())) == [
        ("a100", "10.00", "15.00", "+5.00", "+5.00", "maxNodes of spot 2 -> 4; hoursPerWeek 84 -> 168"),
        ("new", "-", "2.00", "+2.00", "+2.00", "added"),
        ("gone", "4.00", "-", "-4.00", "-4.00", "removed"),
        ("commitment block, unused", "3.00", "1.00", "-2.00", "-2.00", "used"),
        ("2 unchanged", "74.00", "74.00", "0.00", "0.00", ""),
        ("total", "91.00", "92.00", "+1.00", "+1.00", ""),
    ]


def test_changes_beyond_the_most_are_one_row():
    shown = rows(lines_compared(an_estimate(), a_comparison(), most=1))
    assert shown == [
        ("a100", "10.00", "15.00", "+5.00", "+5.00", "maxNodes of spot 2 -> 4; hoursPerWeek 84 -> 168"),
        ("3 more that change", "7.00", "3.00", "-4.00", "-4.00", ""),
        ("2 unchanged", "74.00", "74.00", "0.00", "0.00", ""),
        ("total", "91.00", "92.00", "+1.00", "+1.00", ""),
    ]


def test_a_pool_that_was_derived_is_marked_when_it_is_gone():
    derived = a_derived_estimate()
    before = replace(derived, pools=(replace(derived.pools[0], name="gone"),))
    against = Against(name="main", before=before, comparison=compare(before, an_estimate()))
    assert [row.name for row in lines_compared(an_estimate(), against).rows if row.is_derived] == ["gone", "total"]
    assert [row.name for row in totals_compared(an_estimate(), against).rows if row.is_derived] == [
        "expected",
        "maximum",
        "expected, per hour",
    ]


def test_totals_are_compared_at_every_size_and_by_the_hour():
    table = totals_compared(an_estimate(), a_comparison())
    assert rows(table) == [
        ("minimum", "91.00", "92.00", "+1.00"),
        ("expected", "91.00", "92.00", "+1.00"),
        ("maximum", "91.00", "92.00", "+1.00"),
        ("expected, per hour", "0.1247", "0.1260", "+0.0013"),
    ]


def test_a_comparison_without_a_change_says_so():
    same = Comparison(before=usd("1.00", "1.00", "1.00"), after=usd("1.00", "1.00", "1.00"), lines=())
    table = totals_compared(an_estimate(), Against(name="main", before=None, comparison=same, notes=("Note.",)))
    assert table.below == ("Note.", "No pool, commitment or control plane changes.")
    assert [row.cells[-1] for row in table.rows] == ["0.00", "0.00", "0.00", "0.0000"]


def amount(cell: str) -> Decimal:
    return Decimal(0) if cell in ("", "-") else Decimal(cell.replace(",", ""))


def column(table: Table, name: str, kinds: set[RowKind]) -> Decimal:
    index = [each.name for each in table.columns].index(name) - 1
    return sum((amount(row.cells[index]) for row in table.rows if row.kind in kinds), Decimal(0))


@given(stacks())
def test_every_table_adds_up_to_the_same_totals(values):
    whole = estimate(a_plan(values))
    for table in (by_pool(whole), pools_in_short(whole, 2), by_part(whole), by_capacity_type(whole), by_team(whole)):
        for size in Size:
            assert column(table, size, {RowKind.PLAIN}) == whole.total.at(size), table.caption
    way = savings(whole)
    assert amount(way.rows[0].cells[-1]) + column(way, "change", {RowKind.PLAIN}) == whole.total.expected
    assert amount(way.rows[-2].cells[-1]) == whole.total.expected


def test_a_real_comparison_adds_up():
    before, after = (estimate(a_plan(values)) for values in (the_company_before(), a_company_stack()))
    against = Against(name="main", before=before, comparison=compare(before, after))
    table = lines_compared(after, against)
    for name, whole in (("before", before), ("after", after)):
        assert column(table, name, {RowKind.PLAIN}) == column(table, name, {RowKind.TOTAL}) == whole.total.expected
    assert column(table, "difference", {RowKind.PLAIN}) == after.total.expected - before.total.expected
    assert column(table, "at maximum", {RowKind.PLAIN}) == after.total.maximum - before.total.maximum


@pytest.mark.parametrize("values", [shipped_stack("local"), a_company_stack()], ids=["local", "company"])
def test_every_row_has_a_cell_for_every_column(values):
    plan = a_plan(values)
    whole = estimate(plan)
    against = Against(name="main", before=None, comparison=compare(None, whole))
    for table in tables(whole, judge(plan, whole), against):
        assert {len(row.cells) + 1 for row in table.rows} == {len(table.columns)}, table.caption


def test_a_row_is_named_as_it_is_marked():
    assert Row(name="a", cells=()).title == "a"
    assert Row(name="a", cells=(), is_derived=True).title == "a *"


def test_capacity_kinds_without_nodes_and_dollars_have_no_row():
    whole = an_estimate()
    empty = replace(whole.capacity_types[-1], parts=type(whole.capacity_types[-1].parts)())
    assert CapacityKind.SHARED not in [
        row.name for row in by_capacity_type(replace(whole, capacity_types=(empty,))).rows
    ]


def test_rates_without_gpu_are_told_with_their_source():
    derived = replace(a_stack_cost().rate, basis=Basis.DERIVED)
    borrowed = replace(derived, borrowed_from="us-east1")
    for rate, disk in ((derived, "0.1000"), (borrowed, "0.1000*")):
        (told,) = prices(an_estimate(stacks=(a_stack_cost(rate=rate),))).below
        assert told == (
            f"Without GPU in us-central1: 0.0316* a vCPU and 0.0042* a GiB of memory an hour, {disk} a GiB of disk a "
            "month, of 2026-11-22 (derived: another list)."
        )
