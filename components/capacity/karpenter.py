"""GPU capacity on EKS: Karpenter, what it may do, how it learns of interruptions, and the nodes it makes."""

from dataclasses import dataclass
from itertools import chain

import pulumi
import pulumi_aws as aws

from components.aws_role import AwsRole, AwsRoleArgs
from components.helm_release import HelmReleaseArgs, helm_release
from components.resource import KubernetesObject, resource
from mizan import keys, versions
from mizan.clouds.aws import cluster, iam, interruptions, karpenter_iam
from mizan.clouds.aws.site import site_of
from mizan.config import Install
from mizan.manifests import Manifest, karpenter
from mizan.manifests.node_pools import node_overlays
from mizan.plan import Plan

# Nodes are drained before their pool is gone; a pod may take its time.
DELETED_WITHIN = "30m"


@dataclass(frozen=True, kw_only=True)
class KarpenterArgs:
    """The plan of a stack on EKS, and its cluster, known once that is there.

    Attributes:
        before_nodes: what no node is without: it comes before the first pool and goes after the last.
    """

    plan: Plan
    cluster_name: pulumi.Input[str]
    before_nodes: tuple[pulumi.Resource, ...] = ()


class Karpenter(pulumi.ComponentResource):
    """Karpenter's rights, its charts unless somebody else installs them, and a pool per offer.

    It needs a provider of AWS and one of the cluster. On the way down everything goes before what it needs: pools wait
    until their nodes are drained and gone, classes until no node is of them, then go the charts, then the rights.
    """

    def __init__(self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the rights, then the charts, then the pools; they scale from 0 when a pod needs them."""
        plan = args.plan
        super().__init__(
            "mizan:components:Karpenter",
            name,
            {"install": plan.karpenter.install.value, "offers": [offer.name for offer in plan.offers]},
            opts,
        )
        self._prefix, self._plan, self._site = name, plan, site_of(plan)
        self._child = pulumi.ResourceOptions(parent=self)
        needed = [*self._node_rights(args.cluster_name), *self._interruptions(), *self._rights(args.cluster_name)]
        if plan.karpenter.install is Install.HELM:
            needed = [self._charts(needed)]
        self._nodes([*needed, *args.before_nodes])
        self.register_outputs({})

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))

    def _node_rights(self, cluster_name: pulumi.Input[str]) -> list[pulumi.Resource]:
        """Make the role of the nodes and let it into the cluster."""
        site = self._site
        role = AwsRole(
            f"{self._prefix}-node",
            AwsRoleArgs(
                name=keys.karpenter_node_role(site.cluster),
                trust=iam.node_trust(site),
                description=f"Nodes that Karpenter makes in {site.cluster}",
                policies={policy: site.aws_policy(policy) for policy in iam.NODE_POLICIES},
            ),
            self._child,
        )
        entry = aws.eks.AccessEntry(
            f"{self._prefix}-node-entry",
            **cluster.node_entry_args(cluster_name=cluster_name, role_arn=role.arn),
            opts=self._child,
        )
        return [role, entry]

    def _interruptions(self) -> list[pulumi.Resource]:
        """Make the queue and the rules that fill it."""
        name, site = self._prefix, self._site
        queue = aws.sqs.Queue(f"{name}-queue", **interruptions.queue_args(site), opts=self._child)
        policy = aws.sqs.QueuePolicy(
            f"{name}-queue-policy",
            queue_url=queue.url,
            policy=iam.document(interruptions.queue_statements(site)),
            opts=self._child,
        )
        found: list[pulumi.Resource] = [policy]
        for rule, rule_args in interruptions.rule_args(site).items():
            made = aws.cloudwatch.EventRule(f"{name}-{rule}", **rule_args, opts=self._child)
            found.append(
                aws.cloudwatch.EventTarget(
                    f"{name}-{rule}-target",
                    rule=made.name,
                    target_id=interruptions.TARGET,
                    arn=queue.arn,
                    opts=self._after(policy),
                )
            )
        return found

    def _rights(self, cluster_name: pulumi.Input[str]) -> list[pulumi.Resource]:
        """Make the policies of Karpenter itself and give them to its pods."""
        policies = {
            policy: aws.iam.Policy(f"{self._prefix}-{policy}", **policy_args, opts=self._child).arn
            for policy, policy_args in karpenter_iam.policy_args(self._site).items()
        }
        role = AwsRole(
            f"{self._prefix}-controller",
            AwsRoleArgs(
                name=f"{self._site.cluster}-karpenter",
                trust=iam.pod_trust(),
                description=f"Karpenter of {self._site.cluster}",
                policies=policies,
            ),
            self._child,
        )
        pods = aws.eks.PodIdentityAssociation(
            f"{self._prefix}-pods",
            cluster_name=cluster_name,
            namespace=karpenter.NAMESPACE,
            service_account=karpenter.SERVICE_ACCOUNT,
            role_arn=role.arn,
            opts=self._child,
        )
        return [role, pods]

    def _charts(self, needed: list[pulumi.Resource]) -> pulumi.Resource:
        """Install the CRDs by their own chart, which also upgrades them, then Karpenter."""
        given = self._plan.karpenter.chart
        of_crds = HelmReleaseArgs(
            chart=f"{versions.KARPENTER_CHART}-crd",
            given=f"{given}-crd" if given else None,
            version=versions.KARPENTER,
            name="karpenter-crd",
            namespace=karpenter.NAMESPACE,
        )
        crds = helm_release(f"{self._prefix}-crds", of_crds, self._after(*needed))
        release = HelmReleaseArgs(
            chart=versions.KARPENTER_CHART,
            given=given,
            version=versions.KARPENTER,
            name="karpenter",
            namespace=karpenter.NAMESPACE,
            skip_crds=True,
            values=karpenter.chart_values(self._plan),
        )
        return helm_release(f"{self._prefix}-release", release, self._after(*needed, crds))

    def _nodes(self, needed: list[pulumi.Resource]) -> None:
        plan = self._plan
        classes = {pool.name: self._object(karpenter.node_class(pool, plan), *needed) for pool in plan.pools}
        for pool, offer in chain.from_iterable([(pool, offer) for offer in pool.offers] for pool in plan.pools):
            self._object(karpenter.node_pool(offer, pool, plan), classes[pool.name])
        for overlay in node_overlays(plan.offers):
            self._object(overlay, *needed)

    def _object(self, body: Manifest, *needed: pulumi.Resource) -> KubernetesObject:
        patient = pulumi.CustomTimeouts(delete=DELETED_WITHIN)
        return resource(
            self._prefix, body, pulumi.ResourceOptions(parent=self, depends_on=list(needed), custom_timeouts=patient)
        )
