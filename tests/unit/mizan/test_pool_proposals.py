"""Which smaller pools would keep a stack's budget, each worked out by hand."""

from mizan.capacity import CapacityType
from mizan.estimate import estimate, judge
from tests.budget_changes import judged, on_demand, texts, usd, with_budget
from tests.builders import a_job, a_pool, a_queue, a_team
from tests.estimate_builders import (
    FIFTH_LOST,
    MACHINE,
    RATE,
    a_book,
    a_price,
    a_whole_queue,
    capacity,
    one_pool,
    round_plan,
    round_stack,
    use,
)

ON_DEMAND = CapacityType.ON_DEMAND


def test_at_the_maximum_the_most_nodes_that_fit_are_named_and_the_quota_that_fits_them():
    """73 + 7310 a node: 3 of 4 cost 22003."""
    (verdict,) = judged(with_budget(on_demand(4), 22003, on="maximum"))
    assert texts(verdict) == {"maxNodes of on-demand 4 -> 3; gpus of queue training 16 -> 12": "22003.00"}
    (verdict,) = judged(with_budget(on_demand(4), "22002.99", on="maximum"))
    assert texts(verdict) == {"maxNodes of on-demand 4 -> 2; gpus of queue training 16 -> 8": "14693.00"}


def test_quota_that_still_fits_or_was_too_much_before_stays_as_it_is():
    """Of one no warning follows, of the other the stack has it already."""
    for others in ([], [a_whole_queue(5) | {"name": "others"}]):
        values = on_demand(4) | {"queues": [a_whole_queue(12), *others]}
        (verdict,) = judged(with_budget(values, 22003, on="maximum"))
        assert texts(verdict) == {"maxNodes of on-demand 4 -> 3": "22003.00"}


def test_quota_that_was_too_much_before_is_no_more_than_the_pool_for_each_queue():
    """16 and 5 of 16; a stack with a queue of 16 beside a pool of 12 would be refused."""
    values = on_demand(4) | {"queues": [a_whole_queue(16), a_whole_queue(5) | {"name": "others"}]}
    (verdict,) = judged(with_budget(values, 22003, on="maximum"))
    assert texts(verdict) == {"maxNodes of on-demand 4 -> 3; gpus of queue training 16 -> 12": "22003.00"}


def test_the_largest_quotas_are_lowered_first():
    sizes = {"x": 2, "y": 6, "z": 8}
    queues = [a_whole_queue(gpus) | {"name": name} for name, gpus in sizes.items()]
    values = on_demand(4) | {"queues": queues, "teams": [a_team(queues=["x"])]}
    (verdict,) = judged(with_budget(values, 22003, on="maximum"))
    assert texts(verdict) == {
        "maxNodes of on-demand 4 -> 3; gpus of queue y 6 -> 5; gpus of queue z 8 -> 5": "22003.00"
    }


def test_many_quotas_are_lowered_to_one_limit():
    queues = [a_whole_queue(4) | {"name": name} for name in ("v", "x", "y", "z")]
    values = on_demand(4) | {"queues": queues, "teams": [a_team(queues=["x"])]}
    (verdict,) = judged(with_budget(values, 22003, on="maximum"))
    assert texts(verdict) == {"maxNodes of on-demand 4 -> 3; gpus of every queue to 3 at most": "22003.00"}


def test_what_a_lowered_quota_lends_is_lowered_with_it():
    queue = a_whole_queue(16) | {"cohort": "all", "quotas": [{"pool": "a100", "gpus": 16, "lend": 10}]}
    values = on_demand(4) | {"queues": [queue], "cohorts": [{"name": "all"}]}
    (verdict,) = judged(with_budget(values, 14693, on="maximum"))
    assert texts(verdict) == {
        "maxNodes of on-demand 4 -> 2; gpus of queue training 16 -> 8; lend of queue training 10 -> 8": "14693.00"
    }


def test_for_the_expected_size_less_use_fits_too():
    """4 nodes half full: 14620 + 73. 10000 are 2 nodes, 33 % (29240 x 0.33) or 114 hours (14620 x 114 / 168)."""
    (verdict,) = judged(with_budget(on_demand(4), 10_000))
    assert texts(verdict) == {
        "utilisationPercent 50 -> 33 with hoursPerWeek 168": "9722.20",
        "hoursPerWeek 168 -> 114 with utilisationPercent 50": "9993.71",
        "maxNodes of on-demand 4 -> 2; gpus of queue training 16 -> 8": "7383.00",
    }
    # The one that takes least away comes first.
    assert [change.usd_per_month for change in verdict.changes] == sorted(map(usd, texts(verdict).values()))[::-1]


def test_what_fewer_spot_nodes_would_push_to_on_demand_is_counted():
    """30 % of 2 + 4 nodes is 1.8; spot does 1.6 of it, on-demand 0.2: 2 x 2920 + 0.2 x 7300 = 7300.

    With one spot node it is 1.5, of which on-demand does 0.7: 2920 + 5110 = 8030, which is dearer; without spot 1.2
    on-demand, 8760. With 3 on-demand nodes 1.5 fits onto spot: 1.875 x 2920 = 5475.
    """
    (verdict,) = judged(with_budget(one_pool(use=use(168, 30), spot=2, on_demand=4), 7300))
    # Disks of 2.2 nodes, and the control plane; then those of 1.875 nodes.
    assert verdict.spent == usd("7395.00")
    assert {text: cost for text, cost in texts(verdict).items() if "Nodes" in text or "remove" in text} == {
        "maxNodes of on-demand 4 -> 3; gpus of queue training 24 -> 20": str(usd("5475.00") + usd("18.75") + 73)
    }


def test_only_pools_that_cost_enough_are_named_for_a_change():
    pools = [
        a_pool(name="big", capacity=capacity(on_demand=5)),
        a_pool(name="small", capacity=capacity(on_demand=1)),
    ]
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "big", "gpus": 4}])]
    (verdict,) = judged(with_budget(round_stack(pools=pools, queues=queues), 30_000, on="maximum"))
    # 6 x 7310 + 73 = 43933; dropping `small` alone is not enough.
    assert texts(verdict) == {"pool big: maxNodes of on-demand 5 -> 3": "29313.00"}
    assert [(each.pool, str(each.usd_per_month)) for each in verdict.costliest] == [
        ("big", "36550.00"),
        ("small", "7310.00"),
    ]


def test_where_no_capacity_type_is_enough_the_last_ones_of_a_pool_go_first():
    """5840 + 20 for spot and 7310 x 2 for on-demand: neither alone brings 20553 down to 3003; one spot node does."""
    values = one_pool(use=use(168, 100), spot=2, on_demand=2)
    (verdict,) = judged(with_budget(values, 3003, on="maximum"))
    assert texts(verdict) == {
        "maxNodes of spot 2 -> 1; remove on-demand from its capacity; gpus of queue training 16 -> 4": "3003.00"
    }


def test_with_a_capacity_type_its_own_quotas_go():
    """Without on-demand, 5840 + 20 for spot are left."""
    kinds = [{"pool": "a100", "capacity": kind, "gpus": 8} for kind in ("spot", "on-demand")]
    values = one_pool(use=use(168, 100), spot=2, on_demand=2) | {
        "queues": [a_queue(quotas=kinds, cohort="all", workload=FIFTH_LOST)],
        "cohorts": [{"name": "all", "quotas": [kinds[1] | {"gpus": 0}]}],
    }
    (verdict,) = judged(with_budget(values, 5933, on="maximum"))
    assert texts(verdict) == {
        (
            "remove on-demand from its capacity; remove the on-demand quota of queue training; "
            "remove the on-demand quota of cohort all"
        ): "5933.00"
    }


def test_a_capacity_type_that_alone_gives_a_queue_something_stays():
    """Then one node of it, 7310, is the least."""
    kinds = [{"pool": "a100", "capacity": kind, "gpus": 8} for kind in ("spot", "on-demand")]
    queues = [a_queue(name=kind["capacity"], quotas=[kind], workload=FIFTH_LOST) for kind in kinds]
    values = one_pool(use=use(168, 100), spot=2, on_demand=2) | {
        "queues": queues,
        "teams": [a_team(queues=["spot", "on-demand"])],
    }
    for dollars, nodes in (
        (13253, "maxNodes of on-demand 2 -> 1; on-demand gpus of queue on-demand 8 -> 4"),
        (5933, None),
    ):
        (verdict,) = judged(with_budget(values, dollars, on="maximum"))
        assert list(texts(verdict)) == ([nodes] if nodes else [])


def test_the_only_pool_of_a_stack_is_never_given_up():
    (verdict,) = judged(with_budget(on_demand(2), 7382, on="maximum"))
    assert (verdict.changes, verdict.together, verdict.fixed) == ((), (), 73)


def test_a_pool_may_go_where_every_queue_has_another():
    pools = [a_pool(name=name, capacity=capacity(on_demand=1)) for name in ("a", "b")]
    quotas = [{"pool": name, "gpus": 4} for name in ("a", "b")]
    values = round_stack(pools=pools, queues=[a_whole_queue() | {"quotas": quotas}])
    (verdict,) = judged(with_budget(values, 7383, on="maximum"))
    assert [change.text for change in verdict.changes] == [
        f"pool {name}: remove it; remove the quota of queue training" for name in ("a", "b")
    ]
    # A queue of its own, or a job that needs the larger machine, keeps a pool.
    (verdict,) = judged(
        with_budget(values | {"queues": [a_whole_queue(4) | {"quotas": quotas[:1]}]}, 7383, on="maximum")
    )
    assert [change.text for change in verdict.changes] == ["pool b: remove it"]


def test_a_pool_stays_whose_machine_a_job_needs():
    small = {"machine": "a2-highgpu-1g", "capacity": capacity(on_demand=1)}
    book = a_book(a_price(ON_DEMAND), a_price(ON_DEMAND, machine="a2-highgpu-1g"))
    quotas = [{"pool": name, "gpus": 1} for name in ("a", "b")]
    values = round_stack(
        pools=[a_pool(name="a", capacity=capacity(on_demand=1)), a_pool(name="b") | small],
        queues=[a_whole_queue() | {"quotas": quotas}],
        jobs=[a_job(gpus=4)],
    )
    plan = round_plan(with_budget(values, 7383, on="maximum"), book)
    (verdict,) = judge(plan, estimate(plan, RATE))
    assert [change.text for change in verdict.changes] == ["pool b: remove it; remove the quota of queue training"]


def test_where_no_pool_is_enough_two_and_then_all_are_asked_step_by_step():
    pools = [a_pool(name=name, capacity=capacity(on_demand=10)) for name in ("a", "b", "c")]
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "a", "gpus": 4}])]
    stack = round_stack(pools=pools, queues=queues)
    # 30 x 7310 + 73. With a and b at 49 % of 10 nodes, 18 are left.
    (verdict,) = judged(with_budget(stack, 18 * 7310 + 73, on="maximum"))
    assert verdict.changes == ()
    assert [(each.text, each.usd_per_month) for each in verdict.together] == [
        ("pool a: maxNodes of on-demand 10 -> 4", usd("175513.00")),
        ("pool b: maxNodes of on-demand 10 -> 4", usd("131653.00")),
    ]
    (verdict,) = judged(with_budget(stack, 7 * 7310 + 73, on="maximum"))
    assert [(each.text, each.usd_per_month) for each in verdict.together] == [
        ("pool a: maxNodes of on-demand 10 -> 2", usd("160893.00")),
        ("pool b: maxNodes of on-demand 10 -> 2", usd("102413.00")),
        ("pool c: maxNodes of on-demand 10 -> 2", usd("43933.00")),
    ]
    # A node of each is the least.
    (verdict,) = judged(with_budget(stack, 3 * 7310 + 73, on="maximum"))
    assert [each.text for each in verdict.together] == [
        f"pool {name}: maxNodes of on-demand 10 -> 1" for name in ("a", "b", "c")
    ]
    (verdict,) = judged(with_budget(stack, 3 * 7310 + 72, on="maximum"))
    assert (verdict.changes, verdict.together, verdict.fixed) == ((), (), 73)


def test_for_the_expected_size_all_pools_may_also_be_used_less():
    """A node of each, half full, is 73 + 3 x 3655; less than that is less use: 3 % of 10 nodes are 2193 each."""
    pools = [a_pool(name=name, capacity=capacity(on_demand=10)) for name in ("a", "b", "c")]
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "a", "gpus": 40}])]
    (verdict,) = judged(with_budget(round_stack(pools=pools, queues=queues), 7000))
    assert [(each.text, each.usd_per_month) for each in verdict.together][-1] == (
        "pool c: utilisationPercent 50 -> 3 with hoursPerWeek 168",
        usd("6652.00"),
    )


def test_what_is_paid_in_advance_cannot_be_saved_by_fewer_nodes():
    reservation = {"name": "r", "kind": "reservation", "machine": MACHINE, "nodes": 2, "usdPerHour": 7}
    values = on_demand(3, commitments=[reservation])
    # 2 x 5110 and 73 come in any case; one more node is 7300, three disks are 30.
    (verdict,) = judged(with_budget(values, 17_000, on="maximum"))
    assert verdict.spent == usd("17623.00")
    assert texts(verdict) == {"maxNodes of on-demand 3 -> 2; gpus of queue training 12 -> 8": "10313.00"}
    (verdict,) = judged(with_budget(values, 10_000, on="maximum"))
    assert (verdict.changes, verdict.together, verdict.fixed) == ((), (), usd("10293.00"))
