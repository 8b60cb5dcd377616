"""Prometheus and kube-state-metrics: their command lines, their files, and rules that are read anew."""

import http.server
import json
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from local.control_plane import gpu_metrics, kube_state_metrics, ports, processes, prometheus, status
from local.control_plane.daemons import (
    DAEMONS,
    EVERY_DAEMON,
    KUBE_STATE_METRICS,
    MEASURING_DAEMONS,
    MEASURING_TOOLS,
    PROMETHEUS,
    Site,
    daemons_of,
    port_names,
)
from local.control_plane.scraping import Metrics, Target
from local.gpu_metrics.fleet import from_json
from local.gpu_metrics.planned import fleet_of
from local.home import Home
from local.measuring import metrics_of
from local.toolchain import TOOLS
from mizan.errors import PlatformError, SourceUnreachable
from mizan.metrics.kube_state import labels_allowlist
from mizan.metrics.queue_state import queue_state
from mizan.metrics.usage import SERIES
from tests.builders import a_plan, a_stack
from tests.sharing_stacks import TURNS, a_sharing_stack, kept

PORTS = {name: 20001 + index for index, name in enumerate(port_names(EVERY_DAEMON))}
RULES = {"cost": {"groups": [{"name": "cost", "rules": [{"record": "one", "expr": "vector(1)"}]}]}}


class Tools:
    def path(self, name):
        return Path("tools") / name


@pytest.fixture
def site(tmp_path):
    return Site(Home(tmp_path), PORTS, Tools(), metrics=Metrics())


def flags(command):
    return dict(argument.removeprefix("--").partition("=")[::2] for argument in command.arguments[1:])


def folder(site):
    return site.home.state / "prometheus"


def written(site, metrics=None, *, has_kueue=True):
    prometheus.write_files(site, metrics or Metrics(), has_kueue=has_kueue)
    return YAML(typ="safe").load((folder(site) / "prometheus.yml").read_text())


def jobs(document):
    return [job["job_name"] for job in document["scrape_configs"]]


@pytest.mark.parametrize("command", [kube_state_metrics.command, gpu_metrics.command, prometheus.command])
def test_every_address_is_on_this_machine_and_every_port_is_told(site, command):
    made = command(site)
    text = " ".join(made.arguments)
    assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", text)) <= {"127.0.0.1"}
    for name in MEASURING_DAEMONS[made.name].ports:
        assert str(PORTS[name]) in text, name


def test_two_of_them_are_tools_that_can_be_built_and_no_control_plane_needs_them():
    assert MEASURING_TOOLS == ("kube-state-metrics", "prometheus")
    assert set(MEASURING_TOOLS) < set(TOOLS)
    assert not set(MEASURING_DAEMONS) & set(DAEMONS)


def test_they_run_after_all_others_where_somebody_measures():
    measured = daemons_of(installs_kueue=False, has_devices=False, has_metrics=True)
    assert list(measured) == [*DAEMONS, "kube-state-metrics", "gpu-metrics", "prometheus"]
    assert list(EVERY_DAEMON)[-3:] == ["kube-state-metrics", "gpu-metrics", "prometheus"]


def test_only_labels_that_are_read_become_series_and_no_secret_is_read(site):
    given = flags(kube_state_metrics.command(site))
    assert given["metric-labels-allowlist"] == labels_allowlist()
    assert given["resources"] == "cronjobs,jobs,namespaces,nodes,pods,resourcequotas"


def test_queues_that_are_stopped_become_series(site):
    given = flags(kube_state_metrics.command(site))
    assert json.loads(given["custom-resource-state-config"]) == queue_state()


def test_kube_state_metrics_is_asked_on_the_port_that_tells_of_itself_whether_it_is_ready(site):
    given = flags(kube_state_metrics.command(site))
    assert given["telemetry-port"] == str(PORTS[KUBE_STATE_METRICS.ports[0]])
    assert given["port"] == str(PORTS[KUBE_STATE_METRICS.ports[1]])


def test_series_lie_in_the_home_and_are_limited_in_time_and_size(site):
    given = flags(prometheus.command(site))
    assert Path(given["storage.tsdb.path"]).is_relative_to(site.home.state)
    assert given["storage.tsdb.retention.time"] == "15d"
    assert given["storage.tsdb.retention.size"] == "2GB"
    longer = Site(site.home, PORTS, Tools(), metrics=Metrics(kept_days=400, kept_size="10GB"))
    given = flags(prometheus.command(longer))
    assert (given["storage.tsdb.retention.time"], given["storage.tsdb.retention.size"]) == ("400d", "10GB")


def test_other_rules_start_nothing_anew(site):
    written(site)
    before = prometheus.command(site)
    written(site, Metrics(rules=RULES))
    assert prometheus.command(site) == before
    assert before.inputs == ()


def test_every_process_that_tells_something_is_asked_on_its_port(site):
    document = written(site)
    asked = {job["job_name"]: job["static_configs"][0]["targets"] for job in document["scrape_configs"]}
    assert asked == {
        "prometheus": [f"127.0.0.1:{PORTS['prometheus']}"],
        "kube-state-metrics": [f"127.0.0.1:{PORTS['kube-state-metrics-objects']}"],
        "kube-state-metrics-self": [f"127.0.0.1:{PORTS['kube-state-metrics']}"],
        "kube-apiserver": [f"127.0.0.1:{PORTS['kube-apiserver']}"],
        "kueue": [f"127.0.0.1:{PORTS['kueue-metrics']}"],
        "karpenter": [f"127.0.0.1:{PORTS['karpenter-metrics']}"],
        "dcgm-exporter": [f"127.0.0.1:{PORTS['gpu-metrics']}"],
        "opencost-simulated": [f"127.0.0.1:{PORTS['gpu-metrics']}"],
    }


def job(document, name):
    return next(job for job in document["scrape_configs"] if job["job_name"] == name)


def test_series_of_simulated_gpus_keep_the_pods_that_they_tell_of(site):
    document = written(site)
    paths = {
        name: job(document, name)["static_configs"][0]["labels"]["__metrics_path__"]
        for name in ("dcgm-exporter", "opencost-simulated")
    }
    assert paths == {"dcgm-exporter": "/metrics/dcgm", "opencost-simulated": "/metrics/opencost"}
    assert [job(document, name).get("honor_labels", False) for name in (*paths, "kueue")] == [True, True, False]
    assert "metric_relabel_configs" not in job(document, "opencost-simulated")


def counted_as(document):
    rules = job(document, "dcgm-exporter")["metric_relabel_configs"]
    return [rule["replacement"] for rule in rules if rule["target_label"] == SERIES]


def test_series_of_simulated_gpus_are_labelled_anew_as_those_of_real_ones(site):
    document = written(site)
    assert counted_as(document) == ["gpu", "copy"]
    names = {
        (*rule.get("source_labels", ()), rule["target_label"])
        for rule in job(document, "dcgm-exporter")["metric_relabel_configs"]
    }
    assert {("Hostname", "hostname"), ("hostname", "Hostname")} < names
    sharing = fleet_of(a_plan(a_sharing_stack("local", TURNS, capacity=kept())))
    assert counted_as(written(site, Metrics(fleet=sharing))) == ["gpu", "copy", "process"]


def test_other_prices_start_the_simulated_exporters_anew(site):
    def fingerprint(fleet):
        gpu_metrics.write_fleet(site, fleet)
        return gpu_metrics.command(site).fingerprint()

    site.home.kubeconfig.write_text("")
    fleet = fleet_of(a_plan(a_stack()))
    first = fingerprint(fleet)
    assert fingerprint(fleet) == first
    assert fingerprint(replace(fleet, prices=fleet.prices[:1])) != first


def test_the_rules_and_the_fleet_of_a_plan_are_what_is_measured(site):
    plan = a_plan(a_stack())
    metrics = metrics_of(plan)
    gpu_metrics.write_fleet(site, metrics.fleet)
    assert from_json(site.fleet.read_text()) == fleet_of(plan)
    groups = {name: [group["name"] for group in document["groups"]] for name, document in metrics.rules.items()}
    assert groups["costs"] == ["mizan-cost", "mizan-opencost"]
    assert "mizan-alerts" in groups["alerts"]
    told = {
        rule["labels"]["cluster"]
        for document in metrics.rules.values()
        for group in document["groups"]
        for rule in group["rules"]
    }
    assert told == {plan.cluster_name}


def test_a_cluster_without_kueue_has_nobody_to_ask_about_queues(site):
    assert "kueue" not in jobs(written(site, has_kueue=False))


def test_targets_of_others_are_asked_beside_them(site):
    gpus = Target(job="gpus", url="http://127.0.0.1:9400/metrics")
    assert jobs(written(site, Metrics(targets=[gpus])))[-1] == "gpus"


def test_rules_are_files_and_those_of_before_go(site):
    written(site, Metrics(rules={**RULES, "alerts": {"groups": []}}))
    document = written(site, Metrics(rules=RULES))
    (pattern,) = document["rule_files"]
    (file,) = Path(pattern).parent.glob(Path(pattern).name)
    assert file.name == "cost.yml"
    assert YAML(typ="safe").load(file.read_text()) == RULES["cost"]


@pytest.fixture
def server(site):
    """A Prometheus that takes whatever it is told to read anew, or answers as a test says."""
    answers = {"status": 200, "text": "", "reloads": 0}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            answers["reloads"] += self.path == "/-/reload"
            self.send_response(answers["status"])
            self.end_headers()
            self.wfile.write(answers["text"].encode())

        def log_message(self, *_):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    answers["site"] = Site(site.home, {**PORTS, "prometheus": served.server_port}, Tools(), metrics=Metrics())
    yield answers
    served.shutdown()
    thread.join()
    served.server_close()


def test_rules_are_read_anew_when_they_change_and_only_then(server):
    site = server["site"]
    written(site)
    assert prometheus.load(site)
    assert not prometheus.load(site)
    written(site, Metrics(rules=RULES))
    assert prometheus.load(site)
    assert not prometheus.load(site)
    written(site)
    assert prometheus.load(site)
    assert server["reloads"] == 3


def test_rules_that_are_refused_are_told_and_offered_again(server):
    site = server["site"]
    written(site, Metrics(rules=RULES))
    server |= {"status": 500, "text": "failed to reload config: one or more errors occurred"}
    site.home.logs.mkdir()
    (site.home.logs / "prometheus.log").write_text("cost.yml: parse error\n")
    for _ in range(2):
        with pytest.raises(PlatformError) as told:
            prometheus.load(site)
        assert str(told.value) == (
            "prometheus: HTTP 500 failed to reload config: one or more errors occurred; "
            "needs a configuration and rules that it can read because it goes on with those that it had. "
            f"Mend what its log says of the files in {folder(site) / 'rules'}. "
            f"See {site.home.logs / 'prometheus.log'}, which ends with:\n    cost.yml: parse error"
        )
    server["status"] = 200
    assert prometheus.load(site)
    assert server["reloads"] == 3


def test_a_prometheus_that_does_not_answer_is_told(site):
    closed = Site(site.home, {**PORTS, "prometheus": ports.choose([])}, Tools(), metrics=Metrics())
    written(closed)
    with pytest.raises(SourceUnreachable, match="prometheus: ConnectionRefusedError while it was to read its rules"):
        prometheus.load(closed)


def test_where_queries_are_answered_is_known_once_ports_are_chosen(site):
    assert prometheus.address(site.home) is None
    site.home.state.mkdir(parents=True)
    (site.home.state / ports.FILE).write_text(json.dumps({"prometheus": 20050}))
    assert prometheus.address(site.home) == "http://127.0.0.1:20050"


def test_status_has_rows_for_all_of_them_where_prometheus_was_started_and_none_otherwise(site, monkeypatch):
    assert not set(MEASURING_DAEMONS) & {row.name for row in status.look(site.home)}
    started = processes.Record(2**22, "0")
    record = processes.record
    monkeypatch.setattr(
        processes, "record", lambda home, name: started if name == PROMETHEUS.name else record(home, name)
    )
    rows = {row.name: row.state for row in status.look(site.home)}
    assert list(rows)[-3:] == ["kube-state-metrics", "gpu-metrics", "prometheus"]
    assert rows["prometheus"] is status.State.KILLED
