"""What a person sees of our language host through the real engine. No cluster, no provider: component resources alone.

The host without the engine: tests/unit/local/test_language_host_service.py.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.e2e

SECONDS = 120
# An update that was stopped is over in well under a second; 5 s is where the engine gives up on a host that hangs.
STOP_SECONDS = 4
PROJECT = "name: shop\nruntime: {{name: python, options: {{virtualenv: {virtualenv!r}}}}}\n"
SHOP = """
import pulumi

class Shop(pulumi.ComponentResource):
    def __init__(self, name, size):
        super().__init__("mizan:test:Shop", name, {"size": size})
        self.register_outputs({})

config = pulumi.Config()
Shop("corner", config.require_int("size"))
pulumi.export("names", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
pulumi.export("token", config.require_secret("token"))
"""
PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy

def is_small(args, report):
    if args.resource_type == "mizan:test:Shop" and args.props["size"] > 5:
        mode = "preview" if pulumi.runtime.is_dry_run() else "update"
        report(f"size {args.props['size']:.0f} in the {mode} of {pulumi.get_stack()}")

def has_a_shop(args, report):
    if all(resource.resource_type != "mizan:test:Shop" for resource in args.resources):
        report("no shop")

MANDATORY = EnforcementLevel.MANDATORY
PolicyPack("town", [
    ResourceValidationPolicy("small-shops", "Shops are small.", is_small, enforcement_level=MANDATORY),
    StackValidationPolicy("some-shop", "There is a shop.", has_a_shop, enforcement_level=MANDATORY),
])
"""
SLEEPER = "import os, time\nos.write(1, b'asleep\\n')\ntime.sleep(600)\n"


class Stack:
    """A project with one stack and a backend of its own."""

    def __init__(self, folder, pulumi_folder):
        self.folder, self._pulumi = folder / "shop", pulumi_folder / "pulumi"
        self.folder.mkdir()
        (folder / "backend").mkdir()
        (self.folder / "Pulumi.yaml").write_text(PROJECT.format(virtualenv=sys.prefix))
        self._environment = os.environ | {
            "PATH": f"{pulumi_folder}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder}/backend",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        assert self.pulumi("stack", "init", "dev").returncode == 0

    def write(self, program):
        (self.folder / "__main__.py").write_text(program)

    def pulumi(self, *arguments):
        """The finished command; `stdout` has both streams in the order a terminal shows them."""
        return subprocess.run(timeout=SECONDS, check=False, **self._how(arguments))

    def begin(self, *arguments):
        return subprocess.Popen(**self._how(arguments))

    def _how(self, arguments):
        return {
            "args": [self._pulumi, *arguments, "--non-interactive", "--color", "never"],
            "cwd": self.folder,
            "env": self._environment,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }


@pytest.fixture
def stack(tmp_path, pulumi_folder):
    return Stack(tmp_path, pulumi_folder)


@pytest.fixture
def shop(stack):
    """A stack whose program is SHOP, of size 3."""
    stack.write(SHOP)
    assert stack.pulumi("config", "set", "size", "3").returncode == 0
    assert stack.pulumi("config", "set", "--secret", "token", "hush").returncode == 0
    return stack


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "town"
    folder.mkdir()
    virtualenv = os.path.relpath(sys.prefix, folder)
    (folder / "PulumiPolicy.yaml").write_text(f"runtime: {{name: python, options: {{virtualenv: {virtualenv!r}}}}}\n")
    (folder / "__main__.py").write_text(PACK)
    return folder


def diagnostics(output):
    """What the engine tells at the end, without the progress lines above, which repeat the first line of a message."""
    return output.partition("\nDiagnostics:\n")[2]


def test_an_update_creates_and_the_next_one_changes_nothing(shop, tmp_path):
    first = shop.pulumi("up", "--yes")
    assert first.returncode == 0, first.stdout
    assert "+ 2 created" in first.stdout
    outputs = json.loads(shop.pulumi("stack", "output", "--json", "--show-secrets").stdout)
    assert outputs == {"names": ["organization", "shop", "dev"], "token": "hush"}
    assert json.loads(shop.pulumi("stack", "output", "--json").stdout)["token"] == "[secret]"
    (state,) = (tmp_path / "backend" / ".pulumi" / "stacks" / "shop").glob("dev.json")
    assert "hush" not in state.read_text()
    second = shop.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert second.returncode == 0, second.stdout
    assert "2 unchanged" in second.stdout


def test_a_users_error_is_shown_once_with_the_users_own_traceback(stack):
    stack.write("def open_shop():\n    raise ValueError('no key')\n\nopen_shop()\n")
    preview = stack.pulumi("preview")
    assert preview.returncode != 0
    told = diagnostics(preview.stdout)
    assert told.count("ValueError: no key") == 1
    assert told.count("error:") == 1
    assert [line.strip() for line in told.splitlines() if line.lstrip().startswith("File ")] == [
        f'File "{stack.folder}/__main__.py", line 4, in <module>',
        f'File "{stack.folder}/__main__.py", line 2, in open_shop',
    ]


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import pulumi\nraise pulumi.RunError('closed today')\n", "error: closed today"),
        ("import sys\nsys.exit('closed today')\n", "error: closed today"),
        ("import sys\nsys.exit(3)\n", "error: an unhandled error occurred: program exited with non-zero exit code: 3"),
    ],
)
def test_a_program_that_gives_up_on_purpose_shows_one_line(stack, program, error):
    stack.write(program)
    preview = stack.pulumi("preview")
    assert preview.returncode != 0
    told = diagnostics(preview.stdout).partition("\nResources:\n")[0]
    assert [line.strip() for line in told.splitlines() if line.strip()] == ["pulumi:pulumi:Stack (shop-dev):", error]


def test_a_missing_virtualenv_is_told_with_the_commands_that_make_it(stack):
    (stack.folder / "Pulumi.yaml").write_text(PROJECT.format(virtualenv="venv"))
    stack.write("")
    preview = stack.pulumi("preview")
    assert preview.returncode != 0
    told = diagnostics(preview.stdout)
    assert f"error: {stack.folder}/Pulumi.yaml: runtime.options.virtualenv: 'venv'" in told
    assert f"Make it with `python3 -m venv {stack.folder}/venv && {stack.folder}/venv/bin/python -m pip install" in told
    assert told.count("error:") == 1


def test_a_policy_pack_passes_a_good_stack_and_blocks_a_bad_one_in_preview_and_update(shop, pack):
    good = shop.pulumi("up", "--yes", "--policy-pack", str(pack))
    assert good.returncode == 0, good.stdout
    assert "✅ town" in good.stdout
    shop.pulumi("config", "set", "size", "7")
    for command, mode in ((["preview"], "preview"), (["up", "--yes", "--skip-preview"], "update")):
        bad = shop.pulumi(*command, "--policy-pack", str(pack))
        assert bad.returncode != 0
        assert "[mandatory]  small-shops  (mizan:test:Shop: corner)" in bad.stdout
        assert f"size 7 in the {mode} of dev" in bad.stdout
        assert "KeyboardInterrupt" not in bad.stdout
        assert "Traceback" not in bad.stdout


def test_a_policy_pack_that_cannot_be_loaded_ends_the_update_with_its_error(shop, pack):
    (pack / "__main__.py").write_text("raise ValueError('no town')\n")
    preview = shop.pulumi("preview", "--policy-pack", str(pack))
    assert preview.returncode != 0
    assert diagnostics(preview.stdout).count("ValueError: no town") == 1
    assert "error: the policy pack ended before it served; its output says why" in preview.stdout


@pytest.fixture
def sleeping(stack, pack):
    """An update whose program sleeps, with the processes below it: engine, language host, program, policy pack."""
    stack.write(SLEEPER)
    with stack.begin("up", "--yes", "--skip-preview", "--policy-pack", str(pack)) as update:
        for line in update.stdout:
            if "asleep" in line:
                break
        below = psutil.Process(update.pid).children(recursive=True)
        assert any("runner.py" in " ".join(process.cmdline()) for process in below)
        assert any("pulumi.policy" in " ".join(process.cmdline()) for process in below)
        yield update, below
        update.kill()


def wait_until_gone(processes):
    """A process whose parent has died may stay a zombie where the system's first process waits for nobody."""
    deadline = time.monotonic() + STOP_SECONDS
    while any(is_alive(process) for process in processes):
        assert time.monotonic() < deadline, [process for process in processes if is_alive(process)]
        time.sleep(0.02)


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_ctrl_c_cancels_a_sleeping_update_at_once_and_leaves_nothing_running(sleeping):
    update, below = sleeping
    asked = time.monotonic()
    update.send_signal(signal.SIGINT)
    output, _ = update.communicate(timeout=SECONDS)
    assert time.monotonic() - asked < STOP_SECONDS
    assert update.returncode != 0
    assert re.search("error: (update|context) canceled", output), output
    assert "Traceback" not in output
    wait_until_gone(below)


def test_nothing_outlives_an_engine_that_was_killed(sleeping):
    update, below = sleeping
    update.kill()
    update.communicate(timeout=SECONDS)
    wait_until_gone(below)


def test_an_update_whose_host_was_killed_ends_with_an_error_and_leaves_nothing_running(sleeping):
    update, below = sleeping
    (host,) = (process for process in below if "__main__.py" in " ".join(process.cmdline()))
    host.kill()
    output, _ = update.communicate(timeout=SECONDS)
    assert update.returncode != 0
    assert "error reading from server" in output
    wait_until_gone(below)


def test_about_tells_which_python_runs_the_program_and_what_it_has_installed(stack):
    stack.write("")
    about = json.loads(stack.pulumi("about", "--json").stdout)
    assert about["runtime"]["executable"] == sys.executable
    assert "pytest-timeout" in {row["name"] for row in about["dependencies"]}
