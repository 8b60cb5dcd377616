"""Real Karpenter on the twins of a simulated cloud's node pools: from nothing to a node, out of stock, and back."""

from dataclasses import dataclass, field, replace

import pytest
from lightkube import codecs
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Event, Namespace, Node, Pod

from local.control_plane import Action, ControlPlane
from local.control_plane.daemons import KARPENTER
from local.home import Home
from local.rehearsal.store import Store
from local.rehearse.look import KUEUE_READY_SECONDS
from local.rehearse.machines import OutOfStock, instance_types
from local.rehearse.shadow import Shadow
from local.rehearse.twins import SIMULATED
from mizan import keys
from mizan.errors import SourceUnreachable
from mizan.manifests.karpenter import karpenter_nodes
from mizan.manifests.manifest import tolerations
from tests.control_plane.cluster_builders import NodePool, RecordingReporter, is_ready
from tests.control_plane.kept_pods import end_kept_pods, keep_no_more, kept_pods
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import BY_CAPACITY, a_gke_plan, a_gke_stack, the_offer
from tests.simulated_records import node_group_record, pool_record, system_pool_record

pytestmark = pytest.mark.control_plane

# Karpenter makes a node within seconds; the twins of GKE let an empty one go after ten.
PATIENCE_SECONDS = 60
# Spot and on-demand.
OFFERS = 2

GKE = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY]))
EKS = an_eks_plan()
WITHOUT_KUEUE = a_gke_plan(a_gke_stack(addons={"kueue": {"install": "external"}}))
SPOT, ON_DEMAND = "spot-a100", "ondemand-a100"
NOTHING = OutOfStock.parse("a2-highgpu-4g", GKE)
NO_SPOT = OutOfStock.parse("a2-highgpu-4g:spot", GKE)


def machines(*out_of_stock):
    gone = frozenset(out_of_stock)
    return [*instance_types(GKE, gone), *instance_types(EKS)]


@dataclass
class FollowingPlane:
    """The control plane, with a Kueue that a test lets work or not."""

    plane: ControlPlane
    nodes_when_followed: list = field(default_factory=list)
    patience_seconds: float | None = None

    @property
    def home(self):
        return self.plane.home

    def client(self):
        return self.plane.client()

    def follow_installed_kueue(self, *, timeout_seconds):
        self.patience_seconds = timeout_seconds
        with self.client() as client:
            self.nodes_when_followed.append(ours(client, Node))


@pytest.fixture(scope="module")
def plane(tools, tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("rehearsed") / "home")
    plane = ControlPlane(home, tools, RecordingReporter(), kueue_settings=None)
    try:
        plane.start(instance_types=machines())
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def shadowed(plane, client, tmp_path, eventually):
    """A shadow of a plan's cloud, what that cloud holds, and the plane as the shadow sees it."""
    (tmp_path / "state").mkdir()

    def begin(plan):
        store = Store(tmp_path / "state", "gcp" if plan.gke else "aws")
        seen = FollowingPlane(plane)
        return Shadow(seen, plan, tmp_path / "state", RecordingReporter()), store, seen

    yield begin
    assert eventually(lambda: not list(client.list(Node)), seconds=PATIENCE_SECONDS)


def ours(client, kind):
    return sorted(each.metadata.name for each in client.list(kind, labels={SIMULATED: "true"}))


def written(pool):
    return pool.metadata.uid, pool.metadata.generation, pool["spec"]


def are_ready(client):
    """Whether Karpenter has looked at the twin of every offer; else it takes one that is not the first."""
    twins = list(client.list(NodePool, labels={SIMULATED: "true"}))
    return len(twins) == OFFERS and all(map(is_ready, twins))


def a_pod(namespace, plan, *, annotations=None, **labels):
    """A pod for any node of the plan's pool, however that is bought."""
    amounts = {keys.NVIDIA_GPU: "4", "cpu": "4"}
    container = {"name": "main", "image": "simulated", "resources": {"requests": amounts, "limits": amounts}}
    tolerated = {taint.key: taint for offer in plan.offers for taint in offer.taints}
    spec = {
        "containers": [container],
        "nodeSelector": {keys.POOL: "a100", **labels},
        "tolerations": tolerations(tolerated.values()),
    }
    return kept_pods("asks", namespace, 1, spec, annotations)


def node_of(client, namespace):
    """The node of the pod, or None while it has none."""
    names = {pod.spec.nodeName for pod in client.list(Pod, namespace=namespace)}
    return next((node for node in client.list(Node) if node.metadata.name in names), None)


def is_refused(client, namespace):
    """Whether Karpenter has said that no machine fits."""
    events = [event for event in client.list(Event, namespace=namespace) if event.reason == "FailedScheduling"]
    return [each for each in events if "karpenter" in (each.reportingComponent, each.source.component)]


def taints_of(node):
    return {taint.key for taint in node.spec.taints or []}


def test_a_pending_pod_gets_a_spot_node_by_the_twin_of_a_node_pool_which_then_goes_back_to_nothing(
    client, namespace, shadowed, eventually
):
    shadow, store, _ = shadowed(GKE)
    records = [pool_record(GKE, offer) for offer in GKE.offers]
    with shadow:
        for record in records:
            store.put(record)
        eventually(lambda: are_ready(client))
        client.create(a_pod(namespace, GKE))
        node = eventually(lambda: node_of(client, namespace), seconds=PATIENCE_SECONDS)
        labels, spot = node.metadata.labels, the_offer(GKE, SPOT)
        assert labels.items() >= spot.labels.items()
        assert labels["cloud.google.com/gke-nodepool"] == SPOT
        assert (labels["cloud.google.com/gke-spot"], labels[keys.INSTANCE_TYPE]) == ("true", "a2-highgpu-4g")
        assert labels["topology.gke.io/zone"] == labels[keys.ZONE]
        assert taints_of(node) >= {taint.key for taint in spot.taints}
        assert node.status.allocatable[keys.NVIDIA_GPU] == "4"
        assert ours(client, NodePool) == [f"{ON_DEMAND}-simulated", f"{SPOT}-simulated"]

        end_kept_pods(client, namespace)
        eventually(lambda: not list(client.list(Node)), seconds=PATIENCE_SECONDS)
        for record in records:
            store.remove(record)
        eventually(lambda: not ours(client, NodePool))


def test_without_any_stock_a_pod_waits_and_what_comes_back_first_takes_it_until_its_pool_ends(
    client, plane, namespace, shadowed, eventually
):
    shadow, store, _ = shadowed(GKE)
    records = [pool_record(GKE, offer) for offer in GKE.offers]
    for record in records:
        store.put(record)
    actions = plane.start(instance_types=machines(NOTHING)).actions
    assert {name for name, action in actions.items() if action is not Action.KEPT} == {KARPENTER.name}
    with shadow:
        client.create(a_pod(namespace, GKE, annotations={keys.DO_NOT_DISRUPT: "true"}))
        eventually(lambda: is_refused(client, namespace), seconds=PATIENCE_SECONDS)
        assert not list(client.list(Node))

        plane.start(instance_types=machines(NO_SPOT))
        node = eventually(lambda: node_of(client, namespace), seconds=PATIENCE_SECONDS)
        assert node.metadata.labels["cloud.google.com/gke-nodepool"] == ON_DEMAND
        assert node.metadata.labels["cloud.google.com/gke-provisioning"] == "standard"

        keep_no_more(client, namespace)
        for record in records:
            store.remove(record)
        eventually(lambda: not ours(client, NodePool) and not list(client.list(Node)), seconds=PATIENCE_SECONDS)
    plane.start(instance_types=machines())


def test_another_machine_makes_the_nodes_of_its_pool_anew_and_another_size_does_not(
    client, namespace, shadowed, eventually
):
    shadow, store, _ = shadowed(GKE)
    spot, on_demand = (pool_record(GKE, offer) for offer in GKE.offers)
    store.put(spot)
    store.put(on_demand)
    shadow.sync()
    before = {each.metadata.name: each for each in client.list(NodePool)}
    shadow.sync()
    after = {each.metadata.name: each for each in client.list(NodePool)}
    # Karpenter writes status and annotations in between; the generation counts changes of the spec.
    assert {name: written(each) for name, each in after.items()} == {
        name: written(each) for name, each in before.items()
    }

    inputs = spot.inputs | {"autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 9}}
    store.put(replace(spot, inputs=inputs))
    shadow.sync()
    larger = client.get(NodePool, f"{SPOT}-simulated")
    assert larger["spec"]["limits"] == {keys.NVIDIA_GPU: "36"}
    assert larger.metadata.uid == before[f"{SPOT}-simulated"].metadata.uid

    config = inputs["nodeConfig"] | {"machineType": "a2-highgpu-8g"}
    store.put(replace(spot, inputs=inputs | {"nodeConfig": config}))

    def is_anew():
        shadow.sync()
        found = {each.metadata.name: each.metadata.uid for each in client.list(NodePool)}
        return found.get(f"{SPOT}-simulated", larger.metadata.uid) != larger.metadata.uid and found

    found = eventually(is_anew)
    assert found[f"{ON_DEMAND}-simulated"] == before[f"{ON_DEMAND}-simulated"].metadata.uid
    store.remove(spot)
    store.remove(on_demand)
    with shadow:
        eventually(lambda: not ours(client, NodePool))


def test_a_nodepool_of_eks_stays_as_it_is_while_its_twin_makes_the_nodes(client, namespace, shadowed, eventually):
    shadow, _, _ = shadowed(EKS)
    originals = [codecs.from_dict(body) for body in karpenter_nodes(EKS) if body["kind"] == "NodePool"]
    made = {each.metadata.name: client.create(each) for each in originals}
    with shadow:
        eventually(lambda: are_ready(client))
        client.create(a_pod(namespace, EKS))
        node = eventually(lambda: node_of(client, namespace), seconds=PATIENCE_SECONDS)
        labels = node.metadata.labels
        assert labels.items() >= the_offer(EKS, SPOT).labels.items()
        assert (labels["karpenter.k8s.aws/ec2nodeclass"], labels[keys.GPU_NAME]) == ("a100", "a100")
        assert (labels["karpenter.k8s.aws/instance-family"], labels[keys.CAPACITY_TYPE]) == ("p4d", "spot")
        assert {name: client.get(NodePool, name) for name in made} == made

        end_kept_pods(client, namespace)
        for name in made:
            client.delete(NodePool, name)
        eventually(lambda: not ours(client, NodePool) and not list(client.list(Node)), seconds=PATIENCE_SECONDS)


def test_system_nodes_come_once_kueue_works_outside_the_cluster_and_go_with_their_pool(client, shadowed, eventually):
    shadow, store, seen = shadowed(GKE)
    record = system_pool_record(GKE)
    store.put(record)
    with shadow:
        store.put(pool_record(GKE, GKE.offers[0]))
        eventually(lambda: ours(client, NodePool))
        assert (ours(client, Node), seen.nodes_when_followed) == ([], [])

        pod = {
            "metadata": {"labels": {"app": "kueue"}},
            "spec": {"containers": [{"name": "manager", "image": "kueue"}]},
        }
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": "kueue"}}, "template": pod}
        metadata = {"name": "kueue-controller-manager", "namespace": keys.KUEUE_NAMESPACE}
        client.create(Namespace.from_dict({"metadata": {"name": keys.KUEUE_NAMESPACE}}))
        client.create(Deployment.from_dict({"metadata": metadata, "spec": spec}))
        eventually(lambda: len(ours(client, Node)) == 3)
        assert (seen.nodes_when_followed[0], seen.patience_seconds) == ([], KUEUE_READY_SECONDS)

        def is_ready():
            status = client.get(Deployment, metadata["name"], namespace=metadata["namespace"]).status
            return status and status.readyReplicas == 1

        eventually(is_ready)
        store.remove(record)
        eventually(lambda: not ours(client, Node))
        client.delete(Namespace, keys.KUEUE_NAMESPACE)
        for left in store.records():
            store.remove(left)


def test_without_a_kueue_of_the_programs_own_system_nodes_come_at_once(client, shadowed):
    shadow, store, seen = shadowed(WITHOUT_KUEUE)
    store.put(system_pool_record(WITHOUT_KUEUE))
    shadow.sync()
    assert ours(client, Node) == ["simulated-system-0", "simulated-system-1", "simulated-system-2"]
    assert seen.nodes_when_followed == []
    for record in store.records():
        store.remove(record)
    shadow.sync()


def test_nodes_of_a_node_group_become_ready(client, shadowed, eventually):
    plan = an_eks_plan(addons={"kueue": {"install": "external"}})
    shadow, store, _ = shadowed(plan)
    record = node_group_record(plan)
    store.put(record)
    shadow.sync()

    def are_ready():
        nodes = list(client.list(Node, labels={"eks.amazonaws.com/nodegroup": "system"}))
        conditions = [each for node in nodes for each in (node.status and node.status.conditions) or []]
        ready = [each for each in conditions if (each.type, each.status) == ("Ready", "True")]
        return nodes and len(ready) == len(nodes) and nodes

    nodes = eventually(are_ready)
    assert {taint.key for node in nodes for taint in node.spec.taints} >= {keys.CRITICAL_ADDONS_ONLY}
    store.remove(record)
    shadow.sync()


def until_it_ends(shadow):
    with shadow:
        shadow._thread.join(PATIENCE_SECONDS)
        assert not shadow._thread.is_alive()


def test_what_the_cluster_refuses_for_good_is_told_at_the_end(client, shadowed, monkeypatch):
    monkeypatch.setattr("local.rehearse.shadow.PATIENCE_SECONDS", 1.0)
    shadow, store, _ = shadowed(GKE)
    record = pool_record(GKE, GKE.offers[0])
    store.put(replace(record, inputs=record.inputs | {"name": "Not_A_Name"}))
    with pytest.raises(SourceUnreachable, match=r"^simulated nodes: ApiError for .*Not_A_Name"):
        until_it_ends(shadow)
    assert ours(client, NodePool) == []
    store.remove(record)
