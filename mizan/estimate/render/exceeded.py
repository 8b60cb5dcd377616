"""A budget that is exceeded, or nearly: where it stands, which pools cost most, and what would fit."""

from collections.abc import Iterator, Mapping, Sequence

from mizan.config import Places
from mizan.config.faults import key
from mizan.errors import PlatformError
from mizan.estimate.budget import BudgetVerdict
from mizan.estimate.render.words import MONTH, advice, budget, usage, whose

# Beyond that a budget is told in one line.
MOST_IN_FULL = 10


class BudgetsExceeded(PlatformError):
    """Every budget that is exceeded; exit 1, as the input is sound."""

    exit_code = 1

    def __init__(self, verdicts: Sequence[BudgetVerdict], places: Mapping[str, Places]) -> None:
        """Join them into one message, a line for each change that would fit.

        Args:
            verdicts: at least one; all exceeded.
            places: where the settings of each stack stand, by its name.
        """
        is_alone = len({verdict.stack for verdict in verdicts}) == 1
        full, short = verdicts[:MOST_IN_FULL], verdicts[MOST_IN_FULL:]
        lines = [
            *(line for verdict in full for line in _in_full(verdict, places, is_alone=is_alone)),
            *(_fault(verdict, places, fix=_see(verdict), is_alone=is_alone) for verdict in short),
        ]
        Exception.__init__(self, "\n".join(lines))


def warning(verdict: BudgetVerdict, places: Places) -> str:
    """Return a budget that is nearly used up, with its place and the pools that cost most."""
    sentence = f"{_place(verdict, places)}: {budget(verdict, is_alone=True)}"
    return "\n".join([sentence, *(f"  {line}" for line in advice(verdict))])


def _in_full(verdict: BudgetVerdict, places: Mapping[str, Places], *, is_alone: bool) -> Iterator[str]:
    offered = "Make one of these changes" if len(verdict.changes) > 1 else "Make this change"
    fix = f"{offered}, or raise `usdPerMonth`" if verdict.changes or verdict.together else "Raise `usdPerMonth`"
    yield _fault(verdict, places, fix=fix, is_alone=is_alone)
    yield from (f"  {line}" for line in advice(verdict))


def _fault(verdict: BudgetVerdict, places: Mapping[str, Places], *, fix: str, is_alone: bool) -> str:
    return str(
        PlatformError(
            f"{_place(verdict, places[verdict.stack])}: {key(verdict.path)}",
            f"{whose(verdict, is_alone=is_alone)}: {usage(verdict)}, {MONTH}",
            needs="to stay within its budget",
            because="a bill is easier to stop before the machines run",
            fix=fix,
        )
    )


def _place(verdict: BudgetVerdict, places: Places) -> str:
    return places.of(verdict.path) or f"stack {verdict.stack}"


def _see(verdict: BudgetVerdict) -> str:
    return f"Raise `usdPerMonth`, or make a change that `mizan estimate -s {verdict.stack}` names"
