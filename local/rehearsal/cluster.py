"""The real cluster that a simulated cloud hands out as the one it has made: the embedded control plane."""

import json
from dataclasses import dataclass
from pathlib import Path

from local import files
from local.rehearsal.values import Values

FILE = "cluster.json"
# Where no control plane runs, an address that leads nowhere; source: RFC 6761.
NOWHERE = "simulated.invalid"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """An API server.

    Attributes:
        endpoint: host and port.
        certificate: of the authority that signed its certificate, base64 of PEM.
    """

    endpoint: str = NOWHERE
    certificate: str = "c2ltdWxhdGVk"

    @classmethod
    def of(cls, folder: Path) -> "Cluster":
        """Return the cluster of a stack's folder, or one that leads nowhere."""
        path = folder / FILE
        if not path.is_file():
            return cls()
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(endpoint=values["endpoint"], certificate=values["caCertificate"])

    def write(self, folder: Path) -> None:
        """Hand out this cluster from now on.

        Raises:
            PlatformError: the file cannot be written.
        """
        values = {"endpoint": self.endpoint, "caCertificate": self.certificate}
        files.write(folder / FILE, json.dumps(values, indent=2) + "\n")

    def words(self) -> Values:
        """Return what templates may name: GKE gives a host, EKS an address."""
        return {"host": self.endpoint.removeprefix("https://"), "certificate": self.certificate}
