"""What `make status` shows: one row per process."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from local.control_plane import ports, processes
from local.control_plane.daemons import DRA_DRIVER, PROMETHEUS, SERVICE_PROXY, Daemon, daemons_of
from local.control_plane.probes import ask
from local.home import Home

_ASK_SECONDS = 2.0


class State(StrEnum):
    """How a process is.

    RUNNING answers that it is ready. NOT_READY lives and answers otherwise or not at all. KILLED ended without being
    asked to. STOPPED was ended by `stop`, or never started.
    """

    RUNNING = "running"
    NOT_READY = "not ready"
    KILLED = "killed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ProcessStatus:
    """One process.

    Attributes:
        name: the process.
        state: how it is.
        log: where it writes; may not exist yet.
        pid: its number, None when it does not run.
        port: where it answers on 127.0.0.1, None before the first start and where the file of ports is lost.
        rss_bytes: its resident memory, None when it does not run.
        uptime_seconds: since its start, None when it does not run.
        detail: why it is not ready, else None.
    """

    name: str
    state: State
    log: Path
    pid: int | None = None
    port: int | None = None
    rss_bytes: int | None = None
    uptime_seconds: float | None = None
    detail: str | None = None


def look(home: Home) -> list[ProcessStatus]:
    """Return a row per process of the control plane, in the order of their start; changes nothing."""
    known = ports.read(home.state / ports.FILE)
    has_proxy, has_driver, is_measured = (
        processes.record(home, daemon.name) is not None for daemon in (SERVICE_PROXY, DRA_DRIVER, PROMETHEUS)
    )
    shown = daemons_of(installs_kueue=has_proxy, has_devices=has_driver, has_metrics=is_measured)
    # At once: processes that hang cost the time of one.
    with ThreadPoolExecutor(len(shown)) as pool:
        return list(pool.map(lambda daemon: _row(home, daemon, known.get(daemon.ports[0])), shown.values()))


def total_rss_bytes(rows: Iterable[ProcessStatus]) -> int:
    """Return the resident memory of all processes together."""
    return sum(row.rss_bytes or 0 for row in rows)


def _row(home: Home, daemon: Daemon, port: int | None) -> ProcessStatus:
    log = processes.log_file(home, daemon.name)
    process = processes.find(home, daemon.name)
    if process is None:
        was_started = processes.record(home, daemon.name) is not None
        return ProcessStatus(daemon.name, State.KILLED if was_started else State.STOPPED, log, port=port)
    try:
        rss_bytes, uptime_seconds = process.memory_info().rss, time.time() - process.create_time()
    except psutil.Error:
        return ProcessStatus(daemon.name, State.KILLED, log, port=port)
    if port is None:
        detail: str | None = "its port is not known; run `make up`"
    else:
        detail = ask(daemon.question, port, home.pki, timeout_seconds=_ASK_SECONDS)
    state = State.NOT_READY if detail else State.RUNNING
    return ProcessStatus(daemon.name, state, log, process.pid, port, rss_bytes, uptime_seconds, detail)
