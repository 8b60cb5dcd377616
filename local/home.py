"""Where one platform keeps everything: state, certificates, logs, pid files, Pulumi's backend."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mizan.errors import PlatformError

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """The one folder of a platform (`MIZAN_HOME`); two homes never share a process, a port or a file."""

    root: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Home":
        """Return the home that `MIZAN_HOME` names, or `.mizan` in the project."""
        return cls(Path(environment.get("MIZAN_HOME") or PROJECT / ".mizan").expanduser().absolute())

    @property
    def state(self) -> Path:
        """Ports, generated configuration, etcd's data."""
        return self.root / "state"

    @property
    def pki(self) -> Path:
        """Certificates and keys, files of mode 0600."""
        return self.root / "pki"

    @property
    def logs(self) -> Path:
        """One log per process, `<process>.log`."""
        return self.root / "logs"

    @property
    def pids(self) -> Path:
        """One file per running process, `<process>.json`."""
        return self.root / "pids"

    @property
    def bin(self) -> Path:
        """The tools of this platform, with the language host beside `pulumi`."""
        return self.root / "bin"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME: plugins and credentials."""
        return self.root / "pulumi"

    @property
    def pulumi_backend(self) -> Path:
        """The folder behind PULUMI_BACKEND_URL: every stack's state."""
        return self.root / "backend"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; its context is `mizan-local`."""
        return self.root / "kubeconfig"

    @property
    def lock(self) -> Path:
        """Held by the one `make up` or `make down` that may change this home."""
        return self.root / "lock"

    @property
    def marker(self) -> Path:
        """The file that tells a home from a folder with somebody's work in it."""
        return self.root / ".mizan-home"

    def create(self) -> None:
        """Make the folders, readable by their owner only.

        Raises:
            PlatformError: the folder holds files of something else.
        """
        if self.root.is_dir() and any(self.root.iterdir()) and not self.marker.exists():
            raise self._foreign()
        parts = (self.state, self.pki, self.logs, self.pids, self.bin, self.pulumi_home, self.pulumi_backend)
        for folder in (self.root, *parts):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.marker.touch(mode=0o600)

    def purge(self) -> None:
        """Remove the whole folder.

        Raises:
            PlatformError: it is no home of a platform, so nothing in it is touched.
        """
        if not self.root.exists():
            return
        if not self.marker.exists():
            raise self._foreign()
        shutil.rmtree(self.root)

    def _foreign(self) -> PlatformError:
        return PlatformError(
            f"MIZAN_HOME {self.root}",
            "a folder with other files",
            needs="an empty folder, or none",
            because="`make down PURGE=1` removes it whole",
            fix="Choose a folder of its own, or unset MIZAN_HOME to use .mizan in the project",
        )
