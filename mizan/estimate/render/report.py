"""What a report in full holds, in which order: the same on a terminal and on a page."""

from collections.abc import Iterator, Sequence

from mizan.estimate.budget import BudgetVerdict
from mizan.estimate.model import Estimate
from mizan.estimate.render.comparison import Against, lines_compared, totals_compared
from mizan.estimate.render.pool_tables import by_pool, prices
from mizan.estimate.render.table import Table
from mizan.estimate.render.tables import budgets, by_capacity_type, by_part, by_team, commitments, savings


def tables(estimate: Estimate, verdicts: Sequence[BudgetVerdict], against: Against | None) -> Iterator[Table]:
    """Yield every table that has something to tell, what is asked first at the top.

    Args:
        estimate: of one stack or several.
        verdicts: of all its budgets.
        against: what it is compared with; None leaves the comparison out.
    """
    if against is not None:
        yield totals_compared(estimate, against)
        if against.comparison.changed:
            yield lines_compared(estimate, against)
    if verdicts:
        yield budgets(verdicts, is_alone=len(estimate.stacks) == 1)
    yield by_pool(estimate)
    yield by_part(estimate)
    yield by_capacity_type(estimate)
    yield by_team(estimate)
    yield savings(estimate)
    if estimate.commitments:
        yield commitments(estimate)
    yield prices(estimate)
