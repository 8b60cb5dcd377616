"""The edge to Prometheus: the month's dollars, or why nobody knows them.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/, Instant queries, read 2026-11-22.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from mizan.budgets.costs import read_costs
from mizan.budgets.model import Costs, Unknown
from mizan.budgets.web import Http, Refused, Request

TOKEN = "token"  # noqa: S105  # a file's name
"""The file whose text is a bearer token; any other file is a header by its name."""


def headers_in(folder: Path) -> dict[str, str]:
    """Return the headers that the files of a folder hold, as a Secret that is mounted there; nothing where none is.

    Raises:
        OSError: a file cannot be read.
        ValueError: one is no text.
    """
    # Kubernetes keeps the files themselves in a folder with two dots, and links to them.
    files = {path.name: path for path in folder.glob("*") if not path.name.startswith(".") and path.is_file()}
    texts = {name: path.read_text(encoding="utf-8").strip() for name, path in sorted(files.items())}
    token = texts.pop(TOKEN, "")
    return {name: text for name, text in texts.items() if text} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )


def costs_of(prometheus: Http, question: str, now: datetime) -> Costs | Unknown:
    """Return the month's dollars of all teams."""
    try:
        answer = prometheus.ask(Request(path=f"/api/v1/query?{urlencode({'query': question})}"))
    except Refused as refused:
        return Unknown(f"Prometheus at {prometheus.url} does not answer: {refused}")
    return read_costs(answer, now)


def prometheus_at(url: str, headers: Mapping[str, str]) -> Http:
    """Return the Prometheus at an address."""
    return Http(url=url, headers=headers)
