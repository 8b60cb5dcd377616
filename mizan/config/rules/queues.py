"""Rules about queues: every quota counts a flavor that exists, and what is borrowed has a lender."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from mizan.capacity import CapacityType, offer_name
from mizan.config.faults import ConfigFault
from mizan.config.models import Fallback
from mizan.config.part import Part
from mizan.config.rules.lookup import unknown_name

# A pool and, where Kueue moves jobs, its capacity type.
Flavor = tuple[str, str | None]

# A company, its departments, their groups, and room for two more.
MOST_LEVELS = 5


def quotas_name_a_flavor(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each quota whose pool, or whose capacity type, cannot be counted."""
    modes = _modes(stack)
    for queue in stack["queues"].items:
        for quota in queue["quotas"].items:
            yield from unknown_name(quota["pool"], "pool", stack["pools"].names)
            yield from _capacity_fits(stack, quota, {_fallback(queue)} - {None})
    for cohort in stack["cohorts"].items:
        for quota in cohort["quotas"].items:
            yield from unknown_name(quota["pool"], "pool", stack["pools"].names)
            used = modes[quota["pool"].text] or ({Fallback.CAPACITY} if _all_quotas_are_sound(stack) else set())
            yield from _capacity_fits(stack, quota, used)


def _capacity_fits(stack: Part, quota: Part, modes: set[str | None]) -> Iterator[ConfigFault]:
    capacity = quota["capacity"]
    if not quota.is_mapping:
        return
    if modes == {Fallback.CAPACITY} and capacity.value is not None:
        yield ConfigFault(
            capacity.path,
            capacity.value,
            needs="no capacity type",
            because="with `fallback: capacity` the autoscaler chooses it; a flavor's label would pin every job",
            fix="Remove it and give the sum of both as `gpus`, or write `fallback: quota`",
        )
    if modes == {Fallback.QUOTA} and capacity.value is None:
        yield ConfigFault(
            capacity.path,
            "nothing",
            needs="a capacity type",
            because="with `fallback: quota` each capacity type is a flavor with a quota of its own",
            fix="Write `spot` or `on-demand`, or `fallback: capacity` for the queue",
        )
    bought = {item["type"].text for item in stack["pools"].named(quota["pool"].text)["capacity"].items}
    is_sound = bought and capacity.text and bought | {capacity.text} <= set(CapacityType)
    if modes == {Fallback.QUOTA} and is_sound and capacity.text not in bought:
        yield ConfigFault(
            capacity.path,
            capacity.value,
            needs="a capacity type of the pool",
            because=f"pool {quota['pool'].text} does not buy it, so its quota could never be used",
            fix="Add it to the pool, or remove the quota",
        )


def a_flavor_has_one_quota(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each quota that counts a flavor which its queue, or its cohort, has counted before."""
    for owner in (*stack["queues"].items, *stack["cohorts"].items):
        seen = set()
        for quota in owner["quotas"].items:
            flavor = _flavor(quota)
            if flavor and flavor in seen:
                yield ConfigFault(
                    quota.path,
                    f"{' '.join(filter(None, flavor))} again",
                    needs="each flavor once",
                    because="Kueue keeps one quota per flavor",
                    fix="Add the two quotas up",
                )
            seen.add(flavor)


def a_pool_has_one_kind_of_fallback(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each queue that counts a pool's GPUs in another way than a queue before it."""
    first: dict[str, tuple[str, Part]] = {}
    for queue in stack["queues"].items:
        mode = _fallback(queue)
        for quota in queue["quotas"].items:
            pool = quota["pool"].text
            if pool is None or mode is None:
                continue
            before, where = first.setdefault(pool, (mode, queue))
            if before != mode:
                yield ConfigFault(
                    (*queue.path, "fallback"),
                    mode,
                    needs=before,
                    because=f"queue {where['name'].text} counts pool {pool} by {before}; "
                    "two ways to count the same GPUs would admit more than there are",
                    fix="Give both queues the same fallback, or each a pool of its own",
                )
                break


def flavors_have_their_own_names(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool whose flavor would take the name of another pool's."""
    modes = _modes(stack)
    first: dict[str, Part] = {}
    for pool in stack["pools"].items:
        name = pool["name"]
        if name.text is None:
            continue
        kinds = [item["type"].text for item in pool["capacity"].items]
        sound = [CapacityType(kind) for kind in kinds if kind in set(CapacityType)]
        is_counted_apart = Fallback.QUOTA in modes[name.text]
        for flavor in [offer_name(name.text, kind) for kind in sound] if is_counted_apart else [name.text]:
            other = first.setdefault(flavor, name)
            if other.text != name.text:
                yield ConfigFault(
                    name.path,
                    name.text,
                    needs=f"another name than {flavor}",
                    because=f"pool {other.text} has a flavor of this name, and one would overwrite the other",
                    fix="Rename one of the two pools",
                )


def cohorts_exist_and_do_not_circle(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each unknown cohort, and for each that is above itself."""
    parents = _parents(stack)
    names = stack["cohorts"].names if stack.has("cohorts") else frozenset()
    for queue in stack["queues"].items:
        yield from unknown_name(queue["cohort"], "cohort", names)
    for cohort in stack["cohorts"].items:
        yield from unknown_name(cohort["parent"], "cohort", names)
        own = cohort["name"].text
        above = _above(parents, cohort["parent"].text)
        if own is not None and own not in above and len(above) == MOST_LEVELS:
            yield ConfigFault(
                cohort["parent"].path,
                cohort["parent"].text,
                needs=f"at most {MOST_LEVELS} levels",
                because="every admission looks through all cohorts above a queue, and so must a person",
                fix="Name a cohort nearer to the top",
            )
        if own is not None and own in above:
            yield ConfigFault(
                cohort["parent"].path,
                cohort["parent"].text,
                needs="a cohort that does not lie below this one",
                because="Kueue stops admitting in cohorts that circle",
                fix="Leave out one parent of the circle",
            )


def borrowing_needs_a_cohort_with_a_lender(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each quota that borrows where nobody lends, and each that lends what it has not."""
    parents = _parents(stack)
    lent, is_sound = _lent(stack, parents), _all_quotas_are_sound(stack)
    for queue in stack["queues"].items:
        cohort = queue["cohort"].text
        for quota in queue["quotas"].items:
            if queue["cohort"].value is None:
                yield from _needs_no_cohort(queue, quota)
                continue
            yield from _lends_its_own(quota)
            borrow, flavor = quota["borrow"], _flavor(quota)
            lenders = lent[_root(parents, cohort), flavor] - {queue["name"].text}
            if is_sound and cohort and (borrow.number or 0) > 0 and not lenders:
                yield ConfigFault(
                    borrow.path,
                    borrow.value,
                    needs=f"a lender of {' '.join(filter(None, flavor or ()))} in cohort {cohort}",
                    because="nobody there lends this flavor, so nothing can be borrowed",
                    fix="Give another queue of the cohort, or the cohort itself, a quota of it, or remove `borrow`",
                )


def _needs_no_cohort(queue: Part, quota: Part) -> Iterator[ConfigFault]:
    for limit in (quota["borrow"], quota["lend"]):
        if limit.number is not None:
            yield ConfigFault(
                limit.path,
                limit.value,
                needs="a queue with a cohort",
                because=f"queue {queue['name'].text} has none, so there is nobody to borrow from or to lend to",
                fix="Add `cohort` to the queue, or remove it",
            )


def _lends_its_own(quota: Part) -> Iterator[ConfigFault]:
    lend, own = quota["lend"], amount(quota)
    if lend.number is not None and own is not None and 0 <= own < lend.number:
        yield ConfigFault(
            lend.path,
            lend.value,
            needs=f"at most {own}",
            because="a queue lends only what is its own",
            fix=f"Lower it, or raise `{'units' if quota.has('units') else 'gpus'}`",
        )


def weights_need_fair_sharing(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each weight that Kueue would not read."""
    kueue = stack["addons"]["kueue"]
    if not kueue.is_mapping or (kueue.has("fairSharing") and kueue["fairSharing"].value is not False):
        return
    for owner in (*stack["queues"].items, *stack["cohorts"].items):
        weight = owner["weight"]
        if weight.number is not None:
            yield ConfigFault(
                weight.path,
                weight.value,
                needs="`fairSharing: true` in mizan:addons.kueue",
                because="without fair sharing Kueue does not read it",
                fix="Add it, or remove the weight",
            )


def amount(quota: Part) -> int | None:
    """Return what a quota counts, in GPUs or in parts of them; None where that is written wrongly."""
    return quota["units" if quota.has("units") else "gpus"].number


def _fallback(queue: Part) -> str | None:
    """Return how a queue falls back, None where that is written wrongly."""
    if not queue.has("fallback"):
        return Fallback.CAPACITY
    written = queue["fallback"]
    return written.text if written.text in set(Fallback) else None


def _all_quotas_are_sound(stack: Part) -> bool:
    """Return whether every quota can be read: one with a typing mistake may be the one that is looked for."""
    owners = (*stack["queues"].items, *stack["cohorts"].items)
    quotas = [quota for owner in owners for quota in owner["quotas"].items]
    return (
        bool(stack["queues"].items)
        and all(owner["name"].text is not None for owner in owners)
        and all(queue["quotas"].items for queue in stack["queues"].items)
        and all(_is_list(cohort["quotas"]) or not cohort.has("quotas") for cohort in stack["cohorts"].items)
        and all(quota["pool"].text is not None and amount(quota) is not None for quota in quotas)
        and all(quota["capacity"].value in (None, *CapacityType) for quota in quotas)
        and (_is_list(stack["cohorts"]) or not stack.has("cohorts"))
    )


def _is_list(part: Part) -> bool:
    return isinstance(part.value, list | tuple)


def _modes(stack: Part) -> defaultdict[str | None, set[str | None]]:
    found: defaultdict[str | None, set[str | None]] = defaultdict(set)
    for queue in stack["queues"].items:
        for quota in queue["quotas"].items:
            found[quota["pool"].text].add(_fallback(queue))
    return found


def _flavor(quota: Part) -> Flavor | None:
    pool = quota["pool"].text
    return (pool, quota["capacity"].text) if pool is not None else None


def _parents(stack: Part) -> dict[str | None, str | None]:
    return {cohort["name"].text: cohort["parent"].text for cohort in reversed(stack["cohorts"].items)}


def _above(parents: Mapping[str | None, str | None], cohort: str | None) -> list[str]:
    """Return a cohort and those above it, each once, even where they circle, and no more than are of use."""
    found: list[str] = []
    while cohort is not None and cohort not in found and len(found) < MOST_LEVELS:
        found.append(cohort)
        cohort = parents.get(cohort)
    return found


def _root(parents: Mapping[str | None, str | None], cohort: str | None) -> str | None:
    return _above(parents, cohort)[-1] if cohort is not None else None


def _lent(
    stack: Part, parents: Mapping[str | None, str | None]
) -> defaultdict[tuple[str | None, Flavor | None], set[str | None]]:
    """Return who lends, by root cohort and flavor; a cohort's own quota is lent by nobody's name."""
    found: defaultdict[tuple[str | None, Flavor | None], set[str | None]] = defaultdict(set)
    for queue in stack["queues"].items:
        for quota in queue["quotas"].items:
            lends = amount(quota) if quota["lend"].value is None else quota["lend"].number
            if (lends or 0) > 0:
                found[_root(parents, queue["cohort"].text), _flavor(quota)].add(queue["name"].text)
    for cohort in stack["cohorts"].items:
        for quota in cohort["quotas"].items:
            if (amount(quota) or 0) > 0:
                found[_root(parents, cohort["name"].text), _flavor(quota)].add(f"cohort {cohort['name'].text}")
    return found
