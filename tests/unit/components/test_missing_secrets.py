"""Secrets of the namespace of monitoring: those that a stack names and nobody has made, and those that would be lost.

That Pulumi asks when the namespace has come and before it goes: tests/e2e/test_monitoring_namespace.py.
"""

import asyncio
import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pulumi
import pytest
from ruamel.yaml import YAML

from components.cost.prometheus import Prometheus, PrometheusArgs
from components.cost.secrets import (
    namespace_hooks,
    refuse_leaving_secrets_of,
    refuse_missing_secrets,
    refuse_missing_secrets_of,
    to_made,
    to_named,
)
from components.resource import KubernetesObject
from mizan.config import Cluster
from mizan.plan.secrets import missing_secrets, named_secrets
from tests.monitoring_stacks import EXTERNAL, FEED, HELM, SLACK, WHOLE, elsewhere, on_eks, on_gke

NAMESPACE = "/api/v1/namespaces/mizan-monitoring"
SECRETS = f"{NAMESPACE}/secrets/"
OURS = {"app.kubernetes.io/managed-by": "mizan"}
NONE = {"install": "none"}
WITH_SLACK = on_gke({"slack": SLACK})


class ApiServer(BaseHTTPRequestHandler):
    """Gives the Secrets of `held`, by name, and the namespace; keeps what it was asked in `asked`."""

    held: dict[str, dict[str, str]]
    asked: list[str]
    refuses = False
    labels: dict[str, str] | None = OURS

    def do_GET(self):
        self.asked.append(self.path)
        name = self.path.removeprefix(SECRETS)
        if self.refuses:
            status, body = (
                403,
                {"kind": "Status", "code": 403, "message": "secrets is forbidden", "reason": "Forbidden"},
            )
        elif self.path == SECRETS.rstrip("/"):
            status, body = 200, {"items": [{"metadata": {"name": name}} for name in self.held], "metadata": {}}
        elif self.path == NAMESPACE and self.labels is not None:
            status, body = 200, {"metadata": {"name": "mizan-monitoring", "labels": self.labels}}
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


def in_text(address: str) -> str:
    """The kubeconfig of a cluster that a stack has made."""
    told = document(address)
    told |= {"contexts": [{"name": "prod", "context": {"cluster": "prod"}}]}
    return json.dumps(told | {"clusters": [{"name": "prod", "cluster": {"server": address}}]})


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    return said


@pytest.fixture
def hooks(deploy):
    """What Pulumi is to ask when the namespace has come, and before it goes."""

    def make(plan, named, *, outlives_stack=True):
        made = []
        deploy(lambda: made.append(namespace_hooks("p", plan, to_named(plan, named), outlives_stack=outlives_stack)))
        return made[0]

    return make


def call(hook):
    args = pulumi.ResourceHookArgs("urn", "id", "p-namespace", "kubernetes:core/v1:Namespace")
    asyncio.run(hook.callback(args))


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
        "start without it. Write line `url=VALUE` into a file, run `kubectl -n mizan-monitoring create secret generic "
        "slack-webhook --from-env-file=FILE`, and again what you ran."
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
    with pytest.raises(pulumi.RunError, match="not in namespace mizan-monitoring"):
        refuse_missing_secrets_of(WITH_SLACK, in_text(server.address))


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
    assert missing_secrets(plan, {"headers": {"token"}}) == ()
    assert missing_secrets(plan, {"headers": {"X-Scope-OrgID"}}) == ()
    (fault,) = missing_secrets(plan, {"headers": {"password"}})
    assert "headers, without `X-Scope-OrgID` or `token`" in str(fault)


def test_both_parts_of_a_key_are_needed():
    plan = on_eks(None, {"spotFeed": FEED})
    (fault,) = missing_secrets(plan, {"opencost-aws": {"AWS_ACCESS_KEY_ID"}})
    assert "opencost-aws, without `AWS_SECRET_ACCESS_KEY`" in str(fault)


def test_all_that_are_missing_are_told_at_once(server, named):
    server.held["grafana-admin"] = {"admin-user": "YQ=="}
    with pytest.raises(pulumi.RunError) as caught:
        refuse_missing_secrets(on_gke(WHOLE, {"cloudKeySecret": "k"}), named)
    told = str(caught.value).splitlines()
    assert [line.partition(";")[0] for line in told] == [
        "mizan:addons.prometheus.slack.secret: slack-webhook, not in namespace mizan-monitoring",
        "mizan:addons.prometheus.grafanaSecret: grafana-admin, without `admin-password`",
        "mizan:addons.opencost.cloudKeySecret: k, not in namespace mizan-monitoring",
    ]


def test_where_the_namespace_comes_with_the_update_nothing_is_refused_before_it_is_there(server, named, warnings):
    server.labels = None
    refuse_missing_secrets(WITH_SLACK, named)
    refuse_missing_secrets_of(WITH_SLACK, in_text(server.address))
    told = (
        "Namespace mizan-monitoring is made by this update. It stops there and says how to make the Secrets that the "
        "stack names: slack-webhook with `url`. The update after that goes on."
    )
    assert warnings == [told, told]
    headers = elsewhere(EXTERNAL | {"headersSecret": "headers"})
    refuse_missing_secrets(headers, named)
    assert "headers with `X-Scope-OrgID` or `token`." in warnings[-1]


def test_once_the_namespace_has_come_the_update_stops_until_the_secret_is_there(server, named, hooks):
    binding = hooks(WITH_SLACK, named)
    (hook,) = binding.after_create
    with pytest.raises(pulumi.RunError, match=r"create secret generic slack-webhook --from-env-file=FILE`, and again"):
        call(hook)
    server.held["slack-webhook"] = {"url": "aHR0cHM6Ly9ob29rcw=="}
    call(hook)
    assert not (hook.opts and hook.opts.on_dry_run)


def test_a_cluster_that_the_stack_makes_is_asked_once_its_kubeconfig_is_known(server, deploy):
    made = []

    def program() -> None:
        way = to_made(pulumi.Output.from_input(in_text(server.address)))
        made.append(namespace_hooks("p", WITH_SLACK, way, outlives_stack=False))

    deploy(program)
    (hook,) = made[0].after_create
    with pytest.raises(pulumi.RunError, match="not in namespace mizan-monitoring"):
        call(hook)
    assert made[0].before_delete == []


def test_a_stack_that_names_no_secret_stops_for_none(named, hooks):
    assert hooks(on_gke(), named).after_create == []


def test_a_namespace_with_somebody_s_secret_does_not_go(server, named, hooks):
    server.held["slack-webhook"] = {"url": "aHR0cHM6Ly9ob29rcw=="}
    for plan in (WITH_SLACK, elsewhere(NONE)):
        (hook,) = hooks(plan, named).before_delete
        assert hook.opts.on_dry_run
        with pytest.raises(pulumi.RunError) as caught:
            call(hook)
        assert "Secrets in namespace mizan-monitoring that it has not made: slack-webhook; needs" in str(caught.value)
    server.held.clear()
    call(hook)


def test_a_namespace_in_a_cluster_that_does_not_answer_goes_with_a_warning(tmp_path, hooks, warnings):
    path = tmp_path / "kubeconfig"
    YAML(typ="safe").dump(document("http://127.0.0.1:1"), path)
    (hook,) = hooks(WITH_SLACK, Cluster(kubeconfig=str(path), context="prod", name="c")).before_delete
    call(hook)
    (warning,) = warnings
    assert warning.startswith("Not known whether people's Secrets would be lost: cluster http://127.0.0.1:1 of")


def test_an_update_that_takes_monitoring_out_of_a_cluster_of_its_own_keeps_people_s_secrets(server):
    server.held["slack-webhook"] = {"url": "aHR0cHM6Ly9ob29rcw=="}
    text = in_text(server.address)
    with pytest.raises(pulumi.RunError, match="that it has not made: slack-webhook"):
        refuse_leaving_secrets_of(on_gke(NONE), text)
    refuse_leaving_secrets_of(on_gke(), text)
    server.held.clear()
    refuse_leaving_secrets_of(on_gke(NONE), text)


@pytest.mark.parametrize("labels", [None, {}])
def test_a_namespace_that_is_not_the_stack_s_is_left_alone(server, labels):
    server.held["theirs"] = {"key": "YQ=="}
    server.labels = labels
    refuse_leaving_secrets_of(on_gke(NONE), in_text(server.address))
    assert server.asked == [NAMESPACE]


def test_the_hooks_are_the_namespace_s_alone(deploy, named, monkeypatch):
    bound = {}
    made = []

    def noted(owner, body, opts):
        bound[body["kind"]] = opts.hooks
        made.append(KubernetesObject(f"{owner}-{body['kind']}", body, opts))
        return made[-1]

    monkeypatch.setattr("components.cost.prometheus.resource", noted)
    plan = on_eks({"slack": SLACK})

    def program() -> None:
        hooks = namespace_hooks("p", plan, to_named(plan, named), outlives_stack=True)
        Prometheus("p", PrometheusArgs(plan=plan, namespace_hooks=hooks))

    deploy(program)
    assert [hook.name for hook in bound["Namespace"].after_create] == ["p-missing-secrets"]
    assert [hook.name for hook in bound["Namespace"].before_delete] == ["p-left-secrets"]
    assert bound["StorageClass"] is None
