"""Nodes are told apart by their labels: of several pools, however shared, each node is of one flavor and one offer."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import site_of
from mizan.config import Cloud, ConfigErrors
from mizan.manifests import manifests_of
from mizan.plan import Offer, Plan
from tests.builders import a_plan, a_pool, a_queue, a_stack, a_team
from tests.eks_stacks import an_eks_stack, eks_pool
from tests.gke_stacks import a_gke_stack
from tests.operator_stacks import BY_OPERATOR, DISABLED
from tests.sharing_stacks import DEVICES, LAYOUT, MIXED_LAYOUT, MPS, PROFILE, TURNS, counted_in, kept

STACKS = {"local": (a_stack, a_pool), "gke": (a_gke_stack, a_pool), "eks": (an_eks_stack, eks_pool)}
SHARED = [{"mode": "none"}, PROFILE, {"mode": "mig", "profile": "2g.10gb"}, LAYOUT, TURNS, MPS]
CLAIMED = [{"mode": "dra"}, DEVICES, {"mode": "dra", "layout": MIXED_LAYOUT}]
# Some of them look like the name of another's offer.
NAMES = ["a", "b", "spot-a", "ondemand-a", "reserved-a", "a-b"]


@st.composite
def plans(draw: st.DrawFn, cloud: str) -> Plan:
    """Pools of one machine in every way, each counted by a queue of its own, as one flavor or as one for each offer."""
    stack, pool = STACKS[cloud]
    ways = CLAIMED if draw(st.integers(0, 3)) == 0 else SHARED
    pools, queues = [], []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True)):
        sharing = draw(st.sampled_from(ways))
        unit = {"pool": name, counted_in(sharing): 1}
        is_operated = cloud == "gke" and (ways is CLAIMED or "layout" in sharing or draw(st.booleans()))
        manager = BY_OPERATOR if is_operated and sharing["mode"] != "none" else {}
        driver = {"gke": DISABLED} if is_operated else {}
        pools.append(pool(name=name, capacity=kept(), sharing=sharing | manager, **driver))
        apart = [unit | {"capacity": kind} for kind in ("spot", "on-demand")] if draw(st.booleans()) else []
        queues.append(a_queue(name=name, fallback="quota" if apart else "capacity", quotas=apart or [unit]))
    held = {"name": "held", "kind": "reservation", "machine": pools[0]["machine"], "nodes": 1, "usdPerHour": 7}
    commitments = [held] if cloud == "local" and draw(st.booleans()) else []
    parts = {"pools": pools, "queues": queues, "teams": [a_team(queues=[queues[0]["name"]])], "jobs": []}
    try:
        return a_plan(stack(**parts, commitments=commitments))
    except ConfigErrors as refused:
        if "one would overwrite the other" not in str(refused):
            raise
        reject()


def labels_of_nodes(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """The labels with which nodes come, by offer, as they are written for whoever makes them."""
    if plan.cloud is Cloud.GKE:
        site = site_of(plan)
        return {
            offer.name: node_pool_args(plan, site, offer, cluster="c", account="a")["node_config"]["labels"]
            for offer in plan.offers
        }
    return {
        body["metadata"]["name"]: _of_template(body["spec"]["template"])
        for body in manifests_of(plan)
        if body["kind"] == "NodePool"
    }


def _of_template(template: dict[str, Any]) -> Mapping[str, str]:
    certain = {item["key"]: item["values"][0] for item in template["spec"]["requirements"] if len(item["values"]) == 1}
    return {**certain, **template["metadata"]["labels"]}


def kind_of(offer: Offer) -> tuple[str, str]:
    """What tells offers apart: nodes that are paid for in advance are on-demand ones like the others of their pool."""
    return offer.pool, offer.capacity_type.value


@pytest.mark.parametrize("cloud", STACKS)
def test_no_two_flavors_select_the_same_node_and_no_offer_s_labels_are_among_another_s(cloud):
    @given(plans(cloud))
    @settings(max_examples=60, deadline=None)
    def hold(plan):
        written = labels_of_nodes(plan)
        for offer in plan.offers:
            node = written[offer.name].items()
            (flavor,) = (flavor for flavor in plan.flavors if flavor.labels.items() <= node)
            assert offer in flavor.offers
            assert offer.labels.items() <= node, "what a flavor asks for is on the node"
        for one, other in permutations(plan.offers, 2):
            assert kind_of(one) == kind_of(other) or not one.labels.items() <= other.labels.items()

    hold()
