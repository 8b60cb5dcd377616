"""Rules between the parts of a stack: names exist, are used once, and fit the catalogue and its prices."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from mizan import keys
from mizan.capacity import CapacityType
from mizan.catalogue import Machine, gpu_models, machines
from mizan.config.faults import ConfigFault, Path, key, suggestion
from mizan.config.models import Cloud, Install
from mizan.config.part import Part
from mizan.config.price_rules import offers_have_a_price, the_region_has_prices

Rule = Callable[[Part], Iterator[ConfigFault]]


def faults_across(values: Mapping[str, object]) -> list[ConfigFault]:
    """Return every fault that the models do not see."""
    rules: tuple[Rule, ...] = (
        _names_are_used_once,
        the_region_has_prices,
        _pools_fit_the_catalogue,
        offers_have_a_price,
        _a_capacity_type_occurs_once,
        _quotas_name_an_offer,
        _an_offer_has_one_quota_in_a_queue,
        _quotas_fit_their_offer,
        _teams_name_queues,
        _teams_own_their_namespace,
        _jobs_name_a_team_and_its_queue,
        _jobs_fit_a_machine,
        _the_cluster_fits_the_cloud,
        _the_embedded_cluster_has_its_own_kueue,
    )
    return [fault for rule in rules for fault in rule(Part((), values))]


def _unknown_name(part: Part, what: str, known: frozenset[str] | None) -> Iterator[ConfigFault]:
    if part.text is None or known is None or part.text in known:
        return
    because = f"a {what} that does not exist would leave jobs waiting for ever"
    fix = suggestion(part.text, known)
    yield ConfigFault(part.path, part.text, needs=f"a {what} of this stack", because=because, fix=fix)


def _machine(stack: Part, pool: str | None) -> Machine | None:
    return machines().get(stack["pools"].named(pool)["machine"].text or "")


def _names_are_used_once(stack: Part) -> Iterator[ConfigFault]:
    for section in ("pools", "queues", "teams", "jobs"):
        first: dict[tuple[str, str | None], Part] = {}
        for item in stack[section].items:
            name = item["name"]
            if name.text is None:
                continue
            # A job's name is its team's own: jobs live in the team's namespace.
            identity = (name.text, item["team"].text if section == "jobs" else None)
            if identity in first:
                yield ConfigFault(
                    name.path,
                    name.text,
                    needs="a name used once",
                    because=f"{key(first[identity].path)} already has it, and one would overwrite the other",
                    fix="Rename one of the two",
                )
            first.setdefault(identity, item)


def _pools_fit_the_catalogue(stack: Part) -> Iterator[ConfigFault]:
    for pool in stack["pools"].items:
        name, gpu = pool["machine"], pool["gpu"]
        machine = machines().get(name.text or "")
        if name.text is not None and machine is None:
            yield ConfigFault(
                name.path,
                name.text,
                needs="a machine of the catalogue",
                because="its GPUs, size and price come from mizan/catalogue/machines.csv",
                fix=suggestion(name.text, machines()),
            )
        if gpu.text is not None and gpu.text not in gpu_models():
            yield ConfigFault(
                gpu.path,
                gpu.text,
                needs="a GPU of the catalogue",
                because="node labels and memory come from mizan/catalogue/gpus.csv",
                fix=suggestion(gpu.text, gpu_models()),
            )
        elif gpu.text is not None and machine and machine.gpu.name != gpu.text:
            yield ConfigFault(
                gpu.path,
                gpu.text,
                needs=machine.gpu.name,
                because=f"{machine.name} carries {machine.gpus} x {machine.gpu.name}",
                fix=f"Write `{machine.gpu.name}`, or choose another machine",
            )


def _a_capacity_type_occurs_once(stack: Part) -> Iterator[ConfigFault]:
    for pool in stack["pools"].items:
        types = [capacity["type"] for capacity in pool["capacity"].items]
        for position, kind in enumerate(types):
            if kind.text is not None and kind.text in [earlier.text for earlier in types[:position]]:
                yield ConfigFault(
                    kind.path,
                    kind.text,
                    needs="each type once",
                    because="each capacity type of a pool is one offer with one limit",
                    fix="Add the two maxNodes up",
                )


def _quotas(stack: Part) -> Iterator[Part]:
    for queue in stack["queues"].items:
        yield from queue["quotas"].items


def _quotas_name_an_offer(stack: Part) -> Iterator[ConfigFault]:
    for quota in _quotas(stack):
        yield from _unknown_name(quota["pool"], "pool", stack["pools"].names)
        capacity = quota["capacity"]
        bought = {item["type"].text for item in stack["pools"].named(quota["pool"].text)["capacity"].items}
        is_sound = bought and bought | {capacity.text} <= set(CapacityType)
        if is_sound and capacity.text not in bought:
            yield ConfigFault(
                capacity.path,
                capacity.value,
                needs="a capacity type of the pool",
                because=f"pool {quota['pool'].text} does not buy it, so its quota could never be used",
                fix="Add it to the pool, or remove the quota",
            )


def _an_offer_has_one_quota_in_a_queue(stack: Part) -> Iterator[ConfigFault]:
    for queue in stack["queues"].items:
        seen = set()
        for quota in queue["quotas"].items:
            offer = (quota["pool"].text, quota["capacity"].text)
            if None not in offer and offer in seen:
                yield ConfigFault(
                    quota.path,
                    f"{quota['pool'].text} {quota['capacity'].text} again",
                    needs="each offer once",
                    because="Kueue keeps one quota per flavor",
                    fix="Add the two quotas up",
                )
            seen.add(offer)


def _quotas_fit_their_offer(stack: Part) -> Iterator[ConfigFault]:
    held: Counter[Path] = Counter()
    for quota in _quotas(stack):
        offer, gpus = _offer(stack, quota), quota["gpus"]
        machine = _machine(stack, quota["pool"].text)
        if offer is None or machine is None or gpus.number is None:
            continue
        limit, others = (offer["maxNodes"].number or 0) * machine.gpus, held[offer.path]
        held[offer.path] += max(gpus.number, 0)
        if limit > 0 and gpus.number > limit - others:
            shared = f", of which the quotas above hold {others}" if others else ""
            because = (
                f"pool {quota['pool'].text} has at most {limit} {quota['capacity'].text} GPUs{shared}, "
                "and a job admitted beyond that waits for a node that never comes"
            )
            yield ConfigFault(
                gpus.path,
                gpus.number,
                needs=f"at most {max(limit - others, 0)}",
                because=because,
                fix="Lower the quota, or raise the pool's maxNodes",
            )


def _offer(stack: Part, quota: Part) -> Part | None:
    """Return the one capacity of a pool that a quota counts; None if there is none, or more than one."""
    kind = quota["capacity"].text
    found = [item for item in stack["pools"].named(quota["pool"].text)["capacity"].items if item["type"].text == kind]
    return found[0] if kind is not None and len(found) == 1 else None


def _teams_name_queues(stack: Part) -> Iterator[ConfigFault]:
    for team in stack["teams"].items:
        queues = team["queues"].items
        for position, queue in enumerate(queues):
            yield from _unknown_name(queue, "queue", stack["queues"].names)
            if queue.text is not None and queue.text in [earlier.text for earlier in queues[:position]]:
                yield ConfigFault(
                    queue.path,
                    queue.text,
                    needs="each queue once",
                    because="one LocalQueue is made per queue",
                    fix="Remove one of the two",
                )


def _teams_own_their_namespace(stack: Part) -> Iterator[ConfigFault]:
    for team in stack["teams"].items:
        name = team["name"]
        if name.text is not None and keys.is_system_namespace(name.text):
            yield ConfigFault(
                name.path,
                name.text,
                needs="a name of the team's own",
                because="the team's name is its namespace, and this one belongs to the cluster",
                fix=f"Write `team-{name.text}`",
            )


def _jobs_name_a_team_and_its_queue(stack: Part) -> Iterator[ConfigFault]:
    for job in stack["jobs"].items:
        team, queue = job["team"], job["queue"]
        yield from _unknown_name(team, "team", stack["teams"].names)
        yield from _unknown_name(queue, "queue", stack["queues"].names)
        own = [item.text for item in stack["teams"].named(team.text)["queues"].items]
        if own and None not in own and queue.text not in own and queue.text in (stack["queues"].names or ()):
            yield ConfigFault(
                queue.path,
                queue.text or "",
                needs="a queue of the job's team",
                because=f"team {team.text} has no LocalQueue for it",
                fix="Add it to the team's queues",
            )


def _jobs_fit_a_machine(stack: Part) -> Iterator[ConfigFault]:
    for job in stack["jobs"].items:
        quotas = stack["queues"].named(job["queue"].text)["quotas"].items
        reachable = [_machine(stack, quota["pool"].text) for quota in quotas]
        # One machine that the catalogue lacks may be the one that is large enough.
        sizes = [machine.gpus for machine in reachable if machine is not None]
        gpus = job["gpus"]
        if gpus.number is not None and sizes and len(sizes) == len(reachable) and gpus.number > max(sizes):
            yield ConfigFault(
                gpus.path,
                gpus.number,
                needs=f"at most {max(sizes)}",
                because="a pod runs on one node, and no machine of its queue has more",
                fix="Ask for fewer, or add a larger machine",
            )


def _the_cluster_fits_the_cloud(stack: Part) -> Iterator[ConfigFault]:
    cluster, cloud = stack["cluster"], stack["cloud"].text
    if cloud == Cloud.EXISTING and cluster.value is None:
        yield ConfigFault(
            cluster.path,
            "nothing",
            needs="kubeconfig, context and name",
            because="the platform must know which cluster it changes",
            fix="Add `{kubeconfig: ~/.kube/config, context: prod, name: prod}`",
        )
    if cloud == Cloud.LOCAL and cluster.value is not None:
        yield ConfigFault(
            cluster.path,
            "a cluster",
            needs="no cluster",
            because="stack `local` always uses the embedded control plane",
            fix="Remove it, or write `mizan:cloud: existing`",
        )


def _the_embedded_cluster_has_its_own_kueue(stack: Part) -> Iterator[ConfigFault]:
    install = stack["addons"]["kueue"]["install"]
    if stack["cloud"].text == Cloud.LOCAL and install.text == Install.HELM:
        yield ConfigFault(
            install.path,
            "helm",
            needs="external",
            because="the embedded control plane already runs Kueue",
            fix="Write `external`",
        )
