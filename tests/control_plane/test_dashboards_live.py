"""Every dashboard of a running cluster has something to show: each question is answered by what `make up` measures."""

import json
import math

import pytest
from lightkube.codecs import from_dict
from lightkube.models.core_v1 import NodeSpec
from lightkube.resources.core_v1 import Namespace, Node, Pod, ServiceAccount
from lightkube.types import PatchType

from local import toolchain
from local.answers import ask
from local.control_plane import ControlPlane, processes
from local.control_plane.daemons import GPU_METRICS, MEASURING_TOOLS, TOOLS
from local.home import Home
from local.progress import Reporter
from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.placeholders import priority_class
from mizan.manifests.training_jobs import spot_training_job
from mizan.metrics.dashboards import boards, exporters
from mizan.metrics.dashboards.view import view_of
from tests.board_plans import exprs, filled, plans
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import (
    INSTANCE_TYPES,
    LocalQueue,
    NodeClass,
    RecordingReporter,
    job,
    node_pool,
    static_node,
)
from tests.control_plane.queue_builders import CAPACITY, Workload, conditions
from tests.control_plane.test_costs_live import measured, node_of
from tests.metric_series import offer_of

pytestmark = pytest.mark.control_plane

PATIENCE_SECONDS = 120


def a_held_job(name):
    """A job that runs until somebody ends it."""
    wanted = a_job(name=name, queue="whole", gpus=2)
    del wanted["simulatedRunSeconds"]
    return wanted


CAPACITY_TYPES = [{"type": kind, "maxNodes": 2} for kind in ("spot", "on-demand")]
PLAN = a_plan(
    a_stack(
        pools=[a_pool(name="whole", machine="a2-highgpu-4g", gpu="a100-40gb", capacity=CAPACITY_TYPES)],
        queues=[a_queue(name="whole", fallback="capacity", quotas=[{"pool": "whole", "gpus": 8}])],
        teams=[a_team(queues=["whole"], budget={"usdPerMonth": 3000})],
        budget={"usdPerMonth": 9000},
        jobs=[a_held_job(name) for name in ("first", "second", "third")],
    )
)
# Jobs of which Kueue has told how long they waited.
WAITS = "sum(kueue_admission_wait_time_seconds_count)"
BOARDS = {board.uid: board for board in boards(PLAN)}

NOBODY_S, STOPPED, SHORT = "nobody-s", "stopped", "short"

# What a panel of something that is usually not there ends with: 0 as long as costs are counted.
OR_ZERO = view_of(PLAN).or_zero("")
# Asked where the exporter is gone, which leaves most other panels without an answer.
ASKED_BELOW = {"Nodes that nobody measures"}
# Hours on fallback are counted at every fifth minute of the clock; a test does not wait for the next one.
SOONER = {"[1h:5m]": "[1h:5s]"}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    tools = toolchain.ensure((*TOOLS, *MEASURING_TOOLS), cache=toolchain.default_cache(), reporter=Reporter())
    plane = ControlPlane(Home(tmp_path_factory.mktemp("boards") / "home"), tools, RecordingReporter())
    try:
        plane.start(instance_types=INSTANCE_TYPES, metrics=measured(PLAN))
        with plane.client() as client:
            for body in manifests_of(PLAN):
                if body["kind"] not in CAPACITY | {"Job"}:
                    client.apply(from_dict(body), force=True)
            for name in ("spot-whole", "ondemand-whole"):
                client.create(node_of(offer_of(PLAN, name)))
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def are_made():
    """What the tests of this file share: jobs, and whatever else happens."""
    return set()


@pytest.fixture
def running(plane, are_made, eventually):
    """The cluster with a job that was admitted before Prometheus saw any wait, one after it, and what else happens."""
    with plane.client() as client:
        for place, planned in enumerate(PLAN.jobs[:2], start=1):
            if planned.name not in are_made:
                client.create(from_dict(spot_training_job(planned)))
                are_made.add(planned.name)
            eventually(lambda least=place: (one(plane, WAITS) or 0) >= least, seconds=PATIENCE_SECONDS)
        if "events" not in are_made:
            are_made.add("events")
            happen(plane, client, eventually)
    return plane


def happen(plane, client, eventually):
    """Let happen whatever a panel counts of which there is usually nothing."""
    for namespace in (NOBODY_S, keys.OWN_NAMESPACE):
        client.create(Namespace.from_dict({"metadata": {"name": namespace}}))
        eventually(lambda name=namespace: list(client.list(ServiceAccount, namespace=name)))
    client.create(from_dict(priority_class()))
    nodes = (
        closed("taken", "spot-whole"),
        closed("broken", "spot-whole", faults="xid=79@0 ecc=1@0 heat@1 remap@2 remap-failure@3"),
        # What its offer does not have: nobody can say whose the rest of it is.
        closed("odd", "spot-whole", **{keys.NVIDIA_SHARED_GPU: "4"}),
        closed("warm", "ondemand-whole"),
        static_node("stranger", gpus=8, pool="nobody-s"),
    )
    pods = (
        a_pod("unlabelled", NOBODY_S, {keys.NVIDIA_GPU: "1"}, nodeName="odd"),
        a_pod("odd", NOBODY_S, {keys.NVIDIA_SHARED_GPU: "1"}, nodeName="odd"),
        a_pod("nowhere", NOBODY_S, {keys.NVIDIA_GPU: "1"}, nodeSelector={keys.POOL: "nowhere"}),
        a_pod("warm", keys.OWN_NAMESPACE, {}, nodeName="warm", priorityClassName=keys.PLACEHOLDER_PRIORITY),
    )
    for each in (*nodes, *pods):
        client.create(each)
    stop_with_a_job(client, eventually)
    empty_a_node(client)
    eventually(lambda: one(plane, 'count(mizan_node_gpu_price_usd_per_hour{node="taken"})'), seconds=PATIENCE_SECONDS)
    taint = {"key": keys.SPOT_INTERRUPTION_TAINT, "effect": "NoExecute"}
    client.patch(Node, "taken", {"spec": {"taints": [taint]}}, patch_type=PatchType.MERGE)
    told = f'kube_node_spec_taint{{node="taken",key="{keys.SPOT_INTERRUPTION_TAINT}"}}'
    eventually(lambda: one(plane, told), seconds=PATIENCE_SECONDS)
    client.delete(Node, "taken")


def closed(name, offer, *, faults="", **more):
    """A node of an offer on which nothing is scheduled."""
    node = node_of(offer_of(PLAN, offer))
    node.metadata.name = name
    annotations = node.metadata.annotations
    has = json.loads(annotations[keys.SIMULATED_RESOURCES]) | more
    annotations |= {keys.SIMULATED_RESOURCES: json.dumps(has), keys.SIMULATED_GPU_FAULTS: faults}
    node.spec = NodeSpec(unschedulable=True)
    return node


def a_pod(name, namespace, amounts, **spec):
    container = {"name": "main", "image": "simulated", "resources": {"requests": amounts, "limits": amounts}}
    metadata = {"name": name, "namespace": namespace}
    return Pod.from_dict({"metadata": metadata, "spec": {"containers": [container], **spec}})


def stop_with_a_job(client, eventually):
    """Stop a queue of the team's whose job runs, which evicts it."""
    (team,) = (team.namespace for team in PLAN.teams)
    client.create(LocalQueue({"metadata": {"name": STOPPED, "namespace": team}, "spec": {"clusterQueue": "whole"}}))
    third = PLAN.jobs[2]
    body = spot_training_job(third)
    body["metadata"]["labels"][keys.QUEUE_NAME] = STOPPED
    client.create(from_dict(body))

    def is_admitted():
        owned = (each for each in client.list(Workload, namespace=team) if owner_of(each) == third.name)
        return any(conditions(each).get("Admitted", ("",))[0] == "True" for each in owned)

    eventually(is_admitted, seconds=PATIENCE_SECONDS)
    drain = {"spec": {"stopPolicy": "HoldAndDrain"}}
    client.patch(LocalQueue, STOPPED, drain, namespace=team, patch_type=PatchType.MERGE)


def owner_of(workload):
    return next((owner.name for owner in workload.metadata.ownerReferences or []), None)


def empty_a_node(client):
    """Let Karpenter make a spot node for a job that ends at once, and so take it away again."""
    client.create(NodeClass({"metadata": {"name": SHORT}, "spec": {}}))
    client.create(node_pool(SHORT))
    client.create(job(SHORT, NOBODY_S, pool=SHORT, annotations={keys.SIMULATED_RUN_SECONDS: "1"}))


def one(plane, query):
    found = ask(plane.prometheus, query)
    return float(found[0].value) if found else None


def has_answer(plane, query):
    """Whether any answer is a number."""
    return any(not math.isnan(sample.value) for sample in ask(plane.prometheus, query))


def bare(expr):
    """A question without the 0 that stands for no answer, so that only what was measured is one."""
    found = filled(expr).removesuffix(filled(OR_ZERO))
    assert filled(OR_ZERO).strip() not in found
    return found


@pytest.mark.parametrize("uid", BOARDS)
def test_every_question_of_a_dashboard_is_answered_by_what_was_measured(running, eventually, uid):
    for panel in BOARDS[uid].panels:
        if panel.title in ASKED_BELOW:
            continue
        for question in panel.questions:
            expr = bare(question.expr)
            for step, sooner in SOONER.items():
                expr = expr.replace(step, sooner)

            def is_answered(expr=expr):
                return has_answer(running, expr)

            is_answered.__doc__ = f"{panel.title}: {question.legend}"
            eventually(is_answered, seconds=PATIENCE_SECONDS)


def test_karpenter_s_own_count_answers_what_the_boards_of_eks_ask_of_interruptions(running, eventually):
    """AWS interrupts nothing here: nodes that Karpenter took away for being empty are counted by the same counter."""
    asked = [bare(expr) for _, expr in exprs(plans()["eks-prod"]) if exporters.DISRUPTED in expr]
    assert len(asked) == 3
    for expr in asked:
        found = expr.replace('reason="spot_interrupted"', 'reason="empty"')
        assert found != expr
        eventually(lambda found=found: (one(running, found) or 0) >= 1, seconds=PATIENCE_SECONDS)
    (offer,) = {sample.labels.get("offer") for sample in ask(running.prometheus, found)}
    assert offer == SHORT


@pytest.mark.parametrize("uid", BOARDS)
def test_a_reader_has_clusters_teams_and_queues_to_choose_from(running, eventually, uid):
    for variable in (*view_of(PLAN).variables(), *BOARDS[uid].variables):
        expr = f"count by ({variable.label}) ({filled(variable.series)})"
        offered = eventually(
            lambda expr=expr, label=variable.label: {
                sample.labels[label] for sample in ask(running.prometheus, expr) if sample.labels.get(label)
            },
            seconds=PATIENCE_SECONDS,
        )
        assert offered == {"cluster": {PLAN.cluster_name}, "team": {"team-a"}, "queue": {"whole"}}[variable.name]


def expr_of(title):
    """The one question of a panel of health."""
    (panel,) = (panel for panel in BOARDS["mizan-gpu-health"].panels if panel.title == title)
    return bare(panel.questions[0].expr)


def test_a_gpu_that_fails_is_on_the_board_of_health_with_its_team(running, eventually):
    failed, owners = expr_of("GPUs with an error"), expr_of("Who is on GPUs with errors")
    before = eventually(lambda: one(running, failed), seconds=PATIENCE_SECONDS)
    with running.client() as client:
        fault = {"metadata": {"annotations": {keys.SIMULATED_GPU_FAULTS: "xid=79@0 heat@0"}}}
        busy = min(sample.labels["node"] for sample in ask(running.prometheus, 'mizan_owner_gpus{team="team-a"} > 0'))
        client.patch(Node, busy, fault)
    eventually(lambda: one(running, failed) == before + 1, seconds=PATIENCE_SECONDS)
    worst = max(ask(running.prometheus, owners), key=lambda sample: sample.value)
    assert (worst.labels["team"], worst.labels["node"], float(worst.value)) == ("team-a", busy, 79)


def test_nodes_that_nobody_measures_are_counted_while_the_exporter_is_gone(running, eventually):
    unseen = expr_of("Nodes that nobody measures")
    assert one(running, unseen) is None
    processes.end([processes.find(running.home, GPU_METRICS.name)], grace_seconds=5)
    priced = one(running, "count(count by (node) (mizan_node_gpu_price_usd_per_hour))")
    eventually(lambda: one(running, unseen) == priced, seconds=PATIENCE_SECONDS)
    running.start(metrics=measured(PLAN))
    eventually(lambda: one(running, unseen) is None, seconds=PATIENCE_SECONDS)
