"""What each pod of a workload asks for of GPUs."""

from collections.abc import Iterable

from mizan.config.models.base import Model, described
from mizan.config.models.sharing import PROFILE_PATTERN
from mizan.sharing import GpuPart, GpuSharing, SharingMode


class GpuRequest(Model):
    """What each pod of a workload asks for of GPUs: whole ones, or one part of one."""

    model: str | None = described(
        "GPU model in the catalogue; left out, any that the queue's pools have.",
        because="models differ in memory and speed by a factor of ten",
        fix="Take a name from mizan/catalogue/gpus.csv that a pool of the queue has, or leave it out",
        default=None,
        min_length=1,
    )
    count: int = described(
        "GPUs of each pod; 1 where pods share them.",
        because="one pod runs on one node, and a program makes use of one part of a shared GPU",
        fix="Write a whole number from 1 to the GPUs of the queue's largest machine",
        default=1,
        ge=1,
        strict=True,
    )
    accepts: tuple[SharingMode, ...] = described(
        "Ways of sharing that it takes, the best first: none, mig, time-slicing, mps, dra. It gets the first of them "
        "that the queue's pools offer.",
        because="a part of a GPU is cheaper, and not every program can live with neighbours",
        fix="Write `[mig]` for a part that nobody disturbs, or leave it out for whole GPUs",
        default=(SharingMode.NONE,),
        min_length=1,
    )
    profile: str | None = described(
        "MIG profile of its part; left out, the one that the queue's pools offer.",
        because="where they offer several, a pod has to say which",
        fix="Write a profile of the GPU such as `1g.5gb`, or leave it out",
        default=None,
        pattern=PROFILE_PATTERN,
    )

    def mode_among(self, offered: Iterable[GpuSharing]) -> SharingMode | None:
        """Return how the GPUs that it gets are shared: the first way it accepts that is offered, None without any."""
        sharings = tuple(offered)
        return next((mode for mode in self.accepts if any(self.parts_of(each, mode) for each in sharings)), None)

    def parts_of(self, sharing: GpuSharing, mode: SharingMode) -> tuple[GpuPart, ...]:
        """Return the parts of a pool's GPUs that it can have, if its GPUs are to be shared in one way."""
        if sharing.mode is not mode or self.model not in (None, sharing.gpu.name):
            return ()
        return tuple(part for part in sharing.parts if self.profile in (None, part.name))
