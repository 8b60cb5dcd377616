"""A simulated DRA driver: tells the scheduler of the devices of simulated nodes, as NVIDIA's would on real ones.

    python dra_driver.py KUBECONFIG DEVICES PORT

DEVICES, a JSON object, has under `nodes` for each pool what a node of it has, as a ResourceSlice does: {"a100":
[{"name": "gpu-0", "attributes": ..., "capacity": ...}]}. Every node of such a pool gets one slice, whose owner it is:
Kubernetes takes the slice away with its node. Nothing else of a driver is simulated: no pod of the cluster really runs,
and so no device is prepared for one.

Of the project it imports nothing, so that it runs as a script from any folder and starts at once.
"""

import json
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from httpx2 import HTTPError
from lightkube import ApiError, Client, KubeConfig
from lightkube.resources.core_v1 import Node
from lightkube.resources.resource_v1 import ResourceSlice
from lightkube.types import PatchType

HOST = "127.0.0.1"
READY_PATH = "/readyz"
NAME = "simulated-dra-driver"
# Where claims and DeviceClasses look for it: it stands in for this one.
DRIVER = "gpu.nvidia.com"
POOL = "mizan.dev/pool"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_RETRY_SECONDS = 1.0

Devices = Mapping[str, Sequence[Mapping[str, Any]]]


def resource_slice(node: str, node_uid: str, devices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the ResourceSlice of one node; it is called simulated, and every UUID in it is the node's own."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {
            "name": f"{node}-simulated-{DRIVER}",
            "labels": {_MANAGED_BY: NAME},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": node, "uid": node_uid}],
        },
        "spec": {
            "driver": DRIVER,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": [_identified(device, node_uid) for device in devices],
        },
    }


def _identified(device: Mapping[str, Any], node_uid: str) -> dict[str, Any]:
    """Return a device with the UUIDs by which NVIDIA's driver tells it and its GPU, the same at every start."""
    name, attributes = device["name"], device["attributes"]
    gpu = f"GPU-{_uuid(node_uid, '-'.join(name.split('-')[:2]))}"
    if attributes["type"]["string"] == "gpu":
        own = {"uuid": {"string": gpu}}
    else:
        own = {"uuid": {"string": f"MIG-{_uuid(node_uid, name)}"}, "parentUUID": {"string": gpu}}
    return {**device, "attributes": {**attributes, **own}}


def _uuid(node_uid: str, device: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{node_uid}/{device}")


def follow(client: Client, devices: Devices, is_ready: threading.Event) -> None:
    """Give every node of the pools its slice, those that are there and those that come, until an error."""
    nodes = client.list(Node, labels={POOL: list(devices)})
    for node in nodes:
        publish(client, node, devices)
    is_ready.set()
    for event, node in client.watch(Node, labels={POOL: list(devices)}, resource_version=nodes.resourceVersion):
        if event == "ADDED":
            publish(client, node, devices)


def publish(client: Client, node: Node, devices: Devices) -> None:
    """Write a node's slice."""
    metadata = node.metadata
    if metadata is None or not (metadata.name and metadata.uid and metadata.labels):
        return
    held = devices[metadata.labels[POOL]]
    body = resource_slice(metadata.name, metadata.uid, held)
    name = body["metadata"]["name"]
    client.patch(ResourceSlice, name, body, patch_type=PatchType.APPLY, field_manager=NAME, force=True)
    _say(f"{name}: {len(held)} simulated devices")


class _Answers(BaseHTTPRequestHandler):
    """Whether the first slices are written."""

    is_ready: ClassVar[threading.Event]

    def do_GET(self) -> None:
        """Answer READY_PATH with 200 once they are."""
        is_asked = self.path == READY_PATH
        status = HTTPStatus.OK if is_asked and self.is_ready.is_set() else HTTPStatus.SERVICE_UNAVAILABLE
        text = b"" if status is HTTPStatus.OK else b"the first ResourceSlices are not written"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing: somebody asks several times a second while the control plane starts."""


def answer(port: int, is_ready: threading.Event) -> ThreadingHTTPServer:
    """Return what tells on 127.0.0.1:`port` whether the driver is ready; it is already serving.

    Raises:
        OSError: the port is taken.
    """
    handler = type("_Bound", (_Answers,), {"is_ready": is_ready})
    server = ThreadingHTTPServer((HOST, port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - standard output is this process's log


def main(arguments: Sequence[str]) -> None:
    """Run the driver until it is ended."""
    kubeconfig, file, port = arguments
    devices: Devices = json.loads(Path(file).read_text())["nodes"]
    is_ready = threading.Event()
    try:
        answer(int(port), is_ready)
    except OSError as error:
        sys.exit(f"port {port}: {str(error.strerror).lower()}")
    _say(f"simulated devices of {DRIVER} for nodes of {', '.join(devices)}")
    with Client(KubeConfig.from_file(kubeconfig).get(), trust_env=False, field_manager=NAME) as client:
        while True:
            try:
                follow(client, devices, is_ready)
            except (ApiError, HTTPError) as error:
                _say(f"{type(error).__name__}: {error}; looking again")
            time.sleep(_RETRY_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1:])
