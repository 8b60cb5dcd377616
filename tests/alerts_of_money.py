"""Alerts of idle GPUs, budgets, labels and prices: when each fires, and when it is silent."""

from tests.alert_cases import Gives, Told
from tests.alerts_told import BOUGHT, fires, growing, price, silent
from tests.promtool import series

TEAM = 'say "hi" \\ there'


def idle(reason, values, **labels):
    return series("gpu_idle_cost_total", values, reason=reason, part="gpu", cluster="c1", **labels)


# 120 minutes at 30 USD an hour are 60 USD.
IDLE_TEAM = [idle("unused", growing(30), team="team-a", namespace="team-a", **BOUGHT)]

IDLE = [
    fires(
        "a team is told of what its idle GPUs have cost",
        "GpuIdle",
        [*IDLE_TEAM, idle("unused", growing(1), team="team-b", namespace="team-b", **BOUGHT)],
        120,
        {"team": "team-a", "namespace": "team-a", "severity": "warning"},
    ),
    silent("nobody is told before it has cost much", "GpuIdle", IDLE_TEAM, 90),
    silent(
        "nobody is told of waste that has ended",
        "GpuIdle",
        [idle("unused", "0+1x120 120x200", team="team-a", namespace="team-a", **BOUGHT)],
        165,
    ),
    fires(
        "waste that has just ended is told once more",
        "GpuIdle",
        [idle("unused", "0+1x120 120x200", team="team-a", namespace="team-a", **BOUGHT)],
        140,
        {"team": "team-a"},
    ),
    fires(
        "a pool is told whose nodes nobody asks for",
        "GpuUnallocated",
        [idle("unallocated", growing(60), **BOUGHT)],
        120,
        {"pool": "a100", "severity": "warning"},
    ),
    silent(
        "unallocated nodes are not told below their limit",
        "GpuUnallocated",
        [idle("unallocated", growing(40), **BOUGHT)],
        120,
    ),
    silent(
        "nodes that are kept are not told as unallocated",
        "GpuUnallocated",
        [idle("kept", growing(60), **BOUGHT)],
        120,
    ),
    fires(
        "a pool is told whose warm nodes nobody uses",
        "GpuKeptIdle",
        [idle("kept", growing(60), **BOUGHT)],
        120,
        {"pool": "a100", "severity": "info"},
    ),
    silent("warm nodes are not told below their limit", "GpuKeptIdle", [idle("kept", growing(40), **BOUGHT)], 120),
    Told(
        says="whatever a team is called, it is told by its name",
        alert="GpuIdle",
        inputs=[idle("unused", growing(60), team=TEAM, namespace="team-a", **BOUGHT)],
        minute=120,
        labels={"cluster": "c1", "severity": "warning", "team": TEAM, "namespace": "team-a"},
        annotations={
            "summary": f"Team {TEAM} paid 120.00 USD in a day for GPUs in which nothing ran (namespace team-a).",
            "description": "Its pods hold GPUs and do not use them, and still do. Find the pods, then end them, give "
            "them less of a GPU, or mend what they wait for.",
            "runbook_url": "docs/runbooks/GpuIdle.md",
        },
    ),
]


def month(team, values):
    return series("mizan_team_cost_month_usd", values, month="197001", cluster="c1", **({"team": team} if team else {}))


# Three days of January are counted. At minute 90 the rest of it is 2,673,000 s: 1 + 2,673,000 / 259,200 = 11.3125.
COUNTED = series("mizan_cost_month_counted_seconds", "259200x200", month="197001", cluster="c1")

BUDGETS = [
    fires(
        "a team is told that its month will pass its budget",
        "TeamBudgetForecast",
        [COUNTED, month("team-a", "89x200"), month("team-b", "5000x200")],
        90,
        {"team": "team-a", "severity": "warning"},
    ),
    silent(
        "a month that will stay below its budget is not told",
        "TeamBudgetForecast",
        [COUNTED, month("team-a", "88x200")],
        90,
    ),
    silent(
        "nothing is told of the end of a month of which a day is counted",
        "TeamBudgetForecast",
        [
            series("mizan_cost_month_counted_seconds", "86400x200", month="197001", cluster="c1"),
            month("team-a", "900x200"),
        ],
        90,
    ),
    silent(
        "a budget that is passed is not forecast as well",
        "TeamBudgetForecast",
        [COUNTED, month("team-a", "1000x200")],
        90,
    ),
    fires(
        "a team is told that its budget is spent",
        "TeamBudgetReached",
        [month("team-a", "1000x200")],
        10,
        {"team": "team-a", "severity": "critical"},
    ),
    silent("a budget is not spent a cent before", "TeamBudgetReached", [month("team-a", "999.99x200")], 10),
    silent("unknown dollars pass no budget", "TeamBudgetReached", [COUNTED], 10),
    Told(
        says="a budget that is spent is told with both its numbers",
        alert="TeamBudgetReached",
        inputs=[month("team-a", "1234.5x200")],
        minute=10,
        labels={"cluster": "c1", "severity": "critical", "team": "team-a"},
        annotations={
            "summary": "Team team-a has spent 1234.50 USD this month; its budget is 1000 USD.",
            "description": "Where budgets are enforced, its new jobs wait until the next month. Talk to the team about "
            "what it runs, or raise its `budget` in the stack file.",
            "runbook_url": "docs/runbooks/TeamBudgetReached.md",
        },
    ),
    fires(
        "the stack is told that all teams and what nobody used will pass its budget",
        "StackBudgetForecast",
        [
            COUNTED,
            month("team-a", "500x200"),
            month("", "100x200"),
            series("gpu_unallocated_cost_total", "300x200", reason="unallocated", part="gpu", cluster="c1"),
        ],
        90,
        {"severity": "warning"},
    ),
    silent(
        "the stack is not told that teams alone will pass its budget when they will not",
        "StackBudgetForecast",
        [COUNTED, month("team-a", "500x200"), month("", "100x200")],
        90,
    ),
    fires(
        "the stack is told that its budget is spent, by dollars that are no team's as well",
        "StackBudgetReached",
        [
            month("team-a", "9000x200"),
            series("gpu_unallocated_cost_total", "0+100x200", reason="unallocated", part="gpu", cluster="c1"),
        ],
        20,
        {"severity": "critical"},
    ),
    silent(
        "the stack is not told before",
        "StackBudgetReached",
        [
            month("team-a", "9000x200"),
            series("gpu_unallocated_cost_total", "0+100x9 900x200", reason="unallocated", part="gpu", cluster="c1"),
        ],
        60,
    ),
]


def cost(values, **labels):
    return series("gpu_cost_total", values, part="gpu", cluster="c1", **labels)


OWNED = {"team": "a", "cost_center": "ml", "project": "vision"}

LABELS = [
    fires(
        "a namespace is told whose dollars have no team",
        "GpuCostUnlabelled",
        [cost(growing(20), namespace="lab"), cost(growing(20), namespace="a", **OWNED)],
        60,
        {"namespace": "lab", "severity": "warning"},
    ),
    fires(
        "a namespace is told whose dollars have a team and no cost center",
        "GpuCostUnlabelled",
        [cost(growing(20), namespace="lab", team="a")],
        60,
        {"namespace": "lab"},
    ),
    fires(
        "a namespace is told whose dollars have no project",
        "GpuCostUnlabelled",
        [cost(growing(20), namespace="lab", **OWNED | {"project": ""}), cost(growing(20), namespace="a", **OWNED)],
        60,
        {"namespace": "lab"},
    ),
    silent("what lacks all labels counts once", "GpuCostUnlabelled", [cost(growing(9), namespace="lab")], 60),
    silent(
        "a namespace that was labelled is not told for another day",
        "GpuCostUnlabelled",
        [cost("0+1x60 60x200", namespace="lab")],
        130,
    ),
]


def ratio(node, value):
    return series("mizan_opencost_price_ratio", f"{value}x200", node=node, cluster="c1", pool="a100", offer="spot-a100")


OFFER = {"pool": "a100", "offer": "spot-a100"}

PRICES = [
    fires(
        "nodes without a price are told",
        "GpuNodeWithoutPrice",
        [series("mizan_node_without_price", "1x200", node="n1", cluster="c1")],
        15,
        {"severity": "warning"},
    ),
    silent(
        "a node that gets its price within minutes is not told",
        "GpuNodeWithoutPrice",
        [series("mizan_node_without_price", "1x8 stale", node="n1", cluster="c1")],
        15,
    ),
    fires("a price that OpenCost lacks is told", "OpenCostPriceMissing", [ratio("n1", 0), ratio("n2", 1)], 40, OFFER),
    silent("a price that OpenCost has is not told", "OpenCostPriceMissing", [ratio("n1", 0.1)], 40),
    fires(
        "a price of OpenCost that is too low is told",
        "OpenCostPriceDiffers",
        [ratio("n1", 0.79), *price("n1")],
        70,
        OFFER,
    ),
    fires(
        "a price of OpenCost that is too high is told",
        "OpenCostPriceDiffers",
        [ratio("n1", 1.21), *price("n1")],
        70,
        OFFER,
    ),
    silent(
        "prices that differ by a fifth are not told",
        "OpenCostPriceDiffers",
        [ratio("n1", 0.81), ratio("n2", 1.19), *price("n1"), *price("n2")],
        70,
    ),
    silent(
        "a price that is missing does not differ as well", "OpenCostPriceDiffers", [ratio("n1", 0), *price("n1")], 70
    ),
    Told(
        says="prices that differ are told in dollars of the nodes that do",
        alert="OpenCostPriceDiffers",
        inputs=[ratio("n1", 0.5), ratio("n2", 1.5), ratio("n3", 0.9), *price("n1"), *price("n2"), *price("n3")],
        minute=70,
        labels={"cluster": "c1", "severity": "warning", **OFFER},
        annotations={
            "summary": "OpenCost and we are 10.00 USD an hour apart on nodes of pool a100 (spot-a100).",
            "description": "Each of those nodes differs by more than 20 %. See how old our price row is and what "
            "OpenCost takes the node for, then mend whichever is wrong.",
            "runbook_url": "docs/runbooks/OpenCostPriceDiffers.md",
        },
    ),
]


def unallocated(values, **labels):
    return series(
        "gpu_unallocated_cost_total", values, cluster="c1", **{"reason": "unallocated", "part": "gpu"} | labels
    )


MONTH = "sum(mizan_unallocated_cost_month_usd)"

MONTHS = [
    Gives(
        says="a month has all unallocated dollars of all counters",
        expr=MONTH,
        inputs=[unallocated("0+1x100"), unallocated("_x50 0+2x50", part="host"), unallocated("0+1x100", reason="kept")],
        minute=60,
        value=60 + 20 + 60,
    ),
    Gives(
        says="a counter that has ended stays in the month",
        expr=MONTH,
        inputs=[unallocated("0+1x30 stale"), unallocated("0+1x100", part="host")],
        minute=60,
        value=30 + 60,
    ),
    Gives(
        says="dollars that were counted before an outage are counted once",
        expr=MONTH,
        inputs=[unallocated("0+1x30 stale _x30 31+1x60")],
        minute=100,
        value=31 + 38,
    ),
    Gives(
        says="without a counter a month has no unallocated dollars",
        expr=MONTH,
        inputs=[],
        minute=10,
        value=0,
    ),
]
