"""What has no price is a fault of the stack file like any other: at its path, with all the others."""

import re
from dataclasses import replace

import pytest

from mizan.config import ConfigErrors, parse, read_stack
from mizan.prices import PriceBook, shipped
from tests.builders import NOTHING, TODAY, a_plan, a_pool, a_queue, a_stack, faults_of, with_value

QUOTA = {"pool": "a100", "capacity": "spot", "gpus": 1}
FREE = "because a missing price would read as free."
ADD = "Add the rows to mizan/prices/prices.csv or to the stack's `priceFile`, or use"


def of_pools(*pools: dict, region: str = "us-central1") -> dict:
    """A stack whose faults can only come from its pools."""
    return a_stack(region=region, pools=list(pools), queues=[a_queue(quotas=[QUOTA])], jobs=[])


def test_a_region_without_prices_is_one_fault_however_many_pools_it_has():
    assert faults_of(of_pools(a_pool(), a_pool(name="b"), a_pool(name="c"), region="us-east1")) == [
        (
            f"mizan:region: us-east1; needs a region with prices {FREE} "
            "Write us-east-1 or us-west-2 or us-central1, or add its rows to mizan/prices/prices.csv."
        )
    ]


def test_the_region_spelt_most_alike_is_named_first():
    (fault,) = faults_of(a_stack(region="europe-west1"))
    assert ". Write europe-west4 or eu-west-1 or us-east-1, or " in fault


def test_a_machine_without_a_price_in_the_region_is_told_a_region_that_has_one():
    assert faults_of(of_pools(a_pool(machine="p4de.24xlarge", gpu="a100-80gb"))) == [
        (
            f"mizan:pools[0].machine: p4de.24xlarge; needs a price for spot and on-demand in us-central1 {FREE} "
            f"{ADD} the region us-east-1 or us-west-2."
        )
    ]


def test_a_machine_without_a_price_anywhere_is_told_the_machines_with_its_gpu_that_have_one():
    # AWS sells it on-demand in no region that the price files have.
    assert faults_of(of_pools(a_pool(machine="p5e.48xlarge", gpu="h200-141gb"))) == [
        (
            f"mizan:pools[0].machine: p5e.48xlarge; needs a price for spot and on-demand in us-central1 {FREE} "
            f"{ADD} another machine with h200-141gb: a3-ultragpu-8g."
        )
    ]


def test_a_gpu_without_a_price_anywhere_says_so():
    (fault,) = faults_of(of_pools(a_pool(machine="p5e.48xlarge", gpu="h200-141gb"), region="europe-west4"))
    assert fault.endswith(f"{FREE} {ADD} another machine.")


def test_only_a_capacity_type_that_the_pool_buys_needs_a_price():
    on_demand = a_pool(machine="p5e.48xlarge", gpu="h200-141gb", capacity=[{"type": "on-demand", "maxNodes": 1}])
    first = a_pool(name="first", machine="p4d.24xlarge")
    faults = faults_of(of_pools(first, on_demand | {"name": "second"}, region="us-west-2"))
    assert "mizan:pools[1].machine: p5e.48xlarge; needs a price for on-demand in us-west-2 " in " ".join(faults)


def test_every_pool_without_a_price_is_told_at_once_beside_other_faults():
    pools = [
        a_pool(machine="p4d.24xlarge"),
        a_pool(name="b", gpu="a100"),
        a_pool(name="c", machine="g5.xlarge", gpu="a10g"),
    ]
    assert [fault.split(";")[0] for fault in faults_of(of_pools(*pools))] == [
        "mizan:pools[0].machine: p4d.24xlarge",
        "mizan:pools[1].gpu: a100",
        "mizan:pools[2].machine: g5.xlarge",
    ]


def test_a_region_without_prices_does_not_hide_a_machine_that_has_none_anywhere():
    pools = [a_pool(machine="p4d.24xlarge"), a_pool(name="b", machine="p5e.48xlarge", gpu="h200-141gb")]
    assert [fault.split(" because")[0] for fault in faults_of(of_pools(*pools, region="asia-east1"))] == [
        "mizan:region: asia-east1; needs a region with prices",
        "mizan:pools[1].machine: p5e.48xlarge; needs a price for on-demand",
    ]


@pytest.mark.parametrize(("region", "seen"), [("us", "us"), (None, "nothing"), (NOTHING, "nothing")])
def test_a_region_that_is_none_is_not_looked_for_among_the_prices(region, seen):
    (fault,) = faults_of(with_value(a_stack(), "region", region))
    assert fault.startswith(f"mizan:region: {seen}; needs ")
    assert "prices because" not in fault


def test_a_machine_is_priced_in_its_stack_s_region():
    pool = a_pool(machine="a3-megagpu-8g", gpu="h100-80gb")
    offers = a_plan(of_pools(pool, region="europe-west4")).offers
    assert [(offer.machine.name, offer.price.region) for offer in offers] == [("a3-megagpu-8g", "europe-west4")] * 2


def test_in_a_file_a_missing_price_has_its_line(tmp_path):
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text(
        "config:\n  mizan:region: asia-east1\n  mizan:pools:\n    - name: h200\n      machine: p5e.48xlarge\n"
        "      gpu: h200-141gb\n      capacity: [{type: on-demand, maxNodes: 1}]\n"
    )
    with pytest.raises(ConfigErrors) as caught:
        read_stack(path, TODAY)
    told = str(caught.value)
    assert re.search(r"^  line 2: mizan:region: asia-east1; needs a region with prices ", told, re.MULTILINE)
    assert re.search(
        r"^  line 5: mizan:pools\[0\]\.machine: p5e\.48xlarge; needs a price for on-demand ", told, re.MULTILINE
    )


TWO_CLOUDS = [a_pool(), a_pool(name="b", machine="p5.48xlarge", gpu="h100-80gb")]


@pytest.mark.parametrize(
    ("region", "position", "machine", "cloud", "other"),
    [
        ("us-central1", 1, "p5.48xlarge", "gcp", "aws"),
        ("us-east-1", 0, "a2-highgpu-4g", "aws", "gcp"),
    ],
)
def test_machines_of_two_clouds_in_one_region_are_refused(region, position, machine, cloud, other):
    assert faults_of(of_pools(*TWO_CLOUDS, region=region)) == [
        (
            f"mizan:pools[{position}].machine: {machine}; needs a machine of {cloud} because a stack is one cluster in "
            f"one region of {cloud}, and {machine} is a machine of {other}. Take a machine of {cloud}, or give the "
            f"pool a stack of its own in a region of {other}."
        )
    ]


def test_where_no_price_tells_whose_a_region_is_the_first_pool_does():
    assert [fault.split(" because")[0] for fault in faults_of(of_pools(*TWO_CLOUDS, region="asia-east1"))] == [
        "mizan:region: asia-east1; needs a region with prices",
        "mizan:pools[1].machine: p5.48xlarge; needs a machine of gcp",
    ]


def test_own_prices_of_two_clouds_in_one_region_do_not_make_it_one_of_both():
    own = [replace(row, region="us-central1") for row in shipped() if row.machine == "p5.48xlarge" and not row.zone]
    with pytest.raises(ConfigErrors) as caught:
        parse(of_pools(*TWO_CLOUDS), TODAY, prices=PriceBook(own).before(shipped()))
    assert [str(fault).split(" because")[0] for fault in caught.value.faults] == [
        "mizan:pools[1].machine: p5.48xlarge; needs a machine of gcp"
    ]
