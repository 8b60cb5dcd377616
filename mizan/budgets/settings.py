"""What the CronJob is told: written by the platform, read in the pod."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from mizan.budgets.model import Exemption, Limit, Mode


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is enforced, and where the month's dollars are.

    Attributes:
        url: of Prometheus, as pods of the cluster reach it.
        question: that gives the month's dollars (`mizan.budgets.costs`).
        limits: of all teams, those without a budget included.
    """

    mode: Mode
    url: str
    question: str
    limits: tuple[Limit, ...]


def written(settings: Settings) -> str:
    """Return settings as JSON, always the same for the same."""
    document = {
        "mode": settings.mode.value,
        "prometheus": {"url": settings.url, "query": settings.question},
        "teams": [_team(limit) for limit in settings.limits],
    }
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def read(text: str) -> Settings:
    """Return settings from JSON.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        document = json.loads(text)
        return Settings(
            mode=Mode(document["mode"]),
            url=_url(document["prometheus"]["url"]),
            question=str(document["prometheus"]["query"]),
            limits=tuple(_limit(each) for each in document["teams"]),
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _team(limit: Limit) -> dict[str, Any]:
    return {
        "team": limit.team,
        "usdPerMonth": None if limit.usd is None else f"{limit.usd:f}",
        "queues": None if limit.queues is None else list(limit.queues),
        "exceptions": [
            {"owner": each.owner, "until": each.until.isoformat(), "reason": each.reason} for each in limit.exemptions
        ],
    }


def _limit(team: Mapping[str, Any]) -> Limit:
    usd, queues = team["usdPerMonth"], team["queues"]
    return Limit(
        team=str(team["team"]),
        usd=None if usd is None else _positive(Decimal(usd)),
        exemptions=tuple(
            Exemption(owner=str(each["owner"]), until=date.fromisoformat(each["until"]), reason=str(each["reason"]))
            for each in team["exceptions"]
        ),
        queues=None if queues is None else tuple(str(name) for name in queues),
    )


def _positive(usd: Decimal) -> Decimal:
    """Return a budget; one of nothing would hold everybody at once."""
    if not usd.is_finite() or usd <= 0:
        raise ValueError(f"usdPerMonth: {usd}; needs more than 0")
    return usd


def _url(text: object) -> str:
    if not isinstance(text, str) or not text.startswith(("http://", "https://")):
        raise ValueError(f"prometheus.url: {text}; needs http:// or https://")
    return text
