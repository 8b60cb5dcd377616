"""Real `go build`s of a tiny module without dependencies, and every way in which one goes wrong."""

import base64
import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from toolchain_builders import (
    TINY_VERSION,
    Heard,
    a_family,
    a_tool,
    a_workshop,
    an_executable,
    builds_begun,
    environment_with,
    real_go,
    scripted_go,
)

from local.home import PROJECT
from local.lock import exclusive
from local.toolchain import BuildFailed, ChecksumMismatch, ModulesUnreachable, Origin, ensure
from local.toolchain.specs import Asset
from mizan.errors import PlatformError

HANG = "print('mizan.test/hangs', flush=True)\nif os.fork() == 0: time.sleep(300)\ntime.sleep(300)"


@pytest.fixture
def machine(tmp_path):
    """A machine with the tiny tool's sources and the real Go; PATH is its folder `bin`."""
    return Machine(tmp_path)


class Machine:
    def __init__(self, folder):
        self.folder, self.cache, self.bin = folder, folder / "cache", folder / "bin"
        self.bin.mkdir()
        self.tools, self.changes, self.settings = [], {}, {}
        self.tool()

    def tool(self, name="tiny", go_mod="", program=None, **changes):
        """Add a tool with its family."""
        a_family(self.folder / "go" / name, go_mod=go_mod, **({"program": program} if program else {}))
        self.tools.append(a_tool(name, **changes))

    def ensure(self, *names, reporter=None):
        return ensure(
            names or ["tiny"],
            cache=self.cache,
            reporter=reporter or Heard(),
            environment=environment_with(self.bin, **self.settings),
            workshop=a_workshop(self.folder, *self.tools, **self.changes),
        )

    @property
    def entries(self):
        return sorted(path.name.rpartition("-")[0] or path.name for path in (self.cache / "tools").iterdir())


def output_of(executable):
    return subprocess.run([executable], capture_output=True, check=True, timeout=20).stderr.decode()


def test_a_tool_is_built_once_and_then_taken_from_the_cache_without_go(machine):
    scripted_go(machine.bin, "real()")
    reporter = Heard()
    built = machine.ensure(reporter=reporter)
    assert built.tools["tiny"].origin is Origin.BUILT
    assert output_of(built.path("tiny")) == "tiny at work"
    assert "Building tiny from Go modules, once: less than a minute on 2 cores, 15 GB of disk" in reporter.text
    assert "tiny 1.2.3 built in" in reporter.text

    (machine.bin / "go").unlink()
    again = machine.ensure()
    assert again.tools["tiny"].origin is Origin.CACHE
    assert again.path("tiny") == built.path("tiny")
    assert builds_begun(machine.bin) == 1


def test_what_nothing_asks_for_is_not_built(machine):
    real_go(machine.bin)
    machine.tool("idle")
    machine.ensure("tiny")
    assert machine.entries == ["tiny"]


def test_no_tool_asked_for_means_no_work_at_all(machine):
    nothing = ensure([], cache=machine.cache, reporter=Heard(), environment={}, workshop=a_workshop(machine.folder))
    assert nothing.tools == {}
    assert not nothing.has_language_host
    assert not machine.cache.exists()


def test_an_unknown_tool_is_refused_by_name(machine):
    with pytest.raises(ValueError, match="unknown tools: hammer; known are tiny"):
        machine.ensure("hammer")


def test_a_misfit_on_path_is_named_and_the_pinned_version_built(machine):
    real_go(machine.bin)
    machine.tools = [dataclasses.replace(machine.tools[0], path_version=TINY_VERSION)]
    misfit = an_executable(machine.bin / "tiny", "print('tiny v0.9.0')")
    reporter = Heard()
    assert machine.ensure(reporter=reporter).tools["tiny"].origin is Origin.BUILT
    assert f"{misfit} is not used: it is 0.9.0; needs 1.2.0 or newer, below 1.3.0" in reporter.text


def test_missing_go_is_told_with_the_tools_that_need_it(machine):
    message = (
        r"go: not found on PATH; needs Go 1\.26\.0 or newer because no fitting version of tiny is on PATH or in the "
        r"cache, so it must be built\. Install Go, or put these tools on PATH\."
    )
    with pytest.raises(PlatformError, match=message):
        machine.ensure()


def test_go_too_old_is_told_with_both_versions(machine):
    facts = '{"GOVERSION": "go1.22.5", "GOCACHE": "/c", "GOMODCACHE": "/m"}'
    an_executable(machine.bin / "go", f"print('{facts}')")
    message = r"bin/go: Go 1\.22\.5; needs Go 1\.26\.0 or newer .*Install a newer Go and put it first on PATH"
    with pytest.raises(PlatformError, match=message):
        machine.ensure()


def test_a_go_that_does_not_run_is_told(machine):
    an_executable(machine.bin / "go", "sys.exit(2)")
    with pytest.raises(PlatformError, match=r"bin/go: `go env` does not work .*; needs a working Go"):
        machine.ensure()


def test_a_full_disk_is_told_before_anything_is_built(machine):
    scripted_go(machine.bin, "real()")
    machine.changes["disk_usage"] = lambda _: SimpleNamespace(free=3 * 10**9)
    with pytest.raises(PlatformError, match=r"3\.0 GB free; needs .* GB because .*Free some space"):
        machine.ensure()
    assert builds_begun(machine.bin) == 0


def test_a_corrupted_entry_is_named_and_built_again(machine):
    real_go(machine.bin)
    executable = machine.ensure().path("tiny")
    executable.write_bytes(executable.read_bytes()[:-1])
    reporter = Heard()
    again = machine.ensure(reporter=reporter)
    entry = executable.parent.parent
    fault = f"tiny: its cache entry {entry} is corrupted (bin/tiny does not match its sha256); it is built again"
    assert reporter.text.count(fault) == 1
    assert output_of(again.path("tiny")) == "tiny at work"
    assert machine.entries == ["tiny"]


def test_a_failing_build_shows_its_last_lines_its_log_and_how_to_go_on(machine):
    real_go(machine.bin)
    machine.tool("broken", program="package main\n\nfunc main() { hammer() }\n")
    log = machine.cache / "logs" / "broken.log"
    message = (
        r"(?s)broken: `go build` ended with status 1; needs a build without errors .*run the same command again: "
        rf"finished tools are kept and Go goes on where it stopped\. See {log}\n.*main\.go:3:15: undefined: hammer"
    )
    with pytest.raises(BuildFailed, match=message):
        machine.ensure("tiny", "broken")
    assert "undefined: hammer" in log.read_text()
    assert machine.entries == ["tiny"]

    (machine.folder / "go" / "broken" / "main.go").write_text("package main\n\nfunc main() {}\n")
    mended = machine.ensure("tiny", "broken")
    assert {name: tool.origin for name, tool in mended.tools.items()} == {"tiny": Origin.CACHE, "broken": Origin.BUILT}


NETWORK_FAILURE = "print('go: dep@v1.0.0: Get: dial tcp: i/o timeout', flush=True); sys.exit(1)"


def test_a_network_failure_is_tried_once_more(machine):
    scripted_go(machine.bin, f"if builds == 1: {NETWORK_FAILURE}\nreal()")
    assert output_of(machine.ensure().path("tiny")) == "tiny at work"
    assert builds_begun(machine.bin) == 2


def test_a_network_failure_that_stays_is_told(machine):
    scripted_go(machine.bin, NETWORK_FAILURE)
    with pytest.raises(ModulesUnreachable, match=r"tiny: modules could not be downloaded, twice: .*i/o timeout"):
        machine.ensure()
    assert builds_begun(machine.bin) == 2


def test_a_checksum_mismatch_is_not_tried_again_even_when_the_network_failed_too(machine):
    failure = "print('verifying dep@v1.0.0: checksum mismatch', flush=True)"
    scripted_go(machine.bin, f"{failure}\n{NETWORK_FAILURE}")
    with pytest.raises(ChecksumMismatch, match=r"tiny: verifying dep@v1\.0\.0: checksum mismatch"):
        machine.ensure()
    assert builds_begun(machine.bin) == 1


def a_module_proxy(folder, files):
    """Publish example.com/dep v1.0.0 with `files`; return the go.sum that fits it."""
    versions = folder / "example.com" / "dep" / "@v"
    versions.mkdir(parents=True)
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (versions / "v1.0.0.mod").write_text(files["go.mod"])
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"example.com/dep@v1.0.0/{name}", text)
    module = {f"example.com/dep@v1.0.0/{name}": text for name, text in files.items()}
    return f"example.com/dep v1.0.0 {h1(module)}\nexample.com/dep v1.0.0/go.mod {h1({'go.mod': files['go.mod']})}\n"


def h1(files):
    """Go's hash of a module. Source: https://go.dev/ref/mod#go-sum-files."""
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


@pytest.fixture
def with_dependency(machine):
    """The machine with a tool `user` whose module, and CRD, come from a module proxy in a folder."""
    go_mod = "module mizan.test/user\n\ngo 1.26.0\n\nrequire example.com/dep v1.0.0\n"
    program = 'package main\n\nimport "example.com/dep"\n\nfunc main() { dep.Work() }\n'
    machine.tool("user", go_mod, program, assets=(Asset("example.com/dep", "config/crd", "crds"),))
    proxy = machine.folder / "proxy"
    go_sum = a_module_proxy(
        proxy,
        {
            "go.mod": "module example.com/dep\n\ngo 1.26.0\n",
            "dep.go": 'package dep\n\nfunc Work() { print("dep at work") }\n',
            "config/crd/things.yaml": "kind: CustomResourceDefinition\n",
        },
    )
    (machine.folder / "go" / "user" / "go.sum").write_text(go_sum)
    modules = machine.folder / "modules"
    machine.settings |= {"GOPROXY": proxy.as_uri(), "GOSUMDB": "off", "GOMODCACHE": str(modules)}
    return machine


def test_crds_are_copied_out_of_the_module_and_outlive_gos_caches(with_dependency):
    real_go(with_dependency.bin)
    with_dependency.ensure("user")
    with_dependency.settings["GOMODCACHE"] = "/nowhere"
    (with_dependency.bin / "go").unlink()
    toolbox = with_dependency.ensure("user")
    assert output_of(toolbox.path("user")) == "dep at work"
    assert [path.name for path in toolbox.crds("user").iterdir()] == ["things.yaml"]
    with pytest.raises(LookupError, match="user brings no chart"):
        toolbox.chart("user")


def test_a_checksum_mismatch_stops_everything_at_once(with_dependency):
    scripted_go(with_dependency.bin, "real()")
    with_dependency.tool("later")
    go_sum = with_dependency.folder / "go" / "user" / "go.sum"
    go_sum.write_text(go_sum.read_text().replace("v1.0.0 h1:", "v1.0.0 h1:AAAA", 1))
    message = r"user: verifying example\.com/dep@v1\.0\.0: checksum mismatch; needs the very modules .*Do not build on"
    with pytest.raises(ChecksumMismatch, match=message):
        with_dependency.ensure("user", "later")
    assert builds_begun(with_dependency.bin) == 1
    assert with_dependency.entries == []


def test_a_module_without_the_expected_files_is_told(with_dependency):
    real_go(with_dependency.bin)
    user = dataclasses.replace(with_dependency.tools[-1], assets=(Asset("example.com/dep", "moved/crd", "crds"),))
    with_dependency.tools[-1] = user
    with pytest.raises(PlatformError, match=r"moved/crd: holds no file; needs the files of user"):
        with_dependency.ensure("user")
    assert with_dependency.entries == []


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
