"""Asks a process whether it is ready, over HTTP on 127.0.0.1."""

import http.client
import ssl
from dataclasses import dataclass
from pathlib import Path

from local.control_plane import pki
from local.control_plane.ports import HOST


@dataclass(frozen=True)
class Question:
    """Where a process tells whether it is ready.

    Attributes:
        path: answered with status 200 once it is.
        is_tls: whether it speaks HTTPS with a certificate of the control plane's own authority.
    """

    path: str
    is_tls: bool


def ask(question: Question, port: int, certificates: Path, *, timeout_seconds: float) -> str | None:
    """Return None where the answer is "ready", else what was heard instead."""
    try:
        connection = _connect(question, port, certificates, timeout_seconds)
    except OSError as error:
        return f"the certificates in {certificates} cannot be used ({error}); `make up` makes them anew"
    try:
        connection.request("GET", question.path)
        answer = connection.getresponse()
        text = answer.read(400).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return None if answer.status == http.client.OK else f"HTTP {answer.status} {text}".strip()


def _connect(question: Question, port: int, certificates: Path, timeout_seconds: float) -> http.client.HTTPConnection:
    if not question.is_tls:
        return http.client.HTTPConnection(HOST, port, timeout=timeout_seconds)
    context = ssl.create_default_context(cafile=str(pki.certificate(certificates, "ca")))
    context.load_cert_chain(pki.certificate(certificates, "admin"), pki.private_key(certificates, "admin"))
    return http.client.HTTPSConnection(HOST, port, timeout=timeout_seconds, context=context)
