"""The real Pulumi engine, set up inside one home: its own plugins, backend and, where missing, language host."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import psutil

from local import files, interrupts, pulumi_state
from local.control_plane import processes
from local.home import PROJECT, Home
from local.language_host import launcher
from local.progress import Reporter
from local.toolchain import Toolbox
from mizan import keys, versions
from mizan.errors import PlatformError

COMMAND_SECONDS = 60.0
UPDATE_SECONDS = 1800.0
# What Pulumi gets after Ctrl-C to finish the operation it is in and to release its lock.
STOP_SECONDS = 30.0
KILL_SECONDS = 5.0
POLL_SECONDS = 0.1
PULUMI = "pulumi"
POLICY_PACK = "policies"


def shell_environment(home: Home) -> dict[str, str]:
    """Return what any pulumi or kubectl command needs to reach this home, beside the caller's environment."""
    # Pulumi's parts talk to each other and to the cluster on 127.0.0.1; through a proxy they would wait for ever.
    direct = ",".join(filter(None, [os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), "127.0.0.1,localhost"]))
    return {
        "NO_PROXY": direct,
        "no_proxy": direct,
        "KUBECONFIG": str(home.kubeconfig),
        "MIZAN_HOME": str(home.root),
        keys.KUBECONFIG_VARIABLE: str(home.kubeconfig),
        "PATH": os.pathsep.join([str(home.bin), os.environ.get("PATH", "")]),
        "PULUMI_BACKEND_URL": f"file://{quote(str(home.pulumi_backend))}",
        # One form of the state file, whatever the user's own backends have.
        "PULUMI_DIY_BACKEND_GZIP": "false",
        # Stack `local` keeps no secret; its salt is in the repository.
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(home.pulumi_home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def end_leftovers(home: Home, reporter: Reporter) -> None:
    """End a Pulumi that outlived the `make up` which ran it; whoever calls holds the home's lock, so none is wanted."""
    left = processes.orphans(home, [PULUMI])
    if not left:
        return
    reporter.warn("A Pulumi of a killed `make up` still runs; it is asked to end.")
    for process in left:
        with suppress(psutil.Error):
            if process.name() == PULUMI:
                process.send_signal(signal.SIGINT)
    psutil.wait_procs(left, timeout=STOP_SECONDS)
    processes.end(processes.orphans(home, [PULUMI]), grace_seconds=KILL_SECONDS)


def _holder(lock: Path) -> psutil.Process | None:
    """Return the living pulumi that a lock file of the backend names."""
    try:
        process = psutil.Process(int(json.loads(lock.read_text(encoding="utf-8"))["pid"]))
        return process if process.name().startswith(PULUMI) else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How pulumi is run where it is not `make up` that runs it.

    Attributes:
        environment: further variables, which go before the caller's.
        output: where its own output goes; None lets it have ours.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    output: TextIO | None = None


class Engine:
    """Runs pulumi commands against the home's own backend."""

    def __init__(
        self,
        home: Home,
        tools: Toolbox,
        reporter: Reporter,
        project: Path = PROJECT,
        settings: Settings | None = None,
    ) -> None:
        """Only keep what is needed; `prepare` does the work."""
        self._home, self._tools, self._reporter, self._project = home, tools, reporter, project
        self._settings = settings or Settings()

    def prepare(self, stack: str, *, config_file: Path | None = None) -> None:
        """Put the tools in place, and make the stack if it is new.

        Args:
            stack: its name.
            config_file: its settings `Pulumi.<stack>.yaml`, where they are not in the project's `stacks` folder. A
                Pulumi.yaml with the project's name stands beside it: `stack init` writes nowhere else.
        """
        self.link_tools()
        if not pulumi_state.file_of(self._home, stack).exists():
            self._run(["stack", "init", stack], config_file.parent if config_file else self._project)

    def link_tools(self) -> None:
        """Put kubectl, pulumi, language host and provider where the engine and a person look for them."""
        home = self._home
        _link(self._tools.path("kubectl"), home.bin / "kubectl")
        if not self._tools.has_language_host:
            _link(self._tools.path("pulumi"), home.bin / "pulumi")
            launcher.install(home.bin, Path(sys.executable))
        self.link_provider(versions.EMBEDDED_KUBERNETES_PROVIDER)

    def link_provider(self, version: str) -> None:
        """Put the Kubernetes provider where the engine looks for this version of it, whatever its own is."""
        plugin = self._home.pulumi_home / "plugins" / f"resource-kubernetes-v{version}"
        _link(self._tools.path("pulumi-resource-kubernetes"), plugin / "pulumi-resource-kubernetes")

    def up(self, stack: str, *, config_file: Path | None = None, arguments: Sequence[str] = ()) -> None:
        """Run `pulumi up`, its output going to ours.

        Raises:
            PlatformError: the update failed; Pulumi has already shown why.
            KeyboardInterrupt: passed on to Pulumi once, and raised when Pulumi has released its lock.
        """
        self._update(
            ["up", "--yes", "--stack", stack, "--policy-pack", POLICY_PACK, *_config(config_file), *arguments],
            stack,
            because="the platform is only partly there",
            fix="Mend what Pulumi shows above and run `make up` again: it goes on from there; "
            "`make down PURGE=1` begins with nothing",
        )

    def preview(self, stack: str, *, config_file: Path | None = None, arguments: Sequence[str] = ()) -> None:
        """Run `pulumi preview`, its output going to ours.

        Raises:
            PlatformError: the stack cannot be planned; Pulumi has already shown why.
            KeyboardInterrupt: as `up`.
        """
        self._update(
            ["preview", "--stack", stack, "--policy-pack", POLICY_PACK, *_config(config_file), *arguments],
            stack,
            because="nothing is made before it is known what",
            fix="Mend what Pulumi shows above and run the same command again",
        )

    def destroy(
        self,
        stack: str,
        *,
        config_file: Path | None = None,
        arguments: Sequence[str] = (),
        is_preview: bool = False,
    ) -> None:
        """Run `pulumi destroy`, its output going to ours; a preview only says what would go.

        Raises:
            PlatformError: something could not be deleted; Pulumi has already shown why.
            KeyboardInterrupt: as `up`.
        """
        self._update(
            [
                "destroy",
                "--preview-only" if is_preview else "--yes",
                # What a destroy asks the cluster first, the program asks.
                "--run-program",
                "--stack",
                stack,
                *_config(config_file),
                *arguments,
            ],
            stack,
            because="what is left goes on costing money",
            fix="Mend what Pulumi shows above and run the same command again: it goes on from there",
        )

    def _update(self, command: Sequence[str], stack: str, *, because: str, fix: str) -> None:
        self._release(stack)
        code = self._follow(command)
        if code != 0:
            raise PlatformError(f"pulumi {' '.join(command)}", f"exit {code}", needs="exit 0", because=because, fix=fix)

    def _release(self, stack: str) -> None:
        """Free the stack from an update that was killed.

        Raises:
            PlatformError: somebody's own pulumi command is changing it now.
        """
        end_leftovers(self._home, self._reporter)
        pulumi_state.must_be_readable(self._home, stack)
        locks = list((self._home.pulumi_backend / ".pulumi" / "locks").rglob("*.json"))
        for lock in locks:
            holder = _holder(lock)
            if holder is not None:
                raise PlatformError(
                    f"stack {stack}",
                    f"process {holder.pid} is updating it",
                    needs="one update at a time",
                    because="two would overwrite each other's state",
                    fix="Wait until it ends, or end it with Ctrl-C, and run `make up` again",
                )
        if locks:
            self._reporter.warn("An earlier update ended without releasing its lock; it is released now.")
            self._run(["cancel", "--yes", "--stack", stack])

    def has_made(self, stack: str) -> bool:
        """Return whether Pulumi's state of the stack holds any resource."""
        return bool(self.resources(stack))

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """Return what Pulumi's state of the stack holds, each resource as it is kept there; none without a state."""
        return pulumi_state.resources(self._home, stack)

    def _binary(self) -> str:
        return str(self._tools.path("pulumi") if self._tools.has_language_host else self._home.bin / "pulumi")

    def _environment(self) -> Mapping[str, str]:
        # Somebody's PYTHONPATH may hold another `mizan` or `components` than the project's.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {
            **inherited,
            **shell_environment(self._home),
            **self._settings.environment,
            **processes.marking(self._home, PULUMI),
        }

    def _run(self, arguments: Sequence[str], folder: Path | None = None) -> None:
        command = [self._binary(), *arguments, "--non-interactive"]
        done = subprocess.run(
            command,
            cwd=folder or self._project,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise PlatformError(
                f"pulumi {' '.join(arguments)}",
                (done.stderr or done.stdout).strip() or f"exit {done.returncode}",
                needs="exit 0",
                because="the stack's state is kept by Pulumi",
                fix='Run the command by hand after `eval "$(make env)"` to see more',
            )

    def _follow(self, arguments: Sequence[str]) -> int:
        """Return pulumi's exit status; it runs in a group of its own, so that one Ctrl-C reaches it once and first.

        Signals are counted, since an exception could come between its start and the moment its number is known.

        Raises:
            KeyboardInterrupt: after Pulumi has ended; a second Ctrl-C, or 30 s, ends it the hard way.
        """
        command = [self._binary(), *arguments]
        with interrupts.counted() as presses:
            process = subprocess.Popen(
                command,
                cwd=self._project,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=self._settings.output,
                process_group=0,
            )
            deadline = time.monotonic() + UPDATE_SECONDS
            is_asked = False
            while process.poll() is None:
                is_late = time.monotonic() > deadline
                if len(presses) > 1 or (is_late and is_asked):
                    os.killpg(process.pid, signal.SIGKILL)
                elif (presses or is_late) and not is_asked:
                    process.send_signal(signal.SIGINT)
                    is_asked, deadline = True, time.monotonic() + STOP_SECONDS
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=POLL_SECONDS)
        if presses:
            raise KeyboardInterrupt
        return process.returncode


def _link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`; a link would send the engine to look beside the source."""
    if target.exists() and target.samefile(source):
        return
    fresh = target.with_name(f".{target.name}.new")
    with files.writing(target, because="the engine looks for its tools there"):
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        try:
            fresh.hardlink_to(source)
        except OSError:
            shutil.copy2(source, fresh)
        fresh.replace(target)


def _config(file: Path | None) -> list[str]:
    return ["--config-file", str(file)] if file else []
