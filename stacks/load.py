"""The stack that Pulumi runs now, as a Plan. Nothing else reads pulumi.Config."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import get_config_env

from mizan.config import own_keys, parse, price_book
from mizan.errors import PlatformError
from mizan.plan import Plan, build_plan


def load_plan() -> Plan:
    """Return the Plan of the running stack.

    Raises:
        pulumi.RunError: the stack is at fault; Pulumi shows the message without a traceback.
    """
    try:
        return plan_of(pulumi.get_stack(), get_config_env(), datetime.now(UTC).date())
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error


def plan_of(stack: str, configuration: Mapping[str, str], today: date) -> Plan:
    """Return the Plan of a stack from Pulumi's configuration, where lists and mappings are JSON text."""
    values = {key: _value(text) for key, text in own_keys(configuration).items()}
    prices = price_book(values, Path(__file__).parent, today)
    return build_plan(stack, parse(values, today, source=f"stack {stack}", prices=prices))


def _value(text: str) -> Any:  # noqa: ANN401  # whatever JSON holds
    """Return a list or mapping as Pulumi writes it, and any other setting as the text it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, list | dict) else text
