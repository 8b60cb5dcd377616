"""Roles, policies and keys of AWS. aws_network.py says where each `source` is."""

from local.rehearsal.kinds.aws_network import REGIONAL, name, replaces
from local.rehearsal.kinds.kind import Kind, Names, Reference, referred

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
KEY = "aws:kms/key:Key"
_IAM = "arn:{partition}:iam::{account}:"

_OF_ROLE = ((ROLE, "id"), (ROLE, "arn"))


def is_of_aws(value: str, _names: Names) -> bool:
    """Return whether an ARN is of AWS itself, which has no account: `arn:aws:iam::aws:policy/...`."""
    return value.split(":")[4:5] == ["aws"]


def is_foreign_arn(value: str, names: Names) -> bool:
    """Return whether an ARN is of another account, whose resources nobody here knows."""
    return value.startswith("arn:") and value.split(":")[4:5] != [names["account"]]


KINDS = (
    Kind(
        type=ROLE,
        source="iam/role.go",
        identity="{name}",
        replaces=frozenset({"name", "namePrefix", "path"}),
        named=name(64),
        defaults={"path": "/", "maxSessionDuration": 3600},
        outputs={"arn": _IAM + "role{path}{name}", "createDate": "{created}", "uniqueId": "AROA{seed:HEX17}"},
    ),
    Kind(
        type=POLICY,
        source="iam/policy.go",
        identity=_IAM + "policy{path}{name}",
        replaces=frozenset({"description", "name", "namePrefix", "path"}),
        named=name(128),
        defaults={"path": "/"},
        outputs={"arn": "{id}", "policyId": "ANPA{seed:HEX17}"},
    ),
    Kind(
        type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        source="iam/role_policy_attachment.go",
        identity="{role}/{policyArn}",
        replaces=frozenset({"role", "policyArn"}),
        references=(
            Reference(path="role", to=_OF_ROLE, holds=True),
            Reference(path="policyArn", to=((POLICY, "arn"),), outside=is_of_aws, holds=True),
        ),
    ),
    Kind(
        type="aws:iam/rolePolicy:RolePolicy",
        source="iam/role_policy.go",
        identity="{role}:{name}",
        replaces=frozenset({"name", "namePrefix", "role"}),
        named=name(128),
        references=(Reference(path="role", to=_OF_ROLE, holds=True),),
    ),
    Kind(
        type="aws:iam/instanceProfile:InstanceProfile",
        source="iam/instance_profile.go",
        identity="{name}",
        replaces=frozenset({"name", "namePrefix", "path"}),
        named=name(128),
        defaults={"path": "/"},
        outputs={
            "arn": _IAM + "instance-profile{path}{name}",
            "createDate": "{created}",
            "uniqueId": "AIPA{seed:HEX17}",
        },
        references=(Reference(path="role", to=_OF_ROLE, holds=True),),
    ),
    Kind(
        type="aws:iam/serviceLinkedRole:ServiceLinkedRole",
        source="iam/service_linked_role.go",
        identity=_IAM + "role/aws-service-role/{awsServiceName}/{name}",
        replaces=frozenset({"awsServiceName", "customSuffix"}),
        defaults={"name": "AWSServiceRole"},
        outputs={"arn": "{id}", "path": "/aws-service-role/{awsServiceName}/", "createDate": "{created}"},
    ),
    Kind(
        type=KEY,
        source="kms/key.go",
        identity="{seed:uuid}",
        replaces=replaces("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
        settings=REGIONAL,
        outputs={"keyId": "{id}", "arn": "arn:{partition}:kms:{region}:{account}:key/{id}"},
    ),
    Kind(
        type="aws:kms/alias:Alias",
        source="kms/alias.go",
        identity="{name}",
        replaces=replaces("name", "namePrefix"),
        named=name(256, prefix="alias/"),
        settings=REGIONAL,
        outputs={
            "arn": "arn:{partition}:kms:{region}:{account}:{name}",
            "targetKeyArn": referred("targetKeyId", "arn"),
        },
        references=(Reference(path="targetKeyId", to=((KEY, "id"), (KEY, "arn"))),),
    ),
)
