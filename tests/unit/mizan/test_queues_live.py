"""`mizan queues --live`: which cluster it asks, and how it ends where that does not answer."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from mizan.cli.app import app
from mizan.errors import SourceUnreachable
from tests.builders import PROJECT, a_stack, an_existing_stack

TOKEN = "a-token"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "stacks").mkdir()

    def write(values):
        with (tmp_path / "stacks" / "Pulumi.test.yaml").open("w") as file:
            YAML(typ="safe").dump({"config": {f"mizan:{key}": value for key, value in values.items()}}, file)
        return tmp_path

    return write


def test_without_the_embedded_clusters_kubeconfig_it_says_how_to_get_it(project, tmp_path, monkeypatch):
    folder = str(project(a_stack()))
    monkeypatch.delenv("MIZAN_KUBECONFIG", raising=False)
    own = a_kubeconfig(tmp_path, "http://127.0.0.1:1", context="prod", name="prod-cluster")
    for kubeconfig, seen in (("", "is set"), (str(own), "no context mizan-local"), ("/nowhere", "No such file")):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        ended = CliRunner().invoke(app, ["queues", "--stack", "test", "--project", folder, "--live"])
        assert ended.exception.exit_code == 2
        assert seen in str(ended.exception)
        assert str(ended.exception).endswith(
            'Run `make up` if it does not run, then `eval "$(make env)"` in this shell.'
        )


def a_kubeconfig(folder, server, context="prod", name="prod-cluster", **cluster):
    path = folder / "kubeconfig"
    document = {
        "current-context": "another",
        "contexts": [{"name": context, "context": {"cluster": name, "user": "me"}}],
        "clusters": [{"name": name, "cluster": {"server": server, **cluster}}],
        "users": [{"name": "me", "user": {"token": TOKEN}}],
    }
    YAML().dump(document, path)
    return path


def of_cluster(kubeconfig, name="prod-cluster"):
    cluster = {"kubeconfig": str(kubeconfig), "context": "prod", "name": name}
    return an_existing_stack(cluster=cluster)


def run_live(folder, *arguments):
    return CliRunner().invoke(app, ["queues", "-s", "test", "--project", str(folder), "--live", *arguments])


class Answers(BaseHTTPRequestHandler):
    """An API server that gives every list the same answer."""

    status, kind, body, seen = 200, "application/json", "{}", []

    def do_GET(self):
        type(self).seen.append((self.path, self.headers["Authorization"]))
        self.send_response(self.status)
        self.send_header("Content-Type", self.kind)
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def api_server():
    """Start a server with an answer; it ends with the test."""
    servers = []

    def start(status=200, body='{"items": []}', kind="application/json"):
        handler = type("Handler", (Answers,), {"status": status, "body": body, "kind": kind, "seen": []})
        server = HTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", handler.seen

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_named_cluster_is_asked_by_its_own_context(project, tmp_path, api_server):
    server, seen = api_server()
    ended = run_live(project(of_cluster(a_kubeconfig(tmp_path, server))), "-o", "json")
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.output)["live"]["quotas"] == []
    kinds = ["clusterqueues", "cohorts", "localqueues", "workloads"]
    assert [(path.partition("?")[0], how) for path, how in seen] == [
        (f"/apis/kueue.x-k8s.io/v1beta2/{kind}", f"Bearer {TOKEN}") for kind in kinds
    ]


def test_another_cluster_behind_the_context_is_refused_before_it_is_asked(project, tmp_path, api_server):
    server, seen = api_server()
    ended = run_live(project(of_cluster(a_kubeconfig(tmp_path, server), name="another-cluster")))
    assert ended.exception.exit_code == 2
    assert "cluster prod-cluster; needs cluster another-cluster" in str(ended.exception)
    assert seen == []


def refusal(ended):
    assert isinstance(ended.exception, SourceUnreachable), ended.output
    assert ended.exception.exit_code == 3
    assert "Traceback" not in str(ended.exception)
    return str(ended.exception)


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "application/json"])
def test_a_cluster_without_kueue_is_told(project, tmp_path, api_server, kind):
    body = '{"kind": "Status", "message": "not found", "code": 404}' if "json" in kind else "404 page not found"
    server, _ = api_server(404, body, kind)
    told = refusal(run_live(project(of_cluster(a_kubeconfig(tmp_path, server)))))
    assert "no kueue.x-k8s.io/v1beta2; needs Kueue 0.15 or newer" in told


@pytest.mark.parametrize("status", [401, 403])
def test_missing_rights_are_told(project, tmp_path, api_server, status):
    server, _ = api_server(status, '{"kind": "Status", "message": "User me cannot list", "code": 403}')
    told = refusal(run_live(project(of_cluster(a_kubeconfig(tmp_path, server)))))
    assert "User me cannot list; needs the right to list clusterqueues, cohorts, localqueues and workloads" in told


@pytest.mark.parametrize(("status", "body"), [(500, "{}"), (200, "no JSON"), (503, ""), (200, "[]")])
def test_an_answer_that_makes_no_sense_is_a_source_that_does_not_answer(project, tmp_path, api_server, status, body):
    server, _ = api_server(status, body)
    assert "needs an answer" in refusal(run_live(project(of_cluster(a_kubeconfig(tmp_path, server)))))


def test_a_cluster_that_does_not_listen_is_unreachable(project, tmp_path):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{bound.getsockname()[1]}"
        told = refusal(run_live(project(of_cluster(a_kubeconfig(tmp_path, server)))))
    assert told.startswith(f"cluster {server} of kubeconfig {tmp_path}/kubeconfig: ConnectError")


def with_users(path, users, own="me"):
    """The kubeconfig with other users; `own` is the one that its context names, if any."""
    document = YAML(typ="safe").load(path)
    document["users"] = users
    document["contexts"][0]["context"] = {"cluster": "prod-cluster"} | ({"user": own} if own else {})
    YAML(typ="safe").dump(document, path)
    return path


BETA = "client.authentication.k8s.io/v1beta1"
WITHOUT_ONE = "; needs a token, or a client certificate and its key because the cluster asks who you are"


@pytest.mark.parametrize(
    ("user", "observed"),
    [
        ({"exec": {"command": "/nowhere/login", "apiVersion": BETA}}, f": No such file or directory{WITHOUT_ONE}"),
        ({"exec": {"command": "true", "apiVersion": BETA}}, ": JSONDecodeError: Expecting value"),
        ({"exec": {"command": "false", "apiVersion": BETA}}, f": exit code 1: no reason given{WITHOUT_ONE}"),
        (
            {"client-certificate": "/nowhere/cert", "client-key": "/nowhere/key"},
            ": FileNotFoundError: [Errno 2] No such file or directory; needs an answer",
        ),
        ({"auth-provider": {"name": "gcp"}}, ": ConfigError: auth-provider not supported; needs an answer"),
        ({"token": 3}, ": ValidationError: Expected `str | null`, got `int` - at `$.token`; needs an answer"),
        (["no", "mapping"], ": Unauthorized; needs the right to list clusterqueues"),
    ],
)
def test_a_login_that_fails_says_why_without_a_traceback(project, tmp_path, api_server, user, observed):
    server, _ = api_server(401, '{"kind": "Status", "message": "Unauthorized", "code": 401}')
    path = with_users(a_kubeconfig(tmp_path, server), [{"name": "me", "user": user}])
    assert observed in refusal(run_live(project(of_cluster(path))))


@pytest.mark.parametrize("users", [None, [], [{"name": "you", "user": {"exec": ["unsound"], "token": 3}}, {"user": 3}]])
def test_what_the_kubeconfig_says_of_other_users_is_nobody_s_business(project, tmp_path, api_server, users):
    server, seen = api_server()
    path = with_users(a_kubeconfig(tmp_path, server), users, own=None)
    ended = run_live(project(of_cluster(path)), "-o", "json")
    assert ended.exit_code == 0, ended.output
    assert {how for _, how in seen} == {None}


def test_a_user_that_the_kubeconfig_lacks_is_told_before_anything_is_asked(project, tmp_path, api_server):
    server, seen = api_server()
    ended = run_live(project(of_cluster(with_users(a_kubeconfig(tmp_path, server), None))))
    assert ended.exception.exit_code == 2
    assert "context prod: no user me; needs the user that the context names" in str(ended.exception)
    assert seen == []


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_login_command_of_any_version_is_asked_for_a_token(project, tmp_path, api_server, version):
    server, seen = api_server()
    plugin = tmp_path / "plugin"
    plugin.write_text("""#!/bin/sh\necho '{"status": {"token": "of-the-plugin"}}'\n""")
    plugin.chmod(0o755)
    user = {"exec": {"apiVersion": f"client.authentication.k8s.io/{version}", "command": str(plugin)}}
    path = with_users(a_kubeconfig(tmp_path, server), [{"name": "me", "user": user}])
    ended = run_live(project(of_cluster(path)), "-o", "json")
    assert ended.exit_code == 0, ended.output
    assert {how for _, how in seen} == {"Bearer of-the-plugin"}


@pytest.mark.parametrize(
    ("more", "observed"),
    [
        ({"proxy-url": "socks5://127.0.0.1:1"}, ": ImportError: Using SOCKS proxy, "),
        ({"proxy-url": "http://[::1"}, ": InvalidURL: "),
        ({"insecure-skip-tls-verify": "perhaps"}, ": ValidationError: Expected `bool`, got `str`"),
    ],
)
def test_a_cluster_that_cannot_be_reached_as_the_kubeconfig_says_is_told(project, tmp_path, api_server, more, observed):
    server, seen = api_server()
    assert observed in refusal(run_live(project(of_cluster(a_kubeconfig(tmp_path, server, **more)))))
    assert seen == []


def test_an_address_that_is_none_is_told(project, tmp_path):
    told = refusal(run_live(project(of_cluster(a_kubeconfig(tmp_path, "https://host:x")))))
    assert told.startswith(f"cluster https://host:x of kubeconfig {tmp_path}/kubeconfig: InvalidURL: ")


def test_a_cluster_that_does_not_answer_ends_with_3_and_one_line(project, tmp_path):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        folder = project(of_cluster(a_kubeconfig(tmp_path, f"http://127.0.0.1:{bound.getsockname()[1]}")))
        command = [sys.executable, "-c", "from mizan.cli import main; main()", "queues", "--live", "-s", "test"]
        ended = subprocess.run(
            [*command, "--project", str(folder)],
            cwd=PROJECT,
            env={**os.environ, "NO_PROXY": "*", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (3, "", 1)
    assert "needs an answer because --live shows what runs now" in ended.stderr


def test_ctrl_c_ends_a_question_that_gets_no_answer(project, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        folder = project(of_cluster(a_kubeconfig(tmp_path, server)))
        command = [sys.executable, "-c", "from mizan.cli import main; main()", "queues", "--live", "-s", "test"]
        asking = subprocess.Popen(
            [*command, "--project", str(folder)],
            cwd=PROJECT,
            env={**os.environ, "NO_PROXY": "*"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            asking.send_signal(signal.SIGINT)
            out, err = asking.communicate(timeout=60)
    assert (asking.returncode, out, err) == (130, "", "")
