"""One control plane: start it, stop it, ask it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lightkube import Client, KubeConfig

from local.control_plane import kueue, processes, status
from local.control_plane.daemons import API_SERVER, DAEMONS, ETCD, Tools
from local.control_plane.startup import READY_SECONDS, Action, StartReport, Startup
from local.control_plane.status import ProcessStatus
from local.home import Home
from local.progress import Reporter
from mizan import keys
from mizan.config import KueueAddon

STOP_SECONDS = 10.0

# Ended in this order: what writes first, what stores last.
_STOP_ORDER = (
    tuple(name for name in DAEMONS if name not in {ETCD.name, API_SERVER.name}),
    (API_SERVER.name,),
    (ETCD.name,),
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
    ) -> None:
        """Touch nothing yet.

        Args:
            home: the folder of everything.
            tools: where the executables and their CRDs are; None is enough for `stop` and `status`.
            reporter: told what happens.
            kueue_settings: the stack's own; None starts no Kueue, for a cluster that gets its own.
            ready_seconds: how long every part may take to become ready.
        """
        self.home = home
        self._tools = tools
        self._reporter = reporter
        self._kueue_settings = kueue_settings
        self._ready_seconds = ready_seconds
        self._begun: set[str] = set()

    @property
    def kubeconfig(self) -> Path:
        """Return the administrator's kubeconfig; its context is `keys.LOCAL_CONTEXT`."""
        return self.home.kubeconfig

    def client(self, namespace: str = "default") -> Client:
        """Return a client of the cluster, as its administrator."""
        config = KubeConfig.from_file(self.kubeconfig).get(keys.LOCAL_CONTEXT)
        # No proxy of the environment stands between this machine and itself.
        return Client(config, namespace=namespace, trust_env=False, field_manager=keys.LOCAL_CONTEXT)

    def start(self, instance_types: Sequence[Mapping[str, object]] | None = None) -> StartReport:
        """Return what was done once every part is ready; a second start does nothing.

        What runs from the same input is kept, what was killed is brought back, what has to change is restarted. When
        this start fails or is interrupted, every process that it began is ended.

        Args:
            instance_types: the machines that Karpenter can make, as its kwok provider reads them; None keeps those of
                the last start. A change restarts Karpenter alone.

        Raises:
            PlatformError: a process ended, with its last lines.
            SourceUnreachable: a process did not become ready in time.
            ValueError: there are no tools.
        """
        if self._tools is None:
            message = "a control plane without tools cannot start"
            raise ValueError(message)
        self.home.create()
        startup = Startup(self.home, self._tools, self._reporter, self._kueue_settings, self._ready_seconds)
        report = startup.run(instance_types)
        self._begun |= {name for name, action in report.actions.items() if action is not Action.KEPT}
        return report

    def undo(self) -> None:
        """End what this object has started; what ran before stays."""
        self._end(self._begun)

    def stop(self) -> None:
        """Return once no process of this home is left; its state stays. A second stop does nothing."""
        self._end(set(DAEMONS))
        processes.end(processes.orphans(self.home, DAEMONS), grace_seconds=STOP_SECONDS)

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
