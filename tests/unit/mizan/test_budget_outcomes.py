"""What became of each queue: what is told where the cluster refuses, breaks off, or somebody ends the program."""

import pytest

from mizan.budgets.api_server import ApiServer
from mizan.budgets.enforce import Enforcement, Outcome
from mizan.budgets.model import Kind, Limit, Mode, Unknown
from mizan.budgets.web import Http
from tests.budget_builders import NOW, a_body, a_limit, some_costs
from tests.fake_api import EVENTS, QUEUES, FakeWorld, served

OVER = some_costs({"team-a": 1000, "team-b": 1000})
GONE = Unknown("Prometheus is gone")


@pytest.fixture
def world():
    made = FakeWorld()
    for team in ("team-a", "team-b"):
        made.put(a_body(namespace=team))
    with served(made) as found:
        yield found


@pytest.fixture
def lines():
    return []


@pytest.fixture
def enforcement(world, lines):
    def make(*limits, mode=Mode.HOLD):
        return Enforcement(
            limits=limits or (a_limit(), a_limit(team="team-b")),
            mode=mode,
            cluster=ApiServer(Http(url=world.url, is_direct=True, wait=lambda _: None)),
            is_dry=False,
            say=lines.append,
        )

    return make


def asked(world, method):
    return [target for each, target, _ in world.asked if each == method]


@pytest.mark.parametrize("codes", [[403], [422], [409] * 3])
def test_a_queue_that_the_cluster_refuses_to_change_is_not_done_and_the_next_one_is(world, enforcement, codes):
    world.faults["PATCH", f"{QUEUES}team-a"] = codes
    done = enforcement().enforce(OVER, NOW)
    assert done.outcomes == (Outcome.REFUSED, Outcome.DONE)
    assert (world.policy("team-a"), world.policy("team-b"), done.exit_code) == ("None", "Hold", 1)


def test_a_queue_of_which_no_answer_comes_may_be_done(world, enforcement):
    world.faults["PATCH", f"{QUEUES}team-a"] = [0] * 3
    done = enforcement().enforce(OVER, NOW)
    assert done.outcomes == (Outcome.OPEN, Outcome.DONE)
    (fault,) = done.faults
    assert fault.endswith("; it may be done all the same")
    assert world.policy("team-b") == "Hold"


def test_a_hold_that_was_done_and_not_answered_is_found_when_it_is_tried_again(world, enforcement):
    answer, is_lost = world.answer, []

    def lose_the_first(method, *rest):
        found = answer(method, *rest)
        if method == "PATCH" and not is_lost:
            is_lost.append(True)
            return 0, None
        return found

    world.answer = lose_the_first
    done = enforcement().enforce(OVER, NOW)
    assert (done.outcomes, done.exit_code) == ((Outcome.DONE, Outcome.DONE), 0)
    assert world.policy("team-a") == "Hold"


def test_a_queue_that_is_gone_before_it_is_read_again_is_no_fault(world, enforcement, lines):
    world.faults["PATCH", f"{QUEUES}team-a"] = [409]
    world.faults["GET", f"{QUEUES}team-a/localqueues/training"] = [404]
    done = enforcement(a_limit()).enforce(OVER, NOW)
    assert (done.outcomes, done.exit_code, lines) == ((Outcome.GONE,), 0, ["team-a/training: gone"])


@pytest.mark.parametrize("code", [403, 404])
def test_an_event_that_is_refused_is_told_as_that_and_the_hold_is_done(world, enforcement, lines, code):
    world.faults["POST", f"{EVENTS}team-a"] = [code]
    done = enforcement().enforce(OVER, NOW)
    assert done.outcomes == (Outcome.DONE, Outcome.DONE)
    (fault,) = done.faults
    assert fault.startswith(f"team-a/training: hold: its Event is not told: {code} ")
    assert (done.exit_code, world.policy("team-a")) == (1, "Hold")
    assert lines[0].startswith("team-a/training: hold: team-a has spent $1,000.00")


def test_an_event_is_told_before_a_line_is_said_that_may_fail(world, enforcement):
    def broken(line):
        raise BrokenPipeError(line)

    enforcing = enforcement()
    with pytest.raises(BrokenPipeError):
        Enforcement(**vars(enforcing) | {"say": broken}).enforce(OVER, NOW)
    assert [event["reason"] for event in world.events] == ["BudgetHold"]


def test_a_queue_that_is_none_is_a_fault_of_its_namespace_alone(world, enforcement):
    world.put(a_body(annotations=["x"]))
    done = enforcement().enforce(OVER, NOW)
    assert done.faults == ("team-a: its LocalQueues are not told: an answer that is no LocalQueue",)
    assert world.policy("team-b") == "Hold"


def test_costs_that_nobody_knows_end_with_3_where_there_is_no_queue(world, enforcement):
    world.queues.clear()
    assert enforcement().enforce(GONE, NOW).exit_code == 3
    assert enforcement().looked_at(GONE, NOW).exit_code == 3
    assert enforcement().enforce(some_costs({"team-a": None}), NOW).exit_code == 3


def test_costs_that_do_not_matter_may_be_unknown(world, enforcement):
    assert enforcement(a_limit(None)).enforce(GONE, NOW).exit_code == 0
    assert enforcement(mode=Mode.NONE).enforce(GONE, NOW).exit_code == 0


def test_a_queue_that_is_not_of_the_stack_is_left_alone_and_shown(world, enforcement):
    theirs = {"mizan.dev/budget-action": "BudgetWouldHold", "mizan.dev/budget-action-at": "2026-11-01T00:00:00Z"}
    world.put(a_body(name="other", annotations=theirs))
    limit = Limit(team="team-a", usd=a_limit().usd, queues=("training",))
    done = enforcement(limit).enforce(OVER, NOW)
    assert [(action.queue.name, action.kind) for action in done.actions] == [
        ("other", Kind.NONE),
        ("training", Kind.HOLD),
    ]
    assert done.actions[0].words == "not of this stack, and left alone"
    assert (world.policy(name="other"), world.policy(), done.exit_code) == ("None", "Hold", 0)
    assert [target.partition("?")[0] for target in asked(world, "PATCH")] == [f"{QUEUES}team-a/localqueues/training"]


def test_who_ends_the_program_is_told_which_queue_may_be_done(world, enforcement, lines):
    def ended():
        raise KeyboardInterrupt

    enforcing = enforcement()
    cluster = ApiServer(enforcing.cluster.http)
    patched = []

    class Ended:
        queues, queue, tell = cluster.queues, cluster.queue, cluster.tell

        def patch(self, namespace, name, body):
            if patched:
                ended()
            patched.append(name)
            cluster.patch(namespace, name, body)

    with pytest.raises(KeyboardInterrupt):
        Enforcement(**vars(enforcing) | {"cluster": Ended()}).enforce(OVER, NOW)
    first, second = lines
    assert first.startswith("team-a/training: hold: ")
    assert second.startswith("team-b/training: interrupted, and this may be done: hold: team-b has spent")
