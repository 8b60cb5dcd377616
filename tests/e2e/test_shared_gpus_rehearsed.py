"""The stacks for development under the real engine: pods share one GPU as the cloud was asked, another stays whole.

What real Karpenter makes of other ways of sharing: tests/control_plane/test_sharing_rehearsed.py.
"""

import copy
import json

import pytest

from mizan import keys
from mizan.manifests import manifests_of
from tests.e2e import rehearsals
from tests.e2e.platforms import wait_until
from tests.e2e.rehearsals import jobs, kubectl, snapshot

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

# What a pod of the smoke test asks for one of.
PART = {"gke-dev": keys.NVIDIA_GPU, "eks-dev": keys.NVIDIA_SHARED_GPU}
IN_WORDS = {"gke-dev": "1 more", "eks-dev": "1 more gpu.shared"}
PARTS = 4
REPLICAS_LABEL = "cloud.google.com/gke-max-shared-clients-per-gpu"


@pytest.fixture(scope="module", params=PART)
def stage(request, tmp_path_factory):
    """The stack as it is once it is up, with what follows its node pools."""
    folder = tmp_path_factory.mktemp(request.param)
    with rehearsals.begun(request.param, folder) as rehearsal, rehearsals.followed(rehearsal):
        rehearsal.up("--skip-preview")
        rehearsal.settle()
        yield rehearsal.stage


def pools(stage):
    """The stack's shared pool and its whole one, by name."""
    shared, whole = stage.plan.pools
    return shared.name, whole.name


def nodes(stage):
    """The GPU nodes that are there, by name."""
    found = {node["metadata"]["name"]: node for node in snapshot(stage).nodes}
    return {name: node for name, node in found.items() if keys.POOL in node["metadata"]["labels"]}


def gpus(amounts):
    return {name: int(amount) for name, amount in amounts.items() if name.startswith("nvidia.com/") and int(amount)}


def pods(stage):
    """The node of each pod of a job, and what it asks for of GPUs, by job."""
    found = {pod["metadata"]["labels"]["job-name"]: pod["spec"] for pod in snapshot(stage).pods if _is_of_job(pod)}
    return {
        job: (spec["nodeName"], gpus(spec["containers"][0]["resources"]["limits"]))
        for job, spec in found.items()
        if "nodeName" in spec
    }


def _is_of_job(pod):
    return "job-name" in pod["metadata"].get("labels", {})


def pool_of(node):
    return node["metadata"]["labels"][keys.POOL]


def test_the_smoke_tests_run_on_a_node_that_offers_parts_and_on_one_that_offers_a_whole_gpu(stage):
    part, (shared, whole) = PART[stage.stack], pools(stage)
    found, placed = nodes(stage), pods(stage)
    assert {name: row.state for name, row in jobs(stage).items()} == {
        "smoke-test": "running",
        "smoke-test-whole": "running",
    }
    assert {pool_of(node): gpus(node["status"]["allocatable"]) for node in found.values()} == {
        shared: {part: PARTS},
        whole: {keys.NVIDIA_GPU: 1},
    }
    assert {job: (pool_of(found[node]), asked) for job, (node, asked) in placed.items()} == {
        "smoke-test": (shared, {part: 1}),
        "smoke-test-whole": (whole, {keys.NVIDIA_GPU: 1}),
    }


def test_what_shares_the_gpus_is_what_the_cloud_was_asked_for(stage):
    labels = {pool_of(node): node["metadata"]["labels"] for node in nodes(stage).values()}
    shared, whole = pools(stage)
    if stage.stack == "gke-dev":
        assert labels[shared][REPLICAS_LABEL] == str(PARTS)
        assert REPLICAS_LABEL not in labels[whole]
    else:
        operator = kubectl(stage, "get", "configmap", "--namespace", "gpu-operator", "--output", "json")
        written = {name: text for item in json.loads(operator)["items"] for name, text in item["data"].items()}
        config = json.loads(written[labels[shared][keys.DEVICE_PLUGIN_CONFIG]])
        assert config["sharing"]["timeSlicing"]["resources"] == [{"name": keys.NVIDIA_GPU, "replicas": PARTS}]
        assert keys.DEVICE_PLUGIN_CONFIG not in labels[whole]


def test_four_pods_share_one_node_and_the_fifth_waits_for_quota(stage):
    """Not for a node: the whole GPU is nobody's part, though on GKE both have one name."""
    more = [f"part-{number}" for number in range(2, PARTS + 2)]
    for name in more:
        kubectl(stage, "apply", "--filename", "-", text=json.dumps(like_the_smoke_test(stage, name)))
    sharers = {"smoke-test", *more}

    def states():
        found = {name: row.state for name, row in jobs(stage).items() if name in sharers}
        return sorted(found.values()) == [*["running"] * PARTS, "waiting"]

    wait_until(states, seconds=120, told="four pods run and one waits")
    rows, placed = jobs(stage), pods(stage)
    (waiting,) = (name for name in sharers if rows[name].state == "waiting")
    assert rows[waiting].detail == f"needs {IN_WORDS[stage.stack]} in {pools(stage)[0]}"
    assert len({placed[name][0] for name in sharers - {waiting}}) == 1
    assert sorted(pool_of(node) for node in nodes(stage).values()) == sorted(pools(stage))

    kubectl(stage, "delete", "job", "smoke-test", "--namespace", rows["smoke-test"].namespace)
    wait_until(lambda: jobs(stage)[waiting].state == "running", seconds=120, told="the fifth has the part that is free")


def like_the_smoke_test(stage, name):
    """A job that differs from the smoke test by its name."""
    (smoke_test,) = (
        body for body in manifests_of(stage.plan) if (body["kind"], body["metadata"]["name"]) == ("Job", "smoke-test")
    )
    body = copy.deepcopy(smoke_test)
    body["metadata"]["name"] = name
    return body
