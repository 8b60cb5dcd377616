"""What a simulated cloud holds of a stack: the node pools and node groups that its program asks for."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local.rehearsal.kinds.gcp_container import NODE_POOL
from local.rehearsal.store import Condition, Record
from local.rehearse.eks_twins import NODE_GROUP
from mizan.clouds.aws.site import site_of as aws_site
from mizan.clouds.aws.system_nodes import node_group_args
from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import site_of as gcp_site
from mizan.clouds.gcp.system_pool import system_pool_args
from mizan.plan import Offer, Plan

CREATED = "2026-11-22T09:00:00+00:00"
# Their keys are anybody's own.
_FREE = {"labels", "resourceLabels", "tags"}


def pool_record(plan: Plan, offer: Offer, **changes: Any) -> Record:
    """The node pool of an offer on GKE."""
    args = node_pool_args(plan, gcp_site(plan), offer, cluster=plan.stack, account="nodes@example.com")
    return _record(NODE_POOL, f"nodePools/{offer.name}", args, changes)


def system_pool_record(plan: Plan, **changes: Any) -> Record:
    args = system_pool_args(plan, gcp_site(plan), cluster=plan.stack, account="nodes@example.com")
    return _record(NODE_POOL, "nodePools/system", args, changes)


def node_group_record(plan: Plan, **changes: Any) -> Record:
    """The system nodes on EKS."""
    args = node_group_args(
        plan,
        cluster_name=aws_site(plan).cluster,
        role_arn="arn:aws:iam::123456789012:role/nodes",
        subnet_ids=["subnet-1"],
        template_id="lt-1",
        template="1",
    )
    return _record(NODE_GROUP, f"{plan.stack}:system", args, changes)


def with_config(record: Record, **changes: Any) -> Record:
    """A node pool whose nodes are like nothing that the program asks for."""
    return replace(record, inputs=record.inputs | {"nodeConfig": record.inputs["nodeConfig"] | changes})


def _record(kind: str, identity: str, args: Mapping[str, Any], changes: Mapping[str, Any]) -> Record:
    return Record(
        type=kind,
        id=identity,
        urn=f"urn:pulumi:test::mizan::{kind}::{identity}",
        condition=Condition.WHOLE,
        seed="0",
        created=CREATED,
        inputs=_as_pulumi(args) | changes,
        outputs={},
    )


def _as_pulumi(value: Any) -> Any:
    if isinstance(value, Mapping):
        named = {_camel(name): item for name, item in value.items()}
        return {name: dict(item) if name in _FREE else _as_pulumi(item) for name, item in named.items()}
    if isinstance(value, list | tuple):
        return [_as_pulumi(item) for item in value]
    return value


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)
