"""The question for the month's dollars, answered by Prometheus' own engine over the plan's own rules."""

from mizan.budgets.costs import question
from mizan.manifests.budget_enforcer import question_of
from mizan.metrics import names
from mizan.metrics.selector import Source
from tests.budget_stacks import a_budget_plan
from tests.churn import churn
from tests.cost_rules import at, by, whole_gpus
from tests.promtool import STEP, series

ASKED = question_of(a_budget_plan())
MONTH = "197001"
STEPS = 20


def stored(name, value, **labels):
    return series(name, f"{value}x{STEPS}", **labels)


def test_it_gives_every_team_s_dollars_and_how_far_they_are_to_be_relied_on_at_once(rules):
    inputs = [
        stored("mizan_team_cost_month_usd", 12.5, cluster="c1", team="team-a", month=MONTH),
        stored("mizan_team_cost_month_usd", 7, cluster="c1", team='te"am\\', month=MONTH),
        # Of pods without a team: with the seconds it has all its labels in common.
        stored("mizan_team_cost_month_usd", 3, cluster="c1", month=MONTH),
        stored("mizan_cost_month_counted_seconds", 60, cluster="c1", month=MONTH),
        stored("mizan_cost_evaluated_timestamp_seconds", 90, cluster="c1"),
    ]
    answers = {
        by(row="spent", team="team-a", month=MONTH): 12.5,
        by(row="spent", team='te"am\\', month=MONTH): 7,
        by(row="spent", month=MONTH): 3,
        by(row="counted", month=MONTH): 60,
        by(row="evaluated"): 90,
    }
    rules.give(inputs, at(5, ASKED, answers))


def test_two_prometheus_of_a_cluster_are_one_answer_and_other_clusters_are_none(rules):
    source = Source(cluster="c1", label="cluster")
    asked = question(source.own(names.TEAM_MONTH), source.own(names.MONTH_COUNTED), source.own(names.EVALUATED))
    inputs = [
        stored(name, value, cluster=cluster, **replica, **labels)
        for cluster, replica, value in (("c1", {"replica": "a"}, 5), ("c1", {"replica": "b"}, 4), ("c2", {}, 900))
        for name, labels in (
            ("mizan_team_cost_month_usd", {"team": "team-a", "month": MONTH}),
            ("mizan_cost_month_counted_seconds", {"month": MONTH}),
            ("mizan_cost_evaluated_timestamp_seconds", {}),
        )
    ]
    answers = {
        by(row="spent", team="team-a", month=MONTH): 5,
        by(row="counted", month=MONTH): 5,
        by(row="evaluated"): 5,
    }
    rules.give(inputs, at(5, asked, answers))


def test_the_plan_s_own_rules_give_all_that_it_asks_for(rules):
    plan = whole_gpus()
    drawn = churn(plan, 1, STEPS * STEP)
    passed = (STEPS + 1) * STEP
    evaluated = f"sum(({ASKED}) and on (row) label_replace(vector(1), 'row', 'evaluated', '', ''))"
    counted = f"sum(({ASKED}) and on (row) label_replace(vector(1), 'row', 'counted', '', ''))"
    teams = f"count by (team) (({ASKED}) and on (row) label_replace(vector(1), 'row', 'spent', '', ''))"
    questions = [
        at(STEPS + 1, evaluated, passed),
        at(STEPS + 1, counted, passed),
        at(STEPS + 1, teams, {by(team="team-a"): 1, by(team="team-b"): 1, by(): 1}),
    ]
    rules.hold(plan, drawn.series(), *questions)
