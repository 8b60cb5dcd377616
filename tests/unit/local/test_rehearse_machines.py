"""The machines of a simulated cloud: prices, labels and zones of its offerings, and what is out of stock."""

import pytest

from local.rehearse.machines import PURCHASE, OutOfStock, instance_types, zones_of
from mizan import keys
from mizan.capacity import CapacityType
from mizan.errors import PlatformError
from tests.builders import a_pool, a_queue
from tests.eks_stacks import an_eks_plan, eks_pool
from tests.gke_stacks import a_flex_start_stack, a_gke_plan, a_gke_stack

GKE, EKS = a_gke_plan(), an_eks_plan()
ZONES = ("us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f")
MACHINE = "a2-highgpu-4g"
KEPT = {"name": "held", "kind": "reservation", "machine": "p4d.24xlarge", "nodes": 1}
SAVED = {"name": "plan", "kind": "savings-plan", "usdPerHour": 2.5, "discountPercent": 30}


def labels(offering):
    return {each["key"]: each["values"][0] for each in offering["Requirements"]}


def offerings(plan, *out_of_stock):
    """The prices of a plan's only machine, by how it is bought and in which zone."""
    (machine,) = instance_types(plan, frozenset(OutOfStock.parse(text, plan) for text in out_of_stock))
    return {
        (found[PURCHASE], found[keys.ZONE]): each["Price"] for each in machine["offerings"] if (found := labels(each))
    }


def test_a_machine_has_its_size_and_its_gpus():
    (machine,) = instance_types(GKE)
    assert machine | {"offerings": None} == {
        "name": MACHINE,
        "architecture": "amd64",
        "operatingSystems": ["linux"],
        "resources": {
            "cpu": "48",
            "memory": "340Gi",
            "ephemeral-storage": "200Gi",
            "pods": "110",
            "nvidia.com/gpu": "4",
        },
        "offerings": None,
    }


def test_it_is_sold_in_every_zone_of_the_region_at_the_plans_prices():
    prices = {offer.capacity_type.value: float(offer.price.usd_per_hour) for offer in GKE.offers}
    assert offerings(GKE) == {(kind, zone): prices[kind] for kind in ("spot", "on-demand") for zone in ZONES}
    assert prices["spot"] < prices["on-demand"]


def test_an_offering_on_gke_has_the_labels_that_gke_writes():
    (machine,) = instance_types(GKE)
    spot = next(each for each in machine["offerings"] if labels(each)[PURCHASE] == "spot")
    assert labels(spot) == {
        "karpenter.sh/capacity-type": "spot",
        "mizan.dev/simulated-purchase": "spot",
        "topology.kubernetes.io/zone": "us-central1-a",
        "topology.kubernetes.io/region": "us-central1",
        "topology.gke.io/zone": "us-central1-a",
        "cloud.google.com/gke-accelerator": "nvidia-tesla-a100",
        "cloud.google.com/machine-family": "a2",
        "cloud.google.com/gke-provisioning": "spot",
    }


def test_an_offering_on_eks_has_the_labels_of_karpenters_aws_provider():
    (machine,) = instance_types(EKS)
    assert labels(machine["offerings"][0]) == {
        "karpenter.sh/capacity-type": "on-demand",
        "mizan.dev/simulated-purchase": "on-demand",
        "topology.kubernetes.io/zone": "us-east-1a",
        "topology.kubernetes.io/region": "us-east-1",
        "karpenter.k8s.aws/instance-category": "p",
        "karpenter.k8s.aws/instance-generation": "4",
        "karpenter.k8s.aws/instance-family": "p4d",
        "karpenter.k8s.aws/instance-size": "24xlarge",
        "karpenter.k8s.aws/instance-cpu": "96",
        "karpenter.k8s.aws/instance-memory": "1179648",
        "karpenter.k8s.aws/instance-gpu-name": "a100",
        "karpenter.k8s.aws/instance-gpu-count": "8",
        "karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia",
    }


@pytest.mark.parametrize("plan", [GKE, EKS, a_gke_plan(a_flex_start_stack())], ids=["gke", "eks", "flex-start"])
def test_all_offerings_have_the_same_keys_as_karpenter_takes_each_for_one_of_every_pool(plan):
    keys_of = {frozenset(labels(each)) for machine in instance_types(plan) for each in machine["offerings"]}
    assert len(keys_of) == 1


def test_flex_start_is_on_demand_to_karpenter_and_flex_start_to_gke():
    (machine,) = instance_types(a_gke_plan(a_flex_start_stack()))
    found = labels(machine["offerings"][0])
    assert (found[keys.CAPACITY_TYPE], found[PURCHASE]) == ("on-demand", "flex-start")
    assert found["cloud.google.com/gke-provisioning"] == "flex-start"


def test_a_reservation_is_cheaper_than_all_else_and_a_savings_plan_is_on_demand():
    kept, saved = an_eks_plan(commitments=[KEPT]), an_eks_plan(commitments=[SAVED])
    on_demand = {
        float(offer.price.usd_per_hour) for offer in kept.offers if offer.capacity_type is CapacityType.ON_DEMAND
    }
    (usd,) = on_demand
    assert offerings(kept)["reserved", "us-east-1a"] == pytest.approx(usd / 10_000_000)
    assert {kind for kind, _ in offerings(saved)} == {"spot", "on-demand"}


def test_zones_that_a_stack_names_are_there_though_no_list_has_them():
    plan = a_gke_plan(a_gke_stack(pools=[a_pool(zones=["us-central1-g"])]))
    assert zones_of(plan) == (*ZONES, "us-central1-g")
    assert zones_of(EKS) == ("us-east-1a", "us-east-1b", "us-east-1c")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{MACHINE}:spot", {("on-demand", zone) for zone in ZONES}),
        (f"{MACHINE}:spot:us-central1-a", offerings(GKE).keys() - {("spot", "us-central1-a")}),
        (MACHINE, set()),
    ],
)
def test_what_is_out_of_stock_is_not_offered(text, left):
    assert offerings(GKE, text).keys() == left
    assert str(OutOfStock.parse(text, GKE)) == text


def test_a_machine_of_which_nothing_is_left_is_still_known():
    (machine,) = instance_types(GKE, frozenset({OutOfStock(machine=MACHINE)}))
    assert (machine["name"], machine["offerings"]) == (MACHINE, [])


def test_only_the_machine_that_is_named_is_out_of_stock():
    pools = [a_pool(), a_pool(name="big", machine="a2-highgpu-8g")]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}, {"pool": "big", "gpus": 24}])
    plan = a_gke_plan(a_gke_stack(pools=pools, queues=[queue]))
    found = instance_types(plan, frozenset({OutOfStock.parse(MACHINE, plan)}))
    assert {machine["name"]: len(machine["offerings"]) for machine in found} == {MACHINE: 0, "a2-highgpu-8g": 8}


def test_what_is_reserved_is_always_there():
    plan = an_eks_plan(commitments=[KEPT])
    assert {kind for kind, _ in offerings(plan, "p4d.24xlarge")} == {"reserved"}
    assert {kind for kind, _ in offerings(plan, "p4d.24xlarge:on-demand")} == {"reserved", "spot"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a3-highgpu-8g",
            "a3-highgpu-8g; needs a machine of the stack because what the stack never asks for cannot be",
        ),
        ("a3-highgpu-8g", "cannot be missing. Write one of a2-highgpu-4g."),
        ("", "out of stock : nothing; needs a machine of the stack because"),
        (f"{MACHINE}:cheap", f"out of stock {MACHINE}:cheap: cheap; needs a way in which the stack buys {MACHINE}"),
        (f"{MACHINE}:flex-start", "Write one of on-demand, spot."),
        (f"{MACHINE}:", f"out of stock {MACHINE}:: nothing; needs a way in which"),
        (f"{MACHINE}:spot:us-east1-b", "us-east1-b; needs a zone of us-central1"),
        (f"{MACHINE}:spot:us-central1-a:x", f"Write one of {MACHINE}:on-demand:us-central1-a, "),
    ],
)
def test_a_text_that_names_nothing_of_the_stack_is_refused_with_what_it_has(text, told):
    with pytest.raises(PlatformError) as refused:
        OutOfStock.parse(text, GKE)
    assert told in str(refused.value)


def test_machines_of_several_pools_are_listed_once():
    plan = an_eks_plan(
        pools=[eks_pool(), eks_pool(name="second")],
        queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 24}, {"pool": "second", "gpus": 24}])],
    )
    assert [machine["name"] for machine in instance_types(plan)] == ["p4d.24xlarge"]
