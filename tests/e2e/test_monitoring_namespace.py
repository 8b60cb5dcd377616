"""The namespace of monitoring under the real Pulumi: it waits for people's Secrets, and does not take them along.

Manifests go into a folder, and a small server says of the cluster what is in there; no cluster is needed.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from ruamel.yaml import YAML

from local.engine import Engine
from local.home import PROJECT, Home
from local.progress import Reporter
from local.toolchain import default_cache, ensure
from tests.e2e.platforms import TestPlatform, program

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NAMESPACE = "/api/v1/namespaces/mizan-monitoring"
SECRETS = f"{NAMESPACE}/secrets"
LABELS = {"app.kubernetes.io/managed-by": "mizan"}


class ApiServer(BaseHTTPRequestHandler):
    """Has the namespace once it is in the folder, and the Secrets of `secrets` with their labels."""

    def do_GET(self):
        secrets = [
            {"metadata": {"name": name, "labels": labels}, "data": {"token": "c2VjcmV0"}}
            for name, labels in self.server.secrets.items()
        ]
        found = {f"{SECRETS}/{secret['metadata']['name']}": secret for secret in secrets}
        if any(self.server.rendered.rglob("*namespace*")):
            found[NAMESPACE] = {"metadata": {"name": "mizan-monitoring", "labels": LABELS}}
            found[SECRETS] = {"items": secrets, "metadata": {}}
        body = found.get(self.path, {"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"})
        text = json.dumps(body).encode()
        self.send_response(body.get("code", 200))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), ApiServer) as server:
        server.secrets, server.rendered = {}, tmp_path / "rendered"
        server.rendered.mkdir()
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def pulumi(server, tmp_path):
    """Run a Pulumi command of the program."""
    home = Home(tmp_path / "home")
    tools = ensure(["kubectl", "pulumi", "pulumi-resource-kubernetes"], cache=default_cache(), reporter=Reporter())
    home.pulumi_backend.mkdir(parents=True)
    Engine(home, tools, Reporter()).link_tools()
    kubeconfig = tmp_path / "kubeconfig"
    document = {
        "clusters": [{"name": "theirs", "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
        "contexts": [{"name": "theirs", "context": {"cluster": "theirs", "user": "me"}}],
        "current-context": "theirs",
        "users": [{"name": "me", "user": {"token": "t"}}],
    }
    YAML(typ="safe").dump(document, kubeconfig)
    platform, folder = TestPlatform(home), program("monitoring_namespace", tmp_path / "program")

    def run(*command, has_monitoring=True):
        variables = {
            "SECRETS_OF": str(kubeconfig),
            # The provider writes into a folder or into a cluster, not both.
            "KUBECONFIG": "",
            "RENDERED": str(server.rendered),
            "HAS_MONITORING": "yes" if has_monitoring else "no",
            "PYTHONPATH": str(PROJECT),
        }
        return platform.pulumi(folder, *command, **variables)

    assert run("stack", "init", "test").status == 0
    return run


def test_an_update_stops_behind_the_namespace_and_goes_on_once_the_secret_is_there(server, pulumi):
    preview = pulumi("preview")
    assert preview.status == 0, preview.text
    assert "Namespace mizan-monitoring is made by this update." in preview.text
    first = pulumi("up", "--yes", "--skip-preview")
    assert first.status != 0
    assert "mimir-headers, not in namespace mizan-monitoring; needs a Secret" in first.text
    assert any(server.rendered.rglob("*namespace*"))
    assert not any(server.rendered.rglob("*prometheusrule*"))
    still = pulumi("preview")
    assert still.status != 0
    assert "mimir-headers, not in namespace mizan-monitoring" in still.text
    server.secrets["mimir-headers"] = {}
    second = pulumi("up", "--yes", "--skip-preview")
    assert second.status == 0, second.text
    assert any(server.rendered.rglob("*prometheusrule*"))


@pytest.mark.parametrize(
    ("command", "has_monitoring"),
    [(("destroy", "--run-program"), True), (("up",), False)],
    ids=["a destroy", "an update without monitoring"],
)
def test_neither_takes_somebody_s_secret_along(server, pulumi, command, has_monitoring):
    server.secrets["mimir-headers"] = {}
    made = pulumi("up", "--yes", "--skip-preview")
    assert made.status == 0, made.text
    refused = pulumi(*command, "--yes", has_monitoring=has_monitoring)
    assert refused.status != 0
    assert "Secrets in namespace mizan-monitoring that it has not made: mimir-headers" in refused.text
    assert any(server.rendered.rglob("*prometheusrule*")), "the preview refuses before anything has gone"
    server.secrets["mimir-headers"] = {"mizan.dev/goes-with-stack": "true"}
    gone = pulumi(*command, "--yes", has_monitoring=has_monitoring)
    assert gone.status == 0, gone.text
    assert not any(server.rendered.rglob("*namespace*"))


def test_a_destroy_that_does_not_ask_is_refused(server, pulumi):
    server.secrets["mimir-headers"] = {}
    assert pulumi("up", "--yes", "--skip-preview").status == 0
    refused = pulumi("destroy", "--yes")
    assert refused.status != 0
    assert any(server.rendered.rglob("*prometheusrule*"))
