"""The stack's bucket under Pulumi: what is registered, after what, and what a job waits for."""

import pulumi
import pytest

from components.resource import resource
from components.storage.checkpoints import (
    CheckpointStorage,
    CheckpointStorageArgs,
    PodIdentity,
    WorkloadIdentity,
    fault_behind,
)
from components.workloads.spot_training_job import SpotTrainingJob, SpotTrainingJobArgs
from mizan.clouds.gcp import checkpoints as gcs
from mizan.clouds.gcp.site import site_of
from mizan.manifests.manifest import manifest
from mizan.manifests.service_accounts import checkpoint_account
from mizan.plan import Plan
from tests import sdk_properties
from tests.builders import a_plan
from tests.checkpoint_stacks import NUMBER, eks_plan, gke_plan
from tests.eks_stacks import with_answers
from tests.mocks import Registered

# The SDKs' modules warn of old names of theirs when they are imported, whoever imports them.
pytestmark = pytest.mark.filterwarnings("ignore:.* has been deprecated in favor of:DeprecationWarning:pulumi_")

GKE, EKS = gke_plan(), eks_plan()
JOB = "kubernetes:batch/v1:Job"


def a_namespace(name: str) -> pulumi.Resource:
    return resource("team", manifest("v1", "Namespace", name), pulumi.ResourceOptions())


def stored(deploy, plan: Plan) -> dict[str, Registered]:
    """What the component registers, by name, and the first team's job behind it."""

    def program() -> None:
        number, cluster = pulumi.Output.from_input(NUMBER), pulumi.Output.from_input(plan.stack)
        is_google = plan.gke is not None
        storage = CheckpointStorage(
            "s",
            CheckpointStorageArgs(
                plan=plan,
                identity=WorkloadIdentity(project_number=number) if is_google else PodIdentity(cluster_name=cluster),
                namespaces={team.namespace: a_namespace(team.namespace) for team in plan.teams},
            ),
        )
        job = plan.jobs[0]
        queue = a_namespace("queue")
        SpotTrainingJob(
            "j",
            SpotTrainingJobArgs(job=job, local_queue=queue, priority_classes=(), access=storage.access[job.namespace]),
        )

    return {item.name: item for item in deploy(program)}


@pytest.fixture
def google(deploy):
    return stored(deploy, GKE)


@pytest.fixture
def amazon(deploy, monkeypatch):
    with_answers(monkeypatch)
    return stored(deploy, EKS)


def before(item: Registered) -> set[str]:
    return {urn.split("::")[-1] for urn in item.dependencies}


def test_at_google_each_team_has_a_folder_and_the_right_to_it(google):
    assert google["s-bucket"].typ == "gcp:storage/bucket:Bucket"
    assert google["s-bucket"].inputs["lifecycleRules"][1] == {
        "action": {"type": "AbortIncompleteMultipartUpload"},
        "condition": {"age": 1},
    }
    for team in ("team-a", "team-ab"):
        folder, member = google[f"s-{team}/folder"], google[f"s-{team}/member"]
        assert folder.inputs == {
            "bucket": "ml-platform-gke-prod-checkpoints",
            "name": f"{team}/",
            "forceDestroy": True,
        }
        assert before(folder) == {"s-bucket"}
        assert member.inputs["member"] == gcs.principal(site_of(GKE), NUMBER, team)
        assert before(member) == {f"s-{team}/folder", f"team-namespace-{team}"}


def test_at_amazon_each_team_has_a_role_that_its_pods_are_given(amazon):
    for team in ("team-a", "team-ab"):
        given = amazon[f"s-{team}/association"]
        assert given.inputs == {
            "clusterName": "eks-prod",
            "namespace": team,
            "roleArn": f"arn:aws:Role:s-{team}/role",
            "serviceAccount": "checkpoints",
        }
        assert {f"s-{team}/policy", f"team-namespace-{team}", "s-tls"} <= before(given)
        assert amazon[f"s-{team}/policy"].inputs["role"] == f"eks-prod-checkpoints-{team}"


def test_at_amazon_the_bucket_is_closed_before_anything_else_says_who_may_enter(amazon):
    assert before(amazon["s-public-access"]) == {"s-bucket"}
    assert before(amazon["s-tls"]) == {"s-public-access"}
    assert {"s-encryption", "s-lifecycle"} <= set(amazon)


@pytest.mark.parametrize("plan", [GKE, EKS], ids=["gke", "eks"])
def test_each_team_s_service_account_is_in_its_namespace(deploy, monkeypatch, plan):
    with_answers(monkeypatch)
    made = stored(deploy, plan)
    for team in plan.teams:
        account = made[f"s-serviceaccount-{team.namespace}/checkpoints"]
        assert account.manifest == checkpoint_account(team)
        assert before(account) == {f"team-namespace-{team.namespace}"}
    (component,) = [item for item in made.values() if item.typ == "mizan:components:CheckpointStorage"]
    assert component.outputs == {"bucket": plan.checkpoints.name}
    assert {item.parent for name, item in made.items() if name.startswith("s-")} == {component.urn}


@pytest.mark.parametrize(("plan", "right"), [(GKE, "member"), (EKS, "association")], ids=["gke", "eks"])
def test_a_job_waits_until_its_pods_can_save_themselves(deploy, monkeypatch, plan, right):
    with_answers(monkeypatch)
    (job,) = [item for item in stored(deploy, plan).values() if item.typ == JOB]
    assert {f"s-team-a/{right}", "s-serviceaccount-team-a/checkpoints"} <= before(job)


SETTINGS = {"s-public-access", "s-encryption", "s-lifecycle", "s-tls"}


@pytest.mark.parametrize(
    ("plan", "kept"), [(gke_plan, {"s-bucket"}), (eks_plan, {"s-bucket", *SETTINGS})], ids=["gke", "eks"]
)
def test_a_destroy_leaves_a_kept_bucket_with_its_settings_and_takes_every_right(deploy, monkeypatch, plan, kept):
    with_answers(monkeypatch)

    def retained(**changes: object) -> set[str]:
        made = stored(deploy, plan(**changes))
        return {name for name, item in made.items() if item.is_retained}

    assert retained() == kept
    assert retained(checkpoints={"keepOnDestroy": False}) == set()


LEFT_AT_GOOGLE = {
    *("labels", "pulumiLabels", "effectiveLabels"),
    *("lifecycleRules", "softDeletePolicy", "forceDestroy", "deletionPolicy"),
}
LEFT_AT_AMAZON = {"tags", "tagsAll", "forceDestroy"}


@pytest.mark.parametrize(
    ("plan", "name", "left"),
    [
        (gke_plan, "ml-platform-gke-prod-checkpoints", LEFT_AT_GOOGLE),
        (eks_plan, "123456789012-us-east-1-eks-prod-checkpoints", LEFT_AT_AMAZON),
    ],
    ids=["gke", "eks"],
)
def test_the_bucket_alone_is_taken_over_and_only_where_the_stack_says_so(deploy, monkeypatch, plan, name, left):
    with_answers(monkeypatch)

    def imported(**changes: object) -> dict[str, tuple[str, set[str]]]:
        made = stored(deploy, plan(**changes)).values()
        return {item.name: (item.imported_as, set(item.ignore_changes)) for item in made if item.imported_as}

    assert imported(checkpoints={"adopt": True}) == {"s-bucket": (name, left)}
    assert imported() == {}


def test_a_bucket_that_is_taken_over_stays_at_a_destroy_too(deploy, monkeypatch):
    with_answers(monkeypatch)
    made = stored(deploy, eks_plan(checkpoints={"adopt": True})).values()
    assert {item.name for item in made if item.is_retained} == {"s-bucket", *SETTINGS}


OWNED = "googleapi: Error 409: Your previous request to create the named bucket succeeded and you already own it."
NOT_EMPTY = "googleapi: Error 409: The bucket you tried to delete is not empty., conflict"
FORBIDDEN = "googleapi: Error 403: caller does not have storage.buckets.create access, forbidden"


@pytest.mark.parametrize(
    ("operation", "error", "is_there"),
    [
        ("create", OWNED, True),
        ("create", "creating S3 Bucket (b): BucketAlreadyOwnedByYou", True),
        ("create", "creating S3 Bucket (b): BucketAlreadyExists", True),
        ("create", FORBIDDEN, False),
        ("delete", NOT_EMPTY, False),
    ],
)
def test_a_refusal_to_make_the_bucket_once_more_is_told_with_the_fix_and_no_other_is(operation, error, is_there):
    failed = pulumi.ErrorHookArgs("urn", "", "s-bucket", "type", failed_operation=operation, errors=[error])
    told = str(fault_behind(failed, GKE.checkpoints))
    assert ("Write `adopt: true` below `mizan:checkpoints` and update again" in told) is is_there
    assert ("bucket ml-platform-gke-prod-checkpoints is there already" in told) is is_there


@pytest.mark.parametrize(("plan", "cloud"), [(GKE, "gcp"), (EKS, "aws")], ids=["gke", "eks"])
def test_the_sdk_knows_every_property(deploy, monkeypatch, plan, cloud):
    with_answers(monkeypatch)
    resources = [item for item in stored(deploy, plan).values() if sdk_properties.is_of(item, cloud)]
    assert len({item.typ for item in resources}) == {"gcp": 3, "aws": 8}[cloud]
    assert [fault for item in resources for fault in sdk_properties.faults(item)] == []


def test_a_stack_without_checkpoints_makes_no_storage(deploy):
    args = CheckpointStorageArgs(plan=a_plan(), identity=WorkloadIdentity(project_number=NUMBER), namespaces={})
    with pytest.raises(ValueError, match="stack test has no checkpoints"):
        deploy(lambda: CheckpointStorage("s", args))
