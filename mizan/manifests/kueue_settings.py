"""Kueue's own settings: one manager configuration for the chart and for the embedded cluster."""

import json

from mizan.manifests.manifest import Manifest

FRAMEWORKS = ("batch/job",)


def manager_configuration(frameworks: tuple[str, ...] = FRAMEWORKS) -> Manifest:
    """Return Kueue's Configuration without ports, certificates and leader election, which differ by place.

    A job's CPU and memory are not covered by any quota here; IgnoreUndeclared admits it by its GPUs alone.
    Source: kubernetes-sigs/kueue@v0.19.2 apis/config/v1beta2/configuration_types.go.
    """
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "manageJobsWithoutQueueName": False,
        "integrations": {"frameworks": list(frameworks)},
        "resources": {"quotaCheckStrategy": "IgnoreUndeclared"},
    }


def chart_values() -> Manifest:
    """Return the values of Kueue's chart.

    Ports, leader election and concurrency are the chart's own defaults, which its templates expect.
    Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue/values.yaml, managerConfig.
    """
    configuration = {
        **manager_configuration(),
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443"},
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
    return {"managerConfig": {"controllerManagerConfigYaml": json.dumps(configuration, indent=2)}}
