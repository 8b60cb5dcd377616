"""The edge to anybody who answers over HTTP: with a time limit, a few tries, and no way to another host."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException
from ssl import SSLContext
from typing import IO, Any

ANSWER_SECONDS = 10.0
WAITS_SECONDS = (0.5, 2.0)
"""Between tries; a try more than there are waits."""

MOST_BYTES = 16 * 1024 * 1024

_TRANSIENT = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class Refused(Exception):
    """Somebody did not do what was asked.

    Attributes:
        code: of the answer; None where there was none.
    """

    def __init__(self, told: str, code: int | None = None) -> None:
        """Keep what was told, on one line."""
        self.code = code
        super().__init__(" ".join(told.split())[:500])


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked, and how.

    Attributes:
        path: behind the address of who is asked, with its query.
    """

    method: str = "GET"
    path: str
    body: object = None
    media_type: str = "application/json"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nobody: a token that is meant for one host would go to another."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Return no request, which makes the redirection an error."""


@dataclass(frozen=True, kw_only=True)
class Http:
    """Somebody who answers in JSON.

    Attributes:
        url: scheme, host and maybe a path.
        headers: with every request.
        authority: who signs certificates there; None takes those whom the system trusts.
        is_direct: past any proxy of the environment.
        wait: takes seconds.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    authority: SSLContext | None = None
    is_direct: bool = False
    wait: Callable[[float], None] = time.sleep

    def ask(self, request: Request) -> Any:  # noqa: ANN401  # JSON
        """Return an answer; who is busy or away is asked again, a few times.

        Raises:
            Refused: no answer, none that is understood, or a no.
        """
        for seconds in WAITS_SECONDS:
            try:
                return self._ask(request)
            except Refused as refused:
                if refused.code is not None and refused.code not in _TRANSIENT:
                    raise
                self.wait(seconds)
        return self._ask(request)

    def _ask(self, request: Request) -> Any:  # noqa: ANN401
        data = None if request.body is None else json.dumps(request.body).encode()
        headers = {"Accept": "application/json", **self.headers}
        if data is not None:
            headers["Content-Type"] = request.media_type
        # The address is a setting of the stack, checked for its scheme.
        asked = urllib.request.Request(self.url.rstrip("/") + request.path, data, headers, method=request.method)  # noqa: S310
        try:
            with self._opener().open(asked, timeout=ANSWER_SECONDS) as answer:
                text = answer.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(f"{error.code} {error.reason}: {_message(error)}", error.code) from None
        except (OSError, HTTPException, ValueError) as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        return _document(text)

    def _opener(self) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = [_Stay()]
        if self.authority is not None:
            handlers.append(urllib.request.HTTPSHandler(context=self.authority))
        if self.is_direct:
            handlers.append(urllib.request.ProxyHandler({}))
        return urllib.request.build_opener(*handlers)


def _document(text: bytes) -> Any:  # noqa: ANN401
    if len(text) > MOST_BYTES:
        raise Refused(f"an answer of more than {MOST_BYTES} bytes", HTTPStatus.OK)
    try:
        return json.loads(text)
    # A proxy's page, for one, or lists in lists in lists.
    except (ValueError, RecursionError) as error:
        raise Refused(f"an answer that is no JSON: {type(error).__name__}", HTTPStatus.OK) from error


def _message(error: urllib.error.HTTPError) -> str:
    """Return what an API server or Prometheus says of a refusal."""
    try:
        told = json.loads(error.read(MOST_BYTES))
    except (OSError, HTTPException, ValueError, RecursionError):
        return "no reason given"
    return str(told.get("message") or told.get("error") or "no reason given") if isinstance(told, dict) else str(told)
