"""Dollars after rules that failed, and after a restart of Prometheus, which tells nobody what ended meanwhile."""

import pytest

from mizan.metrics import names
from mizan.metrics.alerts.month import UNALLOCATED_MONTH, month_rules
from mizan.metrics.rule import Group
from mizan.metrics.totals import INTERVAL_SECONDS, total_rules
from tests.cost_rules import PAID, SOURCE, at, by, usd, whole_gpus
from tests.gke_stacks import a_gke_plan
from tests.metric_series import a_gpu_pod, a_namespace, a_node, offer_of
from tests.promtool import STEP, series

BY_NAMESPACE = "sum by (namespace) (gpu_cost_hourly)"
AFTER_RESTART = "1x42"
OWNER = {"cluster": "c1", "team": "team-a", "namespace": "team-a"}
BOUGHT = {"pool": "a100", "offer": "ondemand-a100", "capacity_type": "on-demand", "gpu_model": "a100-40gb"}


def group_of(*wanted):
    found = tuple(rule for rule in total_rules(SOURCE, has_pods=True) if rule.series in wanted)
    return [Group(name="totals", interval_seconds=INTERVAL_SECONDS, rules=found).document("c1")]


@pytest.mark.parametrize("failed", [1, 2, 5, 9])
def test_dollars_an_hour_that_are_not_renewed_count_once_for_each_second(rules, failed):
    inputs = [series("gpu_cost_hourly", f"36x10 _x{failed} 36x30", **OWNER)]
    rules.give(
        inputs,
        *(at(step, "sum(gpu_cost_total)", step * 0.3) for step in (9, 9 + failed, 11 + failed, 40)),
        at(40, "sum(mizan_team_cost_month_usd)", 40 * 0.3),
        groups=group_of(names.COST_TOTAL, names.TEAM_MONTH),
    )


def test_dollars_an_hour_that_are_gone_for_longer_than_prometheus_looks_back_are_in_no_bill(rules):
    inputs = [series("gpu_cost_hourly", "36x10 _x30 36x10", **OWNER)]
    # Of 31 intervals without a new sample it looks back 10.
    rules.give(
        inputs,
        at(50, "sum(gpu_cost_total)", (50 - 21) * 0.3),
        groups=group_of(names.COST_TOTAL),
    )


@pytest.mark.parametrize("failed", [1, 3])
def test_a_counter_whose_own_rule_failed_makes_up_for_it(rules, failed):
    (total,) = [rule.expr for rule in total_rules(SOURCE, has_pods=True) if rule.series is names.COST_TOTAL]
    inputs = [series("gpu_cost_hourly", "36x30", **OWNER), series("gpu_cost_total", "10x10", **OWNER)]
    rules.give(inputs, at(11 + failed, total, {by(**OWNER): 10 + (1 + failed) * 0.3}))


@pytest.mark.parametrize("failed", [1, 4])
def test_the_seconds_of_a_month_are_counted_once_while_the_moment_of_evaluation_is_not_renewed(rules, failed):
    inputs = [series("mizan_cost_evaluated_timestamp_seconds", f"1x10 _x{failed} 1x30", cluster="c1")]
    rules.give(
        inputs,
        at(30, "sum(mizan_cost_month_counted_seconds)", 30 * 30),
        groups=group_of(names.MONTH_COUNTED),
    )


def price_of_before(gpu, host, **other):
    """A node's price as the Prometheus before recorded it: no marker says that it has ended."""
    labels = {"cluster": "c1", "node": "n1", **BOUGHT, "machine": "a2-highgpu-4g", "basis": "listed"} | other
    return [
        series(name, f"{value}", part=part, as_of="2026-01-01", **labels)
        for name in ("mizan_offer_node_price_usd_per_hour", "mizan_node_gpu_price_usd_per_hour")
        for part, value in (("gpu", gpu), ("host", host))
    ]


def two_nodes(plan):
    offer = offer_of(plan, "ondemand-a100")
    return [
        *(each for name in ("n1", "n2") for each in a_node(offer, name, AFTER_RESTART)),
        *a_gpu_pod(units=4, values=AFTER_RESTART),
        *a_gpu_pod("p2", "n2", units=4, namespace="team-b", values=AFTER_RESTART),
    ]


@pytest.mark.parametrize(
    ("gpu", "host", "is_dearer"),
    [(1.0, 1.0, False), (13.0, 0.1, False), (14.0, 0.9, True)],
    ids=["far below", "dearer GPUs alone", "dearer as a whole"],
)
def test_an_old_price_beside_the_new_one_fails_no_rule_and_one_of_them_counts_whole(rules, gpu, host, is_dearer):
    plan = whole_gpus()
    own, old = usd(plan), gpu + host
    assert (old > own) is is_dearer
    counts = max(own, old)
    rules.hold(
        plan,
        [*two_nodes(plan), *price_of_before(gpu, host)],
        at(4, BY_NAMESPACE, {by(namespace="team-a"): counts, by(namespace="team-b"): own}),
        at(4, PAID, counts + own),
        at(4, 'sum by (node) (mizan_unit_price_usd_per_hour{node="n2"})', {by(node="n2"): own / 4}),
        at(20, BY_NAMESPACE, {by(namespace="team-a"): own, by(namespace="team-b"): own}),
    )


def test_an_offer_that_had_another_name_before_fails_no_rule(rules):
    plan = whole_gpus()
    gone = series(
        "mizan_counted_gpu_price_usd_per_hour", "0.1", cluster="c1", node="n1", part="gpu", **BOUGHT | {"offer": "old"}
    )
    rules.hold(
        plan,
        [*two_nodes(plan), *price_of_before(1.0, 1.0, offer="old"), gone],
        at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan), by(namespace="team-b"): usd(plan)}),
    )


def test_an_owner_of_before_beside_the_new_one_fails_no_rule_and_a_pod_is_paid_once(rules):
    plan = whole_gpus()
    pod = {"namespace": "team-a", "pod": "p1", "uid": "uid-team-a-p1"}
    gone = series("mizan_pod_owner", "1", cluster="c1", team="team-a", cost_center="old", project="llm", **pod)
    rules.hold(
        plan,
        [*two_nodes(plan), *a_namespace("team-a", AFTER_RESTART, **{"cost-center": "new"}), gone],
        at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan), by(namespace="team-b"): usd(plan)}),
        at(4, PAID, 2 * usd(plan)),
        at(20, 'sum by (cost_center) (gpu_cost_hourly{namespace="team-a"})', {by(cost_center="new"): usd(plan)}),
    )


@pytest.mark.parametrize("away", [3600, 7140, 7170, 7200, 7290])
def test_unallocated_dollars_of_a_month_stay_when_their_counter_begins_anew(rules, away):
    (month,) = [rule.expr for rule in month_rules(whole_gpus(), SOURCE) if rule.series is UNALLOCATED_MONTH]
    counter = f"1000x9 stale _x{away // STEP - 2} 0+0.5x20"
    back = 9 + away // STEP
    rules.give(
        [
            series("gpu_unallocated_cost_total", counter, cluster="c1", reason="kept", offer="ondemand-a100"),
            series("mizan_unallocated_cost_month_usd", "1000x400", cluster="c1", month="197001"),
        ],
        at(back, month, {by(month="197001"): 1000}),
        at(back + 4, month, {by(month="197001"): 1001}),
    )


def test_without_pods_of_kube_state_metrics_no_moment_counts_and_the_month_is_told_to_have_a_gap(rules):
    plan = a_gke_plan()
    offer = plan.offers[0]
    seen = "1x9 stale"
    inputs = [
        *a_node(offer, values="1x60"),
        *a_namespace("team-a", "1x60"),
        *a_gpu_pod(units=offer.machine.gpus, values=seen),
    ]
    price = float(offer.price.usd_per_hour)
    rules.hold(
        plan,
        inputs,
        at(9, "count(mizan_cost_evaluated_timestamp_seconds)", 1),
        at(9, "sum(mizan_team_cost_month_usd)", 9 * price * 30 / 3600),
        at(11, "mizan_cost_evaluated_timestamp_seconds", None),
        # The last dollars that pods cost are counted after they have gone.
        at(60, "sum(mizan_cost_month_counted_seconds)", 300),
        at(60, "sum(mizan_team_cost_month_usd)", 10 * price * 30 / 3600),
    )


def test_an_embedded_cluster_without_a_pod_counts_all_the_same(rules):
    plan = whole_gpus()
    nodes = a_node(offer_of(plan, "ondemand-a100"))
    rules.hold(plan, nodes, at(20, "sum(mizan_cost_month_counted_seconds)", 20 * 30))
