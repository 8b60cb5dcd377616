"""From a stack to its Plan: offers, names, labels, taints, units, prices."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from mizan import keys
from mizan.capacity import CapacityType, offer_name
from mizan.config import Cloud, Fallback, Install, parse
from mizan.plan import Taint, build_plan
from tests.builders import a_config, a_job, a_plan, a_queue, a_stack, a_team, an_existing_stack, with_value
from tests.strategies import stacks

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
GPU_TAINT = Taint(key="nvidia.com/gpu", value="present")
SPOT_TAINT = Taint(key="mizan.dev/spot", value="true")


def test_every_capacity_of_a_pool_is_one_offer_in_the_pool_s_order():
    plan = a_plan()
    assert [(offer.name, offer.capacity_type, offer.max_nodes) for offer in plan.offers] == [
        ("spot-a100", CapacityType.SPOT, 2),
        ("ondemand-a100", CapacityType.ON_DEMAND, 1),
    ]
    assert plan.pools[0].offers == plan.offers


def test_an_offer_counts_its_gpus():
    spot, on_demand = a_plan().offers
    assert (spot.resources, spot.units_per_node, spot.max_units) == ({"nvidia.com/gpu": 4}, 4, 8)
    assert on_demand.max_units == 4


def test_an_offer_is_labelled_so_that_only_its_own_nodes_match():
    spot, on_demand = a_plan().offers
    assert spot.labels == {
        "mizan.dev/pool": "a100",
        "karpenter.sh/capacity-type": "spot",
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
    }
    assert on_demand.labels == {**spot.labels, "karpenter.sh/capacity-type": "on-demand"}


def test_only_spot_keeps_off_what_cannot_take_an_interruption():
    spot, on_demand = a_plan().offers
    assert spot.taints == (GPU_TAINT, SPOT_TAINT)
    assert on_demand.taints == (GPU_TAINT,)


def test_an_offer_carries_its_dated_price():
    spot, on_demand = a_plan().offers
    assert (spot.price.usd_per_hour, on_demand.price.usd_per_hour) == (Decimal("7.71208"), Decimal("14.69354"))
    assert (spot.price.region, spot.price.machine) == ("us-central1", "a2-highgpu-4g")


@pytest.mark.parametrize(("days", "stale"), [(90, []), (91, ["spot-a100", "ondemand-a100"])])
def test_an_offer_is_stale_once_its_price_is_more_than_90_days_old(days, stale):
    priced_on = a_plan().offers[0].price.as_of
    plan = build_plan("test", parse(a_stack(), priced_on + timedelta(days=days)))
    assert [offer.name for offer in plan.stale_offers] == stale


def test_a_queue_has_its_flavors_in_order_and_the_namespaces_of_its_teams():
    teams = [a_team(), a_team(name="team-c", queues=["other"]), a_team(name="team-b", queues=["other", "training"])]
    other = a_queue(name="other", quotas=[{"pool": "a100", "capacity": "on-demand", "gpus": 0}])
    training, second = a_plan(a_stack(teams=teams, queues=[a_queue(), other])).queues
    assert [(quota.flavor.name, quota.nominal) for quota in training.quotas] == [("spot-a100", 8), ("ondemand-a100", 4)]
    assert (training.namespaces, second.namespaces) == (("team-a", "team-b"), ("team-c", "team-b"))


def test_a_team_is_a_namespace_with_the_labels_its_costs_are_found_by():
    (team,) = a_plan().teams
    assert (team.namespace, team.queues) == ("team-a", ("training",))
    assert team.labels == {"cost-center": "ml-research", "team": "team-a", "project": "llm"}
    assert set(keys.NAMESPACE_COST_LABELS) <= set(team.labels)


def test_a_job_runs_in_its_team_s_namespace_at_its_team_s_cost_and_takes_spot():
    (job,) = a_plan().jobs
    assert (job.name, job.namespace, job.queue) == ("train-1", "team-a", "training")
    assert (job.resource, job.units, job.simulated_run_seconds) == ("nvidia.com/gpu", 4, 45)
    assert job.labels == {
        "cost-center": "ml-research",
        "team": "team-a",
        "project": "llm",
        "workload-type": "training",
        "priority": "batch",
        "spot-eligible": "true",
    }
    assert job.tolerations == (SPOT_TAINT,)


def test_a_taint_and_its_toleration_spell_the_same():
    assert SPOT_TAINT.on_node() == {"key": "mizan.dev/spot", "value": "true", "effect": "NoSchedule"}
    assert SPOT_TAINT.toleration() == {**SPOT_TAINT.on_node(), "operator": "Equal"}


def test_the_plan_keeps_what_the_stack_says_of_its_cluster():
    plan = a_plan(an_existing_stack(), stack="prod")
    assert (plan.stack, plan.cloud, plan.kueue.install) == ("prod", Cloud.EXISTING, Install.HELM)
    assert plan.cluster == a_config(an_existing_stack()).cluster
    assert a_plan().cluster is None


def test_the_longest_names_still_fit():
    longest = "a" * 48
    stack = with_value(with_value(a_stack(), "pools[0].name", longest), "queues[0].quotas[0].pool", longest)
    plan = a_plan(with_value(stack, "queues[0].quotas[1].pool", longest))
    assert all(DNS_LABEL.fullmatch(offer.name) for offer in plan.offers)


def a_capacity_queue(**changes: object):
    return a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}]) | changes


def test_where_the_autoscaler_chooses_a_pool_is_one_flavor_without_a_capacity_type():
    plan = a_plan(a_stack(queues=[a_capacity_queue()]))
    (flavor,) = plan.flavors
    assert (flavor.name, flavor.capacity_type, flavor.offers) == ("a100", None, plan.offers)
    assert flavor.labels == {"mizan.dev/pool": "a100", "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
    assert flavor.taints == (GPU_TAINT,)
    assert (flavor.sharing.amounts, flavor.max_units) == ({"nvidia.com/gpu": 1}, 12)


def test_where_kueue_chooses_each_offer_is_a_flavor():
    plan = a_plan()
    assert [(flavor.name, flavor.capacity_type, flavor.offers) for flavor in plan.flavors] == [
        (offer.name, offer.capacity_type, (offer,)) for offer in plan.offers
    ]
    assert all(flavor.labels == flavor.offers[0].labels for flavor in plan.flavors)


def test_a_quota_beyond_what_its_pool_grows_to_is_told_with_the_numbers():
    queues = [a_queue(), a_queue(name="more", quotas=[{"pool": "a100", "capacity": "spot", "gpus": 1}])]
    assert a_plan().warnings == ()
    assert a_plan(a_stack(queues=queues)).warnings == (
        (
            "flavor spot-a100: quotas of 9 GPUs (queue training 8, queue more 1), but pool a100 grows to 8 at most; a "
            "job admitted beyond that waits for a node that never comes, until Kueue evicts it. Lower the quotas, or "
            "raise the pool's maxNodes."
        ),
    )


def test_a_gang_that_no_queue_can_ever_admit_is_told_with_the_numbers():
    (told,) = a_plan(a_stack(jobs=[a_job(pods=3)])).warnings
    assert told == (
        "job train-1 of team-a: 12 GPUs, but queue training admits 8 of one flavor at most, borrowed ones included; it "
        "waits for ever. Raise a quota, or let it borrow more."
    )
    assert a_plan(a_stack(jobs=[a_job(pods=2)])).warnings == ()


def test_a_job_that_is_not_for_spot_tolerates_none_and_says_so():
    (job,) = a_plan(a_stack(jobs=[a_job(spotEligible=False, priority="production")])).jobs
    assert job.tolerations == ()
    assert (job.labels["spot-eligible"], job.labels["priority"]) == ("false", "production")


def test_a_team_s_group_is_its_name_unless_it_has_another():
    teams = [a_team(), a_team(name="team-b", group="b@example.com")]
    assert [team.group for team in a_plan(a_stack(teams=teams)).teams] == ["team-a", "b@example.com"]


@given(stacks())
def test_every_plan_agrees_with_itself(values):
    plan = a_plan(values)
    names = [offer.name for offer in plan.offers]
    assert len(set(names)) == len(names)
    assert all(DNS_LABEL.fullmatch(name) for name in names)
    listed = {
        offer_name(pool["name"], CapacityType(capacity["type"]))
        for pool in values["pools"]
        for capacity in pool["capacity"]
    }
    left_out = {offer_name(pool.name, each.capacity_type) for pool in plan.pools for each in pool.left_out}
    assert set(names) | left_out == listed
    assert not set(names) & left_out
    apart = {flavor.pool for flavor in plan.flavors if flavor.capacity_type is not None}
    for pool in plan.pools:
        costs = [offer.worth.usd_per_useful_hour for offer in pool.offers]
        assert pool.offers
        assert pool.name in apart or costs == sorted(costs, key=lambda cost: (cost is None, cost or 0))
    for offer in plan.offers:
        assert offer.max_units == offer.max_nodes * offer.machine.gpus > 0
        assert offer.price.machine == offer.machine.name
        assert (SPOT_TAINT in offer.taints) == (offer.capacity_type is CapacityType.SPOT)
    assert len({tuple(sorted(offer.labels.items())) for offer in plan.offers}) == len(names)
    for queue in plan.queues:
        assert all(quota.flavor in plan.flavors for quota in queue.quotas)
        apart = {quota.flavor.capacity_type is not None for quota in queue.quotas}
        assert apart == {queue.fallback is Fallback.QUOTA}
        assert all(queue.name in team.queues for team in plan.teams if team.namespace in queue.namespaces)
    assert sorted(offer.name for flavor in plan.flavors for offer in flavor.offers) == sorted(names)
    shrunk = {pool.name for pool in plan.pools if pool.left_out}
    for flavor in plan.flavors:
        assert all(flavor.labels.items() <= offer.labels.items() for offer in flavor.offers)
        assert all(set(flavor.taints) <= set(offer.taints) for offer in flavor.offers)
        held = sum(quota.nominal for queue in plan.queues for quota in queue.quotas if quota.flavor == flavor)
        # Without the capacity types that are not worth it a pool is smaller than the stack made its quotas for.
        assert held <= flavor.max_units or shrunk & {flavor.pool}
    told = [text for text in plan.warnings if text.startswith("flavor")]
    assert shrunk or not told


@given(stacks())
def test_the_same_stack_gives_the_same_plan(values):
    assert build_plan("a", a_config(values)) == build_plan("a", a_config(values))
