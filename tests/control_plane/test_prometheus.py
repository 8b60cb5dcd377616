"""Prometheus, kube-state-metrics and the simulated exporters: what they measure, rules that change, start and end."""

import http.client
import json
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.config.models import Cluster, User
from lightkube.resources.core_v1 import Node, Secret

from local import toolchain
from local.control_plane import Action, ControlPlane, State, total_rss_bytes
from local.control_plane.daemons import DAEMONS, MEASURING_DAEMONS, MEASURING_TOOLS, TOOLS
from local.control_plane.scraping import Metrics
from local.home import Home
from local.progress import Reporter
from mizan.errors import PlatformError
from tests.control_plane.cluster_builders import RecordingReporter, static_node

pytestmark = pytest.mark.control_plane

GPUS = 'sum(kube_node_status_allocatable{resource="nvidia_com_gpu"})'


def rules(value):
    return {"test": {"groups": [{"name": "test", "rules": [{"record": "test_value", "expr": f"vector({value})"}]}]}}


def measured(**rest):
    return Metrics(scrape_seconds=1, **rest)


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    tools = toolchain.ensure((*TOOLS, *MEASURING_TOOLS), cache=toolchain.default_cache(), reporter=Reporter())
    plane = ControlPlane(Home(tmp_path_factory.mktemp("measured") / "home"), tools, RecordingReporter())
    try:
        plane.start(metrics=measured())
        yield plane
    finally:
        plane.stop()


def ask(plane, path):
    connection = http.client.HTTPConnection(urlsplit(plane.prometheus).netloc, timeout=10)
    try:
        connection.request("GET", path)
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    assert answer["status"] == "success", answer
    return answer["data"]


def values(plane, query):
    """The value of each series that `query` gives, by its labels."""
    found = ask(plane, f"/api/v1/query?query={quote(query)}")["result"]
    return {tuple(sorted(series["metric"].items())): float(series["value"][1]) for series in found}


def value(plane, query):
    return next(iter(values(plane, query).values()), None)


def pids(plane):
    return {row.name: row.pid for row in plane.status()}


def test_all_run_beside_the_others_and_say_how_much_memory_they_take(plane):
    rows = {row.name: row for row in plane.status()}
    assert list(rows) == [*DAEMONS, *MEASURING_DAEMONS]
    assert {row.state for row in rows.values()} == {State.RUNNING}
    assert 0 < total_rss_bytes(rows[name] for name in MEASURING_DAEMONS) < 0.5e9


def test_none_listens_beyond_this_machine(plane):
    for name in MEASURING_DAEMONS:
        found = psutil.Process(pids(plane)[name]).net_connections("inet")
        listening = {each.laddr for each in found if each.status == psutil.CONN_LISTEN}
        assert {address.ip for address in listening} == {"127.0.0.1"}
        assert len(listening) == len(MEASURING_DAEMONS[name].ports)


def test_everybody_that_is_asked_answers(plane, eventually):
    def all_answer():
        up = {dict(labels)["job"]: alive for labels, alive in values(plane, "up").items()}
        return up if len(up) == 8 and set(up.values()) == {1.0} else None

    assert set(eventually(all_answer)) == {
        "prometheus",
        "kube-state-metrics",
        "kube-state-metrics-self",
        "kube-apiserver",
        "kueue",
        "karpenter",
        "dcgm-exporter",
        "opencost-simulated",
    }


def test_the_gpus_of_a_node_and_its_labels_are_series_until_it_goes(plane, eventually):
    assert value(plane, GPUS) is None
    with plane.client() as client:
        client.create(static_node("measured", gpus=4, pool="a100"))
        eventually(lambda: value(plane, GPUS) == 4)
        (labels,) = eventually(lambda: values(plane, 'kube_node_labels{node="measured"}'))
        assert dict(labels)["label_mizan_dev_pool"] == "a100"
        assert dict(labels)["instance"] == "kube-state-metrics"
        client.delete(Node, "measured")
    eventually(lambda: value(plane, GPUS) is None)


def test_rules_that_change_are_followed_by_the_same_process(plane, eventually):
    before = pids(plane)
    for number in (1, 2):
        report = plane.start(metrics=measured(rules=rules(number)))
        assert set(report.actions.values()) == {Action.KEPT}
        eventually(lambda number=number: value(plane, "test_value") == number)
    plane.start(metrics=measured())
    assert ask(plane, "/api/v1/rules")["groups"] == []
    assert pids(plane) == before


def test_rules_that_cannot_be_read_are_told_and_those_of_before_stay(plane, eventually):
    plane.start(metrics=measured(rules=rules(3)))
    broken = {"test": {"groups": [{"name": "test", "rules": [{"record": "test_value", "expr": "sum("}]}]}}
    with pytest.raises(PlatformError, match="prometheus: HTTP 500 failed to reload config") as told:
        plane.start(metrics=measured(rules=broken))
    assert "needs a configuration and rules that it can read" in str(told.value)
    assert "parse error" in str(told.value), "the last lines of its log do not say which rule"
    eventually(lambda: value(plane, "test_value") == 3)
    plane.start(metrics=measured())


def test_prometheus_may_read_metrics_and_nothing_of_the_cluster(plane):
    held = KubeConfig.from_file(plane.kubeconfig).get()
    token = (plane.home.state / "prometheus" / "token").read_text()
    config = KubeConfig.from_one(
        cluster=Cluster(server=held.cluster.server, certificate_auth_data=held.cluster.certificate_auth_data),
        user=User(token=token),
    )
    with Client(config.get(), trust_env=False) as client, pytest.raises(ApiError, match="cannot list resource"):
        list(client.list(Secret, namespace="kube-system"))


def test_a_stop_ends_them_and_what_was_measured_is_there_after_the_next_start(plane, eventually):
    plane.start(metrics=measured(rules=rules(4)))
    eventually(lambda: value(plane, "test_value") == 4)
    running = [psutil.Process(pids(plane)[name]) for name in MEASURING_DAEMONS]
    plane.stop()
    assert not any(process.is_running() for process in running)
    plane.start(metrics=measured())
    assert value(plane, "max_over_time(test_value[1h])") == 4
    assert Path(plane.home.state / "prometheus" / "data").is_dir()


def test_they_end_where_nobody_measures_any_longer(plane):
    running = [psutil.Process(pids(plane)[name]) for name in MEASURING_DAEMONS]
    assert set(plane.start().actions.values()) == {Action.KEPT}
    assert not any(process.is_running() for process in running)
    assert list(pids(plane)) == list(DAEMONS)
