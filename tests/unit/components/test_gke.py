"""A cluster on GKE and its pools under Pulumi's mocks: what is registered, in which order, under whom."""

import json

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs

from components.capacity.compute_class import ComputeClasses, ComputeClassesArgs
from components.capacity.gke_pools import GkePools, GkePoolsArgs
from components.cloud_resource import as_sent
from components.cluster.gke import GkeCluster, GkeClusterArgs
from components.queues.queues import Queues, QueuesArgs
from mizan.clouds.gcp.cluster import cluster_args, kubeconfig
from mizan.clouds.gcp.site import site_of
from mizan.errors import PlatformError
from mizan.manifests.compute_class import compute_classes
from mizan.plan import Plan
from tests import mocks
from tests.gke_stacks import (
    BY_CAPACITY,
    ENDPOINT,
    PROJECT,
    STACK,
    a_flex_start_stack,
    a_gke_plan,
    a_gke_stack,
    with_answers,
)
from tests.mocks import PROVIDER, Registered

GIVEN = {"network": "shared", "subnetwork": "gpu", "podsRange": "pods", "servicesRange": "services"}
GOOGLE = "pulumi:providers:gcp"
NODE_POOL = "gcp:container/nodePool:NodePool"
ACCOUNT = f"{STACK}-nodes@{PROJECT}.example"


@pytest.fixture(autouse=True)
def _a_cloud(monkeypatch):
    with_answers(monkeypatch)


def made(plan: Plan) -> list[Registered]:
    """The cluster `c` and its pools `p`."""

    def program() -> None:
        cluster = GkeCluster("c", GkeClusterArgs(plan=plan))
        GkePools("p", GkePoolsArgs(plan=plan, cluster=cluster))

    return mocks.deploy(program)


def the(resources: list[Registered], name: str, typ: str | None = None) -> Registered:
    (found,) = [item for item in resources if item.name == name and typ in (None, item.typ)]
    return found


def after(resources: list[Registered], item: Registered) -> set[str]:
    """The names of what comes before a resource."""
    return {other.name for other in resources if other.urn in item.dependencies}


def test_a_cluster_brings_network_account_and_system_nodes():
    resources = made(a_gke_plan())
    parent = the(resources, "c").urn
    assert sorted((item.typ, item.name) for item in resources if item.parent == parent) == [
        ("gcp:compute/firewall:Firewall", "c-webhooks"),
        ("gcp:compute/network:Network", "c-network"),
        ("gcp:compute/router:Router", "c-router"),
        ("gcp:compute/routerNat:RouterNat", "c-nat"),
        ("gcp:compute/subnetwork:Subnetwork", "c-subnetwork"),
        ("gcp:container/cluster:Cluster", "c-cluster"),
        (NODE_POOL, "c-system"),
        ("gcp:projects/iAMMember:IAMMember", "c-nodes"),
        ("gcp:serviceaccount/account:Account", "c-nodes"),
        (GOOGLE, "c-google"),
        (PROVIDER, "c-provider"),
    ]


def test_a_given_vpc_is_used_and_nothing_is_made_in_it():
    resources = made(a_gke_plan(a_gke_stack({"network": GIVEN})))
    assert not [item for item in resources if item.typ.startswith("gcp:compute/")]
    cluster = the(resources, "c-cluster").inputs
    assert (cluster["network"], cluster["subnetwork"]) == ("shared", "gpu")


def test_everything_at_google_goes_through_the_stack_s_own_provider():
    resources = made(a_gke_plan(a_gke_stack(labels={"environment": "prod"})))
    provider = the(resources, "c-google")
    assert provider.inputs["project"] == PROJECT
    assert provider.inputs["region"] == "us-central1"
    assert json.loads(provider.inputs["defaultLabels"]) == {
        "environment": "prod",
        "managed-by": "mizan",
        "stack": STACK,
    }
    at_google = [item for item in resources if item.typ.startswith("gcp:")]
    assert len(at_google) > 10
    assert all(item.provider.startswith(f"{provider.urn}::") for item in at_google)


def test_the_cluster_gets_its_own_network_and_account():
    plan = a_gke_plan()
    resources = made(plan)
    cluster = the(resources, "c-cluster")
    # Under mocks the id of a resource is Pulumi's own name for it.
    expected = cluster_args(plan, site_of(plan), network="c-network", subnetwork="c-subnetwork", account=ACCOUNT)
    assert cluster.inputs == as_sent(expected)
    assert {"c-network", "c-subnetwork"} <= after(resources, cluster)
    assert cluster.ignore_changes == ("nodeConfig",)


def test_nodes_come_after_their_rights_and_their_way_out():
    resources = made(a_gke_plan())
    for pool in [item for item in resources if item.typ == NODE_POOL]:
        before = after(resources, pool)
        assert {"c-cluster", "c-nodes", "c-nat", "c-webhooks"} <= before
        assert pool.inputs["nodeConfig"]["serviceAccount"] == ACCOUNT
        assert pool.inputs["cluster"] == STACK
    role = the(resources, "c-nodes", "gcp:projects/iAMMember:IAMMember")
    assert role.inputs["member"] == f"serviceAccount:{ACCOUNT}"
    assert the(resources, "c-nat").inputs["router"] == STACK


def test_every_offer_is_a_node_pool_of_its_own():
    plan = a_gke_plan()
    resources = made(plan)
    parent = the(resources, "p").urn
    pools = [item for item in resources if item.parent == parent]
    assert sorted((item.typ, item.name, item.inputs["name"]) for item in pools) == [
        (NODE_POOL, "p-ondemand-a100", "ondemand-a100"),
        (NODE_POOL, "p-spot-a100", "spot-a100"),
    ]
    assert [item.inputs["nodeConfig"].get("spot") for item in sorted(pools, key=lambda item: item.name)] == [None, True]
    # One that cannot be made holds no other back.
    assert not {item.urn for item in pools} & {urn for item in pools for urn in item.dependencies}


def test_the_cluster_is_reached_without_any_secret():
    plan = a_gke_plan()
    resources = made(plan)
    text = kubeconfig(site_of(plan), endpoint=ENDPOINT, authority="Q0E=")
    provider = the(resources, "c-provider")
    assert provider.inputs == {"kubeconfig": text, "clusterIdentifier": f"gke_{PROJECT}_us-central1_{STACK}"}
    assert the(resources, "c").outputs == {"cluster_name": STACK, "kubeconfig": text}


def test_what_runs_in_the_cluster_comes_after_system_nodes_and_goes_before_them():
    resources = made(a_gke_plan())
    assert {"c-cluster", "c-system"} <= after(resources, the(resources, "c-provider"))


def test_the_number_of_its_project_is_asked_of_google_when_somebody_needs_it(monkeypatch):
    asked: list[MockCallArgs] = []

    def call(_: object, args: MockCallArgs) -> dict[str, str]:
        asked.append(args)
        return {"number": "4711"}

    monkeypatch.setattr(mocks._Provider, "call", call)
    told = []
    mocks.deploy(lambda: GkeCluster("c", GkeClusterArgs(plan=a_gke_plan())).project_number().apply(told.append))
    assert told == ["4711"]
    assert [(one.token, one.args) for one in asked] == [
        ("gcp:organizations/getProject:getProject", {"projectId": PROJECT})
    ]


def test_without_credentials_nothing_is_registered(monkeypatch):
    def none() -> None:
        raise PlatformError("credentials", "none", needs="some", because="of this", fix="Sign in")

    monkeypatch.setattr("components.cluster.gke.google_credentials", none)
    registered = []
    plain = mocks._Monitor.RegisterResource

    def register(self: mocks._Monitor, request: object) -> object:
        registered.append(request.type)
        return plain(self, request)

    monkeypatch.setattr(mocks._Monitor, "RegisterResource", register)
    with pytest.raises(pulumi.RunError, match=r"^credentials: none; needs some because of this\. Sign in\.$"):
        made(a_gke_plan())
    assert registered == ["pulumi:pulumi:Stack"]


def test_a_stack_that_google_cannot_name_is_refused_before_anything_is_registered():
    with pytest.raises(pulumi.RunError, match=r"^stack Prod: Prod; needs small letters"):
        made(a_gke_plan(stack="Prod"))


def test_credentials_that_only_the_machine_knows_are_told(monkeypatch):
    told = []
    monkeypatch.setattr("components.cluster.gke.google_credentials", lambda: None)
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: told.append(text))
    made(a_gke_plan())
    assert told == ["Credentials come from this machine's metadata server, which is not asked beforehand"]


def test_a_class_is_registered_as_its_manifest_says(deploy):
    plan = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY]))
    resources = deploy(lambda: ComputeClasses("k", ComputeClassesArgs(flavors=plan.flavors)))
    (found,) = [item for item in resources if item.manifest]
    assert (found.typ, found.name) == ("kubernetes:cloud.google.com/v1:ComputeClass", "k-computeclass-a100")
    assert found.parent == the(resources, "k").urn
    assert [found.manifest] == compute_classes(plan.flavors)


def test_without_a_choice_there_is_no_class(deploy):
    (component,) = deploy(lambda: ComputeClasses("k", ComputeClassesArgs(flavors=a_gke_plan().flavors)))
    assert component.inputs == {"classes": []}


def test_a_queue_of_queued_nodes_waits_for_its_check(deploy):
    plan = a_gke_plan(a_flex_start_stack(gke={"queued": True}))
    args = QueuesArgs(flavors=plan.flavors, cohorts=plan.cohorts, queues=plan.queues, priorities=plan.priorities)
    resources = deploy(lambda: Queues("q", args))
    check = the(resources, "q-admissioncheck-queued-provisioning")
    assert after(resources, check) == {"q-provisioningrequestconfig-queued-provisioning"}
    assert after(resources, the(resources, "q-clusterqueue-training")) == {
        "q-resourceflavor-a100",
        "q-admissioncheck-queued-provisioning",
        "q-provisioningrequestconfig-queued-provisioning",
    }


@pytest.mark.parametrize("is_protected", [True, False])
def test_a_destroy_of_a_protected_cluster_is_refused_before_anything_goes(is_protected):
    cluster = the(made(a_gke_plan(a_gke_stack({"deletionProtection": is_protected}))), "c-cluster")
    assert cluster.inputs["deletionProtection"] is is_protected
    assert cluster.is_protected is is_protected
