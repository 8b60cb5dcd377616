"""The screen of `make status`."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local.control_plane.status import ProcessStatus, State
from local.screen import MEBIBYTE, duration, show_processes

LOGS = Path("/srv/[lab]/.mizan/logs")


def a_row(name="kube-controller-manager", state=State.RUNNING, detail=None, **changes):
    running = {"pid": 1234567, "port": 20003, "rss_bytes": 150 * MEBIBYTE, "uptime_seconds": 4000.0}
    return ProcessStatus(name, state, LOGS / f"{name}.log", detail=detail, **(running | changes))


def a_killed_row(name):
    return a_row(name, State.KILLED, pid=None, rss_bytes=None, uptime_seconds=None)


def shown(*rows, width=80):
    text = StringIO()
    show_processes(Console(file=text, width=width), rows)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_a_process_takes_one_line_of_80_columns():
    assert shown(a_row(), a_row("etcd", rss_bytes=1024 * MEBIBYTE, uptime_seconds=59)) == [
        "Control plane",
        "process                  state    for   pid      port   memory",
        "kube-controller-manager  running  1 h   1234567  20003  150 MiB",
        "etcd                     running  59 s  1234567  20003  1024 MiB",
        "2 of 2 running, 1174 MiB together; logs: /srv/[lab]/.mizan/logs/<process>.log",
    ]


def test_why_a_process_is_not_ready_is_told_on_a_line_below_the_table():
    detail = "HTTP 500 [+]ping ok\n[-]cache failed: reason withheld\nhealthz check failed"
    *_, first, second, total = shown(a_row(), a_row("kueue", State.NOT_READY, detail), a_killed_row("kwok"))
    assert first == "kueue is not ready: HTTP 500 [+]ping ok [-]cache failed: reason withheld healthz check failed"
    assert second == "kwok was killed; `make up` brings it back"
    assert total.startswith("1 of 3 running, 300 MiB together")


def test_a_platform_that_was_stopped_has_no_faults():
    stopped = a_row(state=State.STOPPED, pid=None, port=None, rss_bytes=None, uptime_seconds=None)
    assert shown(stopped)[2:] == [
        "kube-controller-manager  stopped",
        "0 of 1 running, 0 MiB together; logs: /srv/[lab]/.mizan/logs/<process>.log",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_times_are_told_in_one_unit(seconds, text):
    assert duration(seconds) == text
