"""What a month costs by now and at its end, by cluster and by whatever else is asked for."""

from mizan.metrics import names
from mizan.metrics.alerts.month import BUDGET, UNALLOCATED_MONTH
from mizan.metrics.dashboards.view import TEAM, View
from mizan.metrics.forecast import LEAST_SECONDS
from mizan.metrics.selector import Matcher, differs, equals

_DAY_SECONDS = 86_400

FORECAST_TEXT = (
    "The forecast goes on as the month did so far; in its first two days, as if what runs now ran to its end."
)


def month_of_teams(view: View) -> str:
    """Return what the chosen teams have spent since the first of the month."""
    return f"sum by (cluster, team) ({view.own(names.TEAM_MONTH, TEAM)})"


def month_of_all(view: View) -> str:
    """Return what all nodes have cost since the first of the month, by cluster.

    Pods without a team and GPUs without a pod have the same labels, so that one of both would hide the other.
    """
    free = f'label_replace({view.own(UNALLOCATED_MONTH)}, "{names.REASON}", "{names.UNALLOCATED}", "", "")'
    return f"sum by (cluster) ({view.own(names.TEAM_MONTH)} or {free})"


def forecast_of_teams(view: View) -> str:
    """Return what the chosen teams will have spent at the end of the month, by cluster and team."""
    return _forecast(view, month_of_teams(view), f"sum by (cluster, team) ({view.own(names.COST, TEAM)})")


def forecast_of_all(view: View) -> str:
    """Return what all nodes will have cost at the end of the month, by cluster."""
    return _forecast(view, month_of_all(view), f"sum by (cluster) ({view.own(names.NODE_PRICE)})")


def budgets_of_teams(view: View) -> str:
    """Return the budgets of the chosen teams that have one."""
    return _budget(view, "cluster, team", differs("team", ""), TEAM)


def budgets_of_all(view: View) -> str:
    """Return the budgets of the chosen clusters that have one."""
    return _budget(view, "cluster", equals("team", ""))


def _budget(view: View, labels: str, *matchers: Matcher) -> str:
    return f"sum by ({labels}) ({view.own(BUDGET, *matchers)})"


def _forecast(view: View, spent: str, hourly: str) -> str:
    """Return dollars at the end of the month; mizan.metrics.forecast says the same of one cluster, to alerts."""
    passed = f"(day_of_month() - 1) * {_DAY_SECONDS} + time() % {_DAY_SECONDS}"
    rest = f"scalar(days_in_month() * {_DAY_SECONDS} - ({passed}))"
    counted = f"max by (cluster) ({view.own(names.MONTH_COUNTED)})"
    by_month = f"{spent} * on (cluster) group_left () (1 + {rest} / ({counted} >= {LEAST_SECONDS}))"
    return f"({by_month} or {spent} + {hourly} * {rest} / 3600 or {spent})"
