"""Run as root with a folder: becomes an ordinary user, starts and stops a control plane there, prints what it saw."""

import json
import os
import sys
from pathlib import Path

import psutil
from lightkube import Client, KubeConfig
from lightkube.config.models import Cluster, User
from rich.console import Console

from local.control_plane import ControlPlane, kwok
from local.home import Home
from local.progress import Reporter

NOBODY = 65534


class Copies:
    """Tools in a folder that anybody may read."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return self.folder / "bin" / name

    def crds(self, name):
        return self.folder / "crds" / name


def load_what_is_loaded_late():
    """Load what is imported at its first use: this Python may lie where only root can read."""
    "localhost".encode("idna")
    Client(KubeConfig.from_one(cluster=Cluster("http://127.0.0.1:1"), user=User()).get(), trust_env=False).close()


def become_ordinary():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def main(folder):
    load_what_is_loaded_late()
    kwok.STAGES = tuple(sorted((folder / "stages").glob("*.yaml")))
    become_ordinary()
    plane = ControlPlane(Home(folder / "home"), Copies(folder), Reporter(Console(quiet=True)))
    try:
        plane.start()
        running = {row.name: [row.state, psutil.Process(row.pid).uids().effective] for row in plane.status()}
    finally:
        plane.stop()
    stopped = {row.name: row.state for row in plane.status()}
    print(json.dumps({"user": os.geteuid(), "running": running, "stopped": stopped}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
