"""The simulated exporter as a process: what it follows, what it answers, how it ends."""

import http.client
import json
import queue
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from gpu_metrics_builders import a_cluster, a_fleet, raw_node, raw_pod
from lightkube import KubeConfig

from local.gpu_metrics import __main__ as process
from local.gpu_metrics import launch
from local.gpu_metrics.fleet import to_json
from local.gpu_metrics.objects import Cluster
from local.gpu_metrics.watching import Watched
from mizan import keys

GPU = {keys.NVIDIA_GPU: 1}
LISTS = {
    "/api/v1/nodes": ("Node", [raw_node()]),
    "/api/v1/pods": ("Pod", [raw_pod(amounts=GPU)]),
    "/apis/resource.k8s.io/v1/resourceclaims": ("ResourceClaim", []),
}
DEADLINE_SECONDS = 30.0


class _Api(BaseHTTPRequestHandler):
    """Lists of an API server, and watches that tell what a test puts into `events`."""

    def do_GET(self):
        asked = urlsplit(self.path)
        kind, items = LISTS[asked.path]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if "watch" not in parse_qs(asked.query):
            self.wfile.write(
                json.dumps({"kind": f"{kind}List", "metadata": {"resourceVersion": "7"}, "items": items}).encode()
            )
            return
        while (event := self.server.events[kind].get()) is not None:
            self.wfile.write(json.dumps(event).encode() + b"\n")
            self.wfile.flush()

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    server.events = {kind: queue.Queue() for kind, _ in LISTS.values()}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    for events in server.events.values():
        events.put(None)
    server.shutdown()
    server.server_close()


@pytest.fixture
def kubeconfig(api, tmp_path):
    file = tmp_path / "kubeconfig"
    file.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "one",
                "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
                "clusters": [{"name": "one", "cluster": {"server": f"http://127.0.0.1:{api.server_port}"}}],
                "users": [{"name": "one", "user": {}}],
            }
        )
    )
    return file


def until(found, wanted):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (seen := found()) != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    assert seen == wanted


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except ConnectionRefusedError:
        return 0, ""
    finally:
        connection.close()


@pytest.fixture
def watching(api, kubeconfig):
    """What begins to follow the API server, and what it says."""
    said = []
    watched = Watched(KubeConfig.from_file(kubeconfig), said.append, has_claims=True)
    watched.begin()
    until(lambda: watched.is_ready, True)
    yield watched, said
    watched.end()


def test_it_follows_what_comes_changes_and_goes(api, watching):
    watched, said = watching

    def pods():
        return sorted(pod.name for pod in watched.cluster().pods)

    assert (pods(), [node.name for node in watched.cluster().nodes]) == (["train-0"], ["node-a"])
    api.events["Pod"].put({"type": "ADDED", "object": raw_pod("train-1")})
    until(pods, ["train-0", "train-1"])
    api.events["Pod"].put({"type": "MODIFIED", "object": raw_pod("train-0", phase="Succeeded")})
    until(pods, ["train-1"])
    api.events["Node"].put({"type": "DELETED", "object": raw_node()})
    until(lambda: watched.cluster().nodes, ())
    assert said == []


def test_a_watch_that_is_refused_is_said_and_begins_again_with_a_list(api, watching):
    watched, said = watching
    api.events["Node"].put({"type": "DELETED", "object": raw_node()})
    until(lambda: watched.cluster().nodes, ())
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    api.events["Node"].put({"type": "ERROR", "object": gone})
    until(lambda: [node.name for node in watched.cluster().nodes], ["node-a"])
    assert [line.partition(":")[0] for line in said] == ["Node"]


class _Still:
    """A cluster that is there from the beginning, or not yet."""

    def __init__(self, cluster, *, is_ready=True):
        self.is_ready = is_ready
        self._cluster = cluster

    def cluster(self):
        return self._cluster


@pytest.fixture
def serving():
    servers = []

    def serve(source):
        server = process.serve(0, process.Exporter(source, a_fleet(), lambda: 1_790_000_060.0))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_each_path_has_its_part(serving):
    port = serving(_Still(a_cluster([raw_node()], [raw_pod(amounts=GPU)])))
    whole, dcgm, opencost = (get(port, path)[1] for path in ("/metrics", "/metrics/dcgm", "/metrics/opencost"))
    assert dcgm + opencost == whole
    assert "DCGM_FI_DEV_GPU_UTIL{" in dcgm
    assert "node_total_hourly_cost{" not in dcgm
    assert "node_total_hourly_cost{" in opencost
    assert (get(port, "/healthz"), get(port, "/else")[0]) == ((200, "ok\n"), 404)


def test_nothing_is_told_of_a_cluster_that_was_not_read(serving):
    port = serving(_Still(Cluster(nodes=(), pods=()), is_ready=False))
    assert [get(port, path)[0] for path in ("/healthz", "/metrics", "/else")] == [503, 503, 404]


def test_an_annotation_that_nobody_understands_is_said_once(serving, capsys):
    port = serving(_Still(a_cluster([raw_node()], [raw_pod(profile="nap")])))
    assert [get(port, "/metrics")[0] for _ in range(3)] == [200] * 3
    assert capsys.readouterr().out.count("'nap' counts as busy") == 1


def test_a_taken_port_is_told_in_the_words_that_a_start_looks_for(serving, kubeconfig, tmp_path):
    prices = tmp_path / "fleet.json"
    prices.write_text(to_json(a_fleet()))
    port = serving(_Still(Cluster(nodes=(), pods=())))
    with pytest.raises(SystemExit, match=f"port {port}: address already in use"):
        process.main(launch.arguments(kubeconfig, prices, port)[4:])


def test_it_starts_in_any_folder_and_ends_at_once(kubeconfig, tmp_path):
    prices = tmp_path / "fleet.json"
    prices.write_text(to_json(a_fleet()))
    free = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    port = free.server_port
    free.server_close()
    child = subprocess.Popen(launch.arguments(kubeconfig, prices, port), cwd=tmp_path, env=launch.environment())
    try:
        until(lambda: get(port, "/healthz")[0], 200)
        assert 'hostname="node-a",team="team-a"' in get(port, "/metrics")[1]
        child.terminate()
        assert child.wait(DEADLINE_SECONDS) == -signal.SIGTERM
    finally:
        child.kill()
        child.wait()


def test_its_own_code_is_what_it_starts_anew_for():
    assert {file.name for file in launch.sources()} > {"__main__.py", "dcgm.py", "exporter.py"}
