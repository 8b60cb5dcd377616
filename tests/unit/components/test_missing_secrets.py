"""Secrets that a stack names: the cluster is asked for them, and one that nobody has made ends the update."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pulumi
import pytest
from ruamel.yaml import YAML

from components.cost.secrets import refuse_missing_secrets, refuse_missing_secrets_of
from mizan.config import Cluster
from mizan.plan.secrets import missing_secrets, named_secrets
from tests.monitoring_stacks import EXTERNAL, FEED, HELM, SLACK, WHOLE, elsewhere, on_eks, on_gke

SECRETS = "/api/v1/namespaces/mizan-monitoring/secrets/"
WITH_SLACK = on_gke({"slack": SLACK})


class ApiServer(BaseHTTPRequestHandler):
    """Gives the Secrets of `held`, by name; keeps what it was asked in `asked`."""

    held: dict[str, dict[str, str]]
    asked: list[str]
    refuses = False

    def do_GET(self):
        self.asked.append(self.path)
        name = self.path.removeprefix(SECRETS)
        if self.refuses:
            status, body = (
                403,
                {"kind": "Status", "code": 403, "message": "secrets is forbidden", "reason": "Forbidden"},
            )
        elif name in self.held:
            status, body = 200, {"kind": "Secret", "metadata": {"name": name}, "data": self.held[name]}
        else:
            status, body = 404, {"kind": "Status", "code": 404, "message": "not found", "reason": "NotFound"}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    handler = type("Handler", (ApiServer,), {"held": {}, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        handler.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield handler
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server():
    with serving() as handler:
        yield handler


def document(address: str) -> dict:
    return {
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "contexts": [{"name": "prod", "context": {"cluster": "c"}}],
        "current-context": "prod",
        "users": [],
    }


@pytest.fixture
def named(server, tmp_path):
    path = tmp_path / "kubeconfig"
    YAML(typ="safe").dump(document(server.address), path)
    return Cluster(kubeconfig=str(path), context="prod", name="c")


def test_a_secret_that_is_there_is_asked_for_by_name_and_that_is_all(server, named):
    server.held["slack-webhook"] = {"url": "aHR0cHM6Ly9ob29rcw=="}
    refuse_missing_secrets(WITH_SLACK, named)
    assert server.asked == [f"{SECRETS}slack-webhook"]


def test_a_secret_that_nobody_has_made_ends_the_update_with_the_way_to_make_it(server, named):
    with pytest.raises(pulumi.RunError) as caught:
        refuse_missing_secrets(WITH_SLACK, named)
    assert str(caught.value) == (
        "mizan:addons.prometheus.slack.secret: slack-webhook, not in namespace mizan-monitoring; needs a Secret "
        "mizan-monitoring/slack-webhook with `url` because Alertmanager reads Slack's webhook from it, and does not "
        "start without it. Run `kubectl create namespace mizan-monitoring` where there is none yet, then `kubectl -n "
        "mizan-monitoring create secret generic slack-webhook --from-file=url=FILE`, and again what you ran."
    )


def test_a_secret_without_its_key_is_told_apart_from_none(server, named):
    server.held["slack-webhook"] = {"webhook": "c2VjcmV0LXZhbHVl"}
    with pytest.raises(pulumi.RunError, match=r"slack-webhook, without `url`; needs a Secret") as caught:
        refuse_missing_secrets(WITH_SLACK, named)
    assert "secret-value" not in str(caught.value)
    assert "c2VjcmV0LXZhbHVl" not in str(caught.value)


def test_a_cluster_that_does_not_say_is_no_cluster_without_the_secret(server, named):
    server.refuses = True
    with pytest.raises(pulumi.RunError, match="needs an answer to whether the Secrets that the stack names are there"):
        refuse_missing_secrets(WITH_SLACK, named)


def test_a_stack_that_names_none_asks_nobody(server, named):
    refuse_missing_secrets(on_gke(), named)
    refuse_missing_secrets_of(on_gke(), "no kubeconfig")
    assert server.asked == []


def test_a_cluster_that_the_stack_has_made_is_asked_by_the_text_of_its_kubeconfig(server):
    text = json.dumps(
        document(server.address)
        | {
            "contexts": [{"name": "prod", "context": {"cluster": "prod"}}],
            "clusters": [{"name": "prod", "cluster": {"server": server.address}}],
        }
    )
    with pytest.raises(pulumi.RunError, match="not in namespace mizan-monitoring"):
        refuse_missing_secrets_of(WITH_SLACK, text)


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (on_gke(), {}),
        (
            on_gke(WHOLE, {"cloudKeySecret": "k"}),
            {"slack-webhook": ("url",), "grafana-admin": ("admin-user", "admin-password"), "k": ("key",)},
        ),
        (on_eks(None, {"spotFeed": FEED}), {"opencost-aws": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}),
        (elsewhere(EXTERNAL | {"headersSecret": "headers"}, HELM), {"headers": ("X-Scope-OrgID", "token")}),
    ],
)
def test_every_secret_that_a_stack_names_is_looked_for(plan, expected):
    assert {secret.name: secret.keys for secret in named_secrets(plan)} == expected


def test_one_of_the_headers_is_enough_and_none_is_not():
    plan = elsewhere(EXTERNAL | {"headersSecret": "headers"})
    assert missing_secrets(plan, {"headers": {"token"}}) is None
    assert missing_secrets(plan, {"headers": {"X-Scope-OrgID"}}) is None
    fault = missing_secrets(plan, {"headers": {"password"}})
    assert "headers, without `X-Scope-OrgID` or `token`" in str(fault)


def test_both_parts_of_a_key_are_needed():
    plan = on_eks(None, {"spotFeed": FEED})
    fault = missing_secrets(plan, {"opencost-aws": {"AWS_ACCESS_KEY_ID"}})
    assert "opencost-aws, without `AWS_SECRET_ACCESS_KEY`" in str(fault)
