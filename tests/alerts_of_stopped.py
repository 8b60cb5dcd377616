"""Alerts of what the stack runs by itself: what enforces budgets, and OpenCost."""

from tests.alerts_told import evaluated, fires, silent
from tests.builders import a_team
from tests.gke_stacks import STACK, a_gke_plan
from tests.monitoring_stacks import gke_stack
from tests.promtool import series

BUDGETED = {"teams": [a_team(budget={"usdPerMonth": 1_000})]}


def enforced(mode):
    """A stack whose budgets are enforced, and that has OpenCost."""
    return a_gke_plan(gke_stack() | BUDGETED | {"budgetEnforcement": {"mode": mode}}, stack=STACK)


ENFORCED = enforced("hold")
ITS = {"namespace": "mizan-system", "cronjob": "mizan-budget"}


def created(values="0x200", **labels):
    return series("kube_cronjob_created", values, **ITS | labels)


def succeeded(values, **labels):
    return series("kube_cronjob_status_last_successful_time", values, **ITS | labels)


def opencost(values):
    return series("node_total_hourly_cost", values, node="n1", instance="n1", job="opencost")


# A sample a minute: a run succeeds every five minutes until minute 50.
RUNS = " ".join(str(minute // 5 * 300) for minute in range(51))
UNTIL_50 = f"{RUNS} 3000x150"
WORKING = opencost("2x200")

ENFORCER = [
    fires(
        "it is told that no run of the enforcer succeeds",
        "BudgetEnforcerStopped",
        [evaluated(), created(), succeeded(UNTIL_50), WORKING],
        95,
        {"severity": "critical"},
    ),
    silent(
        "half an hour without a run is not told at once",
        "BudgetEnforcerStopped",
        [evaluated(), created(), succeeded(UNTIL_50), WORKING],
        88,
    ),
    silent(
        "an enforcer that runs is not told",
        "BudgetEnforcerStopped",
        [evaluated(), created(), succeeded(UNTIL_50), WORKING],
        60,
    ),
    fires(
        "it is told that no run of the enforcer has ever succeeded",
        "BudgetEnforcerStopped",
        [evaluated(), created(), WORKING],
        45,
        {"severity": "critical"},
    ),
    silent(
        "an enforcer that has just been made is not told",
        "BudgetEnforcerStopped",
        [evaluated(), created("3600x200"), WORKING],
        85,
    ),
    fires(
        "it is told that the enforcer is gone",
        "BudgetEnforcerStopped",
        [evaluated(), created("0x20 stale"), succeeded("1200x20 stale"), WORKING],
        35,
        {"severity": "critical"},
    ),
    fires(
        "somebody else's jobs of that name are not taken for the enforcer's",
        "BudgetEnforcerStopped",
        [evaluated(), created(namespace="team-a"), succeeded(RUNS, namespace="team-a"), WORKING],
        15,
        {"severity": "critical"},
    ),
    silent(
        "of an enforcer that nobody sees nothing is told where kube-state-metrics is gone",
        "BudgetEnforcerStopped",
        [evaluated("1x20 stale"), created("0x20 stale"), succeeded("1200x20 stale"), opencost("2x20 stale")],
        60,
    ),
    silent(
        "two kube-state-metrics that tell one run are no reason to be told",
        "BudgetEnforcerStopped",
        [evaluated(), created(), succeeded("0x200", instance="old"), succeeded(UNTIL_50, instance="new"), WORKING],
        60,
    ),
]

OPENCOST = [
    fires(
        "it is told that OpenCost tells nothing any more",
        "OpenCostGone",
        [evaluated(), opencost("2x20 stale")],
        60,
        {"severity": "warning"},
    ),
    fires(
        "it is told that OpenCost has never told anything", "OpenCostGone", [evaluated()], 45, {"severity": "warning"}
    ),
    silent("an OpenCost that is restarted is not told", "OpenCostGone", [evaluated(), opencost("2x20 stale")], 45),
    silent("an OpenCost that tells prices is not told", "OpenCostGone", [evaluated(), WORKING], 60),
    silent(
        "of OpenCost nothing is told where kube-state-metrics is gone as well",
        "OpenCostGone",
        [evaluated("1x20 stale"), opencost("2x20 stale")],
        60,
    ),
]
