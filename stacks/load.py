"""The stack that Pulumi runs now, as a Plan. Nothing else reads pulumi.Config."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import get_config_env, get_config_secret_keys_env, get_root_directory

from mizan.config import ENCRYPTED, ConfigErrors, Places, located_at, own_keys, parse, places_under_pulumi, price_book
from mizan.errors import PlatformError
from mizan.plan import Plan, build_plan


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What Pulumi hands a program.

    Attributes:
        settings: text; lists and mappings are JSON.
        encrypted: keys whose value, or a part of it, a person has encrypted; their text is never looked at.
        root: folder of the project.
    """

    settings: Mapping[str, str]
    encrypted: Collection[str] = ()
    root: Path = Path()

    def values(self) -> dict[str, Any]:
        """Return this project's settings as a stack file has them, without their prefix."""
        return own_keys(
            {key: ENCRYPTED if key in self.encrypted else _value(text) for key, text in self.settings.items()}
        )


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The running stack.

    Attributes:
        places: where its settings stand.
    """

    plan: Plan
    places: Places


def running_stack() -> Stack:
    """Return the running stack.

    Raises:
        pulumi.RunError: it is at fault; Pulumi shows the message without a traceback.
    """
    configuration = Configuration(
        settings=get_config_env(), encrypted=get_config_secret_keys_env(), root=Path(get_root_directory() or ".")
    )
    try:
        return load(pulumi.get_stack(), configuration, datetime.now(UTC).date())
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error


def load(name: str, configuration: Configuration, today: date) -> Stack:
    """Return a stack of Pulumi's configuration.

    Raises:
        ConfigErrors: with every fault; with file and line where the stack's file says what Pulumi read.
        PriceFault: the stack's own price file is at fault.
    """
    values = configuration.values()
    places = places_under_pulumi(configuration.root, name, values)
    try:
        prices = price_book(values, Path(__file__).parent, today)
        return Stack(plan=build_plan(name, parse(values, today, prices=prices)), places=places)
    except ConfigErrors as error:
        raise located_at(places, f"stack {name}", error) from None


def _value(text: str) -> Any:  # noqa: ANN401  # whatever JSON holds
    """Return a list or mapping as Pulumi writes it, and any other setting as the text it is."""
    try:
        value = json.loads(text)
    # RecursionError is brackets in brackets, thousands deep.
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list | dict) else text
