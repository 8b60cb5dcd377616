"""How many series a stack makes, and what a Prometheus needs for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gpu_metrics.exporter import Memory, step
from local.gpu_metrics.planned import fleet_of
from mizan.metrics import COUNTERS
from mizan.metrics.volume import Volume, volume_of
from tests.bench.large_cluster import STARTED, large_cluster, large_plan
from tests.builders import a_plan, a_team
from tests.gke_stacks import a_gke_plan, a_gke_stack
from tests.sharing_stacks import PROFILE, TURNS, a_sharing_stack

NODES = 3
VCPUS = 48
GPUS = 12


def test_a_stack_of_whole_gpus_is_counted_by_hand():
    found = volume_of(a_gke_plan())
    system = 3
    assert found.gpu_series == len(COUNTERS) * GPUS == 348
    assert found.other_series == (
        60_000
        + 800 * (NODES + system)
        + 22 * (NODES * VCPUS + 8 * system)
        + 180 * (GPUS + 12 * NODES + 20 * system)
        + 60
        + 16 * 5 * 2
    )


@pytest.mark.parametrize(("sharing", "times", "twice"), [(TURNS, TURNS["replicas"], 2), (PROFILE, 7, 0)])
def test_each_pod_that_shares_a_gpu_repeats_its_counters(sharing, times, twice):
    plan = a_plan(a_sharing_stack("local", sharing))
    gpus = sum(offer.max_nodes * offer.machine.gpus for offer in plan.offers)
    assert volume_of(plan).gpu_series == (len(COUNTERS) * times + twice) * gpus


def test_a_large_cluster_has_no_more_series_of_gpus_and_dollars_than_are_reckoned_with():
    plan = large_plan()
    told = sum(len(family.samples) for family in step(Memory(), large_cluster(plan), fleet_of(plan), STARTED)[1].dcgm)
    reckoned = volume_of(plan).gpu_series
    assert told <= reckoned
    assert reckoned == pytest.approx(told, rel=0.1)


def test_dollars_are_of_owners_on_offers_and_of_no_more_owners_than_there_are_pods():
    few, many = (
        volume_of(a_gke_plan(a_gke_stack(teams=[a_team(name=f"team-{each}") for each in range(count)], jobs=[])))
        for count in (1, 21)
    )
    # The 12 GPUs have 12 pods at most.
    assert many.other_series - few.other_series == 20 * 60 + 16 * (12 - 5 * 2)


def test_gpus_that_are_read_more_often_are_more_samples():
    addons = {"kueue": {"install": "helm"}, "dcgmExporter": {"scrapeIntervalSeconds": 5}}
    often, seldom = volume_of(a_gke_plan(a_gke_stack(addons=addons))), volume_of(a_gke_plan())
    assert often.series == seldom.series
    assert often.samples_per_second - seldom.samples_per_second == pytest.approx(348 / 5 - 348 / 30)


def test_disk_and_memory_follow_the_documented_formula():
    volume = Volume(gpu_series=290_000, other_series=910_000)
    # 1,200,000 series each 30 s are 40,000 samples a second: 2 bytes, 62 days and half as much again are 599 GiB.
    assert volume.samples_per_second == 40_000
    assert volume.disk_gib(62) == 600
    # 0.5 GiB and 1,200,000 x 10 KiB are 12,231 MiB.
    assert volume.memory_mib == 12_288


def test_a_small_stack_has_room_for_a_chart_s_own_series():
    assert Volume(gpu_series=0, other_series=0).disk_gib(62) == 20
    assert Volume(gpu_series=0, other_series=0).memory_mib == 512


@given(st.integers(1, 2000), st.integers(45, 400))
def test_more_nodes_and_more_days_never_need_less(nodes, days):
    fewer, more = (Volume(gpu_series=232 * count, other_series=5000 * count) for count in (nodes, nodes + 1))
    assert fewer.disk_gib(days) <= more.disk_gib(days) <= more.disk_gib(days + 1)
    assert fewer.memory_mib <= more.memory_mib
