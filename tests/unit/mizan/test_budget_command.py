"""`mizan budget`: what it shows, what it changes, and how it ends, against a cluster and a Prometheus over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from mizan.cli.app import app
from mizan.errors import PlatformError, SourceUnreachable
from tests.budget_builders import a_body, an_answer
from tests.budget_stacks import a_local_budget_plan, an_existing_budget_stack, teams
from tests.builders import a_plan
from tests.fake_api import QUEUES, FakeWorld, served
from tests.monitoring_stacks import EXTERNAL

NAME = "prod-cluster"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def world():
    made = FakeWorld()
    made.put(a_body())
    with served(made) as found:
        yield found


@pytest.fixture
def run(world, tmp_path, monkeypatch):
    def spent(usd, **changes):
        world.prometheus = an_answer(usd, evaluated=datetime.now(UTC) - timedelta(seconds=5), **changes)

    def call(*words, usd=None, mode="hold", budget=1000, prometheus=True, stack=None):
        kubeconfig = tmp_path / "kubeconfig"
        document = {
            "clusters": [{"name": NAME, "cluster": {"server": world.url}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
            "contexts": [{"name": "prod", "context": {"cluster": NAME, "user": "me"}}],
        }
        YAML().dump(document, kubeconfig)
        budgets = None if budget is None else {"usdPerMonth": budget}
        values = stack or an_existing_budget_stack()
        values |= {"teams": teams(budgets), "budgetEnforcement": {"mode": mode}}
        values["cluster"] = {"kubeconfig": str(kubeconfig), "context": "prod", "name": NAME}
        monkeypatch.setattr("mizan.cli.budget.plan_of", lambda *_: a_plan(values, stack="prod"))
        if usd is not None:
            spent(usd)
        asked = ["--prometheus", world.url] if prometheus else []
        return CliRunner().invoke(app, ["budget", *words, "--stack", "prod", *asked])

    return call


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_status_shows_dollars_budgets_and_what_would_follow_and_changes_nothing(world, run):
    result = run("status", usd={"team-a": 1234.5})
    assert result.exit_code == 0, result.output
    assert ["team-a", "$1,234.50", "$1,000.00", "123.4", "%", "over"] in rows(result.stdout)
    assert "team-a/training" in result.stdout
    assert "hold" in result.stdout
    assert (world.policy(), world.events) == ("None", [])
    assert {method for method, *_ in world.asked} == {"GET"}


def test_enforce_holds_and_says_so_and_the_next_time_nothing_is_left_to_do(world, run):
    result = run("enforce", usd={"team-a": 1000})
    assert result.exit_code == 0, result.output
    assert world.policy() == "Hold"
    assert [event["reason"] for event in world.events] == ["BudgetHold"]
    assert "team-a/training: hold: team-a has spent $1,000.00 of $1,000.00" in result.stderr
    assert "held" in result.stdout
    (patch,) = [target for method, target, _ in world.asked if method == "PATCH"]
    assert "fieldManager=mizan-budget" in patch
    again = run("enforce", usd={"team-a": 1000})
    assert again.exit_code == 0
    assert len(world.events) == 1


@pytest.mark.parametrize(("words", "mode"), [(("enforce", "--dry-run"), "hold"), (("enforce",), "dry-run")])
def test_a_dry_run_changes_nothing_whoever_wants_it(world, run, words, mode):
    result = run(*words, usd={"team-a": 1000}, mode=mode)
    assert result.exit_code == 0
    assert (world.policy(), world.events) == ("None", [])
    assert "to be done" in result.stdout


def test_mode_none_releases_what_was_held_and_asks_no_prometheus(world, run):
    run("enforce", usd={"team-a": 1000})
    world.asked.clear()
    result = run("enforce", mode="none", prometheus=False)
    assert result.exit_code == 0, result.output
    assert world.policy() == "None"
    assert [target for _, target, _ in world.asked if target.startswith("/api/v1/query")] == []


def test_what_a_person_has_stopped_is_shown_as_theirs(world, run):
    world.person("HoldAndDrain")
    result = run("enforce", usd={"team-a": 1000})
    assert "stopped with HoldAndDrain by a person, and left alone" in result.stdout
    assert (result.exit_code, world.policy()) == (0, "HoldAndDrain")


def test_unknown_costs_end_with_3_and_are_told(world, run):
    world.prometheus = {"status": "error", "error": "out of memory"}
    result = run("enforce")
    assert result.exit_code == 3
    assert "Costs are unknown: Prometheus refuses: out of memory." in result.stdout
    assert world.policy() == "None"


def test_a_month_that_was_not_counted_whole_is_told(world, run):
    now = datetime.now(UTC)
    world.prometheus = an_answer({"team-a": 5}, evaluated=now, counted=0)
    is_young = (now - now.replace(day=1, hour=0, minute=0, second=0)).total_seconds() <= 600
    assert ("at least this much is spent" in run("status").stdout) is not is_young


def test_a_queue_that_may_not_be_changed_ends_with_1(world, run):
    world.faults["PATCH", QUEUES] = [403]
    result = run("enforce", usd={"team-a": 1000})
    assert result.exit_code == 1
    assert "Not done: team-a/training: hold: " in result.stdout


def test_without_an_address_it_says_how_to_reach_prometheus(run):
    result = run("status", prometheus=False)
    assert isinstance(result.exception, PlatformError)
    assert str(result.exception) == (
        "--prometheus: not given, and stack prod names no address that this machine reaches; needs http:// or https:// "
        "and a host because what teams have spent is told by Prometheus. Run `kubectl -n mizan-monitoring port-forward "
        "service/kube-prometheus-stack-prometheus 9090`, then this command with `--prometheus http://127.0.0.1:9090`."
    )


def test_the_address_of_somebody_else_s_prometheus_is_known(world, run):
    stack = an_existing_budget_stack(**EXTERNAL | {"url": world.url})
    assert run("status", usd={"team-a": 1}, prometheus=False, stack=stack).exit_code == 0


def test_headers_come_from_files(world, run, tmp_path):
    folder = tmp_path / "headers"
    folder.mkdir()
    (folder / "token").write_text("mine")
    run("status", "--prometheus-headers", str(folder), usd={"team-a": 1})
    (sent,) = [headers for _, target, headers in world.asked if target.startswith("/api/v1/query")]
    assert sent["authorization"] == "Bearer mine"


def test_a_cluster_that_is_gone_ends_with_3(run, world):
    world.faults["GET", QUEUES] = [0] * 9
    result = run("status", usd={"team-a": 1})
    assert isinstance(result.exception, SourceUnreachable)
    assert "budgets hold and release the cluster's own queues" in str(result.exception)


def test_the_embedded_cluster_is_named_by_its_kubeconfig(monkeypatch):
    monkeypatch.setattr("mizan.cli.budget.plan_of", lambda *_: a_local_budget_plan(mode="none"))
    monkeypatch.delenv("MIZAN_KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    result = CliRunner().invoke(app, ["budget", "status", "--stack", "local"])
    assert "Run `make up`" in str(result.exception)
