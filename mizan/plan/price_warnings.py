"""What prices say against a pool's capacity types."""

from collections.abc import Iterator, Sequence

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import Order
from mizan.plan.fallback import Candidate
from mizan.plan.model import Offer, PoolPlan
from mizan.prices import PriceBook, UptimeKind, shipped


def of_prices(pools: Sequence[PoolPlan]) -> Iterator[str]:
    """Yield what prices say against capacity types, and where only public traces put spot behind."""
    for pool in pools:
        yield from price_doubts(pool)
        if _is_behind_by_traces(pool):
            yield (
                f"pool {pool.name}: spot costs less an hour, yet it is not tried first: by public traces it is "
                "interrupted too often for the queue's `workload`. Measure how long your spot nodes stay and write it "
                "as `meanUptimeHours`."
            )


def price_doubts(pool: PoolPlan) -> Iterator[str]:
    """Yield each capacity type of a pool that is left out, or kept although it is not worth it, with the numbers."""
    for candidate in pool.left_out:
        yield (
            f"pool {pool.name}: {candidate.capacity_type} is left out: {candidate.left_out}. "
            "Write `order: listed` to keep it."
        )
    for candidate in pool.doubtful:
        yield (
            f"pool {pool.name}: {candidate.capacity_type} is kept because a queue or `order: listed` names it, "
            f"though it is not worth it: {candidate.left_out}."
        )


def of_own_prices(book: PriceBook) -> Iterator[str]:
    """Yield each row of a stack's own price file that no pool can ever use, as a name in it is mistyped."""
    not_own = {row.file for row in shipped()}
    for row in book:
        if row.file in not_own:
            continue
        machine = machines().get(row.machine)
        if machine is None:
            yield f"{row.file}:{row.line}: no machine {row.machine} in the catalogue; this price is never used."
        elif machine.provider != row.provider:
            yield f"{row.file}:{row.line}: {row.machine} is a machine of {machine.provider}, not of {row.provider}."


def _is_behind_by_traces(pool: PoolPlan) -> bool:
    """Return whether only public traces keep a pool from trying its cheaper spot nodes first."""
    lost = [each for each in pool.left_out if each.worth.usd_per_useful_hour is None]
    weighed: tuple[Offer | Candidate, ...] = (*pool.offers, *lost)
    spot = next((each for each in weighed if each.capacity_type is CapacityType.SPOT), None)
    if spot is None or spot.worth.uptime is None or spot.worth.uptime.kind is not UptimeKind.TRACES:
        return False
    bought = [offer for offer in pool.offers if not offer.is_committed]
    if not bought or pool.order is not Order.PRICE or bought[0].price.usd_per_hour <= spot.price.usd_per_hour:
        return False
    # A queue's own order can put it behind as well, although its useful hour costs less.
    cost, cost_of_first = spot.worth.usd_per_useful_hour, bought[0].worth.usd_per_useful_hour
    return cost is None or (cost_of_first is not None and cost > cost_of_first)
