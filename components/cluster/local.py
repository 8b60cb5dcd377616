"""The embedded cluster that `make up` starts."""

import os
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from mizan import config, keys, versions


@dataclass(frozen=True, kw_only=True)
class LocalClusterArgs:
    """Where the embedded cluster's kubeconfig lies."""

    kubeconfig: str

    @classmethod
    def from_environment(cls) -> "LocalClusterArgs":
        """Return what `make up`, or `eval "$(make env)"`, put into the environment.

        Raises:
            pulumi.RunError: neither did.
        """
        path = os.environ.get(keys.KUBECONFIG_VARIABLE)
        if not path:
            msg = (
                f"{keys.KUBECONFIG_VARIABLE}: not set; needs the embedded cluster's kubeconfig because stack `local` "
                'runs nowhere else. Run `make up`, or `eval "$(make env)"` before a pulumi command of your own.'
            )
            raise pulumi.RunError(msg)
        return cls(kubeconfig=path)


class LocalCluster(pulumi.ComponentResource):
    """A provider for the embedded cluster."""

    provider: k8s.Provider
    named: config.Cluster

    def __init__(self, name: str, args: LocalClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Reach the cluster by path and context, so that a restart on other ports changes no resource."""
        super().__init__("mizan:components:LocalCluster", name, {"context": keys.LOCAL_CONTEXT}, opts)
        self.named = config.Cluster(kubeconfig=args.kubeconfig, context=keys.LOCAL_CONTEXT, name=keys.LOCAL_CONTEXT)
        self.provider = k8s.Provider(
            f"{name}-provider",
            kubeconfig=args.kubeconfig,
            context=keys.LOCAL_CONTEXT,
            # Nobody shares this API server, so Pulumi need not spare it.
            kube_client_settings=k8s.KubeClientSettingsArgs(qps=500, burst=1000),
            opts=pulumi.ResourceOptions(parent=self, version=versions.EMBEDDED_KUBERNETES_PROVIDER),
        )
        self.register_outputs({})
