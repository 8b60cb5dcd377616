"""The language host as the engine meets it: a process and its gRPC service, with a small engine in Pulumi's place.

What the real engine makes of it: tests/e2e/test_language_host.py. The parts alone: test_language_host_parts.py
and test_language_host_children.py. What a signal or a death leaves: test_language_host_endings.py.
"""

import json
import subprocess
import sys

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from language_host_peer import SECONDS, Engine, a_program_info, a_run, has_ended, started_host, until
from pulumi.runtime.proto import language_pb2


@pytest.fixture(scope="module")
def module_engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def engine(module_engine):
    module_engine.messages.clear()
    return module_engine


@pytest.fixture(scope="module")
def host(module_engine):
    """A client of one host for every test that leaves it running."""
    with started_host(module_engine.address) as (_, client):
        yield client


@pytest.fixture
def run(host, engine, tmp_path):
    """Runs a program text to its end and returns the host's answer."""

    def run(text, **changes):
        (tmp_path / "__main__.py").write_text(text)
        return host.Run(a_run(tmp_path, engine, **changes), timeout=SECONDS)

    return run


def test_a_program_gets_its_stack_its_configuration_and_its_secrets(run, engine, tmp_path):
    answer = run(
        """
import json, os, sys, pulumi
from pathlib import Path
config, settings = pulumi.Config(), pulumi.runtime.settings.SETTINGS
Path("seen.json").write_text(json.dumps({
    "names": [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()],
    "root": pulumi.runtime.get_root_directory(),
    "dry": pulumi.runtime.is_dry_run(),
    "parallel": settings.parallel,
    "size": config.require_int("size"),
    "is_secret": pulumi.runtime.is_config_secret("shop:token"),
    "arguments": sys.argv,
    "python": [sys.prefix, os.environ["VIRTUAL_ENV"], os.environ["PATH"].split(":")[0]],
    "path": [entry for entry in sys.path if "language_host" in entry],
}))
pulumi.export("token", config.require_secret("token"))
""",
        dryRun=True,
        config={"shop:size": "3", "shop:token": "hush"},
        configSecretKeys=["shop:token"],
        args=["--fast"],
    )
    assert answer == language_pb2.RunResponse()
    assert list(engine.outputs) == ["token"]
    assert json.loads((tmp_path / "seen.json").read_text()) == {
        "names": ["acme", "shop", "dev"],
        "root": str(tmp_path),
        "dry": True,
        "parallel": 4,
        "size": 3,
        "is_secret": True,
        "arguments": [".", "--fast"],
        "python": [sys.prefix, sys.prefix, f"{sys.prefix}/bin"],
        "path": [],
    }


def test_an_error_is_shown_once_and_begins_with_the_users_own_frame(run, engine, tmp_path):
    answer = run(
        """
def inner():
    raise ValueError("too small")

def outer():
    try:
        inner()
    except ValueError as error:
        raise KeyError("wrapped") from error

outer()
"""
    )
    assert answer == language_pb2.RunResponse(bail=True)
    (error,) = engine.errors
    main = tmp_path / "__main__.py"
    assert [line for line in error.splitlines() if not line.startswith("    ")] == [
        "Program failed with an unhandled exception:",
        "Traceback (most recent call last):",
        f'  File "{main}", line 7, in outer',
        f'  File "{main}", line 3, in inner',
        "ValueError: too small",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        f'  File "{main}", line 11, in <module>',
        f'  File "{main}", line 9, in outer',
        "KeyError: 'wrapped'",
    ]


def test_an_error_inside_apply_begins_with_the_users_own_frame(run, engine):
    answer = run("import pulumi\npulumi.export('x', pulumi.Output.from_input(0).apply(lambda zero: 1 / zero))\n")
    assert answer.bail
    (error,) = engine.errors
    assert error.splitlines()[2].endswith('__main__.py", line 2, in <lambda>')
    assert error.endswith("ZeroDivisionError: division by zero")


def test_a_syntax_error_names_its_place_and_no_frame_of_ours(run, engine, tmp_path):
    assert run("def f(:\n    pass\n").bail
    (error,) = engine.errors
    assert error.splitlines()[1] == f'  File "{tmp_path}/__main__.py", line 1'
    assert error.endswith("SyntaxError: invalid syntax")


def test_a_run_error_shows_its_message_only(run, engine):
    answer = run("import pulumi\nraise pulumi.RunError('the region is missing')\n")
    assert answer == language_pb2.RunResponse(bail=True)
    assert engine.errors == ["the region is missing"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("import sys; sys.exit(3)", "program exited with non-zero exit code: 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "program was ended by SIGKILL"),
    ],
)
def test_an_exit_code_or_a_signal_is_told_to_the_engine(run, engine, statement, reason):
    assert run(statement) == language_pb2.RunResponse(error=reason)
    assert engine.errors == []


def test_a_folder_without_a_program_is_named(host, engine, tmp_path):
    assert host.Run(a_run(tmp_path, engine), timeout=SECONDS) == language_pb2.RunResponse(bail=True)
    assert engine.errors == [f"unable to find main python program `__main__.py` in `{tmp_path}`"]


def test_a_program_whose_folder_is_gone_is_an_error_not_a_crash(host, engine, tmp_path):
    answer = host.Run(a_run(tmp_path, engine, pwd=str(tmp_path / "gone")), timeout=SECONDS)
    assert answer.error.startswith("the program could not be started: [Errno 2] No such file or directory")


def test_a_virtualenv_without_pulumi_is_told_apart_from_a_broken_program(run, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True, timeout=SECONDS)
    answer = run("", options={"virtualenv": "bare"})
    assert answer.error == (
        f"{tmp_path}/bare/bin/python has no package `pulumi`; install the program's requirements.txt with it"
    )


def test_a_missing_virtualenv_is_refused_with_the_commands_that_make_it(run, tmp_path):
    with pytest.raises(grpc.RpcError) as refusal:
        run("", options={"virtualenv": ".venv"})
    assert refusal.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert refusal.value.details() == (
        f"{tmp_path}/Pulumi.yaml: runtime.options.virtualenv: '.venv' ({tmp_path}/.venv) does not exist; needs a "
        "virtual environment because the program runs with its Python and its packages. Make it with "
        f"`python3 -m venv {tmp_path}/.venv && {tmp_path}/.venv/bin/python -m pip install -r "
        f"{tmp_path}/requirements.txt`."
    )


def test_a_debugger_is_refused(run):
    answer = run("", attach_debugger=True)
    assert answer.error == "this language host attaches no debugger; run without --attach-debugger"


def test_what_a_program_leaves_running_ends_with_it(run, tmp_path):
    text = "import pathlib, subprocess\npathlib.Path('pid').write_text(str(subprocess.Popen(['sleep', '60']).pid))\n"
    assert run(text) == language_pb2.RunResponse()
    left = int((tmp_path / "pid").read_text())
    until(lambda: has_ended(left))


def test_a_host_asks_for_no_provider_and_tells_the_version_of_its_protocol(host, tmp_path):
    info = a_program_info(tmp_path)
    assert host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info)).packages == []
    assert host.GetRequiredPlugins(language_pb2.GetRequiredPluginsRequest(info=info)).plugins == []
    assert int(host.GetPluginInfo(Empty()).version.split(".")[0]) >= 3


def test_a_host_started_by_hand_learns_the_engines_address_from_the_handshake(engine, tmp_path):
    (tmp_path / "__main__.py").write_text("import pulumi\npulumi.log.error('here')\n")
    with started_host("") as (_, client):
        client.Handshake(language_pb2.LanguageHandshakeRequest(engine_address=engine.address), timeout=SECONDS)
        client.Run(a_run(tmp_path, engine), timeout=SECONDS)
    assert engine.errors == ["here"]


def test_a_method_this_host_does_not_have_is_refused_without_a_traceback(engine, capfd):
    with started_host(engine.address) as (_, client), pytest.raises(grpc.RpcError, match="not implemented"):
        client.Template(language_pb2.TemplateRequest(), timeout=SECONDS)
    assert "Traceback" not in capfd.readouterr().err


def test_dependencies_are_those_of_the_programs_virtualenv(host, tmp_path):
    def names(**values):
        request = language_pb2.GetProgramDependenciesRequest(info=a_program_info(tmp_path), **values)
        return {row.name: row.version for row in host.GetProgramDependencies(request, timeout=SECONDS).dependencies}

    every, direct = names(transitiveDependencies=True), names()
    assert {"pulumi", "pulumi-policy", "grpcio"} <= every.keys()
    assert direct.keys() < every.keys()
    assert "grpcio" not in direct
    assert all(every.values())


def test_about_names_the_programs_python_and_this_host(host, tmp_path):
    about = host.About(language_pb2.AboutRequest(info=a_program_info(tmp_path)), timeout=SECONDS)
    assert (about.executable, about.version) == (sys.executable, sys.version.split()[0])
    assert dict(about.metadata) == {"toolchain": "pip", "languageHost": "mizan"}


def test_installing_packages_is_refused_with_the_command_that_does_it(host, tmp_path):
    request = language_pb2.InstallDependenciesRequest(info=a_program_info(tmp_path))
    with pytest.raises(grpc.RpcError) as refusal:
        list(host.InstallDependencies(request, timeout=SECONDS))
    assert f"Run `python -m pip install -r {tmp_path}/requirements.txt`" in refusal.value.details()
