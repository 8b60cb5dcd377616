"""How fast queued jobs are admitted, and queues are rendered."""

import time
from collections.abc import Callable
from datetime import date
from typing import Any

from lightkube import Client
from lightkube.codecs import from_dict
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace
from lightkube.types import PatchType

from mizan.config import parse
from mizan.manifests import Manifest, manifests_of
from mizan.manifests.training_jobs import spot_training_job
from mizan.plan import Plan, build_plan

TODAY = date(2026, 11, 22)
POOL = "bench-queues"
COHORT = "bench-queues"
JOBS = 1000
TEAMS = 200
POLL_SECONDS = 0.5
WAIT_SECONDS = 300.0

ClusterQueue = create_global_resource("kueue.x-k8s.io", "v1beta2", "ClusterQueue", "clusterqueues")
Workload = create_namespaced_resource("kueue.x-k8s.io", "v1beta2", "Workload", "workloads")
# `from_dict` knows only the kinds that were made.
create_global_resource("kueue.x-k8s.io", "v1beta2", "ResourceFlavor", "resourceflavors")
create_global_resource("kueue.x-k8s.io", "v1beta2", "Cohort", "cohorts")
create_global_resource("kueue.x-k8s.io", "v1beta2", "WorkloadPriorityClass", "workloadpriorityclasses")
create_namespaced_resource("kueue.x-k8s.io", "v1beta2", "LocalQueue", "localqueues")


def values(teams: int, gpus: int, *, with_job: bool) -> dict[str, Any]:
    """Return the keys of a stack in which every team has a queue of its own of `gpus` GPUs, all in one cohort."""
    names = [f"bench-{index}" for index in range(teams)]
    job = {
        "name": "queued",
        "team": names[0],
        "queue": names[0],
        "gpus": 1,
        "command": ["true"],
        "checkpoint": {"dir": "s3://bench/queued", "intervalSeconds": 60},
    }
    return {
        "cloud": "local",
        "region": "us-central1",
        "pools": [
            {
                "name": POOL,
                "machine": "a2-highgpu-8g",
                "gpu": "a100-40gb",
                "capacity": [{"type": "spot", "maxNodes": 1000}, {"type": "on-demand", "maxNodes": 1000}],
            }
        ],
        "cohorts": [{"name": COHORT}],
        "queues": [{"name": name, "cohort": COHORT, "quotas": [{"pool": POOL, "gpus": gpus}]} for name in names],
        "teams": [{"name": name, "costCenter": "bench", "project": "bench", "queues": [name]} for name in names],
        "jobs": [job] if with_job else [],
        "addons": {"kueue": {"install": "external"}},
    }


def plan_of(teams: int, gpus: int = 8, *, with_job: bool = False) -> Plan:
    """Return that stack as a Plan."""
    return build_plan("bench", parse(values(teams, gpus, with_job=with_job), TODAY))


def rendering_seconds(teams: int = TEAMS) -> float:
    """Return how long all objects of a stack with `teams` teams and as many queues take to render."""
    plan = plan_of(teams)
    began = time.monotonic()
    manifests_of(plan)
    return time.monotonic() - began


def admissions_per_second(client: Client, jobs: int = JOBS) -> float:
    """Return how many of `jobs` queued jobs Kueue admits in a second, from the release of their queue to the last.

    The jobs wait in a queue that is on hold, so neither their creation nor their end counts. No node exists for them;
    that they are resumed and their pods created goes on beside it, as it would in a cluster.
    """
    plan = plan_of(1, gpus=jobs, with_job=True)
    (team,), (queue,), (job,) = plan.teams, plan.queues, plan.jobs
    for body in manifests_of(plan):
        if body["kind"] not in {"NodePool", "KWOKNodeClass", "Job"}:
            client.apply(from_dict(body), force=True)
    _stop(client, queue.name, "Hold")
    _wait(lambda: _is_stopped(client, queue.name))
    _submit(client, spot_training_job(job), jobs)
    before = _when_queued(client, team.namespace, jobs)
    began = time.monotonic()
    _stop(client, queue.name, "None")
    _until_admitted(client, team.namespace, jobs, before)
    passed = time.monotonic() - began
    client.delete(Namespace, team.namespace)
    client.delete(ClusterQueue, queue.name)
    return jobs / passed


def _stop(client: Client, queue: str, policy: str) -> None:
    client.patch(ClusterQueue, queue, {"spec": {"stopPolicy": policy}}, patch_type=PatchType.MERGE)


def _is_stopped(client: Client, queue: str) -> bool:
    told = (client.get(ClusterQueue, queue).status or {}).get("conditions", [])
    return any((item["type"], item["reason"]) == ("Active", "Stopped") for item in told)


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(POLL_SECONDS)


def _submit(client: Client, body: Manifest, jobs: int) -> None:
    for index in range(jobs):
        metadata = {**body["metadata"], "name": f"{body['metadata']['name']}-{index}"}
        client.create(Job.from_dict({**body, "metadata": metadata}))


def _when_queued(client: Client, namespace: str, jobs: int) -> str:
    """Return the version of the list that first holds a Workload of every job."""
    version = ""

    def are_all_queued() -> bool:
        nonlocal version
        found = client.list(Workload, namespace=namespace)
        count, version = len(list(found)), found.resourceVersion
        return count == jobs

    _wait(are_all_queued)
    return version


def _until_admitted(client: Client, namespace: str, jobs: int, version: str) -> None:
    admitted = set()
    deadline = time.monotonic() + WAIT_SECONDS
    for _, workload in client.watch(Workload, namespace=namespace, resource_version=version):
        if time.monotonic() > deadline:
            raise TimeoutError
        told = {item["type"]: item["status"] for item in (workload.status or {}).get("conditions", [])}
        if told.get("Admitted") == "True" and workload.metadata:
            admitted.add(workload.metadata.name)
        if len(admitted) == jobs:
            return
