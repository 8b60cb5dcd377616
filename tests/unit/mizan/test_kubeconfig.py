"""Which cluster a kubeconfig's context points at."""

from typing import Any

import pytest

from mizan.config import Cluster
from mizan.errors import PlatformError
from mizan.kubeconfig import has_proxy, server_of

WANTED = Cluster(kubeconfig="~/.kube/config", context="prod", name="prod-cluster")
SERVER = "https://10.0.0.1:6443"


def a_kubeconfig(**changes: object) -> dict[str, Any]:
    return {
        "current-context": "dev",
        "contexts": [
            {"name": "dev", "context": {"cluster": "dev-cluster"}},
            {"name": "prod", "context": {"cluster": "prod-cluster"}},
        ],
        "clusters": [
            {"name": "dev-cluster", "cluster": {"server": "https://10.0.0.2:6443"}},
            {"name": "prod-cluster", "cluster": {"server": SERVER}},
        ],
    } | changes


def refusal_of(document: object) -> str:
    with pytest.raises(PlatformError) as caught:
        server_of(document, WANTED)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_named_context_counts_and_not_the_current_one():
    assert server_of(a_kubeconfig(), WANTED) == SERVER


@pytest.mark.parametrize("document", [None, "", "text", 3, [], [{"contexts": []}]])
def test_what_is_no_mapping_is_no_kubeconfig(document):
    assert refusal_of(document) == (
        "kubeconfig ~/.kube/config: not a kubeconfig; needs clusters, contexts and users because the cluster is "
        "reached through it. Write the path of a kubeconfig to mizan:cluster.kubeconfig."
    )


def test_a_context_it_lacks_is_answered_with_those_it_has():
    document = a_kubeconfig(contexts=[{"name": name, "context": {"cluster": "x"}} for name in ("staging", "dev")])
    assert refusal_of(document) == (
        "kubeconfig ~/.kube/config: no context prod; needs the context that the stack names because the current "
        "context is never assumed. Write one of these to mizan:cluster.context: dev, staging."
    )


@pytest.mark.parametrize(
    "contexts",
    [None, [], {}, {"prod": {"cluster": "prod-cluster"}}, "prod", 3, ["prod"], [None], [{"context": {}}]],
)
def test_a_kubeconfig_without_contexts_says_so(contexts):
    assert "no context prod; " in refusal_of(a_kubeconfig(contexts=contexts))
    assert refusal_of(a_kubeconfig(contexts=contexts)).endswith("mizan:cluster.context: none in this file.")


def test_a_context_that_points_at_another_cluster_is_refused_by_name():
    document = a_kubeconfig(contexts=[{"name": "prod", "context": {"cluster": "dev-cluster"}}])
    assert refusal_of(document) == (
        "kubeconfig ~/.kube/config, context prod: cluster dev-cluster; needs cluster prod-cluster because this stack "
        "must not change another cluster. Choose the context of prod-cluster, or, if dev-cluster is right, write it to "
        "mizan:cluster.name."
    )


@pytest.mark.parametrize("context", [None, {}, "prod-cluster", ["prod-cluster"], {"cluster": None}])
def test_a_context_without_a_cluster_is_another_cluster(context):
    message = refusal_of(a_kubeconfig(contexts=[{"name": "prod", "context": context}]))
    assert message.startswith(
        "kubeconfig ~/.kube/config, context prod: cluster none; needs cluster prod-cluster because"
    )


@pytest.mark.parametrize(
    "clusters",
    [
        None,
        [],
        3,
        "prod-cluster",
        [{"name": "prod-cluster"}],
        *([{"name": "prod-cluster", "cluster": body}] for body in (None, {}, "x", {"server": None}, {"server": ""})),
    ],
)
def test_a_cluster_without_a_server_cannot_be_reached(clusters):
    assert refusal_of(a_kubeconfig(clusters=clusters)) == (
        "kubeconfig ~/.kube/config, cluster prod-cluster: no server; needs the API server's address because there is "
        "nothing to connect to. Write the kubeconfig again with your cloud's own command."
    )


def test_a_proxy_of_the_cluster_itself_is_seen():
    assert not has_proxy(a_kubeconfig(), WANTED)
    assert not has_proxy(None, WANTED)
    proxied = {"server": SERVER, "proxy-url": "http://proxy:3128"}
    assert has_proxy(a_kubeconfig(clusters=[{"name": "prod-cluster", "cluster": proxied}]), WANTED)
    assert not has_proxy(a_kubeconfig(clusters=[{"name": "dev-cluster", "cluster": proxied}]), WANTED)
