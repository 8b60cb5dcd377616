"""Background processes: found by pid file, never mistaken for a stranger, ended for certain."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from local.control_plane import processes
from local.control_plane.processes import Command
from local.home import Home
from mizan.errors import PlatformError

IGNORES_TERM = "trap '' TERM; echo ready; while true; do sleep 0.05; done"


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    yield home
    processes.end(processes.orphans(home, ["a", "b"]), grace_seconds=0)
    processes.end([found for name in "ab" if (found := processes.find(home, name))], grace_seconds=0)


@pytest.fixture
def stranger():
    process = psutil.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait(10)


@pytest.fixture
def eventually():
    """Wait for a condition, never for a time."""

    def wait(condition, *, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait


def sleeper(name="a", seconds="60", **rest):
    return Command(name, ("/bin/sleep", seconds), **rest)


def shell(script, name="a", **rest):
    return Command(name, ("/bin/sh", "-c", script), **rest)


def ended(process):
    process.wait(10)
    return not processes.is_alive(process)


def lines(home, name="a"):
    return processes.log_file(home, name).read_text().splitlines()


def until_it_says(home, text, eventually):
    eventually(lambda: processes.log_file(home, "a").exists() and text in lines(home))


def test_a_process_is_found_by_its_pid_file(home):
    process = processes.start(home, sleeper())
    assert processes.find(home, "a") == process
    assert processes.find(home, "b") is None


def test_a_process_outlives_its_caller_in_a_session_of_its_own(home):
    script = (
        "import sys; from pathlib import Path; from local.home import Home; from local.control_plane import processes\n"
        "processes.start(Home(Path(sys.argv[1])), processes.Command('a', ('/bin/sleep', '60')))"
    )
    subprocess.run([sys.executable, "-c", script, home.root], check=True, timeout=60, cwd=Path.cwd())
    process = processes.find(home, "a")
    assert os.getsid(process.pid) == process.pid != os.getsid(0)


def test_a_process_sees_its_own_variables_and_no_others(home, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("KUBECONFIG", "/elsewhere")
    process = processes.start(home, shell("env | sort", environment={"MINE": "1"}))
    assert ended(process)
    names = {line.partition("=")[0] for line in lines(home)} - {"PWD", "_", "SHLVL", "OLDPWD"}
    assert names <= {"HOME", "PATH", "TMPDIR", "MINE", "MIZAN_PROCESS_OF"}
    assert "MINE=1" in lines(home)


def test_logs_and_pid_files_are_readable_by_their_owner_only(home):
    processes.start(home, sleeper())
    for file in (*home.logs.iterdir(), *home.pids.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_killed_process_is_not_found_and_its_ending_is_known(home):
    process = processes.start(home, sleeper())
    process.kill()
    assert ended(process)
    assert processes.find(home, "a") is None
    assert processes.record(home, "a") is not None


@pytest.mark.parametrize(
    ("script", "ending"), [("exit 3", "ended with exit code 3"), ("kill -9 $$", "was ended by SIGKILL")]
)
def test_how_a_process_ended_is_told(home, eventually, script, ending):
    process = processes.start(home, shell(script))
    eventually(lambda: not processes.is_alive(process))
    assert processes.ending(home, "a") == ending


def test_a_stranger_with_the_pid_of_a_stale_file_is_never_taken_for_the_process(home, stranger):
    process = processes.start(home, sleeper())
    processes.end([process], grace_seconds=0)
    file = home.pids / "a.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"pid": stranger.pid}))
    assert processes.find(home, "a") is None


def test_a_process_whose_environment_the_kernel_does_not_show_yet_is_found(home, monkeypatch):
    process = processes.start(home, sleeper())
    monkeypatch.setattr(psutil.Process, "environ", lambda _: {})
    assert processes.find(home, "a") == process
    assert processes.find(home, "b") is None


def test_a_process_is_still_known_after_the_clock_was_set(home, monkeypatch):
    process = processes.start(home, sleeper())
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: 1.0)
    assert processes.find(home, "a").pid == process.pid


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"pid": 1}',
        '{"pid": "abc", "fingerprint": "x"}',
        '{"pid": true, "fingerprint": "x"}',
        '{"pid": -1, "fingerprint": "x"}',
        '{"pid": 0, "fingerprint": "x"}',
        '{"pid": 1e400, "fingerprint": "x"}',
        '{"pid": 99999999999999999999, "fingerprint": "x"}',
        '{"pid": 1, "fingerprint": 1}',
        '{"pid": 1, "fingerprint": "x", "log_offset": "0"}',
        '{"pid": 1, "fingerprint": "x", "log_offset": -1}',
    ],
)
def test_an_unreadable_pid_file_counts_as_none(home, content):
    (home.pids / "a.json").write_text(content)
    assert processes.find(home, "a") is None
    assert processes.record(home, "a") is None
    assert processes.ending(home, "a") == "ended"
    assert processes.last_lines(home, "a") == []


def test_lines_of_a_log_that_was_emptied_or_has_a_wild_offset_are_none(home):
    assert ended(processes.start(home, shell("echo one")))
    file = home.pids / "a.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"log_offset": 10**30}))
    assert processes.last_lines(home, "a") == []


def test_processes_whose_pid_file_is_gone_are_found_by_their_mark(home):
    process = processes.start(home, sleeper())
    processes.start(home, sleeper("b"))
    processes.forget(home, "a")
    processes.forget(home, "a")
    assert processes.orphans(home, ["a", "b"]) == [process]


def test_processes_of_another_home_are_not_ones_own(home, tmp_path):
    other = Home(tmp_path / "other")
    other.create()
    processes.start(home, sleeper())
    assert processes.find(other, "a") is None
    assert processes.orphans(other, ["a"]) == []


def test_ending_a_process_asks_first(home, eventually):
    process = processes.start(home, shell("trap 'echo bye; exit' TERM; echo ready; while true; do sleep 0.05; done"))
    until_it_says(home, "ready", eventually)
    processes.end([process], grace_seconds=10)
    assert lines(home)[-1] == "bye"
    assert not psutil.pid_exists(process.pid), "left as a zombie"


def test_a_process_that_does_not_listen_is_killed(home, eventually):
    process = processes.start(home, shell(IGNORES_TERM))
    until_it_says(home, "ready", eventually)
    processes.end([process], grace_seconds=0.2)
    assert not psutil.pid_exists(process.pid)


def test_ending_what_has_ended_neither_waits_nor_complains(home):
    process = processes.start(home, sleeper())
    processes.end([process], grace_seconds=5)
    began = time.monotonic()
    processes.end([process], grace_seconds=60)
    assert time.monotonic() - began < 5
    assert not psutil.pid_exists(process.pid)
    assert processes.find(home, "a") is None


def test_a_log_goes_on_where_it_was_and_only_the_latest_lines_are_shown(home):
    for number in ("first", "second"):
        assert ended(processes.start(home, shell(f"echo {number}")))
    assert lines(home) == ["first", "second"]
    assert processes.last_lines(home, "a") == ["second"]
    assert processes.last_lines(home, "b") == []


def test_a_log_that_has_grown_too_big_makes_room_at_the_next_start(home, monkeypatch):
    monkeypatch.setattr(processes, "LOG_LIMIT_BYTES", 10)
    for number in ("1" * 20, "2" * 20, "3" * 20):
        assert ended(processes.start(home, shell(f"echo {number}")))
    assert lines(home) == ["3" * 20]
    assert (home.logs / "a.log.1").read_text() == "2" * 20 + "\n"
    assert len(list(home.logs.iterdir())) == 2


def test_an_interrupt_while_the_pid_file_is_written_leaves_no_process(home, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("local.files.write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        processes.start(home, sleeper())
    assert processes.orphans(home, ["a"]) == []


def test_a_log_that_cannot_be_written_is_told_and_starts_nothing(home):
    processes.log_file(home, "a").mkdir()
    with pytest.raises(PlatformError) as told:
        processes.start(home, sleeper())
    assert str(told.value) == (
        f"{home.logs}/a.log: cannot be written (Is a directory); needs a place that you may write because it tells why "
        "a process ends. Give its folder back to your own user, or set MIZAN_HOME to a folder on a disk that you may "
        "write."
    )
    assert processes.orphans(home, ["a"]) == []


def test_a_pid_file_that_cannot_be_written_is_told_and_leaves_no_process(home):
    (home.pids / "a.json").mkdir()
    with pytest.raises(PlatformError, match=r"/pids/a\.json: cannot be written \(Is a directory"):
        processes.start(home, sleeper())
    assert processes.orphans(home, ["a"]) == []
    with pytest.raises(PlatformError, match=r"/pids/a\.json: cannot be written .* would pass for a process that was k"):
        processes.forget(home, "a")


def test_an_executable_that_is_not_there_is_told(home):
    with pytest.raises(PlatformError, match=r"/nowhere/etcd: cannot be run \(No such file or directory\); needs an"):
        processes.start(home, Command("a", ("/nowhere/etcd",)))


def test_a_fingerprint_changes_with_whatever_decides_how_a_process_behaves(tmp_path):
    read = tmp_path / "input"
    read.write_text("1")
    command = sleeper(environment={"A": "1"}, inputs=(read,))
    same = sleeper(environment={"A": "1"}, inputs=(read,))
    first = command.fingerprint()
    assert same.fingerprint() == first
    assert sleeper(environment={"A": "2"}, inputs=(read,)).fingerprint() != first
    assert sleeper(seconds="61", environment={"A": "1"}, inputs=(read,)).fingerprint() != first
    read.write_text("2")
    assert command.fingerprint() != first
