"""Values that never fall while a GPU is there; a new exporter begins at 0, as a driver that was loaded anew."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from local.gpu_metrics.gpus import Gpu
from local.gpu_metrics.readings import grown


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What was counted so far.

    Attributes:
        at: unix seconds; None before the first time.
        values: by UUID of the GPU, by field.
    """

    at: float | None = None
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def advanced(self, gpus: Iterable[Gpu], now: float) -> "Counters":
        """Return what is counted by `now`, as if GPUs had been as they are all the time.

        A GPU that is gone is forgotten. A clock that is set back counts nothing.
        """
        seconds = max(0.0, now - self.at) if self.at is not None else 0.0
        found = {}
        for gpu in gpus:
            before = self.values.get(gpu.uuid)
            # A GPU that is new has not been there all the time.
            passed = seconds if before else 0.0
            found[gpu.uuid] = {
                name: max(growth.least, (before or {}).get(name, 0.0) + growth.per_second * passed)
                for name, growth in grown(gpu).items()
            }
        return Counters(at=now, values=found)
