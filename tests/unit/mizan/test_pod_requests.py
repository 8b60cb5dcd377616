"""What a pod gets of GPUs, from a stack file to its manifest."""

from fractions import Fraction
from typing import Any

import pytest

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import Cloud
from mizan.manifests.packing import pod_packing
from mizan.manifests.training_jobs import spot_training_job
from mizan.plan import JobPlan
from mizan.plan.room import pod_room
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack
from tests.gke_stacks import a_gke_stack
from tests.sharing_stacks import LAYOUT, MPS, PROFILE, TURNS, counted_in

ON_DEMAND = [{"type": "on-demand", "maxNodes": 2}]
KEPT = [{"type": "on-demand", "maxNodes": 2, "minNodes": 1}]
A100 = {"name": "a100", "machine": "p4d.24xlarge", "gpu": "a100-40gb", "capacity": ON_DEMAND}
T4 = {"name": "t4", "machine": "g4dn.12xlarge", "gpu": "t4", "capacity": ON_DEMAND}
MIG = {"count": 1, "accepts": ["mig"]}


def asking(**job: object) -> dict[str, Any]:
    """A job that asks for what `job` says of GPUs."""
    return {key: value for key, value in a_job().items() if key != "gpus"} | job


def job_of(*pools: dict[str, Any], **job: object) -> JobPlan:
    """The plan's job in a queue that counts these pools, 8 of each."""
    made = [a_pool(**pool) for pool in pools]
    quotas = [{"pool": pool["name"], counted_in(pool.get("sharing", {"mode": "none"})): 8} for pool in made]
    queues = [a_queue(fallback="capacity", quotas=quotas)]
    return a_plan(a_stack(region="us-east-1", pools=made, queues=queues, jobs=[asking(**job)])).jobs[0]


def pod_of(job: JobPlan) -> dict[str, Any]:
    return spot_training_job(job)["spec"]["template"]["spec"]


def container_of(job: JobPlan) -> dict[str, Any]:
    (container,) = pod_of(job)["containers"]
    return container


def gpus_of(job: JobPlan) -> dict[str, str]:
    """What the container asks for beside CPU and memory; it may use no more."""
    resources = container_of(job)["resources"]
    assert resources["requests"] == resources["limits"]
    return {key: value for key, value in resources["limits"].items() if key not in {"cpu", "memory"}}


def memory_variables(job: JobPlan) -> dict[str, str]:
    found = {item["name"]: item["value"] for item in container_of(job)["env"]}
    return {name: value for name, value in found.items() if "CHECKPOINT" not in name}


def terms_of(job: JobPlan) -> list[dict[str, Any]]:
    affinity = pod_of(job)["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    return term["matchExpressions"]


@pytest.mark.parametrize(
    ("pool", "asked", "gpus", "memory"),
    [
        (A100, {"gpus": 8}, {"nvidia.com/gpu": "8"}, {}),
        (A100 | {"sharing": PROFILE}, {"gpu": MIG}, {"nvidia.com/mig-1g.5gb": "1"}, {"MIZAN_GPU_MEMORY_GIB": "5"}),
        (
            A100 | {"sharing": LAYOUT},
            {"gpu": MIG | {"profile": "3g.20gb"}},
            {"nvidia.com/mig-3g.20gb": "1"},
            {"MIZAN_GPU_MEMORY_GIB": "20"},
        ),
        (
            T4 | {"sharing": TURNS},
            {"gpu": {"accepts": ["time-slicing"]}},
            {"nvidia.com/gpu.shared": "1"},
            {"MIZAN_GPU_MEMORY_GIB": "4", "XLA_CLIENT_MEM_FRACTION": "0.187", "TF_FORCE_GPU_ALLOW_GROWTH": "true"},
        ),
        (
            T4 | {"sharing": MPS | {"replicas": 3}},
            {"gpu": {"accepts": ["mps"]}},
            {"nvidia.com/gpu.shared": "1"},
            {"MIZAN_GPU_MEMORY_GIB": "5.33", "XLA_CLIENT_MEM_FRACTION": "0.25", "TF_FORCE_GPU_ALLOW_GROWTH": "true"},
        ),
    ],
)
def test_a_pod_asks_for_what_its_nodes_offer_and_is_told_which_memory_is_its_own(pool, asked, gpus, memory):
    job = job_of(pool, **asked)
    assert gpus_of(job) == gpus
    assert memory_variables(job) == memory
    assert not {"affinity", "nodeSelector", "hostIPC", "resourceClaims"} & set(pod_of(job))


def test_a_pod_of_claimed_gpus_names_a_template_and_asks_for_no_resource():
    job = job_of(A100 | {"sharing": {"mode": "dra"}, "capacity": KEPT}, gpu={"count": 2, "accepts": ["dra"]})
    assert gpus_of(job) == {}
    assert container_of(job)["resources"]["claims"] == [{"name": "gpu"}]
    assert pod_of(job)["resourceClaims"] == [{"name": "gpu", "resourceClaimTemplateName": "a100-40gb-x2"}]
    assert (job.resource, job.units) == ("deviceclass.resource.kubernetes.io/a100-40gb.mizan.dev", 2)
    one = job_of(A100 | {"sharing": {"mode": "dra", "profile": "1g.5gb"}, "capacity": KEPT}, gpu={"accepts": ["dra"]})
    assert one.request.claim == "a100-40gb-1g.5gb"
    assert memory_variables(one) == {"MIZAN_GPU_MEMORY_GIB": "5"}


def test_a_model_is_an_affinity_that_kueue_can_hold_against_flavors_and_no_capacity_type_is():
    job = job_of(A100, T4, gpu={"model": "t4", "count": 4})
    assert terms_of(job) == [{"key": "nvidia.com/gpu.product", "operator": "In", "values": ["Tesla-T4"]}]
    assert job.request.pools == ("t4",)
    assert "affinity" not in pod_of(job_of(A100, T4, gpus=4))
    assert job_of(A100, T4, gpus=4).request.pools == ("a100", "t4")


def test_every_flavor_tells_what_an_affinity_may_ask_for():
    plan = a_plan(
        a_stack(
            region="us-east-1",
            pools=[a_pool(**A100)],
            queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}])],
            jobs=[],
        )
    )
    for flavor in plan.flavors:
        assert {"nvidia.com/gpu.product", "mizan.dev/pool"} <= set(flavor.labels)


def test_a_job_gets_the_first_way_of_sharing_it_accepts_that_its_queue_offers():
    cut = A100 | {"name": "cut", "sharing": PROFILE}
    for accepts, resource in (
        (["mig", "none"], "nvidia.com/mig-1g.5gb"),
        (["none", "mig"], "nvidia.com/gpu"),
        (["mps", "mig"], "nvidia.com/mig-1g.5gb"),
    ):
        assert job_of(A100, cut, gpu={"accepts": accepts}).resource == resource


def test_two_ways_of_sharing_with_one_resource_are_told_apart_by_pool():
    turns, mps = (T4 | {"name": name, "sharing": sharing} for name, sharing in (("turns", TURNS), ("mps", MPS)))
    job = job_of(turns, mps, gpu={"accepts": ["mps", "time-slicing"]})
    assert terms_of(job) == [{"key": "mizan.dev/pool", "operator": "In", "values": ["mps"]}]


def test_an_affinity_stands_beside_the_company_that_pods_prefer():
    plan = a_plan(a_gke_stack(jobs=[asking(gpu={"model": "a100-40gb", "count": 4})]))
    affinity = pod_of(plan.jobs[0])["affinity"]
    assert affinity["podAffinity"] == pod_packing(Cloud.GKE)["affinity"]["podAffinity"]
    assert terms_of(plan.jobs[0])[0]["values"] == ["NVIDIA-A100-SXM4-40GB"]


def test_a_part_comes_with_its_part_of_the_node_on_whichever_of_its_pools_it_lands():
    alone, crowded = (A100 | {"name": name, "sharing": sharing} for name, sharing in (("a", PROFILE), ("b", LAYOUT)))
    job = job_of(alone, crowded, gpu=MIG | {"profile": "1g.5gb"})
    machine = machines()["p4d.24xlarge"]
    shares = [(machine, Fraction(1, 7)), (machine, Fraction(1, 7))]
    assert (job.request.cpu_millis, job.request.memory_mib) == pod_room(shares, 1)
    limits = container_of(job)["resources"]["limits"]
    assert (limits["cpu"], limits["memory"]) == (f"{job.request.cpu_millis}m", f"{job.request.memory_mib}Mi")


def test_a_job_looks_at_the_nodes_alone_that_it_can_get():
    """Spot of a pool that has nothing for it neither shortens its checkpoints nor its way out."""
    spot = [{"type": "spot", "maxNodes": 2}]
    unsaid = {"checkpoint": {"dir": "s3://checkpoints/train-1"}}
    pools = (A100, T4 | {"capacity": spot})
    there, elsewhere = (job_of(*pools, gpu={"model": model, "count": 1}, **unsaid) for model in ("t4", "a100-40gb"))
    assert elsewhere.checkpoint_seconds == 3600
    assert there.checkpoint_seconds != 3600
    assert elsewhere.request.pools == ("a100",)


def test_amounts_of_a_quota_and_pods_on_a_node_are_counted_in_what_the_pod_asks_for():
    layout = {"3g.20gb": 1, "1g.5gb": 2}
    pool = A100 | {"sharing": {"mode": "mig", "layout": layout}}
    plan = a_plan(
        a_stack(
            region="us-east-1",
            pools=[a_pool(**pool)],
            queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}])],
            jobs=[
                {key: value for key, value in a_job().items() if key != "gpus"} | {"gpu": MIG | {"profile": "1g.5gb"}}
            ],
        )
    )
    (job,), (flavor,) = plan.jobs, plan.flavors
    assert job.request.units_of(flavor, 8) == 16
    assert [job.request.pods_on(offer) for offer in flavor.offers] == [16]
    assert {offer.capacity_type for offer in flavor.offers} == {CapacityType.ON_DEMAND}
