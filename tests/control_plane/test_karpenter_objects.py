"""What Karpenter's AWS provider is given, as a real API server takes it by Karpenter's own CRDs."""

import json
import subprocess
from pathlib import Path

import pytest
from lightkube import codecs
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_global_resource
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition

from mizan import versions
from mizan.manifests import karpenter
from tests.eks_stacks import an_eks_plan, eks_pool
from tests.operator_stacks import of_pools
from tests.sharing_stacks import LAYOUT, PROFILE, TURNS

pytestmark = pytest.mark.control_plane

MODULE = f"github.com/aws/karpenter-provider-aws@v{versions.KARPENTER}"
CRD = "pkg/apis/crds/karpenter.k8s.aws_ec2nodeclasses.yaml"
NAME = "ec2nodeclasses.karpenter.k8s.aws"

create_global_resource("karpenter.k8s.aws", "v1", "EC2NodeClass", "ec2nodeclasses")
create_global_resource("karpenter.sh", "v1", "NodePool", "nodepools")
create_global_resource("karpenter.sh", "v1alpha1", "NodeOverlay", "nodeoverlays")

RESERVATION = {"name": "held", "kind": "reservation", "machine": "p4d.24xlarge", "nodes": 1}
SAVINGS = {"name": "plan", "kind": "savings-plan", "usdPerHour": 30, "discountPercent": 30}
GIVEN = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}

# A node's resources that Karpenter learns from overlays alone.
SHARED = {"nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb", "nvidia.com/mig-2g.10gb", "nvidia.com/mig-3g.20gb"}


@pytest.fixture(scope="module")
def ec2_node_class(tmp_path_factory):
    """The CRD as Karpenter's AWS provider ships it, from Go's module cache or its proxy."""
    command = ["go", "mod", "download", "-json", MODULE]
    found = subprocess.run(command, cwd=tmp_path_factory.mktemp("go"), capture_output=True, text=True, check=True)
    (crd,) = codecs.load_all_yaml((Path(json.loads(found.stdout)["Dir"]) / CRD).read_text())
    return crd


@pytest.fixture
def with_crd(client, ec2_node_class, eventually):
    """A client of the session's control plane, which keeps the CRD: nothing there minds it."""

    def is_established():
        conditions = client.get(CustomResourceDefinition, NAME).status.conditions or []
        return any(item.type == "Established" and item.status == "True" for item in conditions)

    if all(crd.metadata.name != NAME for crd in client.list(CustomResourceDefinition)):
        client.create(ec2_node_class)
    eventually(is_established)
    return client


def a_full_plan():
    """Spot, on-demand, reserved and discounted nodes, with disks of their own and without, whole GPUs and shared."""
    both = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 3}]
    pools = [
        eks_pool(capacity=both, zones=["us-east-1a"], karpenter={"expireAfterHours": 24}),
        eks_pool(name="v100", machine="p3.16xlarge", gpu="v100-16gb", diskGib=500),
        eks_pool(name="cut", sharing=PROFILE, capacity=both),
        eks_pool(name="mixed", sharing=LAYOUT),
        eks_pool(name="turns", machine="g4dn.xlarge", gpu="t4", sharing=TURNS),
    ]
    return an_eks_plan(**of_pools(*pools), commitments=[RESERVATION, SAVINGS], labels={"environment": "prod"})


def lost(sent, kept, path=""):
    """What an API server dropped of an object because its schema does not know it, or changed."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        return [
            fault
            for key, value in sent.items()
            for fault in (lost(value, kept[key], f"{path}.{key}") if key in kept else [f"{path}.{key}"])
        ]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        pairs = zip(sent, kept, strict=True)
        return [fault for index, (a, b) in enumerate(pairs) for fault in lost(a, b, f"{path}[{index}]")]
    return [] if sent == kept else [f"{path}: {sent!r} became {kept!r}"]


def test_every_object_is_taken_whole(with_crd):
    plans = (a_full_plan(), an_eks_plan({"network": GIVEN}))
    bodies = [body for plan in plans for body in karpenter.karpenter_nodes(plan)]
    assert {body["kind"] for body in bodies} == {"EC2NodeClass", "NodePool", "NodeOverlay"}
    told = [body["spec"]["capacity"] for body in bodies if body["kind"] == "NodeOverlay"]
    assert {resource for capacity in told for resource, amount in capacity.items() if amount != "0"} == SHARED
    for body in bodies:
        kept = with_crd.create(codecs.from_dict(body), dry_run=True).to_dict()
        assert lost(body["spec"], kept["spec"]) == [], body["metadata"]["name"]


def test_what_the_schema_does_not_know_is_seen_to_be_lost(with_crd):
    body = karpenter.karpenter_nodes(an_eks_plan())[0]
    body["spec"]["metadataOptions"]["hopLimit"] = 1
    kept = with_crd.create(codecs.from_dict(body), dry_run=True).to_dict()
    assert lost(body["spec"], kept["spec"]) == [".metadataOptions.hopLimit"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"amiSelectorTerms": [{"alias": "al2023"}]}, "'alias' is improperly formatted"),
        ({"tags": {"karpenter.sh/nodepool": "a"}}, "restricted tag matching karpenter.sh/nodepool"),
        ({"instanceStorePolicy": "RAID1"}, "Unsupported value"),
    ],
)
def test_what_karpenter_refuses_is_refused(with_crd, change, told):
    body = karpenter.karpenter_nodes(an_eks_plan())[0]
    body["spec"].update(change)
    with pytest.raises(ApiError, match=told):
        with_crd.create(codecs.from_dict(body), dry_run=True)
