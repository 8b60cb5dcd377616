"""A team's resources in their order, and the team that may not leave yet."""

import json
import ssl
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pulumi
import pulumi_kubernetes as k8s
import pytest
from ruamel.yaml import YAML

from components.platform import GpuPlatform, GpuPlatformArgs
from components.tenants.departures import refuse_departures
from components.tenants.team import Team, TeamArgs
from local.control_plane import pki
from mizan.config import Cluster
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.queues import local_queue
from mizan.manifests.tenants import guards
from tests.builders import a_plan, a_stack, an_existing_stack
from tests.mocks import Registered

PLAN = a_plan()
MACHINES = tuple(offer.machine for offer in PLAN.offers)
SOCKS = "socks5://127.0.0.1:1"
QUEUE = "kubernetes:kueue.x-k8s.io/v1beta2:LocalQueue"


@pytest.fixture
def team(deploy) -> list[Registered]:
    def program():
        cluster_queue = k8s.core.v1.ConfigMap("cluster-queue", metadata={"name": "cluster-queue"})
        args = TeamArgs(team=PLAN.teams[0], stack="prod", machines=MACHINES, cluster_queues={"training": cluster_queue})
        Team("x", args)

    return deploy(program)


def names_of(resources: list[Registered], urns: frozenset[str]) -> set[str]:
    return {item.name for item in resources if item.urn in urns}


def test_a_team_is_its_namespace_its_guards_and_its_queues(team):
    (component,) = [item for item in team if item.typ == "mizan:components:Team"]
    children = [item for item in team if item.parent == component.urn]
    wanted = [
        team_namespace(PLAN.teams[0], "prod"),
        *guards(PLAN.teams[0], MACHINES),
        local_queue("training", "team-a"),
    ]
    made = {child.name: child.inputs for child in children}
    assert len(made) == len(wanted)
    for body in wanted:
        assert body in made.values()
    assert component.outputs == {"namespace": "team-a"}


def test_guards_wait_for_the_namespace_and_a_queue_for_every_guard(team):
    namespace = "x-namespace-team-a"
    guarding = {item.name for item in team if item.name.startswith("x-") and item.typ != QUEUE} - {namespace}
    assert {"x-resourcequota-team-a/gpu-quota", "x-networkpolicy-team-a/default-deny"} <= guarding
    for item in team:
        if item.name in guarding:
            assert names_of(team, item.dependencies) == {namespace}
        if item.typ == QUEUE:
            assert names_of(team, item.dependencies) == guarding | {namespace, "cluster-queue"}


@dataclass(frozen=True)
class Reached:
    """A cluster as its component gives it, without the component."""

    named: Cluster
    provider: None = None


def reached(kubeconfig, context="prod", name="c") -> Reached:
    return Reached(named=Cluster(kubeconfig=str(kubeconfig), context=context, name=name))


class ApiServer(BaseHTTPRequestHandler):
    """Lists what the test puts into `objects`, by path; keeps what it was asked in `asked`, and with which tokens."""

    objects: dict[str, list[dict]]
    asked: list[str]
    tokens: list[str | None]
    status = 200

    def do_GET(self):
        url = urlsplit(self.path)
        self.asked.append(self.path)
        self.tokens.append(self.headers["Authorization"])
        body = {"items": self.objects.get(url.path, []), "metadata": {}}
        if self.status != 200:
            body = {"kind": "Status", "message": "namespaces is forbidden: no right\nto list", "code": self.status}
        if url.path == "/api/v1/namespaces" and parse_qs(url.query) != {"labelSelector": ["mizan.dev/stack=test"]}:
            body["items"] = [*body["items"], {"metadata": {"name": "of-another-stack"}}]
        text = json.dumps(body).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def serving(scheme="http", secured=lambda socket: socket):
    handler = type("Handler", (ApiServer,), {"objects": {}, "asked": [], "tokens": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = secured(server.socket)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        handler.address = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        try:
            yield handler
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def api_server():
    with serving() as server:
        yield server


@pytest.fixture
def cluster(tmp_path):
    """A kubeconfig whose context leads to an address."""

    def write(server: str, user: dict | None = None, users: object = (), **more) -> Reached:
        document = {
            "clusters": [{"name": "c", "cluster": {"server": server, **more}}],
            "contexts": [{"name": "prod", "context": {"cluster": "c", **({"user": "me"} if user else {})}}],
            "users": [*users, {"name": "me", "user": user}] if user else users,
        }
        YAML(typ="safe").dump(document, tmp_path / "kubeconfig")
        return reached(tmp_path / "kubeconfig")

    return write


def holding(server, *jobs, namespace="team-b"):
    server.objects["/api/v1/namespaces"] = [{"metadata": {"name": name}} for name in ("team-a", namespace)]
    server.objects[f"/apis/batch/v1/namespaces/{namespace}/jobs"] = [
        {"metadata": {"name": job, "namespace": namespace}, "status": {}} for job in jobs
    ]


def refused(cluster: Reached, plan=PLAN) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        refuse_departures(plan, cluster.named)
    return str(caught.value)


def test_a_team_that_leaves_while_its_job_runs_is_refused(api_server, cluster):
    holding(api_server, "train")
    told = refused(cluster(api_server.address))
    assert told.startswith("stack test: team team-b is removed while job train has not ended; needs no unfinished job")


def test_a_serving_pod_holds_its_team_back_too(api_server, cluster):
    holding(api_server)
    pod = {"metadata": {"name": "server", "namespace": "team-b"}, "status": {"phase": "Running"}}
    api_server.objects["/api/v1/namespaces/team-b/pods"] = [pod]
    assert "team team-b is removed while pod server has not ended" in refused(cluster(api_server.address))


def test_a_volume_with_data_holds_its_team_back_too(api_server, cluster):
    holding(api_server)
    claim = {"metadata": {"name": "weights", "namespace": "team-b"}, "status": {"phase": "Bound"}}
    api_server.objects["/api/v1/namespaces/team-b/persistentvolumeclaims"] = [claim]
    told = refused(cluster(api_server.address))
    assert "team team-b is removed while persistentvolumeclaim weights holds data" in told


def paths(server) -> list[str]:
    return [urlsplit(path).path for path in server.asked]


def test_a_team_whose_work_has_ended_leaves(api_server, cluster):
    holding(api_server, "train")
    (job,) = api_server.objects["/apis/batch/v1/namespaces/team-b/jobs"]
    job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    pod = {"metadata": {"name": "server", "namespace": "team-b"}, "status": {"phase": "Succeeded"}}
    api_server.objects["/api/v1/namespaces/team-b/pods"] = [pod]
    refuse_departures(PLAN, cluster(api_server.address).named)
    assert paths(api_server) == [
        "/api/v1/namespaces",
        "/apis/batch/v1/namespaces/team-b/jobs",
        "/api/v1/namespaces/team-b/pods",
        "/api/v1/namespaces/team-b/persistentvolumeclaims",
    ]


def test_a_forced_team_leaves_with_its_jobs_and_nobody_looks_at_them(api_server, cluster):
    holding(api_server, "train")
    there = cluster(api_server.address)
    assert "job train has not ended" in refused(there)
    api_server.asked.clear()
    refuse_departures(a_plan(a_stack(forceRemoveTeams=["team-b"])), there.named)
    assert paths(api_server) == ["/api/v1/namespaces"]


def test_where_nobody_leaves_one_question_is_asked(api_server, cluster):
    holding(api_server, "train", namespace="team-a")
    refuse_departures(PLAN, cluster(api_server.address).named)
    assert len(api_server.asked) == 1


def test_a_cluster_that_does_not_answer_is_told(cluster):
    there = cluster("http://127.0.0.1:1")
    told = refused(there)
    assert told.startswith(f"cluster http://127.0.0.1:1 of kubeconfig {there.named.kubeconfig}: ")
    assert "Connection refused; needs an answer to which namespaces, jobs and volumes it holds because" in told


def test_a_cluster_that_refuses_to_say_is_told_in_one_line(api_server, cluster):
    api_server.status = 403
    told = refused(cluster(api_server.address))
    assert "ApiError: namespaces is forbidden: no right to list; needs an answer" in told
    assert "your rights to list them" in told


@pytest.mark.parametrize(
    ("text", "observed"),
    [
        (None, "No such file or directory"),
        ("clusters: [", "not YAML"),
        ("\0", "not YAML"),
        ("", "not a kubeconfig"),
        ("{}", "no context prod"),
        ("clusters: 1\ncontexts: []", "no context prod"),
        ("contexts: [{name: prod, context: {cluster: c}}]", "no server"),
    ],
)
def test_a_kubeconfig_that_is_none_is_told(tmp_path, text, observed):
    if text is not None:
        (tmp_path / "kubeconfig").write_text(text)
    assert f": {observed}; needs " in refused(reached(tmp_path / "kubeconfig"))


def test_a_context_that_is_gone_or_leads_elsewhere_is_told_before_anything_is_asked(api_server, cluster):
    kubeconfig = cluster(api_server.address).named.kubeconfig
    assert "no context dev; needs the context that the stack names" in refused(reached(kubeconfig, context="dev"))
    assert "cluster c; needs cluster d because" in refused(reached(kubeconfig, name="d"))
    assert api_server.asked == []


def test_the_kubeconfig_s_own_proxy_is_used(api_server, cluster):
    holding(api_server, "train")
    through = cluster("http://cluster.example:80", **{"proxy-url": api_server.address})
    assert "team team-b is removed while job train has not ended" in refused(through)
    assert api_server.asked[0].startswith("http://cluster.example")


@pytest.mark.parametrize(
    ("more", "observed"),
    [
        ({"proxy-url": SOCKS}, "ImportError: Using SOCKS proxy, "),
        ({"proxy-url": "gopher://127.0.0.1:1"}, "ValueError: Unknown scheme for proxy URL"),
        ({"proxy-url": "http://[::1"}, "InvalidURL: "),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told(api_server, cluster, more, observed):
    assert f": {observed}" in refused(cluster(api_server.address, **more))


def test_a_proxy_of_the_environment_stands_before_a_named_cluster_but_not_before_the_embedded_one(
    api_server, cluster, monkeypatch
):
    monkeypatch.setenv("ALL_PROXY", SOCKS)
    holding(api_server, "train")
    assert "job train has not ended" in refused(cluster(api_server.address))
    # On this machine there is nothing to go round by.
    assert "job train has not ended" in refused(cluster(api_server.address), a_plan(an_existing_stack()))
    elsewhere = cluster("https://192.0.2.1")
    assert "ImportError: Using SOCKS proxy" in refused(elsewhere, a_plan(an_existing_stack()))


@pytest.mark.parametrize("users", [None, [], [{"name": "you", "user": {"exec": ["unsound"], "token": 3}}, {"user": 3}]])
def test_what_the_kubeconfig_says_of_other_users_is_nobody_s_business(api_server, cluster, users):
    holding(api_server, "train")
    assert "job train has not ended" in refused(cluster(api_server.address, users=users))


def a_command(folder, status: str, version: str) -> dict:
    """A user of a kubeconfig who logs in by a command."""
    plugin = folder / "plugin"
    plugin.write_text(f"#!/bin/sh\ncat <<'END'\n{status}\nEND\n")
    plugin.chmod(0o755)
    return {"exec": {"apiVersion": f"client.authentication.k8s.io/{version}", "command": str(plugin)}}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_login_command_of_any_version_is_asked_for_a_token(api_server, cluster, tmp_path, version):
    holding(api_server, "train")
    user = a_command(tmp_path, '{"status": {"token": "a-token"}}', version)
    assert "job train has not ended" in refused(cluster(api_server.address, user))
    assert set(api_server.tokens) == {"Bearer a-token"}


def test_a_login_command_that_gives_a_certificate_logs_in_with_it(cluster, tmp_path):
    pki.ensure(tmp_path, now=datetime.now(UTC))
    secured = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.certificate(tmp_path, "ca"))
    secured.load_cert_chain(pki.certificate(tmp_path, "kube-apiserver"), pki.private_key(tmp_path, "kube-apiserver"))
    secured.verify_mode = ssl.CERT_REQUIRED
    own = {
        "clientCertificateData": pki.certificate(tmp_path, "admin").read_text(),
        "clientKeyData": pki.private_key(tmp_path, "admin").read_text(),
    }
    user = a_command(tmp_path, json.dumps({"status": own}), "v1")
    authority = b64encode(pki.certificate(tmp_path, "ca").read_bytes()).decode()
    with serving("https", lambda socket: secured.wrap_socket(socket, server_side=True)) as server:
        holding(server, "train")
        stranger = cluster(server.address, {"token": "none"}, **{"certificate-authority-data": authority})
        assert "needs an answer" in refused(stranger)
        assert server.asked == []
        known = cluster(server.address, user, **{"certificate-authority-data": authority})
        assert "job train has not ended" in refused(known)


def test_a_login_that_fails_is_told_with_its_command(api_server, cluster, tmp_path):
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/login"}}
    told = refused(cluster(api_server.address, user))
    assert told.startswith(f"login command /nowhere/login of kubeconfig {tmp_path}/kubeconfig: No such file or")
    assert api_server.asked == []


def test_the_platform_asks_before_it_registers_anything_in_the_cluster(deploy, monkeypatch):
    monkeypatch.setenv("MIZAN_KUBECONFIG", "/home/kubeconfig")
    seen = []

    def refuse(plan, named):
        seen.append((plan, named))
        raise pulumi.RunError("team-b runs")

    monkeypatch.setattr("components.site.refuse_departures", refuse)
    registered = []
    monkeypatch.setattr("components.resource.KubernetesObject.__init__", lambda *_: registered.append(1))
    with pytest.raises(pulumi.RunError, match="team-b runs"):
        deploy(lambda: GpuPlatform("mizan", GpuPlatformArgs(plan=PLAN)))
    assert seen == [(PLAN, Cluster(kubeconfig="/home/kubeconfig", context="mizan-local", name="mizan-local"))]
    assert registered == []
