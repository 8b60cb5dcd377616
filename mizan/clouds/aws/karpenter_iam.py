"""What Karpenter may do in AWS, as its own guide has it, statement by statement.

Source: aws/karpenter-provider-aws@v1.14.1 (bde0065) website/content/en/docs/getting-started/
getting-started-with-karpenter/cloudformation.yaml; tests/data/test_karpenter_policies.py holds each statement to it.
"""

from mizan.clouds.aws.iam import Statement, document
from mizan.clouds.aws.site import Arguments, Site

CREATED = ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
NODE_POOL_TAG = "karpenter.sh/nodepool"
NODE_CLASS_TAG = "karpenter.k8s.aws/ec2nodeclass"
REGION_TAG = "topology.kubernetes.io/region"


def statements(site: Site) -> dict[str, list[Statement]]:
    """Return the statements of each of Karpenter's policies, by the ending of the policy's name."""
    return {
        "karpenter-node-lifecycle": _node_lifecycle(site),
        "karpenter-iam-integration": _iam_integration(site),
        "karpenter-eks-integration": _eks_integration(site),
        "karpenter-interruption": _interruption(site),
        "karpenter-zonal-shift": _zonal_shift(site),
        "karpenter-resource-discovery": _resource_discovery(site),
    }


def policy_args(site: Site) -> dict[str, Arguments]:
    """Return the arguments of each of Karpenter's policies, by the ending of its name."""
    return {
        name: {"name": f"{site.cluster}-{name}", "policy": document(found)} for name, found in statements(site).items()
    }


def _node_lifecycle(site: Site) -> list[Statement]:
    owned = {f"aws:ResourceTag/kubernetes.io/cluster/{site.cluster}": "owned"}
    asked = {
        f"aws:RequestTag/kubernetes.io/cluster/{site.cluster}": "owned",
        "aws:RequestTag/eks:eks-cluster-name": site.cluster,
    }
    of_a_pool = {f"aws:ResourceTag/{NODE_POOL_TAG}": "*"}
    asked_for_a_pool = {f"aws:RequestTag/{NODE_POOL_TAG}": "*"}
    shared = [f"arn:{site.partition}:ec2:{site.region}::{kind}/*" for kind in ("image", "snapshot")]
    ours = ("security-group", "subnet", "capacity-reservation", "placement-group")
    return [
        {
            "Sid": "AllowScopedEC2InstanceAccessActions",
            "Effect": "Allow",
            "Resource": [*shared, *(_any_of(site, kind) for kind in ours)],
            "Action": ["ec2:RunInstances", "ec2:CreateFleet"],
        },
        {
            "Sid": "AllowScopedEC2LaunchTemplateAccessActions",
            "Effect": "Allow",
            "Resource": _any_of(site, "launch-template"),
            "Action": ["ec2:RunInstances", "ec2:CreateFleet"],
            "Condition": {"StringEquals": owned, "StringLike": of_a_pool},
        },
        {
            "Sid": "AllowScopedEC2InstanceActionsWithTags",
            "Effect": "Allow",
            "Resource": [_any_of(site, kind) for kind in CREATED],
            "Action": ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"],
            "Condition": {"StringEquals": asked, "StringLike": asked_for_a_pool},
        },
        {
            "Sid": "AllowScopedResourceCreationTagging",
            "Effect": "Allow",
            "Resource": [_any_of(site, kind) for kind in CREATED],
            "Action": "ec2:CreateTags",
            "Condition": {
                "StringEquals": {**asked, "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]},
                "StringLike": asked_for_a_pool,
            },
        },
        {
            "Sid": "AllowScopedResourceTagging",
            "Effect": "Allow",
            "Resource": _any_of(site, "instance"),
            "Action": "ec2:CreateTags",
            "Condition": {
                "StringEquals": owned,
                "StringLike": of_a_pool,
                "StringEqualsIfExists": {"aws:RequestTag/eks:eks-cluster-name": site.cluster},
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
                },
            },
        },
        {
            "Sid": "AllowScopedDeletion",
            "Effect": "Allow",
            "Resource": [_any_of(site, kind) for kind in ("instance", "launch-template")],
            "Action": ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            "Condition": {"StringEquals": owned, "StringLike": of_a_pool},
        },
    ]


def _iam_integration(site: Site) -> list[Statement]:
    profiles = f"arn:{site.partition}:iam::{site.account}:instance-profile/*"
    owned = {
        f"aws:ResourceTag/kubernetes.io/cluster/{site.cluster}": "owned",
        f"aws:ResourceTag/{REGION_TAG}": site.region,
    }
    asked = {
        f"aws:RequestTag/kubernetes.io/cluster/{site.cluster}": "owned",
        "aws:RequestTag/eks:eks-cluster-name": site.cluster,
        f"aws:RequestTag/{REGION_TAG}": site.region,
    }
    of_a_class = {f"aws:ResourceTag/{NODE_CLASS_TAG}": "*"}
    asked_for_a_class = {f"aws:RequestTag/{NODE_CLASS_TAG}": "*"}
    return [
        {
            "Sid": "AllowPassingInstanceRole",
            "Effect": "Allow",
            "Resource": site.karpenter_node_role_arn,
            "Action": "iam:PassRole",
            "Condition": {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]}},
        },
        {
            "Sid": "AllowScopedInstanceProfileCreationActions",
            "Effect": "Allow",
            "Resource": profiles,
            "Action": ["iam:CreateInstanceProfile"],
            "Condition": {"StringEquals": asked, "StringLike": asked_for_a_class},
        },
        {
            "Sid": "AllowScopedInstanceProfileTagActions",
            "Effect": "Allow",
            "Resource": profiles,
            "Action": ["iam:TagInstanceProfile"],
            "Condition": {"StringEquals": {**owned, **asked}, "StringLike": {**of_a_class, **asked_for_a_class}},
        },
        {
            "Sid": "AllowScopedInstanceProfileActions",
            "Effect": "Allow",
            "Resource": profiles,
            "Action": [
                "iam:AddRoleToInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:DeleteInstanceProfile",
            ],
            "Condition": {"StringEquals": owned, "StringLike": of_a_class},
        },
    ]


def _eks_integration(site: Site) -> list[Statement]:
    return [
        {
            "Sid": "AllowAPIServerEndpointDiscovery",
            "Effect": "Allow",
            "Resource": site.cluster_arn,
            "Action": "eks:DescribeCluster",
        }
    ]


def _interruption(site: Site) -> list[Statement]:
    return [
        {
            "Sid": "AllowInterruptionQueueActions",
            "Effect": "Allow",
            "Resource": site.queue_arn,
            "Action": ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
        }
    ]


def _zonal_shift(site: Site) -> list[Statement]:
    return [
        {
            "Sid": "AllowZonalShiftStatusReadOnly",
            "Effect": "Allow",
            "Resource": "*",
            "Action": ["arc-zonal-shift:GetManagedResource"],
            "Condition": {"StringEquals": {"arc-zonal-shift:ResourceIdentifier": site.cluster_arn}},
        }
    ]


def _resource_discovery(site: Site) -> list[Statement]:
    described = (
        "CapacityReservations",
        "Images",
        "Instances",
        "InstanceStatus",
        "InstanceTypeOfferings",
        "InstanceTypes",
        "LaunchTemplates",
        "PlacementGroups",
        "SecurityGroups",
        "SpotPriceHistory",
        "Subnets",
    )
    return [
        {
            "Sid": "AllowRegionalReadActions",
            "Effect": "Allow",
            "Resource": "*",
            "Action": [f"ec2:Describe{what}" for what in described],
            "Condition": {"StringEquals": {"aws:RequestedRegion": site.region}},
        },
        {
            "Sid": "AllowSSMReadActions",
            "Effect": "Allow",
            "Resource": f"arn:{site.partition}:ssm:{site.region}::parameter/aws/service/*",
            "Action": "ssm:GetParameter",
        },
        {"Sid": "AllowPricingReadActions", "Effect": "Allow", "Resource": "*", "Action": "pricing:GetProducts"},
        {
            "Sid": "AllowUnscopedInstanceProfileListAction",
            "Effect": "Allow",
            "Resource": "*",
            "Action": "iam:ListInstanceProfiles",
        },
        {
            "Sid": "AllowInstanceProfileReadActions",
            "Effect": "Allow",
            "Resource": f"arn:{site.partition}:iam::{site.account}:instance-profile/*",
            "Action": "iam:GetInstanceProfile",
        },
    ]


def _any_of(site: Site, kind: str) -> str:
    return f"arn:{site.partition}:ec2:{site.region}:*:{kind}/*"
