"""What a decision is made from, and what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

# So much of a month may be uncounted: restarts, and the first evaluations of a month.
GRACE_SECONDS = Decimal(600)
MISSING_SHARE = Decimal("0.1")


class Mode(StrEnum):
    """What happens at 100 % of a team's budget.

    `none`: nothing, and what was held is released. `dry-run`: it is told what would happen. `hold`: no new job starts,
    running ones go on. `hold-and-drain`: running ones are evicted as well.
    """

    NONE = "none"
    DRY_RUN = "dry-run"
    HOLD = "hold"
    HOLD_AND_DRAIN = "hold-and-drain"


class Policy(StrEnum):
    """A LocalQueue's stopPolicy. Source: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2/constants.go."""

    NONE = "None"
    HOLD = "Hold"
    HOLD_AND_DRAIN = "HoldAndDrain"


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """A budget's exception: somebody answers for it, and it ends.

    Attributes:
        until: its last day, UTC.
    """

    owner: str
    until: date
    reason: str

    def holds(self, now: datetime) -> bool:
        """Return whether it holds at a moment."""
        return now.astimezone(UTC).date() <= self.until


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a team may spend in a month.

    Attributes:
        team: its namespace, and the label `team` of its dollars.
        usd: None where it has no budget.
        queues: names of the stack's LocalQueues there; None takes all for the stack's.
    """

    team: str
    usd: Decimal | None
    exemptions: tuple[Exemption, ...] = ()
    queues: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What all teams have spent this month.

    Attributes:
        month: such as 202611, by Prometheus' own clock.
        usd: by team; None is what no number says, as NaN. A team without dollars is not in it.
        counted_seconds: of the month, in which dollars were counted.
        passed_seconds: since the month began.
    """

    month: str
    usd: Mapping[str, Decimal | None]
    counted_seconds: Decimal
    passed_seconds: Decimal

    @property
    def is_whole(self) -> bool:
        """Return whether next to nothing is missing: what is spent is then no more than what is told, or little."""
        missing = self.passed_seconds - self.counted_seconds
        return missing <= max(GRACE_SECONDS, self.passed_seconds * MISSING_SHARE)


@dataclass(frozen=True)
class Unknown:
    """Nobody knows what is spent: nothing is held for it, and nothing released.

    Attributes:
        moment: of Prometheus' clock, where it tells one.
    """

    why: str
    moment: datetime | None = None


class Level(StrEnum):
    """How a team's dollars stand.

    `free`: nothing limits it. `over`: at 100 % or above. `under`: below. `at-least`: what was counted is below, and
    much was not counted. `absent`: no dollar was ever counted this month. `unknown`: nobody knows.
    """

    FREE = "free"
    OVER = "over"
    UNDER = "under"
    AT_LEAST = "at-least"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a team's dollars stand, in words as well.

    Attributes:
        month: None where it is unknown or does not matter.
        spent: US dollars of the month; None where they are unknown.
    """

    team: str
    level: Level
    words: str
    month: str | None = None
    spent: Decimal | None = None
    budget: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Hold:
    """What we wrote onto a queue when we held it.

    Attributes:
        month: whose dollars it was held for; empty where somebody has overwritten it.
        spent: US dollars of that month at the time; None where somebody has overwritten them.
        budget: that they had reached; None alike.
    """

    policy: str
    month: str
    spent: Decimal | None = None
    budget: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """The last action on a queue, which a dry run only tells, as it is written there.

    Attributes:
        reason: that of its Event.
        month: in which it was; empty where somebody has overwritten it.
    """

    reason: str
    month: str


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A LocalQueue.

    Attributes:
        version: by which the API server sees that it has changed since it was read.
        hold: what we wrote; None where nothing of ours is on it.
        is_policy_ours: its policy is the one that we wrote, and nobody has written it since.
        told: the last action; None where there was none.
    """

    namespace: str
    name: str
    uid: str
    version: str
    policy: str
    hold: Hold | None
    is_policy_ours: bool
    told: Told | None = None


class Kind(StrEnum):
    """What is done to a queue."""

    HOLD = "hold"
    DRAIN = "drain-hold"
    RELEASE = "release"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Action:
    """What is done to a queue, and why.

    Attributes:
        policy: that the queue gets; None where nothing is done.
        is_unknown: nothing is done since nobody knows what is spent.
    """

    kind: Kind
    queue: Queue
    standing: Standing
    words: str
    policy: Policy | None = None
    is_unknown: bool = False


def month_of(moment: datetime) -> str:
    """Return the month of a moment, UTC, as the series name it: 202611."""
    return f"{moment.astimezone(UTC):%Y%m}"


def month_begins(moment: datetime) -> datetime:
    """Return when the month of a moment began, UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
