"""What Kueue's objects say of a flavor and of a namespace."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mizan import keys
from mizan.agreement.documents import Documents, name
from mizan.agreement.nodes import taint
from mizan.manifests.manifest import Manifest

# Groups of Kueue's own; other groups have kinds of these names.
_KUEUE = "kueue.x-k8s.io/"


@dataclass(frozen=True, kw_only=True)
class FlavorDocument:
    """A ResourceFlavor: what its nodes carry, and what gets past."""

    document: str
    labels: Mapping[str, str]
    taints: frozenset[str]
    tolerations: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a ClusterQueue or a Cohort holds of one flavor.

    Attributes:
        amounts: its own quota by resource; 0 of what only other flavors beside it have.
    """

    document: str
    flavor: str
    amounts: Mapping[str, int]

    @property
    def resources(self) -> frozenset[str]:
        """Return the resources that it has some of; all of them where it has none of any."""
        return frozenset(key for key, amount in self.amounts.items() if amount) or frozenset(self.amounts)

    def fits(self, resources: Iterable[str]) -> bool:
        """Return whether it counts all that nodes offer, and gives nothing that they do not."""
        offered = set(resources)
        given = {key for key, amount in self.amounts.items() if amount}
        return given <= offered <= set(self.amounts)


def flavor_documents(documents: Documents) -> dict[str, FlavorDocument]:
    """Return the ResourceFlavors by name."""
    return {
        str(body["metadata"]["name"]): FlavorDocument(
            document=name(body),
            labels=body["spec"]["nodeLabels"],
            taints=frozenset(taint(each) for each in body["spec"]["nodeTaints"]),
            tolerations=frozenset(taint(each) for each in body["spec"]["tolerations"]),
        )
        for body in documents.of_kind("ResourceFlavor", _KUEUE)
    }


def held(documents: Documents) -> list[Held]:
    """Return what every ClusterQueue and Cohort holds, in their order."""
    bodies = (*documents.of_kind("ClusterQueue", _KUEUE), *documents.of_kind("Cohort", _KUEUE))
    return [each for body in bodies for each in held_by(body)]


def held_by(body: Manifest) -> Iterator[Held]:
    """Yield what a ClusterQueue or a Cohort holds of each flavor."""
    for group in body["spec"].get("resourceGroups", ()):
        for flavor in group["flavors"]:
            covered = [each for each in flavor["resources"] if each["name"] in group["coveredResources"]]
            amounts = {each["name"]: int(each["nominalQuota"]) for each in covered}
            yield Held(document=name(body), flavor=flavor["name"], amounts=amounts)


def let_in(queue: Manifest) -> list[str]:
    """Return the namespaces whose jobs a ClusterQueue admits."""
    expressions = queue["spec"].get("namespaceSelector", {}).get("matchExpressions", ())
    by_name = [each for each in expressions if (each["key"], each["operator"]) == (keys.NAMESPACE_NAME, "In")]
    return [namespace for each in by_name for namespace in each["values"]]


def queues_of(namespace: str, documents: Documents) -> list[Manifest]:
    """Return the ClusterQueues that admit the jobs of a namespace, or that its LocalQueues lead to."""
    led_to = {
        body["spec"]["clusterQueue"]
        for body in documents.of_kind("LocalQueue", _KUEUE)
        if body["metadata"]["namespace"] == namespace
    }
    queues = documents.of_kind("ClusterQueue", _KUEUE)
    return [body for body in queues if namespace in let_in(body) or body["metadata"]["name"] in led_to]


def counted(held_amounts: Iterable[Held]) -> Counter[str]:
    """Return the sum of quotas by resource."""
    found: Counter[str] = Counter()
    for each in held_amounts:
        found.update(each.amounts)
    return found


def hard_limits(quota: Manifest) -> dict[str, int]:
    """Return a namespace's limits by resource; devices that pods claim under the name that Kueue counts them by."""
    return {_resource(key): int(amount) for key, amount in quota["spec"]["hard"].items()}


def _resource(key: str) -> str:
    suffix = f".{keys.DOMAIN}.deviceclass.resource.k8s.io/devices"
    return keys.dra_resource(key.removesuffix(suffix)) if key.endswith(suffix) else key.removeprefix("requests.")
