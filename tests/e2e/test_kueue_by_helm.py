"""`addons.kueue.install: helm`: Kueue's own chart, as a real Helm release on a real API server."""

import json

import pytest
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Node
from ruamel.yaml import YAML

from local.control_plane import TOOLS, ControlPlane
from local.engine import Engine
from local.home import Home
from local.progress import Reporter
from local.toolchain import default_cache, ensure
from mizan import keys
from mizan.config import Install, KueueAddon
from mizan.manifests.kueue_settings import manager_configuration
from tests.e2e.platforms import TestPlatform, program

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STACK = ("--stack", "helm", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def tools():
    names = (*TOOLS, "kubectl", "pulumi", "pulumi-resource-kubernetes")
    return ensure(names, cache=default_cache(), reporter=Reporter())


@pytest.fixture
def without_kueue(tools, tmp_path):
    """A cluster that has never seen Kueue, with one simulated node for its controller's pod."""
    home = Home(tmp_path / "home")
    plane = ControlPlane(home, tools, Reporter(), kueue_settings=None)
    plane.start()
    try:
        with plane.client() as client:
            client.apply(Node.from_dict(_node()), field_manager="test")
            Engine(home, tools, Reporter()).link_tools()
            yield TestPlatform(home), client
    finally:
        plane.stop()


def _node():
    return {
        "metadata": {
            "name": "system",
            "annotations": {
                keys.KWOK_NODE: keys.KWOK_NODE_VALUE,
                keys.SIMULATED_RESOURCES: json.dumps({"cpu": "8", "memory": "32Gi", "pods": "20"}),
            },
        }
    }


def test_the_chart_is_installed_with_the_settings_that_the_embedded_kueue_has(without_kueue, tools, tmp_path):
    platform, client = without_kueue
    chart = {"KUEUE_CHART": str(tools.chart("kueue"))}
    folder = program("kueue_by_helm", tmp_path)
    assert platform.pulumi(folder, "stack", "init", "helm").status == 0
    up = platform.pulumi(folder, "up", *STACK, **chart)
    assert up.status == 0, up.text
    settings = client.get(ConfigMap, "kueue-manager-config", namespace="kueue-system")
    installed = YAML(typ="safe").load(settings.data["controller_manager_config.yaml"])
    wanted = manager_configuration(KueueAddon(install=Install.HELM))
    assert {key: installed[key] for key in wanted} == wanted
    deployment = client.get(Deployment, "kueue-controller-manager", namespace="kueue-system")
    assert deployment.status.readyReplicas == 1
    assert client.get(CustomResourceDefinition, "clusterqueues.kueue.x-k8s.io").status.conditions
    again = platform.pulumi(folder, "up", *STACK, **chart)
    assert again.status == 0, again.text
    assert "unchanged" in again.text
    assert "updated" not in again.text
