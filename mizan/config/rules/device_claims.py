"""Rules about GPUs that pods claim as devices."""

from collections.abc import Iterator

from mizan.config.faults import ConfigFault
from mizan.config.part import Part
from mizan.config.rules.sharing import sharing_in

# Source: kubernetes-sigs/kueue@v0.19.2 pkg/config/validation.go, validateDeviceClassMappings.
MOST_CLASSES = 16


def devices_are_few_enough_to_be_counted(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where pods could claim from more classes of devices than Kueue counts."""
    shared = [sharing for pool in stack["pools"].items if (sharing := sharing_in(stack, pool)) is not None]
    classes = {name for sharing in shared for name in sharing.device_class.values()}
    if len(classes) > MOST_CLASSES:
        yield ConfigFault(
            stack["pools"].path,
            f"{len(classes)} classes of devices",
            needs=f"at most {MOST_CLASSES}",
            because="Kueue maps no more classes to what quotas count, and does not start with more",
            fix="Cut GPUs of one model alike, into fewer profiles",
        )
