"""What rules take nodes and units for: the plan's prices, cut as the estimate cuts them."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.estimate.tariff import Tariff
from mizan.metrics import names
from mizan.metrics.prices import price_rules, priced_offers, resource_label
from mizan.metrics.selector import Source, quoted
from mizan.plan.node_parts import gpu_share
from mizan.prices import host_rate, shipped
from mizan.sharing import SharingMode
from tests.builders import a_plan, a_pool, a_queue, a_stack, an_aws_stack
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, kept
from tests.strategies import stacks

SOURCE = Source(cluster="c1")


def shipped_on_demand(region):
    of_one = (region, "", CapacityType.ON_DEMAND)
    return [row for row in shipped() if (row.region, row.zone, row.capacity_type) == of_one]


def plans_of(sharing, cloud="local"):
    more = {"capacity": kept()} if sharing["mode"] == "dra" else {}
    values = a_sharing_stack(cloud, sharing, **more)
    return {"local": a_plan, "gke": a_gke_plan}[cloud](values)


@given(stacks())
def test_no_two_offers_match_one_node(values):
    plan = a_plan(values)
    priced = priced_offers(plan)
    assert all(matcher.operator == "=" for each in priced for matcher in each.matchers)
    wanted = [{matcher.label: matcher.value for matcher in each.matchers} for each in priced]
    assert all(len(each) == 2 for each in wanted)
    # Both want values of the same labels, so one node carries the labels of both only where all are the same.
    assert len({tuple(sorted(each.items())) for each in wanted}) == len(wanted)
    assert {label for each in wanted for label in each} == set(wanted[0])


@given(stacks())
def test_gpu_and_host_part_make_up_the_price_and_are_cut_as_in_the_estimate(values):
    plan = a_plan(values)
    for each in priced_offers(plan):
        for one in (each.own, *each.others):
            assert abs(one.gpu_usd_per_hour + one.host_usd_per_hour - one.price.usd_per_hour) < Decimal("1e-20")
            assert one.gpu_usd_per_hour >= 0
            assert one.host_usd_per_hour >= 0
        pool = next(pool for pool in plan.pools if pool.name == each.offer.pool)
        tariff = Tariff(rate=host_rate(each.offer.machine.provider, plan.region), commitments={})
        assert gpu_share(pool, each.offer, tariff.rate) == tariff.gpu_share(pool, each.offer)
        assert each.own.gpu_usd_per_hour == each.offer.price.usd_per_hour * tariff.gpu_share(pool, each.offer)


@given(
    st.sampled_from([LAYOUT, PROFILE, TURNS, MPS, DEVICES, {"mode": "none"}]),
    # Of fewer GPUs the pool has less than its queue's quota.
    st.sampled_from(
        sorted(
            name
            for name, machine in machines().items()
            if machine.provider == "gcp" and machine.gpu.name == "a100-40gb" and machine.gpus >= 4
        )
    ),
)
def test_all_units_of_a_node_cost_what_the_node_does(sharing, machine):
    more = {"capacity": kept(), "machine": machine}
    plan = a_plan(a_sharing_stack("local", sharing, **more))
    for offer in plan.offers:
        parts = offer.sharing.parts
        units = sum((part.share * part.per_gpu for part in parts), Fraction(0)) * offer.machine.gpus
        assert units == offer.machine.gpus
        assert len({resource_label(part, offer.sharing.mode) for part in parts}) == len(parts)
        price = Fraction(offer.price.usd_per_hour)
        of_a_unit = {part.name: price * part.share / offer.machine.gpus for part in parts}
        assert sum(of_a_unit[part.name] * part.per_gpu * offer.machine.gpus for part in parts) == price


def test_an_offer_s_rules_name_its_labels_price_and_units():
    plan = plans_of(LAYOUT)
    rules = [rule for rule in price_rules(plan, SOURCE) if rule.labels.get("offer") == "spot-a100"]
    of_spot = 'label_karpenter_sh_capacity_type="spot",label_mizan_dev_pool="a100"'

    def nodes_of(matcher):
        return f"max by (node) (kube_node_labels{{{of_spot},label_node_kubernetes_io_instance_type{matcher}}})"

    own = nodes_of('=~"a2-highgpu-4g||k3s|rke2"')
    nodes = nodes_of('=~"a2-highgpu-4g|a2-highgpu-1g|a2-highgpu-2g|a2-highgpu-8g|a2-megagpu-16g||k3s|rke2"')
    units = {rule.labels["resource"]: rule.expr for rule in rules if rule.series is names.UNIT_GPUS}
    assert units == {
        "nvidia_com_mig_3g_20gb": f"(4 / 7) * {nodes}",
        "nvidia_com_mig_2g_10gb": f"(2 / 7) * {nodes}",
        "nvidia_com_mig_1g_5gb": f"(1 / 7) * {nodes}",
    }
    (gpus,) = [rule.expr for rule in rules if rule.series is names.NODE_GPUS]
    assert gpus.split(" or ") == [
        f"4 * {own}",
        *(
            f"{count} * {nodes_of('=' + quoted(machine))}"
            for machine, count in (
                ("a2-highgpu-1g", 1),
                ("a2-highgpu-2g", 2),
                ("a2-highgpu-8g", 8),
                ("a2-megagpu-16g", 16),
            )
        ),
    ]
    of_own = [rule for rule in rules if rule.series is names.OFFER_NODE_PRICE and "machine" in rule.labels]
    prices = {rule.labels["part"]: rule for rule in of_own}
    spot = plan.offers[0].price
    assert all(rule.expr.endswith(f" * {own}") for rule in of_own)
    assert sum(Decimal(rule.expr.partition(" ")[0]) for rule in prices.values()) == spot.usd_per_hour
    assert prices["gpu"].labels == {
        "pool": "a100",
        "offer": "spot-a100",
        "capacity_type": "spot",
        "gpu_model": "a100-40gb",
        "part": "gpu",
        "machine": "a2-highgpu-4g",
        "as_of": spot.as_of.isoformat(),
        "basis": spot.basis.value,
    }


def test_a_machine_that_a_pool_no_longer_makes_has_its_own_price_and_its_own_gpus():
    (other,) = [
        each
        for priced in priced_offers(a_plan(a_stack(jobs=[])))
        for each in priced.others
        if (priced.offer.name, each.machine.name) == ("ondemand-a100", "a2-highgpu-8g")
    ]
    row = {row.machine: row for row in shipped_on_demand("us-central1")}["a2-highgpu-8g"]
    assert other.price == row
    assert other.gpu_usd_per_hour + other.host_usd_per_hour == row.usd_per_hour
    assert other.row == {"as_of": row.as_of.isoformat(), "basis": row.basis.value}


def test_machines_with_another_gpu_or_without_a_price_are_no_pool_s():
    (pool,) = a_plan(a_stack(jobs=[])).pools
    assert {each.machine.gpu.name for each in pool.other_machines} == {"a100-40gb"}
    assert {each.machine.provider for each in pool.other_machines} == {"gcp"}
    assert pool.machine not in {each.machine for each in pool.other_machines}
    rows = {(row.machine, row.capacity_type): row for row in shipped() if row.region == "us-central1" and not row.zone}
    assert all(rows[each.machine.name, each.capacity_type] == each.price for each in pool.other_machines)


def test_a_dot_in_a_machine_s_name_is_no_pattern():
    plan = an_eks_plan()
    expressions = " ".join(rule.expr for rule in price_rules(plan, SOURCE))
    patterns = re.findall(r'=~"([^"]+)"', expressions)
    assert {pool.machine.name.replace(".", "[.]") for pool in plan.pools} <= {
        name for pattern in patterns for name in pattern.split("|")
    }
    assert not any("." in pattern.replace("[.]", "").replace(".+", "") for pattern in patterns)


def test_nodes_that_are_paid_for_in_advance_look_like_on_demand_ones_and_have_one_price():
    pool = a_pool(machine="p4d.24xlarge", capacity=[{"type": "on-demand", "maxNodes": 2}])
    queue = a_queue(quotas=[{"pool": "a100", "gpus": 16}], fallback="capacity")
    plan = a_plan(an_aws_stack(pools=[pool], queues=[queue], jobs=[]))
    assert [offer.name for offer in plan.offers] == ["reserved-a100", "ondemand-a100"]
    assert [each.offer.name for each in priced_offers(plan)] == ["ondemand-a100"]


@pytest.mark.parametrize("plan", [a_gke_plan, an_eks_plan], ids=["gke", "eks"])
def test_nodes_of_a_cluster_of_the_stack_are_known_by_our_own_label(plan):
    labels = {matcher.label for each in priced_offers(plan()) for matcher in each.matchers}
    assert labels == {"label_mizan_dev_pool", "label_mizan_dev_capacity_type"}


def test_what_feature_discovery_writes_anew_is_not_asked_for():
    plan = plans_of(TURNS)
    expressions = " ".join(rule.expr for rule in price_rules(plan, SOURCE) if rule.series is names.OFFER_NODE_PRICE)
    assert "gpu_product" not in expressions
    assert "device_plugin_config" not in expressions


def test_only_what_is_not_on_demand_saves_against_it():
    saved = {each.offer.name: each.saving_usd_per_hour for each in priced_offers(a_plan(a_stack(jobs=[])))}
    plan = a_plan(a_stack(jobs=[]))
    prices = {offer.name: offer.price.usd_per_hour for offer in plan.offers}
    assert saved == {"spot-a100": prices["ondemand-a100"] - prices["spot-a100"], "ondemand-a100": None}


def test_claimed_devices_are_called_by_their_part():
    plan = plans_of(DEVICES)
    assert {resource_label(part, SharingMode.DRA) for part in plan.offers[0].sharing.parts} == {"claimed_1g.5gb"}
