"""Stacks of every shape agree in all that is written for them, and some of it is broken where only they have it."""

import pytest

from mizan.agreement import documents_of, report_of
from mizan.catalogue import machines
from tests.budget_stacks import plans as budget_plans
from tests.builders import a_job, a_plan, a_queue, a_stack, an_existing_stack
from tests.cloud_stacks import CLOUD_STACKS
from tests.cloud_stacks import plan_of as shipped_plan
from tests.gke_stacks import BY_CAPACITY, a_flex_start_stack, a_gke_plan, a_gke_stack
from tests.monitoring_stacks import plans as monitoring_plans
from tests.operator_stacks import plans as operator_plans
from tests.sharing_stacks import a_sharing_stack, counted_in, kept


@pytest.mark.parametrize("stack", [*CLOUD_STACKS, "local"])
def test_what_is_written_for_a_shipped_stack_agrees(stack):
    plan = shipped_plan(stack)
    assert report_of(plan, documents_of(plan)).disagreements == ()


def test_pools_of_one_stack_that_share_in_different_ways_agree():
    for plan in operator_plans().values():
        assert report_of(plan, documents_of(plan)).disagreements == ()


def test_what_measures_and_what_enforces_budgets_agrees_however_it_comes():
    for plan in (*monitoring_plans().values(), *budget_plans().values()):
        assert report_of(plan, documents_of(plan)).disagreements == ()


def test_of_somebody_else_s_cluster_queues_and_limits_are_compared():
    plan = a_plan(an_existing_stack())
    report = report_of(plan, documents_of(plan))
    assert report.disagreements == ()
    assert {fact.value for fact in report.facts} == {
        "documents",
        "node labels",
        "resources",
        "price",
        "quota",
        "namespaces",
        "labels of the bill",
        "policy",
    }


def test_a_stack_that_asks_for_more_than_its_nodes_is_warned_and_agrees():
    queues = [
        a_queue(name=name, fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}]) for name in ("training", "other")
    ]
    plan = a_plan(a_stack(queues=queues, jobs=[]))
    assert "quotas of 24 GPUs" in plan.warnings[0]
    assert report_of(plan, documents_of(plan)).disagreements == ()


def test_borrowed_gpus_count_for_a_namespace_up_to_all_that_its_cohort_has():
    lent = {"pool": "a100", "capacity": "spot"}
    queues = [
        a_queue(cohort="lab", quotas=[lent | {"gpus": 2}]),
        a_queue(name="other", cohort="lab", quotas=[lent | {"gpus": 6}]),
    ]
    plan = a_plan(a_stack(cohorts=[{"name": "lab"}], queues=queues, jobs=[]))
    documents = documents_of(plan)
    assert report_of(plan, documents).disagreements == ()
    (quota,) = documents.of_kind("ResourceQuota")
    assert quota["spec"]["hard"] == {"requests.nvidia.com/gpu": "8"}
    for wrong in ("9", "1"):
        quota["spec"]["hard"] = {"requests.nvidia.com/gpu": wrong}
        (found,) = report_of(plan, documents).disagreements
        assert (found.of, found.first.value) == ("team-a", f"nvidia.com/gpu={wrong}")


def test_the_order_of_several_offers_is_that_of_their_prices_on_gke_and_by_karpenter():
    on_gke = a_gke_plan(a_gke_stack(queues=[BY_CAPACITY], jobs=[]))
    documents = documents_of(on_gke)
    assert {"order", "node pools"} <= {fact.value for fact in report_of(on_gke, documents).facts}
    priorities = documents.named("ComputeClass", "a100")["spec"]["priorities"]
    priorities.reverse()
    (found,) = report_of(on_gke, documents).disagreements
    assert (found.of, found.fact.value, found.first.value) == ("a100", "order", "ondemand-a100, spot-a100")
    assert (found.first.document, found.second.document) == ("ComputeClass a100", "estimate of pool a100")
    del priorities[0]
    (found,) = report_of(on_gke, documents).disagreements
    assert (found.of, found.fact.value) == ("ondemand-a100", "node pools")
    assert (found.first.document, found.second.document) == ("ComputeClass a100", "node pool ondemand-a100")

    local = a_plan(a_stack(queues=[BY_CAPACITY], jobs=[]))
    documents = documents_of(local)
    documents.named("NodePool", "ondemand-a100")["spec"]["weight"] = 101
    (found,) = report_of(local, documents).disagreements
    assert (found.fact.value, found.first.document, found.second.document) == (
        "order",
        "NodePool ondemand-a100",
        "estimate of pool a100",
    )


def test_a_job_asks_for_what_its_queue_counts():
    plan = a_plan()
    documents = documents_of(plan)
    (job,) = documents.of_kind("Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["resources"]["requests"] = {"cpu": "1", "nvidia.com/mig-1g.5gb": "1"}
    (found,) = report_of(plan, documents).disagreements
    assert (found.of, found.first.document, found.second.document) == (
        "team-a/train-1",
        "Job train-1 of team-a",
        "ClusterQueue training",
    )


def test_a_job_that_claims_devices_asks_for_what_its_queue_counts():
    values = a_sharing_stack("local", {"mode": "dra"}, capacity=kept())
    asked = {key: value for key, value in a_job().items() if key != "gpus"}
    values["jobs"] = [asked | {"gpu": {"count": 4, "accepts": ["dra"]}}]
    plan = a_plan(values)
    documents = documents_of(plan)
    report = report_of(plan, documents)
    assert report.disagreements == ()
    assert "Job train-1 of team-a" in report.documents
    template = documents.named("ResourceClaimTemplate", "a100-40gb-x4")
    template["spec"]["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"] = "t4.mizan.dev"
    found = {(each.first.document, each.second.document) for each in report_of(plan, documents).disagreements}
    assert ("Job train-1 of team-a", "ClusterQueue training") in found


def test_queued_nodes_are_asked_for_by_what_they_offer():
    plan = a_gke_plan(a_flex_start_stack(gke={"queued": True}))
    documents = documents_of(plan)
    assert report_of(plan, documents).disagreements == ()
    (config,) = documents.of_kind("ProvisioningRequestConfig")
    config["spec"]["managedResources"] = ["nvidia.com/gpu.shared"]
    (found,) = report_of(plan, documents).disagreements
    assert (found.first.document, found.second.document) == (
        "ProvisioningRequestConfig queued-provisioning",
        "node pool flexstart-a100",
    )


GPU_MACHINES_OF_GKE = sorted(name for name, machine in machines().items() if machine.gke_accelerator)


@pytest.mark.parametrize("name", GPU_MACHINES_OF_GKE)
def test_every_machine_of_gke_agrees_whole_and_cut(name):
    machine = machines()[name]
    cut = [{"mode": "mig", "profile": each.name} for each in machine.gpu.mig_profiles if each.is_on_gke]
    for sharing in ({"mode": "none"}, {"mode": "time-slicing", "replicas": 2}, *cut):
        pool = {"name": "p", "machine": name, "gpu": machine.gpu.name, "capacity": [{"type": "spot", "maxNodes": 1}]}
        quota = {"pool": "p", counted_in(sharing): 1}
        queue = a_queue(fallback="capacity", quotas=[quota], workload={"maxRunHours": 1})
        plan = a_gke_plan(a_gke_stack(pools=[pool | {"sharing": sharing}], queues=[queue], jobs=[]))
        assert report_of(plan, documents_of(plan)).disagreements == ()
