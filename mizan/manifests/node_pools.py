"""A Karpenter NodePool for an offer, whichever provider of Karpenter makes its nodes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mizan import keys
from mizan.manifests.manifest import MANAGED, Manifest, is_in, manifest, taints
from mizan.plan import Offer
from mizan.sharing import SharingMode

# An empty GPU node is paid for until it goes; 30 s outlasts the gap between two jobs of a queue.
CONSOLIDATE_AFTER_SECONDS = 30

# Karpenter's default of 720 h would end a long training run in mid-flight.
NEVER = "Never"


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """When nodes go.

    Attributes:
        others: how many nodes with pods on them Karpenter may replace at a time, such as `10%` or `0`.
        expire_after: age at which a node goes whatever runs on it, such as `24h`, or `Never`.
        grace: how long a node that must go waits for its pods, such as `90s`; None is for ever.
    """

    others: str
    consolidate_after_seconds: int = CONSOLIDATE_AFTER_SECONDS
    expire_after: str = NEVER
    grace: str | None = None


def node_pool(
    offer: Offer,
    *,
    node_class: Mapping[str, str],
    requirements: Sequence[Manifest],
    lifetime: Lifetime,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Return the NodePool of an offer: it scales from 0 to the offer's limit and back.

    Args:
        offer: its nodes carry the offer's labels and taints.
        node_class: group, kind and name.
        requirements: what a node must be; its capacity type is among them, so it is left out of the labels.
        lifetime: of its nodes.
        annotations: of its nodes.
    """
    body = manifest("karpenter.sh/v1", "NodePool", offer.name)
    template = {key: value for key, value in offer.labels.items() if key != keys.CAPACITY_TYPE}
    body["spec"] = {
        "template": {
            "metadata": {
                "labels": {**MANAGED, **template},
                **({"annotations": dict(annotations)} if annotations else {}),
            },
            "spec": {
                "nodeClassRef": dict(node_class),
                "taints": taints(offer.taints),
                "requirements": list(requirements),
                "expireAfter": lifetime.expire_after,
                **({"terminationGracePeriod": lifetime.grace} if lifetime.grace else {}),
            },
        },
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": f"{lifetime.consolidate_after_seconds}s",
            "budgets": _budgets(lifetime),
        },
        "weight": offer.weight,
        "limits": _limits(offer),
    }
    return body


def node_overlays(offers: Iterable[Offer]) -> list[Manifest]:
    """Return what a node offers instead of whole GPUs, which Karpenter cannot know: one NodeOverlay per such offer.

    Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/concepts/nodeoverlays.md.
    """
    return [_node_overlay(offer) for offer in offers if offer.sharing.is_made_by_operator]


def of_one_machine(offer: Offer, *capacity_types: str) -> list[Manifest]:
    """Return the requirements that leave one machine, bought in one of some ways."""
    return [
        is_in(keys.INSTANCE_TYPE, offer.machine.name),
        is_in(keys.CAPACITY_TYPE, *capacity_types),
        is_in(keys.ARCHITECTURE, "amd64"),
        is_in(keys.OPERATING_SYSTEM, "linux"),
    ]


def _node_overlay(offer: Offer) -> Manifest:
    """Return the overlay of an offer; a node is not made for a pod that asks for a whole GPU and would find none.

    What an overlay names stands in place of what the machine has, whole GPUs too.
    Source: kubernetes-sigs/karpenter@v1.14.1 pkg/cloudprovider/types.go, ApplyCapacityOverlay.
    """
    body = manifest("karpenter.sh/v1alpha1", "NodeOverlay", offer.name)
    amounts = {keys.NVIDIA_GPU: 0, **offer.resources}
    body["spec"] = {
        "requirements": [is_in(keys.NODE_POOL, offer.name)],
        "capacity": {resource: str(amount) for resource, amount in amounts.items()},
    }
    return body


def _limits(offer: Offer) -> dict[str, str]:
    """Return what keeps a pool at its largest size: its whole GPUs, or its vCPUs where GPUs are shared.

    Karpenter counts what it expects of a node that comes, and what the node itself says once it is there. Of shared
    GPUs these differ: a node has whole GPUs before the operator cuts them and none after, parts the other way round,
    and devices that pods claim are no resource of it at all. All nodes of a pool are of one machine and have its vCPUs
    at any time. A limit of `nodes` is not looked at while one pass makes several.
    Source: kubernetes-sigs/karpenter@v1.14.1 pkg/controllers/provisioning/scheduling/scheduler.go,
    filterByRemainingResources and subtractMax; pkg/controllers/state/statenode.go, Capacity;
    https://github.com/kubernetes-sigs/karpenter/issues/2915 for `nodes`.
    """
    if offer.sharing.mode is SharingMode.NONE:
        return {resource: str(amount * offer.max_nodes) for resource, amount in offer.resources.items()}
    return {"cpu": str(offer.machine.vcpus * offer.max_nodes)}


def _budgets(lifetime: Lifetime) -> list[Manifest]:
    """Return how many nodes may go at a time, by reason; one that no budget names would have no limit at all.

    Karpenter's default of 10 % leaves a burst's empty nodes to go in rows, and all of them are paid for until then.
    Source: kubernetes-sigs/karpenter@v1.14.1 pkg/apis/v1/nodepool.go, GetAllowedDisruptionsByReason.
    """
    return [
        {"nodes": "100%", "reasons": ["Empty"]},
        {"nodes": lifetime.others, "reasons": ["Drifted", "Underutilized"]},
    ]
