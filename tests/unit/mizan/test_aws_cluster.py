"""The control plane, its add-ons, its system nodes and their roles, as arguments."""

import json
from dataclasses import replace

import pytest

from mizan import versions
from mizan.clouds.aws import addons, cluster, iam, system_nodes
from mizan.clouds.aws.interruptions import rule_args
from mizan.clouds.aws.site import eks_of, site_of
from mizan.clouds.aws.tags import provider_args
from mizan.config import Access, AccessPolicy, ControlPlaneLog
from mizan.errors import PlatformError
from tests.builders import a_plan
from tests.eks_stacks import ACCOUNT, OFFICE, an_eks_plan, an_eks_stack, an_eks_stack_in_a_given_vpc

PLAN = an_eks_plan()
SITE = site_of(PLAN)


def cluster_of(**eks: object):
    plan = an_eks_plan(eks)
    return cluster.cluster_args(plan, site_of(plan), role_arn="role", subnet_ids=["a", "b"], key_arn="key")


def test_the_cluster_is_made_as_the_stack_says():
    assert cluster_of() == {
        "name": "eks-test",
        "version": "1.35",
        "role_arn": "role",
        "access_config": {"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
        "vpc_config": {
            "subnet_ids": ["a", "b"],
            "endpoint_private_access": True,
            "endpoint_public_access": True,
            "public_access_cidrs": ["203.0.113.0/24"],
        },
        "encryption_config": {"provider": {"key_arn": "key"}, "resources": ["secrets"]},
        "enabled_cluster_log_types": ["api", "audit", "authenticator"],
        "upgrade_policy": {"support_type": "STANDARD"},
        "bootstrap_self_managed_addons": False,
        "deletion_protection": True,
    }


def test_only_authorised_networks_reach_the_control_plane_from_the_internet():
    agency = {"name": "agency", "cidr": "198.51.100.0/24"}
    assert cluster_of(authorisedNetworks=[OFFICE, agency])["vpc_config"]["public_access_cidrs"] == [
        "203.0.113.0/24",
        "198.51.100.0/24",
    ]


def test_in_a_given_vpc_without_authorised_networks_the_internet_does_not_reach_the_control_plane():
    network = an_eks_stack_in_a_given_vpc()["eks"]["network"]
    assert cluster_of(authorisedNetworks=[], network=network)["vpc_config"] == {
        "subnet_ids": ["a", "b"],
        "endpoint_private_access": True,
        "endpoint_public_access": False,
    }


@pytest.mark.parametrize(
    ("key", "value", "argument", "expected"),
    [
        ("logs", [], "enabled_cluster_log_types", []),
        ("logs", [ControlPlaneLog.AUDIT.value], "enabled_cluster_log_types", ["audit"]),
        ("deletionProtection", False, "deletion_protection", False),
        ("version", "1.35", "version", "1.35"),
    ],
)
def test_each_setting_reaches_its_argument(key, value, argument, expected):
    assert cluster_of(**{key: value})[argument] == expected


def test_logs_are_kept_where_eks_writes_them_for_as_long_as_the_stack_says():
    plan = an_eks_plan({"logRetentionDays": 365})
    assert cluster.log_group_args(plan, SITE) == {"name": "/aws/eks/eks-test/cluster", "retention_in_days": 365}


def test_somebody_gets_one_policy_in_the_whole_cluster():
    access = Access(principal="arn:aws:iam::123456789012:role/dev", policy=AccessPolicy.VIEW)
    assert cluster.access_entry_args(access, cluster_name="c")["type"] == "STANDARD"
    assert cluster.access_policy_args(access, SITE, cluster_name="c") == {
        "cluster_name": "c",
        "principal_arn": "arn:aws:iam::123456789012:role/dev",
        "policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "access_scope": {"type": "cluster"},
    }


def test_the_kubeconfig_holds_address_certificate_and_a_command_but_no_secret():
    text = cluster.kubeconfig(SITE, endpoint="https://example", authority="Q0E=")
    body = json.loads(text)
    assert body["clusters"][0]["cluster"] == {"server": "https://example", "certificate-authority-data": "Q0E="}
    (user,) = body["users"]
    assert set(user["user"]) == {"exec"}
    assert [user["user"]["exec"]["command"], *user["user"]["exec"]["args"]] == [
        "aws",
        "eks",
        "get-token",
        "--cluster-name",
        "eks-test",
        "--region",
        "us-east-1",
        "--output",
        "json",
    ]
    assert (body["current-context"], body["contexts"][0]["context"]) == (
        "eks-test",
        {"cluster": "eks-test", "user": "eks-test"},
    )


@pytest.mark.parametrize("name", [*addons.BEFORE_NODES, *addons.AFTER_NODES])
def test_every_core_add_on_is_pinned_for_every_version_of_kubernetes_that_a_stack_may_ask_for(name):
    for version, pinned in versions.EKS_ADDONS.items():
        assert set(pinned) == {*addons.BEFORE_NODES, *addons.AFTER_NODES}
        args = addons.addon_args(an_eks_plan({"version": version}), name, cluster_name="c", role_arn="role")
        assert (args["addon_name"], args["addon_version"]) == (name, pinned[name])
        assert "-eksbuild." in pinned[name]
        assert version in versions.EKS_NODE_RELEASES


def test_kube_proxy_is_of_the_cluster_s_minor_version():
    for version, pinned in versions.EKS_ADDONS.items():
        assert pinned["kube-proxy"].startswith(f"v{version}.")
        assert versions.EKS_NODE_RELEASES[version].startswith(f"{version}.")
    assert versions.EKS in versions.EKS_ADDONS


def test_the_network_plugin_enforces_network_policies():
    args = addons.addon_args(PLAN, "vpc-cni", cluster_name="c")
    assert json.loads(args["configuration_values"]) == {"enableNetworkPolicy": "true"}


def test_only_the_volume_driver_has_rights_at_aws():
    with_rights = [
        name
        for name in (*addons.BEFORE_NODES, *addons.AFTER_NODES)
        if "pod_identity_associations" in addons.addon_args(PLAN, name, cluster_name="c", role_arn="role")
    ]
    assert with_rights == ["aws-ebs-csi-driver"]
    args = addons.addon_args(PLAN, "aws-ebs-csi-driver", cluster_name="c", role_arn="role")
    assert args["pod_identity_associations"] == [{"service_account": "ebs-csi-controller-sa", "role_arn": "role"}]


def test_only_controllers_run_on_system_nodes():
    plan = an_eks_plan({"systemPool": {"machine": "m7i.2xlarge", "minNodes": 3, "maxNodes": 5}})
    args = system_nodes.node_group_args(
        plan, cluster_name="c", role_arn="role", subnet_ids=["a"], template_id="lt-1", template="2"
    )
    assert args["taints"] == [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"}]
    assert args["scaling_config"] == {"min_size": 3, "max_size": 5, "desired_size": 3}
    assert (args["instance_types"], args["ami_type"]) == (["m7i.2xlarge"], "AL2023_x86_64_STANDARD")
    assert (args["version"], args["release_version"]) == ("1.35", "1.35.6-20260714")
    assert args["launch_template"] == {"id": "lt-1", "version": "2"}


def test_no_pod_becomes_the_node_it_runs_on_and_no_disk_is_in_clear():
    args = system_nodes.launch_template_args(PLAN, SITE)
    assert args["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    (disk,) = args["block_device_mappings"]
    assert (disk["ebs"]["encrypted"], disk["ebs"]["volume_type"]) == ("true", "gp3")


def test_machines_disks_and_interfaces_carry_the_tags_that_the_bill_is_split_by():
    plan = an_eks_plan(labels={"environment": "prod"})
    tags = {"managed-by": "mizan", "stack": "eks-test", "environment": "prod"}
    found = {
        item["resource_type"]: item["tags"]
        for item in system_nodes.launch_template_args(plan, SITE)["tag_specifications"]
    }
    named = tags | {"Name": "eks-test-system"}
    assert found == {"instance": named, "volume": named, "network-interface": named}
    assert provider_args(plan, account=ACCOUNT) == {
        "region": "us-east-1",
        "allowed_account_ids": [ACCOUNT],
        "default_tags": {"tags": tags},
    }


def test_a_pod_s_role_is_had_through_pod_identity_and_tagged_with_the_pod():
    (statement,) = json.loads(iam.pod_trust())["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_the_cluster_may_use_its_key_and_no_other():
    (statement,) = json.loads(iam.secrets_key_document("arn:key"))["Statement"]
    assert statement["Resource"] == "arn:key"
    assert statement["Action"] == ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"]


@pytest.mark.parametrize(
    ("region", "service", "policy"),
    [
        ("us-east-1", "ec2.amazonaws.com", "arn:aws:iam::aws:policy/P"),
        ("cn-north-1", "ec2.amazonaws.com.cn", "arn:aws-cn:iam::aws:policy/P"),
        ("us-gov-west-1", "ec2.amazonaws.com", "arn:aws-us-gov:iam::aws:policy/P"),
    ],
)
def test_each_partition_has_its_own_names(region, service, policy):
    site = site_of(replace(PLAN, region=region))
    assert json.loads(iam.node_trust(site))["Statement"][0]["Principal"] == {"Service": service}
    assert site.aws_policy("P") == policy


@pytest.mark.parametrize("stack", ["a" * 43, "eks.prod", "-eks", "eks prod"])
def test_a_stack_whose_name_makes_no_cluster_s_is_refused(stack):
    with pytest.raises(PlatformError, match="letters, digits, dashes and underscores, at most 42 of them"):
        site_of(a_plan(an_eks_stack(), stack=stack))


def test_the_longest_name_makes_no_rule_s_name_too_long():
    site = site_of(a_plan(an_eks_stack(), stack="a" * 42))
    assert max(len(args["name"]) for args in rule_args(site).values()) == 64


def test_a_stack_elsewhere_has_no_site_at_aws():
    with pytest.raises(ValueError, match="stack test is not on EKS"):
        eks_of(a_plan())
