"""A team's namespace and what stands in it. What the API server makes of it is in control_plane/test_teams.py."""

import ipaddress
from typing import Any

import pytest

from mizan import keys
from mizan.catalogue import machines
from mizan.manifests import Manifest, manifests_of
from mizan.manifests.access import team_role, team_role_binding
from mizan.manifests.limits import limit_range, resource_quota
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.network_policies import network_policies
from mizan.manifests.tenants import guards
from tests.builders import a_plan, a_stack, a_team

(TEAM,) = a_plan().teams
LARGE, SMALL = machines()["a2-highgpu-8g"], machines()["g2-standard-4"]
AMAZON = machines()["g5.xlarge"]


def team(**changes: Any):
    return a_plan(a_stack(teams=[a_team(**changes)])).teams[0]


def may(verb: str, resource: str, group: str = "") -> bool:
    return any(
        verb in rule["verbs"] and resource in rule["resources"] and group in rule["apiGroups"]
        for rule in team_role(TEAM)["rules"]
    )


def policies(*providers: str) -> dict[str, Manifest]:
    return {body["metadata"]["name"]: body["spec"] for body in network_policies(TEAM, providers)}


def reachable(address: str, protocol: str, port: int, *providers: str) -> bool:
    """Whether a pod may open a connection to an address outside the cluster."""
    wanted = ipaddress.ip_address(address)

    def holds(block):
        network = ipaddress.ip_network(block["cidr"])
        inside = wanted.version == network.version and wanted in network
        return inside and not any(wanted in ipaddress.ip_network(left_out) for left_out in block.get("except", ()))

    return any(
        holds(peer["ipBlock"])
        for spec in policies(*providers).values()
        for rule in spec.get("egress", ())
        for peer in rule["to"]
        if "ipBlock" in peer and {"protocol": protocol, "port": port} in rule["ports"]
    )


def test_a_namespace_names_its_stack_its_payer_and_the_standard_of_its_pods():
    assert team_namespace(TEAM, "prod")["metadata"] == {
        "name": "team-a",
        "labels": {
            "app.kubernetes.io/managed-by": "mizan",
            "cost-center": "ml-research",
            "team": "team-a",
            "project": "llm",
            "mizan.dev/stack": "prod",
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
            "pod-security.kubernetes.io/audit": "restricted",
            "pod-security.kubernetes.io/audit-version": "latest",
            "pod-security.kubernetes.io/warn": "restricted",
            "pod-security.kubernetes.io/warn-version": "latest",
        },
    }


def test_a_stack_s_namespaces_bear_its_name():
    (namespace,) = [body for body in manifests_of(a_plan(stack="prod")) if body["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"][keys.STACK] == "prod"


@pytest.mark.parametrize("verb", ["create", "get", "list", "watch", "delete"])
def test_a_member_submits_reads_and_deletes_jobs(verb):
    assert may(verb, "jobs", "batch")


@pytest.mark.parametrize("verb", ["update", "patch"])
def test_a_member_changes_no_job_behind_the_queue_s_back(verb):
    assert not may(verb, "jobs", "batch")


@pytest.mark.parametrize(
    ("resource", "group"),
    [("pods", ""), ("pods/log", ""), ("events", ""), ("resourcequotas", ""), ("limitranges", ""),
     ("workloads", "kueue.x-k8s.io"), ("localqueues", "kueue.x-k8s.io")],
)  # fmt: skip
def test_a_member_reads_why_a_job_waits_and_what_it_prints(resource, group):
    assert may("get", resource, group)
    assert not any(may(verb, resource, group) for verb in ("create", "update", "patch", "delete"))


@pytest.mark.parametrize("resource", ["configmaps", "persistentvolumeclaims"])
def test_a_member_keeps_settings_and_volumes(resource):
    assert all(may(verb, resource) for verb in ("create", "get", "list", "watch", "update", "patch", "delete"))


def test_nothing_else_is_granted_and_nothing_by_a_wildcard():
    rules = team_role(TEAM)["rules"]
    assert {resource for rule in rules for resource in rule["resources"]} == {
        "jobs", "configmaps", "persistentvolumeclaims", "pods", "pods/log", "events", "resourcequotas", "limitranges",
        "workloads", "localqueues",
    }  # fmt: skip
    assert not any("*" in rule[part] for rule in rules for part in ("apiGroups", "resources", "verbs"))


def test_the_rights_are_the_group_s_and_end_at_the_namespace():
    binding = team_role_binding(team(group="ml@example.com"))
    assert binding["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "ml@example.com"}]
    assert binding["roleRef"]["kind"] == "Role"
    assert binding["roleRef"]["name"] == team_role(TEAM)["metadata"]["name"]
    assert {body["kind"] for body in manifests_of(a_plan())} & {"ClusterRole", "ClusterRoleBinding"} == set()


def test_a_team_without_a_group_is_its_own():
    assert team_role_binding(TEAM)["subjects"][0]["name"] == "team-a"


def test_a_container_that_names_nothing_gets_little_and_may_use_what_is_idle():
    (limits,) = limit_range(TEAM, [SMALL, LARGE])["spec"]["limits"]
    assert limits == {
        "type": "Container",
        "defaultRequest": {"cpu": "250m", "memory": "512Mi"},
        "default": {"cpu": str(LARGE.vcpus), "memory": f"{LARGE.memory_gib}Gi"},
    }


def test_no_gpu_comes_by_default():
    assert "nvidia" not in str(limit_range(TEAM, [LARGE]))


def test_the_quota_of_a_namespace_is_what_its_queues_can_admit():
    assert resource_quota(TEAM)["spec"] == {"hard": {"requests.nvidia.com/gpu": "12"}}


def test_nothing_comes_in_or_goes_out_unless_another_policy_allows_it():
    assert policies("gcp")["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_gangs_talk_to_each_other_on_every_port():
    spec = policies("gcp")["allow-team"]
    assert spec["podSelector"] == {}
    assert {"from": [{"podSelector": {}}]} in spec["ingress"]
    assert {"to": [{"podSelector": {}}]} in spec["egress"]


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_names_are_resolved_in_the_cluster_and_on_the_node(protocol):
    asked = {"protocol": protocol, "port": 53}
    (rule,) = [rule for rule in policies("aws")["allow-team"]["egress"] if asked in rule.get("ports", ())]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}} in rule["to"]
    assert reachable("169.254.20.10", protocol, 53, "aws")


def test_cloud_dns_of_gke_is_asked_at_the_metadata_server_s_address():
    assert reachable("169.254.169.254", "UDP", 53, "gcp")
    assert not reachable("169.254.169.254", "UDP", 53, "aws")


@pytest.mark.parametrize("store", ["52.216.1.1", "10.1.2.3", "2600:1f60::1"])
def test_object_stores_are_reached_by_https_alone(store):
    assert reachable(store, "TCP", 443, "aws")
    assert not reachable(store, "TCP", 80, "aws")


@pytest.mark.parametrize(
    ("address", "port"),
    [("169.254.169.254", 80), ("169.254.169.254", 443), ("fd00:ec2::254", 80), ("fd00:ec2::254", 443),
     ("169.254.170.2", 80), ("169.254.170.2", 443)],
)  # fmt: skip
def test_on_amazon_no_pod_reaches_the_metadata_server(address, port):
    assert not reachable(address, "TCP", port, "aws")


@pytest.mark.parametrize(("address", "port"), [("169.254.170.23", 80), ("fd00:ec2::23", 80)])
def test_on_amazon_a_pod_reaches_the_agent_that_gives_its_identity(address, port):
    assert reachable(address, "TCP", port, "aws")
    assert not reachable(address, "TCP", port, "gcp")


@pytest.mark.parametrize(
    ("address", "port"), [("169.254.169.254", 80), ("169.254.169.252", 987), ("169.254.169.252", 988)]
)
def test_on_google_a_pod_reaches_the_server_that_gives_its_identity(address, port):
    assert reachable(address, "TCP", port, "gcp")
    assert not reachable(address, "TCP", port, "aws")
    assert not reachable(address, "TCP", 443, "gcp")


@pytest.mark.parametrize(
    ("pods", "label"),
    [({"matchLabels": {"workload-type": "inference"}}, "mizan.dev/ingress"), ({}, "mizan.dev/monitoring")],
    ids=["requests", "metrics"],
)
def test_other_namespaces_come_in_only_by_a_label_that_their_owner_gave(pods, label):
    let_in = {"from": [{"namespaceSelector": {"matchLabels": {label: "true"}}}], "ports": [{"protocol": "TCP"}]}
    assert [spec["podSelector"] for spec in policies("gcp").values() if let_in in spec.get("ingress", ())] == [pods]


def test_nobody_else_comes_in():
    sources = [peer for spec in policies("gcp").values() for rule in spec.get("ingress", ()) for peer in rule["from"]]
    assert len(sources) == 3


def test_whose_machines_a_stack_has_decides_how_its_pods_get_their_identity():
    on_amazon = str(guards(TEAM, [AMAZON]))
    assert "169.254.170.23/32" in on_amazon
    assert "169.254.169" not in on_amazon


def test_everything_of_a_team_stands_before_its_queues():
    bodies = [body for body in manifests_of(a_plan()) if body["kind"] == "Namespace" or "namespace" in body["metadata"]]
    kinds = [body["kind"] for body in bodies]
    assert kinds[0] == "Namespace"
    assert kinds.index("LocalQueue") > max(
        position for position, kind in enumerate(kinds)
        if kind in ("Role", "RoleBinding", "LimitRange", "ResourceQuota", "NetworkPolicy")
    )  # fmt: skip
    assert all(body["metadata"]["namespace"] == "team-a" for body in bodies[1:])
