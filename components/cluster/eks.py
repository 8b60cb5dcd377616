"""A cluster on EKS that the stack makes, with its network, its system nodes and EKS's own add-ons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.aws_role import AwsRole, AwsRoleArgs
from components.cluster.aws_credentials import check_aws
from components.cluster.aws_network import AwsNetwork, AwsNetworkArgs
from components.cluster.load_balancers import guarded
from mizan import keys
from mizan.clouds.aws import addons, cluster, iam, system_nodes
from mizan.clouds.aws.site import Site, eks_of, site_of
from mizan.clouds.aws.tags import provider_args
from mizan.errors import PlatformError
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs:
    """The plan of a stack on EKS."""

    plan: Plan


class EksCluster(pulumi.ComponentResource):
    """The control plane, what it needs, and a provider that reaches it.

    Attributes:
        cloud: makes everything that the stack has at AWS, and nothing in another account.
        cluster_name: known once the control plane is there.
        kubeconfig: without any secret; whoever uses it asks AWS for a token.
    """

    provider: k8s.Provider
    cloud: aws.Provider
    cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Check what can be checked, then make the cluster in the order its parts depend on each other.

        Raises:
            pulumi.RunError: no credentials, no command that logs in, or a stack whose name makes no cluster's.
        """
        try:
            check_aws()
            self._site = site_of(args.plan)
        except PlatformError as error:
            raise pulumi.RunError(str(error)) from error
        super().__init__("mizan:components:EksCluster", name, {"region": self._site.region}, opts)
        self._prefix, self._plan = name, args.plan
        eks = eks_of(args.plan)
        self.cloud = aws.Provider(
            f"{name}-aws",
            **provider_args(args.plan, account=eks.account),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._child = pulumi.ResourceOptions(parent=self, provider=self.cloud)
        network = AwsNetwork(f"{name}-network", AwsNetworkArgs(plan=args.plan, site=self._site), self._inner())
        control_plane = self._control_plane(network)
        self.cluster_name = control_plane.name
        entries = self._entries()
        ready = self._nodes(network)
        self.kubeconfig = pulumi.Output.all(
            endpoint=control_plane.endpoint, certificateAuthority=control_plane.certificate_authority
        ).apply(partial(_kubeconfig, self._site))
        self.provider = k8s.Provider(
            f"{name}-provider",
            kubeconfig=self.kubeconfig,
            # Without it a new certificate would read as another cluster, in which everything is to be made anew.
            cluster_identifier=self._site.cluster_arn,
            # What goes through it needs nodes, and goes before them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*ready, *entries]),
        )
        self.register_outputs({"cluster_name": self.cluster_name, "kubeconfig": self.kubeconfig})

    def _inner(self) -> pulumi.ResourceOptions:
        """Return the options of a component within this one."""
        return pulumi.ResourceOptions(parent=self, providers={"aws": self.cloud})

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return the options of a resource that waits for others."""
        return pulumi.ResourceOptions(parent=self, provider=self.cloud, depends_on=list(resources))

    def _control_plane(self, network: AwsNetwork) -> aws.eks.Cluster:
        """Make the control plane with its key, its logs and its role, and let Karpenter find its security group."""
        name, plan, site = self._prefix, self._plan, self._site
        eks = eks_of(plan)
        key_arn = pulumi.Output.from_input(eks.secrets_key) if eks.secrets_key else self._key()
        role = self._role("cluster", iam.service_trust(iam.EKS_SERVICE), "EKS control plane", iam.CLUSTER_POLICIES)
        may_encrypt = aws.iam.RolePolicy(
            f"{name}-secrets",
            role=role.name,
            policy=key_arn.apply(iam.secrets_key_document),
            opts=self._child,
        )
        logs = (
            [aws.cloudwatch.LogGroup(f"{name}-logs", **cluster.log_group_args(plan, site), opts=self._child)]
            if eks.logs
            else []
        )
        control_plane = aws.eks.Cluster(
            f"{name}-control-plane",
            **cluster.cluster_args(plan, site, role_arn=role.arn, subnet_ids=network.private_subnets, key_arn=key_arn),
            # Else a destroy would take everything else before AWS refuses to delete the cluster.
            opts=pulumi.ResourceOptions.merge(
                self._after(role, may_encrypt, *logs),
                pulumi.ResourceOptions(
                    protect=eks.deletion_protection, hooks=guarded(name, plan, partial(_kubeconfig, site))
                ),
            ),
        )
        aws.ec2.Tag(
            f"{name}-discovery",
            resource_id=control_plane.vpc_config.cluster_security_group_id,
            key=keys.KARPENTER_DISCOVERY,
            value=site.cluster,
            opts=self._child,
        )
        return control_plane

    def _key(self) -> pulumi.Output[str]:
        key = aws.kms.Key(f"{self._prefix}-key", **cluster.key_args(self._site), opts=self._child)
        aws.kms.Alias(
            f"{self._prefix}-key-name", name=cluster.key_alias(self._site), target_key_id=key.key_id, opts=self._child
        )
        arn: pulumi.Output[str] = key.arn
        return arn

    def _role(self, kind: str, trust: str, description: str, policies: Sequence[str]) -> AwsRole:
        """Make a role with policies that AWS maintains."""
        return AwsRole(
            f"{self._prefix}-{kind}",
            AwsRoleArgs(
                name=f"{self._site.cluster}-{kind}",
                trust=trust,
                description=f"{description} of {self._site.cluster}",
                policies={policy: self._site.aws_policy(policy) for policy in policies},
            ),
            self._inner(),
        )

    def _entries(self) -> list[pulumi.Resource]:
        """Let those into the cluster whom the stack names."""
        found: list[pulumi.Resource] = []
        for access in eks_of(self._plan).access:
            who = access.principal.split("::")[1]
            entry = aws.eks.AccessEntry(
                f"{self._prefix}-entry-{who}",
                **cluster.access_entry_args(access, cluster_name=self.cluster_name),
                opts=self._child,
            )
            policy = aws.eks.AccessPolicyAssociation(
                f"{self._prefix}-policy-{who}",
                **cluster.access_policy_args(access, self._site, cluster_name=self.cluster_name),
                opts=self._after(entry),
            )
            found += [entry, policy]
        return found

    def _nodes(self, network: AwsNetwork) -> list[pulumi.Resource]:
        """Make the system nodes between the add-ons that they need and those that need them."""
        name, plan, site = self._prefix, self._plan, self._site
        before = [self._addon(addon) for addon in addons.BEFORE_NODES]
        role = self._role("node", iam.node_trust(site), "System nodes", iam.NODE_POLICIES)
        template = aws.ec2.LaunchTemplate(
            f"{name}-system", **system_nodes.launch_template_args(plan, site), opts=self._child
        )
        nodes = aws.eks.NodeGroup(
            f"{name}-nodes",
            **system_nodes.node_group_args(
                plan,
                cluster_name=self.cluster_name,
                role_arn=role.arn,
                subnet_ids=network.private_subnets,
                template_id=template.id,
                template=template.latest_version.apply(str),
            ),
            # Without a way out they pull no image and find no control plane; whoever adds a node by hand keeps it.
            opts=pulumi.ResourceOptions.merge(
                self._after(network, role, *before),
                pulumi.ResourceOptions(ignore_changes=["scalingConfig.desiredSize"]),
            ),
        )
        driver = self._role("volumes", iam.pod_trust(), "EBS CSI driver", iam.VOLUME_DRIVER_POLICIES)
        after = [self._addon(addon, driver, nodes) for addon in addons.AFTER_NODES]
        return [*before, nodes, *after]

    def _addon(self, addon: str, driver: AwsRole | None = None, nodes: pulumi.Resource | None = None) -> aws.eks.Addon:
        waits_for = [resource for resource in (driver, nodes) if resource is not None]
        return aws.eks.Addon(
            f"{self._prefix}-{addon}",
            **addons.addon_args(
                self._plan, addon, cluster_name=self.cluster_name, role_arn=driver.arn if driver else None
            ),
            opts=self._after(*waits_for),
        )


def _kubeconfig(site: Site, told: Mapping[str, Any]) -> str:
    """Return the kubeconfig of a cluster of which AWS tells this."""
    return cluster.kubeconfig(site, endpoint=told["endpoint"], authority=told["certificateAuthority"]["data"])
