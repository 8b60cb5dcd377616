"""What Pulumi said of an update, from the log of events that it writes beside what a person sees."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Pulumi writes the log only where its own debugging commands are on.
# Source: pulumi/pulumi@v3.259.0 pkg/cmd/pulumi/operations/up.go, flag event-log; sdk/go/common/env/env.go.
ENVIRONMENT = {"PULUMI_DEBUG_COMMANDS": "true"}


def arguments(log: Path) -> tuple[str, ...]:
    """Return what makes Pulumi write its events into `log`; those of an earlier update are forgotten."""
    log.unlink(missing_ok=True)
    return ("--event-log", str(log))


def changes(log: Path) -> dict[str, int]:
    """Return how many resources went which way, such as {"create": 12}; none where the update came to no end."""
    summaries = [event["summaryEvent"] for event in _events(log) if "summaryEvent" in event]
    counted = (summaries[-1].get("resourceChanges") or {}) if summaries else {}
    return {str(kind): int(number) for kind, number in counted.items()}


def errors(log: Path) -> list[str]:
    """Return the errors that were told during the update, without colours, each once."""
    told = (event["diagnosticEvent"] for event in _events(log) if "diagnosticEvent" in event)
    messages = (_plain(str(said.get("message", ""))) for said in told if said.get("severity") == "error")
    return list(dict.fromkeys(message for message in messages if message))


def _events(log: Path) -> Iterator[dict[str, Any]]:
    if not log.is_file():
        return
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
        except ValueError:  # the last line of a Pulumi that was killed
            continue
        if isinstance(event, dict):
            yield event


def _plain(text: str) -> str:
    """Return a message without Pulumi's marks of colour, `<{%...%}>`."""
    while (begin := text.find("<{%")) >= 0:
        end = text.find("%}>", begin)
        text = text[:begin] + (text[end + 3 :] if end >= 0 else "")
    return text.strip()
