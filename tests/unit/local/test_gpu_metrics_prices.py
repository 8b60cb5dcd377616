"""The simulated exporter: what OpenCost would tell, the file of prices, and the text that Prometheus reads."""

from dataclasses import replace
from decimal import Decimal

import pytest
from gpu_metrics_builders import a_cluster, a_fleet, raw_node, raw_pod, scraped

from local.gpu_metrics.exporter import Memory, step
from local.gpu_metrics.exposition import Family, Sample, text_of
from local.gpu_metrics.fleet import from_json, to_json
from mizan import keys
from mizan.estimate.build import tariff_of
from tests.builders import a_plan, a_stack
from tests.sharing_stacks import DEVICES, LAYOUT, PROFILE, TURNS

FLEET = a_fleet()
PLAN = a_plan(a_stack())


def cost_of(node, fleet=FLEET):
    found = scraped(fleet, a_cluster([node]))
    return {
        name: samples[0][1] for name, samples in found.items() if name.startswith(("node_", "kubecost")) and samples
    }


def test_gpus_processors_and_memory_make_up_the_price_of_the_plan():
    for offer, price in zip(PLAN.offers, FLEET.prices, strict=True):
        parts = price.usd_per_gpu * price.gpus + price.usd_per_vcpu * price.vcpus + price.usd_per_gib * price.memory_gib
        assert (price.usd, abs(parts - price.usd) < Decimal("1e-20")) == (offer.price.usd_per_hour, True)
        gpu_share = tariff_of(PLAN).gpu_share(PLAN.pools[0], offer)
        assert abs(price.usd_per_gpu * 4 - price.usd * gpu_share) < Decimal("1e-20")


def test_a_node_costs_what_its_own_offer_costs():
    spot, on_demand = cost_of(raw_node()), cost_of(raw_node(capacity_type="on-demand"))
    assert (spot["kubecost_node_is_spot"], on_demand["kubecost_node_is_spot"]) == (1, 0)
    assert [one["node_total_hourly_cost"] for one in (spot, on_demand)] == [
        float(offer.price.usd_per_hour) for offer in PLAN.offers
    ]
    assert spot["node_gpu_count"] == 4
    assert 4 * spot["node_gpu_hourly_cost"] < spot["node_total_hourly_cost"]


def test_a_node_whose_other_labels_were_changed_costs_what_it_did():
    node = raw_node()
    node["metadata"]["labels"][keys.GPU_PRODUCT] = "NVIDIA-A100-SXM4-40GB-SHARED"
    assert cost_of(node, a_fleet(TURNS)) == cost_of(raw_node())


def test_series_of_nodes_have_opencost_s_labels():
    ((labels, _),) = scraped(FLEET, a_cluster([raw_node()]))["node_total_hourly_cost"]
    assert labels == {
        "instance": "node-a",
        "node": "node-a",
        "instance_type": "a2-highgpu-4g",
        "region": "us-central1",
        "provider_id": "kwok://node-a",
        "arch": "amd64",
    }


def test_a_node_that_no_offer_fits_has_no_price_and_not_a_price_of_nothing():
    assert cost_of(raw_node(pool="other")) == {}


def test_containers_have_the_whole_gpus_that_they_ask_for():
    pods = [
        raw_pod("a", amounts={keys.NVIDIA_GPU: 2}),
        raw_pod("b", amounts={f"{keys.NVIDIA_MIG}1g.5gb": 1}),
        raw_pod("c", amounts={keys.NVIDIA_GPU: 1}, phase="Pending"),
    ]
    assert scraped(FLEET, a_cluster([raw_node()], pods))["container_gpu_allocation"] == [
        ({"namespace": "ml", "pod": "a", "container": "main", "instance": "node-a", "node": "node-a"}, 2)
    ]


@pytest.mark.parametrize("sharing", [None, PROFILE, LAYOUT, TURNS, DEVICES])
def test_a_fleet_comes_back_from_its_file_as_it_was(sharing):
    fleet = a_fleet(sharing)
    assert from_json(to_json(fleet)) == fleet
    assert fleet.has_claims is (sharing is DEVICES)


def test_every_text_says_that_it_is_simulated():
    _, told = step(Memory(), a_cluster([raw_node()]), FLEET, 0)
    helps = [line for line in text_of((*told.dcgm, *told.opencost)).splitlines() if line.startswith("# HELP")]
    assert len(helps) == len(told.dcgm) + len(told.opencost)
    assert all(line.endswith("(simulated)") for line in helps)


def test_labels_are_escaped_and_numbers_keep_their_digits():
    family = Family(
        name="cost",
        type="gauge",
        help='a "b" \\ c\nd',
        samples=(
            Sample(labels={"team": 'a"b\\c\nd', "empty": ""}, value=0.1 + 0.2),
            Sample(labels={}, value=2**60),
            Sample(labels={"long": "x" * 200}, value=5.0),
        ),
    )
    assert text_of([family]) == (
        '# HELP cost a "b" \\\\ c\\nd (simulated)\n'
        "# TYPE cost gauge\n"
        'cost{team="a\\"b\\\\c\\nd"} 0.30000000000000004\n'
        "cost{} 1152921504606846976\n"
        f'cost{{long="{"x" * 200}"}} 5\n'
    )


def test_a_price_that_is_changed_is_told():
    dearer = replace(FLEET, prices=tuple(replace(price, usd=Decimal("9.5")) for price in FLEET.prices))
    assert cost_of(raw_node(), dearer)["node_total_hourly_cost"] == 9.5
