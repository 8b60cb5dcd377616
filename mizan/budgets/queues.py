"""What a LocalQueue says of itself, and how it is changed. Pure.

We change `spec.stopPolicy`, which Pulumi does not write: it applies what the stack says under field managers of its
own, and leaves alone what is not in it. Who wrote the field last is in `metadata.managedFields`. Our own manager there,
and our annotations with the policy that stands, make a hold ours; a person who changes it takes it over.

The last action and its moment stand in annotations as well, for whoever scrapes only from time to time
(mizan/metrics/queue_state.py). A dry run writes these two and nothing else, and takes them off once it would do nothing
any more.

Source: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2/localqueue_types.go; pulumi/pulumi-kubernetes@v4.34.2
provider/pkg/provider/provider.go, Diff and fieldManagerName;
https://kubernetes.io/docs/reference/using-api/server-side-apply/, read 2026-11-22.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from mizan.budgets.model import Action, Hold, Kind, Policy, Queue, Told, month_of
from mizan.budgets.words import WOULD, reason_of

Manifest = dict[str, Any]

GROUP = "kueue.x-k8s.io"
VERSION = "v1beta2"
PLURAL = "localqueues"

FIELD_MANAGER = "mizan-budget"

HOLD = "mizan.dev/budget-hold"
MONTH = "mizan.dev/budget-month"
SPENT = "mizan.dev/budget-spent-usd"
BUDGET = "mizan.dev/budget-usd"
ACTION = "mizan.dev/budget-action"
ACTED_AT = "mizan.dev/budget-action-at"
OF_A_HOLD = (HOLD, MONTH, SPENT, BUDGET)
OF_AN_ACTION = (ACTION, ACTED_AT)

_MONTH = re.compile(r"\d{6}", re.ASCII)
_MOMENT = re.compile(r"(\d{4})-(\d{2})-", re.ASCII)


def read_queue(body: Mapping[str, Any]) -> Queue:
    """Return a LocalQueue from what the API server gives."""
    metadata = body["metadata"]
    policy = str((body.get("spec") or {}).get("stopPolicy") or Policy.NONE)
    annotations = metadata.get("annotations") or {}
    hold = _hold(annotations)
    return Queue(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=str(metadata.get("uid", "")),
        version=str(metadata.get("resourceVersion", "")),
        policy=policy,
        hold=hold,
        is_policy_ours=hold is not None and hold.policy == policy and _is_written_by_us(metadata),
        told=_told(annotations),
    )


def patch_of(action: Action, now: datetime, *, is_dry: bool = False) -> Manifest | None:
    """Return the JSON merge patch of an action; None where the queue says all of it already.

    The API server refuses it where the queue has changed since.
    """
    told = _told_anew(action, now, is_dry=is_dry)
    if action.policy is None or is_dry:
        return _patch(action, told) if told else None
    return _patch(action, _of_hold(action) | told) | {"spec": {"stopPolicy": str(action.policy)}}


def _patch(action: Action, annotations: Mapping[str, str | None]) -> Manifest:
    return {"metadata": {"resourceVersion": action.queue.version, "annotations": dict(annotations)}}


def _of_hold(action: Action) -> dict[str, str | None]:
    if action.kind is Kind.RELEASE:
        return dict.fromkeys(OF_A_HOLD)
    standing = action.standing
    return {
        HOLD: str(action.policy),
        MONTH: standing.month,
        SPENT: f"{standing.spent:f}",
        BUDGET: f"{standing.budget:f}",
    }


def _told_anew(action: Action, now: datetime, *, is_dry: bool) -> dict[str, str | None]:
    """Return what changes in what the queue says of the last action; nothing where that is so already.

    What a dry run would do stands there as long as it would; where nobody knows what is spent it stays.
    """
    told = action.queue.told
    if action.kind is Kind.NONE:
        is_over = told is not None and told.reason.startswith(WOULD) and not action.is_unknown
        return dict.fromkeys(OF_AN_ACTION) if is_over else {}
    reason = reason_of(action.kind, is_dry=is_dry)
    if is_dry and told == Told(reason=reason, month=month_of(now)):
        return {}
    return {ACTION: reason, ACTED_AT: f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _hold(annotations: Mapping[str, str]) -> Hold | None:
    policy = annotations.get(HOLD)
    if policy is None:
        return None
    month = annotations.get(MONTH, "")
    return Hold(
        policy=policy,
        month=month if _MONTH.fullmatch(month) else "",
        spent=_dollars(annotations.get(SPENT)),
        budget=_dollars(annotations.get(BUDGET)),
    )


def _told(annotations: Mapping[str, str]) -> Told | None:
    reason = annotations.get(ACTION)
    if reason is None:
        return None
    moment = _MOMENT.match(annotations.get(ACTED_AT, ""))
    return Told(reason=reason, month=f"{moment[1]}{moment[2]}" if moment else "")


def _dollars(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text or "")
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _is_written_by_us(metadata: Mapping[str, Any]) -> bool:
    return any(
        entry.get("manager") == FIELD_MANAGER and "f:stopPolicy" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        for entry in metadata.get("managedFields") or ()
    )
