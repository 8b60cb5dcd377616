"""The processes of one start: begun where missing, awaited until they are ready, ended when the start fails."""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from local.control_plane import (
    daemons,
    devices,
    gpu_metrics,
    installed_kueue,
    karpenter,
    kube_state_metrics,
    kubernetes,
    kueue,
    kwok,
    processes,
    prometheus,
)
from local.control_plane.daemons import EVERY_DAEMON, Daemon, Site
from local.control_plane.failures import Failures
from local.control_plane.probes import ask
from local.control_plane.processes import Command
from local.home import Home
from local.progress import Reporter, Task

READY_SECONDS = 60.0
HUNG_SECONDS = 20.0
_POLL_SECONDS = 0.05
_ASK_SECONDS = 2.0
_UNDO_SECONDS = 3.0


def _kueue(site: Site) -> Command:
    return installed_kueue.command(site) if site.installs_kueue else kueue.command(site)


_COMMANDS: Mapping[str, Callable[[Site], Command]] = MappingProxyType(
    {
        daemons.ETCD.name: kubernetes.etcd,
        daemons.SERVICE_PROXY.name: kubernetes.service_proxy,
        daemons.API_SERVER.name: kubernetes.api_server,
        daemons.CONTROLLER_MANAGER.name: kubernetes.controller_manager,
        daemons.SCHEDULER.name: kubernetes.scheduler,
        daemons.KWOK.name: kwok.command,
        daemons.KUEUE.name: _kueue,
        daemons.KARPENTER.name: karpenter.command,
        daemons.DRA_DRIVER.name: devices.command,
        daemons.KUBE_STATE_METRICS.name: kube_state_metrics.command,
        daemons.GPU_METRICS.name: gpu_metrics.command,
        daemons.PROMETHEUS.name: prometheus.command,
    }
)


class Action(StrEnum):
    """What a start did about one process."""

    KEPT = "kept"
    STARTED = "started"
    BROUGHT_BACK = "brought back"
    RESTARTED = "restarted"


class PortTaken(Exception):
    """A process found its port taken, after that had been free a moment ago."""


@dataclass(kw_only=True)
class Launches:
    """The processes that one start is for.

    Attributes:
        home: whose they are.
        reporter: told what happens.
        ready_seconds: how long every one may take to become ready.
        actions: what was done about each of them.
    """

    home: Home
    reporter: Reporter
    ready_seconds: float = READY_SECONDS
    actions: dict[str, Action] = field(default_factory=dict)

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
                    raise Failures(self.home).too_late(waiting, self.ready_seconds)
                time.sleep(_POLL_SECONDS)

    def _unready(self, site: Site, names: Collection[str], pool: Executor, task: Task) -> dict[str, str]:
        """Return the answers of those of `names` that are not ready, all asked at once: each may hang."""
        task.step(f"waiting for {', '.join(names)}")
        for name in names:
            # What ran before may have been asked to end already, by a stop that was cut off.
            if self._began(name) is None and processes.find(self.home, name) is None:
                self._launch(_COMMANDS[name](site), Action.BROUGHT_BACK)
            self._must_live(EVERY_DAEMON[name])

        def answer(name: str) -> str | None:
            daemon = EVERY_DAEMON[name]
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
        failures = Failures(self.home)
        if failures.is_port_taken(daemon.name):
            raise PortTaken(daemon.name)
        raise failures.ended(daemon.name)

    def _end_orphans(self) -> None:
        orphans = processes.orphans(self.home, EVERY_DAEMON)
        if orphans:
            self.reporter.warn(f"ending {len(orphans)} processes of this home that have lost their pid file")
            processes.end(orphans, grace_seconds=_UNDO_SECONDS)

    def _end(self, name: str) -> None:
        """End a process for good."""
        if process := processes.find(self.home, name):
            processes.end([process], grace_seconds=_UNDO_SECONDS)
        processes.forget(self.home, name)

    def _undo(self) -> None:
        """End every process that this start began."""
        began = [name for name in EVERY_DAEMON if self._began(name)]
        living = [process for name in began if (process := processes.find(self.home, name))]
        processes.end([*living, *processes.orphans(self.home, EVERY_DAEMON)], grace_seconds=_UNDO_SECONDS)
        for name in began:
            processes.forget(self.home, name)
