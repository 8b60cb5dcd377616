"""A number is marked exactly when a derived figure enters it.

What enters is not asked of the code: every derived figure is made larger, each by a factor of its own, and the same
Plan is priced again. A number that is then another has a derived figure in it, all others have none.
"""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.config import CommitmentKind
from mizan.estimate import Estimate, Savings, Size, TeamKind, estimate
from mizan.estimate.render import RowKind, Table
from mizan.estimate.render.pool_tables import by_pool, pools_in_short, prices
from mizan.estimate.render.tables import by_capacity_type, by_part, by_team, commitments, savings
from mizan.plan import CommitmentPlan, Plan
from mizan.prices import Basis, Price
from mizan.prices.hosts import HostRate
from tests.builders import a_pool, a_queue, an_existing_stack
from tests.estimate_builders import (
    FIFTH_LOST,
    MACHINE,
    RATE,
    a_book,
    a_price,
    capacity,
    round_plan,
    round_stack,
    use,
)

SPOT, ON_DEMAND, FLEX_START = CapacityType.SPOT, CapacityType.ON_DEMAND, CapacityType.FLEX_START
# Of each machine by capacity type, so that no two differences are alike.
USD = {
    MACHINE: {ON_DEMAND: "10.03", SPOT: "4.07", FLEX_START: "6.11"},
    "a2-highgpu-8g": {ON_DEMAND: "21.13", SPOT: "9.29", FLEX_START: "13.37"},
}
FACTORS = [Decimal(text) for text in ("1.13", "1.29", "1.37", "1.53", "1.61", "1.79", "1.83", "1.97", "2.09")]
RATES = {
    "listed": RATE,
    "computed": replace(RATE, basis=Basis.DERIVED),
    "borrowed": replace(RATE, basis=Basis.DERIVED, borrowed_from="us-east1"),
}
# A seventh lost: what is left for the next offer is no whole number of digits.
WORKLOADS = [FIFTH_LOST, FIFTH_LOST | {"checkpointIntervalSeconds": 105}]
# GPU and host part are each rounded, of each offer; the least that a larger figure changes is some dollars.
ROUNDING = Decimal("0.05")
SIZES = (Size.MINIMUM, Size.EXPECTED, Size.MAXIMUM)
bases = st.sampled_from(Basis)


class Priced:
    """One Plan, as it is and with every derived figure made larger."""

    def __init__(self, plan: Plan, rate: HostRate, dearer: Estimate) -> None:
        self.plan, self.rate = plan, rate
        self.told, self.dearer = estimate(plan, rate), dearer

    # All of it would be pages; hypothesis tells a dataclass with all of it.
    def __repr__(self) -> str:
        offers = [(offer.name, offer.max_nodes, offer.price.basis.value) for offer in self.plan.offers]
        on_demand = [pool.on_demand and pool.on_demand.basis.value for pool in self.plan.pools]
        uses = [(pool.hours_per_week, pool.utilisation_percent) for pool in self.told.pools]
        bought = [(each.nodes, each.discount, each.basis) for each in self.plan.commitments]
        rate = (self.rate.basis.value, self.rate.borrowed_from)
        return f"{self.plan.cloud} {offers=} {on_demand=} {uses=} {bought=} {rate=}"


@st.composite
def books(draw, *, has_on_demand):
    """Every price of both machines, each listed or derived."""
    rows = [(machine, kind, usd) for machine, by_kind in USD.items() for kind, usd in by_kind.items()]
    return a_book(
        *(
            a_price(kind, Decimal(usd), machine, basis=draw(bases), line=line)
            for line, (machine, kind, usd) in enumerate(rows, start=2)
            if has_on_demand or kind is not ON_DEMAND
        )
    )


@st.composite
def pools(draw, kinds, first):
    """One or two, of which the first buys what is always bought."""
    found = []
    for name in draw(st.sampled_from(["a", "ab"])):
        chosen = dict.fromkeys([*(first if name == "a" else []), *draw(st.lists(kinds, min_size=1, max_size=2))])
        found.append(
            a_pool(
                name=name,
                machine=MACHINE if name == "a" else "a2-highgpu-8g",
                capacity=capacity(**{kind: draw(st.integers(1, 3)) for kind in chosen}),
                expectedUse=use(draw(st.sampled_from([42, 168])), draw(st.sampled_from([0, 30, 50, 100]))),
                order="listed",
                meanUptimeHours=1000,
                # Large, so that a small part of a node's disk is more than a rounding.
                diskGib=2000,
            )
        )
    return found


@st.composite
def plans(draw):
    """Every way to pay for a node, with and without a commitment."""
    bought = draw(st.sampled_from(["nothing", "at on-demand", "as stated", "as they run", "at a discount"]))
    has_on_demand = bought != "nothing" or draw(st.booleans())
    cloud = draw(st.sampled_from([{}, {key: an_existing_stack()[key] for key in ("cloud", "cluster", "addons")}]))
    kinds = ["spot", *(["on_demand"] if has_on_demand else []), *(["flex_start"] if cloud else [])]
    chosen = draw(pools(st.sampled_from(kinds), [] if bought == "nothing" else ["on_demand"]))
    gpus = {"a": 4, "b": 8}
    quotas = [
        {"pool": pool["name"], "gpus": gpus[pool["name"]] * sum(item["maxNodes"] for item in pool["capacity"])}
        for pool in chosen
    ]
    held = {"name": "held", "kind": "reservation", "machine": MACHINE, "nodes": draw(st.integers(1, 4))}
    values = round_stack(
        pools=chosen,
        queues=[a_queue(fallback="capacity", quotas=quotas, workload=draw(st.sampled_from(WORKLOADS)))],
        commitments={"nothing": [], "as stated": [held | {"usdPerHour": 7}]}.get(bought, [held]),
        **cloud,
    )
    plan = round_plan(values, draw(books(has_on_demand=has_on_demand)))
    if bought == "at a discount":
        return replace(plan, commitments=tuple(_with_discount(draw, each) for each in plan.commitments))
    # Its row may be of another list than that of the nodes.
    if bought == "at on-demand":
        return replace(plan, commitments=tuple(replace(each, basis=draw(bases)) for each in plan.commitments))
    if bought == "as they run":
        kind = {"kind": CommitmentKind.COMMITTED_USE, "basis": draw(bases)}
        return replace(plan, commitments=tuple(replace(each, **kind) for each in plan.commitments))
    return plan


def _with_discount(draw: st.DrawFn, commitment: CommitmentPlan) -> CommitmentPlan:
    """A savings plan, agreed on; which clouds sell one is no matter here.

    Its dollars are enough for all nodes or for less than one, whatever these cost.
    """
    agreed = {"as_of": None, "basis": None, "nodes": None, "machine": draw(st.sampled_from([commitment.machine, None]))}
    dollars = draw(st.sampled_from([Decimal(500), Decimal(1)]))
    kind = CommitmentKind.SAVINGS_PLAN
    return replace(commitment, kind=kind, discount=Decimal("0.3"), usd_per_hour=dollars, **agreed)


def priced(plan: Plan, rate: HostRate) -> Priced:
    larger = _larger_prices(plan)
    pools = tuple(
        replace(
            pool,
            on_demand=larger.get(pool.on_demand, pool.on_demand),
            offers=tuple(replace(offer, price=larger.get(offer.price, offer.price)) for offer in pool.offers),
        )
        for pool in plan.pools
    )
    bought = tuple(
        replace(each, usd_per_hour=each.usd_per_hour * Decimal("1.07")) if each.basis is Basis.DERIVED else each
        for each in plan.commitments
    )
    dearer = replace(plan, pools=pools, commitments=bought)
    return Priced(plan, rate, estimate(dearer, _larger(rate)))


def _larger_prices(plan: Plan) -> dict[Price | None, Price]:
    rows = [
        price for pool in plan.pools for price in (pool.on_demand, *(offer.price for offer in pool.offers)) if price
    ]
    derived = dict.fromkeys(price for price in rows if price.is_derived)
    return {
        price: replace(price, usd_per_hour=price.usd_per_hour * factor)
        for price, factor in zip(derived, FACTORS, strict=False)
    }


def _larger(rate: HostRate) -> HostRate:
    if rate.basis is Basis.DERIVED:
        rate = replace(
            rate,
            usd_per_vcpu_hour=rate.usd_per_vcpu_hour * Decimal("1.17"),
            usd_per_gib_hour=rate.usd_per_gib_hour * Decimal("1.23"),
        )
    if rate.borrowed_from:
        rate = replace(
            rate,
            disk_usd_per_gib_month=rate.disk_usd_per_gib_month * Decimal("1.41"),
            control_plane_usd_per_hour=rate.control_plane_usd_per_hour * Decimal("1.19"),
        )
    return rate


@st.composite
def cases(draw):
    return priced(draw(plans()), draw(st.sampled_from(list(RATES.values()))))


some = cases()
many = settings(max_examples=150)


def assert_marked_where_changed(numbers):
    """Each a name, the mark, and the dollars as they are and with larger figures."""
    wrong = {name: mark for name, mark, was, now in numbers if mark != is_other(was, now)}
    assert wrong == {}


def is_other(was, now):
    """Whether an amount changes by more than what each of its lines may be rounded by."""
    if isinstance(was, Decimal):
        return abs(now - was) > ROUNDING
    return any(abs(now.at(size) - was.at(size)) > ROUNDING for size in SIZES)


@given(some)
@many
def test_what_is_paid_for_an_offer_is_marked_part_by_part(found):
    for pool, dearer in zip(found.told.pools, found.dearer.pools, strict=True):
        for offer, other in zip(pool.offers, dearer.offers, strict=True):
            was, now, derived = offer.parts, other.parts, offer.parts.derived
            assert_marked_where_changed(
                [
                    ("gpu", derived.gpu, was.gpu, now.gpu),
                    ("host", derived.host, was.host, now.host),
                    ("node", derived.node, was.gpu + was.host, now.gpu + now.host),
                    ("disk", derived.disk, was.disk, now.disk),
                    ("offer", offer.is_derived, offer.total, other.total),
                ]
            )
        assert_marked_where_changed([("pool", pool.is_derived, pool.total, dearer.total)])


@given(some)
@many
def test_what_nobody_alone_pays_is_marked(found):
    was, now = found.told, found.dearer
    assert_marked_where_changed(
        [
            (
                "control plane",
                was.shared.derived.control_plane,
                was.shared.control_plane,
                now.shared.control_plane,
            ),
            (
                "unused",
                was.shared.derived.unused_commitments,
                was.shared.unused_commitments,
                now.shared.unused_commitments,
            ),
        ]
    )
    for each, other in zip(was.commitments, now.commitments, strict=True):
        assert_marked_where_changed([("paid", each.is_derived, each.paid, other.paid)])
        for use_of_it, dearer in ((each.expected, other.expected), (each.maximum, other.maximum)):
            assert_marked_where_changed(
                [
                    ("used", use_of_it.is_used_derived, use_of_it.used, dearer.used),
                    ("unused", use_of_it.is_unused_derived, use_of_it.unused, dearer.unused),
                ]
            )
            assert use_of_it.is_on_demand_derived or use_of_it.on_demand == dearer.on_demand


@given(some)
@many
def test_every_step_of_every_pool_and_what_is_left_after_it_is_marked(found):
    for pool, dearer in zip(found.told.pools, found.dearer.pools, strict=True):
        assert_marked_where_changed(on_the_way(pool.savings, dearer.savings))
    # What is left at the end is the total, of which another test tells.
    assert_marked_where_changed(list(on_the_way(found.told.savings, found.dearer.savings))[:-1])


def on_the_way(was: Savings, now: Savings):
    yield "baseline", was.is_baseline_derived, was.baseline, now.baseline
    yield "saved", was.is_saved_derived, was.saved, now.saved
    left, other = was.baseline, now.baseline
    for line, dearer in zip(was.lines, now.lines, strict=True):
        left, other = left + line.usd_per_month, other + dearer.usd_per_month
        yield line.kind, line.is_derived, line.usd_per_month, dearer.usd_per_month
        yield f"after {line.kind}", line.is_left_derived, left, other


@given(some)
@many
def test_the_total_is_marked_exactly_where_one_of_its_lines_is(found):
    """A savings plan's used and unused dollars change and add up to the same: lines count, not their sum."""
    was, now = found.told, found.dearer
    for size in SIZES:
        lines = [
            *((pool.total, dearer.total) for pool, dearer in zip(was.pools, now.pools, strict=True)),
            *((each.unused, other.unused) for each, other in zip(was.commitments, now.commitments, strict=True)),
            (was.shared.control_plane, now.shared.control_plane),
        ]
        assert was.is_derived_at(size) == any(line.at(size) != dearer.at(size) for line, dearer in lines), size
    assert was.is_derived == any(was.is_derived_at(size) for size in SIZES)


@given(some)
@many
def test_what_a_team_pays_is_marked(found):
    teams = zip(found.told.teams, found.dearer.teams, strict=True)
    for team, dearer in teams:
        if team.kind is not TeamKind.SHARED:
            assert_marked_where_changed([(team.name, team.is_derived, team.total, dearer.total)])
            for share, other in zip(team.pools, dearer.pools, strict=True):
                assert_marked_where_changed([(share.pool, share.is_derived, share.total, other.total)])
    shared = found.told.shared.derived
    assert found.told.teams[-1].is_derived == (shared.control_plane or shared.unused_commitments)


def assert_rows_are_marked(was: Table, now: Table) -> None:
    """Each row with its mark where a cell changes; a sum where a row of its table is marked."""
    details = [row for row in was.rows if row.kind is not RowKind.TOTAL]
    for row, dearer in zip(was.rows, now.rows, strict=True):
        if row.kind is RowKind.TOTAL and row.name != "expected":
            assert row.is_derived == any(each.is_derived for each in details), (was.caption, row.name)
        else:
            assert row.is_derived == (row.cells != dearer.cells), (was.caption, row)


@given(some)
@many
def test_every_row_of_every_table_is_marked(found):
    was, now = found.told, found.dearer
    for table in (by_pool, by_capacity_type, by_team, savings, prices):
        assert_rows_are_marked(table(was), table(now))
    assert_rows_are_marked(pools_in_short(was, 5), pools_in_short(now, 5))
    # Where a price is cut into GPU and host is no matter for the sum.
    marks = [row.is_derived for row in by_part(was).rows[:-2]]
    names = ("gpu", "host", "disk", "control_plane", "unused_commitments")
    of_parts = [(getattr(was.parts, name), getattr(now.parts, name)) for name in names]
    assert_marked_where_changed((name, mark, *both) for name, mark, both in zip(names, marks, of_parts, strict=True))
    assert {row.is_derived for row in by_part(was).rows[-2:]} == {was.is_derived}


@given(some)
@many
def test_a_commitment_without_a_mark_has_no_derived_number(found):
    """A share in whole per cent may stay the same though its price does not."""
    if found.told.commitments:
        for row, dearer in zip(commitments(found.told).rows, commitments(found.dearer).rows, strict=True):
            assert row.is_derived or row.cells == dearer.cells


def test_the_cases_are_not_of_one_kind():
    """What the tests above would pass over in silence, were it never drawn."""
    seen: set[str] = set()

    @given(some)
    @many
    def look(found):
        parts, way = found.told.parts.derived, found.told.savings
        seen.update(name for name in ("node", "split", "disk", "control_plane") if getattr(parts, name))
        seen.update({"unused"} if parts.unused_commitments else ())
        seen.update({"split alone"} if parts.split and not parts.total else ())
        seen.update({"baseline alone"} if way.is_baseline_derived and not found.told.is_derived else ())
        seen.update({"nothing"} if not (parts.split or parts.total or way.is_baseline_derived) else ())
        seen.update({"stated"} if any(each.basis is None for each in found.plan.commitments) else ())

    look()
    assert seen == {
        "node",
        "split",
        "disk",
        "control_plane",
        "unused",
        "split alone",
        "baseline alone",
        "nothing",
        "stated",
    }
