"""Processes of the language host: interrupted, killed after their grace, never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from language_host_peer import SECONDS, has_ended, until

from local.language_host import children as processes
from local.language_host import host
from local.language_host.children import Children, HostIsEnding


@pytest.fixture
def children():
    children = Children()
    yield children
    children.end()


def start(children, text, **options):
    return children.start([sys.executable, "-c", text], folder=Path.cwd(), environment=os.environ, **options)


def test_a_process_that_ignores_the_interrupt_is_killed_after_the_grace(children, monkeypatch):
    monkeypatch.setattr(processes, "CANCEL_GRACE_SECONDS", 0.05)
    text = "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nos.write(1, b'deaf')\ntime.sleep(60)"
    process = start(children, text, is_plugin=True)
    output = children.stream(process)
    assert next(output) == ("stdout", b"deaf")
    children.interrupt(process)
    assert list(output) == [-9]
    assert children.was_interrupted(process)


def test_the_end_kills_plugins_at_once_and_gives_a_program_time_to_clean_up(children, tmp_path):
    text = (
        "import os, pathlib, time\ntry:\n    pathlib.Path('asleep').touch(); time.sleep(60)\nfinally:\n"
        "    time.sleep(0.2); pathlib.Path('cleaned').touch(); os._exit(0)\n"
    )
    program = children.start([sys.executable, "-c", text], folder=tmp_path, environment=os.environ)
    plugin = start(children, "import time; time.sleep(60)", is_plugin=True)
    codes = []
    waiting = threading.Thread(target=lambda: codes.append(children.wait(program)))
    waiting.start()
    until((tmp_path / "asleep").exists)
    begun = time.monotonic()
    children.end()
    assert time.monotonic() - begun < processes.END_GRACE_SECONDS
    waiting.join(SECONDS)
    assert (tmp_path / "cleaned").exists()
    assert codes == [0]
    assert list(children.stream(plugin)) == [-9]
    with pytest.raises(HostIsEnding):
        start(children, "")


def test_the_end_waits_no_longer_than_the_engine_for_a_program_that_hangs(children, monkeypatch):
    monkeypatch.setattr(processes, "END_GRACE_SECONDS", 0.05)
    process = children.start(["/bin/sh", "-c", "trap '' INT; sleep 60"], folder=Path.cwd(), environment=os.environ)
    children.end()
    assert children.wait(process) in {-signal.SIGINT, -signal.SIGKILL}


def test_a_signal_to_a_process_that_has_ended_reaches_nobody(children):
    process = start(children, "")
    assert children.wait(process) == 0
    children.kill(process)
    children.interrupt(process)
    assert not children.was_interrupted(process)


def test_the_guard_kills_what_still_runs_when_the_host_is_gone_and_nothing_else():
    program = """
import os, sys
from pathlib import Path
from local.language_host.children import Children
children = Children()
ended = children.start(["true"], folder=Path.cwd(), environment=os.environ)
children.wait(ended)
running = [children.start(["sleep", "60"], folder=Path.cwd(), environment=os.environ).pid for _ in range(2)]
print(*running, flush=True)
os._exit(0)
"""
    root = Path(host.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=SECONDS, cwd=root, check=True)
    until(lambda: all(has_ended(int(process_id)) for process_id in done.stdout.split()))
