"""Every kind that a simulated cloud knows, by its type in Pulumi.

A kind that is missing here is refused, so that nothing passes for rehearsed that was not: add it to one of the modules.

    kind.py           what there is to say of a kind                  gcp_network.py    networks
    gcp_container.py  clusters and node pools                         gcp_access.py     accounts, buckets, keys
    aws_network.py    networks                                        aws_eks.py        clusters and node groups
    aws_iam.py        roles, policies, keys                           aws_services.py   queues, events, logs, buckets
"""

from collections.abc import Mapping
from types import MappingProxyType

from local.rehearsal.kinds import (
    aws_eks,
    aws_iam,
    aws_network,
    aws_services,
    gcp_access,
    gcp_container,
    gcp_network,
)
from local.rehearsal.kinds.kind import AutoName, Guard, Kind, Names, Reference, Template

_MODULES = (gcp_network, gcp_container, gcp_access, aws_network, aws_iam, aws_eks, aws_services)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.type: kind for module in _MODULES for kind in module.KINDS})

__all__ = ["KINDS", "AutoName", "Guard", "Kind", "Names", "Reference", "Template"]
