"""Launcher, interpreter, runner and door of the language host; the whole of it: test_language_host_service.py."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from language_host_peer import SECONDS

from local.language_host import host, inventory, launcher, runner
from local.language_host.door import Door
from local.language_host.interpreter import Interpreter, find
from mizan.errors import PlatformError, SourceUnreachable


def test_the_host_loads_without_the_sdk_and_leaves_the_real_one_importable():
    program = """
import sys
from local.language_host.host import LanguageHost
from local.language_host.stubs import language_pb2
sdk = [name for name in sys.modules if name.startswith("pulumi") and not name.startswith("pulumi.runtime.proto.")]
assert sdk == [], sdk
import pulumi
from pulumi.runtime.proto import language_pb2 as again
assert pulumi.Config, "not the real package"
assert again is language_pb2, "two copies of one message"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=SECONDS, cwd=Path(host.__file__).parents[2])


# --- launcher --------------------------------------------------------------------------------------------------------


@pytest.fixture
def python(tmp_path):
    """A stand-in for Python in a folder with spaces, a quote and a path longer than a "#!" line may be."""
    folder = tmp_path / "it's a $HOME of its own" / ("long" * 40) / "bin"
    folder.mkdir(parents=True)
    path = folder / "python"
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    path.chmod(0o755)
    return path


def test_the_launcher_passes_every_argument_on_whatever_the_paths_look_like(tmp_path, python):
    path = launcher.install(tmp_path / "a bin", python)
    assert path == tmp_path / "a bin" / "pulumi-language-python"
    done = subprocess.run([path, "-v=9", "127.0.0.1:1 2"], check=True, capture_output=True, text=True, timeout=SECONDS)
    assert done.stdout.splitlines() == [
        "-I",
        str(Path(host.__file__).with_name("__main__.py")),
        "-v=9",
        "127.0.0.1:1 2",
    ]


def test_the_launcher_is_written_once_and_alone(tmp_path, python):
    first = launcher.install(tmp_path / "bin", python).stat()
    second = launcher.install(tmp_path / "bin", python).stat()
    assert (second.st_ino, second.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["pulumi-language-python"]


@pytest.mark.parametrize("damage", [lambda path: path.write_text("#!/bin/sh\n"), lambda path: path.chmod(0o644)])
def test_a_launcher_that_is_not_ours_or_cannot_run_is_replaced(tmp_path, python, damage):
    path = launcher.install(tmp_path / "bin", python)
    text = path.read_text()
    damage(path)
    launcher.install(tmp_path / "bin", python)
    assert path.read_text() == text
    assert os.access(path, os.X_OK)


def test_the_launcher_keeps_the_link_of_a_virtualenv(tmp_path):
    assert f"exec {sys.executable} -I" in launcher.install(tmp_path, Path(sys.executable)).read_text()


# --- which Python ----------------------------------------------------------------------------------------------------


def test_a_relative_virtualenv_is_relative_to_the_folder_of_its_file(tmp_path):
    for folder in ("policies", "venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").touch()
    found = find({"virtualenv": "../venv"}, tmp_path / "policies", file="PulumiPolicy.yaml")
    assert found.executable == tmp_path / "policies" / ".." / "venv" / "bin" / "python"


def test_without_a_virtualenv_the_python_on_path_is_taken(tmp_path, monkeypatch):
    command = tmp_path / "python"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PULUMI_PYTHON_CMD", raising=False)
    assert find({}, tmp_path, file="Pulumi.yaml") == Interpreter(command, None)
    assert Interpreter(command, None).environment({"PATH": "x"}) == {"PATH": "x"}


def test_a_virtualenv_is_activated_for_the_program(tmp_path):
    python = Interpreter(tmp_path / "bin" / "python", tmp_path)
    environment = python.environment({"PATH": "/usr/bin", "PYTHONHOME": "/usr", "LANG": "C"})
    assert environment == {"PATH": f"{tmp_path}/bin:/usr/bin", "VIRTUAL_ENV": str(tmp_path), "LANG": "C"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"toolchain": "poetry"}, r"runtime\.options\.toolchain: 'poetry'; needs pip because .* Name the environment"),
        ({"typechecker": "mypy"}, r"runtime\.options\.typechecker: 'mypy'; needs to be absent because .* Remove it"),
        ({"virtualenv": 3.0}, r"runtime\.options\.virtualenv: 3\.0; needs text because it names a folder"),
        ({"virtualenv": "."}, r"virtualenv: '\.' \(.*\) has no bin/python; needs a virtual environment"),
        ({}, r"not set, and there is no python3 or python on PATH; needs a Python because .* put Python on PATH"),
    ],
)
def test_options_this_host_cannot_honour_are_refused(tmp_path, monkeypatch, options, message):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PULUMI_PYTHON_CMD", raising=False)
    with pytest.raises(PlatformError, match=message) as refusal:
        find(options, tmp_path, file="Pulumi.yaml")
    assert str(refusal.value).startswith(f"{tmp_path}/Pulumi.yaml: runtime.options.")


def test_a_python_that_does_not_start_is_named(tmp_path):
    with pytest.raises(SourceUnreachable, match=r"no-python: could not list its packages .* Run `.*no-python -I "):
        Interpreter(tmp_path / "no-python", None).inventory()


def test_a_requirement_of_an_extra_makes_nothing_a_dependency():
    class Distribution:
        requires = ("Grpc_IO>=1", "idna (<4)", "numpy ; extra == 'fast'", "tomli; python_version < '3.11'")

    assert inventory._required(Distribution()) == ["grpc-io", "idna", "tomli"]


# --- the runner's answers --------------------------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch):
    """What the user was shown through the engine."""
    shown = []
    monkeypatch.setattr(runner.pulumi.log, "error", shown.append)
    return shown


@pytest.mark.parametrize(
    ("asked", "code", "messages"),
    [
        (None, 0, []),
        (0, 0, []),
        (3, 3, []),
        ("no region", 32, ["no region"]),
        (32, 32, ["program exited with non-zero exit code: 32"]),
        (33, 32, ["program exited with non-zero exit code: 33"]),
    ],
)
def test_sys_exit_keeps_its_code_unless_the_code_means_something_here(shown, asked, code, messages):
    assert runner._code_of(SystemExit(asked)) == code
    assert shown == messages


def test_an_error_that_the_engine_does_not_take_goes_to_standard_error(monkeypatch, capsys):
    def gone(_message):
        raise OSError

    monkeypatch.setattr(runner.pulumi.log, "error", gone)
    assert runner._show("broken") == 1
    assert capsys.readouterr().err == "broken\n"


def test_an_error_without_a_frame_of_the_user_keeps_all_its_frames():
    try:
        asyncio.run(None)
    except ValueError as error:
        text = runner.user_traceback(error)
    assert "asyncio" in text
    assert text.startswith("Traceback (most recent call last):\n")


def test_the_host_and_its_runner_agree_on_their_exit_codes():
    assert (host.ERROR_WAS_SHOWN, host.NO_PULUMI) == (runner.ERROR_WAS_SHOWN, runner.NO_PULUMI)


# --- the door --------------------------------------------------------------------------------------------------------


def echo(name):
    """A server that answers one connection with its name and everything it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as guest:
            guest.sendall(name)
            while chunk := guest.recv(65536):
                guest.sendall(chunk)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def said_to(port, text):
    with socket.create_connection(("127.0.0.1", port), SECONDS) as guest:
        guest.sendall(text)
        guest.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: guest.recv(65536), b""))


def test_a_door_leads_new_connections_elsewhere_and_loses_no_byte():
    door = Door(echo(b"first:"))
    assert said_to(door.port, b"a" * 300_000) == b"first:" + b"a" * 300_000
    door.leads_to = echo(b"second:")
    assert said_to(door.port, b"b") == b"second:b"
    door.close()
    with pytest.raises(OSError, match="refused"):
        said_to(door.port, b"")
