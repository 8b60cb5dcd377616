"""A team's resources in their order, and the team that may not leave yet."""

import json
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pulumi
import pulumi_kubernetes as k8s
import pytest
from ruamel.yaml import YAML

from components.platform import GpuPlatform, GpuPlatformArgs
from components.tenants.departures import EXEC_V1, refuse_departures
from components.tenants.team import Team, TeamArgs
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.queues import local_queue
from mizan.manifests.tenants import guards
from tests.builders import a_plan, a_stack
from tests.mocks import Registered

PLAN = a_plan()
MACHINES = tuple(offer.machine for offer in PLAN.offers)
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

    kubeconfig: str
    context: str
    provider: None = None


class ApiServer(BaseHTTPRequestHandler):
    """Lists what the test puts into `objects`, by path; keeps what it was asked in `asked`."""

    objects: dict[str, list[dict]]
    asked: list[str]
    status = 200

    def do_GET(self):
        url = urlsplit(self.path)
        self.asked.append(self.path)
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


@pytest.fixture
def api_server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = type("Handler", (ApiServer,), {"objects": {}, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        handler.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield handler
        server.shutdown()
        thread.join()


@pytest.fixture
def cluster(tmp_path):
    """A kubeconfig whose context leads to an address."""

    def write(server: str, user: dict | None = None, **more) -> Reached:
        document = {
            "clusters": [{"name": "c", "cluster": {"server": server, **more}}],
            "contexts": [{"name": "prod", "context": {"cluster": "c", **({"user": "me"} if user else {})}}],
            "users": [{"name": "me", "user": user}] if user else [],
        }
        YAML().dump(document, tmp_path / "kubeconfig")
        return Reached(kubeconfig=str(tmp_path / "kubeconfig"), context="prod")

    return write


def holding(server, *jobs, namespace="team-b"):
    server.objects["/api/v1/namespaces"] = [{"metadata": {"name": name}} for name in ("team-a", namespace)]
    server.objects[f"/apis/batch/v1/namespaces/{namespace}/jobs"] = [
        {"metadata": {"name": job, "namespace": namespace}, "status": {}} for job in jobs
    ]


def refused(cluster: Reached, plan=PLAN) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        refuse_departures(plan, cluster)
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


def test_a_team_without_jobs_leaves(api_server, cluster):
    holding(api_server)
    refuse_departures(PLAN, cluster(api_server.address))


def test_a_forced_team_leaves_with_its_jobs(api_server, cluster):
    holding(api_server, "train")
    refuse_departures(a_plan(a_stack(forceRemoveTeams=["team-b"])), cluster(api_server.address))


def test_where_nobody_leaves_one_question_is_asked(api_server, cluster):
    holding(api_server, "train", namespace="team-a")
    refuse_departures(PLAN, cluster(api_server.address))
    assert len(api_server.asked) == 1


def test_a_cluster_that_does_not_answer_is_told(cluster):
    told = refused(cluster("http://127.0.0.1:1"))
    assert told.startswith("cluster of context prod in kubeconfig ")
    assert "Connection refused; needs an answer to which namespaces and jobs it holds because a team that is" in told


def test_a_cluster_that_refuses_to_say_is_told_in_one_line(api_server, cluster):
    api_server.status = 403
    told = refused(cluster(api_server.address))
    assert "ApiError: namespaces is forbidden: no right to list; needs an answer" in told
    assert "your rights to list them" in told


@pytest.mark.parametrize("text", ["", "clusters: [", "{}", "\0", "clusters: 1\ncontexts: []"])
def test_a_kubeconfig_that_is_none_is_told(tmp_path, text):
    (tmp_path / "kubeconfig").write_text(text)
    assert "needs an answer" in refused(Reached(kubeconfig=str(tmp_path / "kubeconfig"), context="prod"))


def test_a_context_that_is_gone_is_told(api_server, cluster):
    there = cluster(api_server.address)
    assert "KeyError: 'dev'" in refused(Reached(kubeconfig=there.kubeconfig, context="dev"))


def test_the_kubeconfig_s_own_proxy_is_used(api_server, cluster, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    holding(api_server, "train")
    through = cluster("http://cluster.example:80", **{"proxy-url": api_server.address})
    assert "team team-b is removed while job train has not ended" in refused(through)
    assert api_server.asked[0].startswith("http://cluster.example")


def test_a_credential_plugin_of_version_1_is_asked_in_its_own_words(api_server, cluster, tmp_path):
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f'#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" > {tmp_path}/asked\n'
        """printf '{"status": {"token": "%s"}}' "$1$SECRET"\n"""
    )
    plugin.chmod(0o755)
    holding(api_server, "train")
    command = {
        "apiVersion": EXEC_V1,
        "command": str(plugin),
        "args": ["a"],
        "env": [{"name": "SECRET", "value": "b"}],
    }
    assert "job train has not ended" in refused(cluster(api_server.address, {"exec": command}))
    asked = json.loads(Path(tmp_path / "asked").read_text())
    assert (asked["kind"], asked["apiVersion"]) == ("ExecCredential", EXEC_V1)


def test_the_platform_asks_before_it_registers_anything_in_the_cluster(deploy, monkeypatch):
    monkeypatch.setenv("MIZAN_KUBECONFIG", "/home/kubeconfig")
    seen = []

    def refuse(plan, cluster):
        seen.append((plan, cluster.kubeconfig, cluster.context))
        raise pulumi.RunError("team-b runs")

    monkeypatch.setattr("components.platform.refuse_departures", refuse)
    registered = []
    monkeypatch.setattr("components.resource.KubernetesObject.__init__", lambda *_: registered.append(1))
    with pytest.raises(pulumi.RunError, match="team-b runs"):
        deploy(lambda: GpuPlatform("mizan", GpuPlatformArgs(plan=PLAN)))
    assert seen == [(PLAN, "/home/kubeconfig", "mizan-local")]
    assert registered == []
