"""What a LocalQueue says of its hold, how it is changed, and what is told of it."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from mizan import keys
from mizan.budgets import queues, settings
from mizan.budgets.decide import decide
from mizan.budgets.events import NOTE_BYTES, event_of
from mizan.budgets.model import Exemption, Hold, Kind, Limit, Mode, Told, Unknown
from tests.budget_builders import NOW, a_body, a_limit, a_queue, an_exemption, held_by_us, patched, some_costs

LATER = NOW + timedelta(days=30)


def action_on(queue, usd=1000, mode=Mode.HOLD, limit=None):
    (action,) = decide([limit or a_limit()], some_costs({"team-a": usd}), {"team-a": [queue]}, mode, NOW)
    return action


def held_body():
    body = a_body()
    return patched(body, queues.patch_of(action_on(queues.read_queue(body)), NOW))


def test_our_annotations_are_of_our_domain():
    assert all(name.startswith(f"{keys.DOMAIN}/budget-") for name in (*queues.OF_A_HOLD, *queues.OF_AN_ACTION))


def test_a_queue_that_nobody_stopped_is_open():
    assert queues.read_queue(a_body()) == a_queue()
    body = a_body()
    del body["spec"]["stopPolicy"]
    assert queues.read_queue(body) == a_queue()


def test_a_hold_is_written_with_its_numbers_against_the_version_that_was_read():
    assert queues.patch_of(action_on(a_queue(), "1002.5"), NOW) == {
        "metadata": {
            "resourceVersion": "7",
            "annotations": {
                "mizan.dev/budget-hold": "Hold",
                "mizan.dev/budget-month": "202611",
                "mizan.dev/budget-spent-usd": "1002.5",
                "mizan.dev/budget-usd": "1000",
                "mizan.dev/budget-action": "BudgetHold",
                "mizan.dev/budget-action-at": "2026-11-22T12:00:00Z",
            },
        },
        "spec": {"stopPolicy": "Hold"},
    }


def test_a_release_takes_all_of_it_off_again_but_that_it_was_released():
    held = queues.read_queue(held_body())
    after = patched(held_body(), queues.patch_of(action_on(held, 0), LATER))
    assert after["spec"] == {"clusterQueue": "training", "stopPolicy": "None"}
    assert after["metadata"]["annotations"] == {
        "mizan.dev/budget-action": "BudgetRelease",
        "mizan.dev/budget-action-at": "2026-12-22T12:00:00Z",
    }


@pytest.mark.parametrize("is_dry", [False, True])
def test_nothing_has_no_patch(is_dry):
    assert queues.patch_of(action_on(a_queue(), 1), NOW, is_dry=is_dry) is None
    assert queues.patch_of(action_on(queues.read_queue(held_body()), 1000), NOW, is_dry=is_dry) is None


def would_hold_body():
    body = a_body()
    return patched(body, queues.patch_of(action_on(queues.read_queue(body)), NOW, is_dry=True))


def test_a_dry_run_writes_what_it_would_do_and_since_when_and_nothing_else():
    assert queues.patch_of(action_on(a_queue()), NOW, is_dry=True) == {
        "metadata": {
            "resourceVersion": "7",
            "annotations": {
                "mizan.dev/budget-action": "BudgetWouldHold",
                "mizan.dev/budget-action-at": "2026-11-22T12:00:00Z",
            },
        }
    }
    would = queues.read_queue(would_hold_body())
    assert (would.policy, would.hold, would.told) == ("None", None, Told(reason="BudgetWouldHold", month="202611"))


def test_a_dry_run_writes_the_same_once_a_month():
    would = queues.read_queue(would_hold_body())
    assert queues.patch_of(action_on(would), NOW, is_dry=True) is None
    assert queues.patch_of(action_on(would), LATER, is_dry=True) is not None


@pytest.mark.parametrize("is_dry", [False, True])
def test_what_a_dry_run_would_have_done_goes_once_it_would_not_any_more(is_dry):
    action = action_on(queues.read_queue(would_hold_body()), 1)
    after = patched(would_hold_body(), queues.patch_of(action, NOW, is_dry=is_dry))
    assert after["metadata"]["annotations"] == {}
    assert after["spec"]["stopPolicy"] == "None"


def test_what_a_dry_run_would_have_done_stays_while_nobody_knows_what_is_spent():
    would = queues.read_queue(would_hold_body())
    (action,) = decide([a_limit()], Unknown("gone"), {"team-a": [would]}, Mode.DRY_RUN, NOW)
    assert queues.patch_of(action, NOW, is_dry=True) is None


def test_a_dry_run_leaves_a_hold_and_its_numbers_and_tells_that_it_would_release():
    before = held_body()
    action = action_on(queues.read_queue(before), 0, mode=Mode.DRY_RUN)
    after = patched(before, queues.patch_of(action, NOW, is_dry=True))
    changed = {"mizan.dev/budget-action": "BudgetWouldRelease", "mizan.dev/budget-action-at": "2026-11-22T12:00:00Z"}
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"] | changed
    assert after["spec"]["stopPolicy"] == "Hold"


def test_a_moment_that_somebody_has_overwritten_is_of_no_month():
    body = would_hold_body()
    body["metadata"]["annotations"]["mizan.dev/budget-action-at"] = "yesterday"
    assert queues.read_queue(body).told == Told(reason="BudgetWouldHold", month="")


def test_what_we_have_held_is_ours():
    held = queues.read_queue(held_body())
    hold = Hold(policy="Hold", month="202611", spent=Decimal(1000), budget=Decimal(1000))
    assert held == held_by_us(version="8", hold=hold, told=Told(reason="BudgetHold", month="202611"))


@pytest.mark.parametrize("text", ["", "much", "NaN", "Infinity"])
def test_dollars_of_a_hold_that_somebody_has_overwritten_are_none(text):
    body = held_body()
    body["metadata"]["annotations"] |= {"mizan.dev/budget-spent-usd": text, "mizan.dev/budget-usd": text}
    assert queues.read_queue(body).hold == Hold(policy="Hold", month="202611")


def test_what_a_person_changes_of_our_hold_is_theirs():
    drained = queues.read_queue(patched(held_body(), {"spec": {"stopPolicy": "HoldAndDrain"}}, "kubectl-patch"))
    assert (drained.policy, drained.is_policy_ours) == ("HoldAndDrain", False)


def test_a_hold_that_a_person_took_off_and_set_again_is_theirs_though_our_annotations_stay():
    opened = patched(held_body(), {"spec": {"stopPolicy": "None"}}, "kubectl-patch")
    held = queues.read_queue(patched(opened, {"spec": {"stopPolicy": "Hold"}}, "kubectl-patch"))
    assert (held.policy, held.is_policy_ours) == ("Hold", False)
    assert held.hold is not None
    assert action_on(held, 0).kind is Kind.NONE


def test_annotations_that_anybody_can_write_make_no_hold_ours():
    body = a_body("Hold", annotations={"mizan.dev/budget-hold": "Hold", "mizan.dev/budget-month": "202610"})
    body["metadata"]["managedFields"] = [{"manager": "helm", "fieldsV1": {"f:spec": {"f:stopPolicy": {}}}}]
    assert queues.read_queue(body).is_policy_ours is False


def test_a_hold_whose_annotation_names_another_policy_is_not_ours():
    body = held_body()
    body["metadata"]["annotations"]["mizan.dev/budget-hold"] = "HoldAndDrain"
    assert queues.read_queue(body).is_policy_ours is False


@pytest.mark.parametrize("fields", [None, [], [{}], [{"manager": queues.FIELD_MANAGER, "fieldsV1": None}]])
def test_a_queue_of_which_nobody_says_who_wrote_it_is_not_ours(fields):
    body = held_body()
    body["metadata"]["managedFields"] = fields
    assert queues.read_queue(body).is_policy_ours is False


def test_a_month_that_somebody_has_overwritten_is_none():
    body = held_body()
    body["metadata"]["annotations"]["mizan.dev/budget-month"] = "2026-11-01"
    assert queues.read_queue(body).hold.month == ""


def test_an_event_says_what_was_done_to_which_queue_and_why():
    event = event_of(action_on(a_queue(), 1000), NOW, is_dry=False)
    assert event["regarding"] == {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "LocalQueue",
        "namespace": "team-a",
        "name": "training",
        "uid": "u-1",
    }
    assert (event["reason"], event["type"]) == ("BudgetHold", "Warning")
    assert event["note"].startswith("team-a has spent $1,000.00 of $1,000.00 in 2026-11, 100.0 %: no new job starts")
    assert event["eventTime"] == "2026-11-22T12:00:00.000000Z"
    assert event["metadata"]["namespace"] == "team-a"
    assert event["metadata"]["name"].startswith("training.")


@pytest.mark.parametrize(
    ("queue", "usd", "mode", "reason"),
    [
        (a_queue(), 1000, Mode.HOLD_AND_DRAIN, "BudgetHoldAndDrain"),
        (held_by_us(), 1, Mode.HOLD, "BudgetRelease"),
    ],
)
def test_each_kind_has_its_reason(queue, usd, mode, reason):
    action = action_on(queue, usd, mode)
    assert event_of(action, NOW, is_dry=False)["reason"] == reason
    assert event_of(action, NOW, is_dry=True)["reason"] == reason.replace("Budget", "BudgetWould")


def named(action, *, is_dry=False):
    return event_of(action, NOW, is_dry=is_dry)["metadata"]["name"]


def test_each_change_is_an_event_of_its_own_and_a_dry_run_tells_the_same_once_a_month():
    first, second = action_on(a_queue(version="7")), action_on(a_queue(version="9"))
    assert named(first) != named(second)
    assert named(first, is_dry=True) == named(second, is_dry=True)
    assert named(first, is_dry=True) != named(action_on(a_queue(), 1000, limit=a_limit(999)), is_dry=True)
    assert event_of(first, NOW, is_dry=True)["note"].startswith("Dry run: team-a has spent")


def test_an_event_s_note_and_name_keep_to_their_length():
    limit = a_limit(1000, an_exemption(reason="ü" * 2000))
    event = event_of(action_on(held_by_us(name="q" * 253), 1000, limit=limit), NOW, is_dry=False)
    assert NOTE_BYTES - 2 < len(event["note"].encode()) <= NOTE_BYTES
    assert len(event["metadata"]["name"]) <= 253


SETTINGS = settings.Settings(
    mode=Mode.HOLD,
    url="https://mimir.example.com/prometheus",
    question='sum(x{team="a"})',
    limits=(
        Limit(
            team='te"am\n',
            usd=Decimal("5000.50"),
            exemptions=(Exemption(owner="Zoë", until=date(2026, 12, 31), reason='"launch"'),),
            queues=("training", "inference"),
        ),
        Limit(team="team-b", usd=None),
    ),
)


def test_settings_are_read_as_they_were_written():
    assert settings.read(settings.written(SETTINGS)) == SETTINGS


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("mode",), "hard"),
        (("prometheus", "url"), "file:///etc/passwd"),
        (("prometheus", "url"), None),
        (("teams", 0, "usdPerMonth"), "0"),
        (("teams", 0, "usdPerMonth"), "NaN"),
        (("teams", 0, "usdPerMonth"), "much"),
        (("teams", 0, "exceptions", 0, "until"), "tomorrow"),
        (("teams", 0, "exceptions"), None),
        (("teams", 0, "queues"), 3),
        (("teams",), {"team": "a"}),
    ],
)
def test_settings_that_are_wrong_are_refused(path, value):
    document = json.loads(settings.written(SETTINGS))
    *parents, last = path
    node = document
    for part in parents:
        node = node[part]
    node[last] = value
    with pytest.raises(ValueError, match=r"."):
        settings.read(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "3"])
def test_settings_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match=r"."):
        settings.read(text)
