"""The shipped stacks on GKE and EKS, each built whole under mocks: once, as a cloud's SDK takes seconds."""

from functools import cache

import pytest
from pulumi.runtime.mocks import MockCallArgs

from components.platform import GpuPlatform, GpuPlatformArgs
from mizan.plan import Plan
from tests import eks_stacks, gke_stacks, mocks
from tests.builders import a_plan, shipped_stack
from tests.mocks import Registered

CLOUD_STACKS = ("eks-dev", "eks-prod", "gke-dev", "gke-prod")
PROJECT_NUMBER = "987654321"


def plan_of(stack: str) -> Plan:
    return a_plan(shipped_stack(stack), stack=stack)


@cache
def resources_of(stack: str) -> tuple[Registered, ...]:
    """Return everything that a shipped stack registers, in no order: what needs an output comes when that is there."""
    with pytest.MonkeyPatch.context() as patch:
        gke_stacks.with_answers(patch)
        eks_stacks.with_answers(patch)
        patch.setattr(mocks._Provider, "call", _answer)
        patch.setattr("components.cluster.eks.check_aws", lambda: None)
        # The cluster is only just made, and nobody leaves it.
        patch.setattr("components.site.refuse_departures_of", lambda *_: None)
        patch.delenv("MIZAN_CHARTS", raising=False)
        return tuple(mocks.deploy(lambda: GpuPlatform("mizan", GpuPlatformArgs(plan=plan_of(stack)))))


def _answer(_: mocks._Provider, args: MockCallArgs) -> dict[str, str]:
    assert args.token == "gcp:organizations/getProject:getProject"
    return {"number": PROJECT_NUMBER}
