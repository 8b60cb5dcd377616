"""One start of the control plane: keeps what runs well, begins what is missing, ends what it began when it fails."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from httpx2 import HTTPError
from lightkube import Client, KubeConfig

from local import files, interrupts
from local.control_plane import (
    daemons,
    gpu_metrics,
    installed_kueue,
    karpenter,
    kubernetes,
    kueue,
    kwok,
    objects,
    pki,
    ports,
    processes,
    prometheus,
)
from local.control_plane.daemons import EVERY_DAEMON, Daemon, Site, Tools, daemons_of
from local.control_plane.devices import Devices, keep
from local.control_plane.launches import Action, Launches, PortTaken
from local.control_plane.scraping import Metrics
from local.progress import Task
from mizan.config import KueueAddon
from mizan.errors import PlatformError, SourceUnreachable

_PORT_ATTEMPTS = 4


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


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the cluster is given at its start, beside what the control plane itself needs.

    Attributes:
        instance_types: the machines that Karpenter can make; None keeps those of the last start.
        devices: what pods can claim of nodes; None keeps those of the last start.
        manifests: objects that the cluster has from the start.
        has_karpenter_release: whether Karpenter's CRDs are left to a chart that the program will install.
        metrics: what is measured; with None nobody measures.
    """

    instance_types: Sequence[Mapping[str, object]] | None = None
    devices: Devices | None = None
    manifests: Sequence[objects.Manifest] = ()
    has_karpenter_release: bool = False
    metrics: Metrics | None = None


class _Untold:
    """A task that nobody watches."""

    def step(self, text: str) -> None:
        """Say nothing."""


@dataclass(kw_only=True)
class Startup(Launches):
    """One start, from beginning to end; not used twice.

    Attributes:
        tools: the executables.
        kueue_settings: the stack's own; None starts no Kueue.
        installs_kueue: whether the program installs Kueue itself.
        content: what the cluster is given.
    """

    tools: Tools
    kueue_settings: KueueAddon | None
    installs_kueue: bool = False
    content: Content = field(default_factory=Content)

    def run(self) -> StartReport:
        """Return what was done once every part is ready; an error ends every process that this start began."""
        with self._undone_on_error(), self.reporter.task("Control plane") as task:
            self._end_orphans()
            self._until_ports_hold(self._bring_up, task)
        report = StartReport({daemon.name: self.actions[daemon.name] for daemon in self._wanted})
        if told := str(report):
            self.reporter.say(f"  {told}")
        return report

    def follow_installed_kueue(self) -> Action | None:
        """Return what was done about the Kueue of the program's chart once it is ready; None where there is no chart.

        An error ends the process where this call began it.
        """
        with self._undone_on_error():
            self._until_ports_hold(self._follow, _Untold())
        return self.actions.get(daemons.INSTALLED_KUEUE.name)

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with _uninterrupted():
                self._undo()
            raise

    @property
    def _wanted(self) -> list[Daemon]:
        """Return the processes that this start is for; the chart's own Kueue is one where the chart is installed."""
        return [daemon for daemon in EVERY_DAEMON.values() if daemon.name in self.actions]

    def _until_ports_hold(self, bring_up: Callable[[Site, Task], None], task: Task) -> None:
        for _ in range(_PORT_ATTEMPTS):
            try:
                bring_up(self._prepare(), task)
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

    def _prepare(self) -> Site:
        """Return the site with its certificates, ports and generated files in place."""
        home = self.home
        claimed = keep(home.state / daemons.DEVICES, self.content.devices)
        wanted = daemons_of(
            installs_kueue=self.installs_kueue,
            has_devices=bool(claimed.nodes),
            has_metrics=self.content.metrics is not None,
        )
        requests = (*pki.REQUESTS, *pki.SERVICE_REQUESTS) if self.installs_kueue else pki.REQUESTS
        pki.ensure(home.pki, now=datetime.now(UTC), requests=requests)
        bound = {port for daemon in wanted.values() if processes.find(home, daemon.name) for port in daemon.ports}
        chosen, moves = ports.settle(home.state / ports.FILE, daemons.port_names(wanted), bound=bound)
        for move in moves:
            self.reporter.warn(str(move))
        site = Site(home, chosen, self.tools, self.installs_kueue, self.content.metrics)
        if self.installs_kueue:
            kubernetes.write_egress_configuration(site)
        files.write(home.kubeconfig, files.to_yaml(kubernetes.kubeconfig(site)))
        kubernetes.write_scheduler_configuration(site)
        if self.kueue_settings:
            kueue.write_files(site, self.kueue_settings, claimed.counted)
        karpenter.write_instance_types(site, self.content.instance_types)
        if self.content.metrics:
            gpu_metrics.write_fleet(site, self.content.metrics.fleet)
            has_kueue = self.installs_kueue or self.kueue_settings is not None
            prometheus.write_files(site, self.content.metrics, has_kueue=has_kueue)
        return site

    def _bring_up(self, site: Site, task: Task) -> None:
        first = [daemons.ETCD, *([daemons.SERVICE_PROXY] if self.installs_kueue else []), daemons.API_SERVER]
        for daemon in first:
            self._begin(site, daemon)
        # Read while the API server starts, on the second core.
        kueue_objects, karpenter_objects = self._objects(site)
        self._wait(site, first, task)
        with self._talking() as client:
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
            elif self.installs_kueue:
                self._begin_installed_kueue(client, site)
            self._apply(client, objects.unreleased(client, karpenter_objects))
            self._begin(site, daemons.KARPENTER)
            if site.devices.is_file():
                self._begin(site, daemons.DRA_DRIVER)
            else:
                self._end(daemons.DRA_DRIVER.name)
            self._begin_measuring(client, site)
            self._apply(client, self.content.manifests)
        self._wait(site, self._wanted, task)
        if self.content.metrics:
            prometheus.load(site)

    def _begin_measuring(self, client: Client, site: Site) -> None:
        """Start those who measure; end them where nobody wants it any longer."""
        if self.content.metrics:
            self._apply(client, prometheus.OBJECTS)
            prometheus.write_token(client, site)
        for daemon in daemons.MEASURING_DAEMONS.values():
            if self.content.metrics:
                self._begin(site, daemon)
            else:
                self._end(daemon.name)

    def _follow(self, site: Site, task: Task) -> None:
        with self._talking() as client:
            self._begin_installed_kueue(client, site)
        if self.actions:
            self._wait(site, [daemons.INSTALLED_KUEUE], task)

    def _begin_installed_kueue(self, client: Client, site: Site) -> None:
        """Start the Kueue of the program's chart as its pod would start; end it where the chart is gone."""
        kueue_now = daemons.INSTALLED_KUEUE
        if not installed_kueue.write_files(client, site):
            self._end(kueue_now.name)
            return
        installed_kueue.mount(client, site)
        self._begin(site, kueue_now)
        installed_kueue.wait_mounted(
            client, site, timeout_seconds=self.ready_seconds, must_live=lambda: self._must_live(kueue_now)
        )

    @contextmanager
    def _talking(self) -> Iterator[Client]:
        """Give a client; an API server that ends meanwhile is told as such."""
        try:
            with Client(KubeConfig.from_file(self.home.kubeconfig).get(), trust_env=False) as client:
                yield client
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

    def _objects(self, site: Site) -> tuple[list[objects.Manifest], list[objects.Manifest]]:
        """Return what Kueue and what Karpenter need in the cluster."""
        wanted = kueue.objects_of(site, self.kueue_settings) if self.kueue_settings else []
        crds = objects.read_upstream(
            self.tools.crds(daemons.KARPENTER.tool), self.home.state / "karpenter_objects.json"
        )
        return wanted, [karpenter.released(crd) for crd in crds] if self.content.has_karpenter_release else crds

    def _apply(self, client: Client, wanted: Sequence[objects.Manifest]) -> None:
        objects.apply(client, wanted)
        objects.wait_established(
            client, wanted, timeout_seconds=self.ready_seconds, must_live=lambda: self._must_live(daemons.API_SERVER)
        )


def _uninterrupted() -> AbstractContextManager[object]:
    """Return a block that no second Ctrl-C cuts short; Python lets only the main thread guard one."""
    is_main = threading.current_thread() is threading.main_thread()
    return interrupts.counted() if is_main else nullcontext()
