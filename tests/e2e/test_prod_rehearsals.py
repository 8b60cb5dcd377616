"""gke-prod and eks-prod under the real engine: they come, are used, change and go.

The tests share one rehearsal per stack and run in order: each takes it as the one before leaves it. What the command
`python -m local rehearse` tells of the other stacks: test_rehearsals.py.
"""

import base64
import copy
import json
from dataclasses import dataclass, replace

import pytest

from components.cluster.credentials import FIRMWARE
from local import pulumi_state
from local.control_plane import pki
from local.rehearse import events
from local.rehearse.machines import OutOfStock
from local.rehearse.rehearsal import Rehearsal
from local.rehearse.stubs import SIMULATED as CREDENTIAL
from local.rehearse.twins import twin_name
from mizan import keys
from mizan.capacity import CapacityType
from mizan.errors import PlatformError
from mizan.manifests import manifests_of
from tests.e2e import rehearsals
from tests.e2e.platforms import wait_until
from tests.e2e.rehearsals import jobs, kubectl, snapshot
from tests.e2e.secrets_in_clear import SECRET, SIGNATURE, in_clear

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

# Two cores, tools built. On an idle machine docs/benchmarks.md has 3.5, 18.4 and 4.7 s of gke-prod and 7.0, 25.1 and
# 8.4 s of eks-prod, and up to twice as much beside other work.
PREVIEW_SECONDS = 20
FIRST_UPDATE_SECONDS = 120
UNCHANGED_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the tests do with a stack.

    Attributes:
        sample: a sample job on pool a100, which copies are made of.
        nodes: by pool, the node pools of the nodes that the sample jobs get.
        machine: of pool a100; spot runs out of it.
        fallback: the node pools of the nodes that two copies get then.
        other: a pool, and what is changed of it: its machine, and how many nodes hold its quota.
        changed: what of the stack is another one then, or changed, by name.
    """

    sample: str
    nodes: dict[str, list[str]]
    machine: str
    fallback: list[str]
    other: tuple[str, dict[str, object]]
    changed: set[str]


# As many GPUs as before, on nodes of half as many.
HALF_AS_LARGE = [{"type": "spot", "maxNodes": 6}, {"type": "on-demand", "maxNodes": 2}]

STACKS = {
    # The one committed node is taken first; the next ones are spot, unless there is none. A ComputeClass has the order.
    "gke-prod": Asked(
        sample="smoke-test-a100",
        nodes={"a100": ["reserved-a100"], "l4": ["spot-l4"]},
        machine="a2-highgpu-4g",
        fallback=["ondemand-a100", "reserved-a100"],
        other=("l4", {"machine": "g2-standard-16"}),
        changed={"mizan-pools-spot-l4", "mizan-pools-ondemand-l4"},
    ),
    # Spot has the greater weight. Both copies fit on one node of eight GPUs.
    "eks-prod": Asked(
        sample="smoke-test",
        nodes={"a100": ["spot-a100"]},
        machine="p4d.24xlarge",
        fallback=["ondemand-a100"],
        other=("v100", {"machine": "p3.8xlarge", "capacity": HALF_AS_LARGE}),
        changed={"spot-v100", "ondemand-v100"},
    ),
}


@pytest.fixture(scope="module", params=STACKS)
def prod(request, tmp_path_factory):
    """A stack as it is once it is up, with what follows its node pools; its destroy is the last test's."""
    with rehearsals.begun(request.param, tmp_path_factory.mktemp(request.param)) as rehearsal:
        _without_credentials(rehearsal)
        with rehearsals.followed(rehearsal):
            rehearsal.come()
            rehearsal.settle()
            rehearsal.stay()
            yield rehearsal


@pytest.fixture
def asked(prod):
    return STACKS[prod.stage.stack]


def _without_credentials(rehearsal):
    """Try an update as somebody who has not signed in."""
    nobody = Rehearsal(stage=replace(rehearsal.stage, has_credentials=False))
    with pytest.raises(PlatformError, match="pulumi up --yes"):
        nobody.up()
    rehearsal.told_without_credentials = events.errors(nobody.log)
    rehearsal.made_without_credentials = [record for record in nobody.stage.records if record.condition != "foreign"]


def nodes_of(rehearsal, pool):
    """Node pools of the nodes of a pool."""
    offers = {twin_name(offer.name): offer.name for offer in rehearsal.stage.plan.offers}
    labels = [node["metadata"]["labels"] for node in snapshot(rehearsal.stage).nodes]
    return sorted(offers[each[keys.NODE_POOL]] for each in labels if each.get(keys.POOL) == pool)


def a_copy(rehearsal, job, name):
    """A job that differs from a sample job by its name."""
    (sample,) = (
        body for body in manifests_of(rehearsal.stage.plan) if (body["kind"], body["metadata"]["name"]) == ("Job", job)
    )
    body = copy.deepcopy(sample)
    body["metadata"]["name"] = name
    return body


def test_missing_credentials_are_told_before_anything_is_made(prod):
    cloud = {"gcp": "Google Cloud", "aws": "AWS"}[prod.stage.package]
    if cloud == "Google Cloud" and FIRMWARE.is_file() and FIRMWARE.read_text().startswith("Google"):
        pytest.skip("a machine of Google's signs itself in")
    assert any(f"credentials for {cloud}: none" in error for error in prod.told_without_credentials)
    assert prod.made_without_credentials == []


def test_a_second_update_changes_nothing(prod):
    (check,) = (check for check in prod.checks if check.claim == "A second update changes nothing")
    assert check.is_met, check.detail
    assert check.detail == f"{len(prod.resources)} unchanged"


def test_updates_take_no_longer_than_they_may(prod):
    seconds = {step.title: step.seconds for step in prod.steps}
    assert seconds["The preview"] < PREVIEW_SECONDS
    assert seconds["The preview"] + seconds["The first update"] < FIRST_UPDATE_SECONDS
    assert seconds["A second update"] < UNCHANGED_SECONDS


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"masterAuth": {"clusterCaCertificate": "Q0E=", "clientKey": "a2V5"}}, ["/masterAuth/clientKey"]),
        ({"masterAuth": {"clientKey": {SIGNATURE: SECRET, "ciphertext": "v1:abc"}}}, []),
        ({"masterAuth": {"clientKey": ""}}, []),
        ({"kubeconfig": json.dumps({"users": [{"user": {"token": "abc"}}]})}, ["/kubeconfig/users/0/user/token"]),
        ({"kubeconfig": "users:\n- user:\n    token: abc\n"}, ["/kubeconfig"]),
        ({"kubeconfig": "users:\n- user: {client-key-data: abc}\n"}, ["/kubeconfig"]),
        (["-----BEGIN RSA PRIVATE KEY-----"], ["/0"]),
        ([base64.b64encode(b"-----BEGIN EC PRIVATE KEY-----\n").decode()], ["/0"]),
        ([base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n").decode()], []),
    ],
)
def test_a_secret_that_anybody_can_read_is_found_where_it_stands(value, found):
    assert list(in_clear(value)) == found


def test_no_secret_is_in_the_outputs_or_in_clear_in_the_state(prod):
    home, stack = prod.stage.home, prod.stage.stack
    state = json.loads(pulumi_state.file_of(home, stack).read_text())
    assert list(in_clear(state)) == []
    outputs = next(each["outputs"] for each in prod.resources if each["type"] == "pulumi:pulumi:Stack")
    assert set(outputs) == {"namespaces", "estimate", "queues", "flavors"}
    # How the cluster is entered is there: by a command.
    kubeconfigs = [each["inputs"]["kubeconfig"] for each in prod.resources if each["type"].endswith(":kubernetes")]
    assert [list(json.loads(text)["users"][0]["user"]) for text in kubeconfigs] == [["exec"]]


def test_what_somebody_signs_in_with_is_in_no_file_that_pulumi_keeps(prod):
    home = prod.stage.home
    key = pki.private_key(home.pki, "admin").read_text()
    (line,) = key.splitlines()[1:2]
    kept = [path for path in home.pulumi_backend.rglob("*") if path.is_file()]
    assert pulumi_state.file_of(home, prod.stage.stack) in kept
    for path in kept:
        text = path.read_text(errors="replace")
        assert not [secret for secret in (CREDENTIAL, line, base64.b64encode(key.encode()).decode()) if secret in text]


def test_queued_jobs_scale_their_pools_from_nothing(prod, asked):
    rows = jobs(prod.stage)
    assert {name: row.state for name, row in rows.items()} == {job.name: "running" for job in prod.stage.plan.jobs}
    assert {pool: nodes_of(prod, pool) for pool in asked.nodes} == asked.nodes


def test_a_pool_goes_back_to_nothing_once_its_job_is_gone(prod, asked):
    kubectl(prod.stage, "delete", "job", asked.sample, "--namespace", jobs(prod.stage)[asked.sample].namespace)
    wait_until(lambda: nodes_of(prod, "a100") == [], seconds=120, told="the a100 node goes")


def test_out_of_stock_on_spot_falls_back_to_on_demand(prod, asked):
    stage = prod.stage
    stage.restock({OutOfStock(machine=asked.machine, capacity_type=CapacityType.SPOT)})
    for name in ("first", "second"):
        kubectl(stage, "apply", "--filename", "-", text=json.dumps(a_copy(prod, asked.sample, name)))
    wait_until(
        lambda: [jobs(stage)[name].state for name in ("first", "second")] == ["running", "running"],
        seconds=120,
        told="both jobs run without spot",
    )
    assert nodes_of(prod, "a100") == asked.fallback
    kubectl(stage, "delete", "job", "first", "second", "--namespace", jobs(stage)["first"].namespace)
    stage.restock()


def test_another_machine_changes_its_pool_alone(prod, asked):
    stage = prod.stage
    before = made(prod)
    pool, changes = asked.other
    place = [pool.name for pool in stage.plan.pools].index(pool)
    for key, value in changes.items():
        stage.change(("mizan:pools", place, key), value)
    prod.up("--skip-preview")
    after = made(prod)
    assert set(after) == set(before)
    assert {key.rpartition("::")[2] for key, what in after.items() if what != before[key]} == asked.changed


def made(rehearsal):
    """What the cloud holds of a stack, and what Karpenter makes nodes of, by URN, or kind and name.

    Of a NodePool that is its template: nodes of another one drift. Its weight, a rank among all, moves no node.
    Source: sigs.k8s.io/karpenter@v1.14.1 pkg/apis/v1/nodepool.go, Hash.
    """
    stage = rehearsal.stage
    found = {record.urn: record for record in stage.records if record.condition != "foreign"}
    if stage.package == "aws":
        listed = json.loads(kubectl(stage, "get", "nodepools,ec2nodeclasses", "--output", "json"))["items"]
        for each in listed:
            if keys.MANAGED_BY in each["metadata"].get("labels", {}):
                makes = each["spec"].get("template", each["spec"])
                found[f"{each['kind']}::{each['metadata']['name']}"] = each["metadata"]["uid"], makes
    return found


def test_a_load_balancer_that_would_be_left_keeps_everything_and_one_of_a_team_does_not(prod):
    stage = prod.stage
    for name, namespace in (("left", "default"), ("gone", stage.plan.teams[0].namespace)):
        kubectl(stage, "create", "service", "loadbalancer", name, "--tcp=80", "--namespace", namespace)
    before = stage.records
    with pytest.raises(PlatformError):
        prod.destroy(is_preview=True)
    (told,) = (error for error in events.errors(prod.log) if "LoadBalancer" in error)
    assert "Services of type LoadBalancer: default/left; needs none outside the teams' namespaces" in told
    assert "Run `kubectl delete service left --namespace default`" in told
    assert stage.records == before
    kubectl(stage, "delete", "service", "left", "--namespace", "default")


def test_the_stack_goes_and_leaves_nothing(prod):
    prod.go()
    assert [check for check in prod.checks if not check.is_met] == []
