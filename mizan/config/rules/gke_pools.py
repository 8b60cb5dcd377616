"""Rules about pools on GKE: what no node pool can be at once.

Source, where no other is named: GoogleCloudPlatform/cluster-toolkit@1047080 modules/compute/gke-node-pool/main.tf,
preconditions.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from mizan.capacity import CapacityType, offer_name
from mizan.catalogue import gpu_models
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, CommitmentKind, Fallback
from mizan.config.part import Part
from mizan.config.rules.sharing import manager_of, mode_of
from mizan.sharing import Manager, SharingMode

# Of a node pool; a name prefix of 31 gets 9 more.
# Source: hashicorp/terraform-provider-google-beta@93c65b2 website/docs/r/container_node_pool.html.markdown.
NAME_LENGTH = 40

# A ComputeClass bears the name of its pool; these are GKE's own.
# Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/cloudprovider/gke/labels/system_labels.go, DefaultCCCName;
# https://docs.cloud.google.com/kubernetes-engine/docs/concepts/about-built-in-compute-classes, read 2026-11-23.
CLASSES_OF_GKE = frozenset({"default", "autopilot", "autopilot-spot"})

# By machine family, the most nodes that stand close together; others cannot.
# Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/cloudprovider/gke/machinetypes/
# deprecated_machine_types_config.go, maxCompactPlacementNodes.
MOST_COMPACT_NODES: Mapping[str, int] = MappingProxyType({"a2": 150, "a3": 96, "a4": 1500, "g2": 150, "g4": 1500})
COMPACT_FLEX_START = ("a3-ultragpu-", "a4-")

KEPT = frozenset({CommitmentKind.RESERVATION, CommitmentKind.DWS_CALENDAR})


def node_pools_have_short_names(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool with an offer whose name is too long for a node pool, or a name that GKE has."""
    for pool in _pools(stack):
        name = pool["name"]
        offers = [offer_name(name.text or "", kind) for kind in _kinds(pool)]
        longest = max(offers, key=len, default="")
        if name.text is not None and len(longest) > NAME_LENGTH:
            yield ConfigFault(
                name.path,
                name.text,
                needs=f"at most {NAME_LENGTH - len(longest) + len(name.text)} characters",
                because=f"node pool {longest} would have {len(longest)}, and GKE takes {NAME_LENGTH}",
                fix="Choose a shorter name",
            )
        if name.text in CLASSES_OF_GKE:
            yield ConfigFault(
                name.path,
                name.text,
                needs="a name that GKE does not have itself",
                because="the pool's ComputeClass bears it, and would change where everybody else's pods run",
                fix="Name it after its GPU, such as `a100`",
            )


def gke_cuts_gpus_into_sizes_that_it_has(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool whose GPUs GKE is to cut into a size that it does not know, though NVIDIA does."""
    for pool in _pools(stack):
        gpu, profile = gpu_models().get(pool["gpu"].text or ""), pool["sharing"]["profile"]
        if gpu is None or mode_of(pool) is not SharingMode.MIG or manager_of(stack, pool) is not Manager.GKE:
            continue
        if any(profile.text == each.name and not each.is_on_gke for each in gpu.mig_profiles):
            sizes = ", ".join(each.name for each in gpu.mig_profiles if each.is_on_gke)
            yield ConfigFault(
                profile.path,
                profile.text,
                needs=f"a partition size that GKE has for {gpu.name}: {sizes}",
                because="with any other its autoscaler makes no node, or its device plugin offers nothing on it",
                fix="Write one of these, or `manager: operator` with `minNodes: 1`",
            )


def queued_nodes_are_flex_start(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool with queued nodes that buys none, keeps some warm, or mixes them with others."""
    for pool in _pools(stack):
        queued, kinds = pool["gke"]["queued"], _kinds(pool)
        if queued.value is not True:
            continue
        if CapacityType.FLEX_START not in kinds:
            yield ConfigFault(
                queued.path,
                True,
                needs="flex-start among the pool's capacity",
                because="only flex-start nodes can be asked for all together",
                fix="Add `{type: flex-start, maxNodes: 4}` to `capacity`, or remove `queued`",
            )
        elif len(kinds) > 1 and not _is_counted_apart(stack, pool["name"].text):
            yield ConfigFault(
                queued.path,
                True,
                needs="flex-start alone, or queues with `fallback: quota`",
                because="Kueue asks for queued nodes before it admits a job, and here the autoscaler would choose "
                "among the pool's capacity types only afterwards",
                fix="Give flex-start a pool of its own",
            )
        if pool["warm"].value is not None:
            yield ConfigFault(
                pool["warm"].path,
                pool["warm"].value,
                needs="no warm nodes",
                because="queued nodes come for one job and go with it; GKE takes no minimum above 0 for them",
                fix="Remove `warm`, or keep nodes warm in another pool",
            )


def compact_nodes_fit_one_place(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool whose nodes are to stand close together and cannot."""
    for pool in _pools(stack):
        compact, machine = pool["gke"]["compactPlacement"], pool["machine"].text or ""
        if compact.value is not True:
            continue
        family = machine.split("-", maxsplit=1)[0]
        zones = _zones(stack, pool)
        if pool["gke"]["queued"].value is True:
            yield _not_compact(compact, "no queued nodes", "GKE places queued nodes where it finds them", "queued")
        if len(zones) != 1:
            yield ConfigFault(
                compact.path,
                True,
                needs=f"one zone, not {len(zones) or 'any'}",
                because="close together means within a zone",
                fix="Write one zone to the pool's `zones`",
            )
        if machine and family not in MOST_COMPACT_NODES:
            yield _not_compact(
                compact,
                f"a machine of {', '.join(sorted(MOST_COMPACT_NODES))}",
                f"GKE places no {family} nodes close together",
                "compactPlacement",
            )
        yield from _too_many(pool, MOST_COMPACT_NODES.get(family))
        if CapacityType.FLEX_START in _kinds(pool) and not machine.startswith(COMPACT_FLEX_START):
            yield _not_compact(
                compact,
                "no flex-start",
                f"of flex-start nodes GKE places only {' and '.join(COMPACT_FLEX_START)}* close together",
                "compactPlacement",
            )


def _not_compact(compact: Part, needs: str, because: str, remove: str) -> ConfigFault:
    return ConfigFault(compact.path, True, needs=needs, because=because, fix=f"Remove `{remove}`")


def _too_many(pool: Part, most: int | None) -> Iterator[ConfigFault]:
    for capacity in pool["capacity"].items:
        nodes = capacity["maxNodes"]
        if most is not None and nodes.number is not None and nodes.number > most:
            yield ConfigFault(
                nodes.path,
                nodes.number,
                needs=f"at most {most}",
                because="no more of them stand close together",
                fix=f"Write `{most}`, or make a second pool",
            )


def surges_have_something_to_upgrade(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool with a surge that no upgrade ever uses."""
    for pool in _pools(stack):
        surge = pool["gke"]["maxSurge"]
        if surge.number and _kinds(pool) == [CapacityType.FLEX_START]:
            yield ConfigFault(
                surge.path,
                surge.number,
                needs="0",
                because="GKE upgrades no flex-start node: it ends within seven days, and the next one is new",
                fix="Remove `maxSurge`",
            )


def reservations_say_where_they_are(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool that a reservation pays for, and whose nodes it would not hold.

    Source: https://cloud.google.com/compute/docs/instances/define-instance-placement, read 2026-11-22.
    """
    kept = {
        commitment["machine"].text: commitment["name"].text
        for commitment in stack["commitments"].items
        if commitment["kind"].text in KEPT
    }
    first = f"{stack['region'].text}-a"
    for pool in _pools(stack):
        name = kept.get(pool["machine"].text)
        if name is None or CapacityType.ON_DEMAND not in _kinds(pool):
            continue
        zones, compact = sorted(set(_zones(stack, pool))), pool["gke"]["compactPlacement"]
        if len(zones) != 1:
            yield ConfigFault(
                pool["zones"].path,
                zones or "nothing",
                needs=f"the zone of reservation {name}",
                because="a reservation lies in one zone, and its nodes would be looked for in others too",
                fix=f"Write `[{next(iter(zones), first)}]`, or wherever it is",
            )
        if compact.value is True:
            yield _not_compact(
                compact,
                f"no reservation, but {name} pays for nodes of the pool",
                "GKE makes a placement policy for the pool, and a reservation has machines for its own alone",
                "compactPlacement",
            )


def _pools(stack: Part) -> tuple[Part, ...]:
    return stack["pools"].items if stack["cloud"].text == Cloud.GKE else ()


def _kinds(pool: Part) -> list[CapacityType]:
    written = {capacity["type"].text for capacity in pool["capacity"].items}
    return [kind for kind in CapacityType if kind in written]


def _zones(stack: Part, pool: Part) -> list[str]:
    """Return the zones that a pool's nodes may be in, as far as the stack says it."""
    gke = stack["gke"]
    for zones in (pool["zones"].items, gke["nodeZones"].items, (gke["zone"],)):
        named = [zone.text for zone in zones if zone.text is not None]
        if named:
            return named
    return []


def _is_counted_apart(stack: Part, pool: str | None) -> bool:
    """Return whether a queue counts a pool's capacity types each by itself."""
    return any(
        quota["pool"].text == pool
        for queue in stack["queues"].items
        if queue["fallback"].text == Fallback.QUOTA
        for quota in queue["quotas"].items
    )
