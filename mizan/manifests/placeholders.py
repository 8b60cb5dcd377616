"""Placeholders: pods by which nodes are there before anybody asks for their GPUs.

A placeholder asks for a node on which no other placeholder of its kind is, and for next to nothing on it: no GPU. So
the autoscaler makes nodes until every placeholder has one, and leaves them alone; a job's pods start beside the
placeholder and push nobody away.

A placeholder that held the GPUs would have to be preempted by the first job. Only priorities with `preempts` may do
that, and all other jobs would wait before nodes that are kept for nobody.
"""

from collections.abc import Mapping, Sequence

from mizan import keys, versions
from mizan.manifests.manifest import Manifest, manifest, tolerations
from mizan.plan import Offer

# Below -10 the cluster autoscaler makes no node for a pod, and takes a node away from under it.
# Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md, read 2026-11-23,
# --expendable-pods-priority-cutoff.
PRIORITY = -10

# Of what a full node leaves to the system's own pods (mizan/plan/room.py).
AMOUNTS = {"cpu": "10m", "memory": "32Mi"}
NOBODY = 65532
HOSTNAME = "kubernetes.io/hostname"


def priority_class() -> Manifest:
    """Return the PriorityClass of all placeholders."""
    body = manifest("scheduling.k8s.io/v1", "PriorityClass", keys.PLACEHOLDER_PRIORITY)
    return body | {
        "value": PRIORITY,
        "preemptionPolicy": "Never",
        "globalDefault": False,
        "description": "Placeholders of warm nodes; they give way to everything",
    }


def pod(offers: Sequence[Offer], *, kind: Mapping[str, str], image: str | None = None) -> Manifest:
    """Return the spec of a placeholder.

    It is told from others by labels of ours alone, not by those of a GPU pod: GPU pods would prefer its company, and an
    idle node to one that is half full.

    Args:
        offers: any of whose nodes will do.
        kind: labels of the placeholders that are each on a node of their own.
        image: that is read onto the node first.
    """
    taints = dict.fromkeys(taint for offer in offers for taint in offer.taints)
    return {
        "terminationGracePeriodSeconds": 0,
        "priorityClassName": keys.PLACEHOLDER_PRIORITY,
        "nodeSelector": _common_labels(offers),
        "tolerations": tolerations(taints),
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": dict(kind)}}
                ]
            }
        },
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"initContainers": [_container("image", image, ["sh", "-c", "exit 0"])]} if image else {}),
        "containers": [_container("placeholder", versions.PAUSE_IMAGE)],
    }


def _container(name: str, image: str, command: Sequence[str] = ()) -> Manifest:
    return {
        "name": name,
        "image": image,
        **({"command": list(command)} if command else {}),
        "resources": {"requests": dict(AMOUNTS), "limits": dict(AMOUNTS)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _common_labels(offers: Sequence[Offer]) -> dict[str, str]:
    """Return what the nodes of all offers carry: how they are bought is for the autoscaler to choose."""
    first, *others = (offer.labels for offer in offers)
    return {key: value for key, value in first.items() if all(labels.get(key) == value for labels in others)}
