"""Where one platform keeps everything: state, certificates, logs, pid files, Pulumi's backend."""

import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from local import files
from mizan.errors import PlatformError

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """The one folder of a platform (`MIZAN_HOME`); two homes never share a process, a port or a file."""

    root: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Home":
        """Return the home that `MIZAN_HOME` names, or `.mizan` in the project.

        Raises:
            PlatformError: the name cannot be part of a list of paths.
        """
        named = environment.get("MIZAN_HOME")
        return cls._at(Path(os.path.expanduser(named)).absolute() if named else PROJECT / ".mizan")  # noqa: PTH111 - never raises

    @classmethod
    def of_rehearsal(cls, stack: str, environment: Mapping[str, str] = os.environ) -> "Home":
        """Return the home of a stack's rehearsal, apart from that of `make up` and from every other stack's.

        Raises:
            PlatformError: as `from_environment`.
        """
        usual = cls.from_environment(environment).root
        return cls._at(usual.with_name(f"{usual.name}-rehearsal") / stack)

    @classmethod
    def _at(cls, root: Path) -> "Home":
        if os.pathsep in str(root):
            raise PlatformError(
                f"MIZAN_HOME {root}",
                f"a name with `{os.pathsep}`",
                needs="a name without it",
                because="KUBECONFIG and PATH are lists that it separates",
                fix="Choose another folder",
            )
        return cls(root)

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
        """The administrator's kubeconfig; its context is `keys.LOCAL_CONTEXT`."""
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
            PlatformError: the folder holds files of something else, or cannot be made.
        """
        with self._writing():
            self._must_not_be_foreign()
            _make(self.root)
            # Before anything else: without it, a home whose making was cut short would pass for somebody's work.
            self.marker.touch(mode=0o600)
            for folder in self._folders():
                _make(folder)

    def purge(self) -> None:
        """Remove the whole folder.

        Raises:
            PlatformError: it is no home of a platform, so nothing in it is touched; or it cannot be removed.
        """
        with self._writing():
            if not self.root.exists():
                return
            self._must_not_be_foreign()
            for child in self.root.iterdir():
                if child.is_dir() and not child.is_symlink():
                    shutil.rmtree(child)
                elif child != self.marker:
                    child.unlink()
            # Last: whatever an interruption leaves is still known as a home.
            self.marker.unlink(missing_ok=True)
            self.root.resolve().rmdir()
            if self.root.is_symlink():
                self.root.unlink()

    def _folders(self) -> tuple[Path, ...]:
        return (self.state, self.pki, self.logs, self.pids, self.bin, self.pulumi_home, self.pulumi_backend)

    def _writing(self) -> AbstractContextManager[None]:
        return files.writing(
            f"MIZAN_HOME {self.root}",
            because="the whole platform lives in that folder",
            fix="Set MIZAN_HOME to a folder of your own on a disk that you may write",
        )

    def _must_not_be_foreign(self) -> None:
        if not self.root.exists() or self.marker.exists():
            return
        # A command that waited for the lock while another one purged has made it anew.
        if self.root.is_dir() and {child.name for child in self.root.iterdir()} <= {self.lock.name}:
            return
        raise PlatformError(
            f"MIZAN_HOME {self.root}",
            "a folder with other files" if self.root.is_dir() else "a file",
            needs="an empty folder, or none",
            because="`make down PURGE=1` removes it whole",
            fix="Choose a folder of its own, or unset MIZAN_HOME to use .mizan in the project",
        )


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
