"""The edge to anybody who answers over HTTP: with a time limit, a few tries, and no way to another host.

What is told of a failure never holds what was sent: a header may be a secret, and an address may hold one.
"""

import ipaddress
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException, InvalidURL
from ssl import SSLContext
from typing import IO, Any
from urllib.parse import urlsplit

from mizan.budgets.words import one_line

ANSWER_SECONDS = 10.0
"""Until a connection stands, and until each part of an answer comes."""

WHOLE_ANSWER_SECONDS = 15.0
"""Until all of an answer is there: who sends a byte now and then would never be given up."""

WAITS_SECONDS = (0.5, 2.0)
"""Between tries; a try more than there are waits."""

# As Python's objects it takes 25 times as much at the worst, and the pod has 128 MiB.
MOST_BYTES = 2 * 1024 * 1024

_MOST_TOLD = 500

# Without a user and a password, a query and a fragment, behind which nothing could be asked.
_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?(/[A-Za-z0-9._~/-]*)?")
_MOST_PORT = 65_535

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
        super().__init__(one_line(told, _MOST_TOLD))


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
        return _document(_within(WHOLE_ANSWER_SECONDS, lambda: self._text(request)))

    def _text(self, request: Request) -> bytes:
        data = None if request.body is None else json.dumps(request.body).encode()
        headers = {"Accept": "application/json", **self.headers}
        if data is not None:
            headers["Content-Type"] = request.media_type
        url = self.url.rstrip("/") + request.path
        try:
            # The address is a setting of the stack, checked for its scheme.
            asked = urllib.request.Request(url, data, headers, method=request.method)  # noqa: S310
            with self._opener().open(asked, timeout=ANSWER_SECONDS) as answer:
                return bytes(answer.read(MOST_BYTES + 1))
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(f"{error.code} {error.reason}: {_message(error)}", error.code) from None
        except OSError as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        # Its text is what was sent: a header, or a part of the address.
        except (ValueError, InvalidURL):
            raise Refused("a request that HTTP does not take") from None
        except HTTPException as error:
            raise Refused(f"{type(error).__name__}: {error}") from error

    def _opener(self) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = [_Stay()]
        if self.authority is not None:
            handlers.append(urllib.request.HTTPSHandler(context=self.authority))
        if self.is_direct:
            handlers.append(urllib.request.ProxyHandler({}))
        return urllib.request.build_opener(*handlers)


def is_address(text: str) -> bool:
    """Return whether a text is the address of somebody who is asked, which holds no secret."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and (found["port"] is None or 0 < int(found["port"]) <= _MOST_PORT)


def shown(text: str) -> str:
    """Return an address for people, without what may be a secret in it."""
    if is_address(text):
        return text
    if any(mark in text for mark in "@?#"):
        return "an address with a user, a query or a fragment, which is not shown"
    return one_line(text, _MOST_TOLD) or "nothing"


def is_on_this_machine(url: str) -> bool:
    """Return whether an address is one of this machine's own, to which no proxy leads."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _within(seconds: float, get: Callable[[], bytes]) -> bytes:
    """Return what is got within a time; a socket's own limit begins anew with each byte.

    Raises:
        Refused: it takes longer, or as `get` does.
    """
    got: Future[bytes] = Future()

    def run() -> None:
        try:
            got.set_result(get())
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            got.set_exception(error)

    # A daemon: the end of the program waits for nobody.
    threading.Thread(target=run, daemon=True).start()
    try:
        return got.result(seconds)
    except TimeoutError:
        raise Refused(f"no whole answer within {seconds:g} s") from None


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
    if HTTPStatus.MULTIPLE_CHOICES <= error.code < HTTPStatus.BAD_REQUEST:
        return f"a redirection to {_host(error.headers.get('Location'))}, and nobody is followed"
    try:
        told = json.loads(error.read(MOST_BYTES))
    except (OSError, HTTPException, ValueError, RecursionError):
        return "no reason given"
    return str(told.get("message") or told.get("error") or "no reason given") if isinstance(told, dict) else str(told)


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or "the same host"
    except ValueError:
        return "an address that is none"
