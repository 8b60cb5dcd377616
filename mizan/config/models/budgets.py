"""Budgets of teams: their exceptions, and what happens when one is passed during the month."""

from mizan import versions
from mizan.budgets.model import Mode
from mizan.config.models.base import Model, described, described_text
from mizan.config.models.costs import Budget, Day


class BudgetException(Model):
    """A time in which a team's queues are not held, whatever it spends."""

    owner: str = described_text(
        "Who answers for it.",
        because="dollars beyond a budget are somebody's decision",
        fix="Write a name or an address, such as `cto@example.com`",
    )
    until: Day = described(
        "Its last day, UTC.",
        because="an exception without an end is a budget that is none",
        fix="Write a day such as 2027-06-30",
    )
    reason: str = described_text(
        "What for.",
        because="the next month's budget is made from it",
        fix="Write a sentence such as `launch of the summer model`",
    )


class TeamBudget(Budget):
    """What a team may spend in a month of 730 hours; during the month, what it has spent since the first, UTC."""

    exceptions: tuple[BudgetException, ...] = described(
        "Times in which the team's queues are not held; the estimate at a preview knows none.",
        because="a passed budget stops new jobs, and some must run all the same",
        fix="Write a list such as `[{owner: cto@example.com, until: 2027-06-30, reason: launch}]`, or leave it out",
        default=(),
    )


class BudgetEnforcement(Model):
    """What happens during the month to a team that has spent its budget."""

    mode: Mode | None = described(
        "none enforces nothing; dry-run tells what `hold` would do; hold starts no new job of the team while running "
        "ones go on; hold-and-drain evicts those as well. Left out, `hold` in a stack whose name is or ends with "
        "`prod` or `production`, and `dry-run` in any other.",
        because="a held queue stops people at their work, and a budget that holds nobody is a wish",
        fix="Write `none`, `dry-run`, `hold` or `hold-and-drain`, or leave it out",
        default=None,
    )
    image: str = described(
        "Image with Python 3.11 or newer in which it runs.",
        because="some clusters reach only a mirror",
        fix="Write an image such as `mirror.example.com/python:3.13-slim`, or leave it out",
        default=versions.PYTHON_IMAGE,
        min_length=1,
        pattern=r"^\S+$",
    )
