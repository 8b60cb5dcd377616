"""Budgets: when they are kept, and what would keep a team's."""

import pytest

from mizan.config import BudgetOn
from mizan.estimate import BudgetLevel, BudgetSubject
from tests.budget_changes import judged, on_demand, texts, usd, with_budget
from tests.builders import a_team
from tests.estimate_builders import a_whole_queue


@pytest.mark.parametrize(
    ("dollars", "level"),
    [
        ("3728.00", BudgetLevel.ADVISORY),
        ("3727.99", BudgetLevel.EXCEEDED),
        ("4660.00", BudgetLevel.ADVISORY),
        ("4660.01", BudgetLevel.OK),
    ],
)
def test_a_budget_warns_from_its_advisory_share_on_and_is_exceeded_above_itself(dollars, level):
    """One node half of the time: 3655 + 73 = 3728, of which 4660 is 125 %."""
    (verdict,) = judged(with_budget(on_demand(1), dollars))
    assert (verdict.level, verdict.spent, verdict.budget) == (level, usd("3728.00"), usd(dollars))
    assert verdict.subject is BudgetSubject.STACK


def test_a_budget_warns_at_its_own_advisory_share():
    (verdict,) = judged(with_budget(on_demand(1), 7456, advisoryPercent=50))
    assert (verdict.level, verdict.percent) == (BudgetLevel.ADVISORY, 50)


def test_a_budget_on_the_maximum_holds_the_maximum():
    (verdict,) = judged(with_budget(on_demand(1), 7000, on="maximum"))
    assert (verdict.on, verdict.spent, verdict.level) == (BudgetOn.MAXIMUM, usd("7383.00"), BudgetLevel.EXCEEDED)


def test_without_a_budget_nothing_is_judged():
    assert judged(on_demand(1)) == ()


def test_a_team_s_budget_holds_its_share_and_names_less_quota():
    """12 GPUs of 4 nodes of 4 are 3 nodes, half full: 10965. 8000 are 8 GPUs, 36 % or 122 hours: 10965 x 122 / 168."""
    values = on_demand(4) | {"queues": [a_whole_queue(12)], "teams": [a_team(budget={"usdPerMonth": 8000})]}
    (verdict,) = judged(values)
    assert (verdict.subject, verdict.name, verdict.spent) == (BudgetSubject.TEAM, "team-a", usd("10965.00"))
    assert texts(verdict) == {
        "utilisationPercent 50 -> 36 with hoursPerWeek 168": "7894.80",
        "hoursPerWeek 168 -> 122 with utilisationPercent 50": "7962.68",
        "gpus of queue training 12 -> 8": "7310.00",
    }


def test_a_team_of_two_queues_must_give_up_some_of_both_where_one_is_not_enough():
    queues = [a_whole_queue(8) | {"name": name} for name in ("x", "y")]
    team = a_team(queues=["x", "y"], budget={"usdPerMonth": 7000, "on": "maximum"})
    (verdict,) = judged(on_demand(4) | {"queues": queues, "teams": [team]})
    # 16 of 16 GPUs at 1827.50 each: 3 fit; in equal parts 1 of 8 in both queues.
    assert texts(verdict) == {"gpus of queue x 8 -> 1; gpus of queue y 8 -> 1": "3655.00"}


def test_a_queue_that_others_borrow_from_keeps_a_gpu_to_lend():
    """A quota of nothing lends nothing, and who borrows then has no lender."""
    lender, borrower = (a_whole_queue(8) | {"name": name, "cohort": "all"} for name in ("x", "y"))
    borrower["quotas"] = [{"pool": "a100", "gpus": 8, "borrow": 4}]
    teams = [a_team(queues=["x"], budget={"usdPerMonth": 1, "on": "maximum"}), a_team(name="b", queues=["y"])]
    values = on_demand(4) | {"queues": [lender, borrower], "cohorts": [{"name": "all"}], "teams": teams}
    (verdict,) = judged(values)
    assert (verdict.changes, verdict.together) == ((), ())
    teams[0]["budget"]["usdPerMonth"] = 1900
    (verdict,) = judged(values)
    assert texts(verdict) == {"gpus of queue x 8 -> 1": "1827.50"}


def test_stack_and_teams_are_judged_in_their_order():
    teams = [
        a_team(name="a", budget={"usdPerMonth": 10**6}),
        a_team(name="b"),
        a_team(name="c", budget={"usdPerMonth": 1}),
    ]
    verdicts = judged(with_budget(on_demand(1, teams=teams), 10**6))
    assert [(verdict.name, verdict.level.value) for verdict in verdicts] == [
        ("test", "ok"),
        ("a", "ok"),
        ("c", "exceeded"),
    ]
    assert [verdict.path for verdict in verdicts] == [("budget",), ("teams", 0, "budget"), ("teams", 2, "budget")]
