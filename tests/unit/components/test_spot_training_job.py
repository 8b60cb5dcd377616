"""A training job under Pulumi: what is registered, after what, and what takes what along."""

import pulumi
import pulumi_kubernetes as k8s

from components.workloads.spot_training_job import OWNED_BY_KUEUE, SpotTrainingJob, SpotTrainingJobArgs
from mizan.manifests.training_jobs import gang_services, spot_training_job
from mizan.manifests.volumes import checkpoint_claims
from tests.builders import a_job, a_plan, a_stack
from tests.mocks import Registered

JOB, CLAIM = "kubernetes:batch/v1:Job", "kubernetes:core/v1:PersistentVolumeClaim"
SERVICE = "kubernetes:core/v1:Service"
TO_OBJECT_STORAGE = a_plan().jobs[0]
A_GANG = a_plan(a_stack(jobs=[a_job(pods=2)])).jobs[0]
TO_A_VOLUME = a_plan(
    a_stack(jobs=[a_job(checkpoint={"volume": {"storageClass": "filestore", "sizeGib": 100}, "intervalSeconds": 60})])
).jobs[0]


def a_stand_in(name: str) -> pulumi.CustomResource:
    """Something to depend on."""
    return k8s.core.v1.ConfigMap(name, metadata={"name": name})


def submitted(deploy, job) -> dict[str, Registered]:
    """What the component registers, by type."""

    def program():
        classes = (a_stand_in("workload-priority"), a_stand_in("pod-priority"))
        args = SpotTrainingJobArgs(job=job, local_queue=a_stand_in("local-queue"), priority_classes=classes)
        SpotTrainingJob("x", args)

    return {item.typ: item for item in deploy(program)}


def test_a_job_waits_for_its_queue_and_its_priorities_and_leaves_to_kueue_what_is_kueue_s(deploy):
    resources = submitted(deploy, TO_OBJECT_STORAGE)
    job = resources[JOB]
    assert (job.name, job.manifest) == ("x-job-team-a/train-1", spot_training_job(TO_OBJECT_STORAGE))
    names = {urn.split("::")[-1] for urn in job.dependencies}
    assert names == {"local-queue", "workload-priority", "pod-priority"}
    assert job.ignore_changes == OWNED_BY_KUEUE
    assert "spec.suspend" in job.ignore_changes
    assert job.parent == resources["mizan:components:SpotTrainingJob"].urn


def test_a_job_that_saves_itself_to_object_storage_claims_nothing(deploy):
    resources = submitted(deploy, TO_OBJECT_STORAGE)
    assert CLAIM not in resources
    assert resources[JOB].replaced_with == frozenset()


def test_a_claim_is_made_in_the_team_s_namespace_before_the_job(deploy):
    resources = submitted(deploy, TO_A_VOLUME)
    claim = resources[CLAIM]
    assert (claim.name, [claim.manifest]) == (
        "x-persistentvolumeclaim-team-a/train-1-checkpoints",
        checkpoint_claims(TO_A_VOLUME),
    )
    assert {urn.split("::")[-1] for urn in claim.dependencies} == {"local-queue"}
    assert claim.urn in resources[JOB].dependencies


def test_a_replaced_claim_takes_the_job_along_but_a_replaced_job_never_the_claim(deploy):
    resources = submitted(deploy, TO_A_VOLUME)
    assert resources[JOB].replaced_with == {resources[CLAIM].urn}
    assert resources[CLAIM].replaced_with == frozenset()
    assert resources[JOB].urn not in resources[CLAIM].dependencies


def test_a_gang_s_names_are_made_before_it_and_never_replace_it(deploy):
    resources = submitted(deploy, A_GANG)
    service = resources[SERVICE]
    assert (service.name, [service.manifest]) == ("x-service-team-a/train-1", gang_services(A_GANG))
    assert {urn.split("::")[-1] for urn in service.dependencies} == {"local-queue"}
    assert service.urn in resources[JOB].dependencies
    assert resources[JOB].replaced_with == frozenset()
    assert SERVICE not in submitted(deploy, TO_OBJECT_STORAGE)
