"""Dollars add up: at every evaluation, over an hour, over a restart and over the end of a month."""

import pytest

from mizan.metrics import names
from mizan.metrics.totals import total_rules
from tests.builders import a_plan
from tests.churn import TEAMS, churn
from tests.cost_rules import PAID, SOURCE, adds_up, at, by, whole_gpus
from tests.gke_stacks import a_gke_plan
from tests.metric_series import KSM
from tests.promtool import STEP, series
from tests.sharing_stacks import LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack

HOUR = 3600 // STEP
AFTER = HOUR + 2


def plan_of(kind):
    if kind == "whole":
        return whole_gpus()
    if kind == "gke":
        return a_gke_plan(a_sharing_stack("gke", TURNS))
    return a_plan(a_sharing_stack("local", {"mig": LAYOUT, "profile": PROFILE, "turns": TURNS, "mps": MPS}[kind]))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["whole", "mig", "profile", "turns", "gke", "mps"])
def test_pods_and_what_is_left_make_up_the_nodes_price_whoever_comes_and_goes(rules, kind, seed):
    plan = plan_of(kind)
    drawn = churn(plan, seed, 3600)
    steps = [step for step in range(HOUR + 1) if drawn.price(step)]
    costs = {step: drawn.cost(step) for step in steps}
    assert {name for cost in costs.values() for name in cost} == set(TEAMS)
    questions = [question for step in steps for question in (adds_up(step), at(step, PAID, drawn.price(step)))]
    questions += [
        at(step, "sum by (namespace) (gpu_cost_hourly)", {by(namespace=name): usd for name, usd in cost.items()})
        for step, cost in costs.items()
    ]
    hours = STEP / 3600
    of_team = {team: sum(cost.get(team, 0) for cost in costs.values()) * hours for team in TEAMS}
    of_nodes = sum(node.usd_per_hour * node.life.steps for node in drawn.nodes) * hours
    total = "sum(gpu_cost_total) + sum(gpu_unallocated_cost_total)"
    questions += [
        at(AFTER, "sum by (namespace) (gpu_cost_total)", {by(namespace=name): usd for name, usd in of_team.items()}),
        at(
            AFTER,
            "sum by (namespace) (increase(gpu_cost_total[62m]))",
            {by(namespace=name): usd for name, usd in of_team.items()},
        ),
        at(AFTER, total, of_nodes),
        at(
            AFTER,
            "sum by (team) (mizan_team_cost_month_usd)",
            {by(team="team-a"): of_team["team-a"], by(team="team-b"): of_team["team-b"], by(): of_team["team-c"]},
        ),
        at(AFTER, 'sum(mizan_cost_month_counted_seconds{month="197001"})', AFTER * STEP),
    ]
    system = series("kube_pod_info", f"1x{AFTER}", namespace="kube-system", pod="dns", uid="dns", node="system", **KSM)
    rules.hold(plan, [*drawn.series(), system], *questions)
    # By definition each node is seen to within one interval of its life.
    lived = sum(node.usd_per_hour * (node.life.end - node.life.begin) for node in drawn.nodes) / 3600
    assert abs(of_nodes - lived) <= sum(node.usd_per_hour for node in drawn.nodes) * hours


def expression(of):
    (found,) = [rule.expr for rule in total_rules(SOURCE, has_pods=True) if rule.series is of]
    return found


def paid(hourly, total):
    labels = {"cluster": "c1", "team": "team-a"}
    return [series("gpu_cost_hourly", hourly, **labels), series("gpu_cost_total", total, **labels)]


@pytest.mark.parametrize(
    ("away", "usd"),
    [(1, 10.3), (2, 10.6), (5, 11.5), (8, 11.5), (60, 10)],
    ids=["goes on", "one missed", "2.5 min", "4 min", "30 min"],
)
def test_a_counter_goes_on_after_a_restart_and_bills_no_more_than_five_intervals_unseen(rules, away, usd):
    inputs = paid("36x10", "10x10")
    rules.give(inputs, at(10 + away, expression(names.COST_TOTAL), {by(cluster="c1", team="team-a"): usd}))


def test_a_counter_starts_anew_after_two_hours_and_increase_takes_it_for_that(rules):
    inputs = paid("36x10 _x300 36x10", "10x10 _x300 0 0.3 0.6 0.9")
    back = 311
    rules.give(
        inputs,
        at(back, expression(names.COST_TOTAL), {by(cluster="c1", team="team-a"): 0}),
        at(back - 5, expression(names.COST_TOTAL), None),
    )


def test_a_counter_ends_two_hours_after_its_last_dollar(rules):
    inputs = paid("36x10 stale", "10x400")
    answer = {by(cluster="c1", team="team-a"): 10}
    rules.give(inputs, at(200, expression(names.COST_TOTAL), answer), at(260, expression(names.COST_TOTAL), None))


# Where promtool's clock starts, January 1970 ends here.
MONTHS_END = 31 * 24 * HOUR


def test_a_team_s_month_begins_at_nothing_on_the_first_utc(rules):
    kept = {"cluster": "c1", "team": "team-a"}
    inputs = [
        series("gpu_cost_hourly", f"_x{MONTHS_END - 100} 36x100", **kept, namespace="team-a"),
        series("gpu_cost_hourly", f"_x{MONTHS_END - 100} 36x100", cluster="c1", namespace="else"),
        series("mizan_team_cost_month_usd", f"_x{MONTHS_END - 100} 500x100", **kept, month="197001"),
    ]
    month = expression(names.TEAM_MONTH)
    rules.give(
        inputs,
        at(MONTHS_END - 1, month, {by(team="team-a", month="197001"): 500.3, by(month="197001"): 0.3}),
        at(MONTHS_END, month, {by(team="team-a", month="197002"): 0.3, by(month="197002"): 0.3}),
    )


def test_a_team_s_month_outlives_a_day_without_prometheus(rules):
    labels = {"cluster": "c1", "team": "team-a"}
    inputs = [series("mizan_team_cost_month_usd", "500x10", **labels, month="197001")]
    day = 24 * HOUR
    rules.give(inputs, at(day, expression(names.TEAM_MONTH), {by(team="team-a", month="197001"): 500}))
