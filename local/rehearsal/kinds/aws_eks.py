"""Clusters and node groups of Elastic Kubernetes Service. aws_network.py says where each `source` is."""

from local.rehearsal.kinds.aws_iam import KEY, ROLE, is_foreign_arn, is_of_aws
from local.rehearsal.kinds.aws_network import CLUSTER, REGIONAL, SECURITY_GROUPS, SUBNET, name, replaces
from local.rehearsal.kinds.kind import Guard, Kind, Reference, referred

KUBERNETES = "1.35"
"""A version that EKS could offer: no cloud is asked."""

ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry"
_LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_EKS = "arn:{partition}:eks:{region}:{account}:"
_OF_CLUSTER = Reference(path="clusterName", to=((CLUSTER, "id"), (CLUSTER, "name")))
_KEYS = ((KEY, "arn"), (KEY, "id"))

KINDS = (
    Kind(
        type=CLUSTER,
        source="eks/cluster.go",
        identity="{name}",
        replaces=replaces(
            *("name", "roleArn", "bootstrapSelfManagedAddons", "remoteNetworkConfig"),
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
            *("kubernetesNetworkConfig.ipFamily", "kubernetesNetworkConfig.serviceIpv4Cidr"),
            *("outpostConfig.controlPlaneInstanceType", "outpostConfig.controlPlanePlacement.groupName"),
        ),
        named=name(100),
        settings=REGIONAL,
        outputs={
            "arn": _EKS + "cluster/{name}",
            "endpoint": "https://{host}",
            "certificateAuthority": {"data": "{certificate}"},
            "identities": [{"oidcs": [{"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{seed:HEX32}"}]}],
            "vpcConfig": {
                "clusterSecurityGroupId": "sg-{seed:hex17}",
                "vpcId": referred("vpcConfig.subnetIds", "vpcId"),
            },
            "platformVersion": "eks.1",
            "status": "ACTIVE",
            "version": KUBERNETES,
            "createdAt": "{created}",
        },
        references=(
            Reference(path="roleArn", to=((ROLE, "arn"),)),
            Reference(path="vpcConfig.subnetIds", to=((SUBNET, "id"),), holds=True),
            Reference(path="vpcConfig.securityGroupIds", to=SECURITY_GROUPS, holds=True),
            Reference(path="encryptionConfig.provider.keyArn", to=((KEY, "arn"),)),
        ),
        guards=(Guard(property="deletionProtection", value=True, default=False),),
        is_slow=True,
    ),
    Kind(
        type="aws:eks/nodeGroup:NodeGroup",
        source="eks/node_group.go",
        identity="{clusterName}:{nodeGroupName}",
        replaces=replaces(
            *("amiType", "capacityType", "clusterName", "diskSize", "instanceTypes", "launchTemplate.id"),
            *("launchTemplate.name", "nodeGroupName", "nodeGroupNamePrefix", "nodeRoleArn", "remoteAccess"),
            "subnetIds",
        ),
        named=name(63, property="nodeGroupName"),
        settings=REGIONAL,
        outputs={
            "arn": _EKS + "nodegroup/{clusterName}/{nodeGroupName}/{seed:uuid}",
            "resources": [{"autoscalingGroups": [{"name": "eks-{nodeGroupName}-{seed:hex8}"}]}],
            "status": "ACTIVE",
            "capacityType": "ON_DEMAND",
            "version": KUBERNETES,
        },
        references=(
            Reference(path="clusterName", to=_OF_CLUSTER.to, holds=True),
            Reference(path="nodeRoleArn", to=((ROLE, "arn"),)),
            Reference(path="subnetIds", to=((SUBNET, "id"),), holds=True),
            Reference(path="launchTemplate.id", to=((_LAUNCH_TEMPLATE, "id"),)),
            Reference(path="launchTemplate.name", to=((_LAUNCH_TEMPLATE, "name"),)),
        ),
        is_slow=True,
    ),
    Kind(
        type="aws:eks/addon:Addon",
        source="eks/addon.go",
        identity="{clusterName}:{addonName}",
        replaces=replaces("addonName", "clusterName"),
        settings=REGIONAL,
        outputs={
            "arn": _EKS + "addon/{clusterName}/{addonName}/{seed:uuid}",
            "createdAt": "{created}",
            "modifiedAt": "{created}",
        },
        references=(
            _OF_CLUSTER,
            Reference(path="serviceAccountRoleArn", to=((ROLE, "arn"),)),
            Reference(path="podIdentityAssociations.roleArn", to=((ROLE, "arn"),)),
        ),
        is_slow=True,
    ),
    Kind(
        type=ACCESS_ENTRY,
        source="eks/access_entry.go",
        identity="{clusterName}:{principalArn}",
        replaces=replaces("clusterName", "principalArn", "type"),
        settings=REGIONAL,
        defaults={"type": "STANDARD"},
        outputs={
            "accessEntryArn": _EKS + "access-entry/{clusterName}/{seed:uuid}",
            "userName": "{principalArn}",
            "createdAt": "{created}",
            "modifiedAt": "{created}",
        },
        references=(_OF_CLUSTER, Reference(path="principalArn", to=((ROLE, "arn"),), outside=is_foreign_arn)),
    ),
    Kind(
        type="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        source="eks/access_policy_association.go",
        identity="{clusterName}#{principalArn}#{policyArn}",
        replaces=replaces("accessScope", "clusterName", "policyArn", "principalArn"),
        settings=REGIONAL,
        outputs={"associatedAt": "{created}", "modifiedAt": "{created}"},
        references=(
            _OF_CLUSTER,
            # Whoever gets a policy must have an entry first.
            Reference(path="principalArn", to=((ACCESS_ENTRY, "principalArn"),)),
            Reference(path="policyArn", to=(), outside=is_of_aws),
        ),
    ),
    Kind(
        type="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        source="eks/pod_identity_association.go",
        identity="a-{seed:hex17}",
        replaces=replaces("clusterName", "namespace", "serviceAccount"),
        settings=REGIONAL,
        outputs={
            "associationId": "{id}",
            "associationArn": _EKS + "podidentityassociation/{clusterName}/{id}",
            "externalId": "{seed:uuid}",
        },
        references=(_OF_CLUSTER, Reference(path="roleArn", to=((ROLE, "arn"),))),
        unique=("clusterName", "namespace", "serviceAccount"),
    ),
    Kind(
        type=_LAUNCH_TEMPLATE,
        source="ec2/ec2_launch_template.go",
        identity="lt-{seed:hex17}",
        replaces=replaces("name", "namePrefix"),
        named=name(125),
        settings=REGIONAL,
        outputs={
            "arn": "arn:{partition}:ec2:{region}:{account}:launch-template/{id}",
            "latestVersion": 1,
            "defaultVersion": 1,
        },
        references=(
            Reference(path="iamInstanceProfile.name", to=(("aws:iam/instanceProfile:InstanceProfile", "name"),)),
            Reference(path="vpcSecurityGroupIds", to=SECURITY_GROUPS, holds=True),
            Reference(path="blockDeviceMappings.ebs.kmsKeyId", to=_KEYS),
        ),
        unique=("name",),
    ),
)
