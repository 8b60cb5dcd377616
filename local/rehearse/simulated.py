"""What of a rehearsal is not the real thing, said in full: nobody shall take it for more than it is. Pure."""

from collections.abc import Collection
from importlib.metadata import version

from local.rehearse.machines import OutOfStock
from mizan import versions
from mizan.config import Cloud
from mizan.plan import Plan

_CHECKED = "its provider checks what the SDK's classes, references and ranges say, and keeps files."
_TWINS = "Karpenter's kwok provider has one of the same labels, taints, limits and prices"
_OF_CLOUD = {
    Cloud.GKE: (
        f"Google Cloud. No API of Google's is called: {_CHECKED}",
        f"GKE's autoscaler. For each node pool {_TWINS}; the order of a ComputeClass is that of their weights.",
    ),
    Cloud.EKS: (
        f"AWS. No API of AWS's is called: {_CHECKED}",
        f"Karpenter's AWS provider. Its charts and CRDs are the real ones; for each NodePool {_TWINS}.",
    ),
}
_EVERYWHERE = (
    "Nodes and pods, by KWOK. No container runs, no GPU is there, and a node is there at once.",
    "NVIDIA's device plugin and operator. A node has its GPUs, or the parts that its labels ask for, at once.",
    "NVIDIA's charts. Those of a rehearsal have the same names, keep the values they are given, and install nothing.",
    "The cluster's version. API server, Kueue and Karpenter are real, and those of the embedded default.",
    "Signing in. A certificate of the cluster stands for the cloud's token, and nobody's credentials are used.",
    "The identity that logs in. It is the cluster's administrator here, whatever the cloud would let you do.",
)


def simulated(plan: Plan, out_of_stock: Collection[OutOfStock]) -> tuple[str, ...]:
    """Return a sentence for everything that was simulated."""
    gone = ", ".join(sorted(map(str, out_of_stock)))
    stock = f"there was none of {gone}, as it was told" if gone else "every machine was there, in all zones"
    pair = f"{versions.EMBEDDED_KUBERNETES_PROVIDER} stands in for the SDK's {version('pulumi-kubernetes')}"
    return (*_OF_CLOUD[plan.cloud], f"Stock: {stock}.", *_EVERYWHERE, f"Pulumi's Kubernetes provider: {pair}.")
