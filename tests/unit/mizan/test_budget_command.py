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

    def call(*words, usd=None, mode="hold", budget=1000, budgets=1, prometheus=True, stack=None):
        kubeconfig = tmp_path / "kubeconfig"
        document = {
            "clusters": [{"name": NAME, "cluster": {"server": world.url}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
            "contexts": [{"name": "prod", "context": {"cluster": NAME, "user": "me"}}],
        }
        YAML().dump(document, kubeconfig)
        each = None if budget is None else {"usdPerMonth": budget}
        values = stack or an_existing_budget_stack()
        values |= {"teams": teams(*[each] * budgets), "budgetEnforcement": {"mode": mode}}
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


@pytest.mark.parametrize("mode", ["hold", "dry-run"])
def test_a_dry_run_by_hand_changes_nothing_and_tells_nobody_else(world, run, mode):
    result = run("enforce", "--dry-run", usd={"team-a": 1000}, mode=mode)
    assert result.exit_code == 0
    assert (world.policy(), world.events) == ("None", [])
    assert "to be done" in result.stdout


def test_where_the_stack_holds_nobody_the_cluster_is_told_what_would_be_done(world, run):
    result = run("enforce", usd={"team-a": 1000}, mode="dry-run")
    assert (result.exit_code, world.policy()) == (0, "None")
    assert [event["reason"] for event in world.events] == ["BudgetWouldHold"]
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
    assert "Fault: team-a/training: hold: " in result.stdout


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


def write_header(tmp_path, name, text):
    folder = tmp_path / "headers"
    folder.mkdir()
    (folder / name).write_text(text)
    return str(folder)


def fault_of(result):
    assert isinstance(result.exception, PlatformError)
    assert result.exception.exit_code == 2
    return str(result.exception)


def test_a_header_that_is_none_is_bad_input_and_is_not_told(world, run, tmp_path):
    folder = write_header(tmp_path, "token", "SECRET1\nSECRET2")
    result = run("status", "--prometheus-headers", folder, usd={"team-a": 1})
    told = fault_of(result)
    assert told.startswith(f"--prometheus-headers: folder {folder}: file 'token': a line break inside; needs a file of")
    assert "SECRET" not in told + result.output
    assert world.asked == []


def test_a_folder_without_a_header_is_bad_input(world, run, tmp_path):
    folder = write_header(tmp_path, "token", "\n")
    told = fault_of(run("status", "--prometheus-headers", folder, usd={"team-a": 1}))
    assert f"folder {folder}: no file that is a header" in told
    assert world.asked == []


def test_a_folder_of_headers_that_is_not_there_is_bad_input(world, run, tmp_path):
    nowhere = str(tmp_path / "none")
    told = fault_of(run("status", "--prometheus-headers", nowhere, usd={"team-a": 1}))
    assert f"folder {nowhere}: no such folder" in told
    assert world.asked == []


def test_no_text_is_not_the_current_folder(world, run):
    result = run("status", "--prometheus-headers", "", usd={"team-a": 1})
    assert result.exit_code == 2
    assert "needs a folder" in result.stderr
    assert world.asked == []


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("", "nothing"),
        ("http://", "http://"),
        ("http://127.0.0.1:abc", "http://127.0.0.1:abc"),
        ("http://127.0.0.1:99999", "http://127.0.0.1:99999"),
        ("http://[::1", "http://[::1"),
        ("http://a\nb", "http://a b"),
        ("http://admin:SECRET@h", "an address with a user, a query or a fragment, which is not shown"),
        ("http://h?token=SECRET", "an address with a user, a query or a fragment, which is not shown"),
        ("http://h#SECRET", "an address with a user, a query or a fragment, which is not shown"),
    ],
)
def test_an_address_that_is_none_is_bad_input_and_no_secret_in_it_is_told(run, address, seen):
    stack = an_existing_budget_stack(**EXTERNAL | {"url": "http://127.0.0.1:9"})
    result = run("status", "--prometheus", address, prometheus=False, stack=stack)
    told = fault_of(result)
    assert told.startswith(f"--prometheus: {seen}; needs http:// or https:// and a host, a port from 1 to 65535, ")
    assert "SECRET" not in told + result.output


def done(result):
    """The rows of queues: their name, and what is shown as done."""
    return {
        row[0]: row[2] if row[2] != "not" else " ".join(row[2:4]) for row in rows(result.stdout) if "/" in row[0][1:-1]
    }


@pytest.mark.parametrize("codes", [[403], [422], [409] * 3])
def test_a_queue_that_was_refused_is_not_shown_as_held(world, run, codes):
    world.faults["PATCH", QUEUES] = codes
    result = run("enforce", usd={"team-a": 1000})
    assert (done(result), result.exit_code) == ({"team-a/training": "not done"}, 1)


def test_a_queue_that_is_gone_is_shown_as_that(world, run):
    world.before_patch.append(world.queues.clear)
    result = run("enforce", usd={"team-a": 1000})
    assert (done(result), result.exit_code) == ({"team-a/training": "gone"}, 0)


def test_a_refusal_says_which_right_is_needed(world, run):
    world.faults["PATCH", QUEUES] = [403]
    result = run("enforce", usd={"team-a": 1000})
    assert "fault 403; needs the right to list, get and patch localqueues of kueue.x-k8s.io" in result.stdout


@pytest.mark.parametrize("answer", [(0, None), (200, b"<html>Sign in</html>")])
def test_a_queue_without_an_answer_keeps_no_other_from_being_held(world, run, answer):
    world.put(a_body(namespace="team-b"))
    usual = world.answer

    def broken(method, target, *rest):
        return answer if method == "PATCH" and "team-a" in target else usual(method, target, *rest)

    world.answer = broken
    result = run("enforce", usd={"team-a": 1000, "team-b": 1000}, budgets=2)
    assert done(result) == {"team-a/training": "not known", "team-b/training": "held"}
    assert (result.exit_code, world.policy("team-b")) == (1, "Hold")
    assert "Fault: team-a/training: hold: no answer: " in result.stdout


def test_a_cluster_without_kueue_is_told_as_that(world, run):
    usual = world.answer
    world.answer = lambda method, target, *rest: (
        (404, b"404 page not found") if target.startswith(QUEUES) else usual(method, target, *rest)
    )
    result = run("enforce", usd={"team-a": 1000})
    assert isinstance(result.exception, SourceUnreachable)
    assert "no kueue.x-k8s.io/v1beta2; needs Kueue" in str(result.exception)


def test_a_cluster_that_lets_nobody_in_is_told_once(world, run):
    world.faults["GET", QUEUES] = [401] * 2
    result = run("enforce", usd={"team-a": 1000})
    assert isinstance(result.exception, SourceUnreachable)
    assert "Log in again" in str(result.exception)


def test_who_reads_no_more_keeps_no_queue_from_being_held_and_told(world, run, monkeypatch):
    def closed(*_):
        raise BrokenPipeError

    monkeypatch.setattr("mizan.cli.budget.tell", closed)
    result = run("enforce", usd={"team-a": 1000})
    assert (result.exit_code, world.policy()) == (0, "Hold")
    assert [event["reason"] for event in world.events] == ["BudgetHold"]


def test_costs_that_are_unknown_end_with_3_where_there_is_no_queue(world, run):
    world.queues.clear()
    world.prometheus = {"status": "error", "error": "out of memory"}
    assert run("enforce").exit_code == 3
    assert run("status").exit_code == 3


def test_what_is_not_enforced_is_not_told_as_unknown(run):
    result = run("status", mode="none", prometheus=False)
    assert "Budgets are not enforced, so Prometheus was not asked." in result.stdout
    assert "unknown" not in result.stdout


def test_a_queue_that_is_not_of_the_stack_is_left_alone_with_every_right(world, run):
    world.put(a_body(name="other"))
    result = run("enforce", usd={"team-a": 1000})
    assert (world.policy(name="other"), world.policy(), result.exit_code) == ("None", "Hold", 0)
    assert "not of this stack, and left alone" in result.stdout


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
