"""A budget of the month end to end: nodes' prices become a team's dollars, these a hold, and a raised budget its end.

What is between is what `make up` runs, with the rules' own intervals: kube-state-metrics, Prometheus, all rules, Kueue,
and the CronJob's program with its account's rights, as `make budgets` runs it.
"""

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.core_v1 import Namespace

from local import platform, toolchain
from local.answers import ask
from local.control_plane import ControlPlane
from local.control_plane.daemons import MEASURING_TOOLS, TOOLS
from local.home import Home
from local.measuring import metrics_of
from local.progress import Reporter
from mizan.errors import PlatformError, SourceUnreachable
from mizan.metrics import names
from mizan.metrics.queue_state import ACTED, STOPPED
from tests.budget_stacks import EXCEPTION
from tests.builders import a_plan, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import LocalQueue, RecordingReporter
from tests.control_plane.queue_builders import QueuedStack, eights, on_demand

pytestmark = pytest.mark.control_plane

# Those of older writers have no time, which the client's own kind insists on.
Event = create_namespaced_resource("events.k8s.io", "v1", "Event", "events")

TEAM, QUEUE = "team-a", "training"
PATIENCE_SECONDS = 150
# A node of 8 GPUs costs a quarter of a dollar in the 30 s between two evaluations.
SPENT, ENOUGH = Decimal("0.1"), 1000


POOLS = [eights(capacity=[{"type": "on-demand", "maxNodes": 2}])]
QUEUES = [a_queue(name=QUEUE, quotas=[on_demand(16)])]


def plan_of(budget, mode="hold"):
    team = a_team(name=TEAM, queues=[QUEUE], **({} if budget is None else {"budget": budget}))
    values = a_stack(pools=POOLS, queues=QUEUES, teams=[team], jobs=[], budgetEnforcement={"mode": mode})
    return lasting(a_plan(values))


def lasting(plan):
    """A plan whose exceptions hold by the machine's own clock, as the program has no other."""
    (team,) = plan.teams
    if team.budget is None:
        return plan
    exceptions = tuple(each.model_copy(update={"until": date(2099, 12, 31)}) for each in team.budget.exceptions)
    return replace(plan, teams=(replace(team, budget=team.budget.model_copy(update={"exceptions": exceptions})),))


def usd(amount, *exceptions):
    return {"usdPerMonth": str(amount), "exceptions": list(exceptions)}


PLAN = plan_of(usd(SPENT))


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    tools = toolchain.ensure((*TOOLS, *MEASURING_TOOLS), cache=toolchain.default_cache(), reporter=Reporter())
    plane = ControlPlane(Home(tmp_path_factory.mktemp("month") / "home"), tools, RecordingReporter())
    try:
        plane.start(metrics=replace(metrics_of(PLAN), scrape_seconds=1))
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def client(plane):
    with plane.client() as client:
        yield client


@pytest.fixture
def stack(client, eventually):
    stack = QueuedStack(client, TEAM, eventually)
    stack.apply(QUEUES, pools=POOLS)
    stack.add_nodes(2, capacity_type="on-demand")
    yield stack
    stack.remove()
    eventually(lambda: TEAM not in [each.metadata.name for each in client.list(Namespace)], seconds=120.0)


@pytest.fixture
def enforce(plane, monkeypatch):
    """`make budgets` with a stack file that says so."""

    def run(budget, mode="hold"):
        monkeypatch.setattr(platform, "plan_of", lambda _: plan_of(budget, mode))
        return platform.enforce(plane.home, "local", Reporter())

    return run


@pytest.fixture
def told(plane):
    """One number of Prometheus, None where there is none."""

    def ask_for(query):
        found = ask(plane.prometheus, query)
        assert len(found) < 2, query
        return found[0].value if found else None

    return ask_for


@pytest.fixture
def spending(stack, told, eventually):
    """The team's queue, with a job that runs, once its node has cost more than the small budget."""
    stack.submit("before", QUEUE)
    stack.admitted("before")
    eventually(lambda: (told(MONTH) or 0) > SPENT, seconds=PATIENCE_SECONDS)
    return stack


MONTH = f'max({names.TEAM_MONTH.name}{{team="{TEAM}"}})'


def policy(client):
    return client.get(LocalQueue, QUEUE, namespace=TEAM).spec["stopPolicy"]


def events(client):
    found = (each for each in client.list(Event, namespace=TEAM) if each["regarding"]["kind"] == "LocalQueue")
    return [each["reason"] for each in sorted(found, key=lambda each: each["eventTime"])]


def is_told_as_held(plane, *, by_a_budget=False):
    """Whether kube-state-metrics tells that the queue is held, and by its budget."""
    found = ask(plane.prometheus, f'{STOPPED}{{namespace="{TEAM}",queue="{QUEUE}",policy="Hold"}} == 1')
    return any(not by_a_budget or each.labels.get("budget_month") for each in found)


def acted(plane):
    """The last action on the queue as kube-state-metrics tells it, with its moment."""
    return {each.labels["action"]: each.value for each in ask(plane.prometheus, ACTED)}


def test_a_team_s_dollars_of_the_month_are_its_node_s_price_for_the_time_that_it_ran(spending, told):
    price = float(PLAN.offers[0].price.usd_per_hour)
    assert float(told(f"sum({names.COST.name})")) == pytest.approx(price)
    ran = time.time() - spending.live("before").metadata.creationTimestamp.timestamp()
    # From one evaluation to another, both while it ran.
    assert price * (ran - 90) <= float(told(MONTH)) * 3600 <= price * ran


def test_dollars_above_the_budget_hold_the_queue_until_it_is_raised_and_running_jobs_go_on(
    plane, client, spending, enforce, eventually
):
    held = enforce(usd(SPENT))
    assert held.status == 0, held.text
    assert held.text.startswith(f"{TEAM}/{QUEUE}: hold: {TEAM} has spent $0.")
    assert "of $0.10 in 20" in held.text
    assert (policy(client), events(client)) == ("Hold", ["BudgetHold"])
    eventually(lambda: is_told_as_held(plane, by_a_budget=True))
    assert abs(float(acted(plane)["BudgetHold"]) - time.time()) < PATIENCE_SECONDS

    spending.submit("after", QUEUE)
    eventually(lambda: (spending.condition("after", "QuotaReserved") or ("",))[0] == "False")
    assert "held: " in enforce(usd(SPENT)).text
    assert spending.condition("before", "Admitted")[0] == "True"
    assert [pod.status.phase for pod in spending.pods("before")] == ["Running"]
    assert spending.pods("after") == []

    raised = enforce(usd(ENOUGH))
    assert raised.status == 0, raised.text
    assert raised.text.startswith(f"{TEAM}/{QUEUE}: release: new jobs start again: {TEAM} has spent $")
    spending.admitted("after")
    assert (policy(client), events(client)) == ("None", ["BudgetHold", "BudgetRelease"])
    eventually(lambda: not is_told_as_held(plane))
    assert set(acted(plane)) == {"BudgetRelease"}


def test_an_exception_ends_a_hold_whatever_is_spent(client, spending, enforce):
    enforce(usd(SPENT))
    assert policy(client) == "Hold"
    excepted = enforce(usd(SPENT, EXCEPTION))
    assert "release: new jobs start again: an exception of cto@example.com until 2099-12-31" in excepted.text
    assert (policy(client), events(client)) == ("None", ["BudgetHold", "BudgetRelease"])


def test_a_dry_run_is_an_event_and_a_metric_and_stops_nobody(plane, client, spending, enforce, eventually):
    would = enforce(usd(SPENT), mode="dry-run")
    assert would.status == 0, would.text
    assert would.text.startswith(f"{TEAM}/{QUEUE}: dry run: hold: ")
    assert (policy(client), events(client)) == ("None", ["BudgetWouldHold"])
    eventually(lambda: set(acted(plane)) == {"BudgetWouldHold"})
    spending.submit("after", QUEUE)
    spending.admitted("after")
    enforce(usd(ENOUGH), mode="dry-run")
    eventually(lambda: acted(plane) == {})


@pytest.mark.parametrize(("budget", "mode"), [(None, "hold"), (usd(1), "none")])
def test_where_nothing_is_enforced_nothing_is_run(enforce, budget, mode):
    with pytest.raises(PlatformError, match="no team with a budget, or mode"):
        enforce(budget, mode)


def test_without_the_team_s_namespace_it_says_what_makes_it(enforce):
    with pytest.raises(SourceUnreachable, match=r'"team-a" not found.*Run `make up`'):
        enforce(usd(SPENT))
