"""Asks the Prometheus of a home, and opens its page where somebody can see it."""

import http.client
import json
import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.questions import Sample
from mizan.errors import PlatformError, SourceUnreachable

_ANSWER_SECONDS = 10.0
_PAGE = "/query"


def ask(address: str, query: str) -> list[Sample]:
    """Return what a query gives now, one sample for each series.

    Source: https://prometheus.io/docs/prometheus/3.5/querying/api/#instant-queries (2026-11-23).

    Args:
        address: such as "http://127.0.0.1:20001".
        query: in PromQL; its result has labels.

    Raises:
        SourceUnreachable: Prometheus does not answer.
        PlatformError: it refuses the query.
    """
    status, text = _get(address, f"/api/v1/query?{urlencode({'query': query})}")
    try:
        document: Mapping[str, Any] = json.loads(text)
        if document["status"] == "success":
            return [_sample(series) for series in document["data"]["result"]]
        told = str(document["error"])
    except (ValueError, KeyError, TypeError, IndexError, InvalidOperation):
        told = f"HTTP {status} {text[:200]}".strip()
    raise PlatformError(
        f"prometheus at {address}",
        told,
        needs="an answer to a query",
        because="the table shows what it measures",
        fix="See its log in `make status`, then run `make up`",
    )


def has_page(address: str) -> bool:
    """Return whether Prometheus has the files of its own page; built from its Go module alone it has not."""
    try:
        status, _ = _get(address, _PAGE)
    except SourceUnreachable:
        return False
    return status == http.client.OK


def opener(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Callable[[str], bool] | None:
    """Return what opens a page in a browser; None where nobody looks at a screen that has one."""
    has_screen = system == "darwin" or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    if not has_screen:
        return None
    try:
        return webbrowser.get().open
    except webbrowser.Error:
        return None


def _sample(series: Mapping[str, Any]) -> Sample:
    return Sample(labels=series["metric"], value=Decimal(series["value"][1]))


def _get(address: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise SourceUnreachable(
            f"prometheus at {address}",
            f"{type(error).__name__}: {error}",
            needs="an answer",
            because="the table shows what it measures",
            fix="See `make status`, then run `make up`",
        ) from error
    finally:
        connection.close()
