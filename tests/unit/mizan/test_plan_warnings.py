"""What a stack may say but probably does not mean: jobs that wait for ever."""

from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, an_existing_stack

SPOT = {"pool": "a100", "capacity": "spot"}
TWO_OF_SPOT = [{"type": "spot", "maxNodes": 2}]


def test_a_job_that_takes_no_spot_is_not_counted_on_the_spot_quota():
    (told,) = a_plan(a_stack(jobs=[a_job(pods=2, spotEligible=False)])).warnings
    assert told == (
        "job train-1 of team-a: 8 GPUs, but queue training admits 4 of one flavor at most, borrowed ones included, "
        "spot left out as the job does not take it; it waits for ever. Raise a quota, or let it borrow more."
    )
    assert a_plan(a_stack(jobs=[a_job(spotEligible=False)])).warnings == ()


def test_a_job_that_takes_no_spot_is_never_admitted_to_a_queue_of_spot_alone():
    values = a_stack(pools=[a_pool(capacity=TWO_OF_SPOT)], queues=[a_queue(quotas=[SPOT | {"gpus": 8}])])
    (told,) = a_plan(values | {"jobs": [a_job(spotEligible=False)]}).warnings
    assert "queue training admits 0 of one flavor at most" in told
    assert a_plan(values | {"jobs": [a_job()]}).warnings == ()


def test_a_job_is_told_of_a_flavor_whose_machines_are_too_small_for_a_pod_of_it():
    pools = [a_pool(capacity=TWO_OF_SPOT), a_pool(name="big", machine="a2-highgpu-8g", capacity=TWO_OF_SPOT)]
    quotas = [SPOT | {"gpus": 8}, {"pool": "big", "capacity": "spot", "gpus": 16}]
    values = a_stack(pools=pools, queues=[a_queue(quotas=quotas)], jobs=[a_job(gpus=8)])
    (told,) = a_plan(values).warnings
    assert told == (
        "job train-1 of team-a: 8 GPUs a pod, but machines of flavor spot-a100 in queue training have 4; Kueue counts "
        "GPUs, not machines, and may admit it where no node ever fits, until it evicts it. Give the job a queue of "
        "larger machines only."
    )
    assert a_plan(values | {"jobs": [a_job(gpus=4)]}).warnings == ()


def test_pods_that_do_not_share_a_node_are_counted_by_nodes_and_not_by_gpus():
    pools = [a_pool(machine="a2-highgpu-8g", capacity=TWO_OF_SPOT)]
    values = a_stack(pools=pools, queues=[a_queue(quotas=[SPOT | {"gpus": 16}])])
    (told,) = a_plan(values | {"jobs": [a_job(gpus=5, pods=3)]}).warnings
    assert told.startswith(
        "job train-1 of team-a: 3 pods of 5 GPUs, but the nodes of no flavor in queue training hold "
    )
    assert "hold more than 2 at once" in told
    assert a_plan(values | {"jobs": [a_job(gpus=5, pods=2)]}).warnings == ()


def test_a_job_that_takes_no_spot_has_only_the_on_demand_nodes_of_its_pool():
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}])
    (told,) = a_plan(a_stack(queues=[queue], jobs=[a_job(pods=2, spotEligible=False)])).warnings
    assert "hold more than 1 at once" in told
    assert a_plan(a_stack(queues=[queue], jobs=[a_job(pods=3)])).warnings == ()


def test_what_nobody_lends_so_much_of_is_told_with_both_numbers():
    borrower = a_queue(quotas=[SPOT | {"gpus": 4, "borrow": 16}], cohort="all")
    lender = a_queue(name="lender", quotas=[SPOT | {"gpus": 4, "lend": 3}], cohort="all")
    pools = [a_pool(capacity=TWO_OF_SPOT)]
    (told,) = a_plan(a_stack(pools=pools, queues=[borrower, lender], cohorts=[{"name": "all"}])).warnings
    assert told == (
        "queue training: may borrow 16 GPUs of flavor spot-a100, but cohort all lends it 3 at most. Lower `borrow`, or "
        "let others lend more."
    )


def test_a_limit_below_the_start_of_a_cloud_s_node_is_told():
    kueue = {"install": "helm", "podsReady": {"timeoutSeconds": 299}}
    (told,) = a_plan(an_existing_stack(addons={"kueue": kueue})).warnings
    assert told.startswith("Kueue: podsReady.timeoutSeconds of 299 s, but a GPU node takes up to 300 s")
    assert a_plan(an_existing_stack()).warnings == ()
    assert a_plan(a_stack(addons={"kueue": kueue | {"install": "external"}})).warnings == ()


def test_settings_of_a_kueue_that_somebody_else_installs_are_told_to_reach_nobody():
    late = {"timeoutSeconds": 299}
    kueue = {"install": "external", "fairSharing": True, "podsReady": late, "frameworks": ["batch/job"]}
    (told,) = a_plan(an_existing_stack(addons={"kueue": kueue})).warnings
    assert told == (
        "Kueue: frameworks, fairSharing, podsReady of an external Kueue, which this stack does not configure; only "
        "what stands in Kueue's own configuration holds. Write the same there."
    )
    assert a_plan(an_existing_stack(addons={"kueue": {"install": "external"}})).warnings == ()
    assert a_plan(an_existing_stack(addons={"kueue": {"install": "helm", "fairSharing": True}})).warnings == ()
    assert a_plan(a_stack(addons={"kueue": kueue})).warnings == ()


def test_nodes_paid_for_in_advance_that_a_queue_tries_behind_spot_are_told_with_what_that_costs():
    held = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1, "usdPerHour": 7}
    spot, on_demand = SPOT | {"gpus": 8}, {"pool": "a100", "capacity": "on-demand", "gpus": 4}
    (told,) = a_plan(a_stack(queues=[a_queue(quotas=[spot, on_demand])], commitments=[held], jobs=[])).warnings
    assert told == (
        "queue training: tries spot of pool a100 before the on-demand nodes that held pays for; while those are idle, "
        "each node costs up to $7.71 an hour for nothing. Put its quota of on-demand first."
    )
    assert a_plan(a_stack(queues=[a_queue(quotas=[on_demand, spot])], commitments=[held], jobs=[])).warnings == ()
    nothing = SPOT | {"gpus": 0}
    behind_nothing = a_queue(quotas=[nothing, on_demand])
    warnings = a_plan(a_stack(queues=[behind_nothing], commitments=[held], jobs=[])).warnings
    assert not any("tries spot" in told for told in warnings)
