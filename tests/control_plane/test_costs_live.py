"""Dollars of a running cluster: nodes of whole GPUs, MIG instances and turns, pods that work and pods that do not.

Everything between objects and dollars is what `make up` runs: kube-state-metrics, the simulated exporters, Prometheus
and all rules. The rules are only evaluated more often: dollars an hour do not depend on it.
"""

import json
from copy import deepcopy
from dataclasses import replace

import pytest
from lightkube.resources.core_v1 import Namespace, Node, Pod, ServiceAccount

from local import toolchain
from local.answers import ask
from local.control_plane import Action, ControlPlane, processes
from local.control_plane.daemons import GPU_METRICS, MEASURING_TOOLS, TOOLS
from local.home import Home
from local.measuring import metrics_of, source_of
from local.progress import Reporter
from local.questions import answer_rows, freshness, questions
from mizan import keys
from tests.builders import a_plan, a_pool, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import RecordingReporter, static_node
from tests.metric_series import offer_of
from tests.sharing_stacks import PROFILE, TURNS

pytestmark = pytest.mark.control_plane

PATIENCE_SECONDS = 60
EXACT_USD = 1e-6
SMALL = f"{keys.NVIDIA_MIG}1g.5gb"


def pool(name, machine, **sharing):
    capacity = [{"type": kind, "maxNodes": 1} for kind in ("spot", "on-demand")]
    return a_pool(name=name, machine=machine, gpu="a100-40gb", capacity=capacity, **sharing)


def queue(name, **quota):
    return a_queue(name=name, fallback="capacity", quotas=[{"pool": name, **quota}])


PLAN = a_plan(
    a_stack(
        pools=[
            pool("whole", "a2-highgpu-4g"),
            pool("cut", "a2-highgpu-1g", sharing=PROFILE),
            pool("turns", "a2-highgpu-1g", sharing=TURNS),
        ],
        queues=[queue("whole", gpus=8), queue("cut", units=14), queue("turns", units=8)],
        teams=[a_team(queues=["whole", "cut", "turns"])],
        jobs=[],
    )
)
# A node of each, with its list price in USD per hour: 4 GPUs, 7 instances, 4 turns.
NODES = {"ondemand-whole": 14.69354, "spot-cut": 1.92802, "ondemand-turns": 3.67339}

# Team a: 2 GPUs 95 % busy, 2 instances half of the time, a turn that is always busy.
COST_A = 14.69354 * 2 / 4 + 1.92802 * 2 / 7 + 3.67339 / 4
IDLE_A = 14.69354 * 2 / 4 * 0.05 + 1.92802 * 2 / 7 * 0.5
# Team b: a GPU and a turn that do nothing, an instance 95 % busy.
COST_B = 14.69354 / 4 + 1.92802 / 7 + 3.67339 / 4
IDLE_B = 14.69354 / 4 + 1.92802 / 7 * 0.05 + 3.67339 / 4
# A GPU, 4 instances and 2 turns are nobody's.
FREE = 14.69354 / 4 + 1.92802 * 4 / 7 + 3.67339 * 2 / 4

PODS = (
    ("team-a", "whole", {keys.NVIDIA_GPU: 2}, "busy"),
    ("team-a", "cut", {SMALL: 2}, "half"),
    ("team-a", "turns", {keys.NVIDIA_SHARED_GPU: 1}, "busy"),
    ("team-b", "whole", {keys.NVIDIA_GPU: 1}, "idle"),
    ("team-b", "cut", {SMALL: 1}, "busy"),
    ("team-b", "turns", {keys.NVIDIA_SHARED_GPU: 1}, "idle"),
)


def measured(plan):
    """What `make up` measures, every second."""
    metrics = metrics_of(plan)
    rules = deepcopy(dict(metrics.rules))
    for document in rules.values():
        for group in document["groups"]:
            group["interval"] = "2s"
    return replace(metrics, rules=rules, scrape_seconds=1)


def node_of(offer):
    """A node of an offer, as Pulumi writes it: without a status."""
    node = static_node(offer.name)
    node.metadata.labels = dict(offer.labels)
    has = {
        "cpu": "48",
        "memory": "340Gi",
        "pods": "110",
        **{name: str(amount) for name, amount in offer.resources.items()},
    }
    node.metadata.annotations = {keys.KWOK_NODE: keys.KWOK_NODE_VALUE, keys.SIMULATED_RESOURCES: json.dumps(has)}
    return node


def pod_of(team, in_pool, amounts, profile):
    labels = {keys.TEAM: team, keys.WORKLOAD_TYPE: "training", keys.LOCAL_QUEUE_NAME: in_pool}
    asked = {name: str(amount) for name, amount in amounts.items()}
    return Pod.from_dict(
        {
            "metadata": {
                "name": f"{in_pool}-{profile}",
                "namespace": team,
                "labels": labels,
                "annotations": {keys.SIMULATED_GPU_PROFILE: profile},
            },
            "spec": {
                "nodeSelector": {keys.POOL: in_pool},
                "containers": [
                    {"name": "main", "image": "simulated", "resources": {"requests": asked, "limits": asked}}
                ],
            },
        }
    )


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    tools = toolchain.ensure((*TOOLS, *MEASURING_TOOLS), cache=toolchain.default_cache(), reporter=Reporter())
    plane = ControlPlane(Home(tmp_path_factory.mktemp("costs") / "home"), tools, RecordingReporter())
    try:
        plane.start(metrics=measured(PLAN))
        with plane.client() as client:
            for team in ("team-a", "team-b"):
                labels = {keys.TEAM: team, keys.COST_CENTER: "ml", keys.PROJECT: "llm"}
                client.create(Namespace.from_dict({"metadata": {"name": team, "labels": labels}}))
            for name in NODES:
                client.create(node_of(offer_of(PLAN, name)))
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def are_made():
    """The pods that the tests of this file share."""
    return set()


@pytest.fixture
def running(plane, are_made, eventually):
    """The cluster with all pods on their nodes, and their use known."""
    with plane.client() as client:
        for team, *rest in PODS:
            if (team, rest[0]) not in are_made:
                eventually(lambda team=team: "default" in names(client.list(ServiceAccount, namespace=team)))
                client.create(pod_of(team, *rest))
                are_made.add((team, rest[0]))
    eventually(lambda: value(plane, "count(mizan_pod_gpu_utilisation_ratio)") == len(PODS), seconds=PATIENCE_SECONDS)
    eventually(lambda: close(value(plane, "sum(gpu_known_cost_hourly)"), COST_A + COST_B), seconds=PATIENCE_SECONDS)
    return plane


def names(objects):
    return {each.metadata.name for each in objects}


def by(plane, query, label):
    """Values of an answer by one of its labels."""
    return {sample.labels.get(label, ""): float(sample.value) for sample in ask(plane.prometheus, query)}


def value(plane, query):
    """The one value of an answer, None where there is none."""
    found = ask(plane.prometheus, query)
    assert len(found) < 2, query
    return float(found[0].value) if found else None


def close(seen, wanted):
    return seen is not None and abs(seen - wanted) < EXACT_USD


def test_pods_and_what_nobody_has_cost_exactly_what_the_nodes_do(running):
    prices = by(running, "sum by (node) (mizan_node_gpu_price_usd_per_hour)", "node")
    assert prices == pytest.approx(NODES, abs=EXACT_USD)
    assert value(running, "sum(gpu_cost_hourly) + sum(gpu_unallocated_cost_hourly)") == pytest.approx(
        sum(NODES.values()), abs=EXACT_USD
    )
    assert by(running, "sum by (reason) (gpu_unallocated_cost_hourly) > 0", "reason") == pytest.approx(
        {"unallocated": FREE}, abs=EXACT_USD
    )


def test_a_team_pays_its_part_of_every_node_however_the_node_is_shared(running):
    assert by(running, "sum by (team) (gpu_cost_hourly)", "team") == pytest.approx(
        {"team-a": COST_A, "team-b": COST_B}, abs=EXACT_USD
    )


def test_a_pod_that_does_nothing_is_idle_dollars_with_its_owner(running):
    unused = 'gpu_idle_cost_hourly{reason="unused"}'
    assert by(running, f"sum by (team) ({unused})", "team") == pytest.approx(
        {"team-a": IDLE_A, "team-b": IDLE_B}, abs=EXACT_USD
    )
    (largest,) = ask(running.prometheus, f"topk(1, sum without (part) ({unused}))")
    assert float(largest.value) == pytest.approx(14.69354 / 4, abs=EXACT_USD)
    owner = {
        "namespace": "team-b",
        "team": "team-b",
        "cost_center": "ml",
        "project": "llm",
        "workload_type": "training",
    }
    assert largest.labels.items() >= {**owner, "queue": "whole", "pool": "whole"}.items()


def test_useful_dollars_are_those_in_which_gpus_worked(running):
    useful = COST_A + COST_B - IDLE_A - IDLE_B
    assert value(running, "mizan_cost_efficiency_ratio") == pytest.approx(useful / sum(NODES.values()), abs=1e-9)
    assert value(running, "mizan_utilisation_known_ratio") == pytest.approx(1)


def test_opencost_takes_every_node_for_what_we_do(running, eventually):
    def ratios():
        return by(running, "mizan_opencost_price_ratio", "node")

    eventually(lambda: len(ratios()) == len(NODES))
    assert ratios() == pytest.approx(dict.fromkeys(NODES, 1), abs=1e-9)


def test_spot_saves_what_on_demand_would_cost_more(running):
    saved = by(running, "gpu_saving_hourly", "offer")
    assert saved == pytest.approx({"spot-cut": 3.67339 - 1.92802}, abs=EXACT_USD)


def test_every_question_of_make_open_is_answered(running):
    source = source_of(PLAN)
    assert ask(running.prometheus, freshness(source))
    told = {
        question.title: [row.answer for row in answer_rows(question, ask(running.prometheus, question.query))]
        for question in questions(source)
    }
    assert told["Price of all GPU nodes"] == ["20.29 USD per hour"]
    assert told["Cost by team"] == ["8.82 USD per hour", "4.87 USD per hour"]
    assert told["Idle, and whose"] == ["6.61 USD per hour", "4.61 USD per hour", "0.64 USD per hour"]
    assert told["Useful dollars of those paid"] == ["42 %"]
    assert told["Saved by spot"] == ["1.75 USD per hour"]
    assert told["Nodes without a price"] == ["none"]


def test_without_the_exporter_costs_go_on_and_use_is_unknown_and_not_nothing(running, eventually):
    processes.end([processes.find(running.home, GPU_METRICS.name)], grace_seconds=5)
    eventually(lambda: value(running, "count(mizan_pod_gpu_utilisation_ratio)") is None, seconds=PATIENCE_SECONDS)
    eventually(lambda: value(running, "mizan_utilisation_known_ratio") == 0, seconds=PATIENCE_SECONDS)
    assert by(running, "sum by (team) (gpu_cost_hourly)", "team") == pytest.approx(
        {"team-a": COST_A, "team-b": COST_B}, abs=EXACT_USD
    )
    assert value(running, "mizan_cost_efficiency_ratio") is None
    assert set(by(running, "sum by (reason) (gpu_idle_cost_hourly)", "reason")) == {"unallocated"}

    report = running.start(metrics=measured(PLAN))
    assert report.actions[GPU_METRICS.name] is Action.BROUGHT_BACK
    eventually(lambda: value(running, "mizan_utilisation_known_ratio") == 1, seconds=PATIENCE_SECONDS)


def test_a_node_that_no_offer_prices_is_named_and_takes_no_dollar_from_anybody(running, eventually):
    with running.client() as client:
        client.create(static_node("stranger", gpus=8, pool="nobody-s"))
        eventually(lambda: by(running, "mizan_node_without_price", "node") == {"stranger": 1}, seconds=PATIENCE_SECONDS)
        assert value(running, "sum(mizan_node_gpu_price_usd_per_hour)") == pytest.approx(sum(NODES.values()))
        client.delete(Node, "stranger")
    eventually(lambda: by(running, "mizan_node_without_price", "node") == {}, seconds=PATIENCE_SECONDS)
