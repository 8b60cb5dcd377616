"""The language host as the engine meets it: a process and its gRPC service, with a small engine in Pulumi's place.

What the real engine makes of it: tests/e2e/test_language_host.py. The parts alone: test_language_host_parts.py.
"""

import json
import os
import signal
import subprocess
import sys
import time

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from language_host_peer import SECONDS, Engine, a_program_info, a_run, has_ended, started_host
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, language_pb2

from local.language_host.packs import RECONNECT_MILLISECONDS

PLENTY_SECONDS = 20
RECONNECTIONS = 4


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


def until(condition, what):
    deadline = time.monotonic() + PLENTY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


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
    until(lambda: has_ended(left), "the program has ended and its child runs")


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
def sleeping(engine, tmp_path):
    """A host of its own with a program that sleeps: the process, a client, the pending answer, the program's id."""
    (tmp_path / "__main__.py").write_text(SLEEPER)
    with started_host(engine.address) as (process, client):
        answer = client.Run.future(a_run(tmp_path, engine), timeout=SECONDS)
        until((tmp_path / "pid").exists, "the program has not started")
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
    until(lambda: has_ended(program), "the program still runs")
    assert (tmp_path / "cleaned").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_program_outlives_its_host(sleeping, number):
    host, _, _, program = sleeping
    asked = time.monotonic()
    host.send_signal(number)
    host.wait(PLENTY_SECONDS)
    # The engine waits 5 s for a host; an update that was stopped must not take that long every time.
    assert time.monotonic() - asked < 2
    until(lambda: has_ended(program), "the program still runs")


def test_a_host_whose_engine_has_died_ends_with_its_program(sleeping):
    host, _, _, program = sleeping
    host.stdin.close()
    assert host.wait(PLENTY_SECONDS) == 0
    until(lambda: has_ended(program), "the program still runs")


def test_a_host_asks_for_no_provider_and_tells_the_version_of_its_protocol(host, tmp_path):
    info = a_program_info(tmp_path)
    assert host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info)).packages == []
    assert host.GetRequiredPlugins(language_pb2.GetRequiredPluginsRequest(info=info)).plugins == []
    assert int(host.GetPluginInfo(Empty()).version.split(".")[0]) >= 3
    assert host.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:1")) is not None


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


def a_plugin(folder, *, kind, **values):
    return language_pb2.RunPluginRequest(info=a_program_info(folder), pwd=str(folder), kind=kind, **values)


def test_a_plugin_streams_what_it_writes_and_its_exit_code(host, tmp_path):
    program = "import os, sys\nprint(sys.argv[1:], os.environ['FLAVOR'])\nsys.stderr.write('oh')\nsys.exit(7)\n"
    (tmp_path / "__main__.py").write_text(program)
    request = a_plugin(tmp_path, kind="resource", args=["127.0.0.1:1"], env=["FLAVOR=a=b"])
    answers = list(host.RunPlugin(request, timeout=SECONDS))
    assert b"".join(answer.stdout for answer in answers) == b"['127.0.0.1:1'] a=b\n"
    assert b"".join(answer.stderr for answer in answers) == b"oh"
    assert [answer.WhichOneof("output") for answer in answers].count("exitcode") == 1
    assert answers[-1].exitcode == 7


def test_a_plugin_ends_when_the_engine_hangs_up(host, tmp_path):
    (tmp_path / "__main__.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    stream = host.RunPlugin(a_plugin(tmp_path, kind="resource"), timeout=SECONDS)
    plugin = int(next(stream).stdout)
    stream.cancel()
    until(lambda: has_ended(plugin), "the plugin still runs")


PACK = """
import os, pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

print("loading", os.getcwd(), flush=True)

def check(args, report):
    report(f"{pulumi.get_organization()} {pulumi.get_project()} {pulumi.get_stack()} "
           f"{pulumi.runtime.is_dry_run()} {pulumi.Config('shop').require('size')} {args.stack_tags['team']}")

PolicyPack("small", [ResourceValidationPolicy("s", "d", check, enforcement_level=EnforcementLevel.MANDATORY)])
"""


def test_a_pack_knows_its_stack_and_no_verdict_is_lost_when_the_engine_reconnects(host, engine, tmp_path):
    (tmp_path / "__main__.py").write_text(PACK)
    stream = host.RunPlugin(a_plugin(tmp_path, kind="analyzer", args=[engine.address]), timeout=SECONDS)
    port = int(next(stream).stdout)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        pack = analyzer_pb2_grpc.AnalyzerStub(channel)
        pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(), timeout=SECONDS)
        pack.Cancel(Empty(), timeout=SECONDS)
        stack = analyzer_pb2.AnalyzerStackConfigureRequest(
            organization="acme", project="shop", stack="dev", dry_run=True, config={"shop:size": "3"}
        )
        stack.tags["team"] = "ml"
        pack.ConfigureStack(stack, timeout=SECONDS)
        assert next(stream).stdout == f"loading {tmp_path}\n".encode()
        assert pack.GetAnalyzerInfo(Empty(), timeout=SECONDS).name == "small"
        request = analyzer_pb2.AnalyzeRequest(type="a:b:C", name="one", urn="urn:pulumi:dev::shop::a:b:C::one")
        end, verdicts = time.monotonic() + RECONNECTIONS * RECONNECT_MILLISECONDS / 1000, set()
        while time.monotonic() < end:
            (diagnostic,) = pack.Analyze(request, timeout=SECONDS).diagnostics
            verdicts.add(diagnostic.message.splitlines()[-1])
        assert verdicts == {"acme shop dev True 3 ml"}
    stream.cancel()


def test_a_pack_that_cannot_be_loaded_says_so_once_and_ends_the_call(host, engine, tmp_path):
    (tmp_path / "__main__.py").write_text("raise ValueError('broken pack')\n")
    stream = host.RunPlugin(a_plugin(tmp_path, kind="analyzer", args=[engine.address]), timeout=SECONDS)
    with grpc.insecure_channel(f"127.0.0.1:{int(next(stream).stdout)}") as channel:
        call = analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo.future(Empty(), timeout=SECONDS)
        answers = list(stream)
        assert b"".join(answer.stderr for answer in answers).count(b"ValueError: broken pack") == 1
        assert answers[-1].exitcode == 1
        assert call.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert call.details() == "the policy pack ended before it served; its output says why"


def test_a_plugin_is_in_a_session_of_its_own_where_the_engines_interrupt_does_not_reach(host, tmp_path):
    (tmp_path / "__main__.py").write_text("import os\nprint(os.getsid(0), os.getpid(), flush=True)\n")
    answers = list(host.RunPlugin(a_plugin(tmp_path, kind="resource"), timeout=SECONDS))
    session, process = b"".join(answer.stdout for answer in answers).split()
    assert session == process
    assert int(session) != os.getsid(0)


def test_a_broken_options_block_is_refused_by_the_name_of_its_file(host, tmp_path):
    request = language_pb2.RunPluginRequest(
        info=a_program_info(tmp_path, toolchain="uv"), pwd=str(tmp_path), kind="analyzer"
    )
    with pytest.raises(grpc.RpcError) as refusal:
        list(host.RunPlugin(request, timeout=SECONDS))
    assert refusal.value.details().startswith(
        f"{tmp_path}/PulumiPolicy.yaml: runtime.options.toolchain: 'uv'; needs pip"
    )


def test_a_host_is_ready_before_the_whole_sdk_could_be_loaded(engine):
    def host():
        with started_host(engine.address):
            pass

    def sdk():
        subprocess.run([sys.executable, "-I", "-c", "import pulumi"], check=True, timeout=SECONDS)

    # The best of three each, in one run: both suffer alike from whatever else the machine does.
    assert min(map(seconds_of, [host] * 3)) < min(map(seconds_of, [sdk] * 3))


def seconds_of(action):
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun
