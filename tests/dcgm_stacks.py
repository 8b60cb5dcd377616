"""Plans of stacks whose GPUs are measured, in each way that the exporter comes."""

from collections.abc import Mapping
from typing import Any

from mizan.plan import Plan
from tests.builders import a_plan, a_pool, a_queue, a_stack, an_existing_stack
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan, a_gke_stack
from tests.sharing_stacks import TURNS, a_sharing_stack, kept

HELM = {"kueue": {"install": "helm"}}
ASKED: Mapping[str, Any] = {"serviceMonitor": True}

BY_OPERATOR = {"sharing": TURNS | {"manager": "operator"}, "gke": {"driver": "INSTALLATION_DISABLED"}}


def a_measured_stack() -> dict[str, Any]:
    """A stack on GKE with every key of the exporter."""
    settings = {"install": "helm", "chart": "./dcgm-exporter", "serviceMonitor": True, "scrapeIntervalSeconds": 15}
    return a_gke_stack(addons=HELM | {"dcgmExporter": settings})


def measured_on_gke(pools: list[dict[str, Any]] | None = None, **exporter: object) -> Plan:
    """A stack on GKE whose pools GKE sets up, unless others are given; they are counted as whole pools."""
    addons = HELM | ({"dcgmExporter": exporter} if exporter else {})
    if pools is None:
        return a_gke_plan(a_gke_stack(addons=addons))
    quotas = [{"pool": pool["name"], "units" if "sharing" in pool else "gpus": 4} for pool in pools]
    queues = [a_queue(name=f"of-{quota['pool']}", fallback="capacity", quotas=[quota]) for quota in quotas]
    team = {"name": "team-a", "costCenter": "ml", "project": "llm", "queues": [queue["name"] for queue in queues]}
    return a_gke_plan(a_gke_stack(addons=addons, pools=pools, queues=queues, teams=[team], jobs=[]))


def a_pool_of_the_operator_s(name: str = "shared") -> dict[str, Any]:
    return a_pool(name=name, capacity=kept(), **BY_OPERATOR)


def measured_on_eks(sharing: dict[str, Any] | None = None, **exporter: object) -> Plan:
    addons = HELM | ({"dcgmExporter": exporter} if exporter else {})
    if sharing is None:
        return an_eks_plan(addons=addons)
    stack = a_sharing_stack("eks", sharing, capacity=kept())
    return an_eks_plan(addons=addons, pools=stack["pools"], queues=stack["queues"], teams=stack["teams"], jobs=[])


def measured_elsewhere(addons: dict[str, Any]) -> Plan:
    return a_plan(an_existing_stack(addons=HELM | addons))


def measured_locally(addons: dict[str, Any]) -> Plan:
    return a_plan(a_stack(addons={"kueue": {"install": "external"}} | addons))
