"""An API server with LocalQueues and Events, and a Prometheus, over real HTTP: versions, merge patches, managers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.budget_builders import patched

QUEUES = "/apis/kueue.x-k8s.io/v1beta2/namespaces/"
EVENTS = "/apis/events.k8s.io/v1/namespaces/"
QUERY = "/api/v1/query"


class FakeWorld:
    """What the servers hold and were asked.

    Attributes:
        faults: of requests by method and the beginning of their path: status codes that they get, one after the other;
            0 ends the connection without an answer.
        before_patch: what else happens just before a patch, once.
    """

    def __init__(self) -> None:
        self.url = ""
        self.queues: dict[tuple[str, str], dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.prometheus: Any = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.faults: dict[tuple[str, str], list[int]] = {}
        self.before_patch: list[Any] = []

    def put(self, body: dict[str, Any]) -> None:
        self.queues[body["metadata"]["namespace"], body["metadata"]["name"]] = body

    def policy(self, namespace: str = "team-a", name: str = "training") -> str:
        return str(self.queues[namespace, name]["spec"]["stopPolicy"])

    def person(self, policy: str, namespace: str = "team-a", name: str = "training") -> None:
        """Somebody sets a policy with kubectl."""
        body = self.queues[namespace, name]
        self.put(patched(body, {"spec": {"stopPolicy": policy}}, "kubectl-patch"))

    def answer(self, method: str, target: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        self.asked.append((method, target, headers))
        for (asked, beginning), codes in self.faults.items():
            if asked == method and target.startswith(beginning) and codes:
                code = codes.pop(0)
                return code, {"message": f"fault {code}"}
        path = urlsplit(target).path
        if path.startswith(QUERY):
            return 200, self.prometheus
        if path.startswith(EVENTS):
            return self._event(body)
        if path.startswith(QUEUES):
            return self._queue(method, path, parse_qs(urlsplit(target).query), body)
        return 404, {"message": f"{path} not found"}

    def _event(self, body: Any) -> tuple[int, Any]:
        names = {each["metadata"]["name"] for each in self.events}
        if body["metadata"]["name"] in names:
            return 409, {"message": "already exists"}
        self.events.append(body)
        return 201, body

    def _queue(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        namespace, _, *name = path.removeprefix(QUEUES).split("/")
        if not name:
            return 200, {
                "metadata": {},
                "items": [each for (of, _), each in sorted(self.queues.items()) if of == namespace],
            }
        if method == "PATCH" and self.before_patch:
            self.before_patch.pop(0)()
        found = self.queues.get((namespace, name[0]))
        if found is None:
            return 404, {"message": f"{name[0]} not found"}
        if method == "PATCH":
            if body["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
                return 409, {"message": "the object has been modified"}
            self.put(patched(found, body, query["fieldManager"][0]))
        return 200, self.queues[namespace, name[0]]


@contextmanager
def served(world: FakeWorld, tls: SSLContext | None = None) -> Iterator[FakeWorld]:
    """Serve a world at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            code, answer = world.answer(
                self.command, self.path, {name.lower(): text for name, text in self.headers.items()}, body
            )
            if code == 0:
                self.close_connection = True
                return
            text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(code)
            if 300 <= code < 400:
                self.send_header("Location", f"{world.url}{QUERY}?elsewhere")
            self.send_header("Content-Type", "text/plain" if isinstance(answer, bytes) else "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PATCH = do_POST = _do  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    world.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
