"""What a stack may say but probably does not mean, each with its numbers."""

from collections.abc import Iterable, Iterator, Sequence

from mizan.config import Cloud, Install, KueueAddon
from mizan.plan.model import Flavor
from mizan.plan.nodes import passes
from mizan.plan.pod_requests import spelt_units
from mizan.plan.queue_model import CohortPlan, QueuePlan
from mizan.plan.reach import held_units, reach_of
from mizan.plan.tenant_model import JobPlan

# From the request to a registered GPU: machine, kubelet, driver, device plugin. The example of Kueue's own chart.
# Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue/values.yaml, waitForPodsReady.timeout.
NODE_START_SECONDS = 300


def of_quotas_and_jobs(
    flavors: Sequence[Flavor], queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan], jobs: Sequence[JobPlan]
) -> Iterator[str]:
    """Yield quotas beyond what their pool can grow to, and jobs that are never admitted or never get a node."""
    held = held_units(queues, cohorts)
    for flavor in flavors:
        if held[flavor.name] > flavor.max_units:
            yield (
                f"flavor {flavor.name}: quotas of {spelt_units(held[flavor.name], flavor.sharing)} "
                f"({_shares(flavor, queues, cohorts)}), but "
                f"pool {flavor.pool} grows to {flavor.max_units} at most; a job admitted beyond that waits for a node "
                "that never comes, until Kueue evicts it. Lower the quotas, or raise the pool's maxNodes."
            )
    for queue in queues:
        for quota in queue.quotas:
            reach = reach_of(queue, quota, queues, cohorts)
            if quota.borrowing and reach < quota.nominal + quota.borrowing:
                yield (
                    f"queue {queue.name}: may borrow {spelt_units(quota.borrowing, quota.flavor.sharing)} of flavor "
                    f"{quota.flavor.name}, but cohort {queue.cohort} lends it {reach - quota.nominal} at most. Lower "
                    "`borrow`, or let others lend more."
                )
    by_name = {queue.name: queue for queue in queues}
    for job in jobs:
        yield from _of_job(job, by_name[job.queue], queues, cohorts)


def stuck_jobs(
    queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan], jobs: Iterable[JobPlan]
) -> frozenset[tuple[str, str]]:
    """Return namespace and name of each job that is never admitted, or admitted where it gets no node."""
    by_name = {queue.name: queue for queue in queues}
    return frozenset(
        (job.namespace, job.name) for job in jobs if any(_of_job(job, by_name[job.queue], queues, cohorts))
    )


def _shares(flavor: Flavor, queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]) -> str:
    """Return who holds how much of a flavor."""
    owners = (
        *((f"queue {queue.name}", queue.quotas) for queue in queues),
        *((f"cohort {cohort.name}", cohort.quotas) for cohort in cohorts),
    )
    return ", ".join(
        f"{owner} {quota.nominal}" for owner, quotas in owners for quota in quotas if quota.flavor == flavor
    )


def _of_job(
    job: JobPlan, queue: QueuePlan, queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]
) -> Iterator[str]:
    request = job.request
    # Every job gets the toleration of the GPU taint with its flavor; it brings that of the spot taint itself, or not.
    fitting = [quota for quota in queue.quotas if quota.flavor.pool in request.pools]
    open_to_it = [quota for quota in fitting if passes(job.tolerations, quota.flavor.taints)]
    # One pod set gets one flavor.
    reachable = [request.units_of(quota.flavor, reach_of(queue, quota, queues, cohorts)) for quota in open_to_it]
    asked, largest = job.units * job.pods, max(reachable, default=0)
    if asked > largest:
        without_spot = "" if len(open_to_it) == len(fitting) else ", spot left out as the job does not take it"
        yield (
            f"job {job.name} of {job.namespace}: {request.spelt(asked)}, but queue {queue.name} admits {largest} of "
            f"one flavor at most, borrowed ones included{without_spot}; it waits for ever. Raise a quota, or let it "
            "borrow more."
        )
        return
    room = max(
        _pods_at_once(job, quota.flavor) for quota, units in zip(open_to_it, reachable, strict=True) if units >= asked
    )
    if room < job.pods:
        yield (
            f"job {job.name} of {job.namespace}: {job.pods} pods of {request.words}, but the nodes of no flavor in "
            f"queue {queue.name} hold more than {room} at once; Kueue admits it and evicts it again. Raise the pool's "
            "maxNodes, or ask for fewer pods."
        )
        return
    for quota, units in zip(open_to_it, reachable, strict=True):
        if units >= asked and not any(request.pods_on(offer) for offer in quota.flavor.offers):
            size = max(offer.resources.get(job.resource, 0) for offer in quota.flavor.offers)
            yield (
                f"job {job.name} of {job.namespace}: {request.words} a pod, but machines of flavor "
                f"{quota.flavor.name} in queue {queue.name} have {size}; Kueue counts GPUs, not machines, and may "
                "admit it where no node ever fits, until it evicts it. Give the job a queue of larger machines only."
            )


def _pods_at_once(job: JobPlan, flavor: Flavor) -> int:
    """Return how many pods of a job the flavor's nodes hold when all of them are there."""
    return sum(
        offer.max_nodes * job.request.pods_on(offer) for offer in flavor.offers if passes(job.tolerations, offer.taints)
    )


def of_kueue(kueue: KueueAddon, cloud: Cloud) -> Iterator[str]:
    """Yield settings that reach no Kueue, and limits of time in which a cloud's node does not start."""
    if cloud is Cloud.LOCAL:
        return
    if kueue.install is Install.EXTERNAL:
        written = [
            str(field.alias)
            for name, field in KueueAddon.model_fields.items()
            if name in kueue.model_fields_set - {"install"}
        ]
        if written:
            yield (
                f"Kueue: {', '.join(written)} of an external Kueue, which this stack does not configure; only what "
                "stands in Kueue's own configuration holds. Write the same there."
            )
        return
    ready = kueue.pods_ready
    for key, limit in (
        ("timeoutSeconds", ready.timeout_seconds),
        ("recoveryTimeoutSeconds", ready.recovery_timeout_seconds),
    ):
        if limit < NODE_START_SECONDS:
            yield (
                f"Kueue: podsReady.{key} of {limit} s, but a GPU node takes up to {NODE_START_SECONDS} s until its "
                "driver is there; jobs would be evicted while their nodes start. Raise it."
            )
