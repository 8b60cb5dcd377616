"""How much a team's queues can admit together, held against Kueue's own arithmetic."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.plan import CohortPlan, FlavorQuota, QueuePlan
from mizan.plan.reach import claims_on, held_units, reach_of, reachable_units
from mizan.queueing import planned_quotas
from tests.builders import a_plan, a_queue, a_stack, a_team

GPU = "nvidia.com/gpu"
SPOT, ON_DEMAND = a_plan().flavors
(A_QUEUE,) = a_plan().queues


def queue(name, *quotas, cohort="all"):
    return replace(A_QUEUE, name=name, quotas=quotas, cohort=cohort)


def spot(nominal, *, borrowing=None, lending=None):
    return FlavorQuota(flavor=SPOT, nominal=nominal, borrowing=borrowing, lending=lending)


def cohort(name, *quotas, parent=None):
    return CohortPlan(name=name, parent=parent, quotas=quotas, weight=None)


ALL = cohort("all")


@dataclass
class Node:
    """A ClusterQueue or Cohort of one flavor, as kueue@v0.19.2 pkg/cache/scheduler/resource_node.go keeps it."""

    quota: FlavorQuota | None
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    usage: int = 0

    @property
    def subtree(self):
        own = self.quota.nominal if self.quota else 0
        return own + sum(child.subtree - child.local for child in self.children)

    @property
    def local(self):
        if self.quota is None or self.quota.lending is None:
            return 0
        return max(0, self.subtree - self.quota.lending)

    def available(self):
        if self.parent is None:
            return self.subtree - self.usage
        from_parent = self.parent.available()
        if self.quota is not None and self.quota.borrowing is not None:
            stored = self.subtree - self.local
            used = max(0, self.usage - self.local)
            from_parent = min(stored - used + self.quota.borrowing, from_parent)
        return max(0, self.local - self.usage) + from_parent

    def add(self, units):
        locally = max(0, self.local - self.usage)
        self.usage += units
        if self.parent is not None and units > locally:
            self.parent.add(units - locally)


def nodes_of(flavor, queues, cohorts):
    """Every queue's node of a flavor, hung into the tree of its cohorts."""

    def quota_in(part):
        return next((quota for quota in part.quotas if quota.flavor == flavor), None)

    above = {part.name: Node(quota_in(part)) for part in cohorts}
    nodes = {part.name: Node(quota_in(part)) for part in queues}
    for node, name in (
        *((above[part.name], part.parent) for part in cohorts),
        *((nodes[part.name], part.cohort) for part in queues),
    ):
        if name is not None:
            node.parent = above[name]
            above[name].children.append(node)
    return {name: node for name, node in nodes.items() if node.quota is not None}


def admitted_by_kueue(own, every, cohorts):
    """What Kueue admits to the queues `own`, GPU by GPU, each queue in turn until nothing fits."""
    found = Counter()
    for flavor in (SPOT, ON_DEMAND):
        nodes = nodes_of(flavor, every, cohorts)
        mine = [nodes[part.name] for part in own if part.name in nodes]
        while fitting := [node for node in mine if node.available() >= 1]:
            for node in fitting:
                if node.available() >= 1:
                    node.add(1)
                    found[GPU] += 1
    return found


@st.composite
def quotas(draw, *, in_cohort):
    flavors = draw(st.lists(st.sampled_from([SPOT, ON_DEMAND]), min_size=1, unique_by=lambda flavor: flavor.name))
    found = []
    for flavor in flavors:
        nominal = draw(st.integers(0, 8))
        borrowing = draw(st.none() | st.integers(0, 12)) if in_cohort else None
        lending = draw(st.none() | st.integers(0, nominal)) if in_cohort else None
        found.append(FlavorQuota(flavor=flavor, nominal=nominal, borrowing=borrowing, lending=lending))
    return tuple(found)


@st.composite
def stacks(draw) -> tuple[list[QueuePlan], list[QueuePlan], list[CohortPlan]]:
    """Queues of one team, all queues, and trees of cohorts; in any order, so that a parent may come after its child."""
    cohorts = []
    for number in range(draw(st.integers(0, 4))):
        parent = draw(st.none() | st.sampled_from([part.name for part in cohorts])) if cohorts else None
        own = draw(st.just(()) | quotas(in_cohort=False))
        cohorts.append(cohort(f"c{number}", *own, parent=parent))
    every = []
    for number in range(draw(st.integers(1, 5))):
        name = draw(st.none() | st.sampled_from([part.name for part in cohorts])) if cohorts else None
        every.append(queue(f"q{number}", *draw(quotas(in_cohort=name is not None)), cohort=name))
    own = draw(st.lists(st.sampled_from(every), min_size=1, unique_by=lambda part: part.name))
    return own, every, draw(st.permutations(cohorts))


@settings(max_examples=400)
@given(stacks())
def test_a_team_reaches_exactly_what_kueue_admits_to_its_queues(stack):
    assert +reachable_units(*stack) == +admitted_by_kueue(*stack)


@given(stacks())
def test_another_queue_never_makes_a_team_reach_less(stack):
    own, every, cohorts = stack
    assert reachable_units(own, every, cohorts) <= reachable_units(every, every, cohorts)


@given(stacks())
def test_nobody_reaches_more_than_there_is(stack):
    own, every, cohorts = stack
    total = sum(quota.nominal for part in (*every, *cohorts) for quota in part.quotas)
    assert reachable_units(own, every, cohorts)[GPU] <= total


@settings(max_examples=400)
@given(stacks())
def test_what_the_queues_table_says_may_be_borrowed_is_what_the_plan_reaches_beyond_its_own(stack):
    _, every, cohorts = stack
    plan = replace(a_plan(), queues=tuple(every), cohorts=tuple(cohorts))
    shown = {(row.queue, row.flavor.name): row.may_borrow for row in planned_quotas(plan)}
    assert shown == {
        (part.name, quota.flavor.name): reach_of(part, quota, every, cohorts) - quota.nominal
        for part in every
        for quota in part.quotas
    }


def test_what_is_held_of_a_flavor_are_all_quotas_of_it_a_cohort_s_too():
    on_demand = FlavorQuota(flavor=ON_DEMAND, nominal=3)
    queues = [queue("a", spot(8, lending=0), on_demand), queue("b", spot(4), cohort=None)]
    assert held_units(queues, [cohort("all", spot(2))]) == {"spot-a100": 14, "ondemand-a100": 3}


@pytest.mark.parametrize(
    ("own", "others", "cohorts", "units"),
    [
        ([queue("mine", spot(8), cohort=None)], [], [], 8),
        ([queue("mine", spot(8))], [queue("other", spot(4))], [ALL], 12),
        ([queue("mine", spot(8))], [queue("other", spot(4, lending=1))], [ALL], 9),
        ([queue("mine", spot(8, borrowing=2))], [queue("other", spot(4))], [ALL], 10),
        ([queue("mine", spot(8, borrowing=6))], [queue("other", spot(4))], [ALL], 12),
        ([queue("mine", spot(8, lending=0))], [queue("other", spot(4))], [ALL], 12),
        ([queue("mine", spot(0))], [], [cohort("all", spot(5))], 5),
        ([queue("a", spot(8)), queue("b", spot(4))], [], [ALL], 12),
        ([queue("a", spot(8, borrowing=4)), queue("b", spot(4, borrowing=8))], [], [ALL], 12),
        ([queue("a", spot(8, lending=2)), queue("b", spot(4, borrowing=9))], [queue("c", spot(1))], [ALL], 13),
    ],
    ids=["alone", "all-that-others-have", "what-they-lend", "its-own-limit", "no-more-than-is-lent", "keeps-its-own",
         "of-the-cohort", "two-of-one-cohort", "two-that-lend-each-other", "two-and-a-third"],
)  # fmt: skip
def test_what_a_team_reaches(own, others, cohorts, units):
    assert reachable_units(own, [*own, *others], cohorts) == {GPU: units}


def test_a_lender_may_sit_in_another_branch_of_the_tree():
    mine, far = queue("mine", spot(1), cohort="left"), queue("far", spot(4), cohort="right")
    tree = [cohort("left", parent="top"), cohort("right", parent="top"), cohort("top", spot(2))]
    assert reachable_units([mine], [mine, far], tree) == {GPU: 7}
    apart = [cohort("left"), cohort("right")]
    assert reachable_units([mine], [mine, far], apart) == {GPU: 1}


def test_the_plan_gives_a_team_of_two_queues_in_one_cohort_each_gpu_once():
    spot_gpus = {"pool": "a100", "capacity": "spot"}
    stack = a_stack(
        queues=[
            a_queue(cohort="all", quotas=[{**spot_gpus, "gpus": 6}]),
            a_queue(name="dev", cohort="all", quotas=[{**spot_gpus, "gpus": 2}]),
        ],
        cohorts=[{"name": "all"}],
        teams=[a_team(queues=["training", "dev"])],
    )
    assert a_plan(stack).teams[0].gpu_quota == {GPU: 8}


@given(stacks())
@settings(max_examples=200)
def test_what_all_queues_hold_of_a_pool_is_what_kueue_admits_when_all_are_busy(stack):
    _, every, cohorts = stack
    claims = claims_on(SPOT.pool, every, cohorts)
    assert claims is not None
    assert claims.all_units == sum(admitted_by_kueue(every, every, cohorts).values())


@given(stacks())
def test_what_a_queue_may_borrow_is_what_it_reaches_beyond_its_own(stack):
    _, every, cohorts = stack
    claims = claims_on(SPOT.pool, every, cohorts)
    assert claims is not None
    assert sum(claim.own for claim in claims.each) == sum(quota.nominal for part in every for quota in part.quotas)
    borrowable = sum(share.borrowable for claim in claims.each for share in claim.shares)
    assert borrowable == sum(
        reach_of(part, quota, every, cohorts) - quota.nominal for part in every for quota in part.quotas
    )


def test_a_pool_that_no_queue_counts_has_no_claims():
    assert claims_on("other", [queue("mine", spot(4))], [ALL]) is None


def test_queues_that_are_alike_are_one_claim():
    claims = claims_on(SPOT.pool, [queue("a", spot(2)), queue("b", spot(2)), queue("c", spot(3))], [ALL])
    assert claims is not None
    assert [claim.own for claim in claims.each] == [4, 3]
