"""What the cluster must hold first: read once, written only where it differs."""

from types import SimpleNamespace

import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.types import PatchType

from local.control_plane import objects
from mizan.errors import PlatformError, SourceUnreachable

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.test.dev, creationTimestamp: null}
spec: {group: test.dev}
status: {storedVersions: []}
"""
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b", "namespace": "a"}}


class Cluster:
    """A client that remembers what it was given."""

    def __init__(self):
        self.held = {}
        self.writes = []

    def list(self, kind, namespace=None):
        return [
            SimpleNamespace(
                metadata=ObjectMeta(name=name, annotations=held["metadata"].get("annotations")), status=None
            )
            for (of_kind, in_namespace, name), held in self.held.items()
            if of_kind == kind.__name__ and in_namespace == namespace
        ]

    def patch(self, kind, name, document, *, namespace=None, patch_type=None, **_):
        self.writes.append((kind.__name__, name, patch_type))
        self.held[kind.__name__, namespace, name] = document


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "crds"
    folder.mkdir()
    (folder / "crd.yaml").write_text(CRD)
    (folder / "other.yaml").write_text("---\nkind: Kustomization\n---\n")
    return folder


def test_crds_are_read_without_what_the_server_writes(folder, tmp_path):
    assert objects.read_upstream(folder, tmp_path / "cache") == [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.test.dev"},
            "spec": {"group": "test.dev"},
        }
    ]


def test_what_was_read_once_is_read_again_only_when_a_file_changes(folder, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = objects.read_upstream(folder, cache)
    with monkeypatch.context() as patched:
        patched.setattr(objects, "YAML", None)
        assert objects.read_upstream(folder, cache) == first
    (folder / "crd.yaml").write_text(CRD.replace("test.dev", "changed.dev"))
    assert objects.read_upstream(folder, cache)[0]["spec"] == {"group": "changed.dev"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": "other"}'])
def test_a_damaged_cache_is_read_anew(folder, tmp_path, content):
    (tmp_path / "cache").write_text(content)
    assert len(objects.read_upstream(folder, tmp_path / "cache")) == 1


def test_a_folder_without_crds_is_an_error(tmp_path):
    message = "no CustomResourceDefinition in 0 YAML files; needs the objects that belong to the tool"
    with pytest.raises(PlatformError, match=message):
        objects.read_upstream(tmp_path, tmp_path / "cache")


def test_webhooks_that_are_missing_are_named(folder, tmp_path):
    message = "no MutatingWebhookConfiguration and no ValidatingWebhookConfiguration in 2 YAML files"
    with pytest.raises(PlatformError, match=message):
        objects.read_upstream(folder, tmp_path / "cache", objects.CRDS_AND_WEBHOOKS)


def test_objects_are_applied_in_order_and_only_once():
    cluster = Cluster()
    assert objects.apply(cluster, [NAMESPACE, SECRET]) == ("Namespace/a", "Secret/b")
    assert cluster.writes == [("Namespace", "a", PatchType.APPLY), ("Secret", "b", PatchType.APPLY)]
    assert objects.apply(cluster, [NAMESPACE, SECRET]) == ()


def test_an_object_that_differs_or_is_gone_is_applied_again():
    cluster = Cluster()
    objects.apply(cluster, [NAMESPACE, SECRET])
    assert objects.apply(cluster, [NAMESPACE, {**SECRET, "data": {"a": "1"}}]) == ("Secret/b",)
    del cluster.held["Namespace", None, "a"]
    assert objects.apply(cluster, [NAMESPACE]) == ("Namespace/a",)


def test_a_crd_that_is_never_served_ends_the_wait(folder, tmp_path):
    wanted = objects.read_upstream(folder, tmp_path / "cache")
    with pytest.raises(
        SourceUnreachable, match=r"CRDs not served after 0 s: things\.test\.dev; needs every CRD established"
    ):
        objects.wait_established(Cluster(), wanted, timeout_seconds=0, must_live=lambda: None)


def test_an_api_server_that_ends_meanwhile_ends_the_wait_at_once(folder, tmp_path):
    wanted = objects.read_upstream(folder, tmp_path / "cache")

    def must_live():
        raise KeyError("ended")

    with pytest.raises(KeyError, match="ended"):
        objects.wait_established(Cluster(), wanted, timeout_seconds=60, must_live=must_live)


def test_a_crd_that_is_accepted_but_not_served_is_touched(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(objects, "NUDGE_SECONDS", 0.0)
    cluster = Cluster()
    with pytest.raises(SourceUnreachable):
        objects.wait_established(
            cluster,
            objects.read_upstream(folder, tmp_path / "cache"),
            timeout_seconds=0.2,
            must_live=lambda: None,
        )
    assert ("CustomResourceDefinition", "things.test.dev", PatchType.MERGE) in cluster.writes
