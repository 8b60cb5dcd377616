"""What the nodes of an offer are, as Karpenter is told to make them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from mizan import keys
from mizan.agreement.documents import Documents, instance_type, known_as, name
from mizan.agreement.model import Fact, Said, words
from mizan.agreement.nodes import Nodes, Resources, taint
from mizan.agreement.planned import zones_in_words
from mizan.capacity import CapacityType
from mizan.manifests.manifest import Manifest
from mizan.plan import Offer

# What a simulated machine has beside GPUs, and what a limit may count instead of them.
_NO_GPUS = frozenset({"cpu", "memory", "ephemeral-storage", "pods"})

_KIND = (keys.ARCHITECTURE, keys.OPERATING_SYSTEM, keys.GPU_NAME, keys.GPU_MANUFACTURER)


def nodes_by_karpenter(pool: Manifest, offer: Offer, documents: Documents) -> Nodes:
    """Return the nodes of a NodePool."""
    template, limits = pool["spec"]["template"], pool["spec"]["limits"]
    required = {each["key"]: each["values"] for each in template["spec"]["requirements"] if each["operator"] == "In"}
    labels, bought = dict(template["metadata"]["labels"]), required.get(keys.CAPACITY_TYPE, ())
    # Karpenter's own label says how it buys them; ours is there where its words are others.
    if keys.OWN_CAPACITY_TYPE not in labels:
        labels[keys.CAPACITY_TYPE] = ",".join(bought)
    nodes = Nodes(
        document=name(pool),
        machine=",".join(required.get(keys.INSTANCE_TYPE, ())),
        capacity_type=_bought(bought),
        places=tuple(required.get(keys.ZONE, ())),
        labels=labels,
        taints=frozenset(taint(each) for each in template["spec"]["taints"]),
        most=_most(limits, offer),
        said=_said(pool, required, documents),
        weight=pool["spec"]["weight"],
    )
    overlay = _overlay(offer, documents)
    if overlay is not None:
        nodes = replace(nodes, overlay=words(name(overlay), _aims(overlay)))
    return replace(nodes, resources=tuple(_resources(nodes, pool, overlay, offer, documents)))


def _said(pool: Manifest, required: Mapping[str, list[str]], documents: Documents) -> dict[Fact, Said]:
    document, reference = name(pool), pool["spec"]["template"]["spec"]["nodeClassRef"]
    found: dict[Fact, Mapping[str, str]] = {
        Fact.KIND: _required(required, _KIND),
        Fact.GPUS: _required(required, [keys.GPU_COUNT]),
        Fact.ZONES: zones_in_words(required.get(keys.ZONE, ())),
        Fact.OWNER: pool["metadata"]["labels"],
    }
    said = {fact: Said(document=document, values=values) for fact, values in found.items()}
    node_class = documents.named(reference["kind"], reference["name"])
    tags = node_class["spec"].get("tags", {}) if node_class is not None else {}
    return said | {Fact.BILL: Said(document=known_as(reference["kind"], reference["name"]), values=tags)}


def _required(required: Mapping[str, list[str]], wanted: Iterable[str]) -> dict[str, str]:
    return {key: ",".join(required[key]) for key in wanted if key in required}


def _bought(kinds: Iterable[str]) -> str:
    """Return how nodes are bought: into a reservation or beside it they are on-demand."""
    found = {kind if kind in set(CapacityType) else CapacityType.ON_DEMAND.value for kind in kinds}
    return ",".join(sorted(found))


def _most(limits: Mapping[str, str], offer: Offer) -> Fraction | None:
    """Return how many nodes a limit allows; it counts what each node of the machine has."""
    per_node = {"cpu": offer.machine.vcpus, keys.NVIDIA_GPU: offer.machine.gpus}
    found = [Fraction(int(amount), per_node[resource]) for resource, amount in limits.items() if resource in per_node]
    return min(found, default=None)


def _overlay(offer: Offer, documents: Documents) -> Manifest | None:
    """Return the overlay that is for an offer, or else the one that bears its name."""
    named = documents.named("NodeOverlay", offer.name)
    if named is not None and offer.name in _aims(named):
        return named
    return next((body for body in documents.of_kind("NodeOverlay") if offer.name in _aims(body)), named)


def _aims(overlay: Manifest) -> list[str]:
    return [
        pool
        for each in overlay["spec"]["requirements"]
        if (each["key"], each["operator"]) == (keys.NODE_POOL, "In")
        for pool in each["values"]
    ]


def _resources(
    nodes: Nodes, pool: Manifest, overlay: Manifest | None, offer: Offer, documents: Documents
) -> Iterator[Resources]:
    """Yield what Karpenter expects of a node: its overlay stands in place of what the machine has.

    Where pods claim devices the device plugin is not there, and no node has resources of its making.
    """
    if any(documents.of_kind("DeviceClass")) or any(documents.of_kind("ResourceClaimTemplate")):
        return
    simulated = documents.instance_types.get(nodes.machine)
    told = pool["spec"]["template"]["metadata"].get("annotations", {}).get(keys.SIMULATED_RESOURCES)
    if overlay is not None:
        yield _per_gpu(name(overlay), overlay["spec"]["capacity"], offer)
    if told is not None:
        yield _per_gpu(nodes.document, json.loads(told), offer)
    # Without its overlay nobody says what becomes of them.
    if overlay is None and told is None and not offer.sharing.is_made_by_operator:
        if simulated is not None:
            yield _per_gpu(instance_type(str(simulated["name"])), simulated["resources"], offer)
        else:
            yield Resources(document=nodes.document, per_gpu={keys.NVIDIA_GPU: Fraction(1)})


def _per_gpu(document: str, amounts: Mapping[str, str | None], offer: Offer) -> Resources:
    per_node = {key: int(amount or 0) for key, amount in amounts.items() if key not in _NO_GPUS}
    per_gpu = {key: Fraction(amount, offer.machine.gpus) for key, amount in per_node.items() if amount}
    return Resources(document=document, per_gpu=per_gpu)
