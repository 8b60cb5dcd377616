"""Each component by itself: what it registers, under whom, through which provider, after what."""

import json

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.capacity.local_nodes import LocalNodes, LocalNodesArgs
from components.capacity.warm_nodes import WarmNodes, WarmNodesArgs
from components.cluster.local import LocalCluster, LocalClusterArgs
from components.own_namespace import OwnNamespace, OwnNamespaceArgs
from components.queues.kueue import Kueue, KueueArgs
from components.queues.packing import Packing, PackingArgs
from components.queues.queues import Queues, QueuesArgs
from components.resource import resource
from components.tenants.team import Team, TeamArgs
from components.workloads.spot_training_job import OWNED_BY_KUEUE, SpotTrainingJob, SpotTrainingJobArgs
from mizan import versions
from mizan.config import Install, KueueAddon
from mizan.manifests.kueue_settings import chart_values
from mizan.manifests.kwok_nodes import node_class, node_pool
from mizan.manifests.manifest import manifest
from mizan.manifests.node_pools import node_overlays
from mizan.manifests.own_namespace import own_namespace
from mizan.manifests.queues import (
    cluster_queue,
    cohort,
    priority_class,
    resource_flavor,
    workload_priority_class,
)
from mizan.manifests.training_jobs import spot_training_job
from mizan.plan import Plan
from tests.builders import a_plan, a_pool, a_stack, a_whole_stack
from tests.mocks import PROVIDER, Registered
from tests.sharing_stacks import PROFILE, a_sharing_stack

PLAN = a_plan()
WARM_PLAN = a_plan(a_stack(pools=[a_pool(warm={"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10})]))
HELM = KueueAddon(install=Install.HELM)
STACK = "pulumi:pulumi:Stack"


def the(resources: list[Registered], typ: str) -> Registered:
    (found,) = [item for item in resources if item.typ == typ]
    return found


def manifests_by_name(resources: list[Registered]) -> dict[str, object]:
    """Registrations come in any order."""
    return {item.manifest["metadata"]["name"]: item.manifest for item in resources}


def children_of(resources: list[Registered], typ: str) -> list[Registered]:
    return [item for item in resources if item.parent == the(resources, typ).urn]


def names_of(resources: list[Registered], urns: frozenset[str]) -> set[str]:
    return {item.name for item in resources if item.urn in urns}


def the_queues_of(plan: Plan) -> QueuesArgs:
    return QueuesArgs(flavors=plan.flavors, cohorts=plan.cohorts, queues=plan.queues, priorities=plan.priorities)


def a_stand_in(name: str) -> pulumi.CustomResource:
    """Something to depend on."""
    return k8s.core.v1.ConfigMap(name, metadata={"name": name})


def through_a_provider(build):
    """Build a component with a provider of its own, as GpuPlatform does."""

    def program():
        provider = k8s.Provider("elsewhere", context="elsewhere")
        build(pulumi.ResourceOptions(providers={"kubernetes": provider}))

    return program


COMPONENTS = {
    "mizan:components:LocalNodes": lambda opts: LocalNodes("x", LocalNodesArgs(offers=PLAN.offers), opts),
    "mizan:components:WarmNodes": lambda opts: WarmNodes("x", WarmNodesArgs(plan=WARM_PLAN), opts),
    "mizan:components:Kueue": lambda opts: Kueue("x", KueueArgs(settings=HELM), opts),
    "mizan:components:Queues": lambda opts: Queues("x", the_queues_of(PLAN), opts),
    "mizan:components:Team": lambda opts: Team(
        "x",
        TeamArgs(
            team=PLAN.teams[0],
            stack="test",
            machines=tuple(offer.machine for offer in PLAN.offers),
            cluster_queues={"training": a_stand_in("queue")},
        ),
        opts,
    ),
    "mizan:components:SpotTrainingJob": lambda opts: SpotTrainingJob(
        "x", SpotTrainingJobArgs(job=PLAN.jobs[0], local_queue=a_stand_in("queue"), priority_classes=()), opts
    ),
}


@pytest.mark.parametrize(("token", "build"), COMPONENTS.items(), ids=list(COMPONENTS))
def test_children_bear_their_component_s_name_and_go_through_its_provider(deploy, token, build):
    resources = deploy(through_a_provider(build))
    children = children_of(resources, token)
    assert the(resources, token).parent.split("::")[2] == STACK
    assert children
    assert all(child.name.startswith("x-") for child in children)
    provider = the(resources, PROVIDER)
    assert all(child.provider.startswith(f"{provider.urn}::") for child in children)


def warm_nodes_in_a_namespace(plan):
    def program() -> None:
        own = k8s.core.v1.Namespace("own")
        WarmNodes("x", WarmNodesArgs(plan=plan, namespace=(own,)))

    return program


def test_warm_nodes_come_after_the_namespace_and_the_class_of_their_placeholders(deploy):
    resources = deploy(warm_nodes_in_a_namespace(WARM_PLAN))
    children = {child.name: child for child in children_of(resources, "mizan:components:WarmNodes")}
    needed = {"own", "x-priorityclass-mizan-placeholder"}
    assert set(children) == {"x-priorityclass-mizan-placeholder", "x-cronjob-mizan-system/a100"}
    assert names_of(resources, children["x-cronjob-mizan-system/a100"].dependencies) >= needed


def test_a_namespace_that_warm_nodes_had_as_their_part_is_taken_over(deploy):
    """Made anew, it would be deleted under what is in it: the old one goes after the new one has come."""

    def program() -> None:
        platform = pulumi.ComponentResource("mizan:components:GpuPlatform", "p")
        inside = OwnNamespaceArgs(plan=WARM_PLAN, warm_nodes="p-warm", platform=platform)
        OwnNamespace("p-own", inside, pulumi.ResourceOptions(parent=platform))

    (namespace,) = children_of(deploy(program), "mizan:components:OwnNamespace")
    types = ("pulumi:pulumi:Stack", "mizan:components:GpuPlatform", "mizan:components:WarmNodes", namespace.typ)
    assert namespace.manifest == own_namespace(WARM_PLAN)[0]
    assert namespace.moved_from == {f"urn:pulumi:test::mizan::{'$'.join(types)}::p-warm-namespace-mizan-system"}


def test_what_holds_the_fewest_nodes_comes_after_them_as_well(deploy):
    capacity = [{"type": "spot", "maxNodes": 2, "minNodes": 1}, {"type": "on-demand", "maxNodes": 1}]
    plan = a_plan(a_stack(pools=[a_pool(capacity=capacity)]))
    resources = deploy(warm_nodes_in_a_namespace(plan))
    children = {child.name: child for child in children_of(resources, "mizan:components:WarmNodes")}
    needed = {"own", "x-priorityclass-mizan-placeholder"}
    assert set(children) == {"x-priorityclass-mizan-placeholder", "x-deployment-mizan-system/spot-a100"}
    assert names_of(resources, children["x-deployment-mizan-system/spot-a100"].dependencies) >= needed
    assert the(resources, "mizan:components:WarmNodes").inputs == {"pools": [], "offers": ["spot-a100"]}


def test_the_embedded_cluster_is_reached_by_path_and_context_with_the_provider_that_is_built(deploy):
    resources = deploy(lambda: LocalCluster("x", LocalClusterArgs(kubeconfig="/home/kubeconfig")))
    provider = the(resources, PROVIDER)
    assert provider.name == "x-provider"
    assert provider.parent == the(resources, "mizan:components:LocalCluster").urn
    unhurried = {"qps": 500, "burst": 1000}
    settings = json.loads(provider.inputs["kubeClientSettings"])
    assert {**provider.inputs, "kubeClientSettings": settings} == {
        "kubeconfig": "/home/kubeconfig",
        "context": "mizan-local",
        "kubeClientSettings": unhurried,
    }
    assert provider.version == versions.EMBEDDED_KUBERNETES_PROVIDER


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_embedded_cluster_s_kubeconfig_a_person_is_told_how_to_get_it(monkeypatch, value):
    monkeypatch.delenv("MIZAN_KUBECONFIG", raising=False)
    if value is not None:
        monkeypatch.setenv("MIZAN_KUBECONFIG", value)
    with pytest.raises(pulumi.RunError) as caught:
        LocalClusterArgs.from_environment()
    assert str(caught.value) == (
        "MIZAN_KUBECONFIG: not set; needs the embedded cluster's kubeconfig because stack `local` runs nowhere else. "
        'Run `make up`, or `eval "$(make env)"` before a pulumi command of your own.'
    )


def test_the_embedded_cluster_s_kubeconfig_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("MIZAN_KUBECONFIG", "/home/kubeconfig")
    assert LocalClusterArgs.from_environment() == LocalClusterArgs(kubeconfig="/home/kubeconfig")


def test_every_offer_is_one_node_pool_made_after_their_class(deploy):
    resources = deploy(lambda: LocalNodes("x", LocalNodesArgs(offers=PLAN.offers)))
    children = children_of(resources, "mizan:components:LocalNodes")
    assert sorted((child.typ, child.name) for child in children) == [
        ("kubernetes:karpenter.kwok.sh/v1alpha1:KWOKNodeClass", "x-kwoknodeclass-simulated"),
        ("kubernetes:karpenter.sh/v1:NodePool", "x-nodepool-ondemand-a100"),
        ("kubernetes:karpenter.sh/v1:NodePool", "x-nodepool-spot-a100"),
    ]
    by_name = {child.name: child for child in children}
    assert by_name["x-kwoknodeclass-simulated"].manifest == node_class()
    for offer in PLAN.offers:
        pool = by_name[f"x-nodepool-{offer.name}"]
        assert pool.manifest == node_pool(offer)
        assert names_of(resources, pool.dependencies) == {"x-kwoknodeclass-simulated"}


def test_an_offer_of_shared_gpus_has_an_overlay_as_well(deploy):
    plan = a_plan(a_sharing_stack("local", PROFILE))
    resources = deploy(lambda: LocalNodes("x", LocalNodesArgs(offers=plan.offers)))
    children = children_of(resources, "mizan:components:LocalNodes")
    overlays = [child for child in children if child.typ.endswith(":NodeOverlay")]
    wanted = {body["metadata"]["name"]: body for body in node_overlays(plan.offers)}
    assert manifests_by_name(overlays) == wanted
    assert sorted(child.name for child in overlays) == ["x-nodeoverlay-ondemand-a100", "x-nodeoverlay-spot-a100"]


def test_kueue_is_installed_as_a_release_of_the_pinned_chart(deploy):
    resources = deploy(lambda: Kueue("x", KueueArgs(settings=HELM)))
    (release,) = children_of(resources, "mizan:components:Kueue")
    assert (release.typ, release.name) == ("kubernetes:helm.sh/v3:Release", "x-release")
    assert release.inputs["chart"] == "oci://registry.k8s.io/kueue/charts/kueue"
    assert release.inputs["version"] == versions.KUEUE == "0.19.2"
    assert (release.inputs["name"], release.inputs["namespace"]) == ("kueue", "kueue-system")
    assert release.inputs["createNamespace"] is True
    assert release.inputs["values"] == chart_values(HELM)
    assert release.deleted_with == ""
    text = release.inputs["values"]["managerConfig"]["controllerManagerConfigYaml"]
    assert json.loads(text)["kind"] == "Configuration"


def test_kueue_goes_with_the_cluster_that_the_stack_makes(deploy):
    def program() -> None:
        cluster = pulumi.ComponentResource("test:Cluster", "made-by-the-stack")
        Kueue("x", KueueArgs(settings=HELM, cluster=cluster))

    resources = deploy(program)
    (cluster,) = [item for item in resources if item.typ == "test:Cluster"]
    assert the(resources, "kubernetes:helm.sh/v3:Release").deleted_with == cluster.urn


def test_kueue_s_chart_may_come_from_elsewhere(deploy):
    resources = deploy(lambda: Kueue("x", KueueArgs(settings=HELM, chart="./charts/kueue")))
    assert the(resources, "kubernetes:helm.sh/v3:Release").inputs["chart"] == "./charts/kueue"


def test_an_external_kueue_is_left_alone(deploy):
    resources = deploy(lambda: Kueue("x", KueueArgs(settings=PLAN.kueue)))
    assert [item.typ for item in resources] == ["mizan:components:Kueue"]


def test_a_cluster_queue_waits_for_the_flavors_it_names(deploy):
    resources = deploy(lambda: Queues("x", the_queues_of(PLAN)))
    by_name = {child.name: child for child in children_of(resources, "mizan:components:Queues")}
    assert set(by_name) == {
        "x-resourceflavor-spot-a100",
        "x-resourceflavor-ondemand-a100",
        "x-clusterqueue-training",
        "x-workloadpriorityclass-production",
        "x-workloadpriorityclass-batch",
        "x-workloadpriorityclass-dev",
    }
    queue = by_name.pop("x-clusterqueue-training")
    classes = {name: by_name.pop(name) for name in list(by_name) if "workloadpriorityclass" in name}
    assert queue.manifest == cluster_queue(PLAN.queues[0])
    assert names_of(resources, queue.dependencies) == set(by_name)
    assert by_name["x-resourceflavor-spot-a100"].manifest == resource_flavor(PLAN.flavors[0])
    wanted = {item.name: workload_priority_class(item) for item in PLAN.priorities}
    assert manifests_by_name(list(classes.values())) == wanted


def test_a_cohort_waits_for_the_flavors_it_owns(deploy):
    plan = a_plan(a_whole_stack())
    resources = deploy(lambda: Queues("x", the_queues_of(plan)))
    cohorts = [item for item in resources if item.typ == "kubernetes:kueue.x-k8s.io/v1beta2:Cohort"]
    assert manifests_by_name(cohorts) == {item.name: cohort(item) for item in plan.cohorts}
    research = next(item for item in cohorts if item.name == "x-cohort-research")
    assert names_of(resources, research.dependencies) == {"x-resourceflavor-spot-a100"}


def test_every_priority_is_a_class_of_pods(deploy):
    resources = deploy(lambda: Packing("x", PackingArgs(priorities=PLAN.priorities)))
    classes = children_of(resources, "mizan:components:Packing")
    assert manifests_by_name(classes) == {item.name: priority_class(item) for item in PLAN.priorities}


def test_a_job_waits_for_its_queue_and_leaves_to_kueue_what_is_kueue_s(deploy):
    resources = deploy(
        lambda: SpotTrainingJob(
            "x",
            SpotTrainingJobArgs(
                job=PLAN.jobs[0], local_queue=a_stand_in("local-queue"), priority_classes=(a_stand_in("class"),)
            ),
        )
    )
    (job,) = children_of(resources, "mizan:components:SpotTrainingJob")
    assert (job.typ, job.manifest) == ("kubernetes:batch/v1:Job", spot_training_job(PLAN.jobs[0]))
    assert names_of(resources, job.dependencies) == {"local-queue", "class"}
    assert job.ignore_changes == OWNED_BY_KUEUE
    assert "spec.suspend" in job.ignore_changes


def test_a_manifest_without_a_type_of_its_own_is_a_custom_resource(deploy):
    body = manifest("example.com/v1", "Thing", "a", namespace="b") | {"spec": {"snake_case": 1, "camelCase": [True]}}
    (thing,) = deploy(lambda: resource("owner", body, pulumi.ResourceOptions()))
    assert (thing.typ, thing.name, thing.manifest) == ("kubernetes:example.com/v1:Thing", "owner-thing-b/a", body)
