"""From arguments in an SDK's names to the resource in the cloud that has them."""

from collections.abc import Mapping
from typing import Any

import pulumi

# What stands under them are keys of a person's, not names of arguments.
MAPPINGS = frozenset({"labels", "resource_labels", "default_labels", "metadata", "tags"})


class CloudResource(pulumi.CustomResource):
    """One resource of a cloud, registered by its type.

    The SDK's typed class would register the same (tests/unit/components/test_cloud_resource.py proves it). The modules
    that hold those classes alone take seconds to import, at every preview: six for a cluster and its VPC at Google.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        args: Mapping[str, Any],
        opts: pulumi.ResourceOptions,
        outputs: tuple[str, ...] = (),
    ) -> None:
        """Register it.

        Args:
            kind: its type, such as `gcp:container/cluster:Cluster`.
            name: Pulumi's own for it.
            args: in the SDK's names, at any depth.
            opts: with the component as parent.
            outputs: names, as the provider spells them, of what it tells beside its arguments.
        """
        super().__init__(kind, name, {**dict.fromkeys(outputs), **as_sent(args)}, opts)

    def output(self, name: str) -> pulumi.Output[Any]:
        """Return one of its arguments or outputs, by the provider's name of it."""
        value: pulumi.Output[Any] = self.__dict__[name]
        return value


def as_sent(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments under the names that the provider has for them: `node_config` is `nodeConfig` there."""
    return {_camel(key): value if key in MAPPINGS else _renamed(value) for key, value in args.items()}


def _renamed(value: object) -> object:
    if isinstance(value, Mapping):
        return as_sent(value)
    return [_renamed(item) for item in value] if isinstance(value, list | tuple) else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
