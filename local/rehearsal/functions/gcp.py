"""What Google Cloud answers."""

from collections.abc import Callable, Mapping

from local.rehearsal.functions.asked import Asked
from local.rehearsal.kinds.gcp_container import KUBERNETES
from local.rehearsal.kinds.gcp_network import NETWORK, SUBNETWORK
from local.rehearsal.values import Values
from local.rehearsal.zones import zones_of_gcp

# Newest first. GKE's own list changes weekly; a rehearsal only needs that a channel has a version.
VERSIONS = ("1.36.1-gke.1027000", KUBERNETES, "1.34.6-gke.1154000")
_CHANNELS = {"RAPID": VERSIONS[0], "REGULAR": VERSIONS[1], "STABLE": VERSIONS[2], "EXTENDED": VERSIONS[2]}


def _client_config(asked: Asked) -> Values:
    return {
        "id": "simulated",
        "accessToken": "simulated",
        "defaultLabels": asked.settings.get("defaultLabels") or {},
        **{name: asked.settings.get(name, "") for name in ("project", "region", "zone")},
    }


def _engine_versions(asked: Asked) -> Values:
    prefix = str(asked.arguments.get("versionPrefix", ""))
    valid = [version for version in VERSIONS if version.startswith(prefix)]
    latest = valid[0] if valid else ""
    return {
        **asked.arguments,
        "id": "simulated",
        "defaultClusterVersion": KUBERNETES,
        "latestMasterVersion": latest,
        "latestNodeVersion": latest,
        "validMasterVersions": valid,
        "validNodeVersions": valid,
        "releaseChannelDefaultVersion": _CHANNELS,
        "releaseChannelLatestVersion": _CHANNELS,
        "releaseChannelUpgradeTargetVersion": _CHANNELS,
    }


def _zones(asked: Asked) -> Values:
    project, region = asked.setting("project"), asked.setting("region")
    names = list(zones_of_gcp(region))
    return {"id": f"projects/{project}/regions/{region}", "project": project, "region": region, "names": names}


def _project(asked: Asked) -> Values:
    project = str(asked.arguments.get("projectId") or asked.setting("project"))
    return {
        "id": f"projects/{project}",
        "projectId": project,
        "name": project,
        "number": asked.settings["projectNumber"],
        "deletionPolicy": "PREVENT",
    }


def _network(asked: Asked) -> Values:
    record = asked.of(NETWORK, {name: asked.arguments.get(name) for name in ("name", "selfLink", "project")})
    within = (item for item in asked.records if item.type == SUBNETWORK)
    names = (record.id, record.outputs["selfLink"], record.outputs["name"])
    links = [item.outputs["selfLink"] for item in within if item.outputs.get("network") in names]
    # Of the resource a text, of this function a number.
    return {**record.facts, "networkId": int(record.outputs["networkId"]), "subnetworksSelfLinks": links}


def _subnetwork(asked: Asked) -> Values:
    return asked.of(SUBNETWORK, {name: asked.arguments.get(name) for name in ("name", "selfLink", "region")}).facts


FUNCTIONS: Mapping[str, Callable[[Asked], Values]] = {
    "gcp:organizations/getClientConfig:getClientConfig": _client_config,
    "gcp:organizations/getProject:getProject": _project,
    "gcp:container/getEngineVersions:getEngineVersions": _engine_versions,
    "gcp:compute/getZones:getZones": _zones,
    "gcp:compute/getNetwork:getNetwork": _network,
    "gcp:compute/getSubnetwork:getSubnetwork": _subnetwork,
}
