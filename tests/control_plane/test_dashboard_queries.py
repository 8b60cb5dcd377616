"""What dashboards ask, judged by promtool: Prometheus reads every question, and the answers add up."""

import json
import subprocess

import pytest

from mizan.manifests.prometheus_rules import rules_files
from mizan.metrics.dashboards import money
from mizan.metrics.dashboards.view import View
from mizan.metrics.forecast import forecast
from mizan.metrics.selector import Source
from tests.board_plans import expr_of, exprs, filled, plans, with_all_budgets
from tests.cost_rules import PRICE, at, by, usd, whole_gpus
from tests.metric_series import a_gpu_pod, a_namespace, a_node, dcgm, offer_of
from tests.promtool import STEP, series

PLANS = plans()
DAY = 86_400 // STEP

# 28 days are left of January after three of them.
SPENT = [
    series("mizan_team_cost_month_usd", "300x9000", cluster="c1", team="a", month="197001"),
    series("mizan_team_cost_month_usd", "100x9000", cluster="c1", month="197001"),
    series("mizan_team_cost_month_usd", "30x9000", cluster="c2", team="a", month="197001"),
    series("mizan_unallocated_cost_month_usd", "50x9000", cluster="c1", month="197001"),
    series("mizan_cost_month_counted_seconds", f"0+{STEP}x9000", cluster="c1", month="197001"),
    series("mizan_cost_month_counted_seconds", f"0+{STEP // 2}x9000", cluster="c2", month="197001"),
    series("gpu_cost_hourly", "2x9000", cluster="c1", team="a", namespace="a", part="gpu"),
    series("gpu_cost_hourly", "1x9000", cluster="c2", team="a", namespace="a", part="gpu"),
    series("mizan_node_gpu_price_usd_per_hour", "3x9000", cluster="c1", node="n1", part="gpu"),
    series("mizan_budget_usd_per_month", "1000x9000", cluster="c1", team="a"),
    series("mizan_budget_usd_per_month", "2000x9000", cluster="c1"),
]
VIEW = View()


def asked(expr):
    return filled(expr)


def checked(promtool, file):
    """What promtool says of a file of rules that it takes."""
    done = subprocess.run(
        [str(promtool), "check", "rules", "--lint=none", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", PLANS)
def test_prometheus_reads_every_question(promtool, tmp_path, kind):
    rules = [
        {"record": "asked", "expr": expr, "labels": {"n": str(n)}} for n, (_, expr) in enumerate(exprs(PLANS[kind]))
    ]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}), encoding="utf-8")
    assert f"{len(rules)} rules found" in checked(promtool, file)


@pytest.mark.parametrize("kind", PLANS)
def test_prometheus_reads_the_rules_that_are_written_for_its_operator(promtool, tmp_path, kind):
    for name, rules in rules_files(PLANS[kind]).items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(rules), encoding="utf-8")
        checked(promtool, file)


def test_a_month_ends_as_it_went_on_in_each_cluster_by_its_own(rules):
    of_a = 300 * (1 + 28 / 3)
    rules.give(
        SPENT,
        at(
            3 * DAY,
            asked(money.forecast_of_teams(VIEW)),
            {
                by(cluster="c1", team="a"): of_a,
                by(cluster="c1"): 100 * (1 + 28 / 3),
                # Half of the three days is counted there: too little to go by. What runs goes on.
                by(cluster="c2", team="a"): 30 + 1 * 28 * 24,
            },
        ),
        at(
            3 * DAY,
            forecast(
                'sum by (team) (mizan_team_cost_month_usd{cluster="c1",team="a"})',
                Source(cluster="c1", label="cluster"),
            ),
            {by(team="a"): of_a},
        ),
    )


def test_in_the_first_days_of_a_month_what_runs_is_taken_to_go_on(rules):
    rules.give(
        SPENT,
        at(
            DAY,
            asked(money.forecast_of_teams(VIEW)),
            {
                by(cluster="c1", team="a"): 300 + 2 * 30 * 24,
                # Nothing of it runs now.
                by(cluster="c1"): 100,
                by(cluster="c2", team="a"): 30 + 1 * 30 * 24,
            },
        ),
        at(DAY, asked(money.forecast_of_all(VIEW)), {by(cluster="c1"): 450 + 3 * 30 * 24, by(cluster="c2"): 30}),
    )


def test_the_month_of_all_nodes_is_that_of_every_team_and_of_nobody(rules):
    rules.give(SPENT, at(DAY, asked(money.month_of_all(VIEW)), {by(cluster="c1"): 450, by(cluster="c2"): 30}))


def test_what_is_spent_of_a_budget_is_of_the_cluster_and_team_that_has_it(rules):
    plan = with_all_budgets()
    rules.give(
        SPENT,
        at(DAY, expr_of(plan, "Budget of the stack"), {by(cluster="c1"): 450 / 2000}),
        at(DAY, expr_of(plan, "Teams: spent, forecast and budget", 2), {by(cluster="c1", team="a"): 1000}),
        at(DAY, expr_of(plan, "Teams: spent, forecast and budget", 3), {by(cluster="c1", team="a"): 0.3}),
    )


def busy_and_idle(plan):
    """Two nodes of four GPUs: a busy pod of two and an idle one of one, and a pod that nobody measures."""
    node, second = (a_node(offer_of(plan, "ondemand-a100"), name) for name in ("n1", "n2"))
    return [
        *node,
        *second,
        *a_namespace("team-a"),
        *a_namespace("team-b"),
        *a_gpu_pod("busy", units=2),
        *a_gpu_pod("idle", units=1, namespace="team-b"),
        *a_gpu_pod("unseen", node="n2", units=1, namespace="team-b"),
        *dcgm("DEV_GPU_UTIL", "100x24", pod="busy", namespace="team-a", uuid="GPU-0"),
        *dcgm("DEV_GPU_UTIL", "50x24", pod="busy", namespace="team-a", uuid="GPU-1"),
        *dcgm("DEV_GPU_UTIL", "0x24", pod="idle", namespace="team-b", uuid="GPU-2"),
    ]


def test_the_bands_of_each_dollar_make_up_the_price_of_all_nodes(rules):
    plan = whole_gpus()
    title = "Where each dollar goes, per hour"
    per_gpu = usd(plan) / 4
    bands = [expr_of(plan, title, place) for place in range(4)]
    rules.hold(
        plan,
        busy_and_idle(plan),
        at(4, bands[0], {by(): 1.5 * per_gpu}),
        at(4, bands[1], {by(reason="unused"): 1.5 * per_gpu, by(reason="unallocated"): 4 * per_gpu}),
        at(4, bands[2], {by(): 1 * per_gpu}),
        at(4, bands[3], {by(): 0}),
        at(4, PRICE, 8 * per_gpu),
    )


def test_an_idle_pod_is_named_with_its_team_and_what_it_wastes(rules):
    plan = whole_gpus()
    per_gpu = usd(plan) / 4
    wasted = {"cluster": "c1", "project": "llm", "node": "n1"}
    rules.hold(
        plan,
        busy_and_idle(plan),
        at(
            4,
            expr_of(plan, "Pods that waste most, per hour"),
            {
                by(namespace="team-b", team="team-b", pod="idle", **wasted): per_gpu,
                by(namespace="team-a", team="team-a", pod="busy", **wasted): 0.5 * per_gpu,
            },
        ),
        at(
            4,
            expr_of(plan, "Nodes with free GPUs, per hour"),
            {by(cluster="c1", node="n1"): per_gpu, by(cluster="c1", node="n2"): 3 * per_gpu},
        ),
        at(
            4,
            expr_of(plan, "Owners of unused GPUs", 2),
            {
                by(cluster="c1", team="team-a", namespace="team-a", project="llm"): 2,
                by(cluster="c1", team="team-b", namespace="team-b", project="llm"): 2,
            },
        ),
    )


def test_a_zero_is_shown_only_where_costs_are_counted(rules):
    plan = whole_gpus()
    free = expr_of(plan, "GPU nodes without a price")
    rules.hold(plan, busy_and_idle(plan), at(4, free, 0))
    rules.give([], at(4, free, None))


def test_spot_s_share_and_saving_are_of_what_is_paid(rules):
    plan = whole_gpus()
    spot, full = usd(plan, "spot-a100"), usd(plan)
    inputs = [
        *a_node(offer_of(plan, "spot-a100"), "s1"),
        *a_node(offer_of(plan, "ondemand-a100"), "n1"),
        *a_gpu_pod(node="s1", units=4),
    ]
    rules.hold(
        plan,
        inputs,
        at(4, expr_of(plan, "Dollars on spot"), spot / (spot + full)),
        at(
            4,
            expr_of(plan, "GPUs by how they are bought"),
            {by(capacity_type="spot"): 4, by(capacity_type="on-demand"): 4},
        ),
        at(
            4,
            expr_of(plan, "Offers: paid and saved, per hour", 2),
            {
                by(cluster="c1", pool="a100", offer="spot-a100"): (full - spot) / full,
                by(cluster="c1", pool="a100", offer="ondemand-a100"): 0,
            },
        ),
        at(4, expr_of(plan, "Paid on fallback, per hour"), {by(offer="ondemand-a100"): full}),
    )


@pytest.mark.parametrize(("usd_per_hour", "saved"), [(12, 12), (-12, -12)], ids=["cheaper", "dearer"])
def test_what_spot_saved_is_less_what_it_cost_more(rules, usd_per_hour, saved):
    plan = whole_gpus()
    labels = {"cluster": "c1", "offer": "spot-a100", "capacity_type": "spot"}
    counters = {"gpu_saving_total": max(usd_per_hour, 0), "gpu_overpaid_total": max(-usd_per_hour, 0)}
    told = [series(name, f"0+{usd / 120:g}x240", **labels) for name, usd in counters.items()]
    rules.give(told, at(200, f"round({expr_of(plan, 'Saved in the time shown')}, 0.01)", saved))


def test_gpu_hours_on_fallback_are_added_up(rules):
    plan = whole_gpus()
    hours = [series("mizan_node_gpus", "4x240", cluster="c1", node="n1", offer="ondemand-a100")]
    rules.give(hours, at(200, expr_of(plan, "GPU hours on fallback in the time shown"), {by(offer="ondemand-a100"): 4}))


KUEUE = {"cluster_queue": "training", "replica_role": "leader"}
OF_GPUS = KUEUE | {"flavor": "a100", "resource": "nvidia.com/gpu", "cohort": "all"}


def test_gpus_beyond_a_queue_s_own_are_borrowed_and_each_is_counted_once(rules):
    plan = whole_gpus()
    inputs = [
        series("kueue_cluster_queue_resource_usage", "6x24", **OF_GPUS),
        series("kueue_cluster_queue_resource_usage", "6x24", **(OF_GPUS | {"replica_role": "follower"})),
        series("kueue_cluster_queue_nominal_quota", "4x24", **OF_GPUS),
        series("kueue_cluster_queue_nominal_quota", "4x24", **(OF_GPUS | {"replica_role": "follower"})),
        series("kueue_cluster_queue_resource_usage", "1x24", **(OF_GPUS | {"cluster_queue": "serving"})),
        series("kueue_cluster_queue_nominal_quota", "4x24", **(OF_GPUS | {"cluster_queue": "serving"})),
        series("kueue_cluster_queue_nominal_quota", "64x24", **(OF_GPUS | {"resource": "cpu"})),
        series("kueue_pending_workloads", "2x24", status="active", **KUEUE),
        series("kueue_pending_workloads", "3x24", status="inadmissible", **KUEUE),
    ]
    rules.give(
        inputs,
        at(
            4,
            expr_of(plan, "GPUs that are borrowed, by queue"),
            {by(cluster_queue="training"): 2, by(cluster_queue="serving"): 0},
        ),
        at(
            4,
            expr_of(plan, "Quota that is used, by queue"),
            {by(cluster_queue="training"): 1.5, by(cluster_queue="serving"): 0.25},
        ),
        at(4, expr_of(plan, "Jobs that wait"), 5),
    )


def test_half_of_the_jobs_and_nearly_all_of_them_waited_no_longer_than_is_told(rules):
    plan = whole_gpus()
    waits = {"10": 10, "60": 10, "300": 20, "+Inf": 20}
    inputs = [
        series("kueue_admission_wait_time_seconds_bucket", f"0x2 {count}x120", le=le, priority_class="", **KUEUE)
        for le, count in waits.items()
    ]
    rules.give(
        inputs,
        at(110, expr_of(plan, "Time to admit, by queue"), {by(cluster_queue="training"): 10}),
        at(110, expr_of(plan, "Time to admit, by queue", 1), {by(cluster_queue="training"): 60 + 240 * 0.9}),
    )


def sick(plan):
    """A node with a hot GPU that has failed, told twice as two pods share it, and one that a program hit."""
    return [
        *a_node(offer_of(plan, "ondemand-a100"), "n1"),
        *a_node(offer_of(plan, "ondemand-a100"), "n2"),
        *a_namespace("team-a"),
        *a_gpu_pod("p1", units=4),
        *(each for pod in ("p1", "p2") for each in dcgm("DEV_XID_ERRORS", "79x24", pod=pod, uuid="GPU-0")),
        *dcgm("DEV_XID_ERRORS", "13x24", uuid="GPU-1"),
        *dcgm("DEV_XID_ERRORS", "0x24", uuid="GPU-2"),
        *dcgm("DEV_GPU_TEMP", "91x24", uuid="GPU-0"),
        *dcgm("DEV_GPU_TEMP", "60x24", uuid="GPU-1"),
        *dcgm("DEV_FB_USED", "1x24", uuid="GPU-0"),
        *dcgm("DEV_FB_USED", "1x24", uuid="GPU-1"),
        *dcgm("DEV_THERMAL_VIOLATION", "0+15000000000x24", uuid="GPU-0"),
        *dcgm("DEV_RELIABILITY_VIOLATION", "0x24", uuid="GPU-0"),
    ]


def test_a_gpu_that_has_failed_is_counted_once_with_the_price_of_its_node_and_its_owner(rules):
    plan = whole_gpus()
    owner = by(cluster="c1", team="team-a", namespace="team-a", node="n1")
    rules.hold(
        plan,
        sick(plan),
        at(12, expr_of(plan, "GPUs that are measured"), 2),
        at(12, expr_of(plan, "Nodes that nobody measures"), 1),
        at(12, expr_of(plan, "GPUs with an error"), 1),
        at(12, expr_of(plan, "GPUs that are too hot"), 1),
        at(12, expr_of(plan, "Paid for nodes with errors, per hour"), usd(plan)),
        at(12, expr_of(plan, "Last XID of GPUs"), {by(xid="79"): 1, by(xid="13"): 1, by(xid="0"): 1}),
        at(12, expr_of(plan, "Who is on GPUs with errors"), {owner: 79}),
        at(12, expr_of(plan, "Who is on GPUs with errors", 1), {owner: 91}),
        at(12, expr_of(plan, "Who is on GPUs with errors", 2), {owner: usd(plan)}),
        at(12, expr_of(plan, "GPUs that are held back most"), {by(node="n1", gpu="0", UUID="GPU-0"): 0.5}),
        at(12, expr_of(plan, "Rows of memory"), {by(): 0}),
    )


def test_in_a_store_of_two_clusters_a_node_is_its_own_cluster_s(rules):
    """Two nodes of one name: only that of c1 is measured, and has an owner."""
    plan = PLANS["shared store by our label"]
    inputs = [
        series(name, f"{value}x24", cluster=cluster, node="n1", **labels)
        for cluster in ("c1", "c2")
        for name, value, labels in (
            ("mizan_node_gpu_price_usd_per_hour", 8, {"part": "gpu"}),
            ("mizan_node_counted_gpus", 4, {}),
            ("mizan_cost_evaluated_timestamp_seconds", 1, {}),
        )
    ]
    inputs += [
        series("mizan_owner_gpus", "2x24", cluster="c1", node="n1", team="a", namespace="a"),
        *dcgm("DEV_FB_USED", "1x24", cluster="c1"),
        *dcgm("DEV_XID_ERRORS", "79x24", cluster="c1"),
        *dcgm("DEV_GPU_TEMP", "60x24", cluster="c1"),
        *dcgm("DEV_XID_ERRORS", "0x24", cluster="c2"),
    ]
    rules.give(
        inputs,
        at(4, expr_of(plan, "Nodes that nobody measures"), 1),
        at(4, expr_of(plan, "Paid for nodes with errors, per hour"), 8),
        at(
            4, expr_of(plan, "Who is on GPUs with errors", 2), {by(cluster="c1", team="a", namespace="a", node="n1"): 4}
        ),
    )
