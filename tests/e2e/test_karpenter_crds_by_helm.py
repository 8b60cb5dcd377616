"""Karpenter's CRDs, which the simulated Karpenter needs first and the program's own chart takes over."""

import pytest
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition

from local.control_plane import TOOLS, Action, ControlPlane, State
from local.engine import Engine
from local.home import Home
from local.progress import Reporter
from local.toolchain import CLOUDS, default_cache, ensure
from tests.control_plane.cluster_builders import INSTANCE_TYPES, NodeClass, NodePool, node_pool
from tests.e2e.platforms import TestPlatform, program, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STACK = ("--stack", "crds", "--yes", "--skip-preview")
OWNER = "meta.helm.sh/release-name"
EXTRA = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "computeclasses.cloud.google.com"},
    "spec": {
        "group": "cloud.google.com",
        "scope": "Cluster",
        "names": {"kind": "ComputeClass", "plural": "computeclasses"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


@pytest.fixture(scope="module")
def tools():
    names = (*TOOLS, CLOUDS, "kubectl", "pulumi", "pulumi-resource-kubernetes")
    return ensure(names, cache=default_cache(), reporter=Reporter())


@pytest.fixture
def plane(tools, tmp_path):
    plane = ControlPlane(Home(tmp_path / "home"), tools, Reporter(), kueue_settings=None)
    try:
        plane.start(instance_types=INSTANCE_TYPES, objects=[EXTRA], karpenter_release=True)
        Engine(plane.home, tools, Reporter()).link_tools()
        yield plane
    finally:
        plane.stop()


def crds(client):
    return {each.metadata.name: each for each in client.list(CustomResourceDefinition)}


def is_ready(client, name):
    conditions = (client.get(NodePool, name).status or {}).get("conditions", [])
    return {each["type"]: each["status"] for each in conditions}.get("Ready") == "True"


def test_the_chart_takes_the_crds_over_from_a_karpenter_that_goes_on(plane, tools, tmp_path):
    folder = program("karpenter_crds_by_helm", tmp_path / "program")
    chart = {"KARPENTER_CRD_CHART": str(tools.crd_chart(CLOUDS))}
    platform = TestPlatform(plane.home)
    assert platform.pulumi(folder, "stack", "init", "crds").status == 0
    with plane.client() as client:
        assert {"computeclasses.cloud.google.com", "nodepools.karpenter.sh"} <= set(crds(client))
        up = platform.pulumi(folder, "up", *STACK, **chart)
        assert up.status == 0, up.text
        held = crds(client)
        assert {"ec2nodeclasses.karpenter.k8s.aws", "nodepools.karpenter.sh"} <= set(held)
        owned = {name for name, crd in held.items() if OWNER in (crd.metadata.annotations or {})}
        assert set(held) - owned == {"kwoknodeclasses.karpenter.kwok.sh", "computeclasses.cloud.google.com"}

        client.create(NodeClass({"metadata": {"name": "after"}}))
        client.create(node_pool("after"))
        wait_until(lambda: is_ready(client, "after"), seconds=30, told="Karpenter sees a pool made after the adoption")
        assert set(plane.start().actions.values()) == {Action.KEPT}
        versions = {name: crd.metadata.resourceVersion for name, crd in held.items()}
        assert {name: crd.metadata.resourceVersion for name, crd in crds(client).items()} == versions

        client.delete(NodePool, "after")
        wait_until(lambda: not list(client.list(NodePool)), seconds=30, told="Karpenter lets go of the pool")
        down = platform.pulumi(folder, "destroy", *STACK, **chart)
        assert down.status == 0, down.text
        assert not owned & set(crds(client))
    # What Karpenter makes of that is its own affair; it comes back with its CRDs, and everything can be ended.
    plane.start()
    assert {row.state for row in plane.status() if row.name != "kueue"} == {State.RUNNING}
    with plane.client() as client:
        assert {"nodepools.karpenter.sh", "nodeclaims.karpenter.sh"} <= set(crds(client))
    plane.stop()
    assert {row.state for row in plane.status()} == {State.STOPPED}
