"""What has no price is a fault of the stack file like any other: at its path, with all the others."""

import re

import pytest

from mizan.config import ConfigErrors, read_stack
from tests.builders import NOTHING, TODAY, a_config, a_pool, a_queue, a_stack, faults_of, with_value

QUOTA = {"pool": "a100", "capacity": "spot", "gpus": 1}
FREE = "because a missing price would read as free."
ADD = "Add the rows to mizan/prices/prices.csv, or use"


def of_pools(*pools: dict, region: str = "us-central1") -> dict:
    """A stack whose faults can only come from its pools."""
    return a_stack(region=region, pools=list(pools), queues=[a_queue(quotas=[QUOTA])], jobs=[])


def test_a_region_without_prices_is_one_fault_however_many_pools_it_has():
    assert faults_of(of_pools(a_pool(), a_pool(name="b"), a_pool(name="c"), region="us-east1")) == [
        (
            f"mizan:region: us-east1; needs a region with prices {FREE} "
            "Write us-central1 or europe-west4, or add its rows to mizan/prices/prices.csv."
        )
    ]


def test_the_region_spelt_most_alike_is_named_first():
    (fault,) = faults_of(a_stack(region="europe-west1"))
    assert ". Write europe-west4 or us-central1, or " in fault


def test_a_machine_without_a_price_in_the_region_is_told_a_region_that_has_one():
    assert faults_of(of_pools(a_pool(machine="a3-megagpu-8g", gpu="h100-80gb"))) == [
        (
            f"mizan:pools[0].machine: a3-megagpu-8g; needs a price for spot and on-demand in us-central1 {FREE} "
            f"{ADD} the region europe-west4."
        )
    ]


def test_a_machine_without_a_price_anywhere_is_told_the_machines_with_its_gpu_that_have_one():
    assert faults_of(of_pools(a_pool(machine="p4de.24xlarge", gpu="a100-80gb"))) == [
        (
            f"mizan:pools[0].machine: p4de.24xlarge; needs a price for spot and on-demand in us-central1 {FREE} "
            f"{ADD} another machine with a100-80gb: a2-ultragpu-1g, a2-ultragpu-2g, a2-ultragpu-4g, a2-ultragpu-8g."
        )
    ]


def test_a_gpu_without_a_price_anywhere_says_so():
    (fault,) = faults_of(of_pools(a_pool(machine="g5.xlarge", gpu="a10g")))
    assert fault.endswith(f"{FREE} {ADD} another machine.")


def test_only_a_capacity_type_that_the_pool_buys_needs_a_price():
    on_demand = a_pool(machine="p4d.24xlarge", capacity=[{"type": "on-demand", "maxNodes": 1}])
    faults = faults_of(of_pools(a_pool(name="first"), on_demand | {"name": "second"}))
    assert "mizan:pools[1].machine: p4d.24xlarge; needs a price for on-demand in us-central1 " in " ".join(faults)


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
    pools = [a_pool(), a_pool(name="b", machine="g5.xlarge", gpu="a10g")]
    assert [fault.split(" because")[0] for fault in faults_of(of_pools(*pools, region="us-east-1"))] == [
        "mizan:region: us-east-1; needs a region with prices",
        "mizan:pools[1].machine: g5.xlarge; needs a price for spot and on-demand",
    ]


@pytest.mark.parametrize(("region", "seen"), [("us", "us"), (None, "null"), (NOTHING, "nothing")])
def test_a_region_that_is_none_is_not_looked_for_among_the_prices(region, seen):
    (fault,) = faults_of(with_value(a_stack(), "region", region))
    assert fault.startswith(f"mizan:region: {seen}; needs ")
    assert "prices because" not in fault


def test_a_machine_may_be_priced_in_one_region_only():
    pool = a_pool(machine="a3-megagpu-8g", gpu="h100-80gb")
    a_config(of_pools(pool, region="europe-west4"))


def test_in_a_file_a_missing_price_has_its_line(tmp_path):
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text(
        "config:\n  mizan:region: us-east-1\n  mizan:pools:\n    - name: a100\n      machine: p4d.24xlarge\n"
        "      gpu: a100-40gb\n      capacity: [{type: spot, maxNodes: 1}]\n"
    )
    with pytest.raises(ConfigErrors) as caught:
        read_stack(path, TODAY)
    told = str(caught.value)
    assert re.search(r"^  line 2: mizan:region: us-east-1; needs a region with prices ", told, re.MULTILINE)
    assert re.search(
        r"^  line 5: mizan:pools\[0\]\.machine: p4d\.24xlarge; needs a price for spot ", told, re.MULTILINE
    )
