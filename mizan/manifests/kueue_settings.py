"""Kueue's own settings: one manager configuration for the chart and for the embedded cluster."""

import json
from collections.abc import Mapping
from types import MappingProxyType

from mizan import keys
from mizan.config import KueueAddon
from mizan.manifests.manifest import Manifest

NO_DEVICES: Mapping[str, str] = MappingProxyType({})
"""What Kueue counts of devices where pods claim none."""


def manager_configuration(kueue: KueueAddon, devices: Mapping[str, str] = NO_DEVICES) -> Manifest:
    """Return Kueue's Configuration without ports, certificates and leader election, which differ by place.

    A job's CPU and memory are not covered by any quota here; IgnoreUndeclared admits it by its GPUs alone.
    Source: kubernetes-sigs/kueue@v0.19.2 apis/config/v1beta2/configuration_types.go.

    Args:
        kueue: the stack's settings.
        devices: by DeviceClass, the name by which a quota counts devices that pods claim from it.
    """
    ready = kueue.pods_ready
    configuration: Manifest = {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        # In a team's namespace a job that names no queue is held too: its pods would take GPUs that nobody counts.
        "manageJobsWithoutQueueName": True,
        "managedJobsNamespaceSelector": {"matchExpressions": [{"key": keys.STACK, "operator": "Exists"}]},
        "integrations": {"frameworks": list(kueue.frameworks)},
        "resources": {"quotaCheckStrategy": "IgnoreUndeclared", **_mappings(devices)},
        "waitForPodsReady": {
            "timeout": f"{ready.timeout_seconds}s",
            "recoveryTimeout": f"{ready.recovery_timeout_seconds}s",
            # Jobs that start side by side share no nodes; waiting for each other would only leave GPUs idle.
            "blockAdmission": False,
            "requeuingStrategy": {
                # Behind those that came while it tried, so that one without nodes does not hold up the rest.
                "timestamp": "Eviction",
                "backoffLimitCount": ready.requeue_limit,
                "backoffBaseSeconds": ready.backoff_base_seconds,
                "backoffMaxSeconds": ready.backoff_max_seconds,
            },
        },
    }
    if kueue.fair_sharing:
        configuration["fairSharing"] = {"preemptionStrategies": ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]}
    return configuration


def _mappings(devices: Mapping[str, str]) -> Manifest:
    """Return how Kueue counts claimed devices; an empty list of them would be written into every configuration.

    The feature is on without a gate (pkg/features/kube_features.go, KueueDRAIntegration), and the chart lets Kueue read
    classes and templates.
    """
    mappings = [{"name": name, "deviceClassNames": [device_class]} for device_class, name in devices.items()]
    return {"deviceClassMappings": mappings} if mappings else {}


def chart_values(kueue: KueueAddon, devices: Mapping[str, str] = NO_DEVICES) -> Manifest:
    """Return the values of Kueue's chart.

    Ports, leader election and concurrency are the chart's own defaults, which its templates expect.
    Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue/values.yaml, managerConfig.
    """
    configuration = {
        **manager_configuration(kueue, devices),
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443", "enableClusterQueueResources": True},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "controller": {
            "groupKindConcurrency": {
                "Job.batch": 5,
                "Workload.kueue.x-k8s.io": 10,
                "LocalQueue.kueue.x-k8s.io": 5,
                "ClusterQueue.kueue.x-k8s.io": 5,
                "ResourceFlavor.kueue.x-k8s.io": 1,
            }
        },
        "clientConnection": {"qps": 300, "burst": 500},
    }
    # JSON is YAML, and its text is the same in every run.
    return {
        "managerConfig": {"controllerManagerConfigYaml": json.dumps(configuration, indent=2)},
        # System nodes on EKS let only such pods in; elsewhere no node has the taint.
        "controllerManager": {"tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}]},
    }
