"""A Prometheus of its own that reads what exporters would tell of a large cluster, and follows rules."""

import http.client
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import psutil

from local import files
from local.control_plane import ports, processes, prometheus
from local.control_plane.daemons import PROMETHEUS, Site, Tools
from local.control_plane.scraping import KUEUE, Target, configuration
from local.gpu_metrics.exporter import Memory, step
from local.gpu_metrics.exposition import CONTENT_TYPE, text_of
from local.gpu_metrics.objects import Cluster
from local.gpu_metrics.opencost import opencost_families
from local.gpu_metrics.planned import fleet_of
from local.home import Home
from mizan.manifests.dcgm_monitors import JOB, relabelings
from mizan.plan import Plan
from tests.bench.large_cluster import STARTED
from tests.bench.object_series import kube_state_text, kueue_text

SCRAPE_SECONDS = 30
"""As kube-prometheus-stack asks."""

MEMORY_LIMIT = "3600MiB"
_KUBE_STATE, _OPENCOST, _ITSELF = "kube-state-metrics", "opencost", "prometheus"
# Exporters that answer together: in a cluster each node has one, which would be 2,000 connections here.
_NODES_TOGETHER = 100
_ENDING_SECONDS = 60.0
_ANSWER_SECONDS = 300.0
_POLL_SECONDS = 1.0

Rules = Mapping[str, Mapping[str, object]]


def answers_of(plan: Plan, cluster: Cluster) -> Mapping[str, bytes]:
    """Return by name what each exporter answers: DCGM's, OpenCost, kube-state-metrics, Kueue."""
    fleet = fleet_of(plan)
    found = {
        _KUBE_STATE: kube_state_text(plan, cluster),
        KUEUE: kueue_text(plan),
        _OPENCOST: text_of(opencost_families(cluster, fleet)),
    }
    for number, part in enumerate(_parts(cluster)):
        found[f"{JOB}-{number}"] = text_of(step(Memory(), part, fleet, STARTED)[1].dcgm)
    return {name: text.encode() for name, text in found.items()}


def _parts(cluster: Cluster) -> Iterator[Cluster]:
    for first in range(0, len(cluster.nodes), _NODES_TOGETHER):
        nodes = cluster.nodes[first : first + _NODES_TOGETHER]
        names = {node.name for node in nodes}
        yield Cluster(nodes=nodes, pods=tuple(pod for pod in cluster.pods if pod.node in names))


class _Answers(BaseHTTPRequestHandler):
    answers: ClassVar[Mapping[str, bytes]]

    def do_GET(self) -> None:
        """Answer one exporter's path."""
        body = self.answers[self.path.strip("/")]
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class LargePrometheus:
    """One that runs.

    Attributes:
        port: on 127.0.0.1.
        process: itself.
    """

    port: int
    process: psutil.Process

    def query(self, expr: str, **parameters: str) -> dict[str, Any]:
        """Return `data` of an instant query."""
        return self._ask("/api/v1/query", {"query": expr, **parameters})

    def value(self, expr: str) -> float | None:
        """Return the one value of an expression; None where it has none."""
        result = self.query(expr)["result"]
        return float(result[0]["value"][1]) if result else None

    def groups(self) -> Sequence[Mapping[str, Any]]:
        """Return the groups of rules as it tells them."""
        groups: Sequence[Mapping[str, Any]] = self._ask("/api/v1/rules", {})["groups"]
        return groups

    def wait(self, condition: Callable[[], bool], seconds: float) -> None:
        """Return once a condition holds.

        Raises:
            TimeoutError: it does not within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(_POLL_SECONDS)

    def is_ready(self) -> bool:
        """Return whether it answers queries."""
        try:
            return self._get("/-/ready")[0] == HTTPStatus.OK
        except OSError:
            return False

    def metrics(self) -> str:
        """Return what it tells of itself, as it is now."""
        return self._get("/metrics")[1].decode()

    def _ask(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        status, body = self._get(f"{path}?{urllib.parse.urlencode(parameters)}")
        if status != HTTPStatus.OK:
            message = f"Prometheus: HTTP {status} {body.decode()}"
            raise ValueError(message)
        data: dict[str, Any] = json.loads(body)["data"]
        return data

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(ports.HOST, self.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def large_prometheus(home: Home, tools: Tools, answers: Mapping[str, bytes], rules: Rules) -> Iterator[LargePrometheus]:
    """Give a Prometheus that asks exporters with these answers and follows these rules; it ends with the block."""
    handler = type("_Bound", (_Answers,), {"answers": answers})
    server = ThreadingHTTPServer((ports.HOST, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = Site(home, {PROMETHEUS.name: ports.choose(())}, tools)
    own = f"{ports.HOST}:{site.ports[PROMETHEUS.name]}"
    _write(site, _targets(f"http://{ports.HOST}:{server.server_port}", own, answers), rules)
    process = processes.start(home, replace(prometheus.command(site), environment={"GOMEMLIMIT": MEMORY_LIMIT}))
    found = LargePrometheus(port=site.ports[PROMETHEUS.name], process=process)
    try:
        found.wait(found.is_ready, _ENDING_SECONDS)
        yield found
    finally:
        processes.end([process], grace_seconds=_ENDING_SECONDS)
        server.shutdown()
        server.server_close()


def _targets(address: str, own: str, answers: Mapping[str, bytes]) -> Iterator[Target]:
    relabelled = relabelings(has_parts=True)
    yield Target(job=_ITSELF, url=f"http://{own}/metrics")
    for name in answers:
        url = f"{address}/{name}"
        if name.startswith(JOB):
            yield Target(job=JOB, url=url, instance=name, honor_labels=True, relabelings=relabelled)
        else:
            yield Target(job=name, url=url, honor_labels=name == _OPENCOST)


def _write(site: Site, targets: Iterator[Target], rules: Rules) -> None:
    """Write the files that local/control_plane/prometheus.py starts it with, with targets of ours alone."""
    folder = site.home.state / "prometheus"
    document = configuration(targets, rules=str(folder / "rules" / "*.yml"), scrape_seconds=SCRAPE_SECONDS)
    files.write(folder / "prometheus.yml", files.to_yaml(document))
    for name, groups in rules.items():
        files.write(folder / "rules" / f"{name}.yml", files.to_yaml(groups))
