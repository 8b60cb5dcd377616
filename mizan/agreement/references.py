"""Which documents other documents name, by what each is called in a report."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from mizan import keys
from mizan.agreement.documents import Documents, known_as, name, node_pool
from mizan.agreement.needs import Need
from mizan.agreement.queues import held_by, let_in
from mizan.manifests.manifest import Manifest

# Every cluster has these from the start.
_FROM_THE_START = ("default", keys.SYSTEM_NAMESPACE_PREFIX)


def referred(documents: Documents) -> Iterator[Need]:
    """Yield what each manifest names."""
    for body in documents.manifests:
        named = _NAMED_BY.get(body["kind"])
        for document in (*_namespace(body), *(named(body) if named else ())):
            yield Need(by=name(body), document=document)


def _namespace(body: Manifest) -> Iterator[str]:
    namespace = body["metadata"].get("namespace")
    if namespace is not None and not namespace.startswith(_FROM_THE_START):
        yield known_as("Namespace", namespace)


def _by_node_pool(body: Manifest) -> Iterator[str]:
    reference = body["spec"]["template"]["spec"]["nodeClassRef"]
    yield known_as(reference["kind"], reference["name"])


def _by_compute_class(body: Manifest) -> Iterator[str]:
    yield from (node_pool(pool) for each in body["spec"]["priorities"] for pool in each["nodepools"])


def _by_flavor(body: Manifest) -> Iterator[str]:
    compute_class = body["spec"]["nodeLabels"].get(keys.GKE_COMPUTE_CLASS)
    if compute_class is not None:
        yield known_as("ComputeClass", compute_class)


def _by_holder(body: Manifest) -> Iterator[str]:
    """Yield what a ClusterQueue or a Cohort names."""
    spec = body["spec"]
    yield from (known_as("ResourceFlavor", each.flavor) for each in held_by(body))
    yield from (known_as("Cohort", spec[key]) for key in ("cohortName", "parentName") if key in spec)
    for check in spec.get("admissionChecksStrategy", {}).get("admissionChecks", ()):
        yield known_as("AdmissionCheck", check["name"])
        yield from (known_as("ResourceFlavor", flavor) for flavor in check["onFlavors"])
    yield from (known_as("Namespace", namespace) for namespace in let_in(body))


def _by_check(body: Manifest) -> Iterator[str]:
    parameters = body["spec"]["parameters"]
    yield known_as(parameters["kind"], parameters["name"])


def _by_local_queue(body: Manifest) -> Iterator[str]:
    yield known_as("ClusterQueue", body["spec"]["clusterQueue"])


def _by_binding(body: Manifest) -> Iterator[str]:
    yield known_as(body["roleRef"]["kind"], body["roleRef"]["name"], body["metadata"]["namespace"])
    for subject in body["subjects"]:
        if subject["kind"] == "ServiceAccount":
            yield known_as("ServiceAccount", subject["name"], subject["namespace"])


def _by_job(body: Manifest) -> Iterator[str]:
    labels, namespace = body["metadata"]["labels"], body["metadata"]["namespace"]
    yield known_as("LocalQueue", labels[keys.QUEUE_NAME], namespace)
    yield known_as("WorkloadPriorityClass", labels[keys.PRIORITY_CLASS])
    yield from _by_pods(body["spec"]["template"]["spec"], namespace)


def _by_pods(pod: Manifest, namespace: str) -> Iterator[str]:
    """Yield what pods name, in their own namespace or in none."""
    in_namespace = partial(known_as, namespace=namespace)
    yield from (known_as("PriorityClass", pod[key]) for key in ("priorityClassName",) if key in pod)
    yield from (in_namespace("Service", pod[key]) for key in ("subdomain",) if key in pod)
    yield from (in_namespace("ServiceAccount", pod[key]) for key in ("serviceAccountName",) if key in pod)
    for claim in pod.get("resourceClaims", ()):
        yield in_namespace("ResourceClaimTemplate", claim["resourceClaimTemplateName"])
    for volume in pod.get("volumes", ()):
        if "persistentVolumeClaim" in volume:
            yield in_namespace("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
        if "configMap" in volume:
            yield in_namespace("ConfigMap", volume["configMap"]["name"])


def _by_deployment(body: Manifest) -> Iterator[str]:
    return _by_pods(body["spec"]["template"]["spec"], body["metadata"]["namespace"])


def _by_cron_job(body: Manifest) -> Iterator[str]:
    return _by_pods(body["spec"]["jobTemplate"]["spec"]["template"]["spec"], body["metadata"]["namespace"])


_NAMED_BY: Mapping[str, Callable[[Manifest], Iterator[str]]] = {
    "NodePool": _by_node_pool,
    "ComputeClass": _by_compute_class,
    "ResourceFlavor": _by_flavor,
    "ClusterQueue": _by_holder,
    "Cohort": _by_holder,
    "AdmissionCheck": _by_check,
    "LocalQueue": _by_local_queue,
    "RoleBinding": _by_binding,
    "Job": _by_job,
    "Deployment": _by_deployment,
    "CronJob": _by_cron_job,
}
