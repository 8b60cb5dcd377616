"""Any cluster of a kubeconfig, refused when it is not the one the stack names."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as k8s

from mizan import config
from mizan.errors import PlatformError, SourceUnreachable
from mizan.kubeconfig import proxy_of, read_kubeconfig, server_of

ANSWER_WITHIN_SECONDS = 5.0
PROXIES = ("HTTPS_PROXY", "https_proxy")


@dataclass(frozen=True, kw_only=True)
class ExistingClusterArgs:
    """The cluster that a stack names."""

    cluster: config.Cluster


class ExistingCluster(pulumi.ComponentResource):
    """A provider for the named cluster."""

    provider: k8s.Provider
    named: config.Cluster

    def __init__(self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Check the kubeconfig before anything is registered.

        Raises:
            pulumi.RunError: the wrong cluster, or one that does not answer.
        """
        try:
            kubeconfig = checked_kubeconfig(args.cluster)
        except PlatformError as error:
            raise pulumi.RunError(str(error)) from error
        super().__init__("mizan:components:ExistingCluster", name, {"context": args.cluster.context}, opts)
        self.named = args.cluster
        self.provider = k8s.Provider(
            f"{name}-provider",
            kubeconfig=str(kubeconfig),
            context=args.cluster.context,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def checked_kubeconfig(cluster: config.Cluster) -> Path:
    """Return the kubeconfig's path once its context points at the right cluster and the server answers.

    Raises:
        PlatformError: no such file, no kubeconfig, no such context, another cluster, or no address.
        SourceUnreachable: the server does not answer within 5 seconds.
    """
    path, document = read_kubeconfig(cluster)
    server = server_of(document, cluster)
    address = _address(server, path)
    # Behind a proxy a direct line says nothing.
    if proxy_of(document, cluster) is None and not any(os.environ.get(variable) for variable in PROXIES):
        _ask(server, address, path)
    return path


def _address(server: str, path: Path) -> tuple[str, int]:
    """Return host and port; https and its port are what a kubeconfig leaves out."""
    try:
        url = urlsplit(server if "//" in server else f"https://{server}")
        host, port = url.hostname, url.port or (80 if url.scheme == "http" else 443)
    except ValueError:
        host, port = None, 0
    if not host:
        raise PlatformError(
            f"kubeconfig {path}",
            f"server {server}",
            needs="an address such as https://10.0.0.1:6443",
            because="there is nothing to connect to",
            fix="Write the kubeconfig again with your cloud's own command",
        )
    return host, port


def _ask(server: str, address: tuple[str, int], path: Path) -> None:
    try:
        socket.create_connection(address, timeout=ANSWER_WITHIN_SECONDS).close()
    # UnicodeError is a host name that DNS cannot hold.
    except (OSError, UnicodeError) as error:
        raise SourceUnreachable(
            f"cluster {server} of kubeconfig {path}",
            str(error),
            needs=f"an answer within {ANSWER_WITHIN_SECONDS:.0f} s",
            because="nothing can be planned against a cluster that cannot be read",
            fix="Start the cluster or the network to it, or correct the kubeconfig",
        ) from error
