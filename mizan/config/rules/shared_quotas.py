"""Rules about quotas of shared GPUs: they count what their pool offers, and one resource is one thing in a queue."""

from collections.abc import Iterator

from mizan.config.faults import ConfigFault
from mizan.config.part import Part
from mizan.config.rules.sharing import sharing_in


def quotas_count_what_pools_offer(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each quota that counts GPUs of a pool that yields parts of them, or the other way round."""
    for owner in (*stack["queues"].items, *stack["cohorts"].items):
        for quota in owner["quotas"].items:
            if not quota.is_mapping:
                continue
            sharing = sharing_in(stack, stack["pools"].named(quota["pool"].text))
            wanted, other = ("units", "gpus") if sharing and not sharing.counts_gpus else ("gpus", "units")
            told = f"parts of GPUs ({sharing.unit_name})" if sharing and not sharing.counts_gpus else "whole GPUs"
            if quota.has("gpus") and quota.has("units"):
                yield ConfigFault(
                    quota[other].path,
                    "both `gpus` and `units`",
                    needs=f"`{wanted}` alone",
                    because=f"a quota of this pool counts {told}",
                    fix=f"Remove `{other}`",
                )
            elif not quota.has("gpus") and not quota.has("units"):
                yield ConfigFault(
                    (*quota.path, wanted),
                    "nothing",
                    needs=f"`{wanted}`",
                    because=f"a quota of this pool counts {told}",
                    fix=f"Add `{wanted}: 8`",
                )
            elif sharing is not None and quota.has(other):
                yield ConfigFault(
                    quota[other].path,
                    quota[other].value,
                    needs=f"`{wanted}`",
                    because=f"a quota of this pool counts {told}, {sharing.units_per_gpu} of each GPU",
                    fix=f"Write `{wanted}` instead",
                )


def a_resource_means_one_thing_in_a_queue(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each queue in which one resource is a whole GPU here and a part of one there."""
    for queue in stack["queues"].items:
        first: dict[str, tuple[str, str | None]] = {}
        for quota in queue["quotas"].items:
            name = quota["pool"].text
            sharing = sharing_in(stack, stack["pools"].named(name))
            for part in sharing.parts if sharing else ():
                before, pool = first.setdefault(part.resource, (part.name, name))
                if before != part.name:
                    yield ConfigFault(
                        quota["pool"].path,
                        name,
                        needs="a queue of its own",
                        because=f"{part.resource} is {part.name} in pool {name} and {before} in pool {pool}; Kueue "
                        "counts them as one, and a job would get either",
                        fix="Count it in another queue",
                    )
