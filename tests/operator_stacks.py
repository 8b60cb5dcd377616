"""Stacks whose nodes NVIDIA's GPU operator sets up, on each platform."""

from typing import Any

from mizan.plan import Plan
from tests.builders import a_plan, a_pool, a_queue, a_team, an_existing_stack
from tests.eks_stacks import an_eks_stack, eks_pool
from tests.gke_stacks import a_gke_plan, a_gke_stack
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, counted_in, kept

HELM: dict[str, Any] = {"install": "helm"}
DISABLED: dict[str, Any] = {"driver": "INSTALLATION_DISABLED"}
UBUNTU = DISABLED | {"image": "ubuntu"}
BY_OPERATOR = {"manager": "operator"}


def of_pools(*pools: dict[str, Any], operator: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a stack says of its pools, each of which has a queue of its own, and of the operator."""
    quotas = [{"pool": pool["name"], counted_in(pool.get("sharing", {"mode": "none"})): 4} for pool in pools]
    queues = [a_queue(name=f"of-{quota['pool']}", fallback="capacity", quotas=[quota]) for quota in quotas]
    return {
        "pools": list(pools),
        "queues": queues,
        "teams": [a_team(queues=[queue["name"] for queue in queues])],
        "jobs": [],
        "addons": {"kueue": HELM} | ({"gpuOperator": operator} if operator is not None else {}),
    }


def on_eks(*pools: dict[str, Any], operator: dict[str, Any] | None = None) -> Plan:
    return a_plan(an_eks_stack(**of_pools(*(pools or (eks_pool(),)), operator=operator)), stack="eks-test")


def on_gke(*pools: dict[str, Any], operator: dict[str, Any] | None = None) -> Plan:
    return a_gke_plan(a_gke_stack(**of_pools(*(pools or (a_pool(),)), operator=operator)))


def elsewhere(*pools: dict[str, Any], operator: dict[str, Any] | None = None) -> Plan:
    return a_plan(an_existing_stack(**of_pools(*(pools or (a_pool(),)), operator=operator)))


def a_whole_operator() -> dict[str, Any]:
    """A stack with every key of the operator, in a cluster whose nodes have nothing yet."""
    return an_existing_stack(
        **of_pools(
            a_pool(),
            operator={
                "install": "helm",
                "chart": "oci://mirror.example.com/nvidia/gpu-operator",
                "version": "v26.7.0",
                "driver": {"install": True, "version": "580.126.16"},
            },
        )
    )


def operated(name: str = "shared", sharing: dict[str, Any] = TURNS, gke: dict[str, Any] = DISABLED) -> dict[str, Any]:
    """A pool on GKE that the operator shares."""
    return a_pool(name=name, sharing=sharing | BY_OPERATOR, capacity=kept(), gke=gke)


def plans() -> dict[str, Plan]:
    """A plan for each way in which values differ."""
    t4 = {"machine": "g4dn.xlarge", "gpu": "t4"}
    return {
        "eks": on_eks(),
        "eks-shared": on_eks(
            eks_pool(),
            eks_pool(name="cut", sharing=PROFILE),
            eks_pool(name="mixed", sharing=LAYOUT),
            eks_pool(name="turns", sharing=TURNS, **t4),
        ),
        "eks-mps": on_eks(eks_pool(name="cut", sharing=PROFILE), eks_pool(name="at-once", sharing=MPS, **t4)),
        "eks-claims": on_eks(eks_pool(sharing=DEVICES, capacity=kept())),
        "gke-cos": on_gke(a_pool(), operated()),
        "gke-cos-claims": on_gke(operated(sharing=DEVICES)),
        "gke-ubuntu": on_gke(
            operated(sharing=PROFILE, gke=UBUNTU), operator=HELM | {"driver": {"version": "580.126.16"}}
        ),
        "gke-ubuntu-claims": on_gke(
            operated(sharing=DEVICES, gke=UBUNTU), operator=HELM | {"driver": {"version": "580.126.16"}}
        ),
        "existing": elsewhere(a_pool(sharing=TURNS), operator=HELM | {"driver": {"version": "580.126.16"}}),
        "existing-claims": elsewhere(
            a_pool(sharing=DEVICES, capacity=kept()), operator=HELM | {"driver": {"version": "580.126.16"}}
        ),
        "local": a_plan(a_sharing_stack("local", PROFILE)),
    }
