"""Rules about what pools grow to."""

from collections.abc import Iterator

from mizan.catalogue import machines
from mizan.config.faults import ConfigFault
from mizan.config.part import Part
from mizan.config.rules.sharing import sharing_in


def a_quota_is_at_most_its_pool(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each quota that is by itself more than its pool, or its pool's capacity type, grows to.

    Several quotas that add up to more are a warning of the plan (mizan/plan/warnings.py): queues that are not busy at
    the same time may be meant.
    """
    for owner in (*stack["queues"].items, *stack["cohorts"].items):
        for quota in owner["quotas"].items:
            yield from _beyond_its_pool(stack, quota)


def _beyond_its_pool(stack: Part, quota: Part) -> Iterator[ConfigFault]:
    pool, kind = stack["pools"].named(quota["pool"].text), quota["capacity"].text
    machine, sharing = machines().get(pool["machine"].text or ""), sharing_in(stack, pool)
    sizes = [item["maxNodes"].number for item in pool["capacity"].items if kind in (None, item["type"].text)]
    known = [size for size in sizes if size is not None and size > 0]
    if machine is None or sharing is None or not known or len(known) < len(sizes):
        return
    counted = quota["gpus" if sharing.counts_gpus else "units"]
    per_node = machine.gpus * sharing.units_per_gpu
    most = sum(known) * per_node
    if counted.number is not None and counted.number > most:
        nodes = f"{sum(known)} node{'' if sum(known) == 1 else 's'}{f' of {kind}' if kind else ''}"
        yield ConfigFault(
            counted.path,
            counted.number,
            needs=f"at most {most}",
            because=f"pool {pool['name'].text} grows to {nodes} with {per_node} each, and a job admitted against quota "
            "that no node can hold waits for ever",
            fix="Lower it, or raise the pool's `maxNodes`",
        )
