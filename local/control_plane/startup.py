"""One start of the control plane: keeps what runs well, begins what is missing, ends what it began when it fails."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from httpx2 import HTTPError
from lightkube import Client, KubeConfig

from local import files, interrupts
from local.control_plane import daemons, karpenter, kubernetes, kueue, kwok, objects, pki, ports, processes
from local.control_plane.daemons import DAEMONS, Daemon, Site, Tools
from local.control_plane.probes import ask
from local.control_plane.processes import Command
from local.home import Home
from local.progress import Reporter, Task
from mizan.config import KueueAddon
from mizan.errors import PlatformError, SourceUnreachable

READY_SECONDS = 60.0
HUNG_SECONDS = 20.0
_PORT_ATTEMPTS = 4
_POLL_SECONDS = 0.05
_ASK_SECONDS = 2.0
_UNDO_SECONDS = 3.0

_COMMANDS: Mapping[str, Callable[[Site], Command]] = MappingProxyType(
    {
        daemons.ETCD.name: kubernetes.etcd,
        daemons.API_SERVER.name: kubernetes.api_server,
        daemons.CONTROLLER_MANAGER.name: kubernetes.controller_manager,
        daemons.SCHEDULER.name: kubernetes.scheduler,
        daemons.KWOK.name: kwok.command,
        daemons.KUEUE.name: kueue.command,
        daemons.KARPENTER.name: karpenter.command,
    }
)
_PORT_TAKEN = "address already in use"

# What a process says before it ends, and what to do then.
_REMEDIES = (
    ("no space left on device", "Free disk space and run `make up` again"),
    ("too many open files", "Raise the limit with `ulimit -n 4096` and run `make up` again"),
    ("exec format error", "Remove the tool from the cache, so that it is built for this machine"),
)
_REMEDY = "Mend what its last lines say and run `make up` again; `make down PURGE=1` lets it begin with nothing"


class Action(StrEnum):
    """What a start did about one process."""

    KEPT = "kept"
    STARTED = "started"
    BROUGHT_BACK = "brought back"
    RESTARTED = "restarted"


@dataclass(frozen=True)
class StartReport:
    """What one start did.

    Attributes:
        actions: by process; BROUGHT_BACK had been killed, RESTARTED ran with input that has changed or had hung.
    """

    actions: Mapping[str, Action]

    def __str__(self) -> str:
        """Return what was not to be expected, such as "brought back: kueue"; empty where there is nothing of it."""
        unexpected = (Action.BROUGHT_BACK, Action.RESTARTED)
        by_action = {told: [name for name, action in self.actions.items() if action is told] for told in unexpected}
        return "; ".join(f"{action}: {', '.join(names)}" for action, names in by_action.items() if names)


class PortTaken(Exception):
    """A process found its port taken, after that had been free a moment ago."""


@dataclass
class Startup:
    """One start, from beginning to end; not used twice."""

    home: Home
    tools: Tools
    reporter: Reporter
    kueue_settings: KueueAddon | None
    ready_seconds: float = READY_SECONDS
    actions: dict[str, Action] = field(default_factory=dict)

    def run(self, instance_types: Sequence[Mapping[str, object]] | None) -> StartReport:
        """Return what was done once every part is ready; an error ends every process that this start began."""
        try:
            with self.reporter.task("Control plane") as task:
                self._end_orphans()
                self._until_ports_hold(instance_types, task)
        except BaseException:
            with _uninterrupted():
                self._undo()
            raise
        report = StartReport({daemon.name: self.actions[daemon.name] for daemon in self._wanted})
        if told := str(report):
            self.reporter.say(f"  {told}")
        return report

    @property
    def _wanted(self) -> list[Daemon]:
        return [daemon for daemon in DAEMONS.values() if daemon != daemons.KUEUE or self.kueue_settings]

    def _until_ports_hold(self, instance_types: Sequence[Mapping[str, object]] | None, task: Task) -> None:
        for _ in range(_PORT_ATTEMPTS):
            try:
                self._bring_up(self._prepare(instance_types), task)
            except PortTaken:
                continue
            return
        raise PlatformError(
            "control plane",
            f"ports were taken {_PORT_ATTEMPTS} times between being chosen and being used",
            needs="ports that stay free for a second",
            because="every process listens on its own",
            fix="Run `make up` again when less is starting on this machine",
        )

    def _prepare(self, instance_types: Sequence[Mapping[str, object]] | None) -> Site:
        """Return the site with its certificates, ports and generated files in place."""
        home = self.home
        pki.ensure(home.pki, now=datetime.now(UTC))
        bound = {port for daemon in DAEMONS.values() if processes.find(home, daemon.name) for port in daemon.ports}
        chosen, moves = ports.settle(home.state / ports.FILE, daemons.PORT_NAMES, bound=bound)
        for move in moves:
            self.reporter.warn(str(move))
        site = Site(home, chosen, self.tools)
        files.write(home.kubeconfig, files.to_yaml(kubernetes.kubeconfig(site)))
        kubernetes.write_scheduler_configuration(site)
        if self.kueue_settings:
            kueue.write_files(site, self.kueue_settings)
        karpenter.write_instance_types(site, instance_types)
        return site

    def _bring_up(self, site: Site, task: Task) -> None:
        self._begin(site, daemons.ETCD)
        self._begin(site, daemons.API_SERVER)
        # Read while the API server starts, on the second core.
        kueue_objects, karpenter_objects = self._objects(site)
        self._wait(site, [daemons.ETCD, daemons.API_SERVER], task)
        try:
            with Client(KubeConfig.from_file(self.home.kubeconfig).get(), trust_env=False) as client:
                self._begin(site, daemons.CONTROLLER_MANAGER)
                self._begin(site, daemons.SCHEDULER)
                if processes.find(self.home, daemons.KWOK.name) is None:
                    kwok.release_nodes(client)
                self._begin(site, daemons.KWOK)
                task.step("applying CRDs and webhooks")
                # Kueue takes longest to become ready, so it goes first.
                if self.kueue_settings:
                    self._apply(client, kueue_objects)
                    self._begin(site, daemons.KUEUE)
                self._apply(client, karpenter_objects)
                self._begin(site, daemons.KARPENTER)
        except HTTPError as error:
            self._must_live(daemons.API_SERVER)
            raise SourceUnreachable(
                daemons.API_SERVER.name,
                f"{type(error).__name__} while it was given its first objects: {error}",
                needs="its CRDs and webhooks",
                because="Kueue and Karpenter start only where they are known",
                fix="Run `make up` again",
                see=str(processes.log_file(self.home, daemons.API_SERVER.name)),
            ) from error
        self._wait(site, self._wanted, task)

    def _objects(self, site: Site) -> tuple[list[objects.Manifest], list[objects.Manifest]]:
        """Return what Kueue and what Karpenter need in the cluster."""
        wanted = kueue.objects_of(site, self.kueue_settings) if self.kueue_settings else []
        crds = objects.read_upstream(
            self.tools.crds(daemons.KARPENTER.tool), self.home.state / "karpenter_objects.json"
        )
        return wanted, crds

    def _apply(self, client: Client, wanted: Sequence[objects.Manifest]) -> None:
        objects.apply(client, wanted)
        objects.wait_established(
            client, wanted, timeout_seconds=self.ready_seconds, must_live=lambda: self._must_live(daemons.API_SERVER)
        )

    def _begin(self, site: Site, daemon: Daemon) -> None:
        """Start `daemon` unless it already runs from the same input."""
        command = _COMMANDS[daemon.name](site)
        held = processes.record(self.home, daemon.name)
        process = processes.find(self.home, daemon.name)
        if process and held and held.fingerprint == command.fingerprint():
            self.actions.setdefault(daemon.name, Action.KEPT)
            return
        killed_before = Action.BROUGHT_BACK if held else Action.STARTED
        self._launch(command, Action.RESTARTED if process else killed_before)

    def _launch(self, command: Command, action: Action) -> None:
        """Start a process, in place of the one that runs, if any."""
        # Noted first, so that an interruption finds what to end.
        self.actions[command.name] = self._began(command.name) or action
        if process := processes.find(self.home, command.name):
            processes.end([process], grace_seconds=_UNDO_SECONDS)
        processes.start(self.home, command)

    def _wait(self, site: Site, wanted: Collection[Daemon], task: Task) -> None:
        """Return once each of `wanted` says that it is ready."""
        began = time.monotonic()
        waiting = {daemon.name: "not asked yet" for daemon in wanted}
        with ThreadPoolExecutor(len(waiting)) as pool:
            while waiting := self._unready(site, waiting, pool, task):
                passed_seconds = time.monotonic() - began
                for name in waiting:
                    if self._began(name) is None and passed_seconds > HUNG_SECONDS:
                        self._launch(_COMMANDS[name](site), Action.RESTARTED)
                if passed_seconds > self.ready_seconds:
                    raise self._too_late(waiting)
                time.sleep(_POLL_SECONDS)

    def _unready(self, site: Site, names: Collection[str], pool: Executor, task: Task) -> dict[str, str]:
        """Return the answers of those of `names` that are not ready, all asked at once: each may hang."""
        task.step(f"waiting for {', '.join(names)}")
        for name in names:
            # What ran before may have been asked to end already, by a stop that was cut off.
            if self._began(name) is None and processes.find(self.home, name) is None:
                self._launch(_COMMANDS[name](site), Action.BROUGHT_BACK)
            self._must_live(DAEMONS[name])

        def answer(name: str) -> str | None:
            daemon = DAEMONS[name]
            return ask(daemon.question, site.ports[daemon.ports[0]], self.home.pki, timeout_seconds=_ASK_SECONDS)

        return {name: heard for name, heard in zip(names, pool.map(answer, names), strict=True) if heard is not None}

    def _began(self, name: str) -> Action | None:
        """Return how this start began process `name`, or None when it did not."""
        action = self.actions.get(name)
        return None if action is Action.KEPT else action

    def _must_live(self, daemon: Daemon) -> None:
        """Raise when `daemon` has ended."""
        if processes.find(self.home, daemon.name):
            return
        if _PORT_TAKEN in "\n".join(processes.last_lines(self.home, daemon.name)):
            raise PortTaken(daemon.name)
        # All of it: the cause often stands above a long list of what failed because of it.
        text = processes.latest_text(self.home, daemon.name).lower()
        raise PlatformError(
            daemon.name,
            f"{processes.ending(self.home, daemon.name)} while the control plane started",
            needs="to stay up",
            because="the other parts talk to it",
            fix=next((fix for sign, fix in _REMEDIES if sign in text), _REMEDY),
            see=self._log(daemon.name),
        )

    def _too_late(self, waiting: Mapping[str, str]) -> PlatformError:
        heard = "; ".join(f"{name} said {answer}" for name, answer in waiting.items())
        return SourceUnreachable(
            ", ".join(waiting),
            f"not ready after {self.ready_seconds:.0f} s ({heard})",
            needs="to say that it is ready",
            because="the platform is installed into a control plane that works",
            fix="Run `make up` again when the machine has less to do",
            see=self._log(next(iter(waiting))),
        )

    def _log(self, name: str) -> str:
        """Return the log of a process with its last lines, as the end of a message."""
        lines = processes.last_lines(self.home, name)
        shown = "".join(f"\n    {line}" for line in lines) or " nothing"
        return f"{processes.log_file(self.home, name)}, which ends with:{shown}"

    def _end_orphans(self) -> None:
        orphans = processes.orphans(self.home, DAEMONS)
        if orphans:
            self.reporter.warn(f"ending {len(orphans)} processes of this home that have lost their pid file")
            processes.end(orphans, grace_seconds=_UNDO_SECONDS)

    def _undo(self) -> None:
        """End every process that this start began."""
        began = [name for name in DAEMONS if self._began(name)]
        living = [process for name in began if (process := processes.find(self.home, name))]
        processes.end([*living, *processes.orphans(self.home, DAEMONS)], grace_seconds=_UNDO_SECONDS)
        for name in began:
            processes.forget(self.home, name)


def _uninterrupted() -> AbstractContextManager[object]:
    """Return a block that no second Ctrl-C cuts short; Python lets only the main thread guard one."""
    is_main = threading.current_thread() is threading.main_thread()
    return interrupts.counted() if is_main else nullcontext()
