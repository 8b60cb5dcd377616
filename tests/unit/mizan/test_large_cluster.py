"""The cluster that rules are measured on has the size and the series that it is said to have."""

from collections import Counter

import pytest

from mizan import keys
from mizan.plan import Plan
from tests.bench.large_cluster import NODES, TEAMS, large_cluster, large_plan
from tests.bench.object_series import READ, kube_state_text, kueue_text, of_node, of_pod


@pytest.fixture(scope="module")
def plan() -> Plan:
    return large_plan()


@pytest.fixture(scope="module")
def cluster(plan):
    return large_cluster(plan)


def test_it_has_2000_nodes_10000_gpus_and_20000_pods(cluster):
    assert len(cluster.nodes) == 2_000
    assert sum(node.whole_gpus for node in cluster.nodes) == 10_000
    assert len({pod.uid for pod in cluster.pods}) == len(cluster.pods) == 20_000
    assert len({pod.namespace for pod in cluster.pods}) == TEAMS


def test_no_node_has_more_pods_than_its_offer_has_units(plan, cluster):
    units = {offer.pool: offer.resources for offer in plan.offers}
    pools = {node.name: node.labels[keys.POOL] for node in cluster.nodes}
    asked = Counter[tuple[str, str]]()
    for pod in cluster.pods:
        for resource, amount in pod.containers[0].amounts.items():
            asked[pod.node, resource] += amount
    assert all(amount <= units[pools[node]][resource] for (node, resource), amount in asked.items())
    assert {pools[node] for node, _ in asked} == {each.pool for each in NODES}


def test_it_is_the_same_at_every_call(plan, cluster):
    assert large_cluster(plan) == cluster


def test_of_a_node_and_a_pod_is_told_what_kube_state_metrics_tells(plan, cluster):
    node, pod = cluster.nodes[0], cluster.pods[0]
    of_the_node, of_the_pod = ([name for name, _, _ in told] for told in (of_node(node, {"gpu": 8}), of_pod(pod)))
    assert (len(of_the_node), len(of_the_pod)) == (36, 48)
    assert sum(name in READ for name in of_the_node) == 9
    assert sum(name in READ for name in of_the_pod) == 11


def test_the_answer_has_what_is_read_alone(plan, cluster):
    lines = kube_state_text(plan, cluster).splitlines()
    assert len(lines) == TEAMS + 9 * 2_000 + 11 * 20_000
    assert {line.partition("{")[0] for line in lines} <= READ
    assert {line.partition("{")[0].startswith("kueue_") for line in kueue_text(plan).splitlines()} == {True}
