"""Whatever a budget proposes is a stack that anybody can write, keeps the budget, and costs what was told."""

import re

from hypothesis import HealthCheck, given, settings

from mizan.config import BudgetOn
from mizan.estimate import BudgetLevel
from mizan.plan.reach import held_units
from mizan.plan.warnings import stuck_jobs
from tests.budget_changes import applied, judged, over_budget
from tests.estimate_builders import round_plan

LARGE = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def overfull(plan):
    """The flavors of which there is more quota than GPUs."""
    held = held_units(plan.queues, plan.cohorts)
    return {flavor.name for flavor in plan.flavors if held[flavor.name] > flavor.max_units}


def stuck(plan):
    return stuck_jobs(plan.queues, plan.cohorts, plan.jobs)


@given(over_budget())
@LARGE
def test_every_proposed_change_is_valid_keeps_the_budget_and_costs_what_it_says(values):
    plan, verdicts = round_plan(values), judged(values)
    for position, verdict in enumerate(verdicts):
        for change in verdict.changes:
            changed = applied(values, change.text)
            again = judged(changed)
            assert again[position].spent == change.usd_per_month <= verdict.budget, change.text
            assert again[position].level is not BudgetLevel.EXCEEDED
            assert overfull(round_plan(changed)) <= overfull(plan), change.text
            assert stuck(round_plan(changed)) <= stuck(plan), change.text


@given(over_budget())
@LARGE
def test_what_pools_must_do_together_is_valid_at_every_step_and_keeps_the_budget_at_the_last(values):
    plan, verdicts = round_plan(values), judged(values)
    for position, verdict in enumerate(verdicts):
        stack = values
        for change in verdict.together:
            stack = applied(stack, change.text)
            again = judged(stack)
            assert again[position].spent == change.usd_per_month, change.text
            assert overfull(round_plan(stack)) <= overfull(plan), change.text
            assert stuck(round_plan(stack)) <= stuck(plan), change.text
        if verdict.together:
            assert again[position].level is not BudgetLevel.EXCEEDED


@given(over_budget())
@LARGE
def test_one_node_or_one_gpu_more_than_proposed_does_not_fit(values):
    verdicts = judged(values)
    for position, verdict in enumerate(verdicts):
        for change in verdict.changes:
            if verdict.on is BudgetOn.MAXIMUM and re.fullmatch("[^;]*-> [0-9]+", change.text):
                one_more = re.sub(r"-> (\d+)", lambda found: f"-> {int(found[1]) + 1}", change.text)
                again = judged(applied(values, one_more))
                assert again[position].level is BudgetLevel.EXCEEDED, change.text
