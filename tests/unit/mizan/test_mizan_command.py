"""The `mizan` command: what it prints where, and how it ends."""

import io
import os
import pty
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mizan.cli import main
from mizan.manifests import manifests_of
from tests.builders import PROJECT, a_plan, a_stack, a_team, shipped_stack, with_value


@pytest.fixture
def mizan(monkeypatch, capsys):
    """Run the command: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["mizan", *arguments])
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "120")
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


@pytest.fixture
def project(tmp_path):
    (tmp_path / "stacks").mkdir()
    return tmp_path


def write_stack(project, values, name="test"):
    path = project / "stacks" / f"Pulumi.{name}.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump({"config": {f"mizan:{key}": value for key, value in values.items()}}, file)
    return path


def test_render_prints_every_manifest_of_a_stack_and_nothing_else(mizan):
    code, out, err = mizan("render", "--stack", "local", "--project", str(PROJECT))
    assert (code, err) == (0, "")
    printed = list(YAML(typ="safe").load_all(io.StringIO(out)))
    assert printed == manifests_of(a_plan(shipped_stack("local"), stack="local"))


def test_render_takes_the_project_it_stands_in_and_a_short_option(mizan, project, monkeypatch):
    write_stack(project, a_stack())
    monkeypatch.chdir(project)
    code, out, _ = mizan("render", "-s", "test")
    assert code == 0
    assert out.startswith("---\napiVersion: karpenter.kwok.sh/v1alpha1\nkind: KWOKNodeClass\n")


def test_render_prints_no_yaml_shorthand(mizan):
    _, out, _ = mizan("render", "--stack", "local", "--project", str(PROJECT))
    assert not re.search(r"[:-] [&*]\w", out)


def test_render_also_writes_rules_and_dashboards_into_a_folder(mizan, tmp_path):
    _, alone, _ = mizan("render", "--stack", "local", "--project", str(PROJECT))
    code, out, err = mizan("render", "-s", "local", "--project", str(PROJECT), "--metrics", str(tmp_path / "new"))
    assert (code, out, err) == (0, alone, "")
    written = {str(path.relative_to(tmp_path / "new")) for path in tmp_path.rglob("*.*") if path.is_file()}
    rules = {"rules/mizan-costs-local.yaml", "rules/mizan-alerts-local.yaml"}
    helm = {"helm/kube-state-metrics-local.yaml", "helm/kube-prometheus-stack-local.yaml"}
    assert rules | helm | {"dashboards/mizan-gpu-cost.json"} <= written
    assert len(written) == 10


def test_files_are_there_although_nobody_reads_the_manifests(mizan, tmp_path, monkeypatch):
    def closed(*_):
        raise BrokenPipeError

    monkeypatch.setattr("mizan.cli.app.write_yaml", closed)
    monkeypatch.setattr("mizan.cli.app._drop_output", lambda: None)
    code, _, err = mizan("render", "-s", "local", "--project", str(PROJECT), "--metrics", str(tmp_path))
    assert (code, err) == (1, "")
    assert (tmp_path / "rules" / "mizan-costs-local.yaml").exists()


def test_a_folder_that_is_a_file_is_bad_input(mizan, tmp_path):
    (tmp_path / "rules").write_text("")
    code, out, err = mizan("render", "-s", "local", "--project", str(PROJECT), "--metrics", str(tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith(f"--metrics {tmp_path}: {tmp_path}/rules: File exists; needs a folder ")


@pytest.mark.parametrize("name", ["y", "yes", "n", "no", "on", "off"])
def test_a_team_named_like_a_boolean_stays_text_for_every_reader_of_yaml(mizan, project, name):
    write_stack(project, a_stack(teams=[a_team(name=name, project=name.title())], jobs=[]))
    _, out, _ = mizan("render", "--stack", "test", "--project", str(project))
    reader = YAML(typ="safe")
    reader.version = (1, 1)
    (namespace,) = [reader.load(text) for text in out.split("---\n") if "kind: Namespace" in text]
    assert namespace["metadata"]["name"] == name
    assert namespace["metadata"]["labels"]["project"] == name.title()


def test_an_unknown_stack_is_answered_with_the_stacks_there_are(mizan):
    code, out, err = mizan("render", "--stack", "staging", "--project", str(PROJECT))
    assert (code, out) == (2, "")
    stacks = sorted(path.name.split(".")[1] for path in (PROJECT / "stacks").glob("Pulumi.*.yaml"))
    assert err == (
        f"stack staging: no file {PROJECT}/stacks/Pulumi.staging.yaml; needs one file per stack because a stack is "
        f"what its file says. Choose one of: {', '.join(stacks)}.\n"
    )


def test_a_faulty_stack_ends_with_its_faults_once_and_no_traceback(mizan, project):
    path = write_stack(project, with_value(a_stack(), "pools[0].gpu", "a100"))
    code, out, err = mizan("render", "--stack", "test", "--project", str(project))
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"{path}: 1 fault"
    assert re.fullmatch(
        r"  line \d+: mizan:pools\[0\]\.gpu: a100; needs a GPU of the catalogue .*", err.splitlines()[1]
    )
    assert len(err.splitlines()) == 2


def test_a_missing_price_ends_the_same_way(mizan, project):
    path = write_stack(project, a_stack(region="us-east1"))
    code, out, err = mizan("render", "--stack", "test", "--project", str(project))
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"{path}: 1 fault"
    assert re.fullmatch(r"  line \d+: mizan:region: us-east1; needs a region with prices .*", err.splitlines()[1])
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render"], "Missing option '--stack'"),
        (["render", "--stack"], "Option '--stack' requires an argument"),
        (["render", "--stack", "x", "--project", str(PROJECT / "Pulumi.yaml")], "is a file"),
        (["render", "--stack", "local", "--project", str(PROJECT), "--metrics", ""], "needs a folder"),
        (["rendr"], "No such command 'rendr'"),
    ],
)
def test_a_mistyped_command_is_bad_input(mizan, arguments, message):
    code, out, err = mizan(*arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.replace("│", " ").split())


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"]])
def test_help_explains_itself(mizan, arguments):
    code, out, err = mizan(*arguments)
    assert (code, err) == (0, "")
    assert "render" in out
    assert "without Pulumi" in " ".join(out.replace("│", " ").split())


def test_the_command_is_installed_under_its_name():
    (script,) = entry_points(group="console_scripts", name="mizan")
    assert script.load() is main


RUN = "from mizan.cli import main; main()"


def run_mizan(stdout, *arguments):
    """Run the command as its own process: what Python says as it ends is seen too."""
    command = [sys.executable, "-c", RUN, *arguments]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=PROJECT, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("arguments", [["render", "--stack", "local"], ["--help"]])
def test_a_full_disk_ends_with_one_line_and_no_traceback(arguments):
    with Path("/dev/full").open("w") as full:
        ended = run_mizan(full, *arguments)
    assert ended.returncode == 3
    assert ended.stderr == (
        "mizan: [Errno 28] No space left on device; needs files and an output that work because it prints what it "
        "reads and computes. Free or repair what the system names, then run it again.\n"
    )


def test_a_reader_that_has_what_it_wanted_hears_no_complaint():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        ended = run_mizan(pipe, "render", "--stack", "local")
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [["render", "--stack", "local"], ["plan", "--stack", "local"], ["--help"]])
def test_a_closed_output_ends_with_one_line_and_no_traceback(arguments):
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", RUN, *arguments]
    ended = subprocess.run(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert ended.stderr == (
        "mizan: standard output is closed; needs files and an output that work because it prints what it reads and "
        "computes. Free or repair what the system names, then run it again.\n"
    )


def on_a_terminal(*arguments, **environment):
    """Run the command on a terminal of its own, and return what it shows there."""
    ours, theirs = pty.openpty()
    kept = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR"}}
    command = [sys.executable, "-c", RUN, *arguments]
    with os.fdopen(ours, "rb", buffering=0) as screen:
        with os.fdopen(theirs, "wb", buffering=0) as terminal:
            subprocess.run(
                command, cwd=PROJECT, env=kept | environment, stdout=terminal, stderr=terminal, timeout=60, check=False
            )
        return screen.read(100_000).decode()


RED = "\x1b[31m"


def test_errors_are_red_on_a_terminal_and_have_no_colour_for_who_wants_none():
    arguments = ["render", "--stack", "nowhere"]
    assert on_a_terminal(*arguments, NO_COLOR="").startswith(f"{RED}stack nowhere: no file ")
    assert on_a_terminal(*arguments).startswith(RED)
    assert on_a_terminal(*arguments, NO_COLOR="1").startswith("stack nowhere: no file ")


def test_a_mistyped_command_has_no_colour_for_who_wants_none():
    assert RED in on_a_terminal("rendr")
    told = on_a_terminal("rendr", NO_COLOR="1")
    assert "No such command 'rendr'" in told
    # Bold and dim may stay; 30 to 37 and 90 to 97 are colours.
    assert not re.search(r"\x1b\[(\d+;)*[39][0-7]m", told)


INTERRUPTED_WHILE_IT_STARTS = """
import sys

class CtrlC:
    def find_spec(self, name, *_):
        if name == "mizan.cli.plan":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
from mizan.cli import main
"""


def test_ctrl_c_while_the_command_starts_ends_it_without_a_traceback():
    command = [sys.executable, "-c", INTERRUPTED_WHILE_IT_STARTS]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def interrupted(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["mizan.cli.app.plan_of", "mizan.cli.app.app"])
def test_ctrl_c_while_the_command_works_ends_it_without_a_traceback(mizan, monkeypatch, where):
    monkeypatch.setattr(where, interrupted)
    assert mizan("render", "--stack", "local", "--project", str(PROJECT)) == (130, "", "")
