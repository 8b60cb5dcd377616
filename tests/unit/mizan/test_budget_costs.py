"""What Prometheus says of the month, and when that is nothing to rely on."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.budgets.costs import MOST, question, read_costs
from mizan.budgets.decide import decide
from mizan.budgets.model import Costs, Kind, Mode, Unknown
from tests.budget_builders import NOW, a_limit, a_queue, an_answer, held_by_us, row
from tests.strategies import json_like

MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)


def without(answer, kind):
    rows = [each for each in answer["data"]["result"] if each["metric"]["row"] != kind]
    return answer | {"data": answer["data"] | {"result": rows}}


def why(answer, now=NOW):
    found = read_costs(answer, now)
    assert isinstance(found, Unknown), found
    return found.why


def test_dollars_of_each_team_are_those_of_this_month_to_the_last_digit():
    answer = an_answer({"team-a": "1234.5678901234567", 'te"am\\': "0"})
    answer["data"]["result"] += [row("spent", 9, team="team-a", month="202610"), row("spent", 7, month="202611")]
    costs = read_costs(answer, NOW)
    assert costs == Costs(
        month="202611",
        usd={"team-a": Decimal("1234.5678901234567"), 'te"am\\': Decimal(0)},
        counted_seconds=Decimal("1857600.0"),
        passed_seconds=Decimal("1857600.0"),
    )


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "+Inf",
        "-Inf",
        "-0.01",
        "",
        "dollars",
        "None",
        "1e15",
        "1e26",
        "1e999999",
        "1_000",
        "\N{FULLWIDTH DIGIT ONE}",
        "0" * 41,
    ],
)
def test_dollars_that_are_no_amount_are_that_team_s_alone(value):
    costs = read_costs(an_answer({"team-a": value, "team-b": "3"}), NOW)
    assert costs.usd == {"team-a": None, "team-b": Decimal(3)}


def test_costs_that_were_evaluated_within_five_minutes_are_known():
    assert isinstance(read_costs(an_answer({}, evaluated=NOW - timedelta(seconds=300)), NOW), Costs)
    assert isinstance(read_costs(an_answer({}, evaluated=NOW + timedelta(seconds=300)), NOW), Costs)


def test_costs_that_were_evaluated_longer_ago_are_unknown():
    told = why(an_answer({}, evaluated=NOW - timedelta(seconds=301)))
    assert told == "costs were last evaluated 301 s ago, at 2026-11-22T11:54:59Z"


def test_a_clock_that_is_far_ahead_or_behind_knows_nothing():
    told = why(an_answer({}, evaluated=NOW + timedelta(seconds=301)))
    assert told == "costs were evaluated 301 s ahead of this clock, at 2026-11-22T12:05:01Z"


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "1e300"])
def test_a_moment_that_is_none_makes_costs_unknown(value):
    answer = without(an_answer({"team-a": 5000}), "evaluated")
    answer["data"]["result"].append(row("evaluated", value))
    assert "evaluated" in why(answer)


def test_rules_that_are_gone_make_costs_unknown():
    told = why(without(an_answer({"team-a": 5000}), "evaluated"))
    assert told == "no rule tells when costs were evaluated: the rules or kube-state-metrics are gone"


@pytest.mark.parametrize("counted", ["NaN", None])
def test_a_month_of_which_nobody_tells_how_much_was_counted_is_unknown(counted):
    answer = without(an_answer({"team-a": 5000}), "counted")
    if counted:
        answer["data"]["result"].append(row("counted", counted, month="202611"))
    assert why(answer) == "no rule tells how much of 202611 was counted"


def test_an_answer_in_part_is_none():
    told = why(an_answer({"team-a": 5000}, warnings=["store 10.0.0.7 did not answer"]))
    assert told == "Prometheus answers in part: ['store 10.0.0.7 did not answer']"


def test_a_store_that_says_only_that_it_answers_in_part_gives_none():
    assert why(an_answer({"team-a": 5000}, isPartial=True)) == "Prometheus answers in part: it says no more"
    assert isinstance(read_costs(an_answer({}, isPartial=False), NOW), Costs)


def test_two_numbers_of_one_team_are_none():
    answer = an_answer({"team-a": 100})
    answer["data"]["result"].append(row("spent", 999_999, team="team-a", month="202611"))
    assert why(answer) == "Prometheus tells two numbers of one thing"


def test_a_label_that_is_no_text_makes_costs_unknown():
    answer = an_answer({"team-a": 100})
    answer["data"]["result"].append(row("spent", 5, team=["x"], month="202611"))
    assert why(answer) == "Prometheus gives an answer that is none"


def test_a_moment_that_is_no_number_is_not_told_as_rules_that_are_gone():
    answer = without(an_answer({}), "evaluated")
    answer["data"]["result"].append(row("evaluated", "NaN"))
    assert why(answer) == "the moment at which costs were evaluated is none"


def test_a_refusal_is_told_in_prometheus_words_without_codes_for_a_terminal():
    assert why({"status": "error", "error": "query\ntimed out"}) == "Prometheus refuses: query timed out"
    assert why({"status": "error", "error": "\x1b[31mred" + "y" * 5000}) == f"Prometheus refuses: [31mred{'y' * 293}"
    assert len(why(an_answer({}, warnings=["\x1b[2J" + "z" * 5000]))) < 350


@given(json_like)
def test_whatever_answers_instead_of_prometheus_costs_are_unknown(answer):
    assert isinstance(read_costs(answer, NOW), Unknown)
    assert isinstance(read_costs({"status": "success", "data": answer}, NOW), Unknown)
    assert isinstance(read_costs({"status": "success", "data": {"result": answer}}, NOW), Unknown)


def decided(usd, queue, *, prometheus, ours, month=None):
    """What is done to a queue of a team with $1,000, by two clocks."""
    answer = an_answer({} if usd is None else {"team-a": usd}, evaluated=prometheus, month=month)
    (action,) = decide([a_limit()], read_costs(answer, ours), {"team-a": [queue]}, Mode.HOLD, ours)
    return action.kind


SKEW = timedelta(minutes=2)
MOMENTS = [MIDNIGHT + timedelta(seconds=seconds) for seconds in (-300, -120, -60, -1, 0, 1, 60, 120, 300)]


@pytest.mark.parametrize("ours", MOMENTS)
@pytest.mark.parametrize("skew", [-SKEW, timedelta(0), SKEW])
def test_around_the_new_month_a_team_is_released_once_both_clocks_are_in_it_and_never_held_again(ours, skew):
    prometheus = ours + skew
    spent = 1000 if prometheus < MIDNIGHT else 0
    is_new = min(prometheus, ours) >= MIDNIGHT
    was_held = decided(spent, held_by_us(), prometheus=prometheus, ours=ours)
    assert was_held is (Kind.RELEASE if is_new else Kind.NONE)
    # Once released, no clock that is still in the old month, nor an old answer, holds it again.
    is_old = max(prometheus, ours) < MIDNIGHT
    assert decided(spent, a_queue(), prometheus=prometheus, ours=ours) is (Kind.HOLD if is_old else Kind.NONE)


def test_the_month_begins_at_midnight_utc_whatever_our_own_zone():
    ours = datetime.fromisoformat("2026-11-30T14:00:30-10:00")
    assert decided(0, held_by_us(), prometheus=MIDNIGHT, ours=ours) is Kind.RELEASE


def test_the_first_seconds_of_a_month_count_as_whole():
    costs = read_costs(an_answer({}, evaluated=MIDNIGHT, counted=0), MIDNIGHT)
    assert (costs.is_whole, costs.passed_seconds, costs.month) == (True, 0, "202612")


def test_one_question_asks_for_all_at_once_and_keeps_labels_apart():
    asked = question('spent{team!="x"}', "counted", "evaluated")
    assert asked == (
        'label_replace(max by (team, month) (spent{team!="x"}), "row", "spent", "", "") or '
        'label_replace(max by (month) (counted), "row", "counted", "", "") or '
        'label_replace(max(evaluated), "row", "evaluated", "", "")'
    )


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_float_of_a_sample_is_more_than_it_says(value):
    costs = read_costs(an_answer({"team-a": value}), NOW)
    is_amount = math.isfinite(value) and 0 <= value < MOST
    assert costs.usd["team-a"] == (Decimal(str(value)) if is_amount else None)
