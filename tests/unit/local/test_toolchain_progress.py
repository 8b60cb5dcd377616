"""A build under way: what it shows, what waits for it, and what an interruption leaves."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from toolchain_builders import Heard, builds_begun, real_go, scripted_go

from local.home import PROJECT
from local.lock import exclusive
from local.toolchain import BuildFailed, Origin

HANG = "print('mizan.test/hangs', flush=True)\nif os.fork() == 0: time.sleep(300)\ntime.sleep(300)"


class Steps(Heard):
    """Keeps the steps of a task; `begun` is set at the first."""

    def __init__(self):
        super().__init__()
        self.steps, self.begun = [], threading.Event()

    def task(self, title):
        context = super().task(title)
        reporter = self

        class Recording:
            def __enter__(self):
                context.__enter__()
                return self

            def __exit__(self, *error):
                return context.__exit__(*error)

            def step(self, text):
                reporter.steps.append(text)
                reporter.begun.set()

        return Recording()


def test_progress_names_the_tool_its_step_and_the_time_left(machine, monkeypatch):
    monkeypatch.setattr("local.toolchain.build._POLL_SECONDS", 0.02)
    scripted_go(machine.bin, "print('k8s.io/api/core/v1', flush=True)\ntime.sleep(0.3)\nreal()")
    machine.tool("second", cpu_seconds=2_400)
    reporter = Steps()
    machine.ensure("tiny", "second", reporter=reporter)
    assert "tiny (1 of 2): compiling k8s.io/api/core/v1, about 20 min left" in reporter.steps
    assert any(step.startswith("second (2 of 2): compiling k8s.io/api/core/v1, about ") for step in reporter.steps)


def test_a_build_that_takes_for_ever_is_ended(machine, monkeypatch):
    monkeypatch.setattr("local.toolchain.build._BUILD_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr("local.toolchain.build._POLL_SECONDS", 0.05)
    scripted_go(machine.bin, HANG)
    with pytest.raises(BuildFailed, match="tiny: not built within 0 h"):
        machine.ensure()
    assert_nothing_runs(machine)
    assert machine.entries == []


def test_two_builds_at_once_build_once_and_the_second_says_who_builds(machine):
    scripted_go(machine.bin, "while not os.path.exists(COUNTER + '.go'): time.sleep(0.02)\nreal()")
    first, second = Steps(), Heard()
    toolboxes = []
    waiting = threading.Event()
    second.say = lambda text: (Heard.say(second, text), waiting.set())
    builders = [
        threading.Thread(target=lambda reporter=reporter: toolboxes.append(machine.ensure(reporter=reporter)))
        for reporter in (first, second)
    ]
    builders[0].start()
    assert first.begun.wait(20)
    builders[1].start()
    assert waiting.wait(20)
    (machine.folder / "builds.go").touch()
    for builder in builders:
        builder.join(60)
    assert f"held by process {os.getpid()} (building tools) since " in second.text
    assert builds_begun(machine.bin) == 1
    assert toolboxes[0].path("tiny") == toolboxes[1].path("tiny")


# Signals are as in a terminal, even where the tests run under nohup or in the background.
INTERRUPTED = """
import signal
import sys
from pathlib import Path
from toolchain_builders import a_tool, a_workshop, environment_with
from local.progress import Reporter
from local.toolchain import ensure
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
folder = Path(sys.argv[1])
tools = [a_tool("tiny"), a_tool("hangs")]
ensure(
    ["tiny", "hangs"],
    cache=folder / "cache",
    reporter=Reporter(),
    environment=environment_with(folder / "bin"),
    workshop=a_workshop(folder, *tools),
)
"""


@pytest.mark.parametrize(
    ("signal_number", "status"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_build_leaves_nothing_running_and_goes_on_next_time(machine, signal_number, status):
    scripted_go(machine.bin, f"if builds == 1: real()\n{HANG}")
    machine.tool("hangs")
    search = os.pathsep.join([str(PROJECT), str(Path(__file__).parent)])
    command = [sys.executable, "-c", INTERRUPTED, str(machine.folder)]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": search}, stderr=subprocess.PIPE) as process:
        wait_until(lambda: builds_begun(machine.bin) == 2)
        process.send_signal(signal_number)
        _, told = process.communicate(timeout=20)
    assert process.returncode == status
    assert b"Build interrupted; finished tools are kept and the same command goes on from here." in told
    assert_nothing_runs(machine)
    assert machine.entries == ["tiny"]

    (machine.bin / "go").unlink()
    real_go(machine.bin)
    resumed = machine.ensure("tiny", "hangs")
    assert {name: tool.origin for name, tool in resumed.tools.items()} == {"tiny": Origin.CACHE, "hangs": Origin.BUILT}


def test_the_build_lock_is_free_after_a_failure(machine):
    scripted_go(machine.bin, "sys.exit(1)")
    with pytest.raises(BuildFailed, match="ended with status 1"):
        machine.ensure()
    with exclusive(machine.folder / "build.lock", purpose="testing", reporter=Heard(), timeout_seconds=0):
        pass


def assert_nothing_runs(machine):
    """Every process that was started from this machine's folder has ended."""
    wait_until(lambda: not running_from(machine))


def running_from(machine):
    go = str(machine.bin / "go")
    found = []
    for process in psutil.process_iter():
        try:
            if go in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)
