"""KWOK: the kubelets of machines that do not exist, driven by the stages in stages/."""

from pathlib import Path

from lightkube import Client
from lightkube.resources.coordination_v1 import Lease

from local.control_plane.daemons import KWOK, Site
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from mizan import keys

STAGES = tuple(sorted((Path(__file__).parent / "stages").glob("*.yaml")))
LEASE_SECONDS = 40
_NODE_LEASES = "kube-node-lease"


def command(site: Site) -> Command:
    """Return KWOK with our stages and none of the user's own."""
    arguments = (
        str(site.tools.path(KWOK.tool)),
        f"--kubeconfig={site.home.kubeconfig}",
        f"--server-address={HOST}:{site.ports['kwok']}",
        f"--manage-nodes-with-annotation-selector={keys.KWOK_NODE}={keys.KWOK_NODE_VALUE}",
        f"--node-lease-duration-seconds={LEASE_SECONDS}",
        f"--config={','.join(str(stage) for stage in STAGES)}",
    )
    # KWOK reads ~/.kwok/kwok.yaml as well, wherever --config points.
    environment = {"KWOK_WORKDIR": str(site.home.state / "kwok")}
    return Command(KWOK.name, arguments, environment, inputs=(site.home.kubeconfig, *STAGES))


def release_nodes(client: Client) -> None:
    """Return once no earlier KWOK holds a node.

    Every KWOK has a name of its own and leaves the nodes of another alone until their leases run out, LEASE_SECONDS
    after that one has ended. Call it while none runs.
    """
    for lease in client.list(Lease, namespace=_NODE_LEASES):
        if lease.metadata and lease.metadata.name:
            client.delete(Lease, lease.metadata.name, namespace=_NODE_LEASES)
