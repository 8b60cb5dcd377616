"""Where a stack stands: its cluster, what makes its GPU nodes, and where its jobs save themselves.

What only one cloud needs is imported where that cloud is meant: a cloud's SDK takes seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi

from components.cluster import Cluster
from components.cost.secrets import (
    namespace_hooks,
    refuse_leaving_secrets_of,
    refuse_missing_secrets,
    refuse_missing_secrets_of,
    to_made,
    to_named,
)
from components.tenants.departures import refuse_departures, refuse_departures_of
from mizan import config
from mizan.config import Cloud
from mizan.plan import Plan

# By team, the resource that its namespace comes with; and what must be there before its pods reach their checkpoints.
Namespaces = Mapping[str, pulumi.Resource]
Access = Mapping[str, tuple[pulumi.Resource, ...]]


def _nowhere(_: Namespaces) -> Access:
    """Return nobody's way to a bucket: only a cloud has one."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Site:
    """A cluster with its capacity.

    Attributes:
        own: the cluster where the stack itself makes it, and takes it away; else None.
        checkpoints: makes the stack's bucket, once its teams are there, and returns each team's way into it.
    """

    cluster: Cluster
    own: pulumi.Resource | None = None
    checkpoints: Callable[[Namespaces], Access] = _nowhere


def site_of(name: str, plan: Plan, parent: pulumi.Resource) -> Site:
    """Return where a stack stands, after nothing is found to run that the update would end.

    Args:
        name: with which the names of all parts begin.
        plan: of the stack.
        parent: of all parts.

    Raises:
        pulumi.RunError: a cluster that cannot be reached, credentials that are not there, or a team that is gone while
            its jobs run.
    """
    make = {Cloud.LOCAL: _local, Cloud.EXISTING: _existing, Cloud.GKE: _gke, Cloud.EKS: _eks}[plan.cloud]
    return make(name, plan, pulumi.ResourceOptions(parent=parent))


def _local(name: str, plan: Plan, opts: pulumi.ResourceOptions) -> Site:
    from components.capacity.local_nodes import LocalNodes, LocalNodesArgs  # noqa: PLC0415
    from components.cluster.local import LocalCluster, LocalClusterArgs  # noqa: PLC0415

    cluster = LocalCluster(f"{name}-cluster", LocalClusterArgs.from_environment(), opts)
    refuse_departures(plan, cluster.named)
    refuse_missing_secrets(plan, cluster.named)
    inside = _within(opts, kubernetes=cluster.provider)
    _gpu_operator(name, plan, inside, _hooks_in(cluster.named, name, plan))
    LocalNodes(f"{name}-nodes", LocalNodesArgs(offers=plan.offers), inside)
    return Site(cluster=cluster)


def _existing(name: str, plan: Plan, opts: pulumi.ResourceOptions) -> Site:
    from components.cluster.existing import ExistingCluster, ExistingClusterArgs  # noqa: PLC0415

    if plan.cluster is None:
        message = f"stack {plan.stack} names no cluster"
        raise ValueError(message)
    cluster = ExistingCluster(f"{name}-cluster", ExistingClusterArgs(cluster=plan.cluster), opts)
    refuse_departures(plan, cluster.named)
    refuse_missing_secrets(plan, cluster.named)
    inside = _within(opts, kubernetes=cluster.provider)
    _gpu_operator(name, plan, inside, _hooks_in(cluster.named, name, plan))
    return Site(cluster=cluster)


def _gke(name: str, plan: Plan, opts: pulumi.ResourceOptions) -> Site:
    from components.capacity.compute_class import ComputeClasses, ComputeClassesArgs  # noqa: PLC0415
    from components.capacity.gke_pools import GkePools, GkePoolsArgs  # noqa: PLC0415
    from components.cluster.gke import GkeCluster, GkeClusterArgs  # noqa: PLC0415
    from components.storage.checkpoints import CheckpointStorage, CheckpointStorageArgs, WorkloadIdentity  # noqa: PLC0415

    cluster = GkeCluster(f"{name}-cluster", GkeClusterArgs(plan=plan), opts)
    _refuse_later(plan, cluster.kubeconfig)
    GkePools(f"{name}-pools", GkePoolsArgs(plan=plan, cluster=cluster), opts)
    inside = _within(opts, kubernetes=cluster.provider, gcp=cluster.cloud)
    _gpu_operator(name, plan, inside, _hooks_of(cluster.kubeconfig, name, plan), cluster)
    ComputeClasses(f"{name}-classes", ComputeClassesArgs(flavors=plan.flavors), inside)

    def checkpoints(namespaces: Namespaces) -> Access:
        identity = WorkloadIdentity(project_number=cluster.project_number())
        arguments = CheckpointStorageArgs(plan=plan, identity=identity, namespaces=namespaces)
        return CheckpointStorage(f"{name}-checkpoints", arguments, inside).access

    return Site(cluster=cluster, own=cluster, checkpoints=checkpoints)


def _eks(name: str, plan: Plan, opts: pulumi.ResourceOptions) -> Site:
    from components.capacity.karpenter import Karpenter, KarpenterArgs  # noqa: PLC0415
    from components.cluster.eks import EksCluster, EksClusterArgs  # noqa: PLC0415
    from components.storage.checkpoints import CheckpointStorage, CheckpointStorageArgs, PodIdentity  # noqa: PLC0415

    cluster = EksCluster(f"{name}-cluster", EksClusterArgs(plan=plan), opts)
    _refuse_later(plan, cluster.kubeconfig)
    inside = _within(opts, kubernetes=cluster.provider, aws=cluster.cloud)
    operator = _gpu_operator(name, plan, inside, _hooks_of(cluster.kubeconfig, name, plan), cluster)
    karpenter = KarpenterArgs(plan=plan, cluster_name=cluster.cluster_name, before_nodes=operator)
    Karpenter(f"{name}-karpenter", karpenter, inside)

    def checkpoints(namespaces: Namespaces) -> Access:
        identity = PodIdentity(cluster_name=cluster.cluster_name)
        arguments = CheckpointStorageArgs(plan=plan, identity=identity, namespaces=namespaces)
        return CheckpointStorage(f"{name}-checkpoints", arguments, inside).access

    return Site(cluster=cluster, own=cluster, checkpoints=checkpoints)


def _gpu_operator(
    name: str,
    plan: Plan,
    inside: pulumi.ResourceOptions,
    hooks: pulumi.ResourceHookBinding,
    own: pulumi.Resource | None = None,
) -> tuple[pulumi.Resource, ...]:
    """Return NVIDIA's operator, or nothing where nodes have their GPUs without it; what measures GPUs comes along."""
    from components.gpu.dcgm_exporter import DcgmExporter, DcgmExporterArgs  # noqa: PLC0415
    from components.gpu.operator import GpuOperator, GpuOperatorArgs  # noqa: PLC0415

    monitoring = _monitoring(name, plan, inside, hooks)
    made: tuple[pulumi.Resource, ...] = ()
    if plan.gpu_operator is not None:
        made = (GpuOperator(f"{name}-gpu-operator", GpuOperatorArgs(plan=plan, cluster=own), inside),)
    if plan.dcgm_exporter is not None:
        # A ServiceMonitor is refused before Prometheus' chart has brought its CRD.
        exporter = DcgmExporterArgs(plan=plan, operator=(*made, *monitoring), cluster=own)
        DcgmExporter(f"{name}-dcgm-exporter", exporter, inside)
    return made


def _monitoring(
    name: str, plan: Plan, inside: pulumi.ResourceOptions, hooks: pulumi.ResourceHookBinding
) -> tuple[pulumi.Resource, ...]:
    """Return Prometheus, or nothing where the stack has none; OpenCost, rules and dashboards come along."""
    from components.cost.dashboards import Dashboards, DashboardsArgs  # noqa: PLC0415
    from components.cost.opencost import OpenCost, OpenCostArgs  # noqa: PLC0415
    from components.cost.prometheus import Prometheus, PrometheusArgs  # noqa: PLC0415
    from components.cost.rules import Rules, RulesArgs  # noqa: PLC0415

    made: tuple[pulumi.Resource, ...] = ()
    if plan.prometheus is not None:
        made = (Prometheus(f"{name}-prometheus", PrometheusArgs(plan=plan, namespace_hooks=hooks), inside),)
        Rules(f"{name}-rules", RulesArgs(plan=plan, prometheus=made), inside)
        Dashboards(f"{name}-dashboards", DashboardsArgs(plan=plan, prometheus=made), inside)
    if plan.opencost is not None:
        OpenCost(f"{name}-opencost", OpenCostArgs(plan=plan, prometheus=made), inside)
    return made


def _hooks_in(named: config.Cluster, name: str, plan: Plan) -> pulumi.ResourceHookBinding:
    """Return the hooks of monitoring's namespace in a cluster that was there before the stack, and stays after it."""
    return namespace_hooks(f"{name}-prometheus", plan, to_named(plan, named), outlives_stack=True)


def _hooks_of(kubeconfig: pulumi.Output[str], name: str, plan: Plan) -> pulumi.ResourceHookBinding:
    """Return the hooks of monitoring's namespace in a cluster that the stack makes, and takes away."""
    return namespace_hooks(f"{name}-prometheus", plan, to_made(kubeconfig), outlives_stack=False)


def _within(opts: pulumi.ResourceOptions, **providers: pulumi.ProviderResource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=providers))


def _refuse_later(plan: Plan, kubeconfig: pulumi.Output[str]) -> None:
    """Ask a cluster about departing teams and Secrets as soon as it is known; one that is still to be made has none.

    Pulumi deletes nothing before the program has ended well, so that this comes in time.
    """

    def refuse(text: str) -> None:
        refuse_departures_of(plan, text)
        refuse_missing_secrets_of(plan, text)
        refuse_leaving_secrets_of(plan, text)

    kubeconfig.apply(refuse)
