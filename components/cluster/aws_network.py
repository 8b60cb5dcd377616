"""The network of a cluster on EKS: the subnets that the stack was given, or a VPC of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mizan.clouds.aws import network
from mizan.clouds.aws.site import Site, eks_of
from mizan.clouds.aws.tags import named
from mizan.config.faults import ConfigFault
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class AwsNetworkArgs:
    """The plan of the stack, and where it stands."""

    plan: Plan
    site: Site


class AwsNetwork(pulumi.ComponentResource):
    """Public subnets with an internet gateway, private ones that go out through NAT gateways."""

    private_subnets: pulumi.Output[list[str]]

    def __init__(self, name: str, args: AwsNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the network; whoever depends on this waits for the way out too, and goes before it."""
        given = eks_of(args.plan).network.subnets
        super().__init__("mizan:components:AwsNetwork", name, {"subnets": list(given)}, opts)
        self._prefix, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        self.private_subnets = self._given() if given else self._make()
        self.register_outputs({"private_subnets": self.private_subnets})

    def _given(self) -> pulumi.Output[list[str]]:
        """Return the subnets that the stack was given, once AWS has said that they are of the VPC."""
        given, options = eks_of(self._args.plan).network, pulumi.InvokeOutputOptions(parent=self)
        found = [aws.ec2.get_subnet_output(id=subnet, opts=options).vpc_id for subnet in given.subnets]

        def checked(vpcs: list[str]) -> list[str]:
            foreign = {subnet: vpc for subnet, vpc in zip(given.subnets, vpcs, strict=True) if vpc != given.vpc}
            if foreign:
                raise pulumi.RunError(str(_of_another_vpc(foreign, given.vpc)))
            return list(given.subnets)

        return pulumi.Output.all(*found).apply(checked)

    def _make(self) -> pulumi.Output[list[str]]:
        plan, site, child = self._args.plan, self._args.site, self._child
        vpc = aws.ec2.Vpc(f"{self._prefix}-vpc", **network.vpc_args(plan, site), opts=child)
        made = {
            subnet: aws.ec2.Subnet(
                f"{self._prefix}-{subnet.name}", **network.subnet_args(subnet, site, vpc_id=vpc.id), opts=child
            )
            for subnet in network.subnets(plan)
        }
        public = {subnet.zone: resource for subnet, resource in made.items() if subnet.is_public}
        private = {subnet.zone: resource for subnet, resource in made.items() if not subnet.is_public}
        gateway = self._public_way(vpc, public)
        tables = self._private_ways(vpc, public, private, gateway)
        aws.ec2.VpcEndpoint(
            f"{self._prefix}-s3",
            **network.storage_endpoint_args(site, vpc_id=vpc.id, route_table_ids=[table.id for table in tables]),
            opts=child,
        )
        return pulumi.Output.all(*(subnet.id for subnet in private.values()))

    def _public_way(self, vpc: aws.ec2.Vpc, public: dict[str, aws.ec2.Subnet]) -> aws.ec2.InternetGateway:
        """Make the way from the public subnets to the internet."""
        tags = named(f"{self._args.site.cluster}-public")
        gateway = aws.ec2.InternetGateway(f"{self._prefix}-internet", vpc_id=vpc.id, tags=tags, opts=self._child)
        table = self._table("public", vpc, public)
        aws.ec2.Route(
            f"{self._prefix}-public-out",
            route_table_id=table.id,
            destination_cidr_block=network.EVERYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        return gateway

    def _private_ways(
        self,
        vpc: aws.ec2.Vpc,
        public: dict[str, aws.ec2.Subnet],
        private: dict[str, aws.ec2.Subnet],
        gateway: aws.ec2.InternetGateway,
    ) -> list[aws.ec2.RouteTable]:
        """Make the way from each private subnet to a NAT gateway, and return the route tables."""
        after_internet = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        gateways = {}
        for zone in network.nat_zones(self._args.plan):
            tags = named(f"{self._args.site.cluster}-{zone}")
            address = aws.ec2.Eip(f"{self._prefix}-address-{zone}", domain="vpc", tags=tags, opts=after_internet)
            gateways[zone] = aws.ec2.NatGateway(
                f"{self._prefix}-nat-{zone}",
                allocation_id=address.allocation_id,
                subnet_id=public[zone].id,
                tags=tags,
                opts=after_internet,
            )
        tables = []
        for zone, subnet in private.items():
            tables.append(self._table(f"private-{zone}", vpc, {zone: subnet}))
            aws.ec2.Route(
                f"{self._prefix}-private-{zone}-out",
                route_table_id=tables[-1].id,
                destination_cidr_block=network.EVERYWHERE,
                nat_gateway_id=gateways[network.nat_zone_of(self._args.plan, zone)].id,
                opts=self._child,
            )
        return tables

    def _table(self, kind: str, vpc: aws.ec2.Vpc, subnets: dict[str, aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        """Make a route table and put subnets under it."""
        tags = named(f"{self._args.site.cluster}-{kind}")
        table = aws.ec2.RouteTable(f"{self._prefix}-{kind}-routes", vpc_id=vpc.id, tags=tags, opts=self._child)
        for zone, subnet in subnets.items():
            aws.ec2.RouteTableAssociation(
                f"{self._prefix}-{kind}-in-{zone}", subnet_id=subnet.id, route_table_id=table.id, opts=self._child
            )
        return table


def _of_another_vpc(foreign: Mapping[str, str], vpc: str | None) -> ConfigFault:
    """Return the fault of subnets, each with the VPC that it lies in."""
    return ConfigFault(
        ("eks", "network", "subnets"),
        ", ".join(f"{subnet} of {other}" for subnet, other in foreign.items()),
        needs=f"subnets of {vpc}",
        because="a cluster and its nodes stand in one VPC",
        fix=f"Write ids that `aws ec2 describe-subnets --filters Name=vpc-id,Values={vpc}` names, or correct `vpc`",
    )
