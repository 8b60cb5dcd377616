"""`mizan:cloud: existing`, with the embedded cluster standing in for somebody's own."""

import pytest
from ruamel.yaml import YAML

from local import files
from local.home import PROJECT, Home
from mizan import versions
from tests.bench import stack
from tests.e2e.platforms import TestPlatform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    platform = TestPlatform(Home(tmp_path_factory.mktemp("existing") / "home"))
    try:
        assert platform.make("up").status == 0
        yield platform
    finally:
        platform.make("down", "PURGE=1")


@pytest.fixture
def pulumi(platform, tmp_path):
    """Run a Pulumi command of a stack on the platform's cluster; keywords change what it says of the cluster."""

    def run(*command, **changes):
        cluster = {
            "kubeconfig": str(platform.home.kubeconfig),
            "context": "mizan-local",
            "name": "mizan-local",
            **changes,
        }
        values = {**stack.values("mine"), "cloud": "existing", "cluster": cluster}
        values["teams"] = values["teams"][:2]
        path = stack.write_stack_file("mine", tmp_path, values)
        settings = ("--stack", "mine", "--config-file", str(path))
        platform.pulumi(tmp_path, "stack", "init", "mine")
        # The stack asks for the provider of its SDK; here the one that is built stands on PATH.
        plugin = platform.home.pulumi_home / "plugins" / f"resource-kubernetes-v{versions.EMBEDDED_KUBERNETES_PROVIDER}"
        path_variable = f"{plugin}:{platform.environment()['PATH']}"
        return platform.pulumi(PROJECT, *command, *settings, PATH=path_variable)

    return run


def test_the_named_cluster_gets_queues_and_teams_but_no_simulated_nodes(pulumi):
    done = pulumi("preview")
    assert done.status == 0, done.text
    assert "ClusterQueue mizan-queues-clusterqueue-mine-queue" in done.text
    assert "Namespace mizan-mine-team-0-namespace-mine-team-0" in done.text
    assert "NodePool" not in done.text


def test_the_stack_comes_stays_and_goes_beside_what_the_cluster_has(pulumi, platform):
    before = _by_name(platform.snapshot().cluster_queues)
    first = pulumi("up", "--yes", "--skip-preview")
    assert first.status == 0, first.text
    assert _by_name(platform.snapshot().cluster_queues).keys() == before.keys() | {"mine-queue"}
    again = pulumi("up", "--yes", "--skip-preview")
    assert again.status == 0, again.text
    assert not any(word in again.text for word in ("created", "updated", "replaced", "deleted"))
    gone = pulumi("destroy", "--yes", "--skip-preview")
    assert gone.status == 0, gone.text
    assert _by_name(platform.snapshot().cluster_queues) == before


def _by_name(queues):
    """What people asked of each queue, and which object it is; Kueue writes its status when it likes."""
    return {queue["metadata"]["name"]: (queue["metadata"]["uid"], queue["spec"]) for queue in queues}


def test_a_wrong_cluster_is_refused_by_name_before_anything_is_planned(pulumi):
    done = pulumi("preview", name="production")
    assert done.status != 0
    assert (
        "cluster mizan-local; needs cluster production because this stack must not change another cluster" in done.text
    )
    assert "Traceback" not in done.text
    assert "ClusterQueue" not in done.text


def test_a_wrong_context_is_refused_with_the_contexts_there_are(pulumi):
    done = pulumi("preview", context="prod")
    assert done.status != 0
    assert "no context prod; needs the context that the stack names" in done.text
    assert "Write one of these to mizan:cluster.context: mizan-local" in done.text


def test_a_kubeconfig_that_points_nowhere_is_told_in_seconds(pulumi, platform, tmp_path):
    document = YAML(typ="safe").load(platform.home.kubeconfig)
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    nowhere = tmp_path / "kubeconfig"
    files.write(nowhere, files.to_yaml(document))
    done = pulumi("preview", kubeconfig=str(nowhere))
    assert done.status != 0
    assert "cluster https://127.0.0.1:1" in done.text
    assert "nothing can be planned against a cluster that cannot be read" in done.text
    assert "Traceback" not in done.text
