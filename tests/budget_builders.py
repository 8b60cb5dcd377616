"""Costs, limits and LocalQueues of which budgets decide."""

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mizan.budgets.model import Action, Costs, Exemption, Hold, Limit, Queue
from mizan.budgets.queues import FIELD_MANAGER, patch_of, read_queue

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MONTH = "202611"
PASSED = Decimal(21 * 86_400 + 43_200)


def some_costs(usd: dict[str, object] | None = None, **changes: Any) -> Costs:
    found = {team: None if value is None else Decimal(str(value)) for team, value in (usd or {}).items()}
    return Costs(**({"month": MONTH, "usd": found, "counted_seconds": PASSED, "passed_seconds": PASSED} | changes))


def a_limit(usd: object = 1000, *exemptions: Exemption, team: str = "team-a") -> Limit:
    return Limit(team=team, usd=None if usd is None else Decimal(str(usd)), exemptions=exemptions)


def an_exemption(until: str = "2026-11-30", **changes: Any) -> Exemption:
    day = datetime.fromisoformat(until).date()
    return Exemption(**({"owner": "cto@example.com", "until": day, "reason": "launch"} | changes))


def a_queue(policy: str = "None", *, hold: Hold | None = None, is_ours: bool = False, **changes: Any) -> Queue:
    named = {"namespace": "team-a", "name": "training", "uid": "u-1", "version": "7"}
    return Queue(**(named | changes), policy=policy, hold=hold, is_policy_ours=is_ours)


def held_by_us(policy: str = "Hold", month: str = MONTH, **changes: Any) -> Queue:
    return a_queue(policy, **({"hold": Hold(policy=policy, month=month), "is_ours": True} | changes))


def a_body(policy: str | None = None, **changes: Any) -> dict[str, Any]:
    """A LocalQueue as the API server gives it, never held."""
    metadata = {"name": "training", "namespace": "team-a", "uid": "u-1", "resourceVersion": "7", "managedFields": []}
    spec = {"clusterQueue": "training", "stopPolicy": policy or "None"}
    return {"metadata": metadata | changes, "spec": spec}


def patched(body: dict[str, Any], patch: dict[str, Any], manager: str = FIELD_MANAGER) -> dict[str, Any]:
    """A LocalQueue after a JSON merge patch, with who wrote its policy, as the API server keeps it."""
    after = _merged(copy.deepcopy(body), patch)
    after["metadata"]["resourceVersion"] = str(int(body["metadata"]["resourceVersion"]) + 1)
    after["spec"].setdefault("stopPolicy", "None")
    if after["spec"]["stopPolicy"] != body["spec"]["stopPolicy"]:
        entry = {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:stopPolicy": {}}}}
        after["metadata"]["managedFields"] = [entry]
    return after


def applied(action: Action, body: dict[str, Any] | None = None) -> Queue:
    """The queue once an action is done."""
    before = body or _body_of(action.queue)
    patch = patch_of(action, NOW)
    return read_queue(before if patch is None else patched(before, patch))


def row(kind: str, value: object, **labels: str) -> dict[str, Any]:
    """A sample of Prometheus' answer."""
    return {"metric": {"row": kind, **labels}, "value": [0, str(value)]}


def an_answer(
    usd: dict[str, object], *, evaluated: datetime = NOW, month: str | None = None, counted: object = None, **rest: Any
) -> dict[str, Any]:
    """What a Prometheus answers that evaluated costs at a moment of its own clock."""
    month = month or f"{evaluated:%Y%m}"
    passed = (evaluated - evaluated.replace(day=1, hour=0, minute=0, second=0)).total_seconds()
    rows = [
        *(row("spent", value, team=team, month=month) for team, value in usd.items()),
        row("counted", passed if counted is None else counted, month=month),
        row("evaluated", evaluated.timestamp()),
    ]
    return {"status": "success", "data": {"resultType": "vector", "result": rows}} | rest


def _body_of(queue: Queue) -> dict[str, Any]:
    body = a_body(queue.policy, name=queue.name, namespace=queue.namespace, uid=queue.uid)
    if queue.hold is not None:
        annotations = {"mizan.dev/budget-hold": queue.hold.policy, "mizan.dev/budget-month": queue.hold.month}
        body["metadata"]["annotations"] = annotations
    manager = FIELD_MANAGER if queue.is_policy_ours else "kubectl-edit"
    body["metadata"]["managedFields"] = [{"manager": manager, "fieldsV1": {"f:spec": {"f:stopPolicy": {}}}}]
    return body


def _merged(into: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            into[key] = _merged(dict(into.get(key) or {}), value)
        else:
            into[key] = value
    return into
