"""A team's namespace on the real API server: who may do what, how much, and what is refused."""

import itertools
from contextlib import suppress

import httpx2
import pytest
from lightkube.codecs import from_dict
from lightkube.core.exceptions import ApiError
from lightkube.core.resource_registry import resource_registry
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import ConfigMap, Namespace, Node, Pod, ResourceQuota, Secret
from lightkube.resources.networking_v1 import NetworkPolicy
from lightkube.resources.rbac_authorization_v1 import RoleBinding
from lightkube.types import CascadeType

from local.snapshot import missing
from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.network_policies import network_policies
from mizan.plan import Plan
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, a_team
from tests.control_plane.queue_builders import Cohort, WorkloadPriorityClass  # noqa: F401  # codecs must know them

GROUP = "ml@example.com"
_numbers = itertools.count(1)


class Applied:
    """A stack's manifests in a cluster."""

    def __init__(self, client, plan: Plan):
        self.client, self.plan = client, plan
        self.namespace = plan.teams[0].namespace
        # The session's Karpenter knows other machines than this stack's.
        self.bodies = [body for body in manifests_of(plan) if body["kind"] not in ("NodePool", "KWOKNodeClass")]
        self.objects = [from_dict(body) for body in self.bodies]

    def apply(self):
        for item in self.objects:
            self.client.apply(item, force=True)

    def remove(self):
        for item in reversed(self.objects):
            namespace = {"namespace": item.metadata.namespace} if item.metadata.namespace else {}
            # A test may have deleted it, or it has gone with what it belongs to.
            with suppress(ApiError):
                self.client.delete(type(item), item.metadata.name, cascade=CascadeType.BACKGROUND, **namespace)

    def quota_is_counted(self):
        """the quota has been counted once"""
        quotas = self.client.list(ResourceQuota, namespace=self.namespace)
        return all(quota.status and quota.status.hard for quota in quotas)


@pytest.fixture
def applied(client, eventually):
    """Put a stack of one team into the cluster; changes are the stack's."""
    made = []

    def make(**changes):
        number = next(_numbers)
        pool, queue = f"teams-{number}", f"teams-{number}"
        quotas = [{"pool": pool, "capacity": kind, "gpus": gpus} for kind, gpus in (("spot", 8), ("on-demand", 4))]
        values = a_stack(
            pools=[a_pool(name=pool)],
            queues=[a_queue(name=queue, quotas=quotas)],
            teams=[a_team(name=f"member-{number}", group=GROUP, queues=[queue])],
            jobs=[],
        )
        made.append(Applied(client, a_plan(values | changes, stack="test-teams")))
        made[-1].apply()
        eventually(made[-1].quota_is_counted)
        return made[-1]

    yield make
    for stack in made:
        stack.remove()


@pytest.fixture
def team(applied):
    return applied()


@pytest.fixture
def person(plane):
    """A client of somebody of a group, as the API server sees one who has logged in."""
    clients = []

    def log_in(group):
        clients.append(plane.client())
        http = clients[-1]._client._client
        who = [
            ("Impersonate-User", "somebody"),
            *(("Impersonate-Group", name) for name in (group, "system:authenticated")),
        ]
        http.headers = httpx2.Headers([*http.headers.multi_items(), *who])
        return clients[-1]

    yield log_in
    for client in clients:
        client.close()


@pytest.fixture
def member(person):
    return person(GROUP)


def a_container(**resources):
    return {
        "name": "main",
        "image": "simulated",
        "resources": resources,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def a_pod(name, namespace, *, gpus=0, requests=None, **changes):
    wanted = {keys.NVIDIA_GPU: str(gpus)} if gpus else {}
    spec = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [a_container(requests={**wanted, **(requests or {})}, limits=wanted)],
    } | changes
    return Pod.from_dict({"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def a_job_of(namespace, name="mine", **labels):
    template = {"spec": a_pod(name, namespace).spec.to_dict()}
    return Job.from_dict(
        {
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"template": template, "suspend": True},
        }
    )


def refusal(call) -> str:
    with pytest.raises(ApiError) as caught:
        call()
    assert caught.value.status.code == 403, caught.value
    return caught.value.status.message


def test_a_member_submits_reads_and_deletes_jobs(team, member):
    member.create(a_job_of(team.namespace))
    assert [job.metadata.name for job in member.list(Job, namespace=team.namespace)] == ["mine"]
    member.delete(Job, "mine", namespace=team.namespace, cascade=CascadeType.BACKGROUND)


def test_a_member_keeps_settings_and_reads_the_limits(team, member):
    member.create(ConfigMap.from_dict({"metadata": {"name": "mine", "namespace": team.namespace}, "data": {"a": "1"}}))
    member.patch(ConfigMap, "mine", {"data": {"a": "2"}}, namespace=team.namespace)
    (quota,) = member.list(ResourceQuota, namespace=team.namespace)
    assert quota.spec.hard == {"requests.nvidia.com/gpu": "12"}
    assert list(member.list(Pod, namespace=team.namespace)) == []


REFUSED = {
    'cannot create resource "pods"': lambda who, own: who.create(a_pod("bare", own, gpus=1)),
    'cannot list resource "secrets"': lambda who, own: list(who.list(Secret, namespace=own)),
    'cannot get resource "secrets"': lambda who, own: who.get(Secret, "any", namespace=own),
    'cannot list resource "nodes"': lambda who, _: list(who.list(Node)),
    'cannot list resource "namespaces"': lambda who, _: list(who.list(Namespace)),
    'cannot list resource "jobs" in API group "batch" in the namespace "default"': (
        lambda who, _: list(who.list(Job, namespace="default"))
    ),
    'cannot list resource "jobs" in API group "batch" at the cluster scope': (
        lambda who, _: list(who.list(Job, namespace="*"))
    ),
    'cannot create resource "jobs" in API group "batch" in the namespace "default"': (
        lambda who, _: who.create(a_job_of("default"))
    ),
    'cannot patch resource "jobs"': lambda who, own: who.patch(Job, "any", {"spec": {"suspend": False}}, namespace=own),
    'cannot patch resource "resourcequotas"': (
        lambda who, own: who.patch(ResourceQuota, "gpu-quota", {"spec": {"hard": {}}}, namespace=own)
    ),
    'cannot delete resource "networkpolicies"': lambda who, own: who.delete(
        NetworkPolicy, "default-deny", namespace=own
    ),
    'cannot create resource "rolebindings"': lambda who, own: who.create(
        RoleBinding.from_dict(
            {
                "metadata": {"name": "more", "namespace": own},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
            }
        )
    ),
}


def test_a_member_is_refused_whatever_else_there_is(team, member):
    for told, attempt in REFUSED.items():
        assert told in refusal(lambda attempt=attempt: attempt(member, team.namespace))


def test_another_group_has_no_part_in_it(team, person):
    told = refusal(lambda: list(person("another").list(Job, namespace=team.namespace)))
    assert f'cannot list resource "jobs" in API group "batch" in the namespace "{team.namespace}"' in told


def test_a_pod_beyond_the_restricted_standard_is_refused(team, client):
    privileged = {**a_container(), "securityContext": {"privileged": True}}
    told = refusal(lambda: client.create(a_pod("root", team.namespace, containers=[privileged])))
    assert 'violates PodSecurity "restricted:latest": privileged' in told


def test_pods_get_all_gpus_of_the_quota_and_not_one_more(team, client):
    told = refusal(lambda: client.create(a_pod("large", team.namespace, gpus=13)))
    assert "exceeded quota: gpu-quota, requested: requests.nvidia.com/gpu=13" in told
    client.create(a_pod("full", team.namespace, gpus=12))
    told = refusal(lambda: client.create(a_pod("more", team.namespace, gpus=1)))
    assert "used: requests.nvidia.com/gpu=12, limited: requests.nvidia.com/gpu=12" in told
    client.create(a_pod("without", team.namespace))


def resources_of(client, pod):
    return client.create(pod).spec.containers[0].resources


def test_a_container_that_names_nothing_gets_the_defaults_and_no_gpu(team, client):
    given = resources_of(client, a_pod("plain", team.namespace))
    assert given.requests == {"cpu": "250m", "memory": "512Mi"}
    assert given.limits == {"cpu": "48", "memory": "340Gi"}


def test_a_container_that_asks_for_a_node_s_share_without_a_limit_is_not_refused(team, client):
    given = resources_of(client, a_pod("asks", team.namespace, gpus=1, requests={"cpu": "11", "memory": "80Gi"}))
    assert given.requests == {"cpu": "11", "memory": "80Gi", keys.NVIDIA_GPU: "1"}
    assert given.limits == {"cpu": "48", "memory": "340Gi", keys.NVIDIA_GPU: "1"}


def test_every_network_policy_is_taken_as_it_is_written(team, client):
    written = network_policies(team.plan.teams[0], (offer.machine.provider for offer in team.plan.offers))
    held = {item.metadata.name: item.spec for item in client.list(NetworkPolicy, namespace=team.namespace)}
    assert held == {body["metadata"]["name"]: NetworkPolicy.from_dict(body).spec for body in written}


def test_every_kind_of_a_stack_is_looked_for_where_the_cluster_keeps_it(applied, client, plane, monkeypatch):
    number = next(_numbers)
    pool, queue, name = f"kinds-{number}", f"kinds-{number}", f"kinds-{number}"
    volume = {"volume": {"storageClass": "shared", "sizeGib": 10}, "intervalSeconds": 60}
    stack = applied(
        pools=[a_pool(name=pool)],
        queues=[a_queue(name=queue, cohort=name, quotas=[{"pool": pool, "capacity": "spot", "gpus": 1}])],
        cohorts=[{"name": name}],
        teams=[a_team(name=name, queues=[queue])],
        jobs=[a_job(team=name, queue=queue, checkpoint=volume)],
    )
    kinds = {body["kind"] for body in stack.bodies}
    assert {"Role", "RoleBinding", "LimitRange", "ResourceQuota", "NetworkPolicy", "PriorityClass", "Cohort",
            "WorkloadPriorityClass", "PersistentVolumeClaim", "Job", "LocalQueue"} <= kinds  # fmt: skip
    # A process of its own knows none of the kinds that other tests have declared.
    monkeypatch.setattr(resource_registry, "_registry", {})
    nodes = [body for body in manifests_of(stack.plan) if body["kind"] in ("NodePool", "KWOKNodeClass")]
    assert missing(plane.kubeconfig, stack.bodies) == []
    assert len(missing(plane.kubeconfig, nodes)) == len(nodes)
    unknown = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": name}}
    assert missing(plane.kubeconfig, [unknown]) == ["thing/a"]
    client.delete(NetworkPolicy, "default-deny", namespace=name)
    assert missing(plane.kubeconfig, stack.bodies) == ["networkpolicy/default-deny"]


def test_whatever_kueue_admits_the_namespace_has_room_for(applied, client, eventually):
    number = next(_numbers)
    name, pool = f"room-{number}", f"room-{number}"
    queues = [
        a_queue(name=f"{name}-{part}", cohort=name, quotas=[{"pool": pool, "capacity": "spot", "gpus": gpus}])
        for part, gpus in (("a", 4), ("b", 2), ("others", 2))
    ]
    stack = applied(
        pools=[a_pool(name=pool)],
        queues=queues,
        cohorts=[{"name": name, "quotas": [{"pool": pool, "capacity": "spot", "gpus": 4}]}],
        teams=[
            a_team(name=name, queues=[f"{name}-a", f"{name}-b"]),
            a_team(name=f"{name}-others", queues=[f"{name}-others"]),
        ],
        jobs=[
            a_job(name="first", team=name, queue=f"{name}-a", gpus=2, pods=4),
            a_job(name="second", team=name, queue=f"{name}-b", gpus=4),
            a_job(name="third", team=name, queue=f"{name}-b", gpus=1),
        ],
    )
    assert stack.plan.teams[0].gpu_quota == {keys.NVIDIA_GPU: 12}

    def all_gpus_are_held():
        """the pods of both admitted jobs stand"""
        (quota,) = client.list(ResourceQuota, namespace=name)
        return quota.status.used == {"requests.nvidia.com/gpu": "12"}

    eventually(all_gpus_are_held)
    assert client.get(Job, "third", namespace=name).spec.suspend is True
