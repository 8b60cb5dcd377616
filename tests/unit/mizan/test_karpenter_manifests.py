"""What Karpenter makes nodes of on EKS."""

from dataclasses import replace

import pytest

from mizan import keys
from mizan.manifests import karpenter
from mizan.manifests.node_pools import node_overlays
from mizan.sharing import SharingMode, sharing_of
from tests.builders import a_queue
from tests.eks_stacks import ACCOUNT, an_eks_plan, eks_pool

BOTH = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 2}]
RESERVATION = {"name": "held", "kind": "reservation", "machine": "p4d.24xlarge", "nodes": 1}
BLOCK = {"name": "block", "kind": "capacity-block", "machine": "p4d.24xlarge", "nodes": 1, "usdPerHour": 20}
SAVINGS = {"name": "plan", "kind": "savings-plan", "usdPerHour": 30, "discountPercent": 30}


def the_plan(*pools, **changes):
    """Every pool in one queue, without any job."""
    pools = pools or (eks_pool(capacity=BOTH),)
    quotas = [{"pool": pool["name"], "gpus": 1} for pool in pools]
    queues = [a_queue(fallback="capacity", quotas=quotas, workload={"maxRunHours": 1})]
    return an_eks_plan(pools=list(pools), queues=queues, jobs=[], **changes)


def class_of(**pool):
    plan = the_plan(eks_pool(**pool))
    return karpenter.node_class(plan.pools[0], plan)["spec"]


def pools_of(plan):
    """The NodePools by name."""
    return {offer.name: karpenter.node_pool(offer, pool, plan)["spec"] for pool in plan.pools for offer in pool.offers}


def required(spec):
    return {item["key"]: item["values"] for item in spec["template"]["spec"]["requirements"]}


def test_a_pool_s_machines_start_from_a_pinned_image_in_the_cluster_s_private_subnets():
    plan = the_plan(labels={"environment": "prod"})
    body = karpenter.node_class(plan.pools[0], plan)
    assert (body["apiVersion"], body["kind"], body["metadata"]["name"]) == (
        "karpenter.k8s.aws/v1",
        "EC2NodeClass",
        "a100",
    )
    assert body["spec"] == {
        "amiSelectorTerms": [{"alias": "al2023@v20260714"}],
        "role": "eks-test-karpenter-node",
        "subnetSelectorTerms": [{"tags": {"karpenter.sh/discovery": "eks-test"}}],
        "securityGroupSelectorTerms": [{"tags": {"karpenter.sh/discovery": "eks-test"}}],
        "associatePublicIPAddress": False,
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpProtocolIPv6": "disabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        },
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "rootVolume": True,
                "ebs": {
                    "volumeSize": "100Gi",
                    "volumeType": "gp3",
                    "encrypted": True,
                    "deleteOnTermination": True,
                },
            }
        ],
        "instanceStorePolicy": "RAID0",
        "tags": {"environment": "prod", "managed-by": "mizan", "stack": "eks-test", "mizan.dev/pool": "a100"},
    }


def test_the_image_is_the_stack_s_where_it_names_one():
    plan = the_plan(addons={"kueue": {"install": "helm"}, "karpenter": {"ami": "al2023@v20260810"}})
    assert karpenter.node_class(plan.pools[0], plan)["spec"]["amiSelectorTerms"] == [{"alias": "al2023@v20260810"}]


def test_given_subnets_are_found_by_their_ids():
    ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    plan = the_plan(eks={"network": {"vpc": "vpc-0123456789abcdef0", "subnets": ids}})
    assert karpenter.node_class(plan.pools[0], plan)["spec"]["subnetSelectorTerms"] == [{"id": each} for each in ids]


def test_the_disk_is_as_large_as_the_pool_says():
    assert class_of(diskGib=500)["blockDeviceMappings"][0]["ebs"]["volumeSize"] == "500Gi"


def test_a_machine_without_disks_of_its_own_has_none_to_join():
    assert "instanceStorePolicy" not in class_of(machine="p3.16xlarge", gpu="v100-16gb")


def test_an_offer_is_a_node_pool_of_its_machine_with_its_labels_taints_and_limit():
    plan = the_plan(eks_pool(capacity=BOTH, zones=["us-east-1a", "us-east-1b"]))
    assert pools_of(plan)["spot-a100"] == {
        "template": {
            "metadata": {
                "labels": {
                    "app.kubernetes.io/managed-by": "mizan",
                    "mizan.dev/pool": "a100",
                    "mizan.dev/capacity-type": "spot",
                    "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
                }
            },
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "a100"},
                "taints": [
                    {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
                    {"key": "mizan.dev/spot", "value": "true", "effect": "NoSchedule"},
                ],
                "requirements": [
                    {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["p4d.24xlarge"]},
                    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]},
                    {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
                    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                    {"key": "karpenter.k8s.aws/instance-gpu-name", "operator": "In", "values": ["a100"]},
                    {"key": "karpenter.k8s.aws/instance-gpu-count", "operator": "In", "values": ["8"]},
                    {"key": "karpenter.k8s.aws/instance-gpu-manufacturer", "operator": "In", "values": ["nvidia"]},
                    {
                        "key": "topology.kubernetes.io/zone",
                        "operator": "In",
                        "values": ["us-east-1a", "us-east-1b"],
                    },
                ],
                "expireAfter": "Never",
                "terminationGracePeriod": "90s",
            },
        },
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": "30s",
            "budgets": [
                {"nodes": "100%", "reasons": ["Empty"]},
                {"nodes": "0", "reasons": ["Drifted", "Underutilized"]},
            ],
        },
        "weight": plan.offers[0].weight,
        "limits": {"nvidia.com/gpu": "16"},
    }


def test_what_is_tried_first_weighs_more():
    plan = the_plan()
    found = pools_of(plan)
    assert [offer.name for offer in plan.pools[0].offers] == ["spot-a100", "ondemand-a100"]
    assert found["spot-a100"]["weight"] > found["ondemand-a100"]["weight"]


@pytest.mark.parametrize(
    ("hours", "on_spot", "on_demand"), [(None, "90s", None), (24, "90s", "90s")], ids=["for ever", "a day"]
)
def test_nodes_that_go_whatever_runs_on_them_end_their_pods_in_time(hours, on_spot, on_demand):
    settings = {} if hours is None else {"karpenter": {"expireAfterHours": hours}}
    found = pools_of(the_plan(eks_pool(capacity=BOTH, **settings)))
    grace = {name: spec["template"]["spec"].get("terminationGracePeriod") for name, spec in found.items()}
    assert grace == {"spot-a100": on_spot, "ondemand-a100": on_demand}


def test_the_grace_of_a_spot_node_ends_before_its_notice_does():
    """120 s: Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html."""
    assert int(karpenter.GRACE.removesuffix("s")) <= 120 - 30


def test_no_node_with_a_pod_on_it_is_replaced_for_being_outdated_or_dear():
    for spec in pools_of(the_plan(eks_pool(capacity=BOTH, karpenter={"expireAfterHours": 24}))).values():
        budgets = {reason: item["nodes"] for item in spec["disruption"]["budgets"] for reason in item["reasons"]}
        assert budgets == {"Empty": "100%", "Drifted": "0", "Underutilized": "0"}
        assert spec["disruption"]["consolidationPolicy"] == "WhenEmpty"


@pytest.mark.parametrize(
    ("commitments", "capacity_types", "terms"),
    [
        ([RESERVATION], ["reserved"], ["held"]),
        ([BLOCK], ["reserved"], ["block"]),
        ([SAVINGS], ["on-demand"], []),
        ([RESERVATION, SAVINGS], ["reserved", "on-demand"], ["held"]),
    ],
    ids=["reservation", "capacity block", "savings plan", "both"],
)
def test_what_is_reserved_is_used_as_such_and_what_only_costs_less_is_on_demand(commitments, capacity_types, terms):
    plan = the_plan(commitments=commitments)
    assert required(pools_of(plan)["reserved-a100"])["karpenter.sh/capacity-type"] == capacity_types
    found = karpenter.node_class(plan.pools[0], plan)["spec"].get("capacityReservationSelectorTerms", [])
    assert found == [{"tags": {"Name": name}, "ownerID": ACCOUNT} for name in terms]


def test_reserved_nodes_are_not_what_on_demand_pools_ask_for():
    plan = the_plan(commitments=[RESERVATION])
    assert required(pools_of(plan)["ondemand-a100"])["karpenter.sh/capacity-type"] == ["on-demand"]
    assert pools_of(plan)["reserved-a100"]["limits"] == {"nvidia.com/gpu": "8"}
    assert pools_of(plan)["ondemand-a100"]["limits"] == {"nvidia.com/gpu": "8"}


def test_a_node_of_whole_gpus_needs_no_overlay():
    assert node_overlays(the_plan().offers) == []
    assert karpenter.chart_values(the_plan())["settings"]["featureGates"] == {"nodeOverlay": False}


def sharing(plan):
    """The plan with spot GPUs that four pods share each."""
    (pool,) = plan.pools
    spot, on_demand = pool.offers
    by_four = sharing_of(spot.machine.gpu, SharingMode.TIME_SLICING, replicas=4)
    shared = replace(spot, sharing=by_four)
    return replace(plan, pools=(replace(pool, offers=(shared, on_demand)),))


def test_what_a_node_offers_instead_of_whole_gpus_is_told_by_an_overlay_of_its_pool_alone():
    plan = sharing(the_plan())
    (overlay,) = node_overlays(plan.offers)
    assert overlay["spec"] == {
        "requirements": [{"key": "karpenter.sh/nodepool", "operator": "In", "values": ["spot-a100"]}],
        "capacity": {"nvidia.com/gpu": "0", "nvidia.com/gpu.shared": "32"},
    }
    assert karpenter.chart_values(plan)["settings"]["featureGates"] == {"nodeOverlay": True}
    assert [body["kind"] for body in karpenter.karpenter_nodes(plan)] == [
        "EC2NodeClass",
        "NodePool",
        "NodePool",
        "NodeOverlay",
    ]


def test_karpenter_watches_the_cluster_s_own_queue_and_runs_twice_where_two_nodes_are():
    values = karpenter.chart_values(the_plan())
    assert values["settings"]["clusterName"] == values["settings"]["interruptionQueue"] == "eks-test"
    assert (values["replicas"], values["serviceAccount"]) == (2, {"name": "karpenter"})
    alone = the_plan(eks={"systemPool": {"machine": "m7i.xlarge", "minNodes": 1}})
    assert karpenter.chart_values(alone)["replicas"] == 1


def test_a_stack_elsewhere_has_no_karpenter():
    with pytest.raises(ValueError, match="is not on EKS"):
        karpenter.chart_values(replace(the_plan(), eks=None))


# The article's Provisioner: spot and on-demand; p4d.24xlarge, p3.16xlarge and g5.48xlarge; 100 GPUs; empty nodes go
# after 30 s, all after 86 400 s. It asks for the labels of A100 and V100, so that its g5 with A10G could never have
# come; here it can.
ARTICLE = [
    ("p4d.24xlarge", "a100-40gb", "NVIDIA-A100-SXM4-40GB"),
    ("p3.16xlarge", "v100-16gb", "Tesla-V100-SXM2-16GB"),
    ("g5.48xlarge", "a10g", "NVIDIA-A10G"),
]
ARTICLE_GPUS = 100


@pytest.fixture
def article():
    pools = [
        eks_pool(
            name=machine.split(".")[0],
            machine=machine,
            gpu=gpu,
            # 8 GPUs a machine: 12 machines are what 100 GPUs hold.
            capacity=[{"type": "spot", "maxNodes": 3}, {"type": "on-demand", "maxNodes": 1}],
            karpenter={"expireAfterHours": 24, "consolidateAfterSeconds": 30},
        )
        for machine, gpu, _ in ARTICLE
    ]
    return the_plan(*pools)


def test_the_article_s_case_is_kept_field_for_field(article):
    found = pools_of(article)
    asked = [required(spec) for spec in found.values()]
    assert {kind for item in asked for kind in item["karpenter.sh/capacity-type"]} == {"spot", "on-demand"}
    assert {kind for item in asked for kind in item["node.kubernetes.io/instance-type"]} == {
        machine for machine, *_ in ARTICLE
    }
    labels = [spec["template"]["metadata"]["labels"] for spec in found.values()]
    assert {item[keys.GPU_PRODUCT] for item in labels} == {product for *_, product in ARTICLE}
    most = sum(int(spec["limits"]["nvidia.com/gpu"]) for spec in found.values())
    assert most <= ARTICLE_GPUS < most + 8
    for spec in found.values():
        assert spec["disruption"]["consolidationPolicy"] == "WhenEmpty"
        assert spec["disruption"]["consolidateAfter"] == "30s"
        assert spec["template"]["spec"]["expireAfter"] == "24h"
    assert {spec["template"]["spec"]["nodeClassRef"]["kind"] for spec in found.values()} == {"EC2NodeClass"}
