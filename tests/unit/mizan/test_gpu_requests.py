"""What a job may ask for of GPUs: each fault with its whole message, and what is taken."""

import pytest

from mizan.config import GpuRequest
from mizan.sharing import SharingMode
from tests.builders import NOTHING, a_config, a_job, a_pool, a_queue, a_stack, faults_of, with_value
from tests.sharing_stacks import LAYOUT, MPS, PROFILE, TURNS, counted_in

ON_DEMAND = [{"type": "on-demand", "maxNodes": 2}]
KEPT = [{"type": "on-demand", "maxNodes": 2, "minNodes": 1}]
T4 = {"machine": "g4dn.12xlarge", "gpu": "t4"}
P4D = {"machine": "p4d.24xlarge", "gpu": "a100-40gb"}
DEVICES = {"mode": "dra"}
WAITS = "and the job would wait for ever"


def asked_of(pools: list[dict], **job: object) -> dict:
    """A stack of pools in AWS's cloud, each counted in one queue, and a job of it that asks for what `job` says."""
    made = [
        a_pool(**({"name": f"pool-{number}", "capacity": ON_DEMAND} | P4D | pool)) for number, pool in enumerate(pools)
    ]
    quotas = [{"pool": pool["name"], counted_in(pool.get("sharing", {"mode": "none"})): 4} for pool in made]
    asked = {key: value for key, value in a_job().items() if key != "gpus"} | job
    return a_stack(region="us-east-1", pools=made, queues=[a_queue(fallback="capacity", quotas=quotas)], jobs=[asked])


CUT = [{"sharing": PROFILE}]
MIXED = [{"sharing": LAYOUT}]
WHOLE = [{}]
SLICED = [T4 | {"sharing": TURNS}]
CLAIMED = [{"sharing": DEVICES, "capacity": KEPT}]

REFUSED = [
    (
        CUT,
        {"gpus": 4},
        (
            "gpus: 4; needs a queue with whole GPUs because queue training offers 1g.5gb of a100-40gb (mig), "
            f"{WAITS}. Write `gpu: {{count: 1, accepts: [mig]}}` instead, or name another queue."
        ),
    ),
    (
        MIXED,
        {"gpus": 4},
        (
            "gpus: 4; needs a queue with whole GPUs because queue training offers 3g.20gb of a100-40gb (mig), 2g.10gb "
            f"of a100-40gb (mig) and 1g.5gb of a100-40gb (mig), {WAITS}. Write `gpu: {{count: 1, accepts: [mig], "
            "profile: 1g.5gb}` instead, or name another queue."
        ),
    ),
    (
        CLAIMED,
        {"gpus": 4},
        (
            "gpus: 4; needs a queue with whole GPUs because queue training offers whole a100-40gb (dra), "
            f"{WAITS}. Write `gpu: {{count: 4, accepts: [dra]}}` instead, or name another queue."
        ),
    ),
    (
        WHOLE,
        {"gpus": 9},
        (
            "gpus: 9; needs at most 8 because a pod runs on one node, and no machine of its queue has more. Ask for "
            "fewer, or add a larger machine."
        ),
    ),
    (
        WHOLE,
        {"gpu": {"count": 9}},
        (
            "gpu.count: 9; needs at most 8 because a pod runs on one node, and no machine of its queue has more. Ask "
            "for fewer, or add a larger machine."
        ),
    ),
    (
        [{}, T4],
        {"gpu": {"model": "t4", "count": 8}},
        (
            "gpu.count: 8; needs at most 4 because a pod runs on one node, and no machine of its queue has more. Ask "
            "for fewer, or add a larger machine."
        ),
    ),
    (
        WHOLE,
        {"gpu": {"model": "a100-40g"}},
        (
            "gpu.model: a100-40g; needs a GPU of the catalogue because node labels and memory come from "
            "mizan/catalogue/gpus.csv. Did you mean `a100-40gb`?"
        ),
    ),
    (
        [{}, T4],
        {"gpu": {"model": "h100-80gb"}},
        (
            "gpu.model: h100-80gb; needs a GPU of queue training: a100-40gb, t4 because its pools have no other, "
            f"{WAITS}. Write one of them, or leave `model` out."
        ),
    ),
    (
        CUT,
        {"gpu": {"count": 1}},
        (
            "gpu.accepts: nothing, which is whole GPUs; needs mig because queue training offers 1g.5gb of a100-40gb "
            f"(mig), {WAITS}. Write `accepts: [mig]`, or name another queue."
        ),
    ),
    (
        [*CUT, *SLICED],
        {"gpu": {"accepts": ["mps"]}},
        (
            'gpu.accepts: ["mps"]; needs one of mig, time-slicing because queue training offers 1g.5gb of a100-40gb '
            f"(mig) and 1/4 of t4 (time-slicing), {WAITS}. Write `accepts: [mig, time-slicing]`, or name another queue."
        ),
    ),
    (
        [*CUT, *SLICED],
        {"gpu": {"model": "t4", "accepts": ["mig"]}},
        (
            'gpu.accepts: ["mig"]; needs time-slicing because queue training offers 1/4 of t4 (time-slicing), '
            f"{WAITS}. Write `accepts: [time-slicing]`, or name another queue."
        ),
    ),
    (
        CUT,
        {"gpu": {"accepts": ["mig"], "profile": "1g.18gb"}},
        (
            "gpu.profile: 1g.18gb; needs a profile of a100-40gb: 1g.5gb, 1g.10gb, 2g.10gb, 3g.20gb, 4g.20gb, 7g.40gb "
            "because a profile's memory is a part of its GPU's, so each model has its own. Write a profile that queue "
            "training offers: 1g.5gb."
        ),
    ),
    (
        CUT,
        {"gpu": {"accepts": ["mig"], "profile": "2g.10gb"}},
        (
            "gpu.profile: 2g.10gb; needs a profile that queue training offers: 1g.5gb because no pool of it is cut "
            f"into such instances, {WAITS}. Write one of them, or cut a pool so in its `sharing`."
        ),
    ),
    (
        SLICED,
        {"gpu": {"accepts": ["mig", "time-slicing"], "profile": "1g.5gb"}},
        (
            "gpu.profile: 1g.5gb; needs no `profile` because queue training offers 1/4 of t4 (time-slicing). Leave it "
            "out, or name a queue whose pools are cut by MIG."
        ),
    ),
    (
        MIXED,
        {"gpu": {"accepts": ["mig"]}},
        (
            "gpu.profile: nothing; needs a profile because queue training offers 3g.20gb of a100-40gb (mig), 2g.10gb "
            "of a100-40gb (mig) and 1g.5gb of a100-40gb (mig), and a pod asks for one of them. Add `profile: 1g.5gb`."
        ),
    ),
    (
        [*CLAIMED, T4 | CLAIMED[0]],
        {"gpu": {"accepts": ["dra"]}},
        (
            "gpu.model: nothing; needs a model because queue training offers whole a100-40gb (dra) and whole t4 (dra), "
            "and a pod asks for one of them. Add `model: a100-40gb`."
        ),
    ),
    (
        CUT,
        {"gpu": {"count": 2, "accepts": ["mig"]}},
        (
            "gpu.count: 2; needs 1 because a program sees one MIG instance, so all others of its pod would be paid for "
            "and stand idle. Write `count: 1`, and more `pods`, a larger part or whole GPUs where one is not enough."
        ),
    ),
    (
        SLICED,
        {"gpu": {"count": 2, "accepts": ["time-slicing"]}},
        (
            "gpu.count: 2; needs 1 because with time-slicing a second part may be the same GPU again and computes "
            "nothing more. Write `count: 1`, and more `pods`, a larger part or whole GPUs where one is not enough."
        ),
    ),
    (
        WHOLE,
        {"gpus": 1, "gpu": {"count": 1}},
        (
            "gpu: both `gpus` and `gpu`; needs one of the two because `gpus: 4` is short for `gpu: {count: 4}`. Keep "
            "`gpu` where it says more than a count, else `gpus`."
        ),
    ),
    (
        WHOLE,
        {},
        (
            "gpus: nothing; needs `gpus`, or `gpu` because a queue admits jobs by the GPUs that they ask for. Add "
            "`gpus: 1`, or `gpu: {count: 1, accepts: [mig]}` for a part of one."
        ),
    ),
]


@pytest.mark.parametrize(("pools", "job", "told"), REFUSED)
def test_what_a_queue_cannot_serve_is_refused_with_what_it_offers(pools, job, told):
    assert faults_of(asked_of(pools, **job)) == [f"mizan:jobs[0].{told}"]


@pytest.mark.parametrize(
    ("pools", "job"),
    [
        (WHOLE, {"gpus": 8}),
        (WHOLE, {"gpu": {"model": "a100-40gb", "count": 8}}),
        ([{}, T4], {"gpu": {"model": "t4", "count": 4}}),
        (CUT, {"gpu": {"count": 1, "accepts": ["mig"]}}),
        (CUT, {"gpu": {"accepts": ["none", "mig"]}}),
        (MIXED, {"gpu": {"accepts": ["mig"], "profile": "2g.10gb"}}),
        (SLICED, {"gpu": {"accepts": ["time-slicing"]}}),
        ([T4 | {"sharing": MPS}], {"gpu": {"accepts": ["mps"]}}),
        (CLAIMED, {"gpu": {"count": 8, "accepts": ["dra"]}}),
        ([*CLAIMED, T4 | CLAIMED[0]], {"gpu": {"model": "t4", "count": 4, "accepts": ["dra"]}}),
        ([{}, *CUT], {"gpus": 8}),
    ],
)
def test_what_a_queue_offers_is_taken(pools, job):
    assert a_config(asked_of(pools, **job)).jobs[0].request.count in (1, 4, 8)


def test_gpus_is_short_for_a_count_of_whole_gpus():
    short, long = (a_config(asked_of(WHOLE, **job)).jobs[0] for job in ({"gpus": 4}, {"gpu": {"count": 4}}))
    assert short.request == long.request == GpuRequest(count=4, accepts=(SharingMode.NONE,))


@pytest.mark.parametrize(
    "broken",
    [
        with_value(asked_of([{}, *CUT], gpu={"model": "h100-80gb"}), "pools[0].machine", "p4d.24xlar"),
        with_value(asked_of(CUT, gpus=4), "pools[0].sharing.profile", "9g.5gb"),
        with_value(asked_of(CUT, gpus=4), "jobs[0].queue", "trainin"),
        with_value(asked_of(CUT, gpu={"accepts": ["mig"]}), "jobs[0].gpu.accepts", ["half"]),
        with_value(asked_of(WHOLE, gpus=4), "jobs[0].gpus", "many"),
    ],
)
def test_nothing_is_told_of_a_request_while_what_it_is_held_against_is_written_wrongly(broken):
    """The pool with the mistake may be the one that serves it, and a request with one is told of by itself."""
    told = [fault.partition(";")[0] for fault in faults_of(broken)]
    assert len(told) == len(set(told))
    assert not any("offers" in fault or "no machine" in fault for fault in faults_of(broken))


def test_a_pool_whose_sharing_is_wrong_still_limits_a_job_by_its_machine():
    broken = with_value(asked_of(CUT, gpus=9), "pools[0].sharing.profile", NOTHING)
    assert "mizan:jobs[0].gpus: 9; needs at most 8" in [fault.partition(" because")[0] for fault in faults_of(broken)]


def test_the_way_of_sharing_that_a_job_gets_is_the_one_its_count_is_held_against():
    (told,) = faults_of(asked_of([{}, *CUT], gpu={"accepts": ["mig", "none"], "count": 2}))
    assert told.startswith("mizan:jobs[0].gpu.count: 2; needs 1 because a program sees one MIG instance")
    assert a_config(asked_of([{}, *CUT], gpu={"accepts": ["none", "mig"], "count": 2})).jobs[0].request.count == 2
