"""What a pod does with its GPUs: by name, as a function of the time since its start.

    mizan.dev/simulated-gpu-profile: busy          all the time; the default
    mizan.dev/simulated-gpu-profile: ramp:600      reaches the top after so many seconds

`half` works half the time; `idle` holds memory and does nothing; `ramp` begins with nothing (1,800 s); `diurnal` goes
from night to day and back (86,400 s); `leak` works and takes more memory until there is none left (3,600 s).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Profile(StrEnum):
    """What a pod does."""

    BUSY = "busy"
    HALF = "half"
    IDLE = "idle"
    RAMP = "ramp"
    DIURNAL = "diurnal"
    LEAK = "leak"


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a pod uses at one instant.

    Attributes:
        compute: part of the time in which a kernel of it runs, 0 to 1.
        memory: part of what it may have, 0 to 1.
    """

    compute: float
    memory: float


NOTHING = Load(compute=0.0, memory=0.0)

_TOP = 0.95
_NIGHT = 0.05
_HELD = 0.85

# Of those that change with time: the seconds until the top, of a whole day, until the memory is full.
_SECONDS: Mapping[Profile, float] = MappingProxyType(
    {Profile.RAMP: 1_800.0, Profile.DIURNAL: 86_400.0, Profile.LEAK: 3_600.0}
)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """A profile with its time; 0 where it has none."""

    profile: Profile
    seconds: float = 0.0

    def load(self, since_start: float) -> Load:
        """Return what it uses so many seconds after its start."""
        at = max(0.0, since_start)
        match self.profile:
            case Profile.BUSY:
                return Load(compute=_TOP, memory=_HELD)
            case Profile.HALF:
                return Load(compute=0.5, memory=0.5)
            case Profile.IDLE:
                return Load(compute=0.0, memory=0.1)
            case Profile.RAMP:
                return Load(compute=_TOP * min(1.0, at / self.seconds), memory=_HELD)
            case Profile.DIURNAL:
                day = (1 - math.cos(2 * math.pi * at / self.seconds)) / 2
                return Load(compute=_NIGHT + (_TOP - _NIGHT) * day, memory=_HELD)
            case Profile.LEAK:
                return Load(compute=0.6, memory=min(1.0, 0.1 + 0.9 * at / self.seconds))


DEFAULT = Behaviour(profile=Profile.BUSY)


def behaviour(annotation: str | None) -> Behaviour | None:
    """Return what an annotation asks for, the default without one; None where it is not understood."""
    if annotation is None:
        return DEFAULT
    name, colon, seconds = annotation.strip().partition(":")
    try:
        profile = Profile(name)
    except ValueError:
        return None
    if not colon:
        return Behaviour(profile=profile, seconds=_SECONDS.get(profile, 0.0))
    is_time = profile in _SECONDS and seconds.isascii() and seconds.isdigit() and int(seconds) > 0
    return Behaviour(profile=profile, seconds=float(seconds)) if is_time else None
