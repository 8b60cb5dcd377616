"""Each namespace: what its pods may have beside what its queues admit, and what its jobs ask for."""

from collections.abc import Collection, Iterator

from mizan import keys
from mizan.agreement.devices import classes_in
from mizan.agreement.documents import Documents, name
from mizan.agreement.model import Comparison, Fact, compared, pairs, says, words
from mizan.agreement.queues import Held, counted, hard_limits, held, held_by, let_in, queues_of
from mizan.manifests.limits import GPU_QUOTA
from mizan.manifests.manifest import Manifest
from mizan.queueing.objects import is_gpu

_HOLDERS = ("ClusterQueue ", "Cohort ")


def of_teams(documents: Documents, absent: Collection[str]) -> Iterator[Comparison]:
    """Yield the limits of every namespace beside its queues, whom those admit, and every job beside its queue.

    Args:
        documents: all of them.
        absent: what is named and not there; any holder of quotas among it may have lent what a limit is made of.
    """
    is_all_there = not any(each.startswith(_HOLDERS) for each in absent)
    for body in documents.of_kind("ResourceQuota"):
        if body["metadata"]["name"] == GPU_QUOTA and is_all_there:
            yield from _of_namespace(body, documents)
    for body in documents.of_kind("LocalQueue"):
        yield from _of_local_queue(body, documents)
    for body in documents.of_kind("Job"):
        yield from _of_job(body, documents)


def _of_namespace(quota: Manifest, documents: Documents) -> Iterator[Comparison]:
    """Yield a namespace's limit: at least what its queues have, at most what they can have with all that is lent."""
    namespace = str(quota["metadata"]["namespace"])
    queues, limits = queues_of(namespace, documents), hard_limits(quota)
    own = [each for body in queues for each in held_by(body)]
    document = ", ".join(name(body) for body in queues)
    needed = counted(own)
    names = [words(name(quota), limits), words(document, needed)]
    found = list(compared(namespace, Fact.RESOURCES, names))
    yield from found
    if not all(each.agrees for each in found):
        return
    most = needed + counted(_lent(queues, own, documents))
    wrong = {each: limits[each] for each in limits if not needed[each] <= limits[each] <= max(most[each], needed[each])}
    shown = wrong or limits
    yield Comparison(
        of=namespace,
        fact=Fact.QUOTA,
        first=pairs(name(quota), shown),
        second=pairs(document, {each: needed[each] for each in shown}),
        agrees=not wrong,
    )


def _of_local_queue(local: Manifest, documents: Documents) -> Iterator[Comparison]:
    """Yield whose jobs a namespace's queue leads on beside whose jobs are let in there."""
    namespace, queue = (
        str(local["metadata"]["namespace"]),
        documents.named("ClusterQueue", local["spec"]["clusterQueue"]),
    )
    if queue is not None:
        sides = says(name(local), namespace), says(name(queue), namespace if namespace in let_in(queue) else None)
        yield from compared(namespace, Fact.NAMESPACES, sides)


def _lent(queues: list[Manifest], own: list[Held], documents: Documents) -> list[Held]:
    """Return what others hold of the flavors of queues in a cohort; one without a cohort has its own alone."""
    borrowed = {each.flavor for body in queues if "cohortName" in body["spec"] for each in held_by(body)}
    mine = {each.document for each in own}
    return [each for each in held(documents) if each.flavor in borrowed and each.document not in mine]


def _of_job(job: Manifest, documents: Documents) -> Iterator[Comparison]:
    """Yield what a job asks for beside what its queue counts."""
    namespace, queue = job["metadata"].get("namespace"), job["metadata"]["labels"].get(keys.QUEUE_NAME)
    local = next(
        (
            body
            for body in documents.of_kind("LocalQueue")
            if body["metadata"]["namespace"] == namespace and body["metadata"]["name"] == queue
        ),
        None,
    )
    found = None if local is None else documents.named("ClusterQueue", local["spec"]["clusterQueue"])
    if found is None:
        return
    counted_there = {resource for each in held_by(found) for resource in each.amounts}
    asked = {*_requested(job), *_claimed(job, documents)}
    theirs = counted_there if asked - counted_there else asked
    yield from compared(
        f"{namespace}/{job['metadata']['name']}", Fact.RESOURCES, [words(name(job), asked), words(name(found), theirs)]
    )


def _requested(job: Manifest) -> Iterator[str]:
    for container in job["spec"]["template"]["spec"]["containers"]:
        yield from (each for each in container["resources"]["requests"] if is_gpu(each))


def _claimed(job: Manifest, documents: Documents) -> Iterator[str]:
    """Yield how Kueue counts the devices that a job's pods claim."""
    for claim in job["spec"]["template"]["spec"].get("resourceClaims", ()):
        for template in documents.of_kind("ResourceClaimTemplate"):
            metadata = template["metadata"]
            if (metadata["namespace"], metadata["name"]) == (
                job["metadata"]["namespace"],
                claim["resourceClaimTemplateName"],
            ):
                yield from (keys.dra_resource(of.removesuffix(f".{keys.DOMAIN}")) for of in classes_in(template))
