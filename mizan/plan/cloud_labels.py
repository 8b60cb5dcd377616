"""Labels of what a stack makes in a cloud, by which the cloud's own bill is split."""

from collections.abc import Mapping

MANAGED_BY = "managed-by"
STACK = "stack"


def cloud_labels(stack: str, own: Mapping[str, str]) -> Mapping[str, str]:
    """Return the labels of every resource of a stack, its own among them.

    Args:
        stack: its name; Google takes lower case only, so a capital letter becomes a small one.
        own: what the stack file adds.
    """
    return {**own, MANAGED_BY: "mizan", STACK: stack.lower()}
