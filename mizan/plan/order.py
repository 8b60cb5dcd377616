"""In which order the autoscaler tries offers: the cheapest machine that fits, but each pool in its own order."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

# The highest that Karpenter knows. Source: kubernetes-sigs/karpenter@v1.14.1 pkg/apis/v1/nodepool.go, Weight.
HIGHEST_WEIGHT = 100


def weights(prices: Mapping[str, Decimal], pools: Iterable[tuple[str, ...]]) -> dict[str, int]:
    """Return the weight of every offer, 1 to 100, the first to be tried with the highest.

    A pod that no node has room for gets a node of the first pool in this order that it fits, is allowed on and whose
    limit has room; so a cheaper machine comes first wherever it is. Within a pool its own order counts: the pool's
    offers share out the places that their prices give them. From the hundredth offer on weights repeat, and of equal
    ones Karpenter tries the name later in the alphabet first; a pool's own order holds even there.
    Source: kubernetes-sigs/karpenter@v1.14.1 pkg/controllers/provisioning/scheduling/scheduler.go, addToNewNodeClaim;
    pkg/utils/nodepool/nodepool.go, OrderByWeight.

    Args:
        prices: of one machine for an hour, by offer.
        pools: each pool's offers in the order in which they are tried; together exactly the offers of `prices`.
    """
    ranking = sorted(prices, key=lambda offer: (prices[offer], offer))
    place = {offer: index for index, offer in enumerate(ranking)}
    found = {}
    for offers in pools:
        places = sorted(place[offer] for offer in offers)
        for behind, offer, index in zip(reversed(range(len(offers))), offers, places, strict=True):
            found[offer] = max(HIGHEST_WEIGHT - index, 1 + behind)
    return found
