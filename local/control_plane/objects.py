"""Objects that the control plane itself needs in the cluster: applied once, and again only where they differ."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from lightkube import Client
from lightkube.resources.admissionregistration_v1 import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.core_v1 import Namespace, Secret, ServiceAccount
from lightkube.resources.rbac_authorization_v1 import ClusterRoleBinding
from lightkube.types import PatchType
from ruamel.yaml import YAML

from local import files
from mizan import keys
from mizan.errors import PlatformError, SourceUnreachable

Manifest = dict[str, Any]

_POLL_SECONDS = 0.1
APPLIED = f"{keys.DOMAIN}/applied"
"""Annotation with a hash of what was applied, so that the next start can tell without writing."""

HELM_RELEASE = "meta.helm.sh/release-name"
"""Annotation with the release that an object belongs to."""

# An API server that ends between accepting the names of a CRD and establishing it forgets the second, and after a
# restart remembers it only when the CRD changes, or at its 5-minute resync. A changed annotation reminds it.
# Source: k8s.io/apiextensions-apiserver v0.36.3 pkg/apiserver/customresource_handler.go, updateCustomResourceDefinition
NUDGED = f"{keys.DOMAIN}/nudged"
NUDGE_SECONDS = 2.0

_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Namespace,
        Secret,
        ServiceAccount,
        ClusterRoleBinding,
        CustomResourceDefinition,
        MutatingWebhookConfiguration,
        ValidatingWebhookConfiguration,
    )
}
CRDS = ("CustomResourceDefinition",)
CRDS_AND_WEBHOOKS = (*CRDS, "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def read_upstream(folder: Path, cache: Path, kinds: Collection[str] = CRDS) -> list[Manifest]:
    """Return the objects of `kinds` in the YAML files of `folder`.

    Reading a megabyte of YAML takes over a second, so `cache` keeps the result until a file changes.

    Raises:
        PlatformError: there is none of some kind.
    """
    sources = sorted(folder.glob("*.yaml"))
    contents = [source.read_bytes() for source in sources]
    version = files.digest([*kinds, *contents])
    found = _cached(cache, version)
    if found is None:
        yaml = YAML(typ="safe")
        documents = (document for content in contents for document in yaml.load_all(content))
        found = [_clean(document) for document in documents if document and document.get("kind") in kinds]
        files.write(cache, json.dumps({"version": version, "objects": found}))
    missing = [kind for kind in kinds if kind not in {manifest["kind"] for manifest in found}]
    if missing:
        raise PlatformError(
            str(folder),
            f"no {' and no '.join(missing)} in {len(sources)} YAML files",
            needs="the objects that belong to the tool",
            because="its controller cannot start without them",
            fix="Remove the folder above, so that the tool is built anew",
        )
    return found


def apply(client: Client, manifests: Sequence[Manifest]) -> tuple[str, ...]:
    """Return the names of the objects that had to be written, by server-side apply, in the order given."""
    present = _annotations(client, manifests)
    written = []
    for manifest in manifests:
        kind, metadata = manifest["kind"], manifest["metadata"]
        version = files.digest([json.dumps(manifest, sort_keys=True)])
        if present.get(_place(manifest), {}).get(APPLIED) == version:
            continue
        annotations = {**metadata.get("annotations", {}), APPLIED: version}
        document = {**manifest, "metadata": {**metadata, "annotations": annotations}}
        client.patch(
            _KINDS[kind],
            metadata["name"],
            document,
            namespace=metadata.get("namespace"),
            patch_type=PatchType.APPLY,
            field_manager=keys.LOCAL_CONTEXT,
            force=True,
        )
        written.append(f"{kind}/{metadata['name']}")
    return tuple(written)


def unreleased(client: Client, manifests: Sequence[Manifest]) -> list[Manifest]:
    """Return those of `manifests` that no Helm release has in the cluster: its chart alone changes those."""
    present = _annotations(client, manifests)
    return [manifest for manifest in manifests if HELM_RELEASE not in present.get(_place(manifest), {})]


def wait_established(
    client: Client, manifests: Iterable[Manifest], *, timeout_seconds: float, must_live: Callable[[], None]
) -> None:
    """Return once the API server serves every CRD of `manifests`; `must_live` is called between looks and may raise.

    Raises:
        SourceUnreachable: some are still not served after `timeout_seconds`.
    """
    began = time.monotonic()
    nudges = 0
    wanted = {manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == "CustomResourceDefinition"}
    while True:
        served = {_name(crd) for crd in client.list(CustomResourceDefinition) if _is_established(crd)}
        if wanted <= served:
            return
        must_live()
        waited = time.monotonic() - began
        if waited > timeout_seconds:
            raise SourceUnreachable(
                "kube-apiserver",
                f"CRDs not served after {timeout_seconds:.0f} s: {', '.join(sorted(wanted - served))}",
                needs="every CRD established",
                because="Kueue and Karpenter end when a kind of theirs is unknown",
                fix="Run `make up` again; `kubectl describe crd NAME` tells what the API server holds against it",
            )
        if waited > (nudges + 1) * NUDGE_SECONDS:
            nudges += 1
            for name in wanted - served:
                reminder = {"metadata": {"annotations": {NUDGED: str(nudges)}}}
                client.patch(CustomResourceDefinition, name, reminder, patch_type=PatchType.MERGE)
        time.sleep(_POLL_SECONDS)


def _place(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _annotations(client: Client, manifests: Sequence[Manifest]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the annotations of every object in the cluster that may be one of `manifests`."""
    places: dict[str, set[str | None]] = defaultdict(set)
    for manifest in manifests:
        places[manifest["kind"]].add(manifest["metadata"].get("namespace"))
    found = {}
    for kind, namespaces in places.items():
        for namespace in namespaces:
            for held in client.list(_KINDS[kind], namespace=namespace):
                found[kind, held.metadata.name] = held.metadata.annotations or {}
    return found


def _name(crd: CustomResourceDefinition) -> str | None:
    return crd.metadata.name if crd.metadata else None


def _is_established(crd: CustomResourceDefinition) -> bool:
    conditions = (crd.status.conditions if crd.status else None) or []
    return any(condition.type == "Established" and condition.status == "True" for condition in conditions)


def _cached(cache: Path, version: str) -> list[Manifest] | None:
    try:
        document = json.loads(cache.read_text())
    except (OSError, ValueError):
        return None
    return document["objects"] if isinstance(document, dict) and document.get("version") == version else None


def _clean(manifest: Manifest) -> Manifest:
    """Return `manifest` without what the server itself writes."""
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "creationTimestamp"}
    return {name: value for name, value in manifest.items() if name != "status"} | {"metadata": metadata}
