"""What is said of GPUs that pods claim as devices: by classes, by Kueue's configuration, and by simulated nodes."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from mizan import keys
from mizan.agreement.documents import KUEUE, Documents, devices_of, known_as, name
from mizan.agreement.model import Comparison, Fact, compared, says
from mizan.agreement.nodes import Nodes, Resources
from mizan.agreement.queues import Held
from mizan.manifests.manifest import Manifest
from mizan.plan import Offer

# As the selector of a class writes them (mizan/manifests/dra.py).
_PROFILE = re.compile(r"\.profile == '([^']+)'")
_PRODUCT = re.compile(r"\.productName.*? == '([^']+)'")


@dataclass(frozen=True, kw_only=True)
class DeviceClassDocument:
    """A DeviceClass: the GPU that its devices are of, and the profile; None for a whole one."""

    document: str
    product: str | None
    profile: str | None


def device_classes(documents: Documents) -> dict[str, DeviceClassDocument]:
    """Return the DeviceClasses by name."""
    return {str(body["metadata"]["name"]): _class(body) for body in documents.of_kind("DeviceClass")}


def mapped(documents: Documents) -> dict[str, str] | None:
    """Return by name of a resource the DeviceClass that Kueue counts it by; None where somebody else says it."""
    if documents.kueue is None:
        return None
    mappings = documents.kueue["resources"].get("deviceClassMappings", ())
    return {each["name"]: of for each in mappings for of in each["deviceClassNames"]}


def of_nodes(offer: Offer, documents: Documents) -> tuple[Resources, ...]:
    """Return what the devices of a simulated node are to Kueue; nothing where nodes are real."""
    devices, counted_by, classes = documents.devices.get(offer.pool), mapped(documents), device_classes(documents)
    # A class that is not there is told by itself.
    if devices is None or counted_by is None or not classes.keys() >= set(counted_by.values()):
        return ()
    found: Counter[str] = Counter()
    for device in devices:
        told = {key: each["string"] for key, each in device["attributes"].items()}
        for resource, of in counted_by.items():
            if _is_of(told, classes[of]):
                found[resource] += 1
    per_gpu = {resource: Fraction(count, offer.machine.gpus) for resource, count in found.items()}
    return (Resources(document=devices_of(offer.pool), per_gpu=per_gpu),)


def of_claims(offer: Offer, nodes: Nodes | None, quotas: list[Held], documents: Documents) -> Iterator[Comparison]:
    """Yield from each quota to the mapping, the class and the GPU that its devices are of."""
    counted_by, classes = mapped(documents), device_classes(documents)
    for quota in quotas:
        for resource in sorted(quota.amounts):
            device = keys.claimed_device(resource)
            if device is None:
                continue
            of = keys.device_class(device) if counted_by is None else counted_by.get(resource)
            if counted_by is not None:
                sides = (says(quota.document, resource), says(KUEUE, resource if of else None))
                yield from compared(offer.name, Fact.DEVICES, sides)
            if of is None:
                continue
            told_by, known = quota.document if counted_by is None else KUEUE, classes.get(of)
            sides = (says(told_by, of), says(known_as("DeviceClass", of), of if known else None))
            yield from compared(offer.name, Fact.DEVICES, sides)
            if known and nodes is not None:
                product = nodes.labels.get(keys.GPU_PRODUCT)
                sides = (says(nodes.document, product), says(known.document, known.product))
                yield from compared(offer.name, Fact.DEVICES, sides)


def of_templates(documents: Documents) -> Iterator[Comparison]:
    """Yield each claim that pods copy beside the class that it names."""
    classes = device_classes(documents)
    for body in documents.of_kind("ResourceClaimTemplate"):
        place = f"{body['metadata']['namespace']}/{body['metadata']['name']}"
        for of in classes_in(body):
            sides = (says(name(body), of), says(known_as("DeviceClass", of), of if of in classes else None))
            yield from compared(place, Fact.DEVICES, sides)


def classes_in(template: Manifest) -> Iterator[str]:
    """Yield the DeviceClasses that a claim may take a device from."""
    for request in template["spec"]["spec"]["devices"]["requests"]:
        for each in [request["exactly"]] if "exactly" in request else request["firstAvailable"]:
            yield str(each["deviceClassName"])


def _class(body: Manifest) -> DeviceClassDocument:
    text = " ".join(each["cel"]["expression"] for each in body["spec"]["selectors"])
    product, profile = _PRODUCT.search(text), _PROFILE.search(text)
    return DeviceClassDocument(
        document=name(body), product=product[1] if product else None, profile=profile[1] if profile else None
    )


def _is_of(told: Mapping[str, str], known: DeviceClassDocument) -> bool:
    return told["productName"].replace(" ", "-") == known.product and told.get("profile") == known.profile
