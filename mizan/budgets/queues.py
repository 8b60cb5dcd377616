"""What a LocalQueue says of itself, and how it is changed. Pure.

We change `spec.stopPolicy`, which Pulumi does not write: it applies what the stack says under field managers of its
own, and leaves alone what is not in it. Who wrote the field last is in `metadata.managedFields`. Our own manager there,
and our annotations with the policy that stands, make a hold ours; a person who changes it takes it over.

Source: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2/localqueue_types.go; pulumi/pulumi-kubernetes@v4.34.2
provider/pkg/provider/provider.go, Diff and fieldManagerName;
https://kubernetes.io/docs/reference/using-api/server-side-apply/, read 2026-11-22.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mizan.budgets.model import Action, Hold, Kind, Policy, Queue

Manifest = dict[str, Any]

GROUP = "kueue.x-k8s.io"
VERSION = "v1beta2"
PLURAL = "localqueues"

FIELD_MANAGER = "mizan-budget"

HOLD = "mizan.dev/budget-hold"
MONTH = "mizan.dev/budget-month"
SPENT = "mizan.dev/budget-spent-usd"
BUDGET = "mizan.dev/budget-usd"
HELD_AT = "mizan.dev/budget-held-at"
ANNOTATIONS = (HOLD, MONTH, SPENT, BUDGET, HELD_AT)

_MONTH = re.compile(r"\d{6}", re.ASCII)


def read_queue(body: Mapping[str, Any]) -> Queue:
    """Return a LocalQueue from what the API server gives."""
    metadata = body["metadata"]
    policy = str((body.get("spec") or {}).get("stopPolicy") or Policy.NONE)
    hold = _hold(metadata.get("annotations") or {})
    return Queue(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=str(metadata.get("uid", "")),
        version=str(metadata.get("resourceVersion", "")),
        policy=policy,
        hold=hold,
        is_policy_ours=hold is not None and hold.policy == policy and _is_written_by_us(metadata),
    )


def patch_of(action: Action, now: datetime) -> Manifest:
    """Return the JSON merge patch of an action; the API server refuses it where the queue has changed since.

    Raises:
        ValueError: the action does nothing.
    """
    if action.policy is None:
        raise ValueError(action.kind)
    metadata = {"resourceVersion": action.queue.version, "annotations": _annotations(action, now)}
    return {"metadata": metadata, "spec": {"stopPolicy": str(action.policy)}}


def _annotations(action: Action, now: datetime) -> dict[str, str | None]:
    if action.kind is Kind.RELEASE:
        return dict.fromkeys(ANNOTATIONS)
    standing = action.standing
    return {
        HOLD: str(action.policy),
        MONTH: standing.month,
        SPENT: f"{standing.spent:f}",
        BUDGET: f"{standing.budget:f}",
        HELD_AT: f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _hold(annotations: Mapping[str, str]) -> Hold | None:
    policy = annotations.get(HOLD)
    if policy is None:
        return None
    month = annotations.get(MONTH, "")
    return Hold(policy=policy, month=month if _MONTH.fullmatch(month) else "")


def _is_written_by_us(metadata: Mapping[str, Any]) -> bool:
    return any(
        entry.get("manager") == FIELD_MANAGER and "f:stopPolicy" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        for entry in metadata.get("managedFields") or ()
    )
