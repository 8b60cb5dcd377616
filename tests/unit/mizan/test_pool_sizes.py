"""A quota is no more than its pool grows to: what by itself no node can ever hold is refused."""

import pytest

from tests.builders import a_config, a_plan, a_pool, a_queue, a_stack, faults_of, with_value
from tests.operator_stacks import of_pools
from tests.sharing_stacks import LAYOUT, PROFILE, TURNS, counted_in

SPOT = {"pool": "a100", "capacity": "spot"}
THREE = [{"type": "on-demand", "maxNodes": 3}]


def test_a_quota_beyond_the_nodes_of_its_capacity_type_is_refused():
    (fault,) = faults_of(with_value(a_stack(), "queues[0].quotas[1].gpus", 5))
    assert fault == (
        "mizan:queues[0].quotas[1].gpus: 5; needs at most 4 because pool a100 grows to 1 node of on-demand with 4 "
        "each, and a job admitted against quota that no node can hold waits for ever. Lower it, or raise the pool's "
        "`maxNodes`."
    )


def test_where_the_autoscaler_chooses_the_whole_pool_counts():
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 13}])
    (fault,) = faults_of(a_stack(queues=[queue]))
    assert fault.startswith("mizan:queues[0].quotas[0].gpus: 13; needs at most 12 because pool a100 grows to 3 nodes")


@pytest.mark.parametrize(
    ("sharing", "most", "per_node"),
    [(PROFILE, 84, 28), (TURNS, 48, 16), (LAYOUT, 12, 4)],
    ids=["profile", "turns", "layout"],
)
def test_parts_of_gpus_are_counted_as_their_quota_counts_them(sharing, most, per_node):
    stack = a_stack(**of_pools(a_pool(sharing=sharing, capacity=THREE)))
    amount = f"queues[0].quotas[0].{counted_in(sharing)}"
    (fault,) = faults_of(with_value(stack | {"addons": a_stack()["addons"]}, amount, most + 1))
    assert fault.startswith(
        f"mizan:{amount}: {most + 1}; needs at most {most} because pool a100 grows to 3 nodes with {per_node} each"
    )
    assert (
        a_config(with_value(stack | {"addons": a_stack()["addons"]}, amount, most)).queues[0].quotas[0].amount == most
    )


def test_what_a_cohort_has_of_its_own_is_no_more_either():
    quotas = [SPOT | {"gpus": 9}]
    stack = a_stack(queues=[a_queue(cohort="all")], cohorts=[{"name": "all", "quotas": quotas}])
    (fault,) = faults_of(stack)
    assert fault.startswith("mizan:cohorts[0].quotas[0].gpus: 9; needs at most 8 because pool a100 grows to 2 nodes of")


def test_quotas_that_only_together_are_more_are_a_warning():
    queues = [a_queue(), a_queue(name="more", quotas=[SPOT | {"gpus": 8}])]
    (told,) = a_plan(a_stack(queues=queues)).warnings
    assert told.startswith("flavor spot-a100: quotas of 16 GPUs (queue training 8, queue more 8), but pool a100 grows ")


def test_a_pool_that_is_not_sound_is_no_fault_of_its_quotas():
    for path, value in (
        ("pools[0].machine", "a2-none"),
        ("pools[0].capacity[0].maxNodes", "2"),
        ("pools[0].name", "b"),
    ):
        faults = faults_of(with_value(with_value(a_stack(), path, value), "queues[0].quotas[0].gpus", 99))
        assert not any("at most" in fault for fault in faults), path
