"""Every dashboard of a running cluster has something to show: each question is answered by what `make up` measures."""

import math

import pytest
from lightkube.codecs import from_dict
from lightkube.resources.core_v1 import Node

from local import toolchain
from local.answers import ask
from local.control_plane import ControlPlane
from local.control_plane.daemons import MEASURING_TOOLS, TOOLS
from local.home import Home
from local.progress import Reporter
from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.training_jobs import spot_training_job
from mizan.metrics.dashboards import boards
from mizan.metrics.dashboards.view import view_of
from tests.board_plans import filled
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import RecordingReporter
from tests.control_plane.queue_builders import CAPACITY
from tests.control_plane.test_costs_live import measured, node_of
from tests.metric_series import offer_of

pytestmark = pytest.mark.control_plane

PATIENCE_SECONDS = 120

CAPACITY_TYPES = [{"type": kind, "maxNodes": 2} for kind in ("spot", "on-demand")]
PLAN = a_plan(
    a_stack(
        pools=[a_pool(name="whole", machine="a2-highgpu-4g", gpu="a100-40gb", capacity=CAPACITY_TYPES)],
        queues=[a_queue(name="whole", fallback="capacity", quotas=[{"pool": "whole", "gpus": 8}])],
        teams=[a_team(queues=["whole"], budget={"usdPerMonth": 3000})],
        budget={"usdPerMonth": 9000},
        jobs=[a_job(name=name, queue="whole", gpus=2) for name in ("first", "second")],
    )
)
# Jobs of which Kueue has told how long they waited.
WAITS = "sum(kueue_admission_wait_time_seconds_count)"
BOARDS = {board.uid: board for board in boards(PLAN)}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    tools = toolchain.ensure((*TOOLS, *MEASURING_TOOLS), cache=toolchain.default_cache(), reporter=Reporter())
    plane = ControlPlane(Home(tmp_path_factory.mktemp("boards") / "home"), tools, RecordingReporter())
    try:
        plane.start(metrics=measured(PLAN))
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
def are_submitted():
    """The jobs that the tests of this file share."""
    return set()


@pytest.fixture
def running(plane, are_submitted, eventually):
    """The cluster with a job that was admitted before Prometheus saw any wait, and one after it."""
    with plane.client() as client:
        for place, job in enumerate(PLAN.jobs, start=1):
            if job.name not in are_submitted:
                client.create(from_dict(spot_training_job(job)))
                are_submitted.add(job.name)
            eventually(lambda least=place: (one(plane, WAITS) or 0) >= least, seconds=PATIENCE_SECONDS)
    return plane


def one(plane, query):
    found = ask(plane.prometheus, query)
    return float(found[0].value) if found else None


def has_answer(plane, query):
    """Whether any answer is a number."""
    return any(not math.isnan(sample.value) for sample in ask(plane.prometheus, query))


@pytest.mark.parametrize("uid", BOARDS)
def test_every_question_of_a_dashboard_is_answered(running, eventually, uid):
    for panel in BOARDS[uid].panels:
        for question in panel.questions:
            expr = filled(question.expr)

            def is_answered(expr=expr):
                return has_answer(running, expr)

            is_answered.__doc__ = f"{panel.title}: {question.legend}"
            eventually(is_answered, seconds=PATIENCE_SECONDS)


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


def test_a_gpu_that_fails_is_on_the_board_of_health_with_its_team(running, eventually):
    by_title = {panel.title: panel for panel in BOARDS["mizan-gpu-health"].panels}
    failed, owners = (
        filled(by_title[title].questions[0].expr) for title in ("GPUs with an error", "Who is on GPUs with errors")
    )
    assert one(running, failed) == 0
    with running.client() as client:
        fault = {"metadata": {"annotations": {keys.SIMULATED_GPU_FAULTS: "xid=79@0 heat@0"}}}
        (busy,) = {sample.labels["node"] for sample in ask(running.prometheus, "mizan_owner_gpus > 0")}
        client.patch(Node, busy, fault)
    eventually(lambda: one(running, failed) == 1, seconds=PATIENCE_SECONDS)
    worst = max(ask(running.prometheus, owners), key=lambda sample: sample.value)
    assert (worst.labels["team"], worst.labels["node"], float(worst.value)) == ("team-a", busy, 79)
