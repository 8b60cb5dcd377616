"""Nodes of a capacity type that are always there: who holds them, and what they cost when nobody works."""

from decimal import Decimal

import pytest

from mizan import keys
from mizan.estimate import NoteKind, Size, estimate, judge
from mizan.estimate.reasons import of_pool
from mizan.manifests.kept_nodes import kept_nodes
from mizan.manifests.min_nodes import OF_POOL
from mizan.rules import RULES
from tests.builders import a_plan, a_pool, a_queue, a_stack, an_existing_stack
from tests.eks_stacks import an_eks_stack, eks_pool
from tests.estimate_builders import RATE, round_plan, round_stack
from tests.gke_stacks import a_gke_plan, a_gke_stack

HOURS = 730


def a_stack_with(spot: int = 1, on_demand: int = 0, **pool: object) -> dict:
    capacity = [
        {"type": "spot", "maxNodes": 2, "minNodes": spot},
        {"type": "on-demand", "maxNodes": 2, "minNodes": on_demand},
    ]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 16}])
    return a_stack(pools=[a_pool(capacity=capacity, **pool)], queues=[queue], jobs=[])


def deployments(plan) -> dict:
    return {body["metadata"]["name"]: body for body in kept_nodes(plan) if body["kind"] == "Deployment"}


def test_where_karpenter_makes_nodes_a_deployment_holds_the_fewest_of_each_offer():
    plan = a_plan(a_stack_with(spot=1, on_demand=2))
    found = deployments(plan)
    assert {name: body["spec"]["replicas"] for name, body in found.items()} == {"spot-a100": 1, "ondemand-a100": 2}
    spot, on_demand = (next(offer for offer in plan.offers if offer.name == name) for name in found)
    for offer, body in ((spot, found["spot-a100"]), (on_demand, found["ondemand-a100"])):
        pod = body["spec"]["template"]["spec"]
        assert pod["nodeSelector"] == dict(offer.labels), "pinned to its capacity type"
        assert pod["tolerations"] == [taint.toleration() for taint in offer.taints]
        (container,) = pod["containers"]
        assert "nvidia.com/gpu" not in container["resources"]["requests"]
        (term,) = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term == {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {OF_POOL: "a100"}}}
        labels = body["spec"]["template"]["metadata"]["labels"]
        assert labels[OF_POOL] == "a100"
        assert body["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_reserved_and_other_on_demand_nodes_of_a_pool_are_not_counted_twice():
    """Their nodes look alike: only placeholders that keep off each other hold two of them."""
    held = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1, "usdPerHour": 7}
    found = deployments(a_plan(a_stack_with(spot=0, on_demand=2) | {"commitments": [held]}))
    assert {name: body["spec"]["replicas"] for name, body in found.items()} == {"reserved-a100": 1, "ondemand-a100": 1}
    reserved, other = (body["spec"]["template"] for body in found.values())
    assert reserved["spec"]["nodeSelector"] == other["spec"]["nodeSelector"]
    for template in (reserved, other):
        (term,) = template["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        keeps_off = term["labelSelector"]["matchLabels"].items()
        assert keeps_off <= reserved["metadata"]["labels"].items()
        assert keeps_off <= other["metadata"]["labels"].items()


def test_a_warm_node_may_be_one_that_is_always_there():
    warm = {"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10}
    bodies = kept_nodes(a_plan(a_stack_with(spot=1, warm=warm)))
    (cron_job,) = [body for body in bodies if body["kind"] == "CronJob"]
    (deployment,) = [body for body in bodies if body["kind"] == "Deployment"]
    templates = [cron_job["spec"]["jobTemplate"]["spec"]["template"], deployment["spec"]["template"]]
    for own, other in (templates, templates[::-1]):
        (term,) = own["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert not term["labelSelector"]["matchLabels"].items() <= other["metadata"]["labels"].items()


@pytest.mark.parametrize("cloud", ["existing", "eks"])
def test_nodes_of_another_s_autoscaler_and_of_karpenter_on_eks_are_held_in_the_same_way(cloud):
    capacity = [{"type": "spot", "maxNodes": 2, "minNodes": 1}]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}])
    parts = {"queues": [queue], "jobs": []}
    stack = (
        an_existing_stack(pools=[a_pool(capacity=capacity)], **parts)
        if cloud == "existing"
        else an_eks_stack(pools=[eks_pool(capacity=capacity)], **parts)
    )
    assert {name: body["spec"]["replicas"] for name, body in deployments(a_plan(stack)).items()} == {"spot-a100": 1}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_policy_pack_takes_them(rule):
    assert [fault for body in kept_nodes(a_plan(a_stack_with(1, 1))) for fault in rule.verdict(body)] == []


def test_a_pool_s_placeholders_are_no_gpu_pods_and_kueue_leaves_them_alone():
    (body,) = deployments(a_plan(a_stack_with(spot=1))).values()
    labels = body["spec"]["template"]["metadata"]["labels"]
    assert body["metadata"]["namespace"] == keys.OWN_NAMESPACE
    assert keys.WORKLOAD_TYPE not in labels
    assert keys.QUEUE_NAME not in str(body)


def test_a_placeholder_asks_for_no_node_more_while_it_is_changed():
    (body,) = deployments(a_plan(a_stack_with(spot=2))).values()
    assert body["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_node_pools_of_gke_have_a_minimum_of_their_own():
    plan = a_gke_plan(a_gke_stack(pools=a_stack_with()["pools"], queues=a_stack_with()["queues"], jobs=[]))
    assert kept_nodes(plan) == []


@pytest.mark.parametrize(("spot", "on_demand"), [(1, 0), (0, 1), (2, 2)])
def test_they_are_paid_all_month_at_their_own_price_when_nobody_works(spot, on_demand):
    plan = a_plan(a_stack_with(spot, on_demand, expectedUse={"hoursPerWeek": 1, "utilisationPercent": 0}))
    (pool,) = estimate(plan).pools
    prices = {offer.name: offer.price.usd_per_hour for offer in plan.offers}
    nodes = {"spot-a100": spot, "ondemand-a100": on_demand}
    owed = sum(prices[name] * count * HOURS for name, count in nodes.items())
    paid = pool.parts.gpu + pool.parts.host
    assert abs(paid.minimum - owed) <= Decimal("0.02")
    assert paid.expected == paid.minimum
    assert pool.parts.disk.minimum > 0


def test_a_reserved_node_that_is_always_there_costs_its_disk_beside_what_is_paid_in_advance():
    held = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1, "usdPerHour": 7}
    use = {"hoursPerWeek": 1, "utilisationPercent": 0}
    found = estimate(a_plan(a_stack_with(0, 1, expectedUse=use) | {"commitments": [held]}))
    (pool,) = found.pools
    assert pool.total.minimum == pool.parts.disk.minimum == pool.total.expected > 0
    assert found.shared.unused_commitments.minimum == Decimal("5110.00")


def test_a_derived_price_marks_the_minimum_that_it_is_paid_in():
    """On-demand is listed in us-central1; which rows are derived the price list says."""
    for spot, on_demand in ((1, 0), (0, 1)):
        plan = a_plan(a_stack_with(spot, on_demand))
        kept = next(offer for offer in plan.offers if offer.min_nodes)
        found = estimate(plan)
        assert found.pools[0].is_minimum_derived == kept.price.is_derived
        fee = found.shared.derived.control_plane
        assert found.is_derived_at(Size.MINIMUM) == (kept.price.is_derived or fee)


def test_a_comparison_tells_how_many_more_there_are():
    before, after = (estimate(a_plan(a_stack_with(spot))).pools[0] for spot in (0, 2))
    assert list(of_pool(before, after)) == ["minNodes of spot 0 -> 2"]


def test_work_on_them_is_not_paid_twice():
    use = {"hoursPerWeek": 168, "utilisationPercent": 100}
    with_minimum = estimate(a_plan(a_stack_with(2, 2, expectedUse=use)))
    without = estimate(a_plan(a_stack_with(0, 0, expectedUse=use)))
    assert with_minimum.parts.total.expected == without.parts.total.expected
    assert with_minimum.parts.total.minimum > without.parts.total.minimum


def test_warm_nodes_beside_them_count_only_beyond():
    warm = {"nodes": 2, "schedule": "0 8 * * 1-5", "hours": 10}
    use = {"hoursPerWeek": 1, "utilisationPercent": 0}
    plan = a_plan(a_stack_with(1, 0, expectedUse=use, warm=warm))
    (pool,) = estimate(plan).pools
    spot = plan.offers[0]
    owed = spot.price.usd_per_hour * HOURS * (1 + Decimal(50) / 168)
    assert abs((pool.parts.gpu + pool.parts.host).expected - owed) <= Decimal("0.02")


def test_they_are_paid_by_those_who_hold_the_pool_and_told():
    found = estimate(a_plan(a_stack_with(1)))
    by_name = {team.name: team.parts.total for team in found.teams}
    assert by_name["team-a"].minimum > 0
    assert sum(team.parts.total.minimum for team in found.teams) == found.parts.total.at(Size.MINIMUM)
    (note,) = found.note(NoteKind.MIN_NODES)
    assert note.text == (
        "Pool a100 has 1 node of spot-a100 at all times. Expected counts what jobs leave idle of them, as if work "
        "filled the offers in their order all the same; minimum counts them all."
    )


@pytest.mark.parametrize(("least", "most"), [(0, 1), (1, 1), (2, 2), (3, None)])
def test_a_proposal_leaves_the_nodes_that_are_always_there(least, most):
    """Three nodes, for a budget of one: at 10 dollars an hour 7310 a month each."""
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}])
    sizes = [{"type": "on-demand", "maxNodes": 3, "minNodes": least}]
    pool = a_pool(capacity=sizes, expectedUse={"hoursPerWeek": 168, "utilisationPercent": 100})
    budget = {"usdPerMonth": 7310 * (most or 1) + 73, "on": "maximum"}
    plan = round_plan(round_stack(pools=[pool], queues=[queue], budget=budget))
    (verdict,) = judge(plan, estimate(plan, RATE))
    told = [change.text.partition(";")[0] for change in verdict.changes]
    assert told == ([] if most is None else [f"pool a100: maxNodes of on-demand 3 -> {most}"])
