"""A start that fails: what is said, and that nothing is left. The real processes are in tests/control_plane."""

import os
import signal
import threading
import time
from errno import ENOSPC
from os import strerror

import pytest
from rich.console import Console

from local.control_plane import Action, ControlPlane, StartReport, State, ports, processes
from local.control_plane.daemons import API_SERVER, DAEMONS, ETCD, TOOLS
from local.control_plane.startup import Content
from local.home import Home
from local.progress import Reporter
from mizan.errors import PlatformError, SourceUnreachable

UPSTREAM = """
kind: CustomResourceDefinition
metadata: {name: things.test.dev}
spec: {}
---
kind: MutatingWebhookConfiguration
metadata: {name: mutating-webhook-configuration}
webhooks: []
---
kind: ValidatingWebhookConfiguration
metadata: {name: validating-webhook-configuration}
webhooks: []
"""


class Scripts:
    """Tools that are shell scripts: all of them sleep, but for those of which a test says otherwise."""

    def __init__(self, folder, **scripts):
        self.folder = folder
        (folder / "upstream.yaml").write_text(UPSTREAM)
        for name in TOOLS:
            file = folder / name
            file.write_text(f"#!/bin/sh\n{scripts.get(name.replace('-', '_'), 'exec sleep 60')}\n")
            file.chmod(0o700)

    def path(self, name):
        return self.folder / name

    def crds(self, _):
        return self.folder


@pytest.fixture
def plane(tmp_path):
    made = []

    def make(ready_seconds=20.0, **scripts):
        (tmp_path / "tools").mkdir(exist_ok=True)
        tools = Scripts(tmp_path / "tools", **scripts)
        made.append(
            ControlPlane(Home(tmp_path / "home"), tools, Reporter(Console(quiet=True)), ready_seconds=ready_seconds)
        )
        return made[-1]

    yield make
    for plane in made:
        plane.stop()


def has_left_nothing(plane):
    assert processes.orphans(plane.home, DAEMONS) == []
    return {row.state for row in plane.status()} == {State.STOPPED}


def test_a_process_that_ends_is_told_with_its_last_lines_its_log_and_what_to_do(plane):
    made = plane(etcd="echo one; echo two >&2; exit 3")
    with pytest.raises(PlatformError) as failure:
        made.start()
    assert str(failure.value) == (
        "etcd: ended with exit code 3 while the control plane started; "
        "needs to stay up because the other parts talk to it. "
        "Mend what its last lines say and run `make up` again; `make down PURGE=1` lets it begin with nothing. "
        f"See {made.home.logs / 'etcd.log'}, which ends with:\n"
        "    one\n"
        "    two"
    )
    assert has_left_nothing(made)


def test_a_process_that_says_nothing_is_told_so(plane):
    with pytest.raises(PlatformError, match="which ends with: nothing"):
        plane(etcd="exit 1").start()


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("write: no space left on device", "Free disk space and run `make up` again"),
        ("accept: too many open files", "Raise the limit with `ulimit -n 4096`"),
    ],
)
def test_a_known_fault_is_told_with_its_own_remedy(plane, line, remedy):
    with pytest.raises(PlatformError, match=remedy):
        plane(etcd=f"echo '{line}'; exit 1").start()


def test_a_cause_above_a_long_list_of_what_followed_from_it_keeps_its_remedy(plane):
    script = "echo 'write: no space left on device'; for n in $(seq 100); do echo goroutine $n; done; exit 1"
    with pytest.raises(PlatformError, match="Free disk space and run `make up` again"):
        plane(etcd=script).start()


def test_a_disk_that_is_full_from_the_beginning_leaves_nothing(plane, monkeypatch):
    def full(**_):
        raise OSError(ENOSPC, strerror(ENOSPC))

    monkeypatch.setattr("local.files.tempfile.mkstemp", full)
    made = plane()
    told = r"/pki/ca.key: cannot be written \(No space left on device\); needs free space .* Free disk space and run"
    with pytest.raises(PlatformError, match=told):
        made.start()
    assert has_left_nothing(made)


def test_a_tool_for_another_machine_is_told_and_leaves_nothing(plane):
    made = plane()
    etcd = made._tools.path("etcd")
    etcd.write_bytes(b"\x7fELF of another machine")
    with pytest.raises(PlatformError) as told:
        made.start()
    assert str(told.value) == (
        f"{etcd}: cannot be run (Exec format error); needs an executable for this machine because it is etcd of the "
        "control plane. Mend what the system says; a tool of the cache that is removed is built anew by `make up`."
    )
    assert has_left_nothing(made)


def test_a_process_that_never_becomes_ready_is_told_with_what_it_answered(plane):
    made = plane(ready_seconds=0.3, etcd="echo still busy; exec sleep 60")
    with pytest.raises(SourceUnreachable) as failure:
        made.start()
    message = str(failure.value)
    assert message.startswith("etcd, kube-apiserver: not ready after 0 s (etcd said ConnectionRefusedError")
    assert message.endswith("etcd.log, which ends with:\n    still busy")
    assert has_left_nothing(made)


def test_ports_that_are_always_taken_in_time_end_the_start(plane):
    made = plane(etcd="echo 'listen tcp 127.0.0.1:1: bind: address already in use'; exit 1")
    with pytest.raises(PlatformError, match="ports were taken 4 times between being chosen and being used"):
        made.start()
    assert has_left_nothing(made)


def test_an_interrupted_start_ends_what_it_began(plane, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("local.control_plane.launches.ask", interrupt)
    made = plane()
    with pytest.raises(KeyboardInterrupt):
        made.start()
    assert has_left_nothing(made)


def test_a_second_interrupt_does_not_cut_the_cleaning_up_short(plane, monkeypatch):
    end = processes.end

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    def end_interrupted(living, **rest):
        os.kill(os.getpid(), signal.SIGINT)
        end(living, **rest)

    monkeypatch.setattr("local.control_plane.launches.ask", interrupt)
    made = plane()
    monkeypatch.setattr(processes, "end", end_interrupted)
    with pytest.raises(KeyboardInterrupt):
        made.start()
    monkeypatch.setattr(processes, "end", end)
    assert has_left_nothing(made)


def test_a_start_outside_the_main_thread_ends_what_it_began_as_well(plane):
    made = plane(etcd="exit 1")
    told = []

    def start():
        try:
            made.start()
        except PlatformError as error:
            told.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(60)
    assert "etcd: ended with exit code 1" in str(told[0])
    assert has_left_nothing(made)


def begun(plane):
    """A start that found etcd running, and its site."""
    plane.home.create()
    for _ in range(2):
        startup = plane._startup(Content())
        site = startup._prepare()
        startup._begin(site, ETCD)
    assert startup.actions == {"etcd": Action.KEPT}
    return startup, site


def kill(plane, name):
    processes.find(plane.home, name).kill()
    while processes.find(plane.home, name):
        time.sleep(0.01)


def test_a_process_that_ends_after_it_was_to_be_kept_is_brought_back_once(plane, monkeypatch):
    monkeypatch.setattr("local.control_plane.launches.ask", lambda *_, **__: None)
    made = plane()
    startup, site = begun(made)
    kill(made, "etcd")
    with made._reporter.task("Control plane") as task:
        startup._wait(site, [ETCD], task)
        assert startup.actions == {"etcd": Action.BROUGHT_BACK}
        kill(made, "etcd")
        with pytest.raises(PlatformError, match="etcd: was ended by SIGKILL while the control plane started"):
            startup._wait(site, [ETCD], task)


def test_all_processes_are_asked_at_once(plane, monkeypatch):
    together = threading.Barrier(2, timeout=20)

    def ask(*_, **__):
        together.wait()

    monkeypatch.setattr("local.control_plane.launches.ask", ask)
    made = plane()
    startup, site = begun(made)
    startup._begin(site, API_SERVER)
    with made._reporter.task("Control plane") as task:
        startup._wait(site, [ETCD, API_SERVER], task)
    assert not together.broken


def test_a_report_tells_what_nobody_expected_and_nothing_else():
    actions = dict.fromkeys(DAEMONS, Action.KEPT)
    assert str(StartReport(actions)) == ""
    assert str(StartReport(dict.fromkeys(DAEMONS, Action.STARTED))) == ""
    unexpected = {"kueue": Action.BROUGHT_BACK, "kwok": Action.BROUGHT_BACK, "karpenter": Action.RESTARTED}
    assert str(StartReport(actions | unexpected)) == "brought back: kwok, kueue; restarted: karpenter"


def test_a_home_that_never_ran_is_stopped_and_looking_at_it_makes_no_file(tmp_path):
    plane = ControlPlane(Home(tmp_path / "none"), None, Reporter(Console(quiet=True)))
    plane.stop()
    assert [(row.name, row.state, row.port) for row in plane.status()] == [
        (name, State.STOPPED, None) for name in DAEMONS
    ]
    assert not (tmp_path / "none").exists()


def test_without_tools_there_is_no_start(tmp_path):
    plane = ControlPlane(Home(tmp_path / "none"), None, Reporter(Console(quiet=True)))
    with pytest.raises(ValueError, match="a control plane without tools cannot start"):
        plane.start()


def test_ports_chosen_by_a_failed_start_are_kept_for_the_next(plane):
    made = plane(etcd="exit 1")
    with pytest.raises(PlatformError):
        made.start()
    first = ports.read(made.home.state / ports.FILE)
    with pytest.raises(PlatformError):
        made.start()
    assert ports.read(made.home.state / ports.FILE) == first
