"""The edge to Prometheus: the month's dollars, or why nobody knows them.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/, Instant queries, read 2026-11-22.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from mizan.budgets.costs import read_costs
from mizan.budgets.model import Costs, Unknown
from mizan.budgets.web import Http, Refused, Request, is_on_this_machine, shown

TOKEN = "token"  # noqa: S105  # a file's name
"""The file whose text is a bearer token; any other file is a header by its name."""

MOST_BYTES = 8 * 1024
"""Of a header; common servers refuse longer ones."""

# Source: https://www.rfc-editor.org/rfc/rfc9110#section-5, token and field-value, read 2026-11-22; of bytes that are no
# ASCII it says that they should not be.
_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_TEXT = re.compile(rb"[\x20-\x7e\t]*")


def headers_in(folder: Path) -> dict[str, str]:
    """Return the headers that the files of a folder hold, as a Secret that is mounted there; nothing where none is.

    Raises:
        OSError: a file cannot be read.
        ValueError: one is no header; its text is not told, as it may be a secret.
    """
    # Kubernetes keeps the files themselves in a folder with two dots, and links to them.
    files = {path.name: path for path in folder.glob("*") if not path.name.startswith(".") and path.is_file()}
    texts = {name: _text(name, path) for name, path in sorted(files.items())}
    token = texts.pop(TOKEN, "")
    return {name: text for name, text in texts.items() if text} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )


def costs_of(prometheus: Http, question: str, now: datetime) -> Costs | Unknown:
    """Return the month's dollars of all teams."""
    try:
        answer = prometheus.ask(Request(path=f"/api/v1/query?{urlencode({'query': question})}"))
    except Refused as refused:
        return Unknown(f"Prometheus at {shown(prometheus.url)} does not answer: {refused}")
    return read_costs(answer, now)


def prometheus_at(url: str, headers: Mapping[str, str]) -> Http:
    """Return the Prometheus at an address; no proxy of the environment stands before one on this machine."""
    return Http(url=url, headers=headers, is_direct=is_on_this_machine(url))


def _text(name: str, file: Path) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"file {name!r}: a name that no header has")
    with file.open("rb") as opened:
        text = opened.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"file {name!r}: more than {MOST_BYTES} bytes")
    text = text.strip()
    if b"\n" in text or b"\r" in text:
        raise ValueError(f"file {name!r}: a line break inside")
    if not _TEXT.fullmatch(text):
        raise ValueError(f"file {name!r}: a character that no header takes")
    return text.decode("ascii")
