"""The series in which OpenCost tells what nodes cost and which GPUs containers have, from the stack's own prices.

A node that no offer fits has no price, and so no series. A container has what it asks for of `nvidia.com/gpu`; other
parts of a GPU OpenCost does not count. Disks are not in here: OpenCost tells them by volume.

Source: opencost/opencost@v2.4.2 pkg/costmodel/metrics.go and costmodel.go, ComputeCostData.
"""

from collections.abc import Iterator, Mapping

from local.gpu_metrics.exposition import Family, Sample
from local.gpu_metrics.fleet import Fleet, NodePrice
from local.gpu_metrics.objects import Cluster, Node
from mizan import keys


def opencost_families(cluster: Cluster, fleet: Fleet) -> Iterator[Family]:
    """Yield the families of nodes, and that of containers."""
    priced = [
        (_labels(node, price), price)
        for node in sorted(cluster.nodes, key=lambda node: node.name)
        if (price := fleet.price_of(node)) is not None
    ]
    told = [(labels, _told(price)) for labels, price in priced]
    for name, help_text in _HELP.items():
        samples = tuple(Sample(labels=labels, value=values[name]) for labels, values in told)
        yield Family(name=name, type="gauge", help=help_text, samples=samples)
    yield _allocations(cluster)


_HELP = {
    "node_gpu_hourly_cost": "Cost of an hour of each GPU of the node (USD).",
    "node_gpu_count": "GPUs of the node.",
    "node_cpu_hourly_cost": "Cost of an hour of each CPU of the node (USD).",
    "node_ram_hourly_cost": "Cost of an hour of each GiB of memory of the node (USD).",
    "node_total_hourly_cost": "Cost of an hour of the node (USD).",
    "kubecost_node_is_spot": "Whether the cloud may take the node back.",
}


def _told(price: NodePrice) -> Mapping[str, float]:
    return {
        "node_gpu_hourly_cost": float(price.usd_per_gpu),
        "node_gpu_count": price.gpus,
        "node_cpu_hourly_cost": float(price.usd_per_vcpu),
        "node_ram_hourly_cost": float(price.usd_per_gib),
        "node_total_hourly_cost": float(price.usd),
        "kubecost_node_is_spot": int(price.is_spot),
    }


def _labels(node: Node, price: NodePrice) -> Mapping[str, str]:
    return {
        "instance": node.name,
        "node": node.name,
        "instance_type": node.labels.get(keys.INSTANCE_TYPE, ""),
        "region": price.region,
        "provider_id": node.provider_id,
        "arch": node.labels.get(keys.ARCHITECTURE, ""),
    }


def _allocations(cluster: Cluster) -> Family:
    samples = (
        Sample(
            labels={
                "namespace": pod.namespace,
                "pod": pod.name,
                "container": container.name,
                "instance": pod.node,
                "node": pod.node,
            },
            value=container.amounts[keys.NVIDIA_GPU],
        )
        for pod in sorted(cluster.pods, key=lambda pod: (pod.namespace, pod.name))
        for container in pod.containers
        if pod.started is not None and keys.NVIDIA_GPU in container.amounts
    )
    return Family(
        name="container_gpu_allocation", type="gauge", help="GPUs that the container has.", samples=tuple(samples)
    )
