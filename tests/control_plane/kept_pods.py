"""Pods that come back when they are deleted before they ran.

A pod that is bound to a node just after Karpenter has taken its taint `unregistered` away may be deleted all the same:
the controller manager still has the taint in its cache. Whatever owns the pod makes another one; a bare pod is lost.
Seen with kube-controller-manager 1.36.3, pkg/controller/tainteviction/taint_eviction.go.
"""

from lightkube.core.client import Client
from lightkube.resources.apps_v1 import StatefulSet
from lightkube.resources.core_v1 import Pod
from lightkube.types import CascadeType


def kept_pods(name, namespace, count, spec, annotations=None):
    """Pods `<name>-0` and on, all made at once."""
    labels = {"kept": name}
    body = {
        "serviceName": name,
        "replicas": count,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels, "annotations": annotations or {}},
            "spec": spec | {"restartPolicy": "Always"},
        },
    }
    return StatefulSet.from_dict({"metadata": {"name": name, "namespace": namespace}, "spec": body})


def keep_no_more(client: Client, namespace):
    """Leave the pods as they are; one that goes now does not come back."""
    for each in list(client.list(StatefulSet, namespace=namespace)):
        client.delete(StatefulSet, each.metadata.name, namespace=namespace, cascade=CascadeType.ORPHAN)


def end_kept_pods(client: Client, namespace):
    """Delete the pods; the garbage collector would, but not in the first half minute of a control plane."""
    keep_no_more(client, namespace)
    client.deletecollection(Pod, namespace=namespace)
