"""The shipped stacks on GKE and EKS: sound as they are, known to the pinned SDKs, different in what differs."""

from ipaddress import IPv4Network, ip_network

import pytest

from mizan import keys
from mizan.capacity import CapacityType
from mizan.config import Fallback
from mizan.estimate import BudgetLevel, estimate, judge
from mizan.plan import Plan, PoolPlan
from mizan.sharing import Manager, SharingMode
from tests import sdk_properties
from tests.cloud_stacks import CLOUD_STACKS, plan_of, resources_of

# Source: https://www.rfc-editor.org/rfc/rfc5737, read 2026-11-23.
DOCUMENTATION = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
DEV, PROD = ("eks-dev", "gke-dev"), ("eks-prod", "gke-prod")


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_nothing_in_a_shipped_stack_is_probably_not_meant(stack):
    plan = plan_of(stack)
    assert plan.warnings == ()
    assert [pool.name for pool in plan.pools if pool.left_out or pool.doubtful] == []


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_what_is_expected_of_a_shipped_stack_is_well_within_its_budgets(stack):
    plan = plan_of(stack)
    verdicts = judge(plan, estimate(plan))
    assert len(verdicts) >= 1
    assert {verdict.level for verdict in verdicts} == {BudgetLevel.OK}


@pytest.mark.parametrize(("stack", "package"), [(stack, {"e": "aws", "g": "gcp"}[stack[0]]) for stack in CLOUD_STACKS])
def test_the_sdk_knows_every_property_of_a_shipped_stack(stack, package):
    resources = [item for item in resources_of(stack) if sdk_properties.is_of(item, package)]
    assert len({item.typ for item in resources}) > 10
    assert [fault for item in resources for fault in sdk_properties.faults(item)] == []


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_a_shipped_stack_names_nobody_s_project_account_or_addresses(stack):
    plan = plan_of(stack)
    assert plan.gke is None or plan.gke.project == "my-ml-project"
    assert plan.eks is None or plan.eks.account == "123456789012"
    doors = [network.cidr for network in cluster_of(plan).authorised_networks]
    assert len(doors) >= 1
    assert [door for door in doors if not any(ip_network(door).subnet_of(one) for one in DOCUMENTATION)] == []


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_a_shipped_stack_has_a_small_job_of_an_hour_at_most_that_saves_itself_in_the_stack_s_bucket(stack):
    plan = plan_of(stack)
    assert len(plan.jobs) >= 1
    assert {job.max_run_seconds for job in plan.jobs} == {3600}
    assert {job.pods for job in plan.jobs} == {1}
    assert all((job.checkpoint.dir or "").split("/")[2] == plan.checkpoints.name for job in plan.jobs)


@pytest.mark.parametrize("stack", DEV)
def test_a_stack_for_development_is_two_gpus_of_spot_that_go_without_asking(stack):
    plan = plan_of(stack)
    assert [(offer.capacity_type, offer.machine.gpus, offer.max_nodes) for offer in plan.offers] == [
        (CapacityType.SPOT, 1, 1)
    ] * 2
    assert not cluster_of(plan).deletion_protection
    assert not plan.checkpoints.keep_on_destroy
    assert plan.budget.usd_per_month < 1000


@pytest.mark.parametrize(("stack", "manager"), [("eks-dev", Manager.OPERATOR), ("gke-dev", Manager.GKE)])
def test_a_stack_for_development_has_one_gpu_for_four_pods_and_one_whole(stack, manager):
    shared, whole = plan_of(stack).pools
    assert (shared.sharing.mode, shared.sharing.manager) == (SharingMode.TIME_SLICING, manager)
    assert shared.sharing.units_per_gpu == 4
    assert whole.sharing.mode is SharingMode.NONE
    quotas = {
        queue.name: [(each.flavor.pool, each.nominal) for each in queue.quotas] for queue in plan_of(stack).queues
    }
    assert quotas == {"dev": [(shared.name, 4)], "training": [(whole.name, 1)]}


@pytest.mark.parametrize(("stack", "resource"), [("eks-dev", keys.NVIDIA_SHARED_GPU), ("gke-dev", keys.NVIDIA_GPU)])
def test_the_smoke_tests_for_development_take_a_part_of_one_gpu_and_the_other_whole(stack, resource):
    part, whole = (job.request for job in plan_of(stack).jobs)
    assert (part.resource, part.units, part.words) == (resource, 1, "1 x 1/4 of a GPU")
    assert (whole.resource, whole.units, whole.words) == (keys.NVIDIA_GPU, 1, "1 GPU")
    assert [request.pools for request in (part, whole)] == [(pool.name,) for pool in plan_of(stack).pools]
    # In less a notebook of PyTorch hardly begins.
    assert part.cpu_millis >= 1500
    assert part.memory_mib >= 4096


@pytest.mark.parametrize("stack", PROD)
def test_a_stack_for_production_falls_back_both_ways_and_is_kept(stack):
    plan = plan_of(stack)
    assert {queue.fallback for queue in plan.queues} == {Fallback.CAPACITY, Fallback.QUOTA}
    assert all({CapacityType.SPOT, CapacityType.ON_DEMAND} == kinds_of(pool) for pool in plan.pools)
    assert (len(plan.teams), len(plan.commitments)) == (3, 1)
    assert plan.cohorts != ()
    assert cluster_of(plan).deletion_protection
    assert cluster_of(plan).secrets_key is not None
    assert plan.checkpoints.keep_on_destroy


def test_development_on_gke_is_in_one_zone_and_production_in_a_region():
    assert (plan_of("gke-dev").gke.zone, plan_of("gke-prod").gke.zone) == ("us-central1-a", None)
    (zonal,) = clusters("gke-dev")
    (regional,) = clusters("gke-prod")
    assert (zonal["location"], regional["location"]) == ("us-central1-a", "us-central1")


def test_production_on_gke_has_a_class_where_gke_chooses_and_none_where_kueue_does():
    classes = [item.manifest for item in resources_of("gke-prod") if item.typ.endswith(":ComputeClass")]
    assert [(body["metadata"]["name"], body["spec"]["priorities"]) for body in classes] == [
        ("a100", [{"nodepools": ["reserved-a100"]}, {"nodepools": ["spot-a100"]}, {"nodepools": ["ondemand-a100"]}])
    ]


def test_production_on_eks_has_what_the_old_provisioner_asked_for():
    """Spot and on-demand of three machines, 100 GPUs at most, empty nodes gone after 30 s, all of them after 24 h."""
    plan = plan_of("eks-prod")
    pools = [pool for pool in plan.pools if pool.karpenter.expire_after_hours is not None]
    assert [pool.machine.name for pool in pools] == ["p4d.24xlarge", "p3.16xlarge", "g5.48xlarge"]
    assert sum(offer.max_nodes * offer.machine.gpus for pool in pools for offer in pool.offers) == 96
    made = [item.manifest for item in resources_of("eks-prod") if item.typ.endswith(":NodePool")]
    for pool in pools:
        nodes = [body for body in made if body["spec"]["template"]["spec"]["nodeClassRef"]["name"] == pool.name]
        assert {body["spec"]["disruption"]["consolidateAfter"] for body in nodes} == {"30s"}
        assert {body["spec"]["disruption"]["consolidationPolicy"] for body in nodes} == {"WhenEmpty"}
        assert {body["spec"]["template"]["spec"]["expireAfter"] for body in nodes} == {"24h"}


@pytest.mark.parametrize("cloud", ["eks", "gke"])
def test_development_and_production_can_be_connected(cloud):
    ranges = [*ranges_of(plan_of(f"{cloud}-dev")), *ranges_of(plan_of(f"{cloud}-prod"))]
    assert [(one, other) for one in ranges for other in ranges if one is not other and one.overlaps(other)] == []


def cluster_of(plan: Plan):
    return plan.gke or plan.eks


def clusters(stack: str):
    return [item.inputs for item in resources_of(stack) if item.typ == "gcp:container/cluster:Cluster"]


def kinds_of(pool: PoolPlan) -> set[CapacityType]:
    return {offer.capacity_type for offer in pool.offers}


def ranges_of(plan: Plan) -> list[IPv4Network]:
    if plan.eks is not None:
        return [IPv4Network(plan.eks.network.cidr)]
    network = plan.gke.network
    return [
        IPv4Network(cidr)
        for cidr in (network.nodes_cidr, network.pods_cidr, network.services_cidr, network.control_plane_cidr)
    ]
