"""Who installs what a cluster needs."""

from enum import StrEnum


class Install(StrEnum):
    """Who installs an add-on: `helm` is this stack, `external` is somebody else."""

    HELM = "helm"
    EXTERNAL = "external"
