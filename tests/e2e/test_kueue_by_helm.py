"""`addons.kueue.install: helm`: Kueue's own chart as a real Helm release, and the real Kueue behind its Services."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest
from lightkube import ApiError
from lightkube.resources.admissionregistration_v1 import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.apiregistration_v1 import APIService
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import ConfigMap, Namespace, Node, Secret, Service
from ruamel.yaml import YAML

from local.control_plane import TOOLS, Action, ControlPlane, State, processes
from local.control_plane.daemons import INSTALLING_DAEMONS
from local.engine import Engine
from local.home import Home
from local.progress import Reporter
from local.toolchain import default_cache, ensure
from mizan import keys
from mizan.config import Install, KueueAddon
from mizan.manifests.kueue_settings import manager_configuration
from tests.control_plane.cluster_builders import (
    INSTANCE_TYPES,
    ClusterQueue,
    LocalQueue,
    OldLocalQueue,
    ResourceFlavor,
)
from tests.e2e.platforms import TestPlatform, program, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STACK = ("--stack", "helm", "--yes", "--skip-preview")
TEAM = "team"


@pytest.fixture(scope="module")
def tools():
    names = (*TOOLS, "kubectl", "pulumi", "pulumi-resource-kubernetes")
    return ensure(names, cache=default_cache(), reporter=Reporter())


@pytest.fixture(scope="module")
def plane(tools, tmp_path_factory):
    """A cluster that has never seen Kueue, and has no node."""
    home = Home(tmp_path_factory.mktemp("helm") / "home")
    plane = ControlPlane(home, tools, Reporter(), kueue_settings=None, installs_kueue=True)
    try:
        plane.start()
        Engine(home, tools, Reporter()).link_tools()
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def client(plane):
    with plane.client() as client:
        yield client


@pytest.fixture(scope="module")
def pulumi(plane, tools, tmp_path_factory):
    """Run a pulumi command on a program that installs Kueue's chart."""
    platform = TestPlatform(plane.home)
    folder = program("kueue_by_helm", tmp_path_factory.mktemp("program"))

    def run(*command):
        return platform.pulumi(folder, *command, KUEUE_CHART=str(tools.chart("kueue")))

    assert run("stack", "init", "helm").status == 0
    return run


@pytest.fixture(scope="module")
def installed(plane, client, pulumi):
    """The cluster after the program's first update, with the one node that Kueue's pod waits for."""
    assert plane.follow_installed_kueue() is None, "there is no chart yet"
    with ThreadPoolExecutor(1) as pool:
        up = pool.submit(pulumi, "up", *STACK)
        wait_until(lambda: up.done() or deployment(client), seconds=120, told="Kueue's Deployment")
        assert plane.follow_installed_kueue(timeout_seconds=60) is Action.STARTED, up.done() and up.result().text
        assert not up.done(), "the release must wait for its pod"
        client.apply(Node.from_dict(system_node()), field_manager="test")
        assert up.result().status == 0, up.result().text
    return client


@pytest.fixture(scope="module")
def queue(installed):
    """A team's queue of CPUs, made through Kueue's own webhooks."""
    installed.create(Namespace.from_dict({"metadata": {"name": TEAM, "labels": {keys.STACK: "helm"}}}))
    for each in (flavor(), cluster_queue("cpus", "cpu"), local_queue()):
        installed.create(each)
    return "cpus"


def names_of(client, kind):
    return [each.metadata.name for each in client.list(kind)]


def deployment(client):
    return next(iter(client.list(Deployment, namespace="kueue-system")), None)


def system_node():
    resources = json.dumps({"cpu": "8", "memory": "32Gi", "pods": "20"})
    annotations = {keys.KWOK_NODE: keys.KWOK_NODE_VALUE, keys.SIMULATED_RESOURCES: resources}
    return {"metadata": {"name": "system", "annotations": annotations}}


def flavor():
    return ResourceFlavor({"metadata": {"name": "cpus"}, "spec": {}})


def cluster_queue(name, *resources):
    """A queue with one group per resource."""
    groups = [
        {"coveredResources": [each], "flavors": [{"name": "cpus", "resources": [{"name": each, "nominalQuota": "2"}]}]}
        for each in resources
    ]
    return ClusterQueue({"metadata": {"name": name}, "spec": {"namespaceSelector": {}, "resourceGroups": groups}})


def local_queue():
    return LocalQueue({"metadata": {"name": "cpus", "namespace": TEAM}, "spec": {"clusterQueue": "cpus"}})


def cpu_job(name, cpus, *, seconds):
    container = {"name": "main", "image": "simulated", "resources": {"requests": {"cpu": str(cpus)}}}
    template = {
        "metadata": {"annotations": {keys.SIMULATED_RUN_SECONDS: str(seconds)}},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    metadata = {"name": name, "namespace": TEAM, "labels": {keys.QUEUE_NAME: "cpus"}}
    return Job.from_dict({"metadata": metadata, "spec": {"backoffLimit": 0, "template": template}})


def has_ended(client, name):
    conditions = client.get(Job, name, namespace=TEAM).status.conditions or []
    return any(each.type == "Complete" and each.status == "True" for each in conditions)


def pending(plane):
    """The jobs that wait in the team's queue, by Kueue's own API."""
    path = f"/apis/visibility.kueue.x-k8s.io/v1beta2/namespaces/{TEAM}/localqueues/cpus/pendingworkloads"
    command = [plane.home.bin / "kubectl", f"--kubeconfig={plane.kubeconfig}", "get", "--raw", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return [each["metadata"]["ownerReferences"][0]["name"] for each in json.loads(done.stdout)["items"]]


def configuration(plane):
    return YAML(typ="safe").load((plane.home.state / "kueue.yaml").read_text())


def test_the_chart_is_installed_with_the_settings_that_the_embedded_kueue_has(installed):
    settings = installed.get(ConfigMap, "kueue-manager-config", namespace="kueue-system")
    chart = YAML(typ="safe").load(settings.data["controller_manager_config.yaml"])
    wanted = manager_configuration(KueueAddon(install=Install.HELM))
    assert {key: chart[key] for key in wanted} == wanted
    assert deployment(installed).status.readyReplicas == 1
    assert installed.get(CustomResourceDefinition, "clusterqueues.kueue.x-k8s.io").status.conditions


def test_the_process_runs_with_the_settings_of_the_chart_and_addresses_of_its_own(plane, installed):
    settings = installed.get(ConfigMap, "kueue-manager-config", namespace="kueue-system")
    chart = YAML(typ="safe").load(settings.data["controller_manager_config.yaml"])
    process = configuration(plane)
    changed = {key for key in {*chart, *process} if chart.get(key) != process.get(key)}
    assert changed == {"health", "metrics", "webhook", "visibilityServer", "leaderElection"}


def test_the_charts_own_objects_lead_to_the_process(plane, installed):
    for kind in (MutatingWebhookConfiguration, ValidatingWebhookConfiguration):
        (configured,) = [each for each in installed.list(kind) if each.metadata.name.startswith("kueue-")]
        named = {hook.clientConfig.service.name for hook in configured.webhooks}
        assert named == {"kueue-webhook-service"}
        assert all(hook.clientConfig.caBundle for hook in configured.webhooks)
    secret = installed.get(Secret, "kueue-webhook-server-cert", namespace="kueue-system")
    assert set(secret.data) == {"ca.crt", "ca.key", "tls.crt", "tls.key"}
    address = installed.get(Service, "kueue-webhook-service", namespace="kueue-system").spec.clusterIP
    routes = json.loads((plane.home.state / "service_routes.json").read_text())
    assert routes[f"{address}:443"] == configuration(plane)["webhook"]["port"]


def test_a_job_is_admitted_through_the_charts_webhooks_and_runs(installed, queue):
    created = installed.create(cpu_job("runs", 1, seconds=1))
    assert created.spec.suspend is True, "the webhook has not seen it"
    wait_until(lambda: has_ended(installed, "runs"), seconds=60, told="the job runs to its end")


def test_a_faulty_queue_is_refused_by_kueue_itself(installed):
    told = r'admission webhook "vclusterqueue.kb.io" denied the request: .*[Dd]uplicate value: "cpu"'
    with pytest.raises(ApiError, match=told):
        installed.create(cluster_queue("faulty", "cpu", "cpu"))


def test_waiting_jobs_are_told_by_kueues_own_api(plane, installed, queue):
    installed.create(cpu_job("too-large", 4, seconds=1))
    wait_until(lambda: pending(plane) == ["too-large"], seconds=30, told="the job waits")
    installed.delete(Job, "too-large", namespace=TEAM)
    wait_until(lambda: pending(plane) == [], seconds=30, told="the job waits no more")
    assert "too-large" not in [each.metadata.name for each in installed.list(Job, namespace=TEAM)]


def test_a_namespace_still_goes_away_beside_the_charts_api(installed):
    installed.create(Namespace.from_dict({"metadata": {"name": "passing"}}))
    installed.delete(Namespace, "passing")
    wait_until(lambda: "passing" not in names_of(installed, Namespace), seconds=30, told="the namespace goes")
    assert TEAM in names_of(installed, Namespace), "no other namespace goes with it"


def _has_read(client, kind):
    """Whether an API server that has just begun has read the objects of a kind: until then it says 429."""
    try:
        list(client.list(kind, namespace=TEAM))  # asks only once it is read
    except ApiError as error:
        if error.status.code != HTTPStatus.TOO_MANY_REQUESTS:
            raise
        return False
    return True


def test_killed_processes_come_back_and_a_second_start_keeps_them(plane, installed, queue):
    for name in ("kueue", "service-proxy", "kube-apiserver"):
        process = processes.find(plane.home, name)
        process.kill()
        process.wait(10)
    report = plane.start()
    brought = {name for name, action in report.actions.items() if action is Action.BROUGHT_BACK}
    assert brought == {"kueue", "service-proxy", "kube-apiserver"}
    assert [(row.name, row.state) for row in plane.status()] == [(name, State.RUNNING) for name in INSTALLING_DAEMONS]
    with plane.client() as again:
        # Another version than the stored one: converted by Kueue.
        wait_until(lambda: _has_read(again, OldLocalQueue), seconds=60, told="the API server has read the local queues")
        assert [each.metadata.name for each in again.list(OldLocalQueue, namespace=TEAM)] == ["cpus"]
    assert set(plane.start().actions.values()) == {Action.KEPT}
    assert plane.follow_installed_kueue() is Action.KEPT


def test_other_settings_start_the_process_anew(plane, installed):
    key, name = "controller_manager_config.yaml", "kueue-manager-config"
    before = installed.get(ConfigMap, name, namespace="kueue-system").data[key]
    for text, limit in ((before.replace("backoffLimitCount: 10", "backoffLimitCount: 11"), 11), (before, 10)):
        installed.patch(ConfigMap, name, {"data": {key: text}}, namespace="kueue-system")
        assert plane.follow_installed_kueue() is Action.RESTARTED
        assert configuration(plane)["waitForPodsReady"]["requeuingStrategy"]["backoffLimitCount"] == limit


def test_only_karpenter_starts_anew_when_the_machines_change(plane, installed):
    report = plane.start(instance_types=INSTANCE_TYPES)
    assert {name for name, action in report.actions.items() if action is not Action.KEPT} == {"karpenter"}


def test_a_second_update_changes_nothing(installed, pulumi):
    again = pulumi("up", *STACK, "--expect-no-changes")
    assert again.status == 0, again.text
    assert "unchanged" in again.text


# Last in this file: it takes away what the others use.
def test_the_end_leaves_nothing_of_kueue(plane, client, pulumi, installed, queue):
    client.delete(Namespace, TEAM)
    client.delete(ClusterQueue, queue)
    client.delete(ResourceFlavor, queue)
    wait_until(lambda: not names_of(client, ResourceFlavor), seconds=60, told="Kueue lets go of its flavor")
    down = pulumi("destroy", *STACK)
    assert down.status == 0, down.text
    kinds = (CustomResourceDefinition, MutatingWebhookConfiguration, ValidatingWebhookConfiguration, APIService)
    assert [name for kind in kinds for name in names_of(client, kind) if "kueue" in name] == []
    assert plane.follow_installed_kueue() is None
    assert processes.find(plane.home, "kueue") is None
    # Helm leaves the namespace that it has made for a release; nothing holds it.
    client.delete(Namespace, "kueue-system")
    wait_until(lambda: not {TEAM, "kueue-system"} & set(names_of(client, Namespace)), seconds=60, told="namespaces go")
    plane.stop()
    assert {row.state for row in plane.status()} == {State.STOPPED}
