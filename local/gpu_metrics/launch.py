"""How the exporter is started as a process of its own, and how it answers; no other part of it is needed for that."""

import sys
from pathlib import Path

NAME = "gpu-metrics"
HOST = "127.0.0.1"
READY_PATH = "/healthz"
METRICS_PATH = "/metrics"
DCGM_PATH = "/metrics/dcgm"
OPENCOST_PATH = "/metrics/opencost"

_PROJECT = Path(__file__).resolve().parents[2]


def arguments(kubeconfig: Path, prices: Path, port: int) -> tuple[str, ...]:
    """Return the command line.

    Args:
        kubeconfig: of the cluster.
        prices: what `fleet.to_json` has written.
        port: on 127.0.0.1.
    """
    module = (sys.executable, "-P", "-m", "local.gpu_metrics")
    return (*module, "--kubeconfig", str(kubeconfig), "--prices", str(prices), "--port", str(port))


def environment() -> dict[str, str]:
    """Return what the process must have in its environment, as it may start in any folder."""
    return {"PYTHONPATH": str(_PROJECT)}


def sources() -> tuple[Path, ...]:
    """Return its own code: a process that runs an older one must start anew."""
    return tuple(sorted(Path(__file__).parent.glob("*.py")))
