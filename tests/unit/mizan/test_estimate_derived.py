"""Which prices are derived, how old they are, and where a reader is told: by hand, at round prices."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from mizan.capacity import CapacityType
from mizan.config import CommitmentKind
from mizan.estimate import Estimate, NoteKind, Size, compare, estimate, judge, merged
from mizan.estimate.render import Against, Table, document, html_page, markdown_page, short_table, summary, tables
from mizan.estimate.render.pool_tables import by_pool, pools_in_short
from mizan.estimate.render.short import savings_line
from mizan.estimate.render.tables import budgets, by_capacity_type, by_part, by_team, commitments, savings
from mizan.estimate.render.words import price_days
from mizan.estimate.running import as_expected
from mizan.plan import Plan
from mizan.prices import Basis
from tests.builders import a_plan, a_pool, a_stack, an_existing_stack
from tests.estimate_builders import (
    AS_OF,
    FIFTH_LOST,
    MACHINE,
    RATE,
    a_book,
    a_price,
    a_whole_queue,
    capacity,
    one_pool,
    round_estimate,
    round_plan,
    round_stack,
    use,
)

SPOT, ON_DEMAND = CapacityType.SPOT, CapacityType.ON_DEMAND
DERIVED_ON_DEMAND = a_book(a_price(SPOT), a_price(ON_DEMAND, basis=Basis.DERIVED))
COMPUTED = replace(RATE, basis=Basis.DERIVED, source="SOLVED")
BORROWED = replace(COMPUTED, borrowed_from="us-east1", source="rates of us-east1")
EXISTING = {key: an_existing_stack()[key] for key in ("cloud", "cluster", "addons")}
OLD = date(2026, 1, 5)


def marked(table: Table) -> list[str]:
    return [row.name for row in table.rows if row.is_derived]


def of_kind(found: Estimate, kind: NoteKind) -> list[str]:
    return [note.text for note in found.note(kind)]


def against_derived_on_demand() -> Estimate:
    """Two spot nodes, half full: on-demand at 10 is in no bill, and in everything that is saved."""
    return round_estimate(one_pool(use=use(168, 50), spot=2), DERIVED_ON_DEMAND)


def reserved(basis: Basis = Basis.LISTED, percent: int = 50) -> Plan:
    """One on-demand node, reserved at the on-demand price."""
    held = {"name": "held", "kind": "reservation", "machine": MACHINE, "nodes": 1}
    book = a_book(a_price(SPOT), a_price(ON_DEMAND, basis=basis))
    return round_plan(one_pool(use=use(168, percent), on_demand=1, stack={"commitments": [held]}), book)


def test_a_derived_on_demand_price_marks_what_is_saved_against_it_and_no_bill():
    """Baseline 2 x 7310 + 73. Half the nodes 7310 less, spot 730 x 6 less; a quarter more spot for what is lost."""
    found = against_derived_on_demand()
    assert savings_line(found.savings) == (
        "Expected saves 10,957.50* (75 %*) of 14,693.00* (all on-demand, running always): scale to zero 7,310.00*, "
        "spot 4,380.00*; less work done twice after interruptions 732.50."
    )
    assert marked(savings(found)) == [
        "all on-demand, running always",
        "sharing of GPUs",
        "schedules",
        "scale to zero",
        "spot",
        "expected",
    ]
    assert (found.is_derived, marked(by_pool(found)), marked(by_part(found))) == (False, [], ["GPU", "host"])


def test_the_mark_of_a_saving_is_explained_on_every_page():
    found = against_derived_on_demand()
    assert "* derived: computed from other prices" in short_table(found)
    assert r"\* derived: computed from other prices" in markdown_page(found)
    assert "<p>* derived: computed from other prices" in html_page(found)
    assert r"| all on-demand, running always \* |  | 14,693.00 |" in markdown_page(found)
    assert '<th scope="row">all on-demand, running always *</th>' in html_page(found)


def test_a_node_of_less_than_a_rounding_brings_no_price_into_a_bill():
    """0.95 nodes of work fit two of spot that lose a seventh; 0.95 / (6 / 7) x 6 / 7 is not quite 0.95."""
    values = one_pool(use=use(168, 19), spot=2, on_demand=3)
    values["queues"][0]["workload"] = FIFTH_LOST | {"checkpointIntervalSeconds": 105}
    plan = round_plan(values, DERIVED_ON_DEMAND)
    (rest,) = as_expected(plan.pools[0]).nodes[1:]
    assert rest < Decimal("1e-20")
    assert not estimate(plan, RATE).is_derived_at(Size.EXPECTED)


def test_a_derived_on_demand_price_is_told_by_its_machine():
    (told,) = of_kind(against_derived_on_demand(), NoteKind.DERIVED)
    assert told == (
        "Derived, not read from a list: the on-demand prices of a2-highgpu-4g, which savings and GPU part are told "
        "against."
    )


def test_a_program_is_told_which_savings_are_derived():
    told = document(against_derived_on_demand())
    way = told["savings"]
    assert (way["isBaselineDerived"], way["isExpectedDerived"], way["isSavedDerived"]) == (True, False, True)
    assert [step["step"] for step in way["steps"] if step["isDerived"]] == ["scale-to-zero", "spot"]
    assert told["pools"][0]["savings"]["isSavedDerived"]
    assert told["pools"][0]["onDemand"]["basis"] == "derived"
    assert (told["isDerived"], told["derivedParts"]) == (False, ["gpu", "host"])
    assert summary(against_derived_on_demand())["isSavedDerived"]


def test_without_an_on_demand_price_there_is_none_to_tell():
    found = round_estimate(one_pool(use=use(168, 50), spot=2), a_book(a_price(SPOT)))
    assert document(found)["pools"][0]["onDemand"] is None
    assert not found.savings.is_baseline_derived


def test_a_derived_price_marks_no_host_part_of_its_own_node():
    """GPU is 10 - 1.64, host 1.64, whatever the 10 are."""
    found = round_estimate(one_pool(use=use(168, 50), on_demand=1), DERIVED_ON_DEMAND)
    assert marked(by_part(found)) == ["GPU", "total", "per hour"]


def test_a_host_dearer_than_its_machine_is_the_machine_s_price():
    book = a_book(a_price(ON_DEMAND, Decimal("1.64"), basis=Basis.DERIVED))
    plan = round_plan(one_pool(use=use(168, 50), on_demand=1), book)
    assert marked(by_part(estimate(plan, RATE))) == ["host", "total", "per hour"]
    listed = round_plan(one_pool(use=use(168, 50), on_demand=1), a_book(a_price(ON_DEMAND, Decimal("1.64"))))
    assert marked(by_part(estimate(listed, COMPUTED))) == []


def test_computed_rates_of_hosts_mark_the_split_alone():
    found = estimate(round_plan(), COMPUTED)
    assert {table.caption.split(",")[0]: marked(table) for table in tables(found, [], None) if marked(table)} == {
        "By part": ["GPU", "host"]
    }
    assert document(found)["stacks"][0]["rates"]["borrowedFrom"] is None


def test_borrowed_rates_mark_disks_and_control_plane_and_every_total_with_them():
    found = estimate(round_plan(), BORROWED)
    assert marked(by_part(found)) == ["GPU", "host", "disk", "control plane", "total", "per hour"]
    assert marked(by_pool(found)) == ["a100", "spot-a100", "ondemand-a100", "control plane", "total", "per hour"]
    assert marked(by_capacity_type(found)) == ["spot", "on-demand", "shared", "total", "per hour"]
    assert marked(by_team(found)) == ["team-a", "a100", "shared by all", "total", "per hour"]
    assert marked(savings(found)) == [row.name for row in savings(found).rows]
    # The price of a node is as listed: only its disk is not, and neither spot nor on-demand has another one.
    assert [line.kind for line in found.savings.lines if line.is_derived] == ["scale-to-zero", "interruptions"]
    assert [found.is_derived_at(size) for size in Size] == [True, True, True]


def test_a_program_is_told_whose_rates_are_borrowed():
    told = document(estimate(round_plan(), BORROWED))
    assert told["derivedParts"] == ["gpu", "host", "disk", "controlPlane"]
    assert told["pools"][0]["derivedParts"] == told["pools"][0]["offers"][0]["derivedParts"] == ["gpu", "host", "disk"]
    assert told["capacityTypes"][-1] | {"usdPerMonth": 0, "parts": 0} == {
        "capacityType": "shared",
        "maxNodes": 0,
        "expectedNodes": 0,
        "usdPerMonth": 0,
        "parts": 0,
        "isDerived": True,
        "derivedParts": ["controlPlane"],
    }
    assert told["stacks"][0]["isControlPlaneDerived"]
    assert told["stacks"][0]["rates"]["borrowedFrom"] == "us-east1"


@pytest.mark.parametrize(
    ("rate", "changes", "told"),
    [
        (COMPUTED, {}, "GPU and host part (SOLVED)"),
        (BORROWED, {}, "GPU and host part, and what disks and control plane cost (rates of us-east1)"),
        (BORROWED, EXISTING, "GPU and host part, and what disks cost (rates of us-east1)"),
    ],
)
def test_what_is_derived_of_the_rates_is_told(rate, changes, told):
    found = estimate(round_plan(round_stack(**changes)), rate)
    text = f"Derived, not read from a list: what a host costs without GPU, and so {told}."
    assert of_kind(found, NoteKind.DERIVED) == [text]


def test_who_pays_nothing_of_a_derived_pool_is_not_marked():
    """The queue holds every GPU, so that nothing is held by no team."""
    found = round_estimate(book=DERIVED_ON_DEMAND)
    assert [(team.name, team.is_derived) for team in found.teams] == [
        ("team-a", True),
        ("unassigned", False),
        ("shared", False),
    ]
    told = document(found)["teams"]
    assert [team["derivedParts"] for team in told] == [["gpu", "host"], [], []]
    assert told[0]["pools"][0]["isDerived"]


@pytest.mark.parametrize(("book", "mark"), [(a_book(), ""), (DERIVED_ON_DEMAND, "*")])
def test_a_budget_marks_what_is_spent_of_it_and_what_would_be(book, mark):
    """One node at 10, half full: 3655 and 73; a team's share is the pool's."""
    values = one_pool(use=use(168, 50), on_demand=1, stack={"budget": {"usdPerMonth": 1000}})
    values["teams"][0]["budget"] = {"usdPerMonth": 4000}
    plan = round_plan(values, book)
    found = estimate(plan, RATE)
    verdicts = judge(plan, found)
    assert [verdict.is_derived for verdict in verdicts] == [bool(mark)] * 2
    assert marked(budgets(verdicts, is_alone=True)) == (["stack test", "team team-a"] if mark else [])
    text = markdown_page(found, verdicts).replace("\\", "")
    assert f"Budget of stack test: 3,728.00{mark} of 1,000.00 (372.8 %) at expected size: exceeded." in text
    assert f"Costs most: a100 3,655.00{mark}." in text
    assert len(re.findall(r"\(then [\d,.]+\*\)", text)) == (len(verdicts[0].changes) if mark else 0)
    told = document(found, verdicts)["budgets"][0]
    assert (told["isDerived"], told["costliest"][0]["isDerived"]) == (bool(mark), bool(mark))


def test_a_budget_of_a_size_without_a_derived_figure_is_not_marked():
    """Half of nothing runs: no node, and no price."""
    values = one_pool(use=use(168, 0), on_demand=1, stack={"budget": {"usdPerMonth": 1000}})
    plan = round_plan(values, DERIVED_ON_DEMAND)
    (verdict,) = judge(plan, estimate(plan, RATE))
    assert not verdict.is_derived


def test_a_fee_that_is_not_paid_is_not_derived():
    found = estimate(round_plan(round_stack(**EXISTING)), BORROWED)
    assert "control plane" not in marked(by_part(found))
    assert not found.stacks[0].is_control_plane_derived
    assert not found.is_derived_at(Size.MINIMUM)


def test_of_several_stacks_one_that_is_derived_marks_the_sum():
    plain, borrowed = estimate(round_plan(stack="dev"), RATE), estimate(round_plan(stack="prod"), BORROWED)
    both = merged([plain, borrowed])
    assert marked(by_pool(both))[0] == "prod/a100"
    assert (plain.is_derived, both.is_derived, both.savings.is_baseline_derived) == (False, True, True)


def test_a_comparison_marks_the_lines_that_are_derived_on_either_side():
    plain, borrowed = estimate(round_plan(), RATE), estimate(round_plan(), BORROWED)
    for before, after in ((plain, borrowed), (borrowed, plain)):
        found = compare(before, after)
        assert [line.is_derived for line in found.lines] == [True, True]
        told = document(after, (), Against(name="main", before=before, comparison=found))["comparison"]
        assert told["isDerived"]
        assert [line["isDerived"] for line in told["lines"]] == [True, True]
    assert [line.is_derived for line in compare(plain, plain).lines] == [False, False]
    assert [line.is_derived for line in compare(None, borrowed).lines] == [True, True]


def test_the_headline_marks_each_size_by_itself():
    """A derived on-demand price is not in the minimum, where no node runs."""
    found = round_estimate(one_pool(use=use(168, 50), on_demand=1), DERIVED_ON_DEMAND)
    assert r"**3,728.00\* USD a month expected**, 73.00 at least, 7,383.00\* at most." in markdown_page(found)
    assert "<strong>3,728.00* USD a month expected</strong>, 73.00 at least, 7,383.00* at most" in html_page(found)
    change = Against(name="main", before=None, comparison=compare(None, found))
    assert r"**+3,728.00\* USD a month expected** against main" in markdown_page(found, (), change)
    assert "<p>+3,728.00* USD a month expected against main.</p>" in html_page(found, (), change)


def test_a_committed_use_has_the_day_and_the_basis_of_its_list():
    use_of_google = {"name": "year", "kind": "committed-use", "machine": MACHINE, "nodes": 2, "term": "1y"}
    (year,) = a_plan(a_stack(commitments=[use_of_google])).commitments
    # 6,757.48 a month of 730 hours: Cyclenerd's pricing.yml of 2026-07-30, us-central1.
    assert (year.as_of, year.basis, year.usd_per_hour) == (
        date(2026, 7, 30),
        Basis.LISTED,
        2 * Decimal("6757.48") / 730,
    )
    assert (year.is_stale(date(2026, 10, 28)), year.is_stale(date(2026, 10, 29))) == (False, True)


@pytest.mark.parametrize("basis", list(Basis))
def test_a_reservation_at_the_on_demand_price_has_its_day_and_basis(basis):
    (held,) = reserved(basis).commitments
    assert (held.as_of, held.basis, held.is_derived) == (AS_OF, basis, basis is Basis.DERIVED)


def test_a_price_that_the_stack_states_is_neither_derived_nor_dated():
    stated = {"name": "held", "kind": "reservation", "machine": MACHINE, "nodes": 1, "usdPerHour": 7}
    plan = round_plan(one_pool(use=use(168, 50), on_demand=1, stack={"commitments": [stated]}), DERIVED_ON_DEMAND)
    (held,) = plan.commitments
    assert (held.as_of, held.basis, held.is_derived, held.is_stale(date(2040, 1, 1))) == (None, None, False, False)
    found = estimate(plan, RATE)
    # What is paid is agreed on; that it covers 100 % is told in on-demand dollars.
    assert (found.is_derived, found.commitments[0].is_derived) == (False, False)
    assert found.commitments[0].expected.is_on_demand_derived
    told = document(found)["commitments"][0]
    assert (told["asOf"], told["basis"], told["isStale"], told["isDerived"]) == (None, None, False, False)


def test_a_derived_commitment_marks_its_table_its_nodes_and_what_is_unused():
    """Half of 7300 is used, half is not."""
    found = estimate(reserved(Basis.DERIVED), RATE)
    table = commitments(found)
    assert [row.title for row in table.rows] == ["held *", "*"]
    assert table.below[0].startswith("held: reservation of 1 x a2-highgpu-4g at 10.0000* an hour; on-demand of ")
    assert marked(by_pool(found)) == ["a100", "reserved-a100", "unused commitments", "total", "per hour"]
    assert marked(by_capacity_type(found)) == ["committed", "shared", "total", "per hour"]
    assert [found.is_derived_at(size) for size in Size] == [True, True, True]
    told = document(found)
    assert told["derivedParts"] == ["gpu", "host", "unusedCommitments"]
    (held,) = told["commitments"]
    assert (held["basis"], held["asOf"], held["isDerived"]) == ("derived", "2026-11-01", True)
    assert [(held[size]["isUsedDerived"], held[size]["isUnusedDerived"]) for size in ("expected", "maximum")] == [
        (True, True),
        (True, False),
    ]
    assert "Derived, not read from a list: the prices of commitments held." in of_kind(found, NoteKind.DERIVED)


def test_a_derived_commitment_that_is_used_up_is_unused_at_the_minimum():
    found = estimate(reserved(Basis.DERIVED, percent=100), RATE)
    assert [use.is_unused_derived for use in (found.commitments[0].expected, found.commitments[0].maximum)] == [
        False,
        False,
    ]
    assert "unused commitments" in marked(by_pool(found))
    assert marked(savings(found))[-1] == "expected"


def test_a_listed_commitment_marks_nothing():
    found = estimate(reserved(), RATE)
    assert [table.caption for table in tables(found, [], None) if table.is_derived] == []


def test_a_discount_is_taken_off_a_derived_on_demand_price():
    """50 dollars an hour, agreed on, of which one node takes 10 x 0.7 while it runs: 5110 of 36500, half of it half."""
    plan = reserved(Basis.DERIVED)
    agreed = replace(
        plan.commitments[0],
        kind=CommitmentKind.SAVINGS_PLAN,
        discount=Decimal("0.3"),
        usd_per_hour=Decimal(50),
        nodes=None,
        as_of=None,
        basis=None,
    )
    (plan_of_aws,) = estimate(replace(plan, commitments=(agreed,)), RATE).commitments
    assert (plan_of_aws.paid, plan_of_aws.expected.used) == (Decimal("36500.00"), Decimal("2555.00"))
    assert (plan_of_aws.is_derived, plan_of_aws.expected.is_used_derived, plan_of_aws.is_unused_derived) == (
        False,
        True,
        True,
    )


def test_the_day_of_a_commitment_s_price_is_among_the_price_dates():
    plan = reserved()
    old = estimate(replace(plan, commitments=(replace(plan.commitments[0], as_of=OLD),)), RATE)
    assert (old.oldest, old.newest) == (OLD, AS_OF)
    assert of_kind(old, NoteKind.PRICE_DATES) == ["Prices of us-central1 are from 2026-01-05 to 2026-11-01."]
    assert of_kind(old, NoteKind.STALE) == [
        "More than 90 days old on 2026-11-22: the prices of commitment held (2026-01-05)."
    ]
    assert document(old)["commitments"][0]["isStale"]
    assert (old.is_stale, estimate(plan, RATE).is_stale) == (True, False)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({}, "hosts, disks and control plane (2026-01-05)"), (EXISTING, "hosts, disks (2026-01-05)")],
)
def test_old_rates_are_told_with_their_day(changes, told):
    found = estimate(round_plan(round_stack(**changes)), replace(RATE, as_of=OLD))
    assert of_kind(found, NoteKind.STALE) == [f"More than 90 days old on 2026-11-22: the prices of {told}."]
    assert price_days(found) == "Prices of 2026-01-05 to 2026-11-01, some over 90 days old."
    assert document(found)["stacks"][0]["rates"]["isStale"]


def test_an_old_on_demand_price_is_told_though_nothing_is_bought_at_it():
    old = a_price(ON_DEMAND, as_of=OLD)
    spot_alone = round_estimate(one_pool(use=use(168, 50), spot=2), a_book(a_price(SPOT), old))
    assert of_kind(spot_alone, NoteKind.STALE) == [
        "More than 90 days old on 2026-11-22: the prices of on-demand a2-highgpu-4g (2026-01-05)."
    ]
    assert document(spot_alone)["pools"][0]["isStale"]
    bought = round_estimate(book=a_book(a_price(SPOT), old))
    assert of_kind(bought, NoteKind.STALE) == [
        "More than 90 days old on 2026-11-22: the prices of ondemand-a100 (2026-01-05)."
    ]


@pytest.mark.parametrize(("derived", "short"), [("a100", "1 other pools"), ("b", "b")])
def test_one_derived_pool_does_not_mark_another(derived, short):
    basis = {derived: Basis.DERIVED}
    rows = [
        a_price(ON_DEMAND, Decimal(10), MACHINE, basis=basis.get("a100", Basis.LISTED)),
        a_price(ON_DEMAND, Decimal(20), "a2-highgpu-8g", basis=basis.get("b", Basis.LISTED), line=3),
    ]
    pools = [
        a_pool(capacity=capacity(on_demand=1), meanUptimeHours=1000),
        a_pool(name="b", machine="a2-highgpu-8g", capacity=capacity(on_demand=1)),
    ]
    quotas = [{"pool": "a100", "gpus": 4}, {"pool": "b", "gpus": 8}]
    queue = a_whole_queue() | {"quotas": quotas}
    found = round_estimate(round_stack(pools=pools, queues=[queue]), a_book(*rows))
    assert marked(by_pool(found)) == [derived, f"ondemand-{derived}", "total", "per hour"]
    # `b` costs more; the others are one row.
    assert marked(pools_in_short(found, 1)) == [short, "total", "per hour"]
    assert [pool.name for pool in found.pools if pool.savings.is_baseline_derived] == [derived]
    assert summary(found)["derivedPools"] == [derived]
    assert summary(found)["derivedTeams"] == ["team-a"]
