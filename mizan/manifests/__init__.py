"""Kubernetes manifests as pure functions: one subject per file, plain dictionaries out.

`manifests_of(plan)` lists everything a stack puts into its cluster, in an order that can be applied.
"""

from mizan.manifests.manifest import Manifest
from mizan.manifests.stack import manifests_of

__all__ = ["Manifest", "manifests_of"]
