"""What is asked before a cluster is deleted. That Pulumi asks, at a preview too: tests/e2e/test_prod_rehearsals.py."""

import asyncio
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pulumi
import pytest

from components.cluster.load_balancers import guarded
from tests.gke_stacks import STACK, a_gke_plan

TEAM = "research"
LISTS = {
    "/api/v1/namespaces": [{"metadata": {"name": TEAM}}],
    "/api/v1/services": [
        {"metadata": {"name": "web", "namespace": "default"}, "spec": {"type": "LoadBalancer"}},
        {"metadata": {"name": "own", "namespace": TEAM}, "spec": {"type": "LoadBalancer"}},
    ],
}


class ApiServer(BaseHTTPRequestHandler):
    """Lists namespaces and Services."""

    def do_GET(self):
        url = urlsplit(self.path)
        assert url.path != "/api/v1/namespaces" or url.query == f"labelSelector=mizan.dev%2Fstack%3D{STACK}"
        text = json.dumps({"items": LISTS[url.path], "metadata": {}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def api_server():
    """The address of one."""
    with ThreadingHTTPServer(("127.0.0.1", 0), ApiServer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    return said


@pytest.fixture
def delete(deploy):
    """Ask, as Pulumi does before it deletes a cluster, of which the state says this."""

    def kubeconfig(told):
        document = {
            "clusters": [{"name": "c", "cluster": {"server": told["endpoint"]}}],
            "contexts": [{"name": "c", "context": {"cluster": "c"}}],
            "current-context": "c",
        }
        return json.dumps(document)

    def run(outputs):
        made = []
        deploy(lambda: made.append(guarded("c", a_gke_plan(), kubeconfig)))
        (hook,) = made[0].before_delete
        assert hook.opts.on_dry_run
        args = pulumi.ResourceHookArgs("urn", "id", "c-cluster", "gcp:container/cluster:Cluster", old_outputs=outputs)
        asyncio.run(hook.callback(args))

    return run


def test_a_cluster_whose_load_balancer_would_be_left_is_not_deleted(delete, api_server):
    with pytest.raises(
        pulumi.RunError, match=f"^stack {STACK}: Services of type LoadBalancer: default/web; needs none"
    ):
        delete({"endpoint": api_server})


def test_a_cluster_that_does_not_answer_may_go_with_a_warning(delete, warnings):
    delete({"endpoint": "http://127.0.0.1:1"})
    (warning,) = warnings
    assert warning.startswith(
        "Not known whether load balancers would be left: cluster http://127.0.0.1:1 of kubeconfig"
    )


@pytest.mark.parametrize("outputs", [None, {"name": "c"}])
def test_a_cluster_that_never_came_is_not_asked(delete, warnings, outputs):
    delete(outputs)
    assert warnings == []
