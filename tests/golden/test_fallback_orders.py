"""The order of pools at shipped prices, with every reason; rewritten only with --rewrite-golden."""

from collections.abc import Iterator

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.plan import Plan
from mizan.prices import shipped
from tests.builders import a_plan, a_queue, a_stack

GANG = {"nodes": 16, "checkpointWriteSeconds": 120, "restartSeconds": 600}

CASES = [
    ("one node of A100s", "us-central1", "a2-highgpu-4g", {}, {}),
    ("a gang of 4 nodes", "us-central1", "a2-highgpu-8g", {"workload": GANG | {"nodes": 4}}, {}),
    ("a gang of 16 nodes", "us-central1", "a2-highgpu-8g", {"workload": GANG}, {}),
    ("the same with an own figure", "us-central1", "a2-highgpu-8g",
     {"workload": GANG}, {"pool": {"meanUptimeHours": 200}}),
    ("a band of AWS", "eu-west-1", "g4dn.12xlarge", {}, {}),
    ("the open band of AWS, not stated", "us-east-1", "p3.2xlarge", {}, {}),
    ("the open band of AWS, stated", "us-east-1", "p3.2xlarge", {}, {"spot": {"openBandPercent": 30}}),
    ("spot that hardly saves", "us-east-1", "p5.4xlarge", {}, {}),
    ("spot without an on-demand price", "europe-west4", "a3-ultragpu-8g", {}, {}),
    ("a reservation", "us-central1", "a2-highgpu-4g", {},
     {"commitments": [{"name": "r", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1}]}),
]  # fmt: skip


def plan_of(region: str, machine: str, queue: dict, changes: dict) -> Plan:
    changes = dict(changes)
    kinds = [kind for kind in CapacityType if shipped().price(region, machine, kind)]
    pool = {
        "name": "gpus",
        "machine": machine,
        "gpu": machines()[machine].gpu.name,
        "capacity": [{"type": kind.value, "maxNodes": 2} for kind in kinds],
        **changes.pop("pool", {}),
    }
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "gpus", "gpus": 1}], **queue)]
    return a_plan(a_stack(region=region, pools=[pool], queues=queues, jobs=[], **changes))


def told() -> Iterator[str]:
    for title, region, machine, queue, changes in CASES:
        yield f"{title}: {machine} in {region}"
        [pool] = plan_of(region, machine, queue, changes).pools
        for place, offer in enumerate(pool.offers, 1):
            yield f"  {place}. {offer.name} x {offer.max_nodes}: {offer.worth.reason}"
        for candidate in pool.left_out:
            yield f"  left out: {candidate.capacity_type}: {candidate.left_out}"
        for candidate in pool.doubtful:
            yield f"  doubtful: {candidate.capacity_type}: {candidate.left_out}"
        yield ""


def test_the_orders_and_their_reasons_are_as_before(matches_golden):
    matches_golden("fallback-orders.txt", "\n".join(told()))
