"""Networks of AWS, and what its other kinds share.

Source: hashicorp/terraform-provider-aws, folder internal/service. Cluster, node group, access entry and pod identity
of EKS were read as of 2026, the others at up-town-down/terraform-provider-aws@2a47e2ce (version 5.2). The schemas of
what is newer (access policy associations, single rules of security groups, ownership of buckets) were not read: where
a rehearsal says "replace" and AWS does not, they are the first to look at. `region` is version 6's and replaces every
kind that has it.
"""

from typing import Any

from local.rehearsal.kinds.kind import AutoName, Kind, Names, Reference, referred

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
CLUSTER = "aws:eks/cluster:Cluster"
_INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"
_NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
_EIP = "aws:ec2/eip:Eip"
_ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
_EC2 = "arn:{partition}:ec2:{region}:{account}:"

REGIONAL = ("region",)


def name(longest: int, **more: Any) -> AutoName:  # noqa: ANN401 - the fields of AutoName
    """Return an auto-name as long as AWS allows it; source: the service's own documentation of the name."""
    return AutoName(longest=longest, **more)


def replaces(*names: str) -> frozenset[str]:
    """Return these inputs and the region."""
    return frozenset({"region", *names})


def _is_local(value: str, _names: Names) -> bool:
    return value == "local"


# The group that EKS makes for a cluster, and the one that comes with a network.
SECURITY_GROUPS = (
    (SECURITY_GROUP, "id"),
    (CLUSTER, "vpcConfig.clusterSecurityGroupId"),
    (VPC, "defaultSecurityGroupId"),
)
_ROUTE_TABLES = ((_ROUTE_TABLE, "id"), (VPC, "mainRouteTableId"), (VPC, "defaultRouteTableId"))
_IN_VPC = Reference(path="vpcId", to=((VPC, "id"),), holds=True)

_RULE = Kind(
    type="",
    source="ec2/vpc_security_group_ingress_rule.go, vpc_security_group_egress_rule.go",
    identity="sgr-{seed:hex17}",
    replaces=replaces("securityGroupId"),
    settings=REGIONAL,
    outputs={"securityGroupRuleId": "{id}", "arn": _EC2 + "security-group-rule/{id}"},
    references=(
        Reference(path="securityGroupId", to=SECURITY_GROUPS),
        Reference(path="referencedSecurityGroupId", to=SECURITY_GROUPS, holds=True),
    ),
)


def _rule(kind: str) -> Kind:
    return Kind(
        type=kind,
        source=_RULE.source,
        identity=_RULE.identity,
        replaces=_RULE.replaces,
        settings=_RULE.settings,
        outputs=_RULE.outputs,
        references=_RULE.references,
    )


KINDS = (
    Kind(
        type=VPC,
        source="ec2/vpc_.go",
        identity="vpc-{seed:hex17}",
        replaces=replaces("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"),
        settings=REGIONAL,
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        outputs={
            "arn": _EC2 + "vpc/{id}",
            "ownerId": "{account}",
            "mainRouteTableId": "rtb-{seed:hex17}",
            "defaultRouteTableId": "{mainRouteTableId}",
            "defaultSecurityGroupId": "sg-{seed:hex17}",
            "defaultNetworkAclId": "acl-{seed:hex17}",
            "dhcpOptionsId": "dopt-{seed:hex17}",
        },
    ),
    Kind(
        type=SUBNET,
        source="ec2/vpc_subnet.go",
        identity="subnet-{seed:hex17}",
        replaces=replaces("availabilityZone", "availabilityZoneId", "cidrBlock", "ipv6Native", "outpostArn", "vpcId"),
        settings=REGIONAL,
        outputs={"arn": _EC2 + "subnet/{id}", "ownerId": "{account}", "availabilityZone": "{region}a"},
        references=(_IN_VPC,),
    ),
    Kind(
        type=_INTERNET_GATEWAY,
        source="ec2/vpc_internet_gateway.go",
        identity="igw-{seed:hex17}",
        replaces=replaces(),
        settings=REGIONAL,
        outputs={"arn": _EC2 + "internet-gateway/{id}", "ownerId": "{account}"},
        references=(_IN_VPC,),
    ),
    Kind(
        type=_EIP,
        source="ec2/ec2_eip.go",
        identity="eipalloc-{seed:hex17}",
        replaces=replaces("address", "domain", "networkBorderGroup", "publicIpv4Pool", "ipamPoolId"),
        settings=REGIONAL,
        outputs={
            "allocationId": "{id}",
            "arn": _EC2 + "elastic-ip/{id}",
            "publicIp": "203.0.113.{seed:byte}",
            "networkBorderGroup": "{region}",
            "publicIpv4Pool": "amazon",
        },
    ),
    Kind(
        type=_NAT_GATEWAY,
        source="ec2/vpc_nat_gateway.go",
        identity="nat-{seed:hex17}",
        replaces=replaces("allocationId", "connectivityType", "privateIp", "subnetId"),
        settings=REGIONAL,
        defaults={"connectivityType": "public"},
        outputs={
            "publicIp": referred("allocationId", "publicIp"),
            "vpcId": referred("subnetId", "vpcId"),
            "networkInterfaceId": "eni-{seed:hex17}",
        },
        references=(
            Reference(path="allocationId", to=((_EIP, "id"),), holds=True),
            Reference(path="subnetId", to=((SUBNET, "id"),), holds=True),
        ),
        is_slow=True,
    ),
    Kind(
        type=_ROUTE_TABLE,
        source="ec2/vpc_route_table.go",
        identity="rtb-{seed:hex17}",
        replaces=replaces("vpcId"),
        settings=REGIONAL,
        outputs={"arn": _EC2 + "route-table/{id}", "ownerId": "{account}"},
        references=(
            _IN_VPC,
            Reference(path="routes.gatewayId", to=((_INTERNET_GATEWAY, "id"),), outside=_is_local),
            Reference(path="routes.natGatewayId", to=((_NAT_GATEWAY, "id"),)),
        ),
    ),
    Kind(
        type="aws:ec2/routeTableAssociation:RouteTableAssociation",
        source="ec2/vpc_route_table_association.go",
        identity="rtbassoc-{seed:hex17}",
        replaces=replaces("subnetId", "gatewayId"),
        settings=REGIONAL,
        references=(
            Reference(path="routeTableId", to=_ROUTE_TABLES, holds=True),
            Reference(path="subnetId", to=((SUBNET, "id"),)),
        ),
        unique=("subnetId", "gatewayId"),
    ),
    Kind(
        type="aws:ec2/route:Route",
        source="ec2/vpc_route.go",
        identity="r-{routeTableId}{seed:hex8}",
        replaces=replaces(
            "routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"
        ),
        settings=REGIONAL,
        outputs={"origin": "CreateRoute", "state": "active"},
        references=(
            Reference(path="routeTableId", to=_ROUTE_TABLES),
            Reference(path="gatewayId", to=((_INTERNET_GATEWAY, "id"),), outside=_is_local),
            Reference(path="natGatewayId", to=((_NAT_GATEWAY, "id"),)),
        ),
        unique=("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
    ),
    Kind(
        type=SECURITY_GROUP,
        source="ec2/vpc_security_group.go",
        identity="sg-{seed:hex17}",
        replaces=replaces("description", "name", "namePrefix", "vpcId"),
        named=name(255),
        settings=REGIONAL,
        outputs={"arn": _EC2 + "security-group/{id}", "ownerId": "{account}"},
        references=(
            _IN_VPC,
            Reference(path="ingress.securityGroups", to=SECURITY_GROUPS),
            Reference(path="egress.securityGroups", to=SECURITY_GROUPS),
        ),
        unique=("vpcId", "name"),
    ),
    Kind(
        type="aws:ec2/securityGroupRule:SecurityGroupRule",
        source="ec2/vpc_security_group_rule.go",
        identity="sgrule-{seed:digits10}",
        replaces=replaces(
            *("cidrBlocks", "fromPort", "ipv6CidrBlocks", "prefixListIds", "protocol", "securityGroupId", "self"),
            *("sourceSecurityGroupId", "toPort", "type"),
        ),
        settings=REGIONAL,
        outputs={"securityGroupRuleId": "sgr-{seed:hex17}"},
        references=(
            Reference(path="securityGroupId", to=SECURITY_GROUPS),
            Reference(path="sourceSecurityGroupId", to=SECURITY_GROUPS, holds=True),
        ),
    ),
    _rule("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
    _rule("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
    Kind(
        type="aws:ec2/vpcEndpoint:VpcEndpoint",
        source="ec2/vpc_endpoint.go",
        identity="vpce-{seed:hex17}",
        replaces=replaces("serviceName", "vpcEndpointType", "vpcId"),
        settings=REGIONAL,
        defaults={"vpcEndpointType": "Gateway"},
        outputs={"arn": _EC2 + "vpc-endpoint/{id}", "ownerId": "{account}", "state": "available"},
        references=(
            _IN_VPC,
            Reference(path="routeTableIds", to=_ROUTE_TABLES),
            Reference(path="subnetIds", to=((SUBNET, "id"),), holds=True),
            Reference(path="securityGroupIds", to=SECURITY_GROUPS, holds=True),
        ),
    ),
    Kind(
        type="aws:ec2/tag:Tag",
        source="ec2/tag_gen.go",
        identity="{resourceId},{key}",
        replaces=replaces("resourceId", "key"),
        settings=REGIONAL,
        references=(Reference(path="resourceId", to=(*SECURITY_GROUPS, (VPC, "id"), (SUBNET, "id"), *_ROUTE_TABLES)),),
    ),
)
