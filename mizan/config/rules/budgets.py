"""Rules about the enforcement of budgets, and about exceptions from it."""

from collections.abc import Iterator
from datetime import date, timedelta

from mizan.budgets.model import Mode
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, OptionalInstall
from mizan.config.models.budgets import MOST_EXCEPTION_DAYS
from mizan.config.models.costs import day_of
from mizan.config.part import Part
from mizan.config.rules.monitoring import prometheus_install
from mizan.prices import PriceBook


def budgets_are_enforced_where_costs_are_measured(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for an enforcement that is asked for where nobody knows what is spent."""
    mode = stack["budgetEnforcement"]["mode"]
    is_asked_for = mode.text in set(Mode) - {Mode.NONE}
    # `make up` starts a Prometheus beside the embedded cluster.
    is_elsewhere = stack["cloud"].text in set(Cloud) - {Cloud.LOCAL}
    is_blind = is_elsewhere and prometheus_install(stack) is OptionalInstall.NONE
    if is_asked_for and is_blind:
        yield ConfigFault(
            mode.path,
            mode.text,
            needs="`addons.prometheus`",
            because="what a team has spent is told by Prometheus, and this stack has none",
            fix="Write `prometheus: {install: helm}`, or `mode: none`",
        )


def exceptions_end_within_sight(stack: Part, _: PriceBook, today: date) -> Iterator[ConfigFault]:
    """Yield a fault for each exception that ends so late that it has no end, and for each that says one twice."""
    for team in stack["teams"].items:
        told: list[object] = []
        for exception in team["budget"]["exceptions"].items:
            until = exception["until"]
            day = day_of(until.value)
            if day is not None and (day - today).days > MOST_EXCEPTION_DAYS:
                yield ConfigFault(
                    until.path,
                    day,
                    needs=f"{today + timedelta(days=MOST_EXCEPTION_DAYS)} at the latest",
                    because="an exception without an end is a budget that is none",
                    fix="Write an earlier day, or raise `usdPerMonth`",
                )
            if exception.is_mapping and exception.value in told:
                yield ConfigFault(
                    exception.path,
                    "an exception that is there already",
                    needs="each once",
                    because="whoever ends one of the two believes that the team is held again",
                    fix="Remove one of them",
                )
            told.append(exception.value)
