"""GPU capacity on EKS: what Karpenter's AWS provider makes nodes of, and the values of its chart.

How a node goes, which matters most for training (kubernetes-sigs/karpenter@v1.14.1
pkg/controllers/node/termination/terminator, aws/karpenter-provider-aws@v1.14.1 pkg/controllers/interruption):

- At a spot notice, 120 s before the machine is gone, Karpenter deletes the node and drains it. Draining evicts pods,
  which Kubernetes notes on them as a disruption, so that a job does not count it as one of its failures.
- A pod with `karpenter.sh/do-not-disrupt` is not evicted, not even at a notice. Without `terminationGracePeriod` it
  runs on until the machine is gone under it. With one it is deleted in time for its own grace period to end with the
  node's; but deleting is not evicting: nothing is noted on the pod, and the job counts a failure.
- Empty nodes aside, nothing here replaces a node by itself: consolidation is for empty nodes alone, and the budget for
  drifted ones is 0. So a pod needs no annotation to be left alone, and without it is evicted at once at a notice.
"""

from mizan import keys, versions
from mizan.capacity import CapacityType
from mizan.config import Eks
from mizan.manifests import node_pools
from mizan.manifests.manifest import Manifest, is_in, manifest
from mizan.manifests.node_pools import NEVER, Lifetime, node_overlays, of_one_machine
from mizan.plan import Offer, Plan, PoolPlan

GROUP = "karpenter.k8s.aws"
NODE_CLASS = "EC2NodeClass"

# The API server serves what kube-system asks before what other namespaces ask.
# Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/getting-started/getting-started-with-karpenter/
# _index.md, Preventing APIServer Request Throttling.
NAMESPACE = "kube-system"
SERVICE_ACCOUNT = "karpenter"

# Of the notice's 120 s, 30 are left for the way of the event and for the machine to end.
# Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/concepts/disruption.md, Interruption.
GRACE = "90s"

# Karpenter's word for an instance in a capacity reservation or a capacity block; while it knows the word, on-demand
# instances stay out of reservations, open ones too.
# Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/tasks/odcrs.md.
RESERVED = "reserved"

# Of AL2023. Source: aws/karpenter-provider-aws@v1.14.1 pkg/providers/amifamily/al2023.go, EphemeralBlockDevice.
ROOT_DEVICE = "/dev/xvda"

# The chart asks for none; the guide of that version sets these.
# Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/getting-started/getting-started-with-karpenter/
# scripts/step08-apply-helm-chart.sh.
RESOURCES = {"cpu": "1", "memory": "1Gi"}
# One works and one waits, each on a node of its own.
MAX_REPLICAS = 2


def karpenter_nodes(plan: Plan) -> list[Manifest]:
    """Return everything that Karpenter needs to make a stack's nodes, each after what it refers to."""
    return [
        *(node_class(pool, plan) for pool in plan.pools),
        *(node_pool(offer, pool, plan) for pool in plan.pools for offer in pool.offers),
        *node_overlays(plan.offers),
    ]


def node_class(pool: PoolPlan, plan: Plan) -> Manifest:
    """Return the EC2NodeClass of a pool: image, network, disks and tags of its machines.

    The kubelet keeps its defaults: it reserves less for itself than a job's share leaves it (mizan/plan/room.py).
    """
    body = manifest(f"{GROUP}/v1", NODE_CLASS, pool.name)
    reservations = _reservations(pool, plan)
    body["spec"] = {
        "amiSelectorTerms": [{"alias": plan.karpenter.ami or versions.KARPENTER_AMI}],
        "role": keys.karpenter_node_role(plan.stack),
        "subnetSelectorTerms": _subnets(plan),
        "securityGroupSelectorTerms": [{"tags": {keys.KARPENTER_DISCOVERY: plan.stack}}],
        **({"capacityReservationSelectorTerms": reservations} if reservations else {}),
        "associatePublicIPAddress": False,
        # A pod that is not on the host's network cannot become the node.
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpProtocolIPv6": "disabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        },
        "blockDeviceMappings": [
            {
                "deviceName": ROOT_DEVICE,
                "rootVolume": True,
                "ebs": {
                    "volumeSize": f"{pool.disk_gib}Gi",
                    "volumeType": "gp3",
                    "encrypted": True,
                    "deleteOnTermination": True,
                },
            }
        ],
        # Images and scratch space on the disks that come with the machine's price.
        **({"instanceStorePolicy": "RAID0"} if pool.machine.local_ssd_gib else {}),
        "tags": {**plan.cloud_labels, keys.POOL: pool.name},
    }
    return body


def node_pool(offer: Offer, pool: PoolPlan, plan: Plan) -> Manifest:
    """Return the NodePool of an offer."""
    gpu = offer.machine.gpu.karpenter_gpu_name
    requirements = [
        *of_one_machine(offer, *_capacity_types(offer, plan)),
        is_in(keys.GPU_NAME, gpu),
        is_in(keys.GPU_COUNT, str(offer.machine.gpus)),
        is_in(keys.GPU_MANUFACTURER, "nvidia"),
        *([is_in(keys.ZONE, *pool.zones)] if pool.zones else []),
    ]
    reference = {"group": GROUP, "kind": NODE_CLASS, "name": pool.name}
    return node_pools.node_pool(offer, node_class=reference, requirements=requirements, lifetime=_lifetime(offer, pool))


def chart_values(plan: Plan) -> Manifest:
    """Return the values of Karpenter's chart; the queue of interruptions bears the cluster's name.

    Source: aws/karpenter-provider-aws@v1.14.1 charts/karpenter/values.yaml.
    """
    return {
        "replicas": min(MAX_REPLICAS, _eks(plan).system_pool.min_nodes),
        "serviceAccount": {"name": SERVICE_ACCOUNT},
        "controller": {"resources": {"requests": dict(RESOURCES), "limits": dict(RESOURCES)}},
        "settings": {
            "clusterName": plan.stack,
            "interruptionQueue": plan.stack,
            "featureGates": {"nodeOverlay": bool(node_overlays(plan.offers))},
        },
    }


def _eks(plan: Plan) -> Eks:
    if plan.eks is None:
        message = f"stack {plan.stack} is not on EKS"
        raise ValueError(message)
    return plan.eks


def _subnets(plan: Plan) -> list[Manifest]:
    """Return the private subnets: those that the stack was given, or those that it makes, by their tag."""
    given = _eks(plan).network.subnets
    return [{"id": subnet} for subnet in given] or [{"tags": {keys.KARPENTER_DISCOVERY: plan.stack}}]


def _reservations(pool: PoolPlan, plan: Plan) -> list[Manifest]:
    """Return the reservations that a pool's nodes may use, each found by its tag `Name`: its commitment's name."""
    used = dict.fromkeys(name for offer in pool.offers for name in offer.commitments)
    reserving = {item.name for item in plan.commitments if item.keeps_nodes}
    return [{"tags": {"Name": name}, "ownerID": _eks(plan).account} for name in used if name in reserving]


def _capacity_types(offer: Offer, plan: Plan) -> list[str]:
    """Return how Karpenter buys an offer's nodes: into a reservation, or on-demand, where a savings plan covers it."""
    if not offer.is_committed:
        return [offer.capacity_type.value]
    reserving = {item.keeps_nodes for item in plan.commitments if item.name in offer.commitments}
    return [*([RESERVED] if True in reserving else []), *([CapacityType.ON_DEMAND.value] if False in reserving else [])]


def _lifetime(offer: Offer, pool: PoolPlan) -> Lifetime:
    """Return when an offer's nodes go.

    A grace period is for nodes that go whatever runs on them: the node waits no longer for its pods. With one,
    Karpenter would also replace drifted nodes in spite of `do-not-disrupt`; the budget of 0 keeps it from that.
    """
    hours = pool.karpenter.expire_after_hours
    return Lifetime(
        others="0",
        consolidate_after_seconds=pool.karpenter.consolidate_after_seconds,
        expire_after=NEVER if hours is None else f"{hours}h",
        grace=GRACE if offer.capacity_type is CapacityType.SPOT or hours is not None else None,
    )
