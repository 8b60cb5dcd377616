"""Where jobs save themselves: names and addresses, which jobs they are for, what another region costs."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mizan.config import ConfigErrors, parse
from mizan.manifests import manifests_of
from mizan.manifests.service_accounts import checkpoint_account
from mizan.manifests.training_jobs import spot_training_job
from mizan.plan import build_plan
from tests.builders import NOTHING, a_job, a_pool, a_stack, a_team, an_existing_stack, faults_of, with_value
from tests.checkpoint_stacks import eks_plan, gke_plan, on_eks, on_gke

GKE_URL = "gs://ml-platform-gke-prod-checkpoints/team-a/"
BUCKET = gke_plan().checkpoints
EKS_URL = "s3://123456789012-us-east-1-eks-prod-checkpoints/team-a/"


@pytest.mark.parametrize(("plan", "url"), [(gke_plan(), GKE_URL), (eks_plan(), EKS_URL)], ids=["gke", "eks"])
def test_a_job_that_names_no_place_saves_itself_under_its_team_s_prefix_as_the_service_account(plan, url):
    assert plan.checkpoints.url("team-a") == url
    (job,) = plan.jobs
    pod = spot_training_job(job)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"name": "CHECKPOINT_DIR", "value": f"{url}train-1"} in container["env"]
    assert pod["serviceAccountName"] == "checkpoints"
    assert pod["automountServiceAccountToken"] is False
    assert job.checkpoint.interval_seconds == 300


def test_a_job_that_names_a_place_keeps_it_and_needs_no_rights_of_ours():
    (job,) = gke_plan(jobs=[a_job()]).jobs
    assert (job.checkpoint.dir, job.service_account) == ("s3://checkpoints/train-1", None)
    assert "serviceAccountName" not in spot_training_job(job)["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("place", "account"),
    [
        (f"{GKE_URL}shared", "checkpoints"),
        (GKE_URL.replace("team-a", "team-ab"), None),
        (GKE_URL.removesuffix("/"), None),
    ],
)
def test_a_job_that_names_a_place_within_its_team_s_prefix_has_the_rights_to_it(place, account):
    (job,) = gke_plan(jobs=[a_job(checkpoint={"dir": place})]).jobs
    assert (job.checkpoint.dir, job.service_account) == (place, account)


NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)


@given(one=NAMES, other=NAMES, rest=st.text())
def test_nothing_below_one_team_s_prefix_is_below_another_s(one, other, rest):
    assume(one != other)
    assert not f"{BUCKET.prefix(one)}{rest}".startswith(BUCKET.prefix(other))


def test_a_job_with_a_volume_keeps_it():
    volume = {"storageClass": "filestore", "sizeGib": 100}
    (job,) = gke_plan(jobs=[a_job(checkpoint={"volume": volume})]).jobs
    assert (job.checkpoint.dir, job.service_account) == (None, None)


def test_without_a_bucket_of_the_stack_a_job_names_its_place():
    (fault,) = faults_of(with_value(on_gke(), "checkpoints", NOTHING))
    assert fault == (
        "mizan:jobs[0].checkpoint: neither `dir` nor `volume`; needs one of `dir` and `volume` because a job has one "
        "CHECKPOINT_DIR, and on spot it starts over without it after every interruption. Write `dir: "
        "s3://checkpoints/my-job`, or `volume: {storageClass: filestore, sizeGib: 100}`."
    )


def test_two_places_are_one_too_many_with_a_bucket_too():
    both = {"dir": "gs://a/b", "volume": {"storageClass": "filestore", "sizeGib": 100}}
    (fault,) = faults_of(on_gke(jobs=[a_job(checkpoint=both)]))
    assert fault.startswith("mizan:jobs[0].checkpoint: both `dir` and `volume`; needs one of")


@pytest.mark.parametrize("values", [a_stack(), an_existing_stack()], ids=["local", "existing"])
def test_a_bucket_needs_a_cloud_in_which_the_stack_makes_something(values):
    (fault,) = faults_of(values | {"checkpoints": {}})
    assert fault.startswith("mizan:checkpoints: ")
    assert "needs cloud gke or eks because" in fault


@pytest.mark.parametrize(
    ("values", "region", "told"),
    [
        (on_gke(), "us-east-1", "needs a region as gke's cloud writes it, such as us-central1"),
        (on_eks(), "us-central1", "needs a region as eks's cloud writes it, such as us-east-1"),
    ],
    ids=["gke", "eks"],
)
def test_the_bucket_s_region_is_one_of_the_cluster_s_cloud(values, region, told):
    (fault,) = faults_of(values | {"checkpoints": {"region": region}})
    assert fault == (
        f"mizan:checkpoints.region: {region}; {told} because the bucket is made in the cluster's cloud. Write another "
        "region, or leave it out."
    )


@pytest.mark.parametrize("region", ["us-east1", "northamerica-northeast1", "europe-west12"])
def test_every_region_of_google_is_taken(region):
    assert gke_plan(checkpoints={"region": region}).checkpoints.region == region


@pytest.mark.parametrize("region", ["us-west-2", "ap-southeast-3"])
def test_every_region_of_aws_is_taken_and_is_part_of_the_name(region):
    bucket = eks_plan(checkpoints={"region": region}).checkpoints
    assert bucket.name == f"123456789012-{region}-eks-prod-checkpoints"


def told_of(values: dict[str, object], stack: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        build_plan(stack, parse(values, date(2026, 11, 22)))
    return [str(fault) for fault in caught.value.faults]


def test_a_name_that_is_too_long_is_refused_and_never_cut():
    project = on_gke()["gke"] | {"project": "ml-platform-production-eu-west"}
    fits, too_long = "gke-production-eu-2", "gke-production-eu-20x"
    assert len(build_plan(fits, parse(on_gke(gke=project), date(2026, 11, 22))).checkpoints.name) == 62
    (fault,) = told_of(on_gke(gke=project), too_long)
    assert fault == (
        "mizan:checkpoints: 64 characters; needs a bucket's name of at most 63 because clouds take no longer one, and "
        f"ml-platform-production-eu-west-{too_long}-checkpoints cut short may be somebody else's. Make a stack with a "
        "shorter name, or remove `checkpoints` and give each job a `dir`."
    )


@pytest.mark.parametrize("stack", ["my_stack", "my.stack", "google", "g00gle-prod"])
def test_a_name_that_no_cloud_takes_is_refused(stack):
    (fault,) = told_of(on_gke(), stack)
    assert fault.startswith(f"mizan:checkpoints: bucket ml-platform-{stack}-checkpoints; needs letters, digits and")


def test_a_capital_letter_of_the_stack_becomes_a_small_one():
    assert eks_plan(stack="Eks-Prod").checkpoints.name == "123456789012-us-east-1-eks-prod-checkpoints"


def test_a_team_whose_role_has_too_long_a_name_at_aws_is_told_how_long_it_may_be():
    teams = [a_team(), a_team(name="a" * 44)]
    (fault,) = told_of(on_eks(teams=teams), "eks-prod")
    assert fault == (
        f"mizan:teams[1].name: {'a' * 44}; needs at most 43 characters because AWS takes 64 for role "
        f"eks-prod-checkpoints-{'a' * 44}, by which the team reaches its checkpoints. Shorten the team's name, or "
        "remove `checkpoints` and give each job a `dir`."
    )
    teams[1] = a_team(name="a" * 43)
    assert eks_plan(teams=teams).checkpoints is not None


def told_of_region(plan) -> list[str]:
    return [warning for warning in plan.warnings if warning.startswith("checkpoints:")]


def test_a_bucket_in_the_nodes_region_is_no_warning():
    assert told_of_region(gke_plan()) == told_of_region(gke_plan(checkpoints={"region": "us-central1"})) == []


def test_a_bucket_in_another_region_is_told_with_what_a_gb_costs_and_how_old_the_price_is():
    (told,) = told_of_region(gke_plan(checkpoints={"region": "europe-west4"}))
    assert told == (
        "checkpoints: bucket ml-platform-gke-prod-checkpoints lies in europe-west4, the nodes in us-central1. A GB "
        "read from there costs $0.05 (list price of 2026-05-16, more than 90 days old); what is written leaves the "
        "nodes' region and is paid too. In the same region both are free: leave `region` out."
    )


def test_a_young_price_is_told_without_its_age():
    plan = build_plan("s", parse(on_gke(checkpoints={"region": "us-east1"}), date(2026, 6, 1)))
    (told,) = told_of_region(plan)
    assert "A GB read from there costs $0.02 (list price of 2026-05-16);" in told


@pytest.mark.parametrize(
    "plan",
    [
        gke_plan(checkpoints={"region": "northamerica-south1"}),
        eks_plan(checkpoints={"region": "ap-northeast-1"}),
    ],
    ids=["gke", "eks"],
)
def test_a_pair_of_regions_that_no_list_names_has_an_unknown_price_and_not_none(plan):
    (told,) = told_of_region(plan)
    assert "What a GB read from there costs is unknown;" in told
    assert "$" not in told


def test_each_team_has_a_service_account_that_can_do_nothing_in_the_cluster():
    plan = gke_plan()
    accounts = [body for body in manifests_of(plan) if body["kind"] == "ServiceAccount"]
    assert accounts == [checkpoint_account(team) for team in plan.teams]
    assert accounts[1] == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": "checkpoints",
            "namespace": "team-ab",
            "labels": {"app.kubernetes.io/managed-by": "mizan"},
        },
        "automountServiceAccountToken": False,
    }


def test_a_stack_without_a_bucket_has_no_service_accounts():
    plan = gke_plan(jobs=[], checkpoints={"retentionDays": 7})
    assert plan.checkpoints.retention_days == 7
    without = {key: value for key, value in on_gke(jobs=[]).items() if key != "checkpoints"}
    bodies = manifests_of(build_plan("s", parse(without, date(2026, 11, 22))))
    assert [body for body in bodies if body["kind"] == "ServiceAccount"] == []


@pytest.mark.parametrize(
    ("plan", "left"), [(gke_plan, "labels and `retentionDays`"), (eks_plan, "tags")], ids=["gke", "eks"]
)
def test_a_bucket_that_is_taken_over_is_told_at_every_preview_with_what_does_not_change(plan, left):
    taken = plan(checkpoints={"adopt": True})
    (told,) = [warning for warning in taken.warnings if "taken over" in warning]
    assert told == (
        f"checkpoints: bucket {taken.checkpoints.name} is taken over as it is; with `adopt` there, its {left} do not "
        "change. Remove `adopt` once an update has taken it over, or if the bucket does not exist."
    )
    assert taken.checkpoints.is_adopted
    assert not plan().checkpoints.is_adopted
    assert not any("taken over" in warning for warning in plan().warnings)


def test_a_bucket_that_is_taken_over_from_another_region_is_told_with_the_price_of_its_traffic_too():
    told = gke_plan(checkpoints={"adopt": True, "region": "us-east1"}).warnings
    assert [warning.startswith("checkpoints: bucket") for warning in told].count(True) == 2


DAY = 86_400


def told_of_retention(days: int, checkpoint: dict[str, object], **stack: object) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        gke_plan(jobs=[a_job(checkpoint=checkpoint)], checkpoints={"retentionDays": days}, **stack)
    return [str(fault) for fault in caught.value.faults]


def test_a_bucket_keeps_a_checkpoint_until_the_next_one_is_written():
    """86400 s, and the 60 s that writing takes by the queue's workload."""
    (told,) = told_of_retention(1, {"intervalSeconds": DAY})
    assert told == (
        "mizan:checkpoints.retentionDays: 1; needs at least 2 because job train-1 of team-a has its next checkpoint "
        "written 86460 s after the last one, which would be deleted by then, and nothing is left to go on from. Raise "
        "it, or save more often: `intervalSeconds` of the job."
    )
    kept = gke_plan(jobs=[a_job(checkpoint={"intervalSeconds": DAY})], checkpoints={"retentionDays": 2})
    assert kept.jobs[0].checkpoint_seconds == DAY


def test_how_long_writing_takes_counts_too():
    checkpoint = {"intervalSeconds": DAY - 100, "writeSeconds": 100}
    assert "written 86400 s after the last one" in told_of_retention(1, checkpoint)[0]
    quicker = checkpoint | {"writeSeconds": 99}
    assert gke_plan(jobs=[a_job(checkpoint=quicker)], checkpoints={"retentionDays": 1}).jobs


def test_an_interval_that_a_job_leaves_out_is_held_against_it_as_well():
    """Spot that stays up for a month, and an hour to write: the best interval is a day, the longest that there is."""
    pool = a_pool(meanUptimeHours=720)
    told = told_of_retention(1, {"writeSeconds": 3600}, pools=[pool])
    assert "written 90000 s after the last one" in told[0]


def test_a_place_of_the_job_s_own_is_not_deleted_by_the_stack():
    elsewhere = {"dir": "gs://other/x", "intervalSeconds": DAY}
    assert gke_plan(jobs=[a_job(checkpoint=elsewhere)], checkpoints={"retentionDays": 1}).jobs
