"""Estimates for tests: of a made-up company's stack, and put together by hand, so that each number is known."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from mizan.capacity import CapacityType
from mizan.config import BudgetOn, Cloud, CommitmentKind
from mizan.estimate import (
    BudgetLevel,
    BudgetSubject,
    BudgetVerdict,
    CapacityKind,
    CapacityTypeCost,
    Change,
    CommitmentCost,
    CommitmentUse,
    Dollars,
    Estimate,
    Note,
    NoteKind,
    OfferCost,
    Parts,
    PoolCost,
    PoolShare,
    PoolSpending,
    Savings,
    SavingsKind,
    SavingsLine,
    StackCost,
    TeamCost,
    TeamKind,
)
from mizan.estimate.derived import Derived
from mizan.prices import Basis, Price
from mizan.prices.hosts import HostRate
from tests.builders import TODAY, a_pool, a_stack, a_team, with_value


def a_company_stack(**changes: object) -> dict[str, Any]:
    """Five pools, four teams, commitments and budgets; spot that is left out, and prices that are derived."""
    queue = {"fallback": "capacity"}
    return (
        a_stack(
            region="us-east-1",
            pools=[
                a_pool(
                    name="train",
                    machine="p4d.24xlarge",
                    capacity=[{"type": "spot", "maxNodes": 8}, {"type": "on-demand", "maxNodes": 4}],
                    expectedUse={"hoursPerWeek": 120, "utilisationPercent": 70},
                ),
                a_pool(
                    name="large",
                    machine="p5.48xlarge",
                    gpu="h100-80gb",
                    capacity=[{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 2}],
                ),
                a_pool(
                    name="single",
                    machine="p5.4xlarge",
                    gpu="h100-80gb",
                    capacity=[{"type": "spot", "maxNodes": 4}, {"type": "on-demand", "maxNodes": 4}],
                ),
                a_pool(
                    name="serve",
                    machine="g5.12xlarge",
                    gpu="a10g",
                    capacity=[{"type": "on-demand", "maxNodes": 6}],
                    expectedUse={"utilisationPercent": 80},
                ),
                a_pool(
                    name="notebooks",
                    machine="g5.2xlarge",
                    gpu="a10g",
                    capacity=[{"type": "spot", "maxNodes": 10}, {"type": "on-demand", "maxNodes": 2}],
                    expectedUse={"hoursPerWeek": 50, "utilisationPercent": 60},
                    diskGib=200,
                ),
            ],
            queues=[
                {
                    "name": "training",
                    **queue,
                    "quotas": [{"pool": "train", "gpus": 64}, {"pool": "large", "gpus": 16}],
                    "workload": {"nodes": 4, "checkpointWriteSeconds": 60, "restartSeconds": 300},
                },
                {"name": "research", **queue, "quotas": [{"pool": "train", "gpus": 32}, {"pool": "single", "gpus": 8}]},
                {"name": "serving", **queue, "quotas": [{"pool": "serve", "gpus": 24}]},
                {"name": "notebooks", **queue, "quotas": [{"pool": "notebooks", "gpus": 10}]},
            ],
            teams=[
                a_team(name="language", queues=["training"], budget={"usdPerMonth": 150000}),
                a_team(name="vision", queues=["training", "research"]),
                a_team(name="assistants", queues=["serving"]),
                a_team(name="students", queues=["notebooks", "research"]),
            ],
            jobs=[],
            spot={"openBandPercent": 30},
            commitments=[
                {"name": "serve-block", "kind": "reservation", "machine": "g5.12xlarge", "nodes": 3},
                {"name": "compute-plan", "kind": "savings-plan", "usdPerHour": 20, "discountPercent": 35},
            ],
            budget={"usdPerMonth": 90000},
        )
        | changes
    )


def the_company_before() -> dict[str, Any]:
    """The same stack before a change: fewer spot nodes, notebooks day and night, a pool that is gone."""
    values = with_value(a_company_stack(), "pools[0].capacity[0].maxNodes", 4)
    values = with_value(values, "pools[4].expectedUse.hoursPerWeek", 168)
    old = a_pool(name="old", machine="g5.12xlarge", gpu="a10g", capacity=[{"type": "on-demand", "maxNodes": 2}])
    values["pools"].append(old)
    values["queues"][2]["quotas"].append({"pool": "old", "gpus": 8})
    return values


def usd(minimum: str, expected: str, maximum: str) -> Dollars:
    return Dollars(minimum=Decimal(minimum), expected=Decimal(expected), maximum=Decimal(maximum))


def a_price(**changes: Any) -> Price:
    return replace(
        Price(
            provider="gcp",
            region="us-central1",
            zone="",
            machine="a2-highgpu-4g",
            capacity_type=CapacityType.SPOT,
            usd_per_hour=Decimal("7.712134"),
            as_of=TODAY,
            basis=Basis.LISTED,
            source="a list",
            file="mizan/prices/prices.csv",
            line=265,
        ),
        **changes,
    )


def an_offer(**changes: Any) -> OfferCost:
    """A spot offer: 0.00, 405.00 and 1,610.00 dollars."""
    return replace(
        OfferCost(
            name="spot-a100",
            capacity_type=CapacityType.SPOT,
            price=a_price(),
            commitments={},
            is_committed=False,
            max_nodes=2,
            expected_nodes=Decimal("0.75"),
            lost_share=Decimal("0.1449"),
            is_feasible=True,
            parts=Parts(
                gpu=usd("0.00", "300.00", "1200.00"),
                host=usd("0.00", "100.00", "400.00"),
                disk=usd("0.00", "5.00", "10.00"),
            ),
            is_stale=False,
        ),
        **changes,
    )


def an_on_demand_offer(**changes: Any) -> OfferCost:
    """An on-demand offer: 0.00, 71.50 and 1,205.00 dollars."""
    price = a_price(capacity_type=CapacityType.ON_DEMAND, usd_per_hour=Decimal("14.6935"), line=264)
    parts = Parts(
        gpu=usd("0.00", "50.50", "900.00"), host=usd("0.00", "20.00", "300.00"), disk=usd("0.00", "1.00", "5.00")
    )
    offer = an_offer(
        name="ondemand-a100",
        capacity_type=CapacityType.ON_DEMAND,
        price=price,
        max_nodes=1,
        expected_nodes=Decimal("0.1"),
        lost_share=Decimal(0),
        parts=parts,
    )
    return replace(offer, **changes)


def the_way_down(baseline: str, **steps: str) -> Savings:
    """Savings with the given steps, by the names of `SavingsKind` with underscores; the others are 0."""
    lines = tuple(
        SavingsLine(
            kind=kind,
            usd_per_month=Decimal(steps.pop(kind.value.replace("-", "_"), "0.00")),
            is_derived=False,
            is_left_derived=False,
        )
        for kind in SavingsKind
    )
    assert not steps
    return Savings(baseline=Decimal(baseline), lines=lines, is_baseline_derived=False, is_saved_derived=False)


def derived_from(kind: SavingsKind, way: Savings) -> Savings:
    """The same way down, on which a derived price comes in with one step."""
    order = list(SavingsKind)
    lines = tuple(
        replace(line, is_derived=line.kind is kind, is_left_derived=order.index(line.kind) >= order.index(kind))
        for line in way.lines
    )
    return replace(way, lines=lines, is_saved_derived=True)


def a_pool_cost(**changes: Any) -> PoolCost:
    """A pool: 0.00, 476.50 and 2,815.00 dollars."""
    return replace(
        PoolCost(
            stack="prod",
            name="a100",
            machine="a2-highgpu-4g",
            gpu="a100-40gb",
            gpus_per_node=4,
            hours_per_week=84,
            utilisation_percent=50,
            disk_gib=100,
            undone_nodes=Decimal(0),
            offers=(an_offer(), an_on_demand_offer()),
            on_demand=an_on_demand_offer().price,
            is_on_demand_stale=False,
            savings=the_way_down(
                "2927.00", schedules="-1000.00", scale_to_zero="-1000.50", spot="-500.00", interruptions="50.00"
            ),
            left_out=(),
        ),
        **changes,
    )


def a_stack_cost(**changes: Any) -> StackCost:
    return replace(
        StackCost(
            name="prod",
            cloud=Cloud.LOCAL,
            cluster=None,
            region="us-central1",
            provider="gcp",
            today=TODAY,
            rate=HostRate(
                provider="gcp",
                region="us-central1",
                usd_per_vcpu_hour=Decimal("0.031611"),
                usd_per_gib_hour=Decimal("0.004237"),
                disk_usd_per_gib_month=Decimal("0.1"),
                control_plane_usd_per_hour=Decimal("0.1"),
                as_of=TODAY,
                basis=Basis.LISTED,
                source="another list",
            ),
            control_plane=usd("73.00", "73.00", "73.00"),
            oldest=TODAY,
            newest=TODAY,
        ),
        **changes,
    )


def an_estimate(**changes: Any) -> Estimate:
    """A stack of one pool and one team: 73.00, 549.50 and 2,888.00 dollars."""
    shared = Parts(control_plane=usd("73.00", "73.00", "73.00"))
    share = Parts(gpu=usd("0.00", "400.00", "2000.00"))
    rest = Parts(gpu=usd("0.00", "76.50", "815.00"))
    return replace(
        Estimate(
            stacks=(a_stack_cost(),),
            pools=(a_pool_cost(),),
            teams=(
                a_team_cost(TeamKind.TEAM, "team-a", share),
                a_team_cost(TeamKind.UNASSIGNED, "unassigned", rest),
                TeamCost(kind=TeamKind.SHARED, name="shared", parts=shared, pools=()),
            ),
            capacity_types=(
                a_capacity_cost(CapacityKind.SPOT, an_offer()),
                a_capacity_cost(CapacityKind.ON_DEMAND, an_on_demand_offer()),
                CapacityTypeCost(kind=CapacityKind.SHARED, max_nodes=0, expected_nodes=Decimal(0), parts=shared),
            ),
            commitments=(),
            savings=the_way_down(
                "3000.00", schedules="-1000.00", scale_to_zero="-1000.50", spot="-500.00", interruptions="50.00"
            ),
            notes=(a_note("Prices of us-central1 are of today."),),
        ),
        **changes,
    )


def a_derived_estimate() -> Estimate:
    """The same, with a derived spot price."""
    parts = replace(an_offer().parts, derived=Derived(node=True, gpu=True, host=True))
    offer = an_offer(price=a_price(basis=Basis.DERIVED), parts=parts)
    whole = an_estimate()
    team, unassigned, shared = whole.teams
    return replace(
        whole,
        pools=(a_pool_cost(offers=(offer, an_on_demand_offer())),),
        teams=(_derived(team), _derived(unassigned), shared),
        capacity_types=(a_capacity_cost(CapacityKind.SPOT, offer), *whole.capacity_types[1:]),
        savings=derived_from(SavingsKind.SPOT, whole.savings),
    )


def a_team_cost(kind: TeamKind, name: str, parts: Parts) -> TeamCost:
    shares = (PoolShare(stack="prod", pool="a100", total=parts.total, is_derived=parts.derived.total),)
    return TeamCost(kind=kind, name=name, parts=parts, pools=shares)


def _derived(team: TeamCost) -> TeamCost:
    """The same, with a derived price in it."""
    parts = replace(team.parts, derived=Derived(node=True, gpu=True, host=True))
    return a_team_cost(team.kind, team.name, parts)


def a_capacity_cost(kind: CapacityKind, offer: OfferCost) -> CapacityTypeCost:
    return CapacityTypeCost(
        kind=kind,
        max_nodes=offer.max_nodes,
        expected_nodes=offer.expected_nodes,
        parts=offer.parts,
    )


def a_note(text: str, **changes: Any) -> Note:
    return replace(Note(kind=NoteKind.PRICE_DATES, stack="prod", about=None, text=text), **changes)


def a_commitment(**changes: Any) -> CommitmentCost:
    """A reservation of 3,650.00 dollars, of which 912.50 are unused as expected."""
    expected = CommitmentUse(
        nodes=Decimal("0.75"),
        used=Decimal("2737.50"),
        unused=Decimal("912.50"),
        on_demand=Decimal("2737.50"),
        coverage=Decimal("0.5"),
        utilisation=Decimal("0.75"),
        is_used_derived=False,
        is_unused_derived=False,
        is_on_demand_derived=False,
    )
    maximum = replace(
        expected, nodes=Decimal(1), used=Decimal("3650.00"), unused=Decimal("0.00"), utilisation=Decimal(1)
    )
    return replace(
        CommitmentCost(
            stack="prod",
            name="block",
            kind=CommitmentKind.RESERVATION,
            machine="a2-highgpu-4g",
            nodes=1,
            usd_per_hour=Decimal(5),
            discount=None,
            source="the stack's own figure",
            as_of=None,
            basis=None,
            is_stale=False,
            until=None,
            paid=Decimal("3650.00"),
            expected=expected,
            maximum=maximum,
        ),
        **changes,
    )


def a_verdict(**changes: Any) -> BudgetVerdict:
    """A budget of 1,000.00 dollars that is kept."""
    return replace(
        BudgetVerdict(
            subject=BudgetSubject.STACK,
            path=("budget",),
            stack="prod",
            name="prod",
            level=BudgetLevel.OK,
            on=BudgetOn.EXPECTED,
            budget=Decimal(1000),
            advisory_percent=80,
            spent=Decimal("549.50"),
            is_derived=False,
            costliest=(PoolSpending(pool="a100", usd_per_month=Decimal("476.50"), is_derived=False),),
        ),
        **changes,
    )


def an_exceeded_budget(**changes: Any) -> BudgetVerdict:
    """A budget of 500.00 dollars that one change would keep."""
    fits = Change(text="pool a100: maxNodes of spot 2 -> 1", usd_per_month=Decimal("420.00"))
    return replace(a_verdict(level=BudgetLevel.EXCEEDED, budget=Decimal(500), changes=(fits,)), **changes)
