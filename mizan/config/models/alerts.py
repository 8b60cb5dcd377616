"""From which dollars, waits and temperatures on somebody is told."""

from decimal import Decimal
from typing import Any

from mizan.config.models.base import Model, described
from mizan.config.models.costs import Amount, dollars
from mizan.config.models.monitoring import URL, URL_LENGTH, URL_PATTERN


def _a_day(description: str, default: str, *, because: str) -> Any:  # noqa: ANN401  # pydantic's own Field is untyped
    """Return the field of a limit in US dollars a day."""
    return dollars(
        f"{description}, in US dollars a day.",
        because=because,
        fix=f"Write an amount such as {default}, or leave it out",
        default=Decimal(default),
        ge=0,
        le=10**6,
    )


def _whole(description: str, default: int, *, because: str, unit: str, least: int, most: int) -> Any:  # noqa: ANN401
    """Return the field of a limit that is a whole number."""
    return described(
        description,
        because=because,
        fix=f"Write whole {unit}, {least} to {most}, or leave it out",
        default=default,
        ge=least,
        le=most,
        strict=True,
    )


class Alerts(Model):
    """From when on somebody is told; every limit has a default."""

    idle_usd_per_day: Amount = _a_day(
        "What a team's GPUs may cost in which nothing runs",
        "50",
        because="an idle GPU costs what a busy one does",
    )
    unallocated_usd_per_day: Amount = _a_day(
        "What a pool's GPUs may cost that no pod asks for",
        "100",
        because="nodes that come and go are never all in use, and an autoscaler that stopped is never out of use",
    )
    kept_usd_per_day: Amount = _a_day(
        "What a pool's GPUs may cost that are kept warm and not used",
        "100",
        because="a warm node that nobody starts on saves nobody a minute",
    )
    unlabelled_usd_per_day: Amount = _a_day(
        "What a namespace's GPUs may cost without a team, a cost center or a project",
        "10",
        because="a dollar without an owner is nobody's to save",
    )
    spot_interruptions_per_day: int = _whole(
        "How many spot nodes of a pool may be taken back in a day.",
        10,
        because="work that starts anew again and again costs more than on-demand",
        unit="nodes",
        least=0,
        most=100_000,
    )
    queue_minutes: int = _whole(
        "How long jobs may wait in a queue that has quota left.",
        60,
        because="quota that nobody can use is no quota",
        unit="minutes",
        least=5,
        most=10_080,
    )
    node_minutes: int = _whole(
        "How long the pods of an admitted job may wait for a node.",
        30,
        because="they hold quota that others wait for, and a node with GPU driver needs minutes",
        unit="minutes",
        least=5,
        most=1_440,
    )
    opencost_percent: int = _whole(
        "How much OpenCost's price of a node may differ from ours.",
        20,
        because="one of the two is wrong, and every decision that was made by it",
        unit="per cent",
        least=1,
        most=100,
    )
    gpu_celsius: int = _whole(
        "Temperature of a GPU, in degrees Celsius.",
        85,
        because="most GPUs of data centers begin to slow down a few degrees above it",
        unit="degrees",
        least=50,
        most=110,
    )
    runbooks: str | None = described(
        "Address of the folder with a page for each alert; left out, alerts name its place in the repository.",
        because="a person who is woken should read on with one click",
        fix="Write an address such as `https://git.example.com/mizan/docs/runbooks`, or leave it out",
        needs=URL,
        default=None,
        pattern=URL_PATTERN,
        max_length=URL_LENGTH,
    )
