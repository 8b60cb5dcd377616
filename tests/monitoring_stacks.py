"""Stacks with Prometheus and OpenCost, in each way that they come."""

from typing import Any

from mizan.plan import Plan
from tests.builders import a_plan, a_stack, an_existing_stack
from tests.eks_stacks import an_eks_stack
from tests.gke_stacks import STACK as GKE_STACK
from tests.gke_stacks import a_gke_plan, a_gke_stack

HELM: dict[str, Any] = {"install": "helm"}
KUEUE = {"kueue": {"install": "helm"}}
EXTERNAL: dict[str, Any] = {"install": "external", "url": "https://mimir.example.com/prometheus"}
SLACK = {"secret": "slack-webhook", "channel": "#ml-cost-alerts"}
FEED = {"bucket": "spot-feed", "prefix": "prod", "secret": "opencost-aws"}


def addons(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> dict[str, Any]:
    asked = {"prometheus": prometheus, "opencost": opencost}
    return KUEUE | {name: settings for name, settings in asked.items() if settings is not None}


def gke_stack(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> dict[str, Any]:
    return a_gke_stack(addons=addons(prometheus, opencost))


def eks_stack(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> dict[str, Any]:
    return an_eks_stack(addons=addons(prometheus, opencost))


def existing_stack(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> dict[str, Any]:
    return an_existing_stack(addons=addons(prometheus, opencost))


def local_stack(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> dict[str, Any]:
    return a_stack(addons=addons(prometheus, opencost) | {"kueue": {"install": "external"}})


def on_gke(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> Plan:
    return a_gke_plan(gke_stack(prometheus, opencost), stack=GKE_STACK)


def on_eks(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> Plan:
    return a_plan(eks_stack(prometheus, opencost), stack="eks-test")


def elsewhere(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> Plan:
    return a_plan(existing_stack(prometheus, opencost))


def locally(prometheus: dict[str, Any] | None = None, opencost: dict[str, Any] | None = None) -> Plan:
    return a_plan(local_stack(prometheus, opencost))


WHOLE: dict[str, Any] = {
    "install": "helm",
    "chart": "oci://mirror.example.com/charts/kube-prometheus-stack",
    "version": "88.5.3",
    "retentionDays": 90,
    "storageGib": 200,
    "storageClass": "fast",
    "slack": SLACK,
    "grafanaSecret": "grafana-admin",
}


def a_whole_monitoring() -> dict[str, Any]:
    """A stack with every key of a Prometheus and an OpenCost that it installs itself, but those of another cloud."""
    opencost = {
        "install": "helm",
        "chart": "oci://mirror.example.com/charts/opencost",
        "version": "2.5.17",
        "pricesFrom": "cloud",
        "cloudKeySecret": "opencost-gcp-key",
        "serviceMonitor": True,
    }
    return gke_stack(WHOLE, opencost)


def a_whole_spot_feed() -> dict[str, Any]:
    return eks_stack(opencost={"spotFeed": FEED})


def a_whole_external_prometheus() -> dict[str, Any]:
    headers = {"headersSecret": "mimir-headers", "clusterLabel": "cluster"}
    objects = {"rulesInCluster": True, "objectLabels": {"release": "kube-prometheus-stack"}}
    return existing_stack(EXTERNAL | headers | objects, {"serviceMonitor": True})


def plans() -> dict[str, Plan]:
    """A plan for each way in which values differ."""
    return {
        "gke": on_gke(),
        "gke-cloud-prices": on_gke({"slack": SLACK}, {"cloudKeySecret": "opencost-gcp-key"}),
        "eks": on_eks(),
        "eks-spot-feed": on_eks(WHOLE, {"spotFeed": FEED}),
        "existing": elsewhere({"install": "helm"}, {"install": "helm"}),
        "existing-mimir": elsewhere(EXTERNAL | {"headersSecret": "mimir-headers"}, {"install": "helm"}),
        "existing-operator": elsewhere(EXTERNAL | {"rulesInCluster": True}, {"install": "helm"}),
    }
