"""A resource registered by its type is what the SDK's own class would have registered."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from components.cloud_resource import CloudResource, as_sent
from components.cluster import gke
from mizan.clouds.gcp.account import node_account_args, node_role_args
from mizan.clouds.gcp.cluster import cluster_args
from mizan.clouds.gcp.network import nat_args, network_args, router_args, subnetwork_args, webhook_firewall_args
from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import site_of
from mizan.clouds.gcp.system_pool import system_pool_args
from tests.builders import a_pool
from tests.gke_stacks import ZONE, a_flex_start_stack, a_gke_plan, a_gke_stack

RESERVED = {"name": "held", "kind": "reservation", "machine": "a2-ultragpu-4g", "nodes": 1}
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
# Every argument that is ever set: local disks, a reservation, spot, a key, labels with underscores; compact placement.
PLAN = a_gke_plan(
    a_gke_stack(
        {"secretsKey": KEY, "nodeZones": [ZONE, "us-central1-f"]},
        pools=[a_pool(machine="a2-ultragpu-4g", gpu="a100-80gb", zones=[ZONE])],
        commitments=[RESERVED],
        labels={"cost_center": "ml_1"},
    )
)
COMPACT = a_gke_plan(a_gke_stack(pools=[a_pool(zones=[ZONE], gke={"compactPlacement": True})]))
QUEUED = a_gke_plan(a_flex_start_stack(gke={"queued": True}))
SITE = site_of(PLAN)


def pool_of(plan: Any, index: int) -> dict[str, Any]:
    return node_pool_args(plan, site_of(plan), plan.offers[index], cluster="c", account="a")


RESOURCES: list[tuple[str, Callable[[], Any], dict[str, Any]]] = [
    (gke.ACCOUNT, lambda: gcp.serviceaccount.Account, node_account_args(SITE)),
    (gke.PROJECT_ROLE, lambda: gcp.projects.IAMMember, node_role_args(SITE, account="serviceAccount:a")),
    (gke.NETWORK, lambda: gcp.compute.Network, network_args(SITE)),
    (gke.SUBNETWORK, lambda: gcp.compute.Subnetwork, subnetwork_args(PLAN, SITE, network="n")),
    (gke.ROUTER, lambda: gcp.compute.Router, router_args(SITE, network="n")),
    (gke.NAT, lambda: gcp.compute.RouterNat, nat_args(SITE, router="r")),
    (gke.FIREWALL, lambda: gcp.compute.Firewall, webhook_firewall_args(PLAN, SITE, network="n", account="a")),
    (
        gke.CLUSTER,
        lambda: gcp.container.Cluster,
        cluster_args(PLAN, SITE, network="n", subnetwork="s", account="a"),
    ),
    (gke.NODE_POOL, lambda: gcp.container.NodePool, system_pool_args(PLAN, SITE, cluster="c", account="a")),
    *((gke.NODE_POOL, lambda: gcp.container.NodePool, pool_of(PLAN, index)) for index in range(len(PLAN.offers))),
    (gke.NODE_POOL, lambda: gcp.container.NodePool, pool_of(COMPACT, 0)),
    (gke.NODE_POOL, lambda: gcp.container.NodePool, pool_of(QUEUED, 0)),
]


@pytest.mark.parametrize(
    ("kind", "of_the_sdk", "args"), RESOURCES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_sdk_s_own_class_sends_the_same(deploy, kind, of_the_sdk, args):
    def both() -> None:
        CloudResource(kind, "ours", args, pulumi.ResourceOptions())
        of_the_sdk()("theirs", **args)

    ours, theirs = sorted(deploy(both), key=lambda item: item.name)
    assert (ours.name, theirs.name) == ("ours", "theirs")
    assert ours.typ == theirs.typ
    assert ours.inputs == theirs.inputs


def test_keys_of_a_person_s_own_keep_their_names():
    assert as_sent({"resource_labels": {"cost_center": "a_b"}, "node_config": {"labels": {"a_b": "c"}}}) == {
        "resourceLabels": {"cost_center": "a_b"},
        "nodeConfig": {"labels": {"a_b": "c"}},
    }


def test_lists_of_arguments_are_renamed_throughout():
    sent = as_sent({"secondary_ip_ranges": [{"range_name": "pods"}], "ports": ["80"], "node_locations": ("a",)})
    assert sent == {"secondaryIpRanges": [{"rangeName": "pods"}], "ports": ["80"], "nodeLocations": ["a"]}


def test_what_a_resource_tells_is_an_output_beside_its_arguments(deploy):
    told = []

    def program() -> None:
        made = CloudResource(
            "gcp:compute/network:Network", "n", {"name": "vpc"}, pulumi.ResourceOptions(), outputs=("selfLink",)
        )
        made.output("name").apply(told.append)
        made.output("selfLink").apply(told.append)

    (network,) = deploy(program)
    assert network.inputs == {"name": "vpc"}
    assert sorted(map(str, told)) == ["None", "vpc"]
