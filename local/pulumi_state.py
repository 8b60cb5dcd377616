"""Pulumi's state of a stack, as the file in the home's own backend holds it."""

import json
from pathlib import Path
from typing import Any

from local.home import Home
from mizan.errors import PlatformError


def file_of(home: Home, stack: str) -> Path:
    """Return where the state is, or will be."""
    return home.pulumi_backend / ".pulumi" / "stacks" / "mizan" / f"{stack}.json"


def resources(home: Home, stack: str) -> list[dict[str, Any]]:
    """Return the resources in the state; none where there is no state, or none that can be read."""
    try:
        state = json.loads(file_of(home, stack).read_text(encoding="utf-8"))
        return list(state["checkpoint"]["latest"]["resources"])
    except (OSError, ValueError, LookupError, TypeError):
        return []


def must_be_readable(home: Home, stack: str) -> None:
    """Return if there is no state, or one that can be read.

    Raises:
        PlatformError: it cannot be read.
    """
    state = file_of(home, stack)
    if not state.exists():
        return
    try:
        json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        backup = state.with_name(f"{state.name}.bak")
        kept = f"Copy {backup} over it, the state before the last change, or begin" if backup.exists() else "Begin"
        raise PlatformError(
            str(state),
            f"not readable ({error})",
            needs="Pulumi's state of the stack",
            because="without it Pulumi does not know what it has made",
            fix=f"{kept} with nothing by `make down PURGE=1`",
        ) from error
