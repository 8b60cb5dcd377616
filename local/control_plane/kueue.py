"""Kueue outside the cluster: its configuration, and its CRDs and webhooks pointed at 127.0.0.1."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local import files
from local.control_plane import pki
from local.control_plane.daemons import KUEUE, Site
from local.control_plane.objects import CRDS_AND_WEBHOOKS, read_upstream
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from mizan import keys
from mizan.config import Install, KueueAddon
from mizan.manifests.kueue_settings import NO_DEVICES, manager_configuration

SECRET = "kueue-webhook-server-cert"  # noqa: S105 - the name of the Secret, not its content

# Those that Kueue serves in two versions. Without conversion its log is an endless "field not found".
# Source: kubernetes-sigs/kueue@v0.19.2 config/components/crd/kustomization.yaml.
CONVERTED = frozenset(
    f"{plural}.kueue.x-k8s.io"
    for plural in ("localqueues", "clusterqueues", "workloads", "cohorts", "multikueueclusters")
)
_OWN_GROUP = "kueue.x-k8s.io"
_UNMANAGED_NAMESPACES = ["kube-system", keys.KUEUE_NAMESPACE]

Manifest = dict[str, Any]


DEFAULTS = KueueAddon(install=Install.EXTERNAL)
"""Kueue as a stack has it that says nothing about it."""


def command(site: Site) -> Command:
    """Return Kueue."""
    serving = serving_folder(site)
    return Command(
        KUEUE.name,
        (str(site.tools.path(KUEUE.tool)), f"--config={site.kueue_configuration}", "--zap-log-level=info"),
        {"KUBECONFIG": str(site.home.kubeconfig)},
        inputs=(site.home.kubeconfig, site.kueue_configuration, serving / "tls.crt"),
    )


def configuration(
    ports: Mapping[str, int], serving: Path, settings: KueueAddon, devices: Mapping[str, str] = NO_DEVICES
) -> Manifest:
    """Return Kueue's configuration.

    Its certificates are managed by Kueue itself, in name: it finds a good pair and leaves it alone. The other way reads
    a fixed path below /etc, which takes root.
    """
    return {
        **manager_configuration(settings, devices),
        "namespace": keys.KUEUE_NAMESPACE,
        "health": {"healthProbeBindAddress": f"{HOST}:{ports['kueue']}"},
        "metrics": {"bindAddress": f"{HOST}:{ports['kueue-metrics']}", "enableClusterQueueResources": True},
        "webhook": {"host": HOST, "port": ports["kueue-webhook"], "certDir": str(serving)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {
            "enable": True,
            "webhookServiceName": pki.KUEUE_SERVICE,
            "webhookSecretName": SECRET,
        },
        "clientConnection": {"qps": 300, "burst": 500},
        # Its extra API would need an address that the API server reaches as a service.
        "featureGates": {"VisibilityOnDemand": False},
    }


def serving_folder(site: Site) -> Path:
    """Return the folder from which Kueue serves its webhooks."""
    return site.home.pki / "kueue-serving"


def write_files(site: Site, settings: KueueAddon, devices: Mapping[str, str] = NO_DEVICES) -> None:
    """Write Kueue's configuration and the pair it serves."""
    serving = serving_folder(site)
    files.write(serving / "tls.key", pki.private_key(site.home.pki, "kueue-webhook").read_bytes())
    files.write(serving / "tls.crt", pki.certificate(site.home.pki, "kueue-webhook").read_bytes())
    files.write(site.kueue_configuration, files.to_yaml(configuration(site.ports, serving, settings, devices)))


def objects_of(site: Site, settings: KueueAddon) -> list[Manifest]:
    """Return what the cluster of `site` must hold before Kueue starts, once its certificates are there."""
    home = site.home
    upstream = read_upstream(site.tools.crds(KUEUE.tool), home.state / "kueue_objects.json", CRDS_AND_WEBHOOKS)
    pems = {
        "ca.crt": pki.certificate(home.pki, "kueue-ca").read_bytes(),
        "ca.key": pki.private_key(home.pki, "kueue-ca").read_bytes(),
        "tls.crt": pki.certificate(home.pki, "kueue-webhook").read_bytes(),
        "tls.key": pki.private_key(home.pki, "kueue-webhook").read_bytes(),
    }
    return objects(upstream, pems, site.ports["kueue-webhook"], settings.frameworks)


def objects(
    upstream: Iterable[Manifest], certificates: Mapping[str, bytes], webhook_port: int, frameworks: Sequence[str]
) -> list[Manifest]:
    """Return what the cluster must hold before Kueue starts.

    Args:
        upstream: Kueue's own CRDs and webhook configurations.
        certificates: `ca.crt`, `ca.key`, `tls.crt` and `tls.key`, PEM.
        webhook_port: where Kueue serves its webhooks on 127.0.0.1.
        frameworks: the kinds of jobs it queues; webhooks of others are left out.
    """
    client_config = {"caBundle": _base64(certificates["ca.crt"])}
    address = f"https://{HOST}:{webhook_port}"
    found: list[Manifest] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": keys.KUEUE_NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": keys.KUEUE_NAMESPACE},
            "type": "Opaque",
            "data": {name: _base64(pem) for name, pem in certificates.items()},
        },
    ]
    for manifest in upstream:
        if manifest["kind"] == "CustomResourceDefinition":
            found.append(_with_conversion(manifest, {**client_config, "url": f"{address}/convert"}))
        else:
            found.append(_with_webhooks(manifest, client_config, address, frameworks))
    return found


def _with_conversion(crd: Manifest, client_config: Manifest) -> Manifest:
    if crd["metadata"]["name"] not in CONVERTED:
        return crd
    conversion = {
        "strategy": "Webhook",
        "webhook": {"clientConfig": client_config, "conversionReviewVersions": ["v1"]},
    }
    return {**crd, "spec": {**crd["spec"], "conversion": conversion}}


def _with_webhooks(webhooks: Manifest, client_config: Manifest, address: str, frameworks: Sequence[str]) -> Manifest:
    """Return a webhook configuration under the name by which Kueue looks for it, for the kinds it really serves.

    Source of the namespaces left alone: kubernetes-sigs/kueue@v0.19.2 config/components/webhook/kustomization.yaml.
    """
    kept = []
    for webhook in webhooks["webhooks"]:
        if not _is_served(webhook, frameworks):
            continue
        path = webhook["clientConfig"]["service"]["path"]
        changed = {**webhook, "clientConfig": {**client_config, "url": f"{address}{path}"}}
        if _group(webhook) != _OWN_GROUP:
            names = {"key": keys.NAMESPACE_NAME, "operator": "NotIn", "values": _UNMANAGED_NAMESPACES}
            changed["namespaceSelector"] = {"matchExpressions": [names]}
        kept.append(changed)
    return {**webhooks, "metadata": {"name": f"kueue-{webhooks['metadata']['name']}"}, "webhooks": kept}


def _is_served(webhook: Manifest, frameworks: Sequence[str]) -> bool:
    """Return whether a webhook is for Kueue's own kinds or for a job of `frameworks`, such as "batch/job" or "pod"."""
    if _group(webhook) == _OWN_GROUP:
        return True
    plural = webhook["rules"][0]["resources"][0]
    return any(
        f"{kind}s" == plural and (not group or group == _group(webhook))
        for group, _, kind in (framework.rpartition("/") for framework in frameworks)
    )


def _group(webhook: Manifest) -> str:
    group: str = webhook["rules"][0]["apiGroups"][0]
    return group


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
