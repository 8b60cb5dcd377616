"""Who installs what a cluster needs."""

from enum import StrEnum


class Install(StrEnum):
    """Who installs an add-on: `helm` is this stack, `external` is somebody else."""

    HELM = "helm"
    EXTERNAL = "external"


class OptionalInstall(StrEnum):
    """Who installs an add-on that a stack may do without: `none` says that it has none."""

    HELM = "helm"
    EXTERNAL = "external"
    NONE = "none"
