"""Who is held and who is released: every rule by itself, then what holds whatever comes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mizan.budgets.decide import decide, stand
from mizan.budgets.model import Hold, Kind, Level, Mode, Policy, Unknown
from tests.budget_builders import (
    MONTH,
    NOW,
    PASSED,
    a_limit,
    a_queue,
    an_exemption,
    applied,
    held_by_us,
    some_costs,
)

GONE = Unknown("Prometheus is gone")


def decided(usd, queue=None, *, mode=Mode.HOLD, limit=None, now=NOW, **costs):
    """What is done to one queue of a team that has spent so much of $1,000; None is no row."""
    known = usd if isinstance(usd, Unknown) else some_costs({} if usd is None else {"team-a": usd}, **costs)
    (action,) = decide([limit or a_limit()], known, {"team-a": [queue or a_queue()]}, mode, now)
    return action


@pytest.mark.parametrize(
    ("spent", "kind"),
    [("0", Kind.NONE), ("999.999999", Kind.NONE), ("1000", Kind.HOLD), ("1000.000001", Kind.HOLD), ("9e9", Kind.HOLD)],
)
def test_a_team_is_held_at_exactly_100_per_cent_of_its_budget(spent, kind):
    assert decided(spent).kind is kind


def test_a_hold_says_who_spent_how_much_of_what_and_what_ends_it():
    action = decided("1002.506")
    assert action.policy is Policy.HOLD
    assert action.words == (
        "team-a has spent $1,002.50 of $1,000.00 in 2026-11, 100.2 %: no new job starts until the next month, a raised "
        "budget or an exception; running jobs go on"
    )


def test_what_is_almost_all_of_a_budget_is_not_told_as_all_of_it():
    assert "$999.99 of $1,000.00 in 2026-11, 99.9 %" in decided("999.999").words


def test_running_jobs_are_evicted_only_where_the_stack_says_so():
    action = decided(1000, mode=Mode.HOLD_AND_DRAIN)
    assert (action.kind, action.policy) == (Kind.DRAIN, Policy.HOLD_AND_DRAIN)
    assert action.words.endswith("running jobs are evicted")
    assert decided(1000, mode=Mode.DRY_RUN).policy is Policy.HOLD


@pytest.mark.parametrize(
    ("held", "mode", "kind"),
    [
        ("Hold", Mode.HOLD_AND_DRAIN, Kind.DRAIN),
        ("HoldAndDrain", Mode.HOLD, Kind.HOLD),
        ("Hold", Mode.HOLD, Kind.NONE),
        ("HoldAndDrain", Mode.HOLD_AND_DRAIN, Kind.NONE),
    ],
)
def test_a_hold_of_ours_follows_the_stack_s_mode(held, mode, kind):
    assert decided(1000, held_by_us(held), mode=mode).kind is kind


def test_a_raised_budget_releases():
    action = decided(1500, held_by_us(), limit=a_limit(2000))
    assert (action.kind, action.policy) == (Kind.RELEASE, Policy.NONE)
    assert action.words == "new jobs start again: team-a has spent $1,500.00 of $2,000.00 in 2026-11, 75.0 %"


HALF_COUNTED = {"counted_seconds": PASSED / 2}


def held_at(spent, budget=1000):
    """A queue that was held when so much was spent of a budget."""
    return held_by_us(hold=Hold(policy="Hold", month=MONTH, spent=Decimal(spent), budget=Decimal(budget)))


@pytest.mark.parametrize("spent", [1500, None])
def test_a_raised_budget_releases_also_where_much_of_the_month_was_not_counted(spent):
    """As in a cluster that was made in mid-month, and where Prometheus has lost what it had counted."""
    action = decided(spent, held_at(1500), limit=a_limit(2000), **HALF_COUNTED)
    assert (action.kind, action.policy) == (Kind.RELEASE, Policy.NONE)


@pytest.mark.parametrize(
    ("hold", "budget"),
    [
        # Not raised; raised, but not above what was spent when it was held; less, while fewer dollars are known.
        (held_at(1500), 1000),
        (held_at(1500), 1500),
        (held_at(1500), 900),
        (held_by_us(), 2000),
    ],
)
def test_dollars_that_were_counted_in_part_release_nobody_whose_budget_was_not_raised_enough(hold, budget):
    assert decided(800, hold, limit=a_limit(budget), **HALF_COUNTED).kind is Kind.NONE


def test_a_budget_that_is_raised_too_little_keeps_the_hold():
    assert decided(1500, held_by_us(), limit=a_limit(1400)).kind is Kind.NONE


@pytest.mark.parametrize("costs", [GONE, some_costs({"team-a": 5000}), some_costs({"team-a": None})])
def test_a_budget_that_is_gone_releases_whatever_is_spent(costs):
    (action,) = decide([a_limit(None)], costs, {"team-a": [held_by_us()]}, Mode.HOLD, NOW)
    assert action.kind is Kind.RELEASE
    assert action.words == "new jobs start again: team-a has no budget"


@pytest.mark.parametrize("costs", [GONE, some_costs({"team-a": 5000})])
def test_enforcement_that_ends_releases_whatever_is_spent(costs):
    (action,) = decide([a_limit()], costs, {"team-a": [held_by_us()]}, Mode.NONE, NOW)
    assert (action.kind, action.words) == (Kind.RELEASE, "new jobs start again: budgets are not enforced")


@pytest.mark.parametrize("costs", [GONE, some_costs({"team-a": 5000})])
def test_an_exception_releases_in_the_name_of_its_owner(costs):
    (action,) = decide([a_limit(1000, an_exemption())], costs, {"team-a": [held_by_us()]}, Mode.HOLD, NOW)
    assert action.kind is Kind.RELEASE
    assert action.words == "new jobs start again: an exception of cto@example.com until 2026-11-30: launch"


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), Kind.NONE),
        (datetime(2026, 11, 23, 0, 0, 0, tzinfo=UTC), Kind.HOLD),
        # The same moment, by a clock in Honolulu.
        (datetime.fromisoformat("2026-11-22T14:00:00-10:00"), Kind.HOLD),
    ],
)
def test_an_exception_ends_with_its_last_day_utc(now, kind):
    assert decided(1000, limit=a_limit(1000, an_exemption("2026-11-22")), now=now).kind is kind


def test_an_exception_that_has_ended_does_not_hide_one_that_holds():
    limit = a_limit(1000, an_exemption("2026-11-01"), an_exemption("2026-12-01", owner="cfo"))
    assert "an exception of cfo" in decided(1000, held_by_us(), limit=limit).words


def test_an_exception_of_one_team_is_no_other_team_s():
    limits = [a_limit(1000, an_exemption()), a_limit(1000, team="team-b")]
    queues = {"team-a": [a_queue()], "team-b": [a_queue(namespace="team-b")]}
    actions = decide(limits, some_costs({"team-a": 2000, "team-b": 2000}), queues, Mode.HOLD, NOW)
    assert [(each.queue.namespace, each.kind) for each in actions] == [("team-a", Kind.NONE), ("team-b", Kind.HOLD)]


def test_a_new_month_releases_also_a_team_that_has_not_spent_a_dollar_of_it():
    for spent in (0, 3, None):
        action = decided(spent, held_by_us(month="202610"))
        assert (spent, action.kind) == (spent, Kind.RELEASE)


def test_a_new_month_of_which_much_was_not_counted_releases_all_the_same():
    for spent in (3, None):
        assert decided(spent, held_by_us(month="202610"), counted_seconds=Decimal(60)).kind is Kind.RELEASE


@pytest.mark.parametrize("usd", [None, 10])
def test_a_hold_whose_month_was_overwritten_is_not_taken_for_a_past_one(usd):
    assert decided(usd, held_by_us(month=""), counted_seconds=Decimal(0)).kind is Kind.NONE


def test_an_exception_that_has_ended_by_prometheus_clock_releases_nobody():
    behind = NOW - timedelta(days=30)
    limit = a_limit(1000, an_exemption(until="2026-10-31"))
    (known,) = decide([limit], Unknown("ahead", NOW), {"team-a": [held_by_us()]}, Mode.HOLD, behind)
    (alone,) = decide([limit], Unknown("gone"), {"team-a": [held_by_us()]}, Mode.HOLD, behind)
    assert (known.kind, alone.kind) == (Kind.NONE, Kind.RELEASE)


def test_what_an_owner_writes_is_told_on_one_line_without_codes_for_a_terminal():
    limit = a_limit(1000, an_exemption(reason="\x1b[2Jlaunch\nof it"))
    assert stand(limit, some_costs({"team-a": 1}), Mode.HOLD, NOW).words.endswith(": [2Jlaunch of it")


def test_a_team_that_has_spent_the_new_month_s_budget_too_is_held_for_the_new_month():
    action = decided(1000, held_by_us(month="202610"))
    assert action.kind is Kind.HOLD
    assert applied(action).hold == Hold(policy="Hold", month=MONTH, spent=Decimal(1000), budget=Decimal(1000))


def test_the_turn_of_a_year_is_a_new_month():
    action = decided(3, held_by_us(month="202612"), month="202701")
    assert action.kind is Kind.RELEASE


def test_dollars_that_vanish_within_the_month_release_nobody():
    action = decided(None, held_by_us())
    assert action.kind is Kind.NONE
    assert action.words == "still held: no dollar of team-a was counted in 2026-11, of $1,000.00"


def test_a_month_that_was_not_counted_whole_releases_nobody_that_it_held():
    action = decided(800, held_by_us(), counted_seconds=PASSED / 2)
    assert action.kind is Kind.NONE
    assert action.words == (
        "still held: team-a has spent $800.00 of $1,000.00 in 2026-11, 80.0 %, at least: 258 h of 516 h were counted"
    )


def test_what_was_counted_was_spent_however_little_of_the_month_was_counted():
    assert decided(1000, counted_seconds=Decimal(3600)).kind is Kind.HOLD


@pytest.mark.parametrize(
    ("passed", "counted", "is_whole"),
    [(600, 0, True), (601, 0, False), (86_400, 77_760, True), (86_400, 77_759, False), (0, 0, True), (0, 30, True)],
)
def test_a_month_is_whole_with_10_minutes_or_a_tenth_missing(passed, counted, is_whole):
    costs = some_costs(passed_seconds=Decimal(passed), counted_seconds=Decimal(counted))
    assert costs.is_whole is is_whole


@pytest.mark.parametrize("queue", [a_queue(), held_by_us(), held_by_us("HoldAndDrain"), held_by_us(month="202601")])
@pytest.mark.parametrize("usd", [GONE, "nan"])
def test_costs_that_nobody_knows_hold_nobody_and_release_nobody(queue, usd):
    costs = usd if isinstance(usd, Unknown) else some_costs({"team-a": None})
    (action,) = decide([a_limit()], costs, {"team-a": [queue]}, Mode.HOLD, NOW)
    assert (action.kind, action.is_unknown) == (Kind.NONE, True)
    assert action.words.startswith("left as it is: ")


PEOPLE_S = [
    a_queue("Hold"),
    a_queue("HoldAndDrain"),
    # Somebody has turned our hold into a drain, or set it anew: it is theirs.
    a_queue("HoldAndDrain", hold=Hold(policy="Hold", month=MONTH)),
    a_queue("Hold", hold=Hold(policy="Hold", month="202610")),
]


@pytest.mark.parametrize("queue", PEOPLE_S)
@pytest.mark.parametrize("spent", [0, 1000])
@pytest.mark.parametrize("mode", list(Mode))
def test_what_a_person_has_stopped_is_left_alone(queue, spent, mode):
    action = decided(spent, queue, mode=mode)
    assert action.kind is Kind.NONE
    assert action.words == f"stopped with {queue.policy} by a person, and left alone"


def test_a_queue_that_a_person_has_opened_is_held_again():
    assert decided(1000, a_queue(hold=Hold(policy="Hold", month=MONTH))).kind is Kind.HOLD


def test_annotations_that_are_left_on_an_open_queue_are_taken_off():
    action = decided(10, a_queue(hold=Hold(policy="Hold", month=MONTH)))
    assert action.kind is Kind.RELEASE
    assert applied(action).hold is None


def test_a_team_whose_queues_could_not_be_asked_keeps_nobody_else_from_being_held():
    limits = [a_limit(), a_limit(team="team-b")]
    costs = some_costs({"team-a": 2000, "team-b": 2000})
    (action,) = decide(limits, costs, {"team-b": [a_queue(namespace="team-b")]}, Mode.HOLD, NOW)
    assert (action.queue.namespace, action.kind) == ("team-b", Kind.HOLD)


def test_every_queue_of_a_team_is_held():
    queues = {"team-a": [a_queue(), a_queue(name="serving")]}
    actions = decide([a_limit()], some_costs({"team-a": 1000}), queues, Mode.HOLD, NOW)
    assert [(each.queue.name, each.kind) for each in actions] == [("training", Kind.HOLD), ("serving", Kind.HOLD)]


NAMES = st.sampled_from(["team-a", 'te"am', "te\\am", "team\nb", "{}"]) | st.text(min_size=1, max_size=8)
USD = st.decimals(min_value=0, max_value=10**7, places=6, allow_nan=False, allow_infinity=False)
BUDGETS = st.decimals(min_value=Decimal("0.01"), max_value=10**7, places=2)
MONTHS = st.sampled_from(["", "202610", MONTH, "202612"])
HOLDS = st.builds(Hold, policy=st.sampled_from(["Hold", "HoldAndDrain"]), month=MONTHS)
MODES = st.sampled_from(list(Mode))
ENFORCING = st.sampled_from([mode for mode in Mode if mode is not Mode.NONE])


@st.composite
def any_queue(draw):
    policy, hold = draw(st.sampled_from(["None", "Hold", "HoldAndDrain"])), draw(st.none() | HOLDS)
    is_ours = hold is not None and hold.policy == policy and draw(st.booleans())
    return a_queue(policy, hold=hold, is_ours=is_ours)


@st.composite
def any_costs(draw):
    usd = draw(st.dictionaries(st.just("team-a"), st.none() | USD, max_size=1))
    counted = draw(st.decimals(min_value=0, max_value=PASSED, places=0))
    return some_costs(usd, counted_seconds=counted)


LIMITS = st.builds(
    a_limit,
    BUDGETS | st.none(),
    st.builds(an_exemption, st.sampled_from(["2026-11-01", "2026-11-21", "2026-11-22", "2026-12-31"])),
) | st.builds(a_limit, BUDGETS | st.none())


def one(limit, costs, queue, mode):
    (action,) = decide([limit], costs, {limit.team: [queue]}, mode, NOW)
    return action


@settings(max_examples=200)
@given(BUDGETS, any_queue(), ENFORCING, st.just(GONE) | st.just(some_costs({"team-a": None})))
def test_unknown_costs_never_change_anything(budget, queue, mode, costs):
    assert one(a_limit(budget), costs, queue, mode).kind is Kind.NONE


@settings(max_examples=300)
@given(LIMITS, any_costs(), any_queue(), MODES)
def test_nobody_is_held_below_the_budget_without_one_or_with_an_exception(limit, costs, queue, mode):
    action = one(limit, costs, queue, mode)
    if action.kind in (Kind.HOLD, Kind.DRAIN):
        assert mode is not Mode.NONE
        assert limit.usd is not None
        assert costs.usd["team-a"] >= limit.usd
        assert not any(each.holds(NOW) for each in limit.exemptions)
        assert (action.kind is Kind.DRAIN) == (mode is Mode.HOLD_AND_DRAIN)


@settings(max_examples=300)
@given(LIMITS, any_costs() | st.just(GONE), any_queue(), MODES)
def test_a_person_s_stop_is_never_touched(limit, costs, queue, mode):
    assume(queue.policy != Policy.NONE and not queue.is_policy_ours)
    assert one(limit, costs, queue, mode).kind is Kind.NONE


@settings(max_examples=300)
@given(LIMITS, any_costs() | st.just(GONE), any_queue(), MODES)
def test_what_was_done_leaves_nothing_to_do(limit, costs, queue, mode):
    after = applied(one(limit, costs, queue, mode))
    assert one(limit, costs, after, mode).kind is Kind.NONE


@settings(max_examples=200)
@given(BUDGETS, USD, any_queue(), ENFORCING)
def test_whole_costs_open_every_queue_below_the_budget_and_close_every_one_at_it(budget, usd, queue, mode):
    assume(queue.policy == Policy.NONE or queue.is_policy_ours)
    after = applied(one(a_limit(budget), some_costs({"team-a": usd}), queue, mode))
    assert (after.policy != Policy.NONE) == (usd >= budget)


@settings(max_examples=100)
@given(NAMES, NAMES)
def test_a_team_s_dollars_are_its_own_whatever_its_name(spender, saver):
    assume(spender != saver)
    limits = [a_limit(team=saver), a_limit(team=spender)]
    costs = some_costs({spender: 2000, saver: 1})
    levels = [stand(limit, costs, Mode.HOLD, NOW).level for limit in limits]
    assert levels == [Level.UNDER, Level.OVER]


@settings(max_examples=100)
@given(any_queue(), st.integers(0, 40 * 86_400))
def test_only_the_day_of_our_clock_matters_and_only_to_exceptions(queue, seconds):
    later = NOW + timedelta(seconds=seconds)
    costs = some_costs({"team-a": 1000})
    (now,) = decide([a_limit()], costs, {"team-a": [queue]}, Mode.HOLD, NOW)
    (then,) = decide([a_limit()], costs, {"team-a": [queue]}, Mode.HOLD, later)
    assert now == then
