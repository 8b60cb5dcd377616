"""Budgets by dollars that a test says: a real Prometheus tells them, a real Kueue holds, real rights and managers.

How nodes become dollars and these a hold: test_budget_month.py.
"""

import ssl
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from lightkube.codecs import from_dict
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace, Pod, ServiceAccountToken
from lightkube.types import PatchType

from local import toolchain
from local.control_plane import ControlPlane, pki
from local.control_plane.daemons import MEASURING_TOOLS, TOOLS
from local.control_plane.scraping import Metrics
from local.home import Home
from local.progress import Reporter
from mizan import keys
from mizan.budgets.api_server import ApiServer
from mizan.budgets.costs import question
from mizan.budgets.enforce import Enforcement
from mizan.budgets.model import Costs, Kind, Limit, Mode, Unknown
from mizan.budgets.prometheus import costs_of, prometheus_at
from mizan.budgets.queues import OF_A_HOLD, OF_AN_ACTION, read_queue
from mizan.budgets.web import Http, Refused, Request
from mizan.cli.cluster import HeldCluster
from mizan.manifests.budget_enforcer import budget_enforcer
from mizan.manifests.own_namespace import own_namespace
from mizan.manifests.queues import local_queue
from mizan.metrics import names
from tests.budget_stacks import a_budget_plan
from tests.builders import a_queue
from tests.control_plane.cluster_builders import INSTANCE_TYPES, LocalQueue, RecordingReporter
from tests.control_plane.queue_builders import QueuedStack, eights, on_demand

pytestmark = pytest.mark.control_plane

TEAM = "team-a"
ASKED = question(*(series.name for series in (names.TEAM_MONTH, names.MONTH_COUNTED, names.EVALUATED)))
LIMITS = (Limit(team=TEAM, usd=Decimal(1000)),)


def dollars(usd):
    """Rules that tell a month's dollars of one team, as the plan's own would, without nodes that cost them."""
    month = 'count_values("month", year() * 100 + month())'
    passed = "(day_of_month() - 1) * 86400 + hour() * 3600 + minute() * 60"
    spent = f'label_replace(vector({usd}) * on () group_left (month) {month}, "team", "{TEAM}", "", "")'
    rules = [
        {"record": "mizan_team_cost_month_usd", "expr": spent},
        {"record": "mizan_cost_month_counted_seconds", "expr": f"{month} * 0 + on () group_left () ({passed})"},
        {"record": "mizan_cost_evaluated_timestamp_seconds", "expr": "vector(time())"},
    ]
    return {"costs": {"groups": [{"name": "costs", "interval": "1s", "rules": rules}]}}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    tools = toolchain.ensure((*TOOLS, *MEASURING_TOOLS), cache=toolchain.default_cache(), reporter=Reporter())
    plane = ControlPlane(Home(tmp_path_factory.mktemp("budget") / "home"), tools, RecordingReporter())
    try:
        plane.start(instance_types=INSTANCE_TYPES, metrics=Metrics(scrape_seconds=1, rules=dollars(0)))
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
    stack.apply([a_queue(quotas=[on_demand(16)])], pools=[eights(capacity=[{"type": "on-demand", "maxNodes": 2}])])
    stack.add_nodes(2, capacity_type="on-demand")
    yield stack
    stack.remove()
    eventually(lambda: TEAM not in [each.metadata.name for each in client.list(Namespace)], seconds=120.0)


def known(plane):
    return costs_of(prometheus_at(plane.prometheus, {}), ASKED, datetime.now(UTC))


@pytest.fixture
def spend(plane, eventually):
    """Let Prometheus tell that the team has spent so much."""

    def tell(usd):
        plane.start(instance_types=INSTANCE_TYPES, metrics=Metrics(scrape_seconds=1, rules=dollars(usd)))

        def is_told():
            costs = known(plane)
            return isinstance(costs, Costs) and costs.usd.get(TEAM) == usd

        eventually(is_told)

    return tell


@pytest.fixture
def enforce(plane, client):
    said = []

    def run(mode=Mode.HOLD, costs=None):
        enforcement = Enforcement(limits=LIMITS, mode=mode, cluster=HeldCluster(client), is_dry=False, say=said.append)
        return enforcement.enforce(costs or known(plane), datetime.now(UTC))

    return run


def asked(path):
    return Request(path=path)


def queue(client):
    return client.get(LocalQueue, "training", namespace=TEAM)


def kinds(done):
    assert done.faults == ()
    return [action.kind for action in done.actions]


def test_a_team_that_has_spent_its_budget_starts_no_new_job_until_it_is_raised(
    client, stack, spend, enforce, eventually
):
    spend(999)
    stack.submit("before", "training")
    stack.admitted("before")
    assert kinds(enforce()) == [Kind.NONE]
    spend(1000)
    assert kinds(enforce()) == [Kind.HOLD]
    stack.submit("after", "training")

    def is_inactive():
        status, reason, message = stack.condition("after", "QuotaReserved") or ("", "", "")
        return status == "False" and (reason, message)

    assert "training" in eventually(is_inactive)[1]
    assert stack.condition("before", "Admitted")[0] == "True"
    assert stack.condition("before", "Evicted") is None
    assert kinds(enforce()) == [Kind.NONE]
    spend(10)
    assert kinds(enforce()) == [Kind.RELEASE]
    stack.admitted("after")
    assert not set(OF_A_HOLD) & set(queue(client).metadata.annotations)


def test_running_jobs_are_evicted_only_with_hold_and_drain(stack, spend, enforce, eventually):
    stack.submit("running", "training")
    stack.admitted("running")
    spend(2000)
    assert kinds(enforce(Mode.HOLD_AND_DRAIN)) == [Kind.DRAIN]
    eventually(lambda: (stack.condition("running", "Evicted") or ("",))[0] == "True")
    spend(0)
    assert kinds(enforce(Mode.HOLD_AND_DRAIN)) == [Kind.RELEASE]
    stack.admitted("running", seconds=60.0)


def test_an_update_of_the_stack_leaves_a_hold_as_it_is_and_sees_nothing_to_change(client, stack, spend, enforce):
    # As Pulumi does: server-side apply, under a manager of its own, of what the stack says.
    manager = "pulumi-kubernetes-1a2b3c4d"
    said = from_dict(local_queue("training", TEAM))
    client.apply(said, field_manager=manager, force=True)
    spend(1000)
    enforce()
    held = queue(client)
    assert held.spec["stopPolicy"] == "Hold"
    client.apply(said, field_manager=manager)
    after = queue(client)
    # Kueue may write its status in between; the generation counts changes of the spec.
    assert (after.spec, after.metadata.generation) == (held.spec, held.metadata.generation)
    assert {*OF_A_HOLD, *OF_AN_ACTION} <= set(after.metadata.annotations)
    assert read_queue(after.to_dict()).is_policy_ours


def test_what_a_person_sets_with_kubectl_is_theirs_also_where_it_was_ours(client, stack, spend, enforce):
    def person(policy):
        body = {"spec": {"stopPolicy": policy}}
        how = {"namespace": TEAM, "patch_type": PatchType.MERGE, "field_manager": "kubectl-patch"}
        client.patch(LocalQueue, "training", body, **how)

    person("Hold")
    spend(5000)
    assert kinds(enforce()) == [Kind.NONE]
    person("None")
    assert kinds(enforce()) == [Kind.HOLD]
    person("None")
    person("Hold")
    spend(0)
    assert kinds(enforce()) == [Kind.NONE]
    assert queue(client).spec["stopPolicy"] == "Hold"


def test_while_prometheus_is_gone_nothing_changes(client, stack, spend, enforce):
    spend(1000)
    enforce()
    gone = costs_of(prometheus_at("http://127.0.0.1:9", {}), ASKED, datetime.now(UTC))
    assert isinstance(gone, Unknown)
    done = enforce(costs=gone)
    assert (kinds(done), done.exit_code) == ([Kind.NONE], 3)
    assert queue(client).spec["stopPolicy"] == "Hold"


@pytest.fixture
def enforcer(client, stack):
    """The enforcer's manifests of a stack of the same team, in the cluster; gone with the test."""
    plan = a_budget_plan({"usdPerMonth": 1000})
    manifests = [from_dict(body) for body in (*own_namespace(plan), *budget_enforcer(plan))]
    for body in manifests:
        client.apply(body, force=True)
    yield plan
    # Its namespace would take its time, and refuse the next test's objects until it is gone.
    for body in (each for each in reversed(manifests) if not isinstance(each, Namespace)):
        client.delete(type(body), body.metadata.name, namespace=body.metadata.namespace)


@pytest.fixture
def account(client, enforcer):
    """The token of the enforcer's service account, as its pod has it."""
    wanted = ServiceAccountToken(metadata=ObjectMeta(), spec=TokenRequestSpec(audiences=[], expirationSeconds=600))
    made = client.create(wanted, "mizan-budget", namespace=keys.OWN_NAMESPACE)
    return made.status.token


@pytest.fixture
def api(plane, client, account):
    authority = ssl.create_default_context(cafile=str(pki.certificate(plane.home.pki, "ca")))
    server = str(client.config.cluster.server)
    headers = {"Authorization": f"Bearer {account}"}
    return ApiServer(Http(url=server, headers=headers, authority=authority, is_direct=True))


def test_its_account_may_do_what_it_must_and_no_more(client, stack, spend, api):
    (body,) = api.queues(TEAM)
    held = {"metadata": {"resourceVersion": body["metadata"]["resourceVersion"]}, "spec": {"stopPolicy": "Hold"}}
    api.patch(TEAM, "training", held)
    assert queue(client).spec["stopPolicy"] == "Hold"
    client.create(from_dict(local_queue("other", TEAM)))
    for refused in (
        lambda: api.patch(TEAM, "other", {"spec": {"stopPolicy": "Hold"}}),
        lambda: api.queues("default"),
        lambda: api.http.ask(asked(f"/api/v1/namespaces/{TEAM}/secrets")),
        lambda: api.http.ask(asked(f"/api/v1/namespaces/{TEAM}/pods")),
        lambda: api.http.ask(asked("/apis/kueue.x-k8s.io/v1beta2/clusterqueues")),
    ):
        with pytest.raises(Refused) as caught:
            refused()
        assert caught.value.code == 403


def test_its_pod_is_one_that_the_api_server_takes_under_the_restricted_standard(client, enforcer):
    (job,) = [body for body in budget_enforcer(enforcer) if body["kind"] == "CronJob"]
    spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod = Pod.from_dict({"metadata": {"name": "once", "namespace": keys.OWN_NAMESPACE}, "spec": spec})
    assert client.create(pod, dry_run=True).metadata.name == "once"
