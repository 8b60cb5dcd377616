"""Bin packing: what makes pods share nodes, and who may push whom off one."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.config import Priority
from mizan.manifests.queues import priority_class


@dataclass(frozen=True, kw_only=True)
class PackingArgs:
    """The priorities that pods may have."""

    priorities: tuple[Priority, ...]


class Packing(pulumi.ComponentResource):
    """PriorityClasses of the pods; how pods find a full node first stands in mizan/manifests/packing.py."""

    priority_classes: Mapping[str, pulumi.CustomResource]

    def __init__(self, name: str, args: PackingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make one class per priority."""
        super().__init__("mizan:components:Packing", name, {}, opts)
        self.priority_classes = {
            priority.name: resource(name, priority_class(priority), pulumi.ResourceOptions(parent=self))
            for priority in args.priorities
        }
        self.register_outputs({})
