"""Nodes of a capacity type that are always there: who holds them, and what they cost when nobody works."""

from decimal import Decimal

import pytest

from mizan.config import Cloud
from mizan.estimate import NoteKind, Size, estimate, judge
from mizan.manifests.kept_nodes import kept_nodes
from mizan.manifests.min_nodes import OF_POOL
from tests.builders import a_plan, a_pool, a_queue, a_stack
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


@pytest.mark.parametrize(("least", "proposed"), [(0, True), (3, False)])
def test_no_proposal_takes_nodes_that_are_to_be_there(least, proposed):
    use = {"hoursPerWeek": 168, "utilisationPercent": 100}
    capacity = [{"type": "on-demand", "maxNodes": 3, "minNodes": least}]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}])
    stack = a_stack(pools=[a_pool(capacity=capacity, expectedUse=use)], queues=[queue], jobs=[])
    plan = a_plan(stack | {"budget": {"usdPerMonth": 20000, "on": "maximum"}})
    (verdict,) = judge(plan, estimate(plan))
    assert any("maxNodes" in change.text for change in verdict.changes) is proposed
