"""Shared GPUs of a simulated cloud: real Karpenter makes nodes with what the cloud was given, and no others."""

import pytest
from lightkube import codecs
from lightkube.generic_resource import create_global_resource
from lightkube.resources.core_v1 import Node, Pod

from local.control_plane import ControlPlane
from local.home import Home
from local.rehearsal.store import Store
from local.rehearse.machines import instance_types
from local.rehearse.shadow import Shadow
from local.rehearse.twins import SIMULATED
from mizan import keys
from mizan.manifests.karpenter import karpenter_nodes
from mizan.manifests.kwok_nodes import node_class
from mizan.manifests.manifest import tolerations
from tests.builders import a_plan, a_pool, a_queue
from tests.control_plane.cluster_builders import NodePool, RecordingReporter
from tests.control_plane.kept_pods import end_kept_pods, kept_pods
from tests.eks_stacks import an_eks_stack, eks_pool
from tests.gke_stacks import a_gke_plan, a_gke_stack
from tests.sharing_stacks import PROFILE, TURNS
from tests.simulated_records import pool_record

pytestmark = pytest.mark.control_plane

NodeOverlay = create_global_resource("karpenter.sh", "v1alpha1", "NodeOverlay", "nodeoverlays")

PATIENCE_SECONDS = 60
SPOT = [{"type": "spot", "maxNodes": 1}]
GPU, SMALL, SHARED = keys.NVIDIA_GPU, f"{keys.NVIDIA_MIG}1g.5gb", keys.NVIDIA_SHARED_GPU
WITHOUT_KUEUE = {"kueue": {"install": "external"}}


def queues(*quotas):
    return [a_queue(fallback="capacity", quotas=list(quotas))]


# On either cloud one machine, cut by one pool and whole in another.
GKE = a_gke_plan(
    a_gke_stack(
        pools=[a_pool(name="cut", capacity=SPOT, sharing=PROFILE), a_pool(name="whole", capacity=SPOT)],
        # To GKE both are nvidia.com/gpu, so each has a queue of its own.
        queues=[
            a_queue(name="training", fallback="capacity", quotas=[{"pool": "whole", "gpus": 4}]),
            a_queue(name="parts", fallback="capacity", quotas=[{"pool": "cut", "units": 28}]),
        ],
        jobs=[],
        addons=WITHOUT_KUEUE,
    )
)
EKS = a_plan(
    an_eks_stack(
        pools=[
            eks_pool(name="cut", capacity=SPOT, sharing=PROFILE),
            eks_pool(name="whole", capacity=SPOT),
            eks_pool(name="turns", capacity=SPOT, sharing=TURNS),
        ],
        queues=queues({"pool": "cut", "units": 56}, {"pool": "whole", "gpus": 8}, {"pool": "turns", "units": 32}),
        jobs=[],
        addons=WITHOUT_KUEUE,
    ),
    stack="eks-test",
)


@pytest.fixture(scope="module")
def plane(tools, tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("rehearsed") / "home")
    plane = ControlPlane(home, tools, RecordingReporter(), kueue_settings=None)
    try:
        plane.start(instance_types=[*instance_types(GKE), *instance_types(EKS)])
        with plane.client() as client:
            # Pools of a class that is not ready yet would wait for Karpenter's next pass.
            client.create(codecs.from_dict(node_class()))
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def shadowed(plane, client, namespace, tmp_path, eventually):
    """A shadow of a plan's cloud, and what that cloud holds; in the end nothing of both is left."""
    (tmp_path / "state").mkdir()
    made = []

    def begin(plan):
        store = Store(tmp_path / "state", "gcp" if plan.gke else "aws")
        shadow = Shadow(plane, plan, tmp_path / "state", RecordingReporter())
        made.append((shadow, store))
        return shadow, store

    yield begin
    end_kept_pods(client, namespace)
    for shadow, store in made:
        for record in store.records():
            store.remove(record)
        for kind in (NodePool, NodeOverlay):
            for each in client.list(kind):
                if SIMULATED not in (each.metadata.labels or {}):
                    client.delete(kind, each.metadata.name)

        def is_gone(shadow=shadow):
            shadow.sync()
            return not [*client.list(Node), *client.list(NodePool), *client.list(NodeOverlay)]

        # A control plane that has just started takes half a minute until it lets what belongs to a NodePool go with it.
        assert eventually(is_gone, seconds=2 * PATIENCE_SECONDS)


def ask(client, namespace, plan, pool, count, **amounts):
    """Pods for the nodes of a pool, however those are bought."""
    asked = {"cpu": "100m", **{name: str(amount) for name, amount in amounts.items()}}
    container = {"name": "main", "image": "simulated", "resources": {"requests": asked, "limits": asked}}
    tolerated = {taint.key: taint for offer in plan.offers for taint in offer.taints}
    spec = {
        "containers": [container],
        "nodeSelector": {keys.POOL: pool},
        "tolerations": tolerations(tolerated.values()),
    }
    client.create(kept_pods(pool, namespace, count, spec))


def nodes_of(client, namespace, asked):
    """The nodes of the pods, by the pods' pool; None while one of those that were asked for has none."""
    pods = {pod.metadata.name: pod.spec.nodeName for pod in client.list(Pod, namespace=namespace)}
    nodes = {node.metadata.name: node for node in client.list(Node)}
    if len(pods) != asked or not all(name in nodes for name in pods.values()):
        return None
    return {nodes[name].metadata.labels[keys.POOL]: nodes[name] for name in pods.values()}


def gpus_of(node):
    return {name: int(amount) for name, amount in node.status.allocatable.items() if name.startswith("nvidia.com/")}


def test_gke_cuts_gpus_of_one_pool_and_leaves_those_of_another_whole(client, namespace, shadowed, eventually):
    shadow, store = shadowed(GKE)
    for offer in GKE.offers:
        store.put(pool_record(GKE, offer))
    with shadow:
        ask(client, namespace, GKE, "cut", 28, **{GPU: 1})
        ask(client, namespace, GKE, "whole", 1, **{GPU: 4})
        found = eventually(lambda: nodes_of(client, namespace, 29), seconds=PATIENCE_SECONDS)
    assert {pool: gpus_of(node) for pool, node in found.items()} == {"cut": {GPU: 28}, "whole": {GPU: 4}}
    assert found["cut"].metadata.labels["cloud.google.com/gke-gpu-partition-size"] == "1g.5gb"
    assert "cloud.google.com/gke-gpu-partition-size" not in found["whole"].metadata.labels
    assert len(list(client.list(Node))) == 2


def test_on_eks_the_program_s_overlays_make_nodes_of_which_the_operator_makes_parts(
    client, namespace, shadowed, eventually
):
    shadow, _ = shadowed(EKS)
    for body in karpenter_nodes(EKS):
        if body["kind"] in {"NodePool", "NodeOverlay"}:
            client.create(codecs.from_dict(body))
    with shadow:
        ask(client, namespace, EKS, "cut", 2, **{SMALL: 1})
        ask(client, namespace, EKS, "whole", 1, **{GPU: 8})
        ask(client, namespace, EKS, "turns", 2, **{SHARED: 1})
        found = eventually(lambda: nodes_of(client, namespace, 5), seconds=PATIENCE_SECONDS)
    assert {pool: gpus_of(node) for pool, node in found.items()} == {
        "cut": {SMALL: 56},
        "whole": {GPU: 8},
        "turns": {SHARED: 32},
    }
    assert found["cut"].metadata.labels[keys.MIG_CONFIG] == "a100-40gb-1g.5gb-7x"
    assert {node.metadata.labels[keys.INSTANCE_TYPE] for node in found.values()} == {"p4d.24xlarge"}
    assert len(list(client.list(Node))) == 3
