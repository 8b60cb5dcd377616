"""The process: serves the metrics of simulated GPUs on 127.0.0.1 until it is ended.

`/metrics` has all, `/metrics/dcgm` and `/metrics/opencost` a part each, for scrapes that treat them unlike; `/healthz`
answers once the cluster was read. SIGTERM ends it at once: there is nothing to save.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Protocol

from lightkube import KubeConfig

from local.gpu_metrics import launch
from local.gpu_metrics.exporter import Memory, Told, not_understood, step
from local.gpu_metrics.exposition import CONTENT_TYPE, text_of
from local.gpu_metrics.fleet import Fleet, from_json
from local.gpu_metrics.objects import Cluster
from local.gpu_metrics.watching import Watched

_NOT_READY = "the cluster is not read yet\n"


class Source(Protocol):
    """Where the cluster is looked at."""

    @property
    def is_ready(self) -> bool:
        """Return whether it was read once."""

    def cluster(self) -> Cluster:
        """Return what it holds now."""


class Exporter:
    """The steps of one process, one after another, whoever asks."""

    def __init__(self, source: Source, fleet: Fleet, clock: Callable[[], float] = time.time) -> None:
        """Take what to look at; `clock` gives unix seconds."""
        self._source = source
        self._fleet = fleet
        self._clock = clock
        self._memory = Memory()
        self._complaints: set[str] = set()
        self._lock = threading.Lock()

    @property
    def is_ready(self) -> bool:
        """Return whether there is something to tell."""
        return self._source.is_ready

    def told(self) -> Told:
        """Return what is told now."""
        with self._lock:
            cluster = self._source.cluster()
            for sentence in not_understood(cluster):
                if sentence not in self._complaints:
                    self._complaints.add(sentence)
                    say(sentence)
            self._memory, told = step(self._memory, cluster, self._fleet, self._clock())
            return told


class _Answers(BaseHTTPRequestHandler):
    exporter: ClassVar[Exporter]

    def do_GET(self) -> None:
        """Answer one of the paths of `launch`."""
        status, text = self._answer(self.path.partition("?")[0])
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, path: str) -> tuple[HTTPStatus, str]:
        if path not in (launch.READY_PATH, launch.METRICS_PATH, launch.DCGM_PATH, launch.OPENCOST_PATH):
            return HTTPStatus.NOT_FOUND, "no such page\n"
        if not self.exporter.is_ready:
            return HTTPStatus.SERVICE_UNAVAILABLE, _NOT_READY
        if path == launch.READY_PATH:
            return HTTPStatus.OK, "ok\n"
        told = self.exporter.told()
        return HTTPStatus.OK, text_of(
            {launch.DCGM_PATH: told.dcgm, launch.OPENCOST_PATH: told.opencost}.get(path, (*told.dcgm, *told.opencost))
        )

    def log_message(self, *_: object) -> None:
        """Say nothing: Prometheus asks several times a minute."""


def serve(port: int, exporter: Exporter) -> ThreadingHTTPServer:
    """Return what answers on 127.0.0.1:`port`; it does not serve yet.

    Raises:
        OSError: the port is taken.
    """
    handler = type("_Bound", (_Answers,), {"exporter": exporter})
    return ThreadingHTTPServer((launch.HOST, port), handler)


def say(text: str) -> None:
    """Write a line into the process's log."""
    print(text, flush=True)  # noqa: T201 - standard output is this process's log


def main(arguments: Sequence[str]) -> None:
    """Run the exporter until it is ended."""
    parser = argparse.ArgumentParser(prog="local.gpu_metrics", description="Metrics of simulated GPUs")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--prices", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args(arguments)
    fleet = from_json(asked.prices.read_text())
    watched = Watched(KubeConfig.from_file(asked.kubeconfig), say, has_claims=fleet.has_claims)
    try:
        server = serve(asked.port, Exporter(watched, fleet))
    except OSError as error:
        sys.exit(f"port {asked.port}: {str(error.strerror).lower()}")
    watched.begin()
    say(f"simulated GPUs of {', '.join(fleet.slots) or 'no pool'} on {launch.HOST}:{asked.port}")
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
