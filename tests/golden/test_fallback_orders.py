"""The order of pools at shipped prices, with every reason; rewritten only with --rewrite-golden."""

from collections.abc import Iterator

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import parse
from mizan.config.price_file import price_book
from mizan.plan import Plan, build_plan
from tests.builders import PROJECT, TODAY, a_queue, a_stack, an_existing_stack

SAMPLES = PROJECT / "tests" / "data" / "samples"

GANG = {"nodes": 16, "checkpointWriteSeconds": 120, "restartSeconds": 600}
# It has a flex-start price of a2-highgpu-4g, which is not shipped.
OWN = {"priceFile": "own_prices.csv"}

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
    ("a training job of a week, with an own price of flex-start", "us-central1", "a2-highgpu-4g",
     {"workload": {"maxRunHours": 168}}, OWN),
    ("a training job of an hour more", "us-central1", "a2-highgpu-4g", {"workload": {"maxRunHours": 169}}, OWN),
    ("a service", "us-central1", "a2-highgpu-4g", {"workload": {"kind": "service"}}, OWN),
    ("a service that asks for a short run", "us-central1", "a2-highgpu-4g",
     {"workload": {"kind": "service", "maxRunHours": 1}}, OWN),
]  # fmt: skip


def plan_of(region: str, machine: str, queue: dict, changes: dict) -> Plan:
    changes = dict(changes)
    prices = price_book(changes, SAMPLES, TODAY)
    kinds = [kind for kind in CapacityType if prices.price(region, machine, kind)]
    pool = {
        "name": "gpus",
        "machine": machine,
        "gpu": machines()[machine].gpu.name,
        "capacity": [{"type": kind.value, "maxNodes": 2} for kind in kinds],
        **changes.pop("pool", {}),
    }
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "gpus", "gpus": 1}], **queue)]
    # The embedded cluster knows no flex-start.
    stack = an_existing_stack if CapacityType.FLEX_START in kinds else a_stack
    values = stack(region=region, pools=[pool], queues=queues, jobs=[], **changes)
    return build_plan("test", parse(values, TODAY, prices=prices))


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
