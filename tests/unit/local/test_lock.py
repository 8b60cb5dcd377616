"""The file lock: one holder at a time, named to whoever waits."""

import os
import re
import subprocess
import sys
import threading

import pytest
from toolchain_builders import Heard

from local import lock
from local.home import PROJECT
from local.lock import exclusive, holder
from mizan.errors import PlatformError

HOLD = """
import sys
from pathlib import Path
from local.lock import exclusive
from local.progress import Reporter
with exclusive(Path(sys.argv[1]), purpose="baking", reporter=Reporter(), timeout_seconds=5):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held_elsewhere(tmp_path):
    """A lock held by another process, and that process."""
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield path, process
        process.stdin.close()
        process.wait(10)


def test_a_lock_held_by_another_process_is_refused_with_its_pid_purpose_and_time(held_elsewhere):
    path, process = held_elsewhere
    expected = rf"{re.escape(str(path))}: held by process {process.pid} \(baking\) since \d\d:\d\d:\d\d; needs the lock"
    with (
        pytest.raises(PlatformError, match=expected),
        exclusive(path, purpose="mixing", reporter=Heard(), timeout_seconds=0.3),
    ):
        pytest.fail("two holders")


def test_who_waits_is_told_once_who_holds_the_lock_and_gets_it_afterwards(held_elsewhere):
    path, process = held_elsewhere
    told = threading.Event()

    class Listening(Heard):
        def say(self, text):
            super().say(text)
            told.set()

    reporter, entered = Listening(), threading.Event()

    def wait_for_it():
        with exclusive(path, purpose="mixing", reporter=reporter, timeout_seconds=20):
            entered.set()

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    assert told.wait(10)
    assert not entered.is_set()
    process.stdin.close()
    assert entered.wait(10)
    waiting.join(10)
    assert re.fullmatch(rf"Waiting: \S+ is held by process {process.pid} \(baking\) since [\d:]+\n", reporter.text)


def test_the_lock_of_a_killed_process_is_free(held_elsewhere):
    path, process = held_elsewhere
    process.kill()
    process.wait(10)
    assert holder(path) is None
    with exclusive(path, purpose="mixing", reporter=Heard(), timeout_seconds=5):
        assert holder(path).pid == os.getpid()


def test_a_released_lock_names_nobody_and_stays_readable_by_all(tmp_path):
    path = tmp_path / "deep" / "lock"
    before = os.umask(0o077)
    try:
        with exclusive(path, purpose="mixing", reporter=Heard(), timeout_seconds=1):
            assert holder(path).purpose == "mixing"
    finally:
        os.umask(before)
    assert holder(path) is None
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_lock_file_of_another_user_that_may_only_be_read_still_locks(tmp_path, monkeypatch):
    real_open = os.open

    def as_another_user(path, flags, mode=0o777):
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", as_another_user)
    path = tmp_path / "lock"
    path.touch(0o444)
    refusal = "held by another process, perhaps of another user"
    with exclusive(path, purpose="mixing", reporter=Heard(), timeout_seconds=1):
        second = exclusive(path, purpose="mixing", reporter=Heard(), timeout_seconds=0)
        with pytest.raises(PlatformError, match=refusal), second:
            pytest.fail("two holders")


def test_a_symbolic_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    taking = exclusive(tmp_path / "lock", purpose="mixing", reporter=Heard(), timeout_seconds=1)
    with (
        pytest.raises(PlatformError, match=r"lock: cannot be opened .*; needs a lock file that everybody may read"),
        taking,
    ):
        pytest.fail("followed a link")
    assert not (tmp_path / "victim").exists()


def test_a_lock_file_removed_while_it_is_taken_does_not_let_two_in(tmp_path, monkeypatch):
    path, attempts, take = tmp_path / "lock", [], lock._try_lock

    def removed_by_somebody_at_first(descriptor):
        attempts.append(descriptor)
        if len(attempts) == 1:
            path.unlink()
        return take(descriptor)

    monkeypatch.setattr(lock, "_try_lock", removed_by_somebody_at_first)
    with exclusive(path, purpose="first", reporter=Heard(), timeout_seconds=5):
        assert holder(path).purpose == "first"
        second = exclusive(path, purpose="second", reporter=Heard(), timeout_seconds=0)
        with pytest.raises(PlatformError, match=r"held by process \d+ \(first\)"), second:
            pytest.fail("two holders")
