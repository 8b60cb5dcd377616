"""The CronJob that enforces budgets: what it may do, where it runs, and that its code runs there as it is."""

import ast
import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.control_plane import pki
from mizan import keys
from mizan.budgets import settings
from mizan.budgets.model import Limit, Mode
from mizan.manifests import manifests_of
from mizan.manifests.budget_enforcer import budget_enforcer, code, limits_of, question_of
from mizan.manifests.own_namespace import own_namespace
from mizan.metrics import names
from mizan.metrics.queue_state import ACTED, STOPPED, queue_state
from mizan.plan.budget_enforcement import enforcer_namespace
from mizan.plan.secrets import TENANT_KEY, TOKEN_KEY
from tests.budget_builders import a_body, an_answer
from tests.budget_stacks import a_budget_plan, a_local_budget_plan, plans, teams, with_budgets, with_headers
from tests.builders import a_plan, a_pool
from tests.fake_api import FakeWorld, served
from tests.monitoring_stacks import existing_stack, gke_stack

PLANS = plans()


def the(manifests, kind, namespace=None):
    (found,) = [
        body for body in manifests if body["kind"] == kind and namespace in (None, body["metadata"].get("namespace"))
    ]
    return found


def pod_of(plan):
    return the(budget_enforcer(plan), "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def settings_of(plan):
    return settings.read(the(budget_enforcer(plan), "ConfigMap")["data"]["settings.json"])


def test_it_may_list_and_patch_the_teams_queues_by_name_and_create_events_and_no_more():
    plan = a_plan(with_budgets(gke_stack()) | {"teams": teams({"usdPerMonth": 5000})}, stack="gke-prod")
    role = the(budget_enforcer(plan), "Role", "team-a")
    assert role["rules"] == [
        {"apiGroups": ["kueue.x-k8s.io"], "resources": ["localqueues"], "verbs": ["list"]},
        {
            "apiGroups": ["kueue.x-k8s.io"],
            "resources": ["localqueues"],
            "resourceNames": ["training"],
            "verbs": ["get", "patch"],
        },
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
    ]


@pytest.mark.parametrize("case", PLANS)
def test_it_has_rights_in_the_teams_namespaces_alone_and_none_of_the_cluster(case):
    manifests = budget_enforcer(PLANS[case])
    namespace = enforcer_namespace(PLANS[case])
    assert {body["kind"] for body in manifests if "Cluster" in body["kind"]} == set()
    bindings = [body for body in manifests if body["kind"] == "RoleBinding"]
    assert [body["metadata"]["namespace"] for body in bindings] == ["team-a", "team-b"]
    assert [body["subjects"] for body in bindings] == [
        [{"kind": "ServiceAccount", "name": "mizan-budget", "namespace": namespace}]
    ] * 2
    assert pod_of(PLANS[case])["serviceAccountName"] == "mizan-budget"


def test_it_runs_every_five_minutes_one_at_a_time_and_never_longer_than_that():
    spec = the(budget_enforcer(a_budget_plan()), "CronJob")["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("*/5 * * * *", "Etc/UTC", "Forbid")
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 240)


@pytest.mark.parametrize("case", PLANS)
def test_its_pod_keeps_to_the_restricted_standard(case):
    pod = pod_of(PLANS[case])
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(mount["readOnly"] for mount in container["volumeMounts"])
    assert set(container["resources"]) == {"requests", "limits"}


def test_it_runs_on_no_node_that_is_paid_for_its_gpus():
    (term,) = pod_of(a_budget_plan())["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term == {"matchExpressions": [{"key": keys.POOL, "operator": "DoesNotExist"}]}


def test_its_image_is_pinned_by_digest_unless_the_stack_names_one():
    assert pod_of(a_budget_plan())["containers"][0]["image"].startswith(
        "docker.io/library/python:3.13.15-slim-trixie@sha256:"
    )
    assert pod_of(a_budget_plan(image="m.example.com/python:3.13"))["containers"][0]["image"] == (
        "m.example.com/python:3.13"
    )


def test_headers_are_mounted_from_their_secret_in_its_own_namespace():
    plan = with_headers()
    manifests = budget_enforcer(plan)
    assert {body["metadata"].get("namespace") for body in manifests} == {"mizan-monitoring", "team-a", "team-b"}
    assert "Namespace" not in {body["kind"] for body in manifests}
    assert {"name": "headers", "secret": {"secretName": "mimir-headers"}} in pod_of(plan)["volumes"]
    # Their keys are the names of the files, which the code takes for headers.
    assert (TENANT_KEY, TOKEN_KEY) == ("X-Scope-OrgID", "token")


WARM = {"warm": {"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10, "timeZone": "Etc/UTC"}}


@pytest.mark.parametrize("mode", ["hold", "none"])
@pytest.mark.parametrize("warm", [WARM, {}], ids=["warm", "cold"])
def test_the_platform_s_namespace_comes_once_for_placeholders_and_enforcer_together(warm, mode):
    plan = a_plan(with_budgets(gke_stack(), mode=mode) | {"pools": [a_pool(**warm)]}, stack="gke-prod")
    namespaces = [body for body in manifests_of(plan) if body["kind"] == "Namespace"]
    found = [body for body in namespaces if body["metadata"]["name"] == "mizan-system"]
    assert found == own_namespace(plan)
    assert len(found) == (1 if warm or mode == "hold" else 0)


def test_an_enforcer_beside_its_headers_needs_no_namespace_of_the_platform():
    assert own_namespace(with_headers()) == []


@pytest.mark.parametrize(
    "plan",
    [
        a_budget_plan(None, None),
        a_budget_plan(mode="none"),
        a_local_budget_plan(mode="hold"),
        a_plan(with_budgets(existing_stack())),
    ],
    ids=["no budget", "not wanted", "nothing measured", "no Prometheus"],
)
def test_there_is_none_where_nothing_could_be_enforced(plan):
    assert budget_enforcer(plan) == []


def test_it_is_told_the_budgets_of_all_teams_and_who_has_none():
    told = settings_of(a_budget_plan())
    assert told.limits == limits_of(a_budget_plan())
    assert told.limits[1] == Limit(team="team-b", usd=None, queues=("training",))
    (exemption,) = told.limits[0].exemptions
    assert (str(told.limits[0].usd), exemption.owner, str(exemption.until), exemption.reason) == (
        "5000",
        "cto@example.com",
        "2026-12-31",
        "launch of the summer model",
    )
    assert (told.mode, told.url) == (
        Mode.HOLD,
        "http://kube-prometheus-stack-prometheus.mizan-monitoring.svc:9090",
    )


def test_its_question_names_our_series_and_in_a_shared_store_this_cluster_alone():
    asked = question_of(a_budget_plan())
    for series in (names.TEAM_MONTH, names.MONTH_COUNTED, names.EVALUATED):
        assert f"({series.name})" in asked
        assert f'({series.name}{{cluster="prod-cluster"}})' in question_of(with_headers())


@pytest.mark.parametrize(
    ("stack", "mode"),
    [
        ("prod", Mode.HOLD),
        ("gke-prod", Mode.HOLD),
        ("eu-production", Mode.HOLD),
        ("gke-dev", Mode.DRY_RUN),
        ("local", Mode.DRY_RUN),
        ("prod-test", Mode.DRY_RUN),
        ("reprod", Mode.DRY_RUN),
    ],
)
def test_a_stack_that_does_not_say_holds_only_in_production(stack, mode):
    assert settings_of(a_budget_plan(stack=stack)).mode is mode
    assert settings_of(a_budget_plan(stack=stack, mode="hold-and-drain")).mode is Mode.HOLD_AND_DRAIN


def test_the_same_stack_gives_the_same_text_and_keys_that_a_configmap_takes():
    first, second = (json.dumps(budget_enforcer(a_budget_plan())) for _ in range(2))
    assert first == second
    data = the(budget_enforcer(a_budget_plan()), "ConfigMap")["data"]
    assert all(set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") for key in data)
    assert sum(len(text.encode()) for text in data.values()) < 100_000
    items = [item for volume in pod_of(a_budget_plan())["volumes"] for item in volume["configMap"]["items"]]
    assert {item["key"] for item in items} == set(data)


def test_its_code_imports_nothing_but_the_standard_library_and_itself():
    for path, text in code().items():
        for node in ast.walk(ast.parse(text)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                is_ours = module.startswith("mizan.budgets.")
                assert is_ours or module.split(".")[0] in sys.stdlib_module_names, f"{path}: {module}"


@pytest.fixture
def shipped(tmp_path):
    """The files of the ConfigMap, where the pod mounts them."""
    plan = a_budget_plan({"usdPerMonth": 1000})
    data = the(budget_enforcer(plan), "ConfigMap")["data"]
    for volume in pod_of(plan)["volumes"]:
        for item in volume["configMap"]["items"]:
            file = tmp_path / volume["name"] / item["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(data[item["key"]])
    return tmp_path


def test_the_shipped_program_says_what_is_missing_where_it_runs_in_no_pod(shipped):
    command = [sys.executable, "-I", "-S", "-B", str(shipped / "code")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == ("set up wrongly: [Errno 2] No such file or directory: '/etc/mizan/settings.json'\n")


# In place of the folders of a pod, those of a test; everything else is the pod's own.
DRIVER = """
import sys
sys.path.insert(0, sys.argv[1] + "/code")
from pathlib import Path
from mizan.budgets.pod import Folders, main
root = Path(sys.argv[1])
folders = Folders(settings=root / "settings/settings.json", headers=root / "headers", account=root / "account")
status = main(folders, {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": sys.argv[2]})
from importlib.util import find_spec
foreign = sorted(
    name for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "") or name.split(".")[0] in ("pydantic", "yaml")
)
assert foreign == [], foreign
assert not find_spec("pydantic")
sys.exit(status)
"""


@pytest.fixture
def pod(shipped, tmp_path):
    """Run the shipped program against an API server with TLS and a Prometheus, as a pod does."""
    now = datetime.now(UTC)
    requests = (
        pki.Request(name="ca", authority="ca", common_name="test"),
        pki.Request(name="server", authority="ca", common_name="api", hosts=("127.0.0.1",), is_server=True),
    )
    certificates = tmp_path / "pki"
    pki.ensure(certificates, now=now, requests=requests)
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("of-the-account\n")
    (account / "ca.crt").write_bytes(pki.certificate(certificates, "ca").read_bytes())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pki.certificate(certificates, "server"), pki.private_key(certificates, "server"))
    with served(FakeWorld(), tls) as api, served(FakeWorld()) as prometheus:
        file = tmp_path / "settings" / "settings.json"
        told = settings.read(file.read_text())
        file.write_text(
            settings.written(
                settings.Settings(mode=told.mode, url=prometheus.url, question=told.question, limits=told.limits)
            )
        )

        def run():
            port = api.url.rpartition(":")[2]
            command = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", DRIVER, str(tmp_path), port]
            environment = {"PATH": os.environ["PATH"], "https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
            assert done.stderr == ""
            return done

        yield api, prometheus, run


def test_the_shipped_program_holds_and_releases_with_the_standard_library_alone(pod):
    api, prometheus, run = pod
    api.put(a_body())
    month = datetime.now(UTC)
    prometheus.prometheus = an_answer({"team-a": 1000}, evaluated=month)
    done = run()
    assert (done.returncode, api.policy()) == (0, "Hold")
    assert done.stdout.startswith("team-a/training: hold: team-a has spent $1,000.00 of $1,000.00")
    assert [event["reason"] for event in api.events] == ["BudgetHold"]
    assert {headers["authorization"] for _, _, headers in api.asked} == {"Bearer of-the-account"}
    prometheus.prometheus = an_answer({"team-a": 10}, evaluated=datetime.now(UTC))
    assert (run().returncode, api.policy()) == (0, "None")


def test_the_shipped_program_ends_with_3_and_changes_nothing_where_costs_are_old(pod):
    api, prometheus, run = pod
    api.put(a_body())
    prometheus.prometheus = an_answer({"team-a": 1000}, evaluated=datetime.now(UTC) - timedelta(hours=1))
    done = run()
    assert (done.returncode, api.policy()) == (3, "None")
    assert done.stdout.startswith(
        "costs are unknown, so nothing is held for them and nothing released: costs were last"
    )


def test_the_shipped_program_is_set_up_wrongly_by_a_header_that_is_none_and_does_not_tell_it(pod, tmp_path):
    _, prometheus, run = pod
    (tmp_path / "headers").mkdir()
    (tmp_path / "headers" / "token").write_text("SECRET1\nSECRET2")
    done = run()
    assert (done.returncode, done.stdout) == (2, "set up wrongly: file 'token': a line break inside\n")
    assert prometheus.asked == []


def test_the_shipped_program_holds_the_stack_s_queues_and_leaves_others_alone(pod):
    api, prometheus, run = pod
    api.put(a_body())
    api.put(a_body(name="other"))
    prometheus.prometheus = an_answer({"team-a": 1000}, evaluated=datetime.now(UTC))
    done = run()
    assert (done.returncode, api.policy(), api.policy(name="other")) == (0, "Hold", "None")
    assert "team-a/other: none: not of this stack, and left alone" in done.stdout


def test_a_server_that_somebody_else_has_signed_is_not_believed(pod, tmp_path):
    api, prometheus, run = pod
    other = tmp_path / "other"
    authority = pki.Request(name="ca", authority="ca", common_name="test")
    pki.ensure(other, now=datetime.now(UTC), requests=(authority,))
    (tmp_path / "account" / "ca.crt").write_bytes(pki.certificate(other, "ca").read_bytes())
    prometheus.prometheus = an_answer({"team-a": 1000}, evaluated=datetime.now(UTC))
    done = run()
    assert done.returncode == 1
    assert "CERTIFICATE_VERIFY_FAILED" in done.stdout
    assert api.asked == []


def test_kube_state_metrics_tells_each_policy_of_a_queue_with_the_month_that_held_it():
    ((queues,),) = [queue_state()["spec"]["resources"]]
    assert queues["groupVersionKind"] == {"group": "kueue.x-k8s.io", "version": "v1beta2", "kind": "LocalQueue"}
    assert queues["labelsFromPath"]["budget_month"] == ["metadata", "annotations", "mizan.dev/budget-month"]
    assert [f"{queues['metricNamePrefix']}_{metric['name']}" for metric in queues["metrics"]] == [STOPPED, ACTED]
    stopped, acted = (metric["each"] for metric in queues["metrics"])
    assert stopped["stateSet"]["list"] == ["None", "Hold", "HoldAndDrain"]
    assert acted["gauge"]["valueFrom"] == ["mizan.dev/budget-action-at"]
    assert acted["gauge"]["labelsFromPath"] == {"action": ["mizan.dev/budget-action"]}


def test_no_file_of_the_room_is_left_behind():
    room = Path(settings.__file__).parent
    assert {f"mizan/budgets/{path.name}" for path in room.glob("*.py")} | {"__main__.py", "mizan/__init__.py"} == set(
        code()
    )
