"""The order in which GKE's autoscaler takes the node pools of a flavor."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.compute_class import compute_classes
from mizan.plan import Flavor


@dataclass(frozen=True, kw_only=True)
class ComputeClassesArgs:
    """Every flavor; those with several node pools get a ComputeClass."""

    flavors: tuple[Flavor, ...]


class ComputeClasses(pulumi.ComponentResource):
    """A ComputeClass for each flavor among whose node pools GKE has to choose."""

    def __init__(self, name: str, args: ComputeClassesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make them; GKE has the definition in every cluster."""
        classes = compute_classes(args.flavors)
        shown = {"classes": [body["metadata"]["name"] for body in classes]}
        super().__init__("mizan:components:ComputeClasses", name, shown, opts)
        for body in classes:
            resource(name, body, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
