"""Alerts of measuring itself, and those of dollars that our rules count from what exporters tell."""

from tests.alerts_told import BOUGHT, PLAN, evaluated, fires, price, silent
from tests.metric_series import KSM, a_gpu_pod, a_namespace, a_node, dcgm, offer_of
from tests.promtool import present, series


def fb_used(node, values="100x200", **labels):
    return dcgm("DEV_FB_USED", values, node=node, uuid=f"GPU-{node}", **labels)


def rule_group(metric, values, group="mizan-cost"):
    return series(f"prometheus_rule_{metric}", values, rule_group=f"/etc/rules.yaml;{group}")


def counted(values):
    return [
        series("mizan_cost_month_counted_seconds", values, month="197001", cluster="c1"),
        *price("n1", values="x320"),
    ]


MEASURING = [
    fires(
        "a pool is told whose GPUs nobody measures",
        "DcgmMissing",
        [*price("n1"), *price("n2"), *fb_used("n1")],
        60,
        {"pool": "a100", "severity": "warning"},
    ),
    silent("a pool that is measured is not told", "DcgmMissing", [*price("n1"), *fb_used("n1")], 60),
    silent("a node that has just come is not told", "DcgmMissing", price("n1"), 19),
    silent(
        "nodes that come and go before their exporter starts are not told",
        "DcgmMissing",
        [
            series(
                "mizan_node_gpu_price_usd_per_hour",
                present(n * 15, n * 15 + 15, 5),
                node=f"n{n}",
                part="gpu",
                cluster="c1",
                **BOUGHT,
            )
            for n in range(6)
        ],
        80,
    ),
    fires(
        "it is told that nothing is counted",
        "CostNotEvaluated",
        [evaluated("1x20 stale")],
        30,
        {"severity": "critical"},
    ),
    silent("one evaluation that is missing is not told", "CostNotEvaluated", [evaluated("1x20 stale 1x20")], 24),
    fires(
        "rules that fail are told",
        "CostRulesFail",
        [rule_group("evaluation_failures_total", "0x10 0+1x100")],
        30,
        {"severity": "critical"},
    ),
    fires(
        "rules that come late are told",
        "CostRulesFail",
        [rule_group("group_iterations_missed_total", "0x10 0+1x100")],
        30,
        {"rule_group": "/etc/rules.yaml;mizan-cost"},
    ),
    silent(
        "other people's rules that fail are not told",
        "CostRulesFail",
        [
            rule_group("evaluation_failures_total", "0x10 0+1x100", group="node-exporter"),
            rule_group("evaluation_failures_total", "7x100"),
        ],
        30,
    ),
]

# Every 5 minutes.
GAPS = [
    fires(
        "an hour that nobody counted is told",
        "CostGap",
        counted("0+300x120 36000x12 36000+300x180"),
        1460,
        {"severity": "warning"},
    ),
    silent("a day that was counted is not told", "CostGap", counted("0+300x320"), 1460),
    silent("a stack's first day is not told", "CostGap", counted("0+300x12 3600x200"), 1000),
]

# From what exporters tell, every 30 s. Two nodes of 4 GPUs: team-a's does nothing, team-b's works.
ALWAYS = "1x300"


def measured(pod, node, busy, namespace):
    """A pod that has a whole node, measured but for an hour in which the exporter is gone."""
    given = [
        *a_node(offer_of(PLAN, "ondemand-a100"), node, ALWAYS),
        *a_gpu_pod(pod, node, 4, namespace=namespace, values=ALWAYS, labels={}),
        *a_namespace(namespace, ALWAYS),
    ]
    gone = "x80 stale _x119 {}x100"
    for gpu in range(4):
        labels = {"node": node, "uuid": f"{node}-{gpu}", "pod": pod, "namespace": namespace, "container": "main"}
        given += dcgm("DEV_GPU_UTIL", f"{busy}{gone.format(busy)}", **labels)
        given += dcgm("DEV_FB_USED", f"100{gone.format(100)}", **labels)
    return given


LAB = [*measured("p1", "n1", 0, "team-a"), *measured("p2", "n2", 100, "team-b")]
OF_TEAM_A = {"team": "team-a", "namespace": "team-a"}


def opencost(values):
    return series("node_total_hourly_cost", values, node="n1", instance="n1", job="opencost")


NODE = a_node(offer_of(PLAN, "ondemand-a100"), "n1", "1x200")

COUNTED_DOLLARS = [
    fires("a team whose GPUs do nothing is told as long as they are measured", "GpuIdle", LAB, 39, OF_TEAM_A),
    silent("nobody is told of idle GPUs when nobody measures them", "GpuIdle", LAB, 99),
    fires("it is told instead that nobody measures them", "DcgmMissing", LAB, 99, {"pool": "a100"}),
    silent("it is not told any more once the exporter is back", "DcgmMissing", LAB, 115),
    fires("what is idle again is told again", "GpuIdle", LAB, 130, OF_TEAM_A),
    silent("costs were counted all the while", "CostNotEvaluated", LAB, 99),
    fires(
        "a node that no offer prices is told, though it costs nothing that is known",
        "GpuNodeWithoutPrice",
        [series("kube_node_status_allocatable", "8x200", node="n9", resource="nvidia_com_gpu", **KSM)],
        20,
        {"severity": "warning"},
    ),
    silent("a node that an offer prices is not told", "GpuNodeWithoutPrice", NODE, 20),
    fires(
        "a price of OpenCost that is no number is told as missing",
        "OpenCostPriceMissing",
        [*NODE, opencost(" ".join(["NaN"] * 200))],
        60,
        {"pool": "a100", "offer": "ondemand-a100"},
    ),
    silent("without OpenCost nothing of it is told", "OpenCostPriceMissing", NODE, 60),
]
