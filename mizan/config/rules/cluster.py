"""Rules about the cluster and what is installed in it."""

from collections.abc import Iterator

from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, Install
from mizan.config.part import Part


def the_cluster_fits_the_cloud(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where a cluster is named and must not be, or the other way round."""
    cluster, cloud = stack["cluster"], stack["cloud"].text
    if cloud == Cloud.EXISTING and cluster.value is None:
        yield ConfigFault(
            cluster.path,
            "nothing",
            needs="kubeconfig, context and name",
            because="the platform must know which cluster it changes",
            fix="Add `{kubeconfig: ~/.kube/config, context: prod, name: prod}`",
        )
    if cloud == Cloud.LOCAL and cluster.value is not None:
        yield ConfigFault(
            cluster.path,
            "a cluster",
            needs="no cluster",
            because="stack `local` always uses the embedded control plane",
            fix="Remove it, or write `mizan:cloud: existing`",
        )


def the_embedded_cluster_has_its_own_kueue(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where a second Kueue would be installed beside the embedded one."""
    install = stack["addons"]["kueue"]["install"]
    if stack["cloud"].text == Cloud.LOCAL and install.text == Install.HELM:
        yield ConfigFault(
            install.path,
            "helm",
            needs="external",
            because="the embedded control plane already runs Kueue",
            fix="Write `external`",
        )
