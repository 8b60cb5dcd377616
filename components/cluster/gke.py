"""A cluster on GKE, with its network, its nodes' account and the nodes on which controllers run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s

from components.cloud_resource import CloudResource
from components.cluster.credentials import google_credentials
from components.cluster.load_balancers import guarded
from mizan.clouds.gcp.account import node_account_args, node_role_args
from mizan.clouds.gcp.cluster import cluster_args, kubeconfig
from mizan.clouds.gcp.network import (
    makes_network,
    nat_args,
    network_args,
    router_args,
    subnetwork_args,
    webhook_firewall_args,
)
from mizan.clouds.gcp.site import Site, gke_of, site_of
from mizan.clouds.gcp.system_pool import system_pool_args
from mizan.errors import PlatformError
from mizan.plan import Plan

ACCOUNT = "gcp:serviceaccount/account:Account"
PROJECT_ROLE = "gcp:projects/iAMMember:IAMMember"
NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
ROUTER = "gcp:compute/router:Router"
NAT = "gcp:compute/routerNat:RouterNat"
FIREWALL = "gcp:compute/firewall:Firewall"
CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"


@dataclass(frozen=True, kw_only=True)
class GkeClusterArgs:
    """The stack whose cluster it is."""

    plan: Plan


@dataclass(frozen=True, kw_only=True)
class _Network:
    """A VPC and its subnetwork, and what must be there before a node can start."""

    network: pulumi.Input[str]
    subnetwork: pulumi.Input[str]
    ready: tuple[pulumi.Resource, ...]


class GkeCluster(pulumi.ComponentResource):
    """A cluster that controllers can run on, and a provider that reaches it.

    Attributes:
        kubeconfig: its text, without any secret: whoever uses it signs in to Google.
        cloud: the provider of everything at Google.
        site: where the cluster stands.
        cluster_name: known when the cluster is there.
        node_account: address of the service account that all nodes run as.
        nodes_ready: what must be there before a node can start.
    """

    provider: k8s.Provider
    kubeconfig: pulumi.Output[str]
    cloud: gcp.Provider
    site: Site
    cluster_name: pulumi.Output[str]
    node_account: pulumi.Output[str]
    nodes_ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make it, once the stack's name fits, somebody has signed in and the login command is there.

        Raises:
            pulumi.RunError: the name makes no name at Google, or there are no credentials or no such command.
        """
        try:
            self.site = site_of(args.plan)
            credentials = google_credentials()
        except PlatformError as error:
            raise pulumi.RunError(str(error)) from error
        shown = {"project": self.site.project, "location": self.site.location}
        super().__init__("mizan:components:GkeCluster", name, shown, opts)
        if credentials is None:
            pulumi.log.warn("Credentials come from this machine's metadata server, which is not asked beforehand", self)
        self._name, self._plan = name, args.plan
        self.cloud = gcp.Provider(
            f"{name}-google",
            project=self.site.project,
            region=self.site.region,
            default_labels=dict(args.plan.cloud_labels),
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = self._make_account()
        network = self._make_network()
        cluster = self._make_cluster(network, role)
        self.cluster_name = cluster.output("name")
        self.kubeconfig = pulumi.Output.all(
            endpoint=cluster.output("endpoint"), masterAuth=cluster.output("masterAuth")
        ).apply(self._kubeconfig)
        self.nodes_ready = (role, *network.ready)
        system = CloudResource(
            NODE_POOL,
            f"{name}-system",
            system_pool_args(args.plan, self.site, cluster=self.cluster_name, account=self.node_account),
            # Of later nodes the autoscaler is master.
            self.made(cluster, *self.nodes_ready, ignore_changes=["initialNodeCount"], delete_before_replace=True),
        )
        # What runs in the cluster comes after the nodes that it runs on, and goes before them.
        self.provider = k8s.Provider(
            f"{name}-provider",
            kubeconfig=self.kubeconfig,
            # Else a new address or certificate would read as another cluster, and everything in it be made anew.
            cluster_identifier=self.site.identifier,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster, system]),
        )
        self.register_outputs({"cluster_name": self.cluster_name, "kubeconfig": self.kubeconfig})

    def project_number(self) -> pulumi.Output[str]:
        """Return the number of the cluster's project, by which Google knows the identities of its pods."""
        options = pulumi.InvokeOutputOptions(parent=self, provider=self.cloud)
        number: pulumi.Output[str] = gcp.organizations.get_project_output(
            project_id=self.site.project, opts=options
        ).number
        return number

    def made(self, *after: pulumi.Resource, **options: Any) -> pulumi.ResourceOptions:  # noqa: ANN401  # Pulumi's own
        """Return the options of a resource at Google that comes after others."""
        return pulumi.ResourceOptions(parent=self, provider=self.cloud, depends_on=list(after), **options)

    def _kubeconfig(self, told: Mapping[str, Any]) -> str:
        """Return the kubeconfig of a cluster of which Google tells this."""
        return kubeconfig(self.site, endpoint=told["endpoint"], authority=_authority(told["masterAuth"]))

    def _make_account(self) -> pulumi.Resource:
        account = CloudResource(
            ACCOUNT, f"{self._name}-nodes", node_account_args(self.site), self.made(), outputs=("email",)
        )
        self.node_account = account.output("email")
        member = self.node_account.apply(lambda email: f"serviceAccount:{email}")
        return CloudResource(
            PROJECT_ROLE, f"{self._name}-nodes", node_role_args(self.site, account=member), self.made()
        )

    def _make_network(self) -> _Network:
        """Return the VPC that the stack names, or makes."""
        name, plan, site = self._name, self._plan, self.site
        given = gke_of(plan).network
        if not makes_network(plan):
            return _Network(network=given.network or "", subnetwork=given.subnetwork or "", ready=())
        network = CloudResource(NETWORK, f"{name}-network", network_args(site), self.made())
        subnetwork = CloudResource(
            SUBNETWORK, f"{name}-subnetwork", subnetwork_args(plan, site, network=network.id), self.made()
        )
        router = CloudResource(ROUTER, f"{name}-router", router_args(site, network=network.id), self.made())
        nat = CloudResource(NAT, f"{name}-nat", nat_args(site, router=router.output("name")), self.made())
        firewall = CloudResource(
            FIREWALL,
            f"{name}-webhooks",
            webhook_firewall_args(plan, site, network=network.id, account=self.node_account),
            self.made(),
        )
        return _Network(network=network.id, subnetwork=subnetwork.id, ready=(nat, firewall))

    def _make_cluster(self, network: _Network, role: pulumi.Resource) -> CloudResource:
        args = cluster_args(
            self._plan,
            self.site,
            network=network.network,
            subnetwork=network.subnetwork,
            account=self.node_account,
        )
        # Of the default node pool, which is gone as soon as the cluster is there; a change of it would replace the
        # whole cluster.
        options = self.made(
            role,
            ignore_changes=["nodeConfig"],
            additional_secret_outputs=["effectiveLabels", "pulumiLabels"],
            # Else a destroy would take everything else before Google refuses to delete the cluster.
            protect=gke_of(self._plan).deletion_protection,
            hooks=guarded(self._name, self._plan, self._kubeconfig),
        )
        outputs = ("endpoint", "masterAuth")
        return CloudResource(CLUSTER, f"{self._name}-cluster", args, options, outputs=outputs)


def _authority(master_auth: Any) -> str:  # noqa: ANN401  # as the provider gives it
    authority: str = (master_auth or {}).get("clusterCaCertificate") or ""
    return authority
