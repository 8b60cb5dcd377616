"""Who pays: teams by the quota that their queues hold, and what nobody holds."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.estimate import TeamKind
from mizan.estimate.teams import split
from tests.builders import a_pool, a_queue, a_team
from tests.estimate_builders import capacity, round_estimate, round_stack, use


def usd(text):
    return Decimal(text)


def teams_of(found):
    return {team.name: (str(team.total.expected), str(team.total.maximum)) for team in found.teams}


def on_demand_stack(queues, teams, **changes):
    """Three on-demand nodes always half full: 12 GPUs, 10950 + 15 expected, 21900 + 30 at most."""
    pool = a_pool(capacity=capacity(on_demand=3), expectedUse=use(168, 50))
    return round_stack(pools=[pool], queues=queues, teams=teams, **changes)


def a_share(name, gpus):
    return a_queue(name=name, fallback="capacity", quotas=[{"pool": "a100", "gpus": gpus}])


def test_a_pool_is_shared_by_the_quotas_of_its_queues():
    found = round_estimate(
        on_demand_stack(
            [a_share("a", 6), a_share("b", 3)],
            [a_team(name="team-a", queues=["a"]), a_team(name="team-b", queues=["b"])],
        )
    )
    # 6, 3 and, at the maximum, the 3 GPUs of 12 that no queue holds: nobody is expected to use those. All three nodes
    # are in use for the 9, half of the time.
    assert teams_of(found) == {
        "team-a": ("7310.00", "10965.00"),
        "team-b": ("3655.00", "5482.50"),
        "unassigned": ("0.00", "5482.50"),
        "shared": ("73.00", "73.00"),
    }
    assert [(share.pool, str(share.total.expected)) for share in found.teams[0].pools] == [("a100", "7310.00")]


def test_no_team_is_expected_to_pay_more_than_at_the_maximum():
    """4 GPUs of 8: a node on-demand of 7310 is always used, a node of spot, 2930, never.

    Half of both at the maximum would be 5120.
    """
    pool = a_pool(
        order="listed", meanUptimeHours=1000, capacity=capacity(on_demand=1, spot=1), expectedUse=use(168, 100)
    )
    found = round_estimate(round_stack(pools=[pool], queues=[a_share("a", 4)], teams=[a_team(name="x", queues=["a"])]))
    assert teams_of(found) == {
        "x": ("7310.00", "7310.00"),
        "unassigned": ("0.00", "2930.00"),
        "shared": ("73.00", "73.00"),
    }


def test_a_queue_s_share_goes_in_equal_parts_to_its_teams():
    teams = [a_team(name=name, queues=["a"]) for name in ("x", "y", "z")]
    found = round_estimate(on_demand_stack([a_share("a", 12)], teams))
    assert teams_of(found) == {
        "x": ("3655.00", "7310.00"),
        "y": ("3655.00", "7310.00"),
        "z": ("3655.00", "7310.00"),
        "unassigned": ("0.00", "0.00"),
        "shared": ("73.00", "73.00"),
    }


def test_a_team_of_two_queues_pays_for_both():
    teams = [a_team(name="x", queues=["a", "b"]), a_team(name="y", queues=["b"])]
    found = round_estimate(on_demand_stack([a_share("a", 4), a_share("b", 8)], teams))
    # x: 4 and half of 8; y: half of 8.
    assert teams_of(found)["x"] == ("7310.00", "14620.00")
    assert teams_of(found)["y"] == ("3655.00", "7310.00")


def test_a_queue_that_counts_capacity_types_apart_holds_their_sum():
    """Spot 8 and on-demand 4 of 12 GPUs, and a second queue with nothing left."""
    found = round_estimate(round_stack(queues=[a_queue()], teams=[a_team()]))
    team, unassigned, _ = found.teams
    assert (team.total, unassigned.total.maximum) == (found.pools[0].total, 0)


def test_a_cohort_s_own_quota_and_a_queue_without_teams_are_unassigned():
    queues = [a_share("a", 6) | {"cohort": "c"}, a_share("idle", 3)]
    cohorts = [{"name": "c", "quotas": [{"pool": "a100", "gpus": 3}]}]
    found = round_estimate(on_demand_stack(queues, [a_team(queues=["a"])], cohorts=cohorts))
    assert teams_of(found)["unassigned"] == ("5482.50", "10965.00")


def test_more_quota_than_gpus_is_shared_in_proportion():
    teams = [a_team(name="x", queues=["a"]), a_team(name="y", queues=["b"])]
    found = round_estimate(on_demand_stack([a_share("a", 12), a_share("b", 6)], teams))
    assert teams_of(found)["x"] == ("7310.00", "14620.00")
    assert teams_of(found)["unassigned"] == ("0.00", "0.00")


@pytest.mark.parametrize("name", ["shared", "unassigned"])
def test_a_team_may_bear_the_name_of_a_row(name):
    found = round_estimate(on_demand_stack([a_share("a", 12)], [a_team(name=name, queues=["a"])]))
    assert [(team.kind, team.name) for team in found.teams] == [
        (TeamKind.TEAM, name),
        (TeamKind.UNASSIGNED, "unassigned"),
        (TeamKind.SHARED, "shared"),
    ]
    assert found.teams[0].total == found.pools[0].total


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=50).filter(any))
def test_what_is_split_adds_up_and_each_part_is_within_a_cent_of_its_share(cents, parts):
    amount = Decimal(cents).scaleb(-2)
    found = list(split(amount, parts))
    assert sum(found) == amount
    for part, share in zip(found, parts, strict=True):
        assert abs(part - amount * share / sum(parts)) <= Decimal("0.01") + Decimal("1e-12")
        assert share or not part
