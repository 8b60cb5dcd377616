"""What is paid for nodes at the least: for those that are kept while nobody works.

That is the smallest bill but where warm nodes are others than work takes: an order that a stack lists can put a dear
offer before the one that a queue counts. There the smallest bill is the expected one. Pools that share a commitment are
taken together, as what one of them leaves of it pays for nodes of the others.
"""

from collections.abc import Sequence
from decimal import Decimal

from mizan.estimate.amounts import NOTHING
from mizan.estimate.bills import bills_of, in_cash
from mizan.estimate.coverage import Settled, covered_by, is_shared
from mizan.estimate.running import at_minimum
from mizan.estimate.tariff import Tariff
from mizan.plan import PoolPlan


def least(pools: Sequence[PoolPlan], expected: Sequence[Settled], tariff: Tariff) -> tuple[Settled, ...]:
    """Return how each pool is paid for at the least; what is paid in advance comes on top, used or not.

    Args:
        pools: of one stack, in its order.
        expected: what is expected to run of each, and how it is paid for.
        tariff: of the stack.
    """
    idle = covered_by(pools, [at_minimum(pool) for pool in pools], tariff).pools
    saved = [
        _cash(pool, kept, tariff) - _cash(pool, busy, tariff)
        for pool, kept, busy in zip(pools, idle, expected, strict=True)
    ]
    together = [is_shared(pool, tariff) for pool in pools]
    saved_together = sum((usd for usd, is_together in zip(saved, together, strict=True) if is_together), NOTHING)
    return tuple(
        busy if (saved_together if is_together else usd) > 0 else kept
        for kept, busy, usd, is_together in zip(idle, expected, saved, together, strict=True)
    )


def _cash(pool: PoolPlan, settled: Settled, tariff: Tariff) -> Decimal:
    return in_cash(bills_of(pool, settled, tariff))
