"""Which cluster a kubeconfig's context points at, and how its user logs in."""

import json
from base64 import b64encode
from typing import Any

import pytest

from mizan import kubeconfig
from mizan.config import Cluster
from mizan.errors import PlatformError, SourceUnreachable
from mizan.kubeconfig import logged_in, only, proxy_of, server_of

WANTED = Cluster(kubeconfig="~/.kube/config", context="prod", name="prod-cluster")
SERVER = "https://10.0.0.1:6443"


def a_kubeconfig(**changes: object) -> dict[str, Any]:
    return {
        "current-context": "dev",
        "contexts": [
            {"name": "dev", "context": {"cluster": "dev-cluster"}},
            {"name": "prod", "context": {"cluster": "prod-cluster"}},
        ],
        "clusters": [
            {"name": "dev-cluster", "cluster": {"server": "https://10.0.0.2:6443"}},
            {"name": "prod-cluster", "cluster": {"server": SERVER}},
        ],
    } | changes


def refusal_of(document: object) -> str:
    with pytest.raises(PlatformError) as caught:
        server_of(document, WANTED)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_named_context_counts_and_not_the_current_one():
    assert server_of(a_kubeconfig(), WANTED) == SERVER


@pytest.mark.parametrize("document", [None, "", "text", 3, [], [{"contexts": []}]])
def test_what_is_no_mapping_is_no_kubeconfig(document):
    assert refusal_of(document) == (
        "kubeconfig ~/.kube/config: not a kubeconfig; needs clusters, contexts and users because the cluster is "
        "reached through it. Write the path of a kubeconfig to mizan:cluster.kubeconfig."
    )


def test_a_context_it_lacks_is_answered_with_those_it_has():
    document = a_kubeconfig(contexts=[{"name": name, "context": {"cluster": "x"}} for name in ("staging", "dev")])
    assert refusal_of(document) == (
        "kubeconfig ~/.kube/config: no context prod; needs the context that the stack names because the current "
        "context is never assumed. Write one of these to mizan:cluster.context: dev, staging."
    )


@pytest.mark.parametrize(
    "contexts",
    [None, [], {}, {"prod": {"cluster": "prod-cluster"}}, "prod", 3, ["prod"], [None], [{"context": {}}]],
)
def test_a_kubeconfig_without_contexts_says_so(contexts):
    assert "no context prod; " in refusal_of(a_kubeconfig(contexts=contexts))
    assert refusal_of(a_kubeconfig(contexts=contexts)).endswith("mizan:cluster.context: none in this file.")


def test_a_context_that_points_at_another_cluster_is_refused_by_name():
    document = a_kubeconfig(contexts=[{"name": "prod", "context": {"cluster": "dev-cluster"}}])
    assert refusal_of(document) == (
        "kubeconfig ~/.kube/config, context prod: cluster dev-cluster; needs cluster prod-cluster because this stack "
        "must not change another cluster. Choose the context of prod-cluster, or, if dev-cluster is right, write it to "
        "mizan:cluster.name."
    )


@pytest.mark.parametrize("context", [None, {}, "prod-cluster", ["prod-cluster"], {"cluster": None}])
def test_a_context_without_a_cluster_is_another_cluster(context):
    message = refusal_of(a_kubeconfig(contexts=[{"name": "prod", "context": context}]))
    assert message.startswith(
        "kubeconfig ~/.kube/config, context prod: cluster none; needs cluster prod-cluster because"
    )


@pytest.mark.parametrize(
    "clusters",
    [
        None,
        [],
        3,
        "prod-cluster",
        [{"name": "prod-cluster"}],
        *([{"name": "prod-cluster", "cluster": body}] for body in (None, {}, "x", {"server": None}, {"server": ""})),
    ],
)
def test_a_cluster_without_a_server_cannot_be_reached(clusters):
    assert refusal_of(a_kubeconfig(clusters=clusters)) == (
        "kubeconfig ~/.kube/config, cluster prod-cluster: no server; needs the API server's address because there is "
        "nothing to connect to. Write the kubeconfig again with your cloud's own command."
    )


def test_a_proxy_of_the_cluster_itself_is_seen():
    assert proxy_of(a_kubeconfig(), WANTED) is None
    assert proxy_of(None, WANTED) is None
    proxied = {"server": SERVER, "proxy-url": "http://proxy:3128"}
    assert proxy_of(a_kubeconfig(clusters=[{"name": "prod-cluster", "cluster": proxied}]), WANTED) == (
        "http://proxy:3128"
    )
    assert proxy_of(a_kubeconfig(clusters=[{"name": "dev-cluster", "cluster": proxied}]), WANTED) is None


def of_user(user: str | None, users: object) -> dict[str, Any]:
    """A kubeconfig whose context `prod` names a user, or none."""
    named = {} if user is None else {"user": user}
    return a_kubeconfig(contexts=[{"name": "prod", "context": {"cluster": "prod-cluster", **named}}], users=users)


def test_of_a_kubeconfig_only_the_wanted_context_its_cluster_and_its_user_are_kept():
    document = of_user("me", [{"name": "me", "user": {"token": "a"}}, {"name": "you", "user": {"token": "b"}}])
    document["contexts"].insert(0, {"name": "dev", "context": {"cluster": "dev-cluster", "user": "you"}})
    assert only(document, WANTED) == {
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "prod-cluster", "user": "me"}}],
        "clusters": [{"name": "prod-cluster", "cluster": {"server": SERVER}}],
        "users": [{"name": "me", "user": {"token": "a"}}],
    }


@pytest.mark.parametrize("users", [None, [], 3, [None, "x", {"user": {}}, {"name": "you", "user": ["no", "mapping"]}]])
def test_a_context_without_a_user_needs_none_whatever_the_others_are(users):
    (user,) = only(of_user(None, users), WANTED)["users"]
    assert user["user"] == {}


@pytest.mark.parametrize("user", [None, {}, "text", ["no", "mapping"]])
def test_a_user_of_whom_nothing_is_known_has_nothing_to_log_in_with(user):
    assert only(of_user("me", [{"name": "me", "user": user}]), WANTED)["users"] == [{"name": "me", "user": {}}]


@pytest.mark.parametrize("users", [None, [], 3, [{"name": "you", "user": {}}]])
def test_a_user_that_the_kubeconfig_lacks_is_told(users):
    with pytest.raises(PlatformError) as caught:
        only(of_user("me", users), WANTED)
    assert str(caught.value) == (
        "kubeconfig ~/.kube/config, context prod: no user me; needs the user that the context names because the "
        "cluster asks who you are. Write the kubeconfig again with your cloud's own command."
    )


@pytest.fixture
def command(tmp_path):
    """Write a login command, a shell script, and return it as a kubeconfig names it."""

    def write(script: str, **more: object) -> dict[str, Any]:
        plugin = tmp_path / "a-login"
        plugin.write_text(f"#!/bin/sh\n{script}\n")
        plugin.chmod(0o755)
        return {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), **more}

    return write


def login(command: object, path) -> dict[str, Any]:
    """What the user of a kubeconfig at `path` logs in with."""
    document = only(of_user("me", [{"name": "me", "user": {"exec": command, "username": "i"}}]), WANTED)
    return logged_in(document, path / "kubeconfig")["users"][0]["user"]


def answering(**status: str) -> str:
    return f"cat <<'END'\n{json.dumps({'kind': 'ExecCredential', 'status': status})}\nEND"


def test_a_user_without_a_login_command_logs_in_as_the_kubeconfig_says(tmp_path):
    document = only(of_user("me", [{"name": "me", "user": {"token": "a"}}]), WANTED)
    assert logged_in(document, tmp_path) == document


def test_the_token_of_a_login_command_takes_its_place(command, tmp_path):
    assert login(command(answering(token="a-token")), tmp_path) == {"username": "i", "token": "a-token"}


def test_the_certificate_of_a_login_command_takes_its_place(command, tmp_path):
    answer = answering(clientCertificateData="CERTIFICATE\n", clientKeyData="KEY\n")
    assert login(command(answer), tmp_path) == {
        "username": "i",
        "client-certificate-data": b64encode(b"CERTIFICATE\n").decode(),
        "client-key-data": b64encode(b"KEY\n").decode(),
    }


def test_a_login_command_is_asked_in_its_own_version_and_gets_its_arguments_and_variables(command, tmp_path):
    script = f'printf "%s %s" "$1" "$WHO" > {tmp_path}/given; printf %s "$KUBERNETES_EXEC_INFO" > {tmp_path}/asked\n'
    asking = command(script + answering(token="t"), args=["a"], env=[{"name": "WHO", "value": "b"}])
    login(asking, tmp_path)
    assert (tmp_path / "given").read_text() == "a b"
    assert json.loads((tmp_path / "asked").read_text()) == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }


def test_a_login_command_with_a_slash_lies_beside_the_kubeconfig_and_any_other_on_the_path(
    command, tmp_path, monkeypatch
):
    found = command(answering(token="t"))
    assert login(found | {"command": "./a-login"}, tmp_path)["token"] == "t"
    told = why_not(found | {"command": "a-login"}, tmp_path)
    assert told.startswith(f"login command a-login of kubeconfig {tmp_path}/kubeconfig: No such file or directory; ")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert login(found | {"command": "a-login"}, tmp_path)["token"] == "t"


def why_not(command: object, path) -> str:
    with pytest.raises(SourceUnreachable) as caught:
        login(command, path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("script", "observed"),
    [
        ("echo 'not logged\nin' >&2; exit 7", "exit code 7: not logged in; "),
        ("exit 1", "exit code 1: no reason given; "),
        ("true", "JSONDecodeError: Expecting value: line 1 column 1 (char 0); "),
        ("echo '[]'", "TypeError: "),
        ("echo '{}'", "KeyError: 'status'; "),
        ("echo '{\"status\": null}'", "AttributeError: "),
        ("printf '\\377'", "UnicodeDecodeError: "),
        (answering(), "an answer without them; "),
        (answering(token=""), "an answer without them; "),
        (answering(clientCertificateData="C"), "an answer without them; "),
    ],
)
def test_a_login_command_that_gives_nothing_to_log_in_with_is_told(command, tmp_path, script, observed):
    told = why_not(command(script), tmp_path)
    assert told.startswith(f"login command {tmp_path}/a-login of kubeconfig {tmp_path}/kubeconfig: {observed}")
    assert told.endswith(
        "; needs a token, or a client certificate and its key because the cluster asks who you are. "
        "Install the command, or log in with your cloud's own, and try again."
    )


@pytest.mark.parametrize(
    ("unsound", "named"),
    [
        ("gcloud", "without a name"),
        ({}, "without a name"),
        ({"command": "true"}, "true"),
        ({"command": "true", "apiVersion": "v1", "args": 3}, "true"),
        ({"command": "true", "apiVersion": "v1", "env": [{"name": "A"}]}, "true"),
        ({"command": "true", "apiVersion": "v1", "env": [{"name": "A", "value": 1}]}, "true"),
    ],
)
def test_a_login_command_that_is_none_is_told(tmp_path, unsound, named):
    told = why_not(unsound, tmp_path)
    assert told.startswith(f"login command {named} of kubeconfig {tmp_path}/kubeconfig: ")
    assert "Error: " in told


def test_a_login_command_that_hangs_is_not_waited_for(command, tmp_path, monkeypatch):
    monkeypatch.setattr(kubeconfig, "LOGIN_WITHIN_SECONDS", 0.6)
    assert "/kubeconfig: no answer within 1 s; needs a token" in why_not(command("exec sleep 60"), tmp_path)
