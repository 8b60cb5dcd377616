"""Objects of an API server and fleets for the simulated exporter, each with valid defaults."""

from collections import defaultdict

from local.gpu_metrics.exporter import Memory, step
from local.gpu_metrics.objects import Cluster, claim_of, node_of, pod_of
from local.gpu_metrics.planned import fleet_of
from mizan import keys
from tests.builders import a_plan, a_stack
from tests.sharing_stacks import a_sharing_stack, kept

START = 1_790_000_000.0
STARTED_AT = "2026-09-21T14:13:20Z"
GPU_LABELS = {"team": "team-a", "kueue.x-k8s.io/queue-name": "training", "app": "train"}


def a_fleet(sharing=None):
    """The fleet of a stack of one pool `a100`, machines with four GPUs."""
    return fleet_of(a_plan(a_sharing_stack("local", sharing, capacity=kept()) if sharing else a_stack()))


def raw_node(name="node-a", *, pool="a100", capacity_type="spot", faults=None, **allocatable):
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-of-{name}",
            "labels": {
                keys.POOL: pool,
                keys.CAPACITY_TYPE: capacity_type,
                keys.GPU_PRODUCT: "NVIDIA-A100-SXM4-40GB",
                keys.INSTANCE_TYPE: "a2-highgpu-4g",
                keys.ARCHITECTURE: "amd64",
            },
            "annotations": {keys.SIMULATED_GPU_FAULTS: faults} if faults else {},
        },
        "spec": {"providerID": f"kwok://{name}"},
        "status": {"allocatable": allocatable},
    }


def raw_pod(
    name="train-0", *, amounts=None, node="node-a", profile=None, phase="Running", claims=(), created=STARTED_AT
):
    asked = {resource: str(amount) for resource, amount in (amounts or {}).items()}
    return {
        "metadata": {
            "namespace": "ml",
            "name": name,
            "uid": f"uid-of-{name}",
            "creationTimestamp": created,
            "labels": dict(GPU_LABELS),
            "annotations": {keys.SIMULATED_GPU_PROFILE: profile} if profile else {},
        },
        "spec": {
            "nodeName": node,
            "resourceClaims": [{"name": claim, "resourceClaimName": claim} for claim in claims],
            "containers": [
                {
                    "name": "main",
                    "resources": {"limits": asked, "claims": [{"name": claim} for claim in claims]},
                }
            ],
        },
        "status": {"phase": phase, "startTime": STARTED_AT},
    }


def raw_claim(name, *devices, node="node-a"):
    results = [{"driver": keys.NVIDIA_DRA_DRIVER, "pool": node, "device": device} for device in devices]
    return {
        "metadata": {"namespace": "ml", "name": name, "uid": f"uid-of-{name}"},
        "status": {"allocation": {"devices": {"results": results}}},
    }


def a_cluster(nodes, pods=(), claims=()):
    read = [pod_of(pod) for pod in pods]
    found = [claim_of(claim) for claim in claims]
    return Cluster(
        nodes=tuple(node_of(node, keys.NVIDIA_GPU) for node in nodes),
        pods=tuple(pod for pod in read if pod),
        claims={(claim.namespace, claim.name): claim for claim in found},
    )


class Scrapes:
    """Several steps of one exporter; each gives the samples by name."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.memory = Memory()

    def at(self, seconds, cluster):
        self.memory, told = step(self.memory, cluster, self.fleet, START + seconds)
        found = defaultdict(list)
        for family in (*told.dcgm, *told.opencost):
            found[family.name] += [(dict(sample.labels), sample.value) for sample in family.samples]
        return found


def scraped(fleet, cluster, seconds=60):
    return Scrapes(fleet).at(seconds, cluster)
