"""Which context of a person's kubeconfig leads to the cluster that a stack has made, and what is refused."""

import dataclasses
import os

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from mizan.cli.app import app
from mizan.cli.cluster import held_cluster, queue_objects
from mizan.cli.contexts import cluster_of, made_cluster
from mizan.config import Cluster
from mizan.errors import PlatformError
from tests.budget_builders import a_body, patched
from tests.budget_stacks import with_budgets
from tests.builders import a_plan
from tests.fake_api import FakeWorld, served
from tests.gke_stacks import a_gke_stack
from tests.monitoring_stacks import eks_stack, elsewhere, gke_stack, locally

GKE = "gke_ml-platform-test_us-central1_gke-prod"
EKS = "arn:aws:eks:us-east-1:123456789012:cluster/eks-prod"
GKE_COMMAND = "gcloud container clusters get-credentials gke-prod --location us-central1 --project ml-platform-test"
EKS_COMMAND = "aws eks update-kubeconfig --name eks-prod --region us-east-1"
STACKS = {"gke": (gke_stack, "gke-prod", GKE, GKE_COMMAND), "eks": (eks_stack, "eks-prod", EKS, EKS_COMMAND)}


def plan_on(cloud):
    make, stack, *_ = STACKS[cloud]
    return a_plan(make(), stack=stack)


def write(path, contexts, servers=None, user=None):
    """A kubeconfig of contexts by name, each with the name of its cluster, the first of them current."""
    servers = {cluster: f"https://{number}.example.com" for number, cluster in enumerate(contexts.values())} | (
        servers or {}
    )
    document = {
        "current-context": next(iter(contexts), ""),
        "contexts": [{"name": name, "context": {"cluster": of, "user": "me"}} for name, of in contexts.items()],
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
        "users": [{"name": "me", "user": user or {"token": "t"}}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        YAML().dump(document, file)
    return path


def among(*files):
    return {"KUBECONFIG": os.pathsep.join(map(str, files))}


@pytest.mark.parametrize("cloud", STACKS)
def test_a_cluster_bears_the_name_that_its_clouds_command_writes(cloud):
    _, _, name, command = STACKS[cloud]
    made = made_cluster(plan_on(cloud))
    assert (made.name, made.command) == (name, command)


def test_a_zonal_cluster_is_at_its_zone():
    zonal = made_cluster(a_plan(a_gke_stack(gke={"zone": "us-central1-a", "nodeZones": ["us-central1-a"]}), stack="z"))
    assert zonal.name == "gke_ml-platform-test_us-central1-a_z"
    assert "--location us-central1-a " in zonal.command


@pytest.mark.parametrize("cloud", STACKS)
def test_the_context_of_the_clusters_name_is_taken_whichever_is_current(cloud, tmp_path):
    name = STACKS[cloud][2]
    file = write(tmp_path / "config", {"other": "other", "renamed": name, name: name})
    assert cluster_of(plan_on(cloud), None, among(file)) == Cluster(kubeconfig=str(file), context=name, name=name)


@pytest.mark.parametrize("cloud", STACKS)
def test_a_renamed_context_is_known_by_its_cluster(cloud, tmp_path):
    name = STACKS[cloud][2]
    file = write(tmp_path / "config", {"other": "other", "prod": name})
    assert cluster_of(plan_on(cloud), None, among(file)) == Cluster(kubeconfig=str(file), context="prod", name=name)


def test_a_cluster_is_known_by_its_name_before_its_address(tmp_path):
    servers = {GKE: "https://34.1.2.3", "copy": "https://34.1.2.3"}
    file = write(tmp_path / "config", {"copy": "copy", "prod": GKE}, servers)
    assert cluster_of(plan_on("gke"), None, among(file)).context == "prod"


def test_a_renamed_cluster_is_known_by_the_contexts_name_or_by_its_address(tmp_path):
    by_name = write(tmp_path / "by-name", {GKE: "prod-cluster"})
    assert cluster_of(plan_on("gke"), None, among(by_name)).name == "prod-cluster"
    same = {GKE: "https://34.1.2.3", "prod-cluster": "https://34.1.2.3"}
    by_address = write(tmp_path / "by-address", {"other": "other", "prod": "prod-cluster"}, same)
    found = cluster_of(plan_on("gke"), None, among(by_address))
    assert (found.context, found.name) == ("prod", "prod-cluster")


def test_another_clusters_name_is_believed_before_an_address_or_a_contexts_name(tmp_path):
    other = GKE.replace("us-central1", "europe-west4")
    tunnel = {GKE: "https://127.0.0.1:8443", other: "https://127.0.0.1:8443"}
    for contexts in ({"europe": other}, {GKE: other}):
        file = write(tmp_path / "config", contexts, tunnel)
        with pytest.raises(PlatformError, match=f"no context of cluster {GKE}; there are: {next(iter(contexts))}; "):
            cluster_of(plan_on("gke"), None, among(file))


def test_without_kubeconfig_in_the_environment_the_home_folder_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    file = write(tmp_path / ".kube" / "config", {GKE: GKE})
    for environment in ({}, {"KUBECONFIG": ""}):
        assert cluster_of(plan_on("gke"), None, environment).kubeconfig == str(file)


def test_the_first_file_that_has_it_wins_and_one_that_is_not_there_has_nothing(tmp_path):
    first, second = (write(tmp_path / name, {GKE: GKE}) for name in ("first", "second"))
    other = write(tmp_path / "other", {"other": "other"})
    found = cluster_of(plan_on("gke"), None, among(tmp_path / "none", other, first, second))
    assert found.kubeconfig == str(first)
    with pytest.raises(PlatformError, match=r"no context of cluster .*; there are: none; "):
        cluster_of(plan_on("gke"), None, among(tmp_path / "none"))


@pytest.mark.parametrize("cloud", STACKS)
def test_without_its_context_those_there_are_and_the_command_that_writes_it_are_told(cloud, tmp_path):
    _, _, name, command = STACKS[cloud]
    file = write(tmp_path / "config", {"mizan-local": "mizan-local", "minikube": "minikube"})
    with pytest.raises(PlatformError) as fault:
        cluster_of(plan_on(cloud), None, among(file))
    assert fault.value.exit_code == 2
    assert str(fault.value) == (
        f"kubeconfig {file}: no context of cluster {name}; there are: mizan-local, minikube; needs one that leads to "
        f"cluster {name} because the current context is never assumed. Run `{command}`, or name one of these with "
        "`--context NAME`."
    )


def test_a_context_by_hand_is_taken_as_it_is_but_for_one_that_names_another_cluster(tmp_path):
    other = GKE.replace("ml-platform-test", "another-project")
    file = write(tmp_path / "config", {GKE: GKE, "teleport": "teleport-prod", "theirs": other})
    assert cluster_of(plan_on("gke"), "teleport", among(file)).name == "teleport-prod"
    for named in ("theirs", EKS):
        write(file, {GKE: GKE, "theirs": other, EKS: EKS})
        with pytest.raises(PlatformError, match=f"needs cluster {GKE} because stack gke-prod must not change another"):
            cluster_of(plan_on("gke"), named, among(file))
    with pytest.raises(PlatformError, match=f"no context typo; there are: {GKE}, theirs, ") as fault:
        cluster_of(plan_on("gke"), "typo", among(file))
    assert str(fault.value).endswith(f"Run `{GKE_COMMAND}`, and leave `--context` out.")


@pytest.mark.parametrize("text", ["- no\n- kubeconfig\n", "contexts: 3\nclusters: [3, {name: a}]\n", ""])
def test_a_file_without_contexts_has_none(tmp_path, text):
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(PlatformError, match="there are: none"):
        cluster_of(plan_on("gke"), None, among(file))


def test_a_file_that_is_no_yaml_is_told_with_what_names_it(tmp_path):
    file = tmp_path / "config"
    file.write_text("{")
    with pytest.raises(PlatformError, match=r"not YAML; .* Repair that file, or let KUBECONFIG name another one"):
        cluster_of(plan_on("gke"), None, among(file))


def test_a_context_that_names_no_cluster_is_told(tmp_path):
    file = write(tmp_path / "config", {"empty": ""})
    with (
        pytest.raises(PlatformError, match="cluster none: no server; "),
        held_cluster(plan_on("gke"), among(file), context="empty"),
    ):
        pass


def test_the_embedded_cluster_has_one_context():
    with pytest.raises(PlatformError, match="--context: prod; needs a stack of GKE, EKS or an existing cluster"):
        queue_objects(locally(), {}, context="prod")


def test_an_existing_cluster_is_entered_by_another_context_of_the_same_cluster_alone(tmp_path):
    file = write(tmp_path / "config", {"admin": "prod-cluster", "other": "other"})
    named = Cluster(kubeconfig=str(file), context="prod", name="prod-cluster")
    existing = dataclasses.replace(elsewhere(), cluster=named)
    with held_cluster(existing, {}, context="admin") as found:
        assert found
    for context, observed in (("other", "cluster other; needs cluster prod-cluster"), (None, "no context prod")):
        with pytest.raises(PlatformError, match=observed), held_cluster(existing, {}, context=context):
            pass


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = FakeWorld()
    made.put(a_body())
    with served(made) as found:
        yield found


@pytest.fixture
def plugin(tmp_path):
    """A login command as gcloud and the AWS CLI write one, that gives a token."""
    program = tmp_path / "bin" / "login"
    program.parent.mkdir()
    program.write_text("""#!/bin/sh\necho "{\\"status\\": {\\"token\\": \\"of-$1-$CLOUD\\"}}"\n""")
    program.chmod(0o755)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": str(program),
            "args": ["login"],
            "env": [{"name": "CLOUD", "value": "cloud"}],
            "provideClusterInfo": True,
            "interactiveMode": "IfAvailable",
            "installHint": "Install it",
        }
    }


def budget(*words):
    return CliRunner().invoke(app, ["budget", *words])


def stacks_of(monkeypatch, cloud, **enforcement):
    make, stack, *_ = STACKS[cloud]
    values = with_budgets(make(), {"usdPerMonth": 1000}, **enforcement)
    monkeypatch.setattr("mizan.cli.budget.plan_of", lambda *_: a_plan(values, stack=stack))
    monkeypatch.delenv("MIZAN_KUBECONFIG", raising=False)
    return stack


@pytest.mark.parametrize("cloud", STACKS)
def test_mode_none_releases_holds_on_gke_and_eks_with_a_login_command(cloud, world, plugin, tmp_path, monkeypatch):
    name = STACKS[cloud][2]
    stack = stacks_of(monkeypatch, cloud, mode="none")
    file = write(tmp_path / "config", {"other": "other", name: name}, {name: world.url}, plugin)
    monkeypatch.setenv("KUBECONFIG", str(file))
    annotations = {"mizan.dev/budget-hold": "Hold", "mizan.dev/budget-month": "202611"}
    world.put(patched(a_body(), {"metadata": {"annotations": annotations}, "spec": {"stopPolicy": "Hold"}}))
    done = budget("enforce", "--stack", stack)
    assert done.exit_code == 0, done.output
    assert world.policy() == "None"
    assert {headers["authorization"] for *_, headers in world.asked} == {"Bearer of-login-cloud"}


def test_a_budget_command_takes_a_context_by_hand(world, tmp_path, monkeypatch):
    stack = stacks_of(monkeypatch, "gke", mode="none")
    file = write(tmp_path / "config", {"mine": "tunnel"}, {"tunnel": world.url})
    monkeypatch.setenv("KUBECONFIG", str(file))
    for words in (("status",), ("enforce",)):
        assert GKE_COMMAND in str(budget(*words, "--stack", stack).exception)
        done = budget(*words, "--stack", stack, "--context", "mine")
        assert done.exit_code == 0, done.output
    assert world.asked


def test_queues_of_a_cluster_on_eks_are_read_by_its_own_context(world, tmp_path):
    file = write(tmp_path / "config", {EKS: EKS}, {EKS: world.url})
    kinds = "clusterqueues", "cohorts", "localqueues", "workloads"
    world.answer = lambda method, target, headers, _body: (
        world.asked.append((method, target, headers)) or (200, {"items": []})
    )
    found = queue_objects(plan_on("eks"), among(file))
    assert (found.cluster_queues, found.workloads) == ((), ())
    assert [target.partition("?")[0].rpartition("/")[2] for _, target, _ in world.asked] == [*kinds]


def test_the_command_of_queues_takes_a_context_by_hand(world, tmp_path, monkeypatch):
    file = write(tmp_path / "config", {"mine": "tunnel"}, {"tunnel": world.url})
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setattr("mizan.cli.app.plan_of", lambda *_: plan_on("gke"))
    world.answer = lambda *_: (200, {"items": []})
    asked = ["queues", "--stack", "gke-prod", "--live"]
    assert GKE_COMMAND in str(CliRunner().invoke(app, asked).exception)
    done = CliRunner().invoke(app, [*asked, "--context", "mine"])
    assert done.exit_code == 0, done.output
