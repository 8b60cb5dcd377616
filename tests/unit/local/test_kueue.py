"""Kueue outside the cluster: configuration, conversion and webhooks as pure functions of ports and certificates."""

from base64 import b64decode
from pathlib import Path

import pytest

from local.control_plane import kueue
from mizan.config import Install, KueueAddon

PORTS = {"kueue": 1001, "kueue-metrics": 1002, "kueue-webhook": 1003}
PEMS = {name: name.encode() for name in ("ca.crt", "ca.key", "tls.crt", "tls.key")}


def crd(plural, group="kueue.x-k8s.io"):
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "versions": []},
    }


def webhook(name, group, plural):
    return {
        "name": f"{name}.kb.io",
        "clientConfig": {"service": {"name": "webhook-service", "namespace": "system", "path": f"/validate-{plural}"}},
        "failurePolicy": "Fail",
        "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [plural]}],
    }


def webhooks(*hooks):
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "validating-webhook-configuration"},
        "webhooks": list(hooks),
    }


UPSTREAM = webhooks(
    webhook("vjob", "batch", "jobs"),
    webhook("vrayjob", "ray.io", "rayjobs"),
    webhook("vpod", "", "pods"),
    webhook("vdeployment", "apps", "deployments"),
    webhook("vclusterqueue", "kueue.x-k8s.io", "clusterqueues"),
)


def objects(*upstream, frameworks=("batch/job",)):
    return kueue.objects(upstream, PEMS, 1003, frameworks)


def served(frameworks):
    return [hook["name"] for hook in objects(UPSTREAM, frameworks=frameworks)[-1]["webhooks"]]


def test_everything_listens_on_this_machine_alone():
    document = kueue.configuration(PORTS, Path("serving"), kueue.DEFAULTS)
    assert document["health"]["healthProbeBindAddress"] == "127.0.0.1:1001"
    assert document["metrics"]["bindAddress"] == "127.0.0.1:1002"
    assert document["webhook"] == {"host": "127.0.0.1", "port": 1003, "certDir": "serving"}


def test_nothing_below_etc_is_read():
    document = kueue.configuration(PORTS, Path("serving"), kueue.DEFAULTS)
    assert document["internalCertManagement"]["enable"] is True


def test_a_gpu_queue_admits_jobs_that_also_ask_for_cpu():
    document = kueue.configuration(PORTS, Path("serving"), kueue.DEFAULTS)
    assert document["resources"]["quotaCheckStrategy"] == "IgnoreUndeclared"


def test_the_stack_s_settings_are_kueue_s():
    settings = KueueAddon(
        install=Install.EXTERNAL, frameworks=("batch/job", "pod"), podsReady={"timeoutSeconds": 77}, fairSharing=True
    )
    document = kueue.configuration(PORTS, Path("serving"), settings)
    assert document["integrations"] == {"frameworks": ["batch/job", "pod"]}
    assert document["waitForPodsReady"]["timeout"] == "77s"
    assert "fairSharing" in document
    assert "fairSharing" not in kueue.configuration(PORTS, Path("serving"), kueue.DEFAULTS)


def test_crds_of_two_versions_are_converted_on_this_machine():
    *_, queue, flavor = objects(crd("clusterqueues"), crd("resourceflavors"))
    client_config = queue["spec"]["conversion"]["webhook"]["clientConfig"]
    assert queue["spec"]["conversion"]["strategy"] == "Webhook"
    assert client_config["url"] == "https://127.0.0.1:1003/convert"
    assert b64decode(client_config["caBundle"]) == b"ca.crt"
    assert flavor == crd("resourceflavors")


def test_upstream_manifests_are_not_changed():
    given = crd("clusterqueues")
    objects(given, UPSTREAM)
    assert given == crd("clusterqueues")
    assert "url" not in UPSTREAM["webhooks"][0]["clientConfig"]


def test_webhooks_are_called_on_this_machine_under_the_name_kueue_looks_for():
    configuration = objects(UPSTREAM)[-1]
    assert configuration["metadata"] == {"name": "kueue-validating-webhook-configuration"}
    assert [hook["clientConfig"]["url"] for hook in configuration["webhooks"]] == [
        "https://127.0.0.1:1003/validate-jobs",
        "https://127.0.0.1:1003/validate-clusterqueues",
    ]
    assert all(b64decode(hook["clientConfig"]["caBundle"]) == b"ca.crt" for hook in configuration["webhooks"])
    assert not any("service" in hook["clientConfig"] for hook in configuration["webhooks"])


@pytest.mark.parametrize(
    ("frameworks", "names"),
    [
        (("batch/job",), ["vjob.kb.io", "vclusterqueue.kb.io"]),
        (("ray.io/rayjob",), ["vrayjob.kb.io", "vclusterqueue.kb.io"]),
        (("pod", "deployment"), ["vpod.kb.io", "vdeployment.kb.io", "vclusterqueue.kb.io"]),
        ((), ["vclusterqueue.kb.io"]),
    ],
)
def test_only_kinds_that_are_queued_pass_through_a_webhook(frameworks, names):
    assert served(frameworks) == names


def test_jobs_of_the_system_are_left_alone_and_queues_never():
    job, queue = objects(UPSTREAM)[-1]["webhooks"]
    (expression,) = job["namespaceSelector"]["matchExpressions"]
    assert (expression["operator"], expression["values"]) == ("NotIn", ["kube-system", "kueue-system"])
    assert "namespaceSelector" not in queue


def test_the_secret_holds_both_pairs_in_kueues_namespace():
    namespace, secret = objects()
    assert namespace["metadata"]["name"] == secret["metadata"]["namespace"] == "kueue-system"
    assert {name: b64decode(value) for name, value in secret["data"].items()} == PEMS
