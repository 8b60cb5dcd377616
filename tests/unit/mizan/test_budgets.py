"""Budgets: when they are kept, and which changes would keep them; each proposal is applied and estimated again."""

import copy
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.config import BudgetOn
from mizan.estimate import BudgetLevel, BudgetSubject, Size, estimate, judge, message
from tests.builders import a_pool, a_queue, a_team
from tests.estimate_builders import FIFTH_LOST, MACHINE, RATE, capacity, one_pool, round_plan, round_stack, use


def usd(text):
    return Decimal(text)


def judged(values):
    plan = round_plan(values)
    return judge(plan, estimate(plan, RATE))


def with_budget(values, dollars, **changes):
    return values | {"budget": {"usdPerMonth": dollars, **changes}}


def on_demand(nodes, **stack):
    """On-demand nodes half full, at 7310 a month each with disk; the control plane is 73."""
    return one_pool(use=use(168, 50), on_demand=nodes, stack=stack)


def texts(verdict):
    return {change.text: str(change.usd_per_month) for change in verdict.changes}


def applied(values, change):
    """The stack with what a change proposes; None where the stack file cannot say it, such as no pool at all."""
    changed = copy.deepcopy(values)
    name, what = re.fullmatch(r"(?:pool|queue) ([a-z0-9-]+): (.+)", change).groups()
    quotas = [quota for queue in changed["queues"] for quota in queue["quotas"]]
    for part in what.split(" and "):
        if part == "left out":
            changed["pools"] = [pool for pool in changed["pools"] if pool["name"] != name]
            changed["queues"][0]["quotas"] = [quota for quota in quotas if quota["pool"] != name]
        elif quota := re.fullmatch(r"gpus of pool (\S+) \d+ -> (\d+)", part):
            next(each for each in quotas if each["pool"] == quota[1])["gpus"] = int(quota[2])
        else:
            apply_to_pool(next(pool for pool in changed["pools"] if pool["name"] == name), part)
    return changed if changed["pools"] and changed["queues"][0]["quotas"] else None


def apply_to_pool(pool, part):
    if nodes := re.fullmatch(r"maxNodes of (\S+) \d+ -> (\d+)", part):
        next(item for item in pool["capacity"] if item["type"] == nodes[1])["maxNodes"] = int(nodes[2])
    elif gone := re.fullmatch(r"without (\S+)", part):
        pool["capacity"] = [item for item in pool["capacity"] if item["type"] != gone[1]]
    else:
        key, most = re.fullmatch(r"(hoursPerWeek|utilisationPercent) \d+ -> (\d+)", part).groups()
        pool["expectedUse"] = pool["expectedUse"] | {key: int(most)}


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


def test_at_the_maximum_the_most_nodes_that_fit_are_named():
    """73 + 7310 a node: 3 of 4 cost 22003."""
    (verdict,) = judged(with_budget(on_demand(4), 22003, on="maximum"))
    assert texts(verdict) == {"pool a100: maxNodes of on-demand 4 -> 3": "22003.00"}
    (verdict,) = judged(with_budget(on_demand(4), "22002.99", on="maximum"))
    assert texts(verdict) == {"pool a100: maxNodes of on-demand 4 -> 2": "14693.00"}


def test_for_the_expected_size_less_use_fits_too():
    """4 nodes half full: 14620 + 73. 10000 are 2 nodes, 33 % (29240 x 0.33) or 114 hours (14620 x 114 / 168)."""
    (verdict,) = judged(with_budget(on_demand(4), 10_000))
    assert texts(verdict) == {
        "pool a100: utilisationPercent 50 -> 33": "9722.20",
        "pool a100: hoursPerWeek 168 -> 114": "9993.71",
        "pool a100: maxNodes of on-demand 4 -> 2": "7383.00",
    }
    # The one that takes least away comes first.
    assert [change.usd_per_month for change in verdict.changes] == sorted(map(usd, texts(verdict).values()))[::-1]


def test_what_fewer_spot_nodes_would_push_to_on_demand_is_counted():
    """30 % of 2 + 4 nodes is 1.8; spot does 1.6 of it, on-demand 0.2: 2 x 2920 + 0.2 x 7300 = 7300.

    With one spot node it is 1.5, of which on-demand does 0.7: 2920 + 5110 = 8030, which is dearer; without spot 1.2
    on-demand, 8760. With 3 on-demand nodes 1.5 fits onto spot: 1.875 x 2920 = 5475.
    """
    (verdict,) = judged(with_budget(one_pool(use=use(168, 30), spot=2, on_demand=4), 7300))
    # Disks of 2.2 and of 1.875 nodes, and the control plane.
    assert verdict.spent == usd("7395.00")
    assert {text: cost for text, cost in texts(verdict).items() if "maxNodes" in text or "without" in text} == {
        "pool a100: maxNodes of on-demand 4 -> 3": str(usd("5475.00") + usd("18.75") + 73)
    }


def test_only_pools_that_cost_enough_are_named_for_a_change():
    pools = [
        a_pool(name="big", capacity=capacity(on_demand=5)),
        a_pool(name="small", capacity=capacity(on_demand=1)),
    ]
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "big", "gpus": 4}])]
    (verdict,) = judged(with_budget(round_stack(pools=pools, queues=queues), 30_000, on="maximum"))
    # 6 x 7310 + 73 = 43933; dropping `small` alone is not enough.
    assert texts(verdict) == {"pool big: maxNodes of on-demand 5 -> 3": "29313.00"}
    assert [(each.pool, str(each.usd_per_month)) for each in verdict.costliest] == [
        ("big", "36550.00"),
        ("small", "7310.00"),
    ]


def test_where_no_offer_is_enough_the_last_ones_of_a_pool_go_first():
    """5840 + 20 for spot and 7310 x 2 for on-demand: neither alone brings 20553 down to 3003; one spot node does."""
    values = one_pool(use=use(168, 100), spot=2, on_demand=2)
    (verdict,) = judged(with_budget(values, 3003, on="maximum"))
    assert texts(verdict) == {"pool a100: maxNodes of spot 2 -> 1 and without on-demand": "3003.00"}


def test_where_no_pool_is_enough_two_and_then_all_are_asked():
    pools = [a_pool(name=name, capacity=capacity(on_demand=10)) for name in ("a", "b", "c")]
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "a", "gpus": 4}])]
    stack = round_stack(pools=pools, queues=queues)
    # 30 x 7310 + 73. With a and b at 40 % of 10 nodes, 18 are left; at 10 %, 12.
    (verdict,) = judged(with_budget(stack, 18 * 7310 + 73, on="maximum"))
    assert verdict.changes == ()
    assert [(each.text, each.usd_per_month) for each in verdict.together] == [
        ("pools a and b: every maxNodes to 49 % of it, rounded down", usd("131653.00"))
    ]
    (verdict,) = judged(with_budget(stack, 7 * 7310 + 73, on="maximum"))
    assert [(each.text, each.usd_per_month) for each in verdict.together] == [
        ("every pool: every maxNodes to 29 % of it, rounded down", usd("43933.00"))
    ]


def test_what_is_paid_in_advance_cannot_be_saved_by_fewer_nodes():
    reservation = {"name": "r", "kind": "reservation", "machine": MACHINE, "nodes": 2, "usdPerHour": 7}
    values = on_demand(3, commitments=[reservation])
    # 2 x 5110 and 73 come in any case; one more node is 7300, three disks are 30.
    (verdict,) = judged(with_budget(values, 17_000, on="maximum"))
    assert verdict.spent == usd("17623.00")
    assert texts(verdict) == {"pool a100: maxNodes of on-demand 3 -> 2": "10313.00"}
    (verdict,) = judged(with_budget(values, 10_000, on="maximum"))
    assert (verdict.changes, verdict.together) == ((), ())
    assert message(verdict).endswith(
        "No change of the pools is enough: commitments and control plane alone are above it."
    )


def test_a_team_s_budget_holds_its_share_and_names_less_quota():
    """Four nodes half full, 14620; 12 of 16 GPUs are 10965. 8000 are 8 GPUs, 36 % or 122 hours: 10965 x 122 / 168.

    That is 7962.68, less a cent for rounding GPU, host and disk each by itself.
    """
    values = on_demand(4, queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}])])
    (verdict,) = judged(values | {"teams": [a_team(budget={"usdPerMonth": 8000})]})
    assert (verdict.subject, verdict.name, verdict.spent) == (BudgetSubject.TEAM, "team-a", usd("10965.00"))
    assert texts(verdict) == {
        "pool a100: utilisationPercent 50 -> 36": "7894.80",
        "pool a100: hoursPerWeek 168 -> 122": "7962.67",
        "queue training: gpus of pool a100 12 -> 8": "7310.00",
    }


def test_a_team_of_two_queues_must_give_up_some_of_both_where_one_is_not_enough():
    queues = [a_queue(name=name, fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}]) for name in ("x", "y")]
    values = on_demand(4, queues=queues)
    team = a_team(queues=["x", "y"], budget={"usdPerMonth": 7000, "on": "maximum"})
    (verdict,) = judged(values | {"teams": [team]})
    # 16 of 16 GPUs at 1827.50 each: 3 fit; in equal parts 1 of 8 in both queues, which is all up to 24 %.
    assert verdict.changes == ()
    assert [(each.text, each.usd_per_month) for each in verdict.together] == [
        ("every quota of its queues to 24 % of it, rounded down", usd("3655.00"))
    ]


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


def test_a_verdict_in_words_says_what_is_spent_on_what_and_what_would_fit():
    (verdict,) = judged(with_budget(on_demand(4), 22003, on="maximum"))
    assert message(verdict) == (
        "stack test: $29,313.00 a month at maximum, 133.2 % of its budget of $22,003.00. Most of it: a100 $29,240.00. "
        "This fits: pool a100: maxNodes of on-demand 4 -> 3 ($22,003.00)."
    )
    (verdict,) = judged(with_budget(on_demand(1), 4660))
    assert message(verdict) == (
        "stack test: $3,728.00 a month expected, 80.0 % of its budget of $4,660.00. Most of it: a100 $3,655.00."
    )
    (verdict,) = judged(with_budget(on_demand(1), 7456))
    assert message(verdict) == "stack test: $3,728.00 a month expected, 50.0 % of its budget of $7,456.00."


@st.composite
def over_budget(draw):
    """Two or three pools with spot and on-demand, one queue over all, a budget below what they cost."""
    pools = [
        a_pool(
            name=name,
            meanUptimeHours=1000,
            order="listed",
            capacity=draw(
                st.sampled_from(
                    [
                        capacity(spot=draw(st.integers(1, 6)), on_demand=draw(st.integers(1, 6))),
                        capacity(on_demand=draw(st.integers(1, 6)), spot=draw(st.integers(1, 6))),
                        capacity(on_demand=draw(st.integers(1, 6))),
                        capacity(spot=draw(st.integers(1, 6))),
                    ]
                )
            ),
            expectedUse=use(draw(st.integers(1, 168)), draw(st.integers(1, 100))),
        )
        for name in ("a", "b", "c")[: draw(st.integers(1, 3))]
    ]
    quotas = [{"pool": pool["name"], "gpus": draw(st.integers(1, 12))} for pool in pools]
    queues = [a_queue(fallback="capacity", quotas=quotas, workload=FIFTH_LOST)]
    bought = [pool for pool in pools if any(item["type"] == "on-demand" for item in pool["capacity"])]
    nodes = draw(st.integers(0, 3)) if bought else 0
    reservation = {"name": "r", "kind": "reservation", "machine": MACHINE, "nodes": nodes, "usdPerHour": 7}
    on = draw(st.sampled_from(["expected", "maximum"]))
    team = a_team(budget={"usdPerMonth": 1, "on": on})
    values = round_stack(pools=pools, queues=queues, teams=[team], commitments=[reservation] if nodes else [])
    share = draw(st.integers(1, 99))
    spent = estimate(round_plan(values), RATE)
    size = Size(on)
    values["budget"] = {"usdPerMonth": max(usd("0.01"), (spent.total.at(size) * share / 100).quantize(usd("0.01")))}
    values["budget"]["on"] = on
    team["budget"]["usdPerMonth"] = max(
        usd("0.01"), (spent.teams[0].total.at(size) * share / 100).quantize(usd("0.01"))
    )
    return values


@given(over_budget())
@settings(max_examples=60, deadline=None)
def test_every_proposed_change_keeps_the_budget_and_costs_what_it_says(values):
    for position, verdict in enumerate(judged(values)):
        for change in verdict.changes:
            changed = applied(values, change.text)
            if changed is not None:
                again = judged(changed)[position]
                assert again.spent == change.usd_per_month <= verdict.budget, change.text
                assert again.level is not BudgetLevel.EXCEEDED


@given(over_budget())
@settings(max_examples=60, deadline=None)
def test_one_node_or_one_gpu_more_than_proposed_does_not_fit(values):
    for position, verdict in enumerate(judged(values)):
        for change in verdict.changes:
            if verdict.on is BudgetOn.MAXIMUM and " and " not in change.text and "->" in change.text:
                one_more = re.sub(r"-> (\d+)", lambda found: f"-> {int(found[1]) + 1}", change.text)
                assert judged(applied(values, one_more))[position].level is BudgetLevel.EXCEEDED, change.text
