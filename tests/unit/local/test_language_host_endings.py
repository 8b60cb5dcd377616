"""A language host and its program when one of them, or the engine, is told to end or dies."""

import signal
import time

import pytest
from google.protobuf.empty_pb2 import Empty
from language_host_peer import SECONDS, Engine, a_run, has_ended, started_host, until
from pulumi.runtime.proto import language_pb2

PLENTY_SECONDS = 20

SLEEPER = """
import os, pathlib, time
pathlib.Path("pid.new").write_text(str(os.getpid()))
os.rename("pid.new", "pid")
try:
    time.sleep(60)
finally:
    pathlib.Path("cleaned").touch()
"""


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def sleeping(engine, tmp_path):
    """A host of its own with a program that sleeps: the process, a client, the pending answer, the program's id."""
    (tmp_path / "__main__.py").write_text(SLEEPER)
    with started_host(engine.address) as (process, client):
        answer = client.Run.future(a_run(tmp_path, engine), timeout=SECONDS)
        until((tmp_path / "pid").exists)
        yield process, client, answer, int((tmp_path / "pid").read_text())
        answer.cancel()


def test_cancel_interrupts_the_program_as_ctrl_c_would(sleeping, engine, tmp_path):
    _, client, answer, program = sleeping
    client.Cancel(Empty(), timeout=SECONDS)
    assert answer.result(PLENTY_SECONDS) == language_pb2.RunResponse(bail=True)
    assert (tmp_path / "cleaned").exists()
    assert has_ended(program)
    assert engine.errors == []


def test_after_cancel_no_program_runs_any_more(sleeping, engine, tmp_path):
    _, client, _, _ = sleeping
    client.Cancel(Empty(), timeout=SECONDS)
    assert client.Run(a_run(tmp_path, engine), timeout=PLENTY_SECONDS) == language_pb2.RunResponse(bail=True)


def test_a_program_whose_engine_hangs_up_is_interrupted(sleeping, tmp_path):
    _, _, answer, program = sleeping
    answer.cancel()
    until(lambda: has_ended(program))
    assert (tmp_path / "cleaned").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_program_outlives_its_host(sleeping, tmp_path, number):
    host, _, _, program = sleeping
    asked = time.monotonic()
    host.send_signal(number)
    host.wait(PLENTY_SECONDS)
    # The engine waits 5 s for a host; an update that was stopped must not take that long every time.
    assert time.monotonic() - asked < 2
    until(lambda: has_ended(program))
    assert (tmp_path / "cleaned").exists() == (number != signal.SIGKILL)


def test_a_host_whose_engine_has_died_ends_with_its_program(sleeping):
    host, _, _, program = sleeping
    host.stdin.close()
    assert host.wait(PLENTY_SECONDS) == 0
    until(lambda: has_ended(program))
