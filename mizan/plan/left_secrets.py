"""Secrets that people put into the namespace of monitoring: it goes with the stack, and they with it.

What is in such a Secret may be nowhere else, as no stack file holds it. So its owner says that it may go, by a label.
What it judges are Kubernetes objects as the API server gives them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from mizan import keys
from mizan.errors import PlatformError

Object = Mapping[str, Any]

# A message that names these many says whose they are.
NAMED = 5

_YES = "true"

# What Helm keeps of a release, and what Kubernetes makes for accounts.
# Source: helm/helm@v3.18.4 pkg/storage/driver/secrets.go, newSecretsObject;
# https://kubernetes.io/docs/concepts/configuration/secret/#secret-types, read 2026-11-23.
_MADE_TYPES = frozenset({"helm.sh/release.v1", "kubernetes.io/service-account-token"})
# By a job of kube-prometheus-stack, which writes no label onto it. Source: prometheus-community/helm-charts@cf408a2
# charts/kube-prometheus-stack/templates/prometheus-operator/admission-webhooks/job-patch/job-createSecret.yaml.
_CERTIFICATE = "kube-prometheus-stack-admission"


def left_secrets(secrets: Iterable[Object]) -> tuple[str, ...]:
    """Return the Secrets that people made, and of which nobody has said that they may go with the stack.

    What has an owner is made by that again; what Helm or the stack has made goes as it came.

    Args:
        secrets: all of the namespace.
    """
    return tuple(sorted(found["metadata"]["name"] for found in secrets if _is_left(found)))


def refusal(stack: str, secrets: tuple[str, ...]) -> PlatformError | None:
    """Return why the namespace must not go, or None where nothing of anybody's goes with it.

    Args:
        stack: its name.
        secrets: what `left_secrets` has found.
    """
    if not secrets:
        return None
    namespace = keys.MONITORING_NAMESPACE
    named = ", ".join(secrets[:NAMED]) + (f" and {len(secrets) - NAMED} more" if len(secrets) > NAMED else "")
    return PlatformError(
        f"stack {stack}",
        f"Secrets in namespace {namespace} that it has not made: {named}",
        needs=f"label {keys.GOES_WITH_STACK}={_YES} on each before the namespace goes",
        because="they go with it, and what is in them may be nowhere else",
        fix=f"Keep what you need (`kubectl -n {namespace} get secret {secrets[0]} -o yaml`), run `kubectl -n "
        f"{namespace} label secret {secrets[0]} {keys.GOES_WITH_STACK}={_YES}` for each of them, and again what you "
        "ran",
    )


def _is_left(secret: Object) -> bool:
    metadata = secret["metadata"]
    labels = metadata.get("labels") or {}
    is_made = (
        bool(metadata.get("ownerReferences"))
        or secret.get("type") in _MADE_TYPES
        or labels.get(keys.MANAGED_BY) in ("Helm", "mizan")
        or metadata["name"] == _CERTIFICATE
    )
    return not is_made and labels.get(keys.GOES_WITH_STACK) != _YES and not metadata.get("deletionTimestamp")
