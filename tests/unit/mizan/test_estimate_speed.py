"""How long an estimate may take: limits that `make bench` measures too, held at every commit."""

from tests.bench import estimate


def test_200_pools_and_500_teams_are_planned_within_a_second_and_estimated_within_another():
    assert min(estimate.planning_seconds() for _ in range(3)) < 1
    assert min(estimate.estimating_seconds() for _ in range(3)) < 1


def test_501_exceeded_budgets_each_with_what_would_keep_it_are_judged_within_three_seconds():
    assert min(estimate.judging_seconds() for _ in range(3)) < 3


def test_a_preview_takes_at_most_half_a_second_longer_for_its_estimate():
    assert estimate.preview_seconds() < 0.5
