"""Kueue as the program's own chart installs it, while its process runs outside the cluster.

The chart's objects stay as they are. Its ConfigMap is what the process runs from, with other addresses; its Secret,
which Kueue fills itself, lies where the process serves from, as a kubelet would put it; its Services lead to the
process by way of the service proxy.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from lightkube import ApiError, Client
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Secret, Service
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from local import files
from local.control_plane.daemons import INSTALLED_KUEUE, Site
from local.control_plane.kueue import SECRET
from local.control_plane.pki import KUEUE_SERVICE
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from mizan import keys
from mizan.errors import PlatformError, SourceUnreachable

# The names that the chart's templates give its objects. Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue/templates.
DEPLOYMENT = "kueue-controller-manager"
SETTINGS = "kueue-manager-config"
SETTINGS_KEY = "controller_manager_config.yaml"
SERVICES: Mapping[str, str] = {KUEUE_SERVICE: "kueue-webhook", "kueue-visibility-server": "kueue-visibility"}
"""The Services that the API server calls, with the names of the ports on which the process serves in their place."""

_SERVED = ("tls.key", "tls.crt")
_NOT_FOUND = 404
_POLL_SECONDS = 0.1

Manifest = dict[str, Any]
Kind = TypeVar("Kind", Deployment, ConfigMap, Secret, Service)


def command(site: Site) -> Command:
    """Return Kueue; the pair that it serves is no input, since it looks for a new one itself."""
    # Its visibility API reads the flag alone and not KUBECONFIG.
    arguments = (
        str(site.tools.path(INSTALLED_KUEUE.tool)),
        f"--config={site.kueue_configuration}",
        f"--kubeconfig={site.home.kubeconfig}",
        "--zap-log-level=info",
    )
    return Command(INSTALLED_KUEUE.name, arguments, inputs=(site.home.kubeconfig, site.kueue_configuration))


def configuration(installed: Manifest, ports: Mapping[str, int], serving: Path) -> Manifest:
    """Return the chart's configuration `installed` with the addresses that it has outside the cluster.

    There is no other replica to elect a leader from, and an election would need a pod's own namespace.
    """
    places: dict[str, Manifest] = {
        "health": {"healthProbeBindAddress": f"{HOST}:{ports['kueue']}"},
        "metrics": {"bindAddress": f"{HOST}:{ports['kueue-metrics']}"},
        "webhook": {"host": HOST, "port": ports["kueue-webhook"], "certDir": str(serving)},
        "visibilityServer": {"bindAddress": HOST, "bindPort": ports["kueue-visibility"]},
        "leaderElection": {"leaderElect": False},
    }
    return {**installed, **{name: {**(installed.get(name) or {}), **place} for name, place in places.items()}}


def routes(services: Mapping[str, Service], ports: Mapping[str, int]) -> dict[str, int]:
    """Return the port on this machine for every address of `services`, which go by their names."""
    return {
        f"{service.spec.clusterIP}:{port.port}": ports[SERVICES[name]]
        for name, service in services.items()
        if service.spec
        for port in service.spec.ports or ()
    }


def write_files(client: Client, site: Site) -> bool:
    """Return whether the chart is installed; its configuration and its routes are then written.

    Raises:
        PlatformError: the chart's configuration cannot be read.
    """
    settings = _get(client, ConfigMap, SETTINGS)
    is_installed = settings is not None and _get(client, Deployment, DEPLOYMENT) is not None
    services = {name: found for name in SERVICES if is_installed and (found := _get(client, Service, name))}
    files.write(site.service_routes, json.dumps(routes(services, site.ports), indent=1, sort_keys=True) + "\n")
    if settings is None or not is_installed:
        return False
    installed = _read((settings.data or {}).get(SETTINGS_KEY, ""))
    document = configuration(installed, site.ports, serving_folder(site))
    files.write(site.kueue_configuration, files.to_yaml(document))
    return True


def serving_folder(site: Site) -> Path:
    """Return the folder from which Kueue serves its webhooks: what a pod has mounted from the Secret."""
    return site.home.pki / "kueue-serving"


def mount(client: Client, site: Site) -> bool:
    """Return whether the chart's Secret is filled; what Kueue serves is then the same, and nothing otherwise."""
    secret = _get(client, Secret, SECRET)
    data = (secret and secret.data) or {}
    for name in _SERVED:
        file = serving_folder(site) / name
        if held := data.get(name):
            files.write(file, base64.b64decode(held))
        else:
            with files.writing(file, because="Kueue would serve what belongs to an earlier installation"):
                file.unlink(missing_ok=True)
    return all(data.get(name) for name in _SERVED)


def wait_mounted(client: Client, site: Site, *, timeout_seconds: float, must_live: Callable[[], None]) -> None:
    """Return once Kueue has filled its Secret; `must_live` is called between looks and may raise.

    Raises:
        SourceUnreachable: it is still empty after `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    while not mount(client, site):
        must_live()
        if time.monotonic() > deadline:
            raise SourceUnreachable(
                f"Secret {keys.KUEUE_NAMESPACE}/{SECRET}",
                f"still empty after {timeout_seconds:.0f} s",
                needs="the certificates of Kueue's webhooks",
                because="Kueue makes them itself and serves nothing before",
                fix="See Kueue's log; `make status` names it",
            )
        time.sleep(_POLL_SECONDS)


def _get(client: Client, kind: type[Kind], name: str) -> Kind | None:
    try:
        return client.get(kind, name, namespace=keys.KUEUE_NAMESPACE)
    except ApiError as error:
        if error.status.code == _NOT_FOUND:
            return None
        raise


def _read(text: str) -> Manifest:
    document = None
    with suppress(YAMLError):
        document = YAML(typ="safe").load(text)
    if isinstance(document, dict):
        return document
    raise PlatformError(
        f"ConfigMap {keys.KUEUE_NAMESPACE}/{SETTINGS}",
        f"no mapping under {SETTINGS_KEY}",
        needs="Kueue's configuration as YAML",
        because="Kueue runs from it",
        fix="Look at the values that the program gives Kueue's chart",
    )
