"""Everything that one stack's rehearsal needs: its home, a control plane, an engine, and a cloud that is simulated."""

import shlex
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from ruamel.yaml import YAML

from local import files, interrupts
from local.control_plane import ControlPlane
from local.control_plane.devices import devices_of
from local.control_plane.objects import Manifest, read_upstream
from local.engine import Engine, Settings, end_leftovers, shell_environment
from local.home import Home
from local.progress import Reporter
from local.rehearsal import faults, launcher
from local.rehearsal.cluster import Cluster
from local.rehearsal.store import Record, Store, state_folder
from local.rehearse import events, given, nvidia_charts, stubs
from local.rehearse.machines import OutOfStock, instance_types
from local.toolchain import CLOUDS, Toolbox
from mizan.config import Cloud, Install
from mizan.plan import Plan

CHARTS_VARIABLE = "MIZAN_CHARTS"
_CRDS = Path(__file__).parent / "crds"
_PACKAGES = {Cloud.GKE: "gcp", Cloud.EKS: "aws"}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stack's rehearsal, from the first `start` to `clear`.

    Attributes:
        plan: what it is.
        home: where everything of it is kept.
        settings: its file, a copy; the project's own is never written.
        toolbox: what is run.
        reporter: told what happens.
        output: where Pulumi's own output goes; None lets it have ours.
        has_credentials: whether somebody has signed in to the cloud.
    """

    plan: Plan
    home: Home
    settings: Path
    toolbox: Toolbox
    reporter: Reporter
    output: TextIO | None = None
    has_credentials: bool = True

    @property
    def stack(self) -> str:
        """Return the stack's name."""
        return self.plan.stack

    @property
    def package(self) -> str:
        """Return Pulumi's package of the stack's cloud."""
        return _PACKAGES[self.plan.cloud]

    @property
    def cloud(self) -> Path:
        """Return where the simulated cloud keeps everything."""
        return state_folder(self.home.root, self.stack)

    @property
    def records(self) -> list[Record]:
        """Return what the simulated cloud holds."""
        return Store(self.cloud, self.package).records()

    @cached_property
    def plane(self) -> ControlPlane:
        """Return the control plane that the simulated cloud hands out."""
        return ControlPlane(self.home, self.toolbox, self.reporter, kueue_settings=None, installs_kueue=True)

    @cached_property
    def engine(self) -> Engine:
        """Return the real engine, with the simulated cloud's provider and nobody's credentials."""
        return Engine(
            self.home, self.toolbox, self.reporter, settings=Settings(environment=self.environment, output=self.output)
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return what the program finds beside what every command on the home does."""
        signed_in = stubs.credentials(self.plan.cloud, self.home)
        return {
            **(signed_in if self.has_credentials else stubs.without_credentials(self.home)),
            **events.ENVIRONMENT,
            CHARTS_VARIABLE: str(self._charts),
            # What it is told goes through its folder alone.
            faults.VARIABLE: "",
        }

    @property
    def _charts(self) -> Path:
        return self.home.root / "charts"

    def start(self, out_of_stock: Collection[OutOfStock] = frozenset()) -> None:
        """Start the control plane and put in place what the engine needs.

        Raises:
            PlatformError: a process, a file or the stack is at fault.
        """
        self.restock(out_of_stock)
        server = _server(self.home.kubeconfig)
        Cluster(endpoint=server, certificate=stubs.authority(self.home)).write(self.cloud)
        given.place(self.plan, self.cloud, self.package)
        stubs.sign_in(self.plan.cloud, self.home)
        stubs.install(self.home, stubs.login_of(self.plan))
        launcher.install(self.home.pulumi_home, Path(sys.executable), [self.package])
        self._link_charts()
        engine = self.engine
        # The stack asks for the provider of its SDK; the one that is built stands in for it.
        engine.link_provider(version("pulumi-kubernetes"))
        engine.prepare(self.stack, config_file=self.settings)
        self._write_environment()

    def restock(self, out_of_stock: Collection[OutOfStock] = frozenset()) -> None:
        """Let the simulated cloud have every machine but these; on a running control plane Karpenter alone starts anew.

        Raises:
            PlatformError: a process does not start.
        """
        self.plane.start(
            instance_types=instance_types(self.plan, frozenset(out_of_stock)),
            devices=devices_of(self.plan),
            objects=self._objects(),
            karpenter_release=self.plan.cloud is Cloud.EKS and self.plan.karpenter.install is Install.HELM,
        )

    def clear(self, *, is_kept: bool = False) -> None:
        """End every process; the folder goes too, unless it is kept."""
        with interrupts.counted():
            end_leftovers(self.home, self.reporter)
            self.plane.stop()
            if not is_kept:
                self.home.purge()
                with suppress(OSError):  # of another stack there is something left
                    self.home.root.parent.rmdir()

    def change(self, path: Sequence[str], value: object) -> None:
        """Change a setting in the copy of the stack's file, such as ("mizan:gke", "deletionProtection")."""
        yaml = YAML()
        yaml.preserve_quotes = True
        document = yaml.load(self.settings.read_text(encoding="utf-8"))
        place = document["config"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        files.write(self.settings, files.to_yaml(document))

    @property
    def environment_file(self) -> Path:
        """Return the shell script after which a person's own pulumi and kubectl work on what was kept."""
        return self.home.root / "environment.sh"

    def _write_environment(self) -> None:
        variables = {**shell_environment(self.home), **self.environment}
        # Of PATH only what comes first: the rest is whatever it is when the script is read.
        lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items() if name != "PATH"]
        lines.append(f'export PATH={shlex.quote(str(self.home.bin))}:"$PATH"')
        files.write(self.environment_file, "\n".join(lines) + "\n")

    def _objects(self) -> list[Manifest]:
        """Return what every cluster of the cloud has from its beginning, beside Kubernetes itself."""
        if self.plan.cloud is not Cloud.GKE:
            return []
        own = read_upstream(_CRDS, self.home.state / "gke_objects.json")
        return [*own, *read_upstream(self.toolbox.crds(CLOUDS), self.home.state / "autoscaler_objects.json")]

    def _link_charts(self) -> None:
        charts = {
            "kueue": self.toolbox.chart("kueue"),
            "karpenter": self.toolbox.chart(CLOUDS),
            "karpenter-crd": self.toolbox.crd_chart(CLOUDS),
        }
        with files.writing(self._charts, because="the program looks for its charts there"):
            self._charts.mkdir(mode=0o700, exist_ok=True)
            charts |= nvidia_charts.write(self.home.state / "charts")
            for name, chart in charts.items():
                link = self._charts / name
                link.unlink(missing_ok=True)
                link.symlink_to(chart, target_is_directory=True)


def copy_settings(stack_file: Path, settings: Path, project: Path) -> None:
    """Copy a stack's file to `settings`, and the project's beside it: `pulumi stack init` writes to the stack's."""
    files.write(settings, stack_file.read_bytes())
    files.write(settings.with_name("Pulumi.yaml"), (project / "Pulumi.yaml").read_bytes())


def _server(kubeconfig: Path) -> str:
    document = YAML(typ="safe").load(kubeconfig.read_text(encoding="utf-8"))
    (cluster,) = document["clusters"]
    return str(cluster["cluster"]["server"])
