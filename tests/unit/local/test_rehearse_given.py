"""What a stack names and does not make is in the simulated cloud before it comes."""

import pytest

from local.rehearsal.store import Condition, Store, leftovers
from local.rehearse.given import given, place
from tests.eks_stacks import ACCOUNT, an_eks_plan
from tests.gke_stacks import PROJECT, a_gke_plan, a_gke_stack

KEY = f"projects/{PROJECT}/locations/us-central1/keyRings/ring/cryptoKeys/key"
SHARED = {"network": "shared", "subnetwork": "gpu", "podsRange": "pods", "servicesRange": "services"}
ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
PEOPLE = [
    {"principal": f"arn:aws:iam::{ACCOUNT}:role/team/platform", "policy": "AmazonEKSViewPolicy"},
    {"principal": "arn:aws:iam::210987654321:role/auditor", "policy": "AmazonEKSViewPolicy"},
]


def placed(folder, plan, package):
    place(plan, folder, package)
    return {record.id: record for record in Store(folder, package).records()}


@pytest.mark.parametrize("plan", [a_gke_plan(), an_eks_plan()])
def test_a_stack_that_makes_everything_is_given_nothing(plan):
    assert given(plan) == []


def test_google_has_the_key_and_the_shared_network(tmp_path):
    plan = a_gke_plan(a_gke_stack({"secretsKey": KEY, "network": SHARED}))
    there = placed(tmp_path, plan, "gcp")
    assert set(there) == {
        KEY.partition("/cryptoKeys")[0],
        KEY,
        f"projects/{PROJECT}/global/networks/shared",
        f"projects/{PROJECT}/regions/us-central1/subnetworks/gpu",
    }
    subnetwork = there[f"projects/{PROJECT}/regions/us-central1/subnetworks/gpu"]
    assert [each["rangeName"] for each in subnetwork.outputs["secondaryIpRanges"]] == ["pods", "services"]


def test_aws_has_the_key_the_subnets_and_the_account_s_own_people(tmp_path):
    plan = an_eks_plan({"secretsKey": ARN, "network": VPC, "access": PEOPLE})
    there = placed(tmp_path, plan, "aws")
    assert set(there) == {ARN.partition(":key/")[2], VPC["vpc"], *VPC["subnets"], "platform"}
    assert there[ARN.partition(":key/")[2]].outputs["arn"] == ARN
    assert there["platform"].outputs["arn"] == PEOPLE[0]["principal"]
    zones = {there[subnet].outputs["availabilityZone"] for subnet in VPC["subnets"]}
    assert zones == {"us-east-1a", "us-east-1b"}


def test_it_is_nobody_s_to_destroy_and_is_placed_once(tmp_path):
    plan = a_gke_plan(a_gke_stack({"secretsKey": KEY}))
    once, again = placed(tmp_path, plan, "gcp"), placed(tmp_path, plan, "gcp")
    assert once == again
    assert {record.condition for record in again.values()} == {Condition.FOREIGN}
    assert leftovers(tmp_path) == []
