"""Plans with the machines of a test, whatever they cost."""

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import parse
from mizan.plan import Plan, build_plan
from tests.builders import TODAY, a_stack
from tests.price_rows import a_book, a_price

REGIONS = {"aws": "us-east-1", "gcp": "us-central1"}
USD = {CapacityType.ON_DEMAND: "10", CapacityType.SPOT: "4", CapacityType.FLEX_START: "6"}


def a_stack_of(pools: dict[str, dict[str, int]], **changes: object) -> dict[str, object]:
    """The values of a stack with a pool for each machine, by capacity type its most nodes."""
    provider = machines()[next(iter(pools))].provider
    names = {machine: f"pool-{number}" for number, machine in enumerate(pools, start=1)}
    return a_stack(
        cloud="existing",
        cluster={"kubeconfig": "/etc/kubeconfig", "context": "prod", "name": "prod-cluster"},
        region=REGIONS[provider],
        pools=[
            {
                "name": names[machine],
                "machine": machine,
                "gpu": machines()[machine].gpu.name,
                "order": "listed",
                "capacity": [{"type": kind, "maxNodes": nodes} for kind, nodes in sizes.items()],
            }
            for machine, sizes in pools.items()
        ],
        queues=[
            {
                "name": "training",
                "fallback": "capacity",
                "quotas": [{"pool": name, "gpus": 1} for name in names.values()],
            }
        ],
        jobs=[],
        addons={"kueue": {"install": "helm"}},
    ) | dict(changes)


def a_plan_of(pools: dict[str, dict[str, int]], **changes: object) -> Plan:
    """The Plan of such a stack; every machine has the same prices."""
    rows = [
        a_price(usd, provider=machines()[name].provider, region=region, machine=name, capacity_type=kind)
        for name in machines()
        for region in REGIONS.values()
        for kind, usd in USD.items()
    ]
    return build_plan("test", parse(a_stack_of(pools, **changes), TODAY, prices=a_book(*rows)))
