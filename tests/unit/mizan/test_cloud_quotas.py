"""The cloud quotas that a plan needs: hand-computed cases of each cloud."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.catalogue import gpu_models, machines
from mizan.quotas import GLOBAL, Purchase, Unit, command, hints, needs, page
from tests.builders import a_plan
from tests.quota_plans import a_plan_of


def told(plan):
    return [(need.region, need.name, need.amount, need.unit, need.users) for need in needs(plan)]


def test_google_counts_gpus_by_model_apart_for_spot_and_all_of_them_together():
    # a2-highgpu-4g has 4 GPUs: 2 nodes of spot are 8, 1 on-demand is 4, and 12 in all.
    assert told(a_plan()) == [
        ("us-central1", "PREEMPTIBLE_NVIDIA_A100_GPUS", 8, Unit.GPUS, ("spot-a100",)),
        ("us-central1", "NVIDIA_A100_GPUS", 4, Unit.GPUS, ("ondemand-a100",)),
        (GLOBAL, "GPUS_ALL_REGIONS", 12, Unit.GPUS, ("spot-a100", "ondemand-a100")),
    ]


def test_flex_start_counts_against_the_preemptible_quota_together_with_spot():
    # 1 + 2 nodes of 8 GPUs.
    plan = a_plan_of({"a3-megagpu-8g": {"spot": 1, "flex-start": 2}})
    assert told(plan) == [
        ("us-central1", "PREEMPTIBLE_NVIDIA_H100_MEGA_GPUS", 24, Unit.GPUS, ("spot-pool-1", "flexstart-pool-1")),
        (GLOBAL, "GPUS_ALL_REGIONS", 24, Unit.GPUS, ("spot-pool-1", "flexstart-pool-1")),
    ]


@pytest.mark.parametrize(
    ("machine", "on_demand", "spot"),
    [
        ("a2-megagpu-16g", "NVIDIA_A100_GPUS", "PREEMPTIBLE_NVIDIA_A100_GPUS"),
        ("a2-ultragpu-1g", "NVIDIA_A100_80GB_GPUS", "PREEMPTIBLE_NVIDIA_A100_80GB_GPUS"),
        ("a3-highgpu-8g", "GPUS_PER_GPU_FAMILY:NVIDIA_H100", "PREEMPTIBLE_NVIDIA_H100_GPUS"),
        ("a3-ultragpu-8g", "GPUS_PER_GPU_FAMILY:NVIDIA_H200", "PREEMPTIBLE_NVIDIA_H200_GPUS"),
        ("g2-standard-96", "NVIDIA_L4_GPUS", "PREEMPTIBLE_NVIDIA_L4_GPUS"),
        ("g4-standard-48", "GPUS_PER_GPU_FAMILY:NVIDIA_RTX_PRO_6000", "PREEMPTIBLE_NVIDIA_RTX_PRO_6000_GPUS"),
    ],
)
def test_a_model_of_google_has_its_quotas_and_no_vcpus(machine, on_demand, spot):
    found = needs(a_plan_of({machine: {"on-demand": 1, "spot": 1}}))
    assert [need.name for need in found] == [on_demand, spot, "GPUS_ALL_REGIONS"]
    assert {need.unit for need in found} == {Unit.GPUS}
    assert [need.standard for need in found] == [None, on_demand, None]


@pytest.mark.parametrize(("gpu", "model"), [("t4", "T4"), ("v100-16gb", "V100")])
def test_an_n1_machine_of_google_needs_vcpus_beside_its_gpus(gpu, model):
    plan = a_plan()
    n1 = replace(machines()["g2-standard-8"], name="n1-standard-8", gpu=gpu_models()[gpu], gpus=2, vcpus=8)
    pools = tuple(
        replace(pool, offers=tuple(replace(offer, machine=n1) for offer in pool.offers)) for pool in plan.pools
    )
    found = {need.name: need for need in needs(replace(plan, pools=pools))}
    assert list(found) == [
        "PREEMPTIBLE_CPUS",
        f"PREEMPTIBLE_NVIDIA_{model}_GPUS",
        "CPUS",
        f"NVIDIA_{model}_GPUS",
        "GPUS_ALL_REGIONS",
    ]
    # 2 spot nodes of 8 vCPUs and 2 GPUs, and 1 on-demand.
    assert [need.amount for need in found.values()] == [16, 4, 8, 2, 6]
    assert found["PREEMPTIBLE_CPUS"].standard == "CPUS"
    assert not any("no vCPU quota" in hint for hint in hints(plan, list(found.values())))


def test_aws_counts_vcpus_by_family_in_one_region():
    # p5.48xlarge has 192 vCPUs, p4d.24xlarge 96, g6.12xlarge 48: P on-demand 2 x 192 + 1 x 96.
    plan = a_plan_of(
        {
            "p5.48xlarge": {"on-demand": 2, "spot": 1},
            "p4d.24xlarge": {"on-demand": 1, "spot": 3},
            "g6.12xlarge": {"on-demand": 1, "spot": 2},
        }
    )
    assert [(need.row.code, *rest) for need, (_, *rest) in zip(needs(plan), told(plan), strict=True)] == [
        ("L-417A185B", "Running On-Demand P instances", 480, Unit.VCPUS, ("ondemand-pool-1", "ondemand-pool-2")),
        ("L-C4BD4855", "All P5 Spot Instance Requests", 192, Unit.VCPUS, ("spot-pool-1",)),
        ("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", 288, Unit.VCPUS, ("spot-pool-2",)),
        ("L-DB2E81BA", "Running On-Demand G and VT instances", 48, Unit.VCPUS, ("ondemand-pool-3",)),
        ("L-3819A6DF", "All G and VT Spot Instance Requests", 96, Unit.VCPUS, ("spot-pool-3",)),
    ]
    assert {need.region for need in needs(plan)} == {"us-east-1"}


def test_a_quota_that_no_source_names_is_told_as_unknown_with_what_it_must_hold():
    plan = a_plan_of({"p6-b200.48xlarge": {"on-demand": 1, "spot": 2}})
    on_demand, spot = needs(plan)
    assert (on_demand.name, on_demand.amount) == ("Running On-Demand P instances", 192)
    assert (spot.row, spot.name, spot.amount, spot.unit) == (
        None,
        "unknown: spot of p6-b200.48xlarge",
        384,
        Unit.VCPUS,
    )
    assert command(spot, spot.amount) is None
    assert page(spot) == "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/ec2/quotas"
    assert any(hint.startswith("No source names the quota of spot p6-b200.48xlarge") for hint in hints(plan, [spot]))


def reserved(kind, machine, nodes, **changes):
    return {"name": "bought", "kind": kind, "machine": machine, "nodes": nodes, "usdPerHour": 5} | changes


@pytest.mark.parametrize("kind", ["reservation", "savings-plan"])
def test_what_aws_reserves_or_makes_cheaper_still_needs_the_on_demand_quota(kind):
    bought = reserved(kind, "p5.48xlarge", 1)
    if kind == "savings-plan":
        bought = {"name": "bought", "kind": kind, "usdPerHour": 8, "discountPercent": 20}
    plan = a_plan_of({"p5.48xlarge": {"on-demand": 2}}, commitments=[bought])
    assert any(offer.is_committed for offer in plan.offers)
    (need,) = needs(plan)
    assert (need.name, need.amount) == ("Running On-Demand P instances", 384)


def test_a_reservation_counts_whole_though_the_pool_uses_less_of_it():
    # 3 reserved nodes, the pool has 1 at most: 3 x 192 vCPUs.
    plan = a_plan_of({"p5.48xlarge": {"on-demand": 1}}, commitments=[reserved("reservation", "p5.48xlarge", 3)])
    (need,) = needs(plan)
    assert (need.amount, need.users) == (576, ("reservation bought",))
    assert any("the part that nobody uses too" in hint for hint in hints(plan, [need]))


def test_a_capacity_block_of_aws_has_a_quota_of_its_own_and_none_on_demand():
    # 1 block node, 1 more on-demand.
    plan = a_plan_of({"p5.48xlarge": {"on-demand": 2}}, commitments=[reserved("capacity-block", "p5.48xlarge", 1)])
    on_demand, block = needs(plan)
    assert (on_demand.name, on_demand.amount) == ("Running On-Demand P instances", 192)
    assert (block.name, block.row.code, block.amount) == (
        "Concurrent P5 Capacity Blocks per account",
        "L-DA6814F2",
        192,
    )


@pytest.mark.parametrize(("kind", "gpus"), [("reservation", 16), ("committed-use", 16), ("dws-calendar", 8)])
def test_google_counts_what_is_reserved_but_not_a_calendar_reservation(kind, gpus):
    plan = a_plan_of({"a3-highgpu-8g": {"on-demand": 2}}, commitments=[reserved(kind, "a3-highgpu-8g", 1)])
    regional, everywhere = needs(plan)
    assert (regional.name, regional.amount) == ("GPUS_PER_GPU_FAMILY:NVIDIA_H100", gpus)
    assert (everywhere.name, everywhere.amount) == ("GPUS_ALL_REGIONS", gpus)
    told_so = any("calendar mode uses no quota" in hint for hint in hints(plan, needs(plan)))
    assert told_so == (kind == "dws-calendar")


def test_a_simulated_stack_is_told_to_need_none():
    plan = a_plan()
    assert hints(plan, needs(plan))[0].startswith("The nodes of this stack are simulated and need no quota")
    real = a_plan_of({"a2-highgpu-4g": {"spot": 1}})
    assert not any("simulated" in hint for hint in hints(real, needs(real)))


def test_new_accounts_of_either_cloud_are_told_what_they_start_with():
    for machine, start in (("p5.48xlarge", "AWS: a new account has 0"), ("g2-standard-8", "Google: a new project has")):
        plan = a_plan_of({machine: {"spot": 1}})
        (told_start,) = [hint for hint in hints(plan, needs(plan)) if "a new " in hint]
        assert told_start.startswith(start)
        assert "https://docs." in told_start


def test_the_command_asks_for_the_quota_in_its_region():
    spot, on_demand, everywhere = needs(a_plan())
    google = "gcloud beta quotas preferences create --service=compute.googleapis.com --project=PROJECT --email=EMAIL "
    assert command(on_demand, 4) == (
        f"{google}--quota-id=NVIDIA-A100-GPUS-per-project-region --dimensions=region=us-central1 --preferred-value=4"
    )
    assert command(everywhere, 12) == f"{google}--quota-id=GPUS-ALL-REGIONS-per-project --preferred-value=12"
    family, _ = needs(a_plan_of({"a3-highgpu-8g": {"on-demand": 1}}))
    assert command(family, 8) == (
        f"{google}--quota-id=GPUS-PER-GPU-FAMILY-per-project-region "
        "--dimensions=region=us-central1,gpu_family=NVIDIA_H100 --preferred-value=8"
    )
    (aws,) = needs(a_plan_of({"p5.48xlarge": {"on-demand": 1}}))
    assert command(aws, 192) == (
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-417A185B "
        "--region us-east-1 --desired-value 192"
    )
    assert page(aws).endswith("us-east-1.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-417A185B")
    assert page(spot) == "https://console.cloud.google.com/iam-admin/quotas"


@given(
    machine=st.sampled_from(sorted(machines())),
    kind=st.sampled_from(["spot", "on-demand"]),
    nodes=st.integers(1, 999),
    more=st.integers(1, 1000),
)
def test_what_is_needed_grows_with_the_nodes_and_in_proportion(machine, kind, nodes, more):
    few, many = (needs(a_plan_of({machine: {kind: count}})) for count in (nodes, min(nodes + more, 1000)))
    assert [need.name for need in few] == [need.name for need in many]
    for one, other in zip(few, many, strict=True):
        assert one.amount < other.amount
        assert one.amount * min(nodes + more, 1000) == other.amount * nodes


@given(sizes=st.dictionaries(st.sampled_from(sorted(machines())), st.integers(1, 20), min_size=1, max_size=4))
def test_all_regions_together_hold_what_the_regional_quotas_of_google_hold(sizes):
    pools = {name: {"on-demand": count, "spot": count} for name, count in sizes.items()}
    found = needs(
        a_plan_of({name: each for name, each in pools.items() if machines()[name].provider == "gcp"} or pools)
    )
    gpus = [need for need in found if need.provider == "gcp"]
    regional = sum(need.amount for need in gpus if need.region != GLOBAL)
    assert regional == sum(need.amount for need in gpus if need.region == GLOBAL)
    assert all(set(need.purchases) <= set(Purchase) for need in found)
