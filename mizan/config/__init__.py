"""What a stack says: frozen models, one `parse`, and a reader of stack files for the command line."""

from mizan.config.faults import ConfigErrors
from mizan.config.models import (
    Addons,
    Checkpoint,
    Cloud,
    Cluster,
    Install,
    KueueAddon,
    Pool,
    PoolCapacity,
    Queue,
    Quota,
    StackConfig,
    Team,
    TrainingJob,
)
from mizan.config.parse import own_keys, parse
from mizan.config.stack_file import read_stack, stack_file

__all__ = [
    "Addons",
    "Checkpoint",
    "Cloud",
    "Cluster",
    "ConfigErrors",
    "Install",
    "KueueAddon",
    "Pool",
    "PoolCapacity",
    "Queue",
    "Quota",
    "StackConfig",
    "Team",
    "TrainingJob",
    "own_keys",
    "parse",
    "read_stack",
    "stack_file",
]
