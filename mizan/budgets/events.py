"""Events: what was done to a queue, where people look for it. Pure.

Source: k8s.io/api@v0.36.3 events/v1/types.go; k8s.io/kubernetes@v1.36.3 pkg/apis/core/validation/events.go.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from mizan.budgets.model import Action, Kind
from mizan.budgets.queues import GROUP, VERSION
from mizan.budgets.words import reason_of

REPORTER = "mizan.dev/budget"
NOTE_BYTES = 1024


def event_of(action: Action, now: datetime, *, is_dry: bool) -> dict[str, Any]:
    """Return the Event of an action.

    What only would be done is told once a month and budget, however often it is decided: its name is the same, until
    the API server forgets it.
    """
    queue, standing = action.queue, action.standing
    reason = reason_of(action.kind, is_dry=is_dry)
    occasion = (standing.month, standing.budget) if is_dry else (queue.version,)
    told = hashlib.sha256(repr((queue.uid, reason, *map(str, occasion))).encode()).hexdigest()
    note = f"Dry run: {action.words}" if is_dry else action.words
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        # A name has at most 253 characters, as a queue's own.
        "metadata": {"name": f"{queue.name[:200]}.{told[:16]}", "namespace": queue.namespace},
        "eventTime": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "reportingController": REPORTER,
        "reportingInstance": REPORTER,
        "action": reason,
        "reason": reason,
        "type": "Normal" if action.kind is Kind.RELEASE else "Warning",
        "regarding": {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "LocalQueue",
            "namespace": queue.namespace,
            "name": queue.name,
            "uid": queue.uid,
        },
        "note": note.encode()[:NOTE_BYTES].decode(errors="ignore"),
    }
