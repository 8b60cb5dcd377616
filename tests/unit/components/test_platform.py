"""GpuPlatform: the parts together, and nothing but the manifests of the Plan."""

import pytest
from hypothesis import given, settings

from components.platform import GpuPlatform, GpuPlatformArgs
from mizan.manifests import manifests_of
from mizan.plan import Plan
from tests import mocks
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, a_team, an_existing_stack, shipped_stack
from tests.strategies import stacks


@pytest.fixture(autouse=True)
def _embedded_cluster(monkeypatch):
    monkeypatch.setenv("MIZAN_KUBECONFIG", "/home/kubeconfig")


def platform_of(plan: Plan) -> list[mocks.Registered]:
    return mocks.deploy(lambda: GpuPlatform("mizan", GpuPlatformArgs(plan=plan)))


def without_nothing(value):
    """A manifest as Pulumi sends it: what is None is not said."""
    if isinstance(value, dict):
        return {key: without_nothing(item) for key, item in value.items() if item is not None}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value


def in_order(manifests):
    """Manifests in an order of their own, so that two lists of the same ones are equal."""
    said = [without_nothing(body) for body in manifests]
    return sorted(
        said, key=lambda body: (body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])
    )


def registered(resources):
    return in_order(item.manifest for item in resources if item.manifest)


def an_existing_plan(monkeypatch, **changes: object) -> Plan:
    monkeypatch.setattr("components.cluster.existing.checked_kubeconfig", lambda cluster: cluster.kubeconfig)
    return a_plan(an_existing_stack(**changes))


def test_stack_local_registers_exactly_what_render_prints():
    plan = a_plan(shipped_stack("local"), stack="local")
    resources = platform_of(plan)
    assert registered(resources) == in_order(manifests_of(plan))
    assert {item.typ for item in resources if not item.manifest} == {
        "mizan:components:GpuPlatform",
        "mizan:components:LocalCluster",
        "mizan:components:LocalNodes",
        "mizan:components:Kueue",
        "mizan:components:Queues",
        "mizan:components:Packing",
        "mizan:components:Team",
        "mizan:components:SpotTrainingJob",
        mocks.PROVIDER,
    }


@settings(max_examples=10)
@given(stacks())
def test_whatever_the_stack_the_platform_registers_its_manifests_each_under_its_own_urn(values):
    plan = a_plan(values)
    resources = platform_of(plan)
    assert registered(resources) == in_order(manifests_of(plan))


@pytest.mark.parametrize("is_warm", [False, True])
def test_warm_nodes_are_registered_as_render_prints_them_where_a_pool_has_some(is_warm):
    warm = {"warm": {"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10}} if is_warm else {}
    plan = a_plan(a_stack(pools=[a_pool(**warm)]))
    resources = platform_of(plan)
    assert registered(resources) == in_order(manifests_of(plan))
    assert ("mizan:components:WarmNodes" in {item.typ for item in resources}) == is_warm


def test_a_gang_is_registered_with_its_names_as_render_prints_them():
    plan = a_plan(a_stack(jobs=[a_job(pods=3)]))
    resources = platform_of(plan)
    assert registered(resources) == in_order(manifests_of(plan))
    assert [item.name for item in resources if item.typ == "kubernetes:core/v1:Service"] == [
        "mizan-team-a/train-1-service-team-a/train-1"
    ]


def test_everything_in_the_cluster_goes_through_the_one_provider_of_that_cluster():
    resources = platform_of(a_plan())
    (provider,) = [item for item in resources if item.typ == mocks.PROVIDER]
    in_cluster = [item for item in resources if item.typ.startswith(mocks.KUBERNETES)]
    assert len(in_cluster) == len(manifests_of(a_plan()))
    assert {item.provider.rpartition("::")[0] for item in in_cluster} == {provider.urn}


def test_every_part_is_a_child_of_the_platform_and_every_resource_of_a_part():
    resources = platform_of(a_plan())
    by_urn = {item.urn: item for item in resources}
    platform = resources[0]
    assert (platform.typ, platform.inputs) == ("mizan:components:GpuPlatform", {"stack": "test", "cloud": "local"})
    for item in resources[1:]:
        is_part = item.typ.startswith("mizan:")
        assert item.name.startswith("mizan-")
        assert (by_urn[item.parent] is platform) == is_part


def test_the_platform_gives_the_namespaces_of_its_teams():
    platform = platform_of(a_plan(a_stack(teams=[a_team(), a_team(name="team-b")])))[0]
    assert platform.outputs == {"namespaces": ["team-a", "team-b"]}


def test_a_team_and_a_job_whose_names_run_together_stay_apart():
    teams = [a_team(name="a"), a_team(name="a-b")]
    jobs = [a_job(team="a", name="b-c"), a_job(team="a-b", name="c")]
    resources = platform_of(a_plan(a_stack(teams=teams, jobs=jobs)))
    assert len([item for item in resources if item.typ == "kubernetes:batch/v1:Job"]) == 2


def test_an_existing_cluster_has_no_simulated_nodes(monkeypatch):
    plan = an_existing_plan(monkeypatch)
    resources = platform_of(plan)
    types = {item.typ for item in resources}
    assert "mizan:components:ExistingCluster" in types
    assert not types & {"mizan:components:LocalCluster", "mizan:components:LocalNodes"}
    assert registered(resources) == in_order(manifests_of(plan))


def test_queues_wait_for_the_kueue_that_this_stack_installs(monkeypatch):
    resources = platform_of(an_existing_plan(monkeypatch))
    (release,) = [item for item in resources if item.typ == "kubernetes:helm.sh/v3:Release"]
    (queues,) = [item for item in resources if item.typ == "mizan:components:Queues"]
    assert release.urn in queues.dependencies


def test_without_the_embedded_cluster_nothing_is_registered_beside_the_platform(monkeypatch):
    monkeypatch.delenv("MIZAN_KUBECONFIG")
    with pytest.raises(Exception, match="MIZAN_KUBECONFIG: not set; needs the embedded cluster's kubeconfig") as caught:
        platform_of(a_plan())
    assert type(caught.value).__name__ == "RunError"


def test_what_is_allowed_but_probably_not_meant_is_told_in_the_update(monkeypatch):
    told = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, resource: told.append((text, resource._name)))
    more = a_queue(name="more", quotas=[{"pool": "a100", "capacity": "spot", "gpus": 1}])
    platform_of(a_plan(a_stack(queues=[a_queue(), more])))
    ((text, name),) = told
    assert text.startswith("flavor spot-a100: quotas of 9 GPUs")
    assert name == "mizan"
