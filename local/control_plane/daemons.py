"""What every process of the control plane has in common: its name, its ports, its question, its command."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from local.control_plane import dra_driver, egress
from local.control_plane.probes import Question
from local.control_plane.scraping import Metrics
from local.gpu_metrics import launch
from local.home import Home

DEVICES = "devices.json"
"""What pods can claim, in a home's folder of state."""


class Tools(Protocol):
    """Where the executables and their CRDs are."""

    def path(self, name: str) -> Path:
        """Return the executable `name`."""

    def crds(self, name: str) -> Path:
        """Return the folder with the CRDs, and for Kueue the webhook configurations, that belong to tool `name`."""


@dataclass(frozen=True)
class Site:
    """Where one control plane lives.

    Attributes:
        home: its folder.
        ports: every port by name.
        tools: its executables.
        installs_kueue: whether the program installs Kueue itself, by its chart, and the process only follows it.
        metrics: what is measured; with None nobody measures.
    """

    home: Home
    ports: Mapping[str, int]
    tools: Tools
    installs_kueue: bool = False
    metrics: Metrics | None = None

    @property
    def instance_types(self) -> Path:
        """Return the file from which Karpenter learns what machines there are."""
        return self.home.state / "instance_types.json"

    @property
    def devices(self) -> Path:
        """Return the file from which the simulated DRA driver learns what nodes have; none where nobody claims any."""
        return self.home.state / DEVICES

    @property
    def fleet(self) -> Path:
        """Return the file from which the simulated exporters learn what nodes have and cost."""
        return self.home.state / "fleet.json"

    @property
    def kueue_configuration(self) -> Path:
        """Return Kueue's own configuration file."""
        return self.home.state / "kueue.yaml"

    @property
    def egress_configuration(self) -> Path:
        """Return the file that sends what the API server wants of Services to the service proxy."""
        return self.home.state / "egress.yaml"

    @property
    def service_routes(self) -> Path:
        """Return the file that tells the service proxy who stands for which Service."""
        return self.home.state / "service_routes.json"

    @property
    def scheduler_configuration(self) -> Path:
        """Return the scheduler's own configuration file."""
        return self.home.state / "scheduler.yaml"


@dataclass(frozen=True)
class Daemon:
    """One process of the control plane.

    Attributes:
        name: in its log, its pid file and the status table.
        ports: the names of its ports; the first answers `question`.
        question: how it tells that it is ready.
        built_as: the tool that it runs, where that has another name.
    """

    name: str
    ports: tuple[str, ...]
    question: Question
    built_as: str | None = None

    @property
    def tool(self) -> str:
        """Return the tool that it runs."""
        return self.built_as or self.name


ETCD = Daemon("etcd", ("etcd", "etcd-peer"), Question("/health", is_tls=True))
API_SERVER = Daemon("kube-apiserver", ("kube-apiserver",), Question("/readyz", is_tls=True))
CONTROLLER_MANAGER = Daemon("kube-controller-manager", ("kube-controller-manager",), Question("/healthz", is_tls=True))
SCHEDULER = Daemon("kube-scheduler", ("kube-scheduler",), Question("/readyz", is_tls=True))
KWOK = Daemon("kwok", ("kwok",), Question("/readyz", is_tls=False))
KUEUE = Daemon("kueue", ("kueue", "kueue-metrics", "kueue-webhook"), Question("/readyz", is_tls=False))
KARPENTER = Daemon(
    "karpenter", ("karpenter", "karpenter-metrics"), Question("/readyz", is_tls=False), built_as="karpenter-kwok"
)

DRA_DRIVER = Daemon(dra_driver.NAME, (dra_driver.NAME,), Question(dra_driver.READY_PATH, is_tls=False))
"""There where pods of the stack claim GPUs as devices."""

KUBE_STATE_METRICS = Daemon(
    "kube-state-metrics", ("kube-state-metrics", "kube-state-metrics-objects"), Question("/readyz", is_tls=False)
)
GPU_METRICS = Daemon(launch.NAME, (launch.NAME,), Question(launch.READY_PATH, is_tls=False))
"""What DCGM's exporter and OpenCost would tell of nodes that have no GPUs."""

PROMETHEUS = Daemon("prometheus", ("prometheus",), Question("/-/ready", is_tls=False))

SERVICE_PROXY = Daemon("service-proxy", ("service-proxy",), Question(egress.READY_PATH, is_tls=True))
INSTALLED_KUEUE = Daemon("kueue", (*KUEUE.ports, "kueue-visibility"), KUEUE.question)
"""Kueue where the program's own chart has it, which serves one API more."""


def _by_name(*daemons: Daemon) -> Mapping[str, Daemon]:
    return MappingProxyType({daemon.name: daemon for daemon in daemons})


DAEMONS = _by_name(ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK, KUEUE, KARPENTER)
"""Every process of every cluster by name, each after those it talks to."""

INSTALLING_DAEMONS = _by_name(
    ETCD, SERVICE_PROXY, API_SERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK, INSTALLED_KUEUE, KARPENTER
)
"""The same where the program installs Kueue itself."""

MEASURING_DAEMONS = _by_name(KUBE_STATE_METRICS, GPU_METRICS, PROMETHEUS)
"""Those that measure a cluster, where somebody wants that; each after those it talks to."""

EVERY_DAEMON = _by_name(*INSTALLING_DAEMONS.values(), DRA_DRIVER, *MEASURING_DAEMONS.values())
"""The same with those that some stacks alone need; it has every name there is."""

TOOLS = tuple(daemon.tool for daemon in DAEMONS.values())
"""The executables of a control plane."""

MEASURING_TOOLS = (KUBE_STATE_METRICS.tool, PROMETHEUS.tool)
"""The executables that one needs beside them to be measured."""


def daemons_of(*, installs_kueue: bool, has_devices: bool, has_metrics: bool) -> Mapping[str, Daemon]:
    """Return the processes of one cluster by name, each after those it talks to.

    Args:
        installs_kueue: whether the program installs Kueue itself.
        has_devices: whether pods claim GPUs as devices.
        has_metrics: whether somebody measures.
    """
    always = INSTALLING_DAEMONS if installs_kueue else DAEMONS
    driver = (DRA_DRIVER,) if has_devices else ()
    measuring = MEASURING_DAEMONS if has_metrics else {}
    return _by_name(*always.values(), *driver, *measuring.values())


def port_names(daemons: Mapping[str, Daemon]) -> tuple[str, ...]:
    """Return what needs a port, in the order of `daemons`."""
    return tuple(name for daemon in daemons.values() for name in daemon.ports)


PORT_NAMES = port_names(DAEMONS)
