"""From a Plan, or several, to an Estimate. Pure: the same Plan always costs the same."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from mizan.catalogue import Provider
from mizan.config import Cloud
from mizan.errors import PlatformError
from mizan.estimate.amounts import Dollars, Parts, Savings, Size
from mizan.estimate.capacity_types import capacity_type_costs
from mizan.estimate.commitment_costs import cost_of_commitment
from mizan.estimate.commitment_model import CommitmentCost
from mizan.estimate.coverage import covered_by
from mizan.estimate.least import least
from mizan.estimate.model import Estimate, StackCost, shared_by_all
from mizan.estimate.notes import notes_of
from mizan.estimate.pool_costs import AtSizes, price_pool
from mizan.estimate.pool_model import PoolCost
from mizan.estimate.prometheus_disk import prometheus_disk_cost
from mizan.estimate.running import as_expected, at_maximum
from mizan.estimate.savings import added
from mizan.estimate.tariff import Tariff, cents, monthly
from mizan.estimate.teams import merged_teams, team_costs
from mizan.plan import Plan, PoolPlan
from mizan.prices.hosts import HostRate, host_rate


def estimate(plan: Plan, rate: HostRate | None = None) -> Estimate:
    """Return what a stack costs.

    Args:
        plan: of the stack.
        rate: of its hosts, disks and control plane; None takes those of its provider and region.
    """
    tariff = tariff_of(plan, rate)
    expected = covered_by(plan.pools, [as_expected(pool) for pool in plan.pools], tariff)
    undisturbed = covered_by(
        plan.pools, [as_expected(pool, with_losses=False, with_warm=False) for pool in plan.pools], tariff
    )
    maximum = covered_by(plan.pools, [at_maximum(pool) for pool in plan.pools], tariff)
    priced = [
        price_pool(
            plan.stack,
            pool,
            AtSizes(minimum=kept, expected=as_is, undisturbed=calm, maximum=everything),
            tariff,
            plan.today,
        )
        for pool, kept, as_is, calm, everything in zip(
            plan.pools,
            least(plan.pools, expected.pools, tariff),
            expected.pools,
            undisturbed.pools,
            maximum.pools,
            strict=True,
        )
    ]
    pools = tuple(each.cost for each in priced)
    left_derived = {Size.EXPECTED: expected.left_derived, Size.MAXIMUM: maximum.left_derived}
    commitments = tuple(
        cost_of_commitment(plan.stack, each, priced, left_derived, plan.today) for each in plan.commitments
    )
    stack = _stack(plan, tariff.rate)
    shared = shared_by_all((stack,), commitments)
    return Estimate(
        stacks=(stack,),
        pools=pools,
        teams=team_costs(plan, pools, shared),
        capacity_types=capacity_type_costs(pools, shared),
        commitments=commitments,
        savings=_savings(pools, shared, commitments),
        notes=notes_of(plan, stack, pools, commitments),
    )


def merged(estimates: Iterable[Estimate]) -> Estimate:
    """Return several stacks in one estimate, each with its own control plane.

    Args:
        estimates: at least one, each of one stack or of several.

    Raises:
        PlatformError: one stack is in two of them.
    """
    different = tuple(estimates)
    stacks = tuple(stack for each in different for stack in each.stacks)
    _refuse_twice([stack.name for stack in stacks])
    pools = tuple(pool for each in different for pool in each.pools)
    commitments = tuple(commitment for each in different for commitment in each.commitments)
    shared = shared_by_all(stacks, commitments)
    return Estimate(
        stacks=stacks,
        pools=pools,
        teams=merged_teams(each.teams for each in different),
        capacity_types=capacity_type_costs(pools, shared),
        commitments=commitments,
        savings=_savings(pools, shared, commitments),
        notes=tuple(note for each in different for note in each.notes),
    )


def tariff_of(plan: Plan, rate: HostRate | None = None) -> Tariff:
    """Return the rates that a stack's nodes are priced by; see `estimate`."""
    return Tariff(
        rate=rate or host_rate(_provider(plan), plan.region),
        commitments={commitment.name: commitment for commitment in plan.commitments},
    )


def _savings(pools: Sequence[PoolCost], shared: Parts, commitments: Sequence[CommitmentCost]) -> Savings:
    is_unused_derived = any(each.expected.is_unused_derived for each in commitments)
    return added((pool.savings for pool in pools), shared, is_unused_derived=is_unused_derived)


def _stack(plan: Plan, rate: HostRate) -> StackCost:
    days = {day for pool in plan.pools for day in _price_dates(pool)} | {rate.as_of}
    days |= {each.as_of for each in plan.commitments if each.as_of is not None}
    return StackCost(
        name=plan.stack,
        cloud=plan.cloud,
        cluster=plan.cluster.name if plan.cluster else None,
        region=plan.region,
        provider=_provider(plan),
        today=plan.today,
        rate=rate,
        control_plane=_control_plane(plan, rate),
        prometheus_disk=prometheus_disk_cost(plan, rate),
        oldest=min(days),
        newest=max(days),
    )


def _control_plane(plan: Plan, rate: HostRate) -> Dollars:
    """Return the cluster's fee; one that exists already is paid where it was made."""
    if plan.cloud is Cloud.EXISTING:
        return Dollars()
    fee = cents(monthly(Decimal(1), rate.control_plane_usd_per_hour))
    return Dollars(minimum=fee, expected=fee, maximum=fee)


def _price_dates(pool: PoolPlan) -> Iterator[date]:
    yield from (offer.price.as_of for offer in pool.offers)
    if pool.on_demand is not None:
        yield pool.on_demand.as_of


def _provider(plan: Plan) -> Provider:
    """Return whose prices a stack has; a region, and so a stack, has one provider."""
    return plan.pools[0].machine.provider


def _refuse_twice(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise PlatformError(
                f"stack {name}",
                "in the estimate twice",
                needs="each stack once",
                because="its pools would be counted twice",
                fix="Name it once",
            )
