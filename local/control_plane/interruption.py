"""A spot interruption on request: what a cloud does when it takes a machine back."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from httpx2 import HTTPError
from lightkube import ALL_NS, ApiError, Client
from lightkube.models.core_v1 import NodeSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Node, Pod
from lightkube.types import PatchType

from mizan import keys
from mizan.capacity import CapacityType
from mizan.errors import PlatformError, SourceUnreachable

NOTICE_SECONDS = 30.0
"""As on Google Cloud; AWS gives 120.

Sources: https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html (2026-11-22).
"""

GONE_SECONDS = 60.0
_POLL_SECONDS = 0.2
_CONFLICTS = 5
_CONFLICT, _NOT_FOUND = 409, 404


def interrupt(client: Client, node_name: str, *, notice_seconds: float = NOTICE_SECONDS) -> None:
    """Return once node `node_name` is gone: tainted, then deleted when it is empty or `notice_seconds` are over.

    The taint evicts pods through the API, which marks them DisruptionTarget: a Job's podFailurePolicy can tell this end
    from a failure of the program.

    Raises:
        PlatformError: there is no such node, or it is not spot; nothing has been changed.
        SourceUnreachable: the node is still there long after its end, or the cluster does not answer.
    """
    try:
        _take(client, node_name, notice_seconds)
    except HTTPError as error:
        raise SourceUnreachable(
            f"node {node_name}",
            f"a request failed ({type(error).__name__}: {error})",
            needs="an API server that answers",
            because="a node is taken away through it",
            fix="See `make status`, then `make up`",
        ) from error


def _take(client: Client, node_name: str, notice_seconds: float) -> None:
    _must_be_spot(client, node_name)
    _taint(client, node_name)
    _wait(lambda: not _has_pods(client, node_name), notice_seconds)
    with suppress(ApiError):
        client.delete(Node, node_name)
    if not _wait(lambda: _node(client, node_name) is None, GONE_SECONDS):
        raise SourceUnreachable(
            f"node {node_name}",
            f"still there {GONE_SECONDS:.0f} s after its deletion",
            needs="its finalizers removed",
            because="Karpenter lets a node go only after it has drained it",
            fix="See Karpenter's log; `make status` names it",
        )


def _taint(client: Client, node_name: str) -> None:
    taint = {"key": keys.SPOT_INTERRUPTION_TAINT, "effect": "NoExecute"}
    for _ in range(_CONFLICTS):
        node = _node(client, node_name)
        if node is None:
            return
        spec, metadata = node.spec or NodeSpec(), node.metadata or ObjectMeta()
        held = [present.to_dict() for present in spec.taints or []]
        if any(present["key"] == keys.SPOT_INTERRUPTION_TAINT for present in held):
            return
        # A list of taints is written whole; the version keeps this from undoing what another controller adds meanwhile.
        patch = {"metadata": {"resourceVersion": metadata.resourceVersion}, "spec": {"taints": [*held, taint]}}
        try:
            client.patch(Node, node_name, patch, patch_type=PatchType.MERGE)
        except ApiError as error:
            if error.status.code != _CONFLICT:
                raise
        else:
            return
    raise SourceUnreachable(
        f"node {node_name}",
        f"changed by others during {_CONFLICTS} attempts to taint it",
        needs="a moment without other writers",
        because="a list of taints is written whole",
        fix="Try again",
    )


def _node(client: Client, node_name: str) -> Node | None:
    try:
        return client.get(Node, node_name)
    except ApiError as error:
        if error.status.code == _NOT_FOUND:
            return None
        raise


def _must_be_spot(client: Client, node_name: str) -> None:
    capacity = {name: _labels(node).get(keys.CAPACITY_TYPE) for node in client.list(Node) if (name := _name(node))}
    if capacity.get(node_name) == CapacityType.SPOT:
        return
    spot = sorted(name for name, held in capacity.items() if held == CapacityType.SPOT)
    observed = "not in the cluster"
    if node_name in capacity:
        observed = f"not spot ({keys.CAPACITY_TYPE}: {capacity[node_name] or 'none'})"
    raise PlatformError(
        f"node {node_name}",
        observed,
        needs="the name of a spot node",
        because="a cloud takes back only its spare machines",
        fix=f"Name one of {', '.join(spot)}" if spot else "No node is spot now; start a job on spot capacity first",
    )


def _name(node: Node) -> str:
    return (node.metadata and node.metadata.name) or ""


def _labels(node: Node) -> Mapping[str, str]:
    return (node.metadata and node.metadata.labels) or {}


def _has_pods(client: Client, node_name: str) -> bool:
    return any(True for _ in client.list(Pod, namespace=ALL_NS, fields={"spec.nodeName": node_name}))


def _wait(is_over: Callable[[], bool], timeout_seconds: float) -> bool:
    """Return whether `is_over` came true within `timeout_seconds`."""
    deadline = time.monotonic() + timeout_seconds
    while not is_over():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
