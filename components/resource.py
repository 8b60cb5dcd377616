"""From a manifest to the Pulumi resource that holds it."""

import pulumi

from mizan.manifests import Manifest


class KubernetesObject(pulumi.CustomResource):
    """One object of a cluster; `id` is `<namespace>/<name>`, or `<name>` for one without a namespace."""

    def __init__(self, name: str, body: Manifest, opts: pulumi.ResourceOptions) -> None:
        """Register the manifest as it is.

        The SDK's typed classes would register the same: the provider knows every kind, built-in or custom, by
        `kubernetes:<apiVersion>:<kind>`. Their modules alone take most of a second to import, at every preview.
        """
        super().__init__(f"kubernetes:{_group_version(body)}:{body['kind']}", name, dict(body), opts)


def resource(owner: str, body: Manifest, opts: pulumi.ResourceOptions) -> KubernetesObject:
    """Return the resource of one manifest, named `<owner>-<kind>-<namespace>/<name>`.

    Args:
        owner: the component's name, with which every child's begins.
        body: a manifest with `metadata.name`.
        opts: with the component as parent.
    """
    metadata = body["metadata"]
    namespace = metadata.get("namespace")
    # As Kubernetes writes it; no namespace or name holds a slash, so two resources never share a URN.
    qualified = f"{namespace}/{metadata['name']}" if namespace else metadata["name"]
    return KubernetesObject(f"{owner}-{body['kind'].lower()}-{qualified}", body, opts)


def _group_version(body: Manifest) -> str:
    """Return the provider's name of an API version: the unnamed group of Kubernetes is `core` there."""
    version: str = body["apiVersion"]
    return version if "/" in version else f"core/{version}"
