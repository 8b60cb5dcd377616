"""How the Pulumi engine is set up and run. A shell script stands in for pulumi; tests/e2e runs the real one."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from local.control_plane import processes
from local.engine import Engine, Settings, shell_environment
from local.home import Home
from local.progress import Reporter
from mizan import versions
from mizan.errors import PlatformError

WAITS = "for i in $(seq 400); do sleep 0.05; done\n"
RECORDS = 'echo "$@" >> "$PULUMI_HOME/calls"\n'


@dataclass
class MockTools:
    """Every tool is one shell script."""

    script: Path
    has_language_host: bool = False

    def path(self, _name):
        return self.script


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def make_engine(home, tmp_path):
    def make(body, **tools):
        script = tmp_path / "mock-pulumi"
        script.write_text(f"#!/bin/sh\n{body}")
        script.chmod(0o755)
        return Engine(home, MockTools(script, **tools), Reporter(Console(quiet=True)), project=tmp_path)

    return make


def calls(home):
    return (home.pulumi_home / "calls").read_text().splitlines()


def test_pulumi_the_host_and_the_provider_lie_where_the_engine_looks(home, make_engine, tmp_path):
    make_engine(RECORDS).prepare("local")
    plugins = home.pulumi_home / "plugins" / f"resource-kubernetes-v{versions.EMBEDDED_KUBERNETES_PROVIDER}"
    for path in (home.bin / "pulumi", home.bin / "kubectl", plugins / "pulumi-resource-kubernetes"):
        assert path.samefile(tmp_path / "mock-pulumi"), "a symbolic link would make the engine look beside its target"
        assert not path.is_symlink()
    assert os.access(home.bin / "pulumi-language-python", os.X_OK)


def test_a_pulumi_with_its_own_language_host_is_used_as_it_is(home, make_engine):
    make_engine(RECORDS, has_language_host=True).prepare("local")
    assert not (home.bin / "pulumi").exists()
    assert not (home.bin / "pulumi-language-python").exists()


def test_a_tool_is_copied_where_it_cannot_be_linked(home, make_engine, monkeypatch):
    def refuse(self, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    make_engine(RECORDS).prepare("local")
    assert (home.bin / "pulumi").read_text().startswith("#!/bin/sh")


def test_a_stack_is_made_once(home, make_engine):
    engine = make_engine(RECORDS)
    engine.prepare("local")
    state = home.pulumi_backend / ".pulumi" / "stacks" / "mizan" / "local.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    engine.prepare("local")
    assert calls(home) == ["stack init local --non-interactive"]


def test_up_loads_the_policy_pack_and_asks_nobody(home, make_engine):
    engine = make_engine(RECORDS)
    engine.prepare("local")
    engine.up("local", arguments=["--skip-preview"])
    assert calls(home)[-1] == "up --yes --stack local --policy-pack policies --skip-preview"


def test_a_failed_update_says_how_to_go_on(make_engine):
    engine = make_engine('test "$1" != up')
    engine.prepare("local")
    told = "exit 1; needs exit 0 because the platform is only partly there. Mend what Pulumi shows above and run"
    with pytest.raises(PlatformError, match=told):
        engine.up("local")


def test_a_refused_command_shows_what_pulumi_said(make_engine):
    with pytest.raises(PlatformError, match="pulumi stack init local: the disk is full; needs exit 0"):
        make_engine("echo the disk is full >&2; exit 1").prepare("local")


def test_a_lock_that_a_killed_update_left_is_released_first(home, make_engine):
    engine = make_engine(RECORDS)
    engine.prepare("local")
    lock = home.pulumi_backend / ".pulumi" / "locks" / "organization" / "mizan" / "local" / "1.json"
    lock.parent.mkdir(parents=True)
    lock.write_text("{}")
    engine.up("local")
    assert calls(home)[-2] == "cancel --yes --stack local --non-interactive"


def test_ctrl_c_is_passed_on_once_and_pulumi_may_finish(home, make_engine):
    engine = make_engine(
        'test "$1" = up || exit 0\ntrap \'echo asked >> "$PULUMI_HOME/calls"; exit 1\' INT\n' + RECORDS + WAITS
    )
    engine.prepare("local")

    def press_ctrl_c():
        deadline = time.monotonic() + 20
        while not (home.pulumi_home / "calls").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press_ctrl_c, daemon=True)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        engine.up("local")
    presser.join(timeout=5)
    assert calls(home)[1:] == ["asked"]
    assert processes.orphans(home, ["pulumi"]) == []


def test_a_pulumi_that_outlived_its_make_up_is_ended_before_the_next(home, make_engine, tmp_path):
    engine = make_engine('test "$1" = up || exit 0\n' + RECORDS)
    engine.prepare("local")
    environment = {**os.environ, **processes.marking(home, "pulumi")}
    pulumi = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep"), pulumi)
    left = subprocess.Popen([pulumi, "300"], env=environment, start_new_session=True)
    engine.up("local")
    left.wait(timeout=10)
    assert processes.orphans(home, ["pulumi"]) == []


def test_a_stack_that_somebody_updates_now_is_left_alone(home, make_engine, tmp_path):
    engine = make_engine(RECORDS)
    engine.prepare("local")
    pulumi = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep"), pulumi)
    theirs = subprocess.Popen([pulumi, "300"])
    lock = home.pulumi_backend / ".pulumi" / "locks" / "organization" / "mizan" / "local" / "1.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"pid": theirs.pid}))
    try:
        with pytest.raises(PlatformError, match=f"process {theirs.pid} is updating it; needs one update at a time"):
            engine.up("local")
    finally:
        theirs.kill()
        theirs.wait(timeout=10)
    assert lock.exists()


def test_the_shell_gets_what_kubectl_and_pulumi_need(home):
    environment = shell_environment(home)
    assert environment["KUBECONFIG"] == environment["MIZAN_KUBECONFIG"] == str(home.kubeconfig)
    assert environment["PULUMI_BACKEND_URL"] == f"file://{home.pulumi_backend}"
    assert environment["PATH"].split(os.pathsep)[0] == str(home.bin)


def test_a_damaged_state_is_named_with_its_backup_and_nothing_is_run(home, make_engine):
    engine = make_engine(RECORDS)
    engine.prepare("local")
    state = home.pulumi_backend / ".pulumi" / "stacks" / "mizan" / "local.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 3, "checkpo')
    state.with_name("local.json.bak").write_text("{}")
    with pytest.raises(PlatformError, match=f"{state}: not readable .* Copy {state}.bak over it"):
        engine.up("local")
    assert not any(call.startswith("up") for call in calls(home))


def test_a_proxy_is_kept_from_the_platforms_own_addresses(home, monkeypatch):
    monkeypatch.setenv("no_proxy", "intranet")
    assert shell_environment(home)["no_proxy"] == shell_environment(home)["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_a_home_with_signs_that_a_url_reads_otherwise_is_found(tmp_path):
    url = shell_environment(Home(tmp_path / "per%20cent #1"))["PULUMI_BACKEND_URL"]
    assert url.endswith("/per%2520cent%20%231/backend")


def test_destroy_asks_nobody_and_says_how_to_go_on(home, make_engine):
    engine = make_engine(RECORDS + 'test "$1" != destroy')
    engine.prepare("local")
    with pytest.raises(PlatformError, match="exit 1; needs exit 0 because what is left goes on costing money"):
        engine.destroy("local", arguments=["--skip-preview"])
    assert calls(home)[-1] == "destroy --yes --run-program --stack local --skip-preview"
    with pytest.raises(PlatformError):
        engine.destroy("local", is_preview=True)
    assert calls(home)[-1] == "destroy --preview-only --run-program --stack local"


def test_further_variables_go_before_the_caller_s_but_no_home_is_another_s(home, make_engine, tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUD", "real")
    make_engine(RECORDS)
    body = 'echo "$CLOUD $MIZAN_HOME"\n'
    (tmp_path / "mock-pulumi").write_text(f"#!/bin/sh\n{body}")
    with (tmp_path / "output").open("w") as output:
        settings = Settings(environment={"CLOUD": "simulated"}, output=output)
        tools = MockTools(tmp_path / "mock-pulumi")
        engine = Engine(home, tools, Reporter(Console(quiet=True)), project=tmp_path, settings=settings)
        engine.prepare("local")
        engine.up("local")
    assert (tmp_path / "output").read_text() == f"simulated {home.root}\n"


def test_one_provider_stands_in_for_the_version_that_a_stack_asks_for(home, make_engine, tmp_path):
    make_engine(RECORDS).link_provider("4.99.0")
    plugin = home.pulumi_home / "plugins" / "resource-kubernetes-v4.99.0" / "pulumi-resource-kubernetes"
    assert plugin.samefile(tmp_path / "mock-pulumi")


def test_the_state_tells_what_was_made(home, make_engine):
    engine = make_engine(RECORDS)
    assert (engine.resources("local"), engine.has_made("local")) == ([], False)
    state = home.pulumi_backend / ".pulumi" / "stacks" / "mizan" / "local.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{"type": "a:b:C"}]}}}))
    assert (engine.resources("local"), engine.has_made("local")) == ([{"type": "a:b:C"}], True)
    state.write_text("{torn")
    assert engine.resources("local") == []
