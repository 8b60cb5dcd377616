"""Budgets of teams: their exceptions, and what happens when one is passed during the month."""

from mizan import versions
from mizan.budgets.model import Mode
from mizan.config.models.base import PRINTED_PATTERN, Model, described
from mizan.config.models.costs import Budget, Day

MOST_EXCEPTION_DAYS = 400
"""More than any launch takes."""

# Source: github.com/distribution/reference@v0.6.0 reference.go, Grammar.
_PARTS = r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
_TAG, _DIGEST = r":[A-Za-z0-9_][\w.-]{0,127}", "@[a-z0-9+._-]+:[0-9a-fA-F]{32,}"
_IMAGE_PATTERN = rf"^([A-Za-z0-9.-]+(:[0-9]{{1,5}})?/)?{_PARTS}({_TAG})?({_DIGEST})?$"

# What goes into Events, tables and a ConfigMap.
_PRINTED = "one line of text, without spaces at its ends and without control characters"
_LONGEST = 200


class BudgetException(Model):
    """A time in which a team's queues are not held, whatever it spends."""

    owner: str = described(
        "Who answers for it.",
        because="dollars beyond a budget are somebody's decision",
        fix="Write a name or an address, such as `cto@example.com`",
        needs=_PRINTED,
        pattern=PRINTED_PATTERN,
        max_length=_LONGEST,
    )
    until: Day = described(
        f"Its last day, UTC, at most {MOST_EXCEPTION_DAYS} days from now.",
        because="an exception without an end is a budget that is none",
        fix="Write a day such as 2027-06-30",
    )
    reason: str = described(
        "What for.",
        because="the next month's budget is made from it",
        fix="Write a sentence such as `launch of the summer model`",
        needs=_PRINTED,
        pattern=PRINTED_PATTERN,
        max_length=_LONGEST,
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
        needs="a reference of an image",
        default=versions.PYTHON_IMAGE,
        pattern=_IMAGE_PATTERN,
        max_length=512,
    )
