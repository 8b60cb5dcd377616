"""What stands for a simulated node pool of GKE: a twin for its autoscaler, and the nodes that it begins with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.rehearsal.kinds.gcp_container import NODE_POOL
from local.rehearsal.store import Condition, Record
from local.rehearsal.values import Values
from local.rehearsal.zones import is_zone, region_of, zones_of_gcp
from local.rehearse import gpus, machines, twins
from local.rehearse.gpus import GkeSharing
from local.rehearse.twins import SYSTEM_RESOURCES, Original
from mizan import keys
from mizan.capacity import CapacityType
from mizan.clouds.gcp.node_pools import NO_DEVICE_PLUGIN
from mizan.manifests.karpenter import RESERVED
from mizan.manifests.kwok_nodes import EPHEMERAL_STORAGE, PODS_PER_NODE
from mizan.manifests.manifest import Manifest, is_in
from mizan.plan import Plan
from mizan.plan.nodes import GPU_TAINT

# What GKE writes on every node. Source: GoogleCloudPlatform/cluster-autoscaler@1c2a686 pkg/cloudprovider/gke/labels/
# system_labels.go; of gke-provisioning also https://docs.cloud.google.com/kubernetes-engine/docs/tutorials/kueue-intro,
# of gke-spot https://docs.cloud.google.com/kubernetes-engine/docs/how-to/spot-vms, read 2026-11-23.
NODE_POOL_LABEL = "cloud.google.com/gke-nodepool"
BOOT_DISK = "cloud.google.com/gke-boot-disk"
FLEX_START = "cloud.google.com/gke-flex-start"
LOCAL_SSD = "cloud.google.com/gke-ephemeral-storage-local-ssd"

# GKE waits a minute at least before it takes an empty node, ten by itself. A rehearsal shows that the node goes, and
# nobody should have to wait for it; the gap between two jobs of a queue is still outlasted.
CONSOLIDATE_AFTER_SECONDS = 10

LOWEST_WEIGHT = 1


@dataclass(frozen=True, kw_only=True)
class GkePool:
    """A node pool of a simulated cluster, as its inputs say it.

    Attributes:
        sharing: of each GPU by GKE itself.
        purchase: how the cloud sells its nodes: a capacity type, or `reserved`.
        labels: in Kubernetes, that the program asks for.
        taints: of its nodes, those that GKE adds among them.
        disk_type: of the boot disk; empty where GKE chooses.
        min_nodes: that are always there.
        first_nodes: that it begins with.
        max_nodes: that it may grow to.
        identity: of its nodes.
    """

    name: str
    machine: str
    gpus: int
    accelerator: str
    sharing: GkeSharing
    purchase: str
    labels: Mapping[str, str]
    taints: tuple[Mapping[str, str], ...]
    disk_type: str
    has_local_ssd: bool
    region: str
    zones: tuple[str, ...]
    min_nodes: int
    first_nodes: int
    max_nodes: int
    identity: str

    @classmethod
    def of(cls, record: Record) -> "GkePool":
        """Return the node pool of a record; one without an autoscaler keeps the size that it begins with."""
        inputs = record.inputs
        config, location = inputs["nodeConfig"], inputs["location"]
        zones = _zones(inputs)
        first = inputs.get("initialNodeCount", 0) * len(zones)
        scaling = inputs.get("autoscaling", {})
        accelerator: Values = next(iter(config.get("guestAccelerators", [])), {})
        return cls(
            name=inputs["name"],
            machine=config["machineType"],
            gpus=accelerator.get("count", 0),
            accelerator=accelerator.get("type", ""),
            sharing=GkeSharing.of(accelerator),
            purchase=_purchase(config),
            labels=config.get("labels", {}),
            taints=_taints(inputs),
            disk_type=config.get("diskType", ""),
            has_local_ssd="ephemeralStorageLocalSsdConfig" in config,
            region=region_of(location),
            zones=zones,
            min_nodes=scaling.get("totalMinNodeCount", first),
            first_nodes=first,
            max_nodes=scaling.get("totalMaxNodeCount", first),
            identity=f"{record.id} {record.created}",
        )

    @property
    def standing(self) -> int:
        """Return how many nodes are there whether a pod needs them or not.

        Without GPUs nobody scales here, so what the pool begins with stays. Karpenter's kwok provider knows no smallest
        size: the smallest of a GPU pool are plain nodes as well, and its twin makes what is above them.
        """
        return self.min_nodes if self.gpus else max(self.first_nodes, self.min_nodes)

    @property
    def node_labels(self) -> dict[str, str]:
        """Return what its nodes carry: what the program asks for, and what GKE itself writes."""
        marks = {
            NODE_POOL_LABEL: self.name,
            machines.GKE_MACHINE_FAMILY: machines.gke_family(self.machine),
            machines.GKE_PROVISIONING: machines.gke_provisioning(self.purchase),
            machines.GKE_ACCELERATOR: self.accelerator,
            BOOT_DISK: self.disk_type,
            keys.GKE_SPOT: "true" if self.purchase == CapacityType.SPOT else "",
            FLEX_START: "true" if self.purchase == CapacityType.FLEX_START else "",
            LOCAL_SSD: "true" if self.has_local_ssd else "",
            **self.sharing.labels,
        }
        return {**self.labels, **{key: value for key, value in marks.items() if value}}

    def gpu_resources(self, plan: Plan) -> dict[str, int]:
        """Return what its nodes offer of GPUs: by GKE's own device plugin, or by NVIDIA's where that is kept off."""
        if not self.gpus:
            return {}
        if NO_DEVICE_PLUGIN in self.labels:
            return gpus.resources_by_operator(self.labels, self.gpus, plan)
        return self.sharing.resources(self.machine, self.gpus)


def pools_of(records: list[Record]) -> list[GkePool]:
    """Return the node pools that are whole, as half a pool has no node."""
    return [
        GkePool.of(record) for record in records if record.type == NODE_POOL and record.condition is Condition.WHOLE
    ]


def twin(pool: GkePool, plan: Plan) -> Manifest | None:
    """Return the NodePool that scales in place of GKE's autoscaler; None where there is nothing to scale.

    Pools without GPUs keep their size. Weights are those of the plan: with them Karpenter takes the pools of a
    ComputeClass in its order. Any change of a node makes the twin anew, as GKE makes nodes anew.
    """
    room = pool.max_nodes - pool.standing
    if not pool.gpus or room <= 0:
        return None
    weight = next((offer.weight for offer in plan.offers if offer.name == pool.name), LOWEST_WEIGHT)
    resources = pool.gpu_resources(plan)
    template = _template(pool, gpus.annotations(pool.machine, pool.gpus, resources))
    spec = {
        "template": template,
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": f"{CONSOLIDATE_AFTER_SECONDS}s",
            "budgets": [
                {"nodes": "100%", "reasons": ["Empty"]},
                {"nodes": "0", "reasons": ["Drifted", "Underutilized"]},
            ],
        },
        "weight": weight,
        "limits": gpus.limits(pool.machine, pool.gpus, resources, room),
    }
    return twins.node_pool(pool.name, _original(pool, template), spec)


def overlay(pool: GkePool, plan: Plan) -> Manifest | None:
    """Return what lets Karpenter know the nodes of a twin as GKE's autoscaler does; None where GPUs are whole."""
    resources = pool.gpu_resources(plan)
    if resources == ({keys.NVIDIA_GPU: pool.gpus} if pool.gpus else {}):
        return None
    return twins.overlay(pool.name, _original(pool, resources), resources)


def nodes(pool: GkePool, plan: Plan) -> list[Manifest]:
    """Return the nodes that are there from the start, one zone after the other."""
    found = []
    for number in range(min(pool.standing, pool.max_nodes)):
        zone = pool.zones[number % len(pool.zones)]
        labels = {**twins.kubelet_labels(pool.machine, pool.region, zone), machines.GKE_ZONE: zone, **pool.node_labels}
        resources = _resources(pool, plan)
        original = _original(pool, [labels, resources, list(pool.taints)])
        name = f"simulated-{pool.name}-{number}"
        found.append(twins.node(name, original, labels=labels, taints=pool.taints, resources=resources))
    return found


def _template(pool: GkePool, annotations: Mapping[str, str]) -> Manifest:
    return {
        "metadata": {"labels": pool.node_labels, **({"annotations": dict(annotations)} if annotations else {})},
        "spec": {
            "nodeClassRef": dict(twins.KWOK_NODE_CLASS),
            "taints": [dict(each) for each in pool.taints],
            "requirements": [
                is_in(keys.INSTANCE_TYPE, pool.machine),
                is_in(keys.CAPACITY_TYPE, machines.karpenter_capacity_type(pool.purchase)),
                is_in(machines.PURCHASE, pool.purchase),
                is_in(keys.ARCHITECTURE, "amd64"),
                is_in(keys.OPERATING_SYSTEM, "linux"),
                is_in(keys.ZONE, *pool.zones),
            ],
            "expireAfter": "Never",
        },
    }


def _original(pool: GkePool, of_nodes: object) -> Original:
    return Original(said=f"GKE node pool {pool.name}", identity=twins.digest([pool.identity, of_nodes]))


def _resources(pool: GkePool, plan: Plan) -> dict[str, str]:
    machine = next((offer.machine for offer in plan.offers if offer.machine.name == pool.machine), None)
    parts = {resource: str(amount) for resource, amount in pool.gpu_resources(plan).items()}
    if machine is None:
        return {**SYSTEM_RESOURCES, **parts}
    return {
        "cpu": str(machine.vcpus),
        "memory": f"{machine.memory_gib}Gi",
        "ephemeral-storage": EPHEMERAL_STORAGE,
        "pods": PODS_PER_NODE,
        **parts,
    }


def _zones(inputs: Values) -> tuple[str, ...]:
    location = inputs["location"]
    own = (location,) if is_zone(location) else zones_of_gcp(location)
    return tuple(inputs.get("nodeLocations") or own)


def _purchase(config: Values) -> str:
    if config.get("spot"):
        return CapacityType.SPOT.value
    if config.get("flexStart"):
        return CapacityType.FLEX_START.value
    affinity = config.get("reservationAffinity", {}).get("consumeReservationType")
    return RESERVED if affinity == "SPECIFIC_RESERVATION" else CapacityType.ON_DEMAND.value


def _taints(inputs: Values) -> tuple[Mapping[str, str], ...]:
    """Return the taints of a pool's nodes; for GPUs and for queued provisioning GKE puts one there itself.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/gpus, read 2026-11-21; GoogleCloudPlatform/
    cluster-autoscaler@7d25050 pkg/provisioningrequests/pods/pods.go, QueuedTaintKey.
    """
    config = inputs["nodeConfig"]
    asked = [twins.taint(given) for given in config.get("taints", [])]
    added = [GPU_TAINT.on_node()] if config.get("guestAccelerators") else []
    if inputs.get("queuedProvisioning", {}).get("enabled"):
        added.append({"key": keys.GKE_QUEUED, "value": "true", "effect": "NoSchedule"})
    known = {each["key"] for each in asked}
    return (*asked, *(each for each in added if each["key"] not in known))
