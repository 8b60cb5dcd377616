"""A team is taken out of the stack file while its job runs: refused, until somebody insists.

The tests of this file share one platform and run in order: each takes it as the one before leaves it.
"""

import pytest
from lightkube.codecs import from_dict
from lightkube.core.exceptions import ApiError
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace
from ruamel.yaml import YAML

from local import files
from local.control_plane import TOOLS, ControlPlane
from local.engine import Engine
from local.home import PROJECT, Home
from local.progress import Reporter
from local.toolchain import default_cache, ensure
from mizan import keys
from mizan.manifests.training_jobs import spot_training_job
from tests.bench import stack
from tests.builders import a_plan
from tests.e2e.platforms import TestPlatform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STACK = "leaving"
STAYS, LEAVES = "leaving-team-0", "leaving-team-1"
REFUSED = (
    f"stack {STACK}: team {LEAVES} is removed while job train has not ended; needs no unfinished job and no volume in "
    "the namespace of a team that is removed because the namespace goes with the team, and everything in it. Wait "
    "until jobs end, copy what is on volumes, and delete both, or write "
    f"`mizan:forceRemoveTeams: [{LEAVES}]` for one update."
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    names = (*TOOLS, "kubectl", "pulumi", "pulumi-resource-kubernetes")
    tools = ensure(names, cache=default_cache(), reporter=Reporter())
    home = Home(tmp_path_factory.mktemp("removal") / "home")
    plane = ControlPlane(home, tools, Reporter())
    try:
        plane.start(instance_types=[])
        Engine(home, tools, Reporter()).link_tools()
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def platform(plane):
    return TestPlatform(plane.home)


@pytest.fixture(scope="module")
def stack_file(platform, tmp_path_factory):
    """The file of a stack of two teams without sample jobs."""
    folder = tmp_path_factory.mktemp("stack")
    values = stack.values(STACK)
    path = stack.write_stack_file(STACK, folder, {**values, "teams": values["teams"][:2]})
    made = platform.pulumi(folder, "stack", "init", STACK)
    assert made.status == 0, made.text
    return path


@pytest.fixture
def pulumi(platform, stack_file):
    """Run a pulumi command on the stack; the keyword arguments are the environment's."""

    def run(*command, **variables):
        return platform.pulumi(PROJECT, *command, "--stack", STACK, "--config-file", str(stack_file), **variables)

    return run


@pytest.fixture
def teams(stack_file):
    """Write the stack's teams, and those that may go by force."""

    def write(*names, forced=()):
        yaml = YAML(typ="safe")
        document = yaml.load(stack_file)
        every = stack.values(STACK)["teams"]
        document["config"]["mizan:teams"] = [team for team in every if team["name"] in names]
        document["config"]["mizan:forceRemoveTeams"] = list(forced)
        files.write(stack_file, files.to_yaml(document))

    return write


@pytest.fixture
def client(plane):
    with plane.client() as client:
        yield client


def a_running_job(namespace):
    body = spot_training_job(a_plan().jobs[0])
    body["metadata"] |= {"name": "train", "namespace": namespace}
    # By itself: whether it runs or waits in a queue is the same to whoever would lose it.
    del body["metadata"]["labels"][keys.QUEUE_NAME]
    return from_dict(body)


def names(client, kind, **where):
    return {item.metadata.name for item in client.list(kind, **where)}


def test_two_teams_are_there_and_somebody_s_job_runs_in_one(pulumi, client):
    done = pulumi("up", "--yes", "--skip-preview")
    assert done.status == 0, done.text
    assert {STAYS, LEAVES} <= names(client, Namespace, labels={keys.STACK: STACK})
    client.create(a_running_job(LEAVES))


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")], ids=["preview", "up"])
def test_a_team_with_a_running_job_is_not_removed(pulumi, client, teams, command):
    teams(STAYS)
    done = pulumi(*command)
    assert done.status != 0
    assert REFUSED in " ".join(done.text.split())
    assert "Traceback" not in done.text
    assert "deleted" not in done.text
    assert names(client, Job, namespace=LEAVES) == {"train"}
    assert client.get(Namespace, LEAVES).status.phase == "Active"


def test_a_cluster_that_does_not_answer_is_no_yes(pulumi, platform, tmp_path):
    document = YAML(typ="safe").load(platform.home.kubeconfig)
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    nowhere = tmp_path / "kubeconfig"
    files.write(nowhere, files.to_yaml(document))
    done = pulumi("preview", **{keys.KUBECONFIG_VARIABLE: str(nowhere)})
    assert done.status != 0
    assert "needs an answer to which namespaces, jobs and volumes it holds" in " ".join(done.text.split())
    assert "Traceback" not in done.text


def test_a_team_that_is_forced_out_goes_with_its_job(pulumi, client, teams):
    teams(STAYS, forced=[LEAVES])
    done = pulumi("up", "--yes", "--skip-preview")
    assert done.status == 0, done.text
    with pytest.raises(ApiError, match="not found"):
        client.get(Namespace, LEAVES)
    assert names(client, Namespace, labels={keys.STACK: STACK}) == {STAYS}


def test_destroy_removes_everything_without_asking(pulumi, client):
    client.create(a_running_job(STAYS))
    done = pulumi("destroy", "--yes", "--skip-preview")
    assert done.status == 0, done.text
    assert names(client, Namespace, labels={keys.STACK: STACK}) == set()
