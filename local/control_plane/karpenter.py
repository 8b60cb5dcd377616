"""Karpenter with its kwok provider: makes simulated nodes of the instance types it is given."""

import json
from collections.abc import Mapping, Sequence

from local import files
from local.control_plane.daemons import KARPENTER, Site
from local.control_plane.objects import HELM_RELEASE, Manifest
from local.control_plane.processes import Command
from mizan.manifests.karpenter import NAMESPACE

CRD_RELEASE = "karpenter-crd"
"""The release by which the program installs Karpenter's CRDs."""

_SIMULATED_GROUP = "karpenter.kwok.sh"


def command(site: Site) -> Command:
    """Return Karpenter; it reads its instance types once, at its start."""
    environment = {
        "KUBECONFIG": str(site.home.kubeconfig),
        "INSTANCE_TYPES_FILE_PATH": str(site.instance_types),
        "METRICS_PORT": str(site.ports["karpenter-metrics"]),
        "HEALTH_PROBE_PORT": str(site.ports["karpenter"]),
        "SYSTEM_NAMESPACE": "kube-system",
        "DISABLE_LEADER_ELECTION": "true",
        # The pods of one job arrive within a second; the default of 10 s would only make a person wait.
        "BATCH_IDLE_DURATION": "1s",
        "BATCH_MAX_DURATION": "5s",
        # What a node with shared GPUs offers, Karpenter learns from overlays. Where there are none nothing changes.
        "FEATURE_GATES": "NodeOverlay=true",
    }
    return Command(
        KARPENTER.name,
        (str(site.tools.path(KARPENTER.tool)),),
        environment,
        inputs=(site.home.kubeconfig, site.instance_types),
    )


def released(crd: Manifest) -> Manifest:
    """Return `crd` as its chart would have made it, so that a release of that chart takes it over.

    The kinds of the simulated machines are in no chart.
    Source: https://helm.sh/docs/v3/faq/changes_since_helm2 (2026-11-23), "now requires annotations and labels";
    aws/karpenter-provider-aws@v1.14.1 charts/karpenter-crd.
    """
    if crd["spec"]["group"] == _SIMULATED_GROUP:
        return crd
    metadata = crd["metadata"]
    release = {HELM_RELEASE: CRD_RELEASE, "meta.helm.sh/release-namespace": NAMESPACE}
    owned = {
        **metadata,
        "labels": {**metadata.get("labels", {}), "app.kubernetes.io/managed-by": "Helm"},
        "annotations": {**metadata.get("annotations", {}), **release},
    }
    return {**crd, "metadata": owned}


def write_instance_types(site: Site, instance_types: Sequence[Mapping[str, object]] | None) -> None:
    """Keep `instance_types` for Karpenter's next start; None keeps those of the last one."""
    if instance_types is not None or not site.instance_types.is_file():
        files.write(site.instance_types, json.dumps(list(instance_types or ()), indent=1, sort_keys=True) + "\n")
