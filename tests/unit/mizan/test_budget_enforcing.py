"""Holding and releasing over HTTP: what is asked and changed, what goes wrong, and what goes on all the same."""

import socket
from datetime import timedelta

import pytest

from mizan.budgets import web
from mizan.budgets.api_server import ApiServer, own_api_server
from mizan.budgets.enforce import Enforcement
from mizan.budgets.model import Costs, Kind, Mode, Unknown
from mizan.budgets.prometheus import costs_of, headers_in
from mizan.budgets.web import Http, Refused, Request
from tests.budget_builders import NOW, a_body, a_limit, an_answer, some_costs
from tests.fake_api import EVENTS, QUERY, QUEUES, FakeWorld, served

OVER = some_costs({"team-a": 1000, "team-b": 1000, "team-c": 1000})
UNDER = some_costs({"team-a": 1, "team-b": 1, "team-c": 1})


@pytest.fixture
def world():
    made = FakeWorld()
    made.put(a_body())
    with served(made) as found:
        yield found


@pytest.fixture
def waits():
    return []


@pytest.fixture
def http(world, waits):
    return Http(url=world.url, headers={"Authorization": "Bearer t"}, is_direct=True, wait=waits.append)


@pytest.fixture
def lines():
    return []


@pytest.fixture
def enforce(http, lines):
    def run(costs, *teams, mode=Mode.HOLD, is_dry=False, limits=None):
        limits = limits or [a_limit(team=team) for team in teams or ("team-a",)]
        cluster = ApiServer(http)
        return Enforcement(limits=limits, mode=mode, cluster=cluster, is_dry=is_dry, say=lines.append).enforce(
            costs, NOW
        )

    return run


def kinds(done):
    return [action.kind for action in done.actions]


def told(world):
    return world.queues["team-a", "training"]["metadata"]["annotations"]


def reasons(world):
    return [event["reason"] for event in world.events]


def test_a_team_over_its_budget_is_held_and_told_and_then_left_alone(world, enforce, lines):
    assert enforce(OVER).exit_code == 0
    assert world.policy() == "Hold"
    assert reasons(world) == ["BudgetHold"]
    (line,) = lines
    assert line == (
        "team-a/training: hold: team-a has spent $1,000.00 of $1,000.00 in 2026-11, 100.0 %: no new job starts until "
        "the next month, a raised budget or an exception; running jobs go on"
    )
    version = world.queues["team-a", "training"]["metadata"]["resourceVersion"]
    assert kinds(enforce(OVER)) == [Kind.NONE]
    assert world.queues["team-a", "training"]["metadata"]["resourceVersion"] == version
    assert reasons(world) == ["BudgetHold"]


def test_a_hold_is_patched_by_our_manager_with_the_account_s_token(world, enforce):
    enforce(OVER)
    (patch,) = [each for each in world.asked if each[0] == "PATCH"]
    assert patch[1] == f"{QUEUES}team-a/localqueues/training?fieldManager=mizan-budget"
    assert patch[2]["content-type"] == "application/merge-patch+json"
    assert patch[2]["authorization"] == "Bearer t"


def test_a_queue_is_held_drained_and_released_as_stack_and_dollars_change(world, enforce):
    enforce(OVER)
    enforce(OVER, mode=Mode.HOLD_AND_DRAIN)
    assert world.policy() == "HoldAndDrain"
    enforce(UNDER)
    assert world.policy() == "None"
    assert told(world) == {
        "mizan.dev/budget-action": "BudgetRelease",
        "mizan.dev/budget-action-at": "2026-11-22T12:00:00Z",
    }
    assert reasons(world) == ["BudgetHold", "BudgetHoldAndDrain", "BudgetRelease"]


def test_a_dry_run_stops_nobody_and_tells_once_by_an_event_and_on_the_queue(world, enforce, lines):
    before = world.queues["team-a", "training"]["spec"]
    for _ in range(3):
        done = enforce(OVER, is_dry=True)
    assert (kinds(done), done.exit_code) == ([Kind.HOLD], 0)
    assert world.queues["team-a", "training"]["spec"] == before
    assert told(world) == {
        "mizan.dev/budget-action": "BudgetWouldHold",
        "mizan.dev/budget-action-at": "2026-11-22T12:00:00Z",
    }
    assert len([method for method, *_ in world.asked if method == "PATCH"]) == 1
    assert reasons(world) == ["BudgetWouldHold"]
    assert all(line.startswith("team-a/training: dry run: hold: ") for line in lines)


def test_a_dry_run_that_would_do_nothing_any_more_takes_back_what_it_told(world, enforce):
    enforce(OVER, is_dry=True)
    enforce(Unknown("Prometheus is gone"), is_dry=True)
    assert told(world)["mizan.dev/budget-action"] == "BudgetWouldHold"
    assert kinds(enforce(UNDER, is_dry=True)) == [Kind.NONE]
    assert told(world) == {}
    assert (world.policy(), reasons(world)) == ("None", ["BudgetWouldHold"])


def test_unknown_costs_change_nothing_and_end_with_3(world, enforce):
    enforce(OVER)
    done = enforce(Unknown("Prometheus is gone"))
    assert (kinds(done), done.exit_code) == ([Kind.NONE], 3)
    assert world.policy() == "Hold"


def test_a_person_who_stops_the_queue_between_our_reading_and_our_writing_keeps_it(world, enforce):
    world.before_patch.append(lambda: world.person("HoldAndDrain"))
    done = enforce(OVER)
    assert (kinds(done), done.exit_code) == ([Kind.NONE], 0)
    assert world.policy() == "HoldAndDrain"
    assert world.events == []


def test_a_queue_that_changes_for_another_reason_meanwhile_is_held_all_the_same(world, enforce):
    def touched():
        metadata = world.queues["team-a", "training"]["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)

    world.before_patch += [touched, touched]
    assert enforce(OVER).exit_code == 0
    assert world.policy() == "Hold"


def test_a_queue_that_never_stands_still_is_given_up_until_the_next_run(world, enforce):
    world.faults["PATCH", QUEUES] = [409] * 9
    done = enforce(OVER)
    assert (done.exit_code, world.policy()) == (1, "None")
    assert len([method for method, *_ in world.asked if method == "PATCH"]) == 3
    assert done.faults == ("team-a/training: hold: 409 Conflict: fault 409",)


def test_a_queue_that_is_gone_meanwhile_is_no_fault(world, enforce, lines):
    world.before_patch.append(world.queues.clear)
    assert enforce(OVER).exit_code == 0
    assert lines == ["team-a/training: gone"]


def test_a_queue_that_may_not_be_changed_keeps_no_other_from_being_held(world, enforce, lines):
    for team in ("team-b", "team-c"):
        world.put(a_body(namespace=team))
    world.faults["PATCH", f"{QUEUES}team-b"] = [403]
    done = enforce(OVER, "team-a", "team-b", "team-c")
    assert done.exit_code == 1
    assert [world.policy(team) for team in ("team-a", "team-b", "team-c")] == ["Hold", "None", "Hold"]
    assert done.faults == ("team-b/training: hold: 403 Forbidden: fault 403",)
    assert lines[-1] == "fault: team-b/training: hold: 403 Forbidden: fault 403"


def test_a_namespace_that_may_not_be_asked_keeps_no_other_from_being_held(world, enforce):
    world.put(a_body(namespace="team-b"))
    world.faults["GET", f"{QUEUES}team-a"] = [403]
    done = enforce(OVER, "team-a", "team-b")
    assert (done.exit_code, world.policy("team-a"), world.policy("team-b")) == (1, "None", "Hold")
    assert done.faults == ("team-a: its LocalQueues are not told: 403 Forbidden: fault 403",)


def test_an_event_that_is_refused_is_a_fault_and_the_hold_stands(world, enforce):
    world.faults["POST", EVENTS] = [403]
    assert enforce(OVER).exit_code == 1
    assert world.policy() == "Hold"


@pytest.mark.parametrize("code", [0, 429, 500, 502, 503, 504])
def test_who_is_busy_is_asked_three_times(world, http, waits, code):
    world.faults["GET", QUEUES] = [code, code]
    assert len(ApiServer(http).queues("team-a")) == 1
    assert waits == [0.5, 2.0]
    world.faults["GET", QUEUES] = [code] * 3
    with pytest.raises(Refused):
        ApiServer(http).queues("team-a")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422])
def test_a_no_is_not_asked_again(world, http, waits, code):
    world.faults["GET", QUEUES] = [code]
    with pytest.raises(Refused, match=f"{code} .*fault {code}"):
        ApiServer(http).queues("team-a")
    assert waits == []


def test_nobody_is_followed_to_another_host_with_our_token(world, http):
    world.faults["GET", QUERY] = [302]
    with pytest.raises(Refused, match="302"):
        http.ask(Request(path=QUERY))
    assert len(world.asked) == 1


@pytest.mark.parametrize("answer", [b"<html>Sign in</html>", b"", b"\xff", b"[" * 100_000])
def test_a_page_instead_of_an_answer_makes_costs_unknown(world, http, answer):
    world.prometheus = answer
    found = costs_of(http, "x", NOW)
    assert isinstance(found, Unknown)
    assert "an answer that is no JSON" in found.why


def test_an_answer_without_an_end_is_given_up(world, http, monkeypatch):
    monkeypatch.setattr(web, "MOST_BYTES", 10)
    world.prometheus = {"status": "success"}
    assert "an answer of more than 10 bytes" in costs_of(http, "x", NOW).why


@pytest.mark.parametrize("answer", [{}, {"items": None}, {"items": [3]}, {"items": [{"metadata": {}}]}])
def test_a_list_that_is_none_is_a_fault(world, http, answer):
    world.answer = lambda *_: (200, answer)
    with pytest.raises(Refused, match="an answer that is no"):
        ApiServer(http).queues("team-a")


def test_a_prometheus_that_is_gone_is_told_with_its_address(waits):
    found = costs_of(Http(url="http://127.0.0.1:9", is_direct=True, wait=waits.append), "x", NOW)
    assert isinstance(found, Unknown)
    assert found.why.startswith("Prometheus at http://127.0.0.1:9 does not answer: URLError")
    assert waits == [0.5, 2.0]


def test_who_accepts_and_never_answers_is_given_up_after_three_tries(waits, monkeypatch):
    monkeypatch.setattr(web, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = costs_of(Http(url=url, is_direct=True, wait=waits.append), "x", NOW)
    assert found == Unknown(f"Prometheus at {url} does not answer: TimeoutError: timed out")
    assert waits == [0.5, 2.0]


def test_prometheus_is_asked_the_question_with_its_headers(world, tmp_path):
    for name, text in (("X-Scope-OrgID", "team\n"), ("token", "secret\n"), ("Empty", "\n"), ("..data", "no")):
        (tmp_path / name).write_text(text)
    headers = headers_in(tmp_path)
    assert headers == {"X-Scope-OrgID": "team", "Authorization": "Bearer secret"}
    world.prometheus = an_answer({"team-a": 5})
    found = costs_of(Http(url=f"{world.url}/", headers=headers), 'x{team="a&b"}', NOW + timedelta(seconds=9))
    assert isinstance(found, Costs)
    ((_, target, sent),) = world.asked
    assert target == f"{QUERY}?query=x%7Bteam%3D%22a%26b%22%7D"
    assert (sent["authorization"], sent["x-scope-orgid"]) == ("Bearer secret", "team")


def test_a_folder_that_is_not_there_has_no_headers(tmp_path):
    assert headers_in(tmp_path / "none") == {}


def test_outside_a_pod_nobody_knows_an_api_server(tmp_path):
    with pytest.raises(ValueError, match="KUBERNETES_SERVICE_HOST is not set: this program runs in a pod"):
        own_api_server({}, tmp_path)
    with pytest.raises(FileNotFoundError):
        own_api_server({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)
