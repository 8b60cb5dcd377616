"""NVIDIA's device plugin: on which nodes, past which taints, and with which rights."""

import pytest

from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.device_plugin import device_plugin
from mizan.manifests.karpenter import karpenter_nodes
from mizan.rules import RULES
from tests.builders import a_plan
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan


def pod():
    return device_plugin()["spec"]["template"]["spec"]


def node_pools():
    return [body for body in karpenter_nodes(an_eks_plan()) if body["kind"] == "NodePool"]


def test_it_is_a_daemonset_of_the_platform_s_in_the_system_s_namespace():
    body = device_plugin()
    assert (body["apiVersion"], body["kind"]) == ("apps/v1", "DaemonSet")
    assert body["metadata"] == {
        "name": "nvidia-device-plugin",
        "namespace": "kube-system",
        "labels": {"app.kubernetes.io/managed-by": "mizan"},
        "annotations": {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"},
    }
    assert pod()["priorityClassName"] == "system-node-critical"


def test_its_pods_are_those_that_it_selects():
    spec = device_plugin()["spec"]
    assert spec["selector"]["matchLabels"] == {"app.kubernetes.io/name": "nvidia-device-plugin"}
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_it_runs_on_the_nodes_of_every_pool_of_karpenter_s_and_on_no_system_node():
    assert pod()["nodeSelector"] == {"karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia"}
    requirements = [pool["spec"]["template"]["spec"]["requirements"] for pool in node_pools()]
    wanted = {"key": "karpenter.k8s.aws/instance-gpu-manufacturer", "operator": "In", "values": ["nvidia"]}
    assert len(requirements) == 2
    assert all(wanted in each for each in requirements)


def test_it_gets_past_every_taint_of_the_pools_whatever_its_value_and_past_no_other():
    taints = {
        (taint["key"], taint["effect"]) for pool in node_pools() for taint in pool["spec"]["template"]["spec"]["taints"]
    }
    assert taints == {("nvidia.com/gpu", "NoSchedule"), ("mizan.dev/spot", "NoSchedule")}
    assert {(each["key"], each["effect"]) for each in pod()["tolerations"]} == taints
    assert [each["operator"] for each in pod()["tolerations"]] == ["Exists", "Exists"]
    assert not any("value" in each for each in pod()["tolerations"])


def test_it_has_the_kubelet_s_folder_of_plugins_and_no_right_beyond_it():
    (container,) = pod()["containers"]
    (volume,) = pod()["volumes"]
    assert container["image"] == "nvcr.io/nvidia/k8s-device-plugin:v0.20.0"
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": "/var/lib/kubelet/device-plugins"}]
    assert volume["hostPath"] == {"path": "/var/lib/kubelet/device-plugins", "type": "Directory"}
    assert pod()["automountServiceAccountToken"] is False


def test_it_takes_nothing_of_what_a_full_node_leaves():
    (container,) = pod()["containers"]
    assert "resources" not in container
    assert keys.NVIDIA_GPU not in str(container)


@pytest.mark.parametrize(("plan", "found"), [(an_eks_plan(), 1), (a_gke_plan(), 0), (a_plan(), 0)])
def test_only_a_stack_on_eks_has_it_and_before_its_pools(plan, found):
    kinds = [body["kind"] for body in manifests_of(plan)]
    assert kinds.count("DaemonSet") == found
    if found:
        assert kinds.index("DaemonSet") < kinds.index("NodePool")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_policy_pack_lets_it_in(rule):
    assert rule.verdict(device_plugin()) == []
