"""What pods can claim of nodes, and the process of the simulated DRA driver, which tells the scheduler of it."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local import files
from local.control_plane import dra_driver
from local.control_plane.daemons import DRA_DRIVER, Site
from local.control_plane.objects import Manifest
from local.control_plane.processes import Command
from mizan.manifests.dra import counted_devices
from mizan.manifests.simulated_devices import simulated_devices
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Devices:
    """GPUs, and parts of them, that pods claim as devices.

    Attributes:
        nodes: by pool, what each of its nodes has.
        counted: by DeviceClass, the name by which Kueue counts what pods claim from it.
    """

    nodes: Mapping[str, Sequence[Manifest]] = field(default_factory=dict)
    counted: Mapping[str, str] = field(default_factory=dict)


def devices_of(plan: Plan) -> Devices:
    """Return the devices of a plan's nodes; none where no pool has claims."""
    return Devices(nodes=simulated_devices(plan.pools), counted=counted_devices(plan.pools))


def command(site: Site) -> Command:
    """Return the driver; it reads what nodes have once, at its start."""
    script = Path(dra_driver.__file__)
    arguments = (site.home.kubeconfig, site.devices, site.ports[DRA_DRIVER.name])
    return Command(
        DRA_DRIVER.name,
        (sys.executable, "-I", str(script), *(str(argument) for argument in arguments)),
        inputs=(script, site.home.kubeconfig, site.devices),
    )


def keep(file: Path, devices: Devices | None) -> Devices:
    """Return the devices that `file` holds from now on: these, or with None those of the last start.

    Args:
        file: `Site.devices`; there is none where nobody claims any.
        devices: those of this start.
    """
    if devices is None:
        return Devices(**json.loads(file.read_text())) if file.is_file() else Devices()
    if devices.nodes:
        files.write(file, json.dumps(asdict(devices), indent=1, sort_keys=True) + "\n")
    else:
        with files.writing(file, because="nodes would be told to have devices that they have no longer"):
            file.unlink(missing_ok=True)
    return devices
