"""How the pods of a pool share its GPUs."""

from collections.abc import Mapping

from mizan.config.models.base import Model, described
from mizan.config.models.cluster import Cloud
from mizan.sharing import MOST_REPLICAS, Manager, SharingMode

# As NVIDIA writes them, without the variants for media and graphics.
PROFILE_PATTERN = r"^[1-7]g\.[0-9]+gb$"


class Sharing(Model):
    """How the pods of a pool share its GPUs, and who sets that up."""

    mode: SharingMode = described(
        "none, mig, time-slicing, mps or dra.",
        because="a notebook leaves most of a GPU idle that nobody else can use",
        fix="Write `mig` where pods must not disturb each other, `time-slicing` for development, else `none`",
        default=SharingMode.NONE,
    )
    profile: str | None = described(
        "MIG profile of which each GPU is cut into as many as it holds; only with `mig` and `dra`.",
        because="pods ask for one of its instances",
        fix="Write a profile of the pool's GPU such as `1g.5gb`",
        default=None,
        pattern=PROFILE_PATTERN,
    )
    layout: Mapping[str, int] | None = described(
        "MIG instances of each GPU by profile, instead of `profile`; only with `mig` and `dra`.",
        because="large and small work can share one GPU",
        fix="Write `{3g.20gb: 1, 2g.10gb: 1, 1g.5gb: 1}`",
        default=None,
    )
    replicas: int | None = described(
        "Pods on each GPU; only with `time-slicing` and `mps`.",
        because="each gets that part of the GPU's time and memory, if all are busy",
        fix=f"Write a whole number from 2 to {MOST_REPLICAS}; 4 is usual for notebooks",
        default=None,
        ge=2,
        strict=True,
    )
    manager: Manager | None = described(
        "operator: NVIDIA's GPU operator. gke: GKE's own fields. Left out, `gke` on GKE and else `operator`.",
        because="GKE's autoscaler knows what its own sharing yields on a node that does not exist yet",
        fix="Write `operator` or `gke`, or leave it out",
        default=None,
    )

    def managed_by(self, cloud: Cloud) -> Manager:
        """Return who sets the sharing up on a cloud; claims of devices are answered by NVIDIA's driver alone."""
        if self.manager is not None:
            return self.manager
        return Manager.GKE if cloud is Cloud.GKE and self.mode is not SharingMode.DRA else Manager.OPERATOR
