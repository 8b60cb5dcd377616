"""What holds for every stack: parts make up the whole to the cent, more is never cheaper, nothing is counted twice."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.catalogue import machines
from mizan.estimate import Dollars, Parts, SavingsKind, Size, estimate
from mizan.estimate.build import tariff_of
from mizan.estimate.coverage import is_shared
from mizan.estimate.filling import usable_nodes
from mizan.estimate.idle import keeps_nodes
from mizan.prices import HOURS_PER_MONTH
from mizan.prices.hosts import host_rate
from tests.builders import a_plan
from tests.strategies import some_min_nodes, stacks, within_its_pools, without_min_nodes

ALL = (Size.MINIMUM, Size.EXPECTED, Size.MAXIMUM)


@st.composite
def commitments(draw, pools):
    """Some for pools with on-demand capacity, larger and smaller than these."""
    fitting = [pool for pool in pools if "on-demand" in [item["type"] for item in pool["capacity"]]]
    found = []
    for index in range(draw(st.integers(0, 3)) if fitting else 0):
        dollars = draw(st.decimals("0.01", "500", places=4))
        # Google sells no savings plans.
        if machines()[fitting[0]["machine"]].provider == "aws" and draw(st.booleans()):
            percent = draw(st.integers(1, 90))
            plan = {"kind": "savings-plan", "usdPerHour": str(dollars), "discountPercent": percent}
        else:
            machine, nodes = draw(st.sampled_from(fitting))["machine"], draw(st.integers(1, 50))
            # Amazon sells no committed use.
            kinds = ["reservation"] if machines()[machine].provider == "aws" else ["reservation", "committed-use"]
            kind = draw(st.sampled_from(kinds))
            plan = {"kind": kind, "machine": machine, "nodes": nodes, "usdPerHour": str(dollars)}
        found.append({"name": f"c{index}", **plan})
    return found


@st.composite
def plans(draw, *, with_commitments=True):
    """A plan with uses, disks and commitments of any size; small pools, so that roundings count."""
    values = draw(stacks())
    for pool in values["pools"]:
        hours, percent = draw(st.integers(1, 168)), draw(st.integers(0, 100))
        pool["expectedUse"] = {"hoursPerWeek": hours, "utilisationPercent": percent}
        pool["diskGib"] = draw(st.integers(10, 2000))
        if draw(st.booleans()):
            sizes = [(item["type"], draw(st.integers(1, 5))) for item in pool["capacity"]]
            pool["capacity"] = [{"type": kind, "maxNodes": n} | draw(some_min_nodes(kind, n)) for kind, n in sizes]
    if with_commitments:
        values["commitments"] = draw(commitments(values["pools"]))
    return a_plan(within_its_pools(values))


def total(rows):
    return sum((row.total for row in rows), Dollars())


def shares_a_commitment(plan, pool):
    """Whether what a pool pays for idle nodes depends on what others run."""
    return keeps_nodes(pool) and is_shared(pool, tariff_of(plan))


def cents(plan):
    """What roundings can make of the same dollars, split among other offers."""
    return Decimal("0.01") * len(plan.offers)


def parts(rows):
    return sum((row.parts for row in rows), Parts())


@given(plans())
@settings(max_examples=60)
def test_pools_teams_capacity_types_and_parts_make_up_the_same_total(plan):
    found = estimate(plan)
    assert total(found.pools) + found.shared.total == found.total
    assert total(found.teams) == total(found.capacity_types) == found.total
    assert parts(found.teams) == parts(found.capacity_types) == found.parts
    for team in found.teams[:-1]:
        assert sum((share.total for share in team.pools), Dollars()) == team.total
    for size in ALL:
        assert found.total.at(size) == found.total.at(size).quantize(Decimal("0.01"))


@given(plans())
@settings(max_examples=60)
def test_the_way_down_to_expected_adds_up_to_the_cent(plan):
    found = estimate(plan)
    assert found.savings.baseline + sum(line.usd_per_month for line in found.savings.lines) == found.total.expected
    for pool in found.pools:
        assert pool.savings.expected == pool.total.expected
        assert pool.savings.of(SavingsKind.SCHEDULES) <= 0
        assert pool.savings.of(SavingsKind.SCALE_TO_ZERO) <= 0
        assert pool.savings.of(SavingsKind.INTERRUPTIONS) >= 0
    assert found.savings.of(SavingsKind.UNUSED_COMMITMENTS) >= 0


@given(plans())
@settings(max_examples=60)
def test_minimum_expected_and_maximum_are_in_this_order_with_commitments_too(plan):
    found = estimate(plan)
    assert found.total.minimum <= found.total.expected <= found.total.maximum + cents(plan)
    pools = zip(plan.pools, found.pools, strict=True)
    alone = [each.total for pool, each in pools if not shares_a_commitment(plan, pool)]
    for amount in alone:
        assert amount.minimum <= amount.expected <= amount.maximum
    if len(alone) < len(found.pools):
        # What a commitment leaves of the others' work pays for idle nodes: more work elsewhere can make a pool dearer.
        return
    for team in found.teams[:-1]:
        # Each of three parts is cut anew at every size, each time to the cent.
        assert team.total.minimum - Decimal("0.06") <= team.total.expected <= team.total.maximum + Decimal("0.06")


@given(plans())
@settings(max_examples=60)
def test_a_commitment_is_paid_once_whatever_is_used_of_it(plan):
    found = estimate(plan)
    rate = host_rate(plan.pools[0].machine.provider, plan.region)
    cash = Decimal(0)
    for pool in plan.pools:
        for offer in pool.offers:
            disks = offer.max_nodes * pool.disk_gib * rate.disk_usd_per_gib_month
            bought = offer.max_nodes - sum(offer.commitments.values())
            cash += disks + bought * offer.price.usd_per_hour * HOURS_PER_MONTH
    paid = sum(commitment.usd_per_hour for commitment in plan.commitments) * HOURS_PER_MONTH
    fee = rate.control_plane_usd_per_hour * HOURS_PER_MONTH
    # Each line is rounded by half a cent at most, what is paid in advance by a cent.
    lines = 2 * len(plan.offers) + len(plan.commitments) + 1
    assert abs(found.total.maximum - (cash + paid + fee)) <= lines * Decimal("0.01")
    for commitment in found.commitments:
        for used in (commitment.expected, commitment.maximum):
            assert used.used + used.unused == commitment.paid
            assert used.used >= 0
            assert used.unused >= 0
            assert 0 <= used.utilisation <= 1
            assert used.coverage is None or 0 <= used.coverage <= 1


@given(plans(), st.data())
@settings(max_examples=60)
def test_more_nodes_never_cost_less_at_the_maximum(plan, data):
    pool = data.draw(st.sampled_from(plan.pools))
    bought = [offer for offer in pool.offers if not offer.is_committed]
    if not bought:
        return
    offer = data.draw(st.sampled_from(bought))
    more = replace(offer, max_nodes=offer.max_nodes + data.draw(st.integers(1, 20)))
    larger = replace(pool, offers=tuple(more if each is offer else each for each in pool.offers))
    after = estimate(replace(plan, pools=tuple(larger if each is pool else each for each in plan.pools)))
    assert after.total.maximum > estimate(plan).total.maximum


@given(plans(), st.data())
@settings(max_examples=60)
def test_more_use_never_costs_less(plan, data):
    pool = data.draw(st.sampled_from(plan.pools))
    used = pool.expected_use
    more = used.model_copy(
        update={
            "hours_per_week": data.draw(st.integers(used.hours_per_week, 168)),
            "utilisation_percent": data.draw(st.integers(used.utilisation_percent, 100)),
        }
    )
    busier = replace(pool, expected_use=more)
    before = estimate(plan)
    after = estimate(replace(plan, pools=tuple(busier if each is pool else each for each in plan.pools)))
    assert after.total.expected >= before.total.expected
    assert after.total.maximum == before.total.maximum


@given(plans(with_commitments=False), st.sampled_from(["0.5", "2", "3"]))
@settings(max_examples=60)
def test_all_prices_times_k_is_the_dollars_times_k(plan, factor):
    k = Decimal(factor)
    rate = host_rate(plan.pools[0].machine.provider, plan.region)

    def scaled(price):
        return replace(price, usd_per_hour=price.usd_per_hour * k) if price else None

    pools = tuple(
        replace(
            pool,
            on_demand=scaled(pool.on_demand),
            offers=tuple(replace(offer, price=scaled(offer.price)) for offer in pool.offers),
        )
        for pool in plan.pools
    )
    dearer = replace(
        rate,
        usd_per_vcpu_hour=rate.usd_per_vcpu_hour * k,
        usd_per_gib_hour=rate.usd_per_gib_hour * k,
        disk_usd_per_gib_month=rate.disk_usd_per_gib_month * k,
        control_plane_usd_per_hour=rate.control_plane_usd_per_hour * k,
    )
    before, after = estimate(plan), estimate(replace(plan, pools=pools), dearer)
    # Each of three parts of each offer is rounded by half a cent, k times before and once after.
    most = Decimal("0.005") * (1 + k) * (4 * len(plan.offers) + 1)
    for size in ALL:
        for part in ("gpu", "host", "disk", "control_plane"):
            assert abs(getattr(after.parts, part).at(size) - k * getattr(before.parts, part).at(size)) <= most
        assert abs(after.total.at(size) - k * before.total.at(size)) <= most
    assert abs(after.savings.baseline - k * before.savings.baseline) <= most


@given(plans(with_commitments=False))
@settings(max_examples=40)
def test_no_offer_runs_more_nodes_than_it_has_and_all_work_is_done_or_told(plan):
    plan = replace(plan, pools=tuple(without_min_nodes(pool) for pool in plan.pools))
    for pool, cost in zip(plan.pools, estimate(plan).pools, strict=True):
        use = pool.expected_use
        work = usable_nodes(pool) * use.utilisation_percent / 100
        done = Decimal(0)
        for offer in cost.offers:
            assert 0 <= offer.expected_nodes <= offer.max_nodes
            done += offer.expected_nodes * 168 / use.hours_per_week * (1 - offer.lost_share)
        # Shown nodes are rounded to thousandths of a week's mean.
        tolerance = Decimal("0.001") * len(cost.offers) * 168 / use.hours_per_week + Decimal("0.001")
        assert abs(done + cost.undone_nodes - work) <= tolerance
