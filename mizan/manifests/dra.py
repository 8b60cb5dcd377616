"""GPUs that pods claim as devices (DRA): classes of devices, and in each team's namespace the claims to copy.

What tells a device stands in its DeviceClass and never in a claim: Kueue holds a claim's own selectors against the
devices that are there at the moment, and lets no job in while there are fewer than it asks for.
Source: kubernetes-sigs/kueue@v0.19.2 pkg/dra/claims.go, validateCELSelectorsAgainstDevices.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mizan import keys
from mizan.manifests.manifest import MANAGED, Manifest, manifest
from mizan.plan import Plan, PoolPlan, TeamPlan
from mizan.sharing import WHOLE, GpuPart, GpuSharing

API = "resource.k8s.io/v1"
REQUEST = "gpu"
"""What every claim calls its one request."""

LARGEST_AVAILABLE = "largest-available"
"""The ResourceClaimTemplate that takes the largest part that is free."""

# Source: k8s.io/api@v0.36.3 resource/v1/types.go, FirstAvailableDeviceRequestMaxSize.
MOST_ALTERNATIVES = 8
# What a pod of several GPUs on one machine usually has.
_USUAL_COUNTS = (1, 2, 4, 8, 16)


@dataclass(frozen=True, kw_only=True)
class _Claimable:
    """A part that a team can claim.

    Attributes:
        gpus: of the largest machine that has it.
    """

    part: GpuPart
    device_class: str
    gpus: int


def dra_manifests(plan: Plan) -> list[Manifest]:
    """Return what pods need to claim devices, each after what it refers to; nothing where no pool has any."""
    templates = [template for team in plan.teams for template in claim_templates(plan, team)]
    return [*device_classes(plan.pools), *templates]


def device_classes(pools: Iterable[PoolPlan]) -> list[Manifest]:
    """Return the DeviceClasses of the parts that pods claim, each once."""
    found = {}
    for pool in pools:
        for part, name in pool.sharing.device_class.items():
            body = manifest(API, "DeviceClass", name)
            body["spec"] = {"selectors": [{"cel": {"expression": selector(pool.sharing, part)}}]}
            found[name] = body
    return list(found.values())


def selector(sharing: GpuSharing, part: str) -> str:
    """Return the CEL expression that is true for a part of this GPU model and for nothing else.

    The driver and GPU feature discovery tell the same name of a GPU, which NVML gives; in the node label, which is what
    the catalogue has, blanks have become dashes. The expression does the same, as no way leads back from the label.
    Source: kubernetes-sigs/dra-driver-nvidia-gpu@9593204 cmd/gpu-kubelet-plugin/deviceinfo.go, Attributes, and
    site/content/docs/reference/resourceslice-attributes.md; NVIDIA/k8s-device-plugin@v0.20.0 internal/lm/resource.go,
    sanitise.
    """
    attributes = f"device.attributes['{keys.NVIDIA_DRA_DRIVER}']"
    is_whole = part == WHOLE
    return " && ".join(
        (
            f"device.driver == '{keys.NVIDIA_DRA_DRIVER}'",
            # Before the rest, as a device of another type need not have the other attributes.
            f"{attributes}.type == '{'gpu' if is_whole else 'mig'}'",
            *(() if is_whole else (f"{attributes}.profile == '{part}'",)),
            f"{attributes}.productName.replace(' ', '-') == '{sharing.gpu.product_label}'",
        )
    )


def counted_devices(pools: Iterable[PoolPlan]) -> dict[str, str]:
    """Return by DeviceClass the name by which Kueue counts its devices, in quotas and in what is used of them."""
    return {
        pool.sharing.device_class[part.name]: part.resource
        for pool in pools
        for part in pool.sharing.parts
        if part.name in pool.sharing.device_class
    }


def claim_templates(plan: Plan, team: TeamPlan) -> list[Manifest]:
    """Return the ResourceClaimTemplates of a team's namespace: for what its queues have, and nothing else.

    A whole GPU can be claimed in the numbers that fit its largest machine, a part of one by itself, and each in the
    numbers that the team's jobs in the stack ask for. One template more takes the largest part that is free, where
    there are several. It is for pods outside of queues, such as those that serve: Kueue counts no alternatives, and a
    job that names it waits for ever ("FirstAvailable device selection is not supported").
    Source: kubernetes-sigs/kueue@v0.19.2 pkg/dra/claims.go, countDevicesPerClass.
    """
    within = _within_reach(plan, team)
    found = [
        _template(team, each.part.claim_template(count), _exactly(each, count))
        for each in within
        for count in _counts(plan, team, each)
    ]
    return [*found, _template(team, LARGEST_AVAILABLE, _largest_available(within))] if len(within) > 1 else found


def _within_reach(plan: Plan, team: TeamPlan) -> list[_Claimable]:
    """Return the parts that a team's queues have, each once, from the largest."""
    found: dict[str, _Claimable] = {}
    flavors = [quota.flavor for queue in plan.queues if queue.name in team.queues for quota in queue.quotas]
    for flavor in flavors:
        gpus = max(offer.machine.gpus for offer in flavor.offers)
        for part in flavor.sharing.parts:
            # Without claims there is no class.
            if name := flavor.sharing.device_class.get(part.name):
                known = found.get(name)
                found[name] = _Claimable(part=part, device_class=name, gpus=max(gpus, known.gpus if known else 0))
    return sorted(found.values(), key=lambda each: (-each.part.memory_gib, each.device_class))


def _counts(plan: Plan, team: TeamPlan, each: _Claimable) -> list[int]:
    """Return how many of a part one claim may take: as many as is usual, and as many as jobs ask for."""
    most = each.gpus if each.part.name == WHOLE else 1
    usual = [count for count in _USUAL_COUNTS if count <= most]
    asked = [job.units for job in plan.jobs if job.namespace == team.namespace and job.resource == each.part.resource]
    return sorted({*usual, *asked})


def _template(team: TeamPlan, name: str, request: Manifest) -> Manifest:
    body = manifest(API, "ResourceClaimTemplate", name, namespace=team.namespace)
    body["spec"] = {"metadata": {"labels": dict(MANAGED)}, "spec": {"devices": {"requests": [request]}}}
    return body


def _exactly(each: _Claimable, count: int) -> Manifest:
    return {"name": REQUEST, "exactly": _devices(each, count)}


def _largest_available(within: Sequence[_Claimable]) -> Manifest:
    """Return the request of one device, of the first class in this order that has one to give."""
    # A name of an alternative is a label, in which no dot may stand.
    alternatives = [
        {"name": each.part.claim_template().replace(".", "-"), **_devices(each, 1)}
        for each in within[:MOST_ALTERNATIVES]
    ]
    return {"name": REQUEST, "firstAvailable": alternatives}


def _devices(each: _Claimable, count: int) -> Manifest:
    return {"deviceClassName": each.device_class, "allocationMode": "ExactCount", "count": count}
