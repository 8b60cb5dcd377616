"""From a manifest to the Pulumi resource that holds it."""

from collections.abc import Callable

import pulumi
import pulumi_kubernetes as k8s

from mizan.manifests import Manifest

_TYPED: dict[tuple[str, str], Callable[..., pulumi.CustomResource]] = {
    ("v1", "Namespace"): k8s.core.v1.Namespace,
    ("batch/v1", "Job"): k8s.batch.v1.Job,
}


def resource(owner: str, body: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Return the resource of one manifest, named `<owner>-<kind>-<namespace>/<name>`.

    Args:
        owner: the component's name, with which every child's begins.
        body: a manifest with `metadata.name` and, unless it has none, `spec`.
        opts: with the component as parent.
    """
    metadata = body["metadata"]
    namespace = metadata.get("namespace")
    # As Kubernetes writes it; no namespace or name holds a slash, so two resources never share a URN.
    qualified = f"{namespace}/{metadata['name']}" if namespace else metadata["name"]
    name = f"{owner}-{body['kind'].lower()}-{qualified}"
    typed = _TYPED.get((body["apiVersion"], body["kind"]))
    if typed is not None:
        return typed(name, metadata=metadata, spec=body.get("spec"), opts=opts)
    return k8s.apiextensions.CustomResource(
        name, api_version=body["apiVersion"], kind=body["kind"], metadata=metadata, spec=body.get("spec"), opts=opts
    )
