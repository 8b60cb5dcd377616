"""Each manifest by itself. Together they are in test_manifests_together.py."""

from mizan.manifests.kwok_nodes import instance_types, node_class, node_pool
from tests.builders import a_plan, a_pool, a_queue, a_stack

SPOT, ON_DEMAND = a_plan().offers


def test_a_pool_scales_from_nothing_to_its_offer_s_limit_and_back():
    spec = node_pool(SPOT)["spec"]
    assert spec["limits"] == {"nvidia.com/gpu": "8"}
    assert spec["disruption"]["consolidationPolicy"] == "WhenEmpty"
    assert spec["disruption"]["consolidateAfter"] == "30s"
    assert spec["template"]["spec"]["expireAfter"] == "Never"


def test_a_pool_makes_nodes_of_its_own_machine_and_capacity_type_only():
    template = node_pool(ON_DEMAND)["spec"]["template"]
    assert template["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "mizan",
        "mizan.dev/pool": "a100",
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
    }
    assert [(item["key"], item["operator"], item["values"]) for item in template["spec"]["requirements"]] == [
        ("node.kubernetes.io/instance-type", "In", ["a2-highgpu-4g"]),
        ("karpenter.sh/capacity-type", "In", ["on-demand"]),
        ("kubernetes.io/arch", "In", ["amd64"]),
        ("kubernetes.io/os", "In", ["linux"]),
    ]
    reference = template["spec"]["nodeClassRef"]
    assert reference == {
        "group": "karpenter.kwok.sh",
        "kind": "KWOKNodeClass",
        "name": node_class()["metadata"]["name"],
    }


def test_karpenter_reads_machines_with_their_gpus_and_prices():
    (machine,) = instance_types(a_plan())
    assert machine["name"] == "a2-highgpu-4g"
    assert machine["resources"] == {
        "cpu": "48",
        "memory": "340Gi",
        "ephemeral-storage": "200Gi",
        "pods": "110",
        "nvidia.com/gpu": "4",
    }
    assert [(offering["Price"], offering["Available"]) for offering in machine["offerings"]] == [
        (14.69354, True),
        (7.71208, True),
    ]
    assert [offering["Requirements"] for offering in machine["offerings"]] == [
        [
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": [kind]},
            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-central1-a"]},
        ]
        for kind in ("on-demand", "spot")
    ]


def test_two_pools_of_one_machine_share_its_instance_type():
    pools = [
        a_pool(capacity=[{"type": "spot", "maxNodes": 2}]),
        a_pool(name="b", capacity=[{"type": "on-demand", "maxNodes": 2}]),
    ]
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "spot", "gpus": 1}])
    (machine,) = instance_types(a_plan(a_stack(pools=pools, queues=[queue])))
    assert len(machine["offerings"]) == 2
