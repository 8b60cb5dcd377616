"""One control plane: start it, stop it, ask it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lightkube import Client, KubeConfig

from local.control_plane import kueue, processes, prometheus, status
from local.control_plane.daemons import API_SERVER, ETCD, EVERY_DAEMON, INSTALLED_KUEUE, SERVICE_PROXY, Tools
from local.control_plane.devices import Devices
from local.control_plane.launches import READY_SECONDS, Action
from local.control_plane.objects import Manifest
from local.control_plane.scraping import Metrics
from local.control_plane.startup import Content, StartReport, Startup
from local.control_plane.status import ProcessStatus
from local.home import Home
from local.progress import Reporter
from mizan import keys
from mizan.config import KueueAddon

STOP_SECONDS = 10.0

# Ended in this order: what writes first, what stores last, with what only the API server uses.
_LAST = (ETCD.name, SERVICE_PROXY.name)
_STOP_ORDER = (
    tuple(name for name in EVERY_DAEMON if name not in {*_LAST, API_SERVER.name}),
    (API_SERVER.name,),
    _LAST,
)


class ControlPlane:
    """The control plane of one home. Whoever calls `start` or `stop` holds `Home.lock`."""

    def __init__(
        self,
        home: Home,
        tools: Tools | None,
        reporter: Reporter,
        *,
        kueue_settings: KueueAddon | None = kueue.DEFAULTS,
        ready_seconds: float = READY_SECONDS,
        installs_kueue: bool = False,
    ) -> None:
        """Touch nothing yet.

        Args:
            home: the folder of everything.
            tools: where the executables and their CRDs are; None is enough for `stop` and `status`.
            reporter: told what happens.
            kueue_settings: the stack's own; None starts no Kueue, for a cluster that gets its own.
            ready_seconds: how long every part may take to become ready.
            installs_kueue: whether the program installs Kueue's own chart, whose process `follow_installed_kueue` then
                runs outside the cluster. `kueue_settings` must be None: two Kueues would fight over one cluster.

        Raises:
            ValueError: `installs_kueue` beside `kueue_settings`.
        """
        if installs_kueue and kueue_settings:
            message = "a cluster whose program installs Kueue gets no other"
            raise ValueError(message)
        self.home = home
        self._tools = tools
        self._reporter = reporter
        self._kueue_settings = kueue_settings
        self._ready_seconds = ready_seconds
        self._installs_kueue = installs_kueue
        self._metrics: Metrics | None = None
        self._begun: set[str] = set()

    @property
    def kubeconfig(self) -> Path:
        """Return the administrator's kubeconfig; its context is `keys.LOCAL_CONTEXT`."""
        return self.home.kubeconfig

    @property
    def prometheus(self) -> str | None:
        """Return where Prometheus answers, such as "http://127.0.0.1:20001"; None where none has been started."""
        return prometheus.address(self.home)

    def client(self, namespace: str = "default") -> Client:
        """Return a client of the cluster, as its administrator."""
        config = KubeConfig.from_file(self.kubeconfig).get(keys.LOCAL_CONTEXT)
        # No proxy of the environment stands between this machine and itself.
        return Client(config, namespace=namespace, trust_env=False, field_manager=keys.LOCAL_CONTEXT)

    def start(
        self,
        instance_types: Sequence[Mapping[str, object]] | None = None,
        *,
        devices: Devices | None = None,
        objects: Sequence[Manifest] = (),
        karpenter_release: bool = False,
        metrics: Metrics | None = None,
    ) -> StartReport:
        """Return what was done once every part is ready; a second start does nothing.

        What runs from the same input is kept, what was killed is brought back, what has to change is restarted. When
        this start fails or is interrupted, every process that it began is ended.

        Args:
            instance_types: the machines that Karpenter can make, as its kwok provider reads them; None keeps those of
                the last start. A change restarts Karpenter alone.
            devices: what pods can claim of nodes; a simulated DRA driver tells the scheduler, and Kueue counts it. None
                keeps those of the last start.
            objects: CRDs and namespaces that the cluster has beside its own; those of an earlier start stay.
            karpenter_release: make Karpenter's CRDs so that the program's chart `karpenter-crd` takes them over; from
                then on no start changes them.
            metrics: what kube-state-metrics and Prometheus measure; None ends both. Other rules or targets are read
                without a new start of either.

        Raises:
            PlatformError: a process ended, with its last lines.
            SourceUnreachable: a process did not become ready in time.
            ValueError: there are no tools.
        """
        content = Content(
            instance_types=instance_types,
            devices=devices,
            manifests=objects,
            has_karpenter_release=karpenter_release,
            metrics=metrics,
        )
        self._metrics = metrics
        report = self._startup(content).run()
        self._begun |= {name for name, action in report.actions.items() if action is not Action.KEPT}
        return report

    def follow_installed_kueue(self, *, timeout_seconds: float = READY_SECONDS) -> Action | None:
        """Return what was done about the process of the chart's Kueue, once it is ready; None where there is no chart.

        It runs with the chart's own settings, and serves its webhooks, conversions and visibility API where the chart's
        Services lead. To be called on a started control plane when the chart's Deployment comes, changes or goes, as a
        kubelet would see it: without a Deployment the process is ended. It reports no progress: somebody else's may be
        shown at the same time, while this runs in a thread.

        Raises:
            PlatformError: Kueue ended, with its last lines, or the chart's configuration cannot be read.
            SourceUnreachable: it was not ready within `timeout_seconds`.
            ValueError: there are no tools, or this cluster's program installs no Kueue.
        """
        if not self._installs_kueue:
            message = "only a control plane with installs_kueue follows one"
            raise ValueError(message)
        action = self._startup(Content(metrics=self._metrics), ready_seconds=timeout_seconds).follow_installed_kueue()
        if action and action is not Action.KEPT:
            self._begun.add(INSTALLED_KUEUE.name)
        return action

    def _startup(self, content: Content, *, ready_seconds: float | None = None) -> Startup:
        if self._tools is None:
            message = "a control plane without tools cannot start"
            raise ValueError(message)
        self.home.create()
        return Startup(
            home=self.home,
            tools=self._tools,
            reporter=self._reporter,
            kueue_settings=self._kueue_settings,
            ready_seconds=self._ready_seconds if ready_seconds is None else ready_seconds,
            installs_kueue=self._installs_kueue,
            content=content,
        )

    def undo(self) -> None:
        """End what this object has started; what ran before stays."""
        self._end(self._begun)

    def stop(self) -> None:
        """Return once no process of this home is left; its state stays. A second stop does nothing."""
        self._end(set(EVERY_DAEMON))
        processes.end(processes.orphans(self.home, EVERY_DAEMON), grace_seconds=STOP_SECONDS)

    def _end(self, wanted: set[str]) -> None:
        for group in _STOP_ORDER:
            names = [name for name in group if name in wanted]
            living = [process for name in names if (process := processes.find(self.home, name))]
            processes.end(living, grace_seconds=STOP_SECONDS)
            for name in names:
                processes.forget(self.home, name)

    def status(self) -> list[ProcessStatus]:
        """Return a row per process; changes nothing."""
        return status.look(self.home)
