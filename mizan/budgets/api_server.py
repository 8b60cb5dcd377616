"""The edge to the API server of a pod's own cluster, with the token and authority of its service account.

Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/, read 2026-11-22.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from mizan.budgets.queues import FIELD_MANAGER, GROUP, PLURAL, VERSION
from mizan.budgets.web import Http, Refused, Request

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Manifest = dict[str, Any]


class Cluster(Protocol):
    """A cluster whose LocalQueues are held. Each of them raises Refused where it is not done."""

    def queues(self, namespace: str) -> list[Manifest]:
        """Return the LocalQueues of a namespace."""

    def queue(self, namespace: str, name: str) -> Manifest:
        """Return one LocalQueue."""

    def patch(self, namespace: str, name: str, body: Manifest) -> None:
        """Change a LocalQueue by a JSON merge patch, as our field manager."""

    def tell(self, event: Manifest) -> None:
        """Create an Event; one that is already told is told."""


@dataclass(frozen=True)
class ApiServer:
    """The API server over HTTP."""

    http: Http

    def queues(self, namespace: str) -> list[Manifest]:
        """Return the LocalQueues of a namespace."""
        answer = self.http.ask(Request(path=_path(namespace)))
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise Refused("an answer that is no list", HTTPStatus.OK)
        return [_object(item) for item in items]

    def queue(self, namespace: str, name: str) -> Manifest:
        """Return one LocalQueue."""
        return _object(self.http.ask(Request(path=_path(namespace, name))))

    def patch(self, namespace: str, name: str, body: Manifest) -> None:
        """Change a LocalQueue by a JSON merge patch, as our field manager."""
        path = f"{_path(namespace, name)}?fieldManager={FIELD_MANAGER}"
        media_type = "application/merge-patch+json"
        self.http.ask(Request(method="PATCH", path=path, body=body, media_type=media_type))

    def tell(self, event: Manifest) -> None:
        """Create an Event; one that is already told is told."""
        path = f"/apis/events.k8s.io/v1/namespaces/{quote(event['metadata']['namespace'], safe='')}/events"
        try:
            self.http.ask(Request(method="POST", path=path, body=event))
        except Refused as refused:
            if refused.code != HTTPStatus.CONFLICT:
                raise


def own_api_server(environment: Mapping[str, str], account: Path = ACCOUNT) -> ApiServer:
    """Return the API server of the cluster that this pod runs in.

    Raises:
        OSError: no service account is mounted.
        ValueError: nothing tells where the API server is, or its token is no text.
    """
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ValueError("KUBERNETES_SERVICE_HOST is not set: this program runs in a pod")
    token = (account / "token").read_text(encoding="utf-8").strip()
    authority = ssl.create_default_context(cafile=str(account / "ca.crt"))
    where = f"[{host}]" if ":" in host else host
    headers = {"Authorization": f"Bearer {token}"}
    return ApiServer(Http(url=f"https://{where}:{port}", headers=headers, authority=authority, is_direct=True))


def _path(namespace: str, name: str | None = None) -> str:
    path = f"/apis/{GROUP}/{VERSION}/namespaces/{quote(namespace, safe='')}/{PLURAL}"
    return path if name is None else f"{path}/{quote(name, safe='')}"


def _object(answer: Any) -> Manifest:  # noqa: ANN401  # JSON
    metadata = answer.get("metadata") if isinstance(answer, dict) else None
    if not isinstance(metadata, dict) or not {"namespace", "name"} <= metadata.keys():
        raise Refused("an answer that is no object", HTTPStatus.OK)
    return dict(answer)
