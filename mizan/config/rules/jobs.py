"""Rules about jobs."""

from collections.abc import Iterator

from mizan.config.faults import ConfigFault, suggestion
from mizan.config.models import AccessMode, RestartPolicy
from mizan.config.models.jobs import DEFAULT_PRIORITY
from mizan.config.models.stack import DEFAULT_PRIORITIES
from mizan.config.part import Part
from mizan.config.rules.lookup import unknown_name


def jobs_name_a_team_and_its_queue(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each job whose team or queue does not exist, or do not belong together."""
    for job in stack["jobs"].items:
        team, queue = job["team"], job["queue"]
        yield from unknown_name(team, "team", stack["teams"].names)
        yield from unknown_name(queue, "queue", stack["queues"].names)
        own = [item.text for item in stack["teams"].named(team.text)["queues"].items]
        if own and None not in own and queue.text not in own and queue.text in (stack["queues"].names or ()):
            yield ConfigFault(
                queue.path,
                queue.text or "",
                needs="a queue of the job's team",
                because=f"team {team.text} has no LocalQueue for it",
                fix="Add it to the team's queues",
            )


def jobs_name_a_priority(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each job whose priority does not exist."""
    declared = stack["priorities"]
    names = declared.names if declared.value is not None else frozenset(item.name for item in DEFAULT_PRIORITIES)
    for job in stack["jobs"].items:
        priority = job["priority"]
        name = DEFAULT_PRIORITY if priority.value is None else priority.text
        if name is not None and names is not None and name not in names:
            yield ConfigFault(
                priority.path,
                name,
                needs="a priority of this stack",
                because="Kueue refuses a job whose priority class does not exist",
                fix=suggestion(name, names),
            )


def checkpoints_outlive_their_node(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each job that saves nowhere, in two places, or on a disk of one zone.

    A job that names no place saves itself to the stack's own bucket where there is one.
    """
    has_bucket = stack["checkpoints"].is_mapping
    for job in stack["jobs"].items:
        checkpoint = job["checkpoint"]
        place, volume = checkpoint["dir"], checkpoint["volume"]
        is_placed = has_bucket and place.value is None and volume.value is None
        if checkpoint.is_mapping and not is_placed and (place.value is None) == (volume.value is None):
            yield ConfigFault(
                checkpoint.path,
                "neither `dir` nor `volume`" if place.value is None else "both `dir` and `volume`",
                needs="one of `dir` and `volume`",
                because="a job has one CHECKPOINT_DIR, and on spot it starts over without it after every interruption",
                fix="Write `dir: s3://checkpoints/my-job`, or `volume: {storageClass: filestore, sizeGib: 100}`",
            )
        mode = volume["accessMode"]
        if mode.text in set(AccessMode) and mode.text != AccessMode.READ_WRITE_MANY:
            yield ConfigFault(
                mode.path,
                mode.value,
                needs=AccessMode.READ_WRITE_MANY.value,
                because="a disk that one node mounts lies in one zone and pins the restarted job to it, "
                "where spot may be out of stock",
                fix="Write `ReadWriteMany` and a shared file system's storageClass, or use `dir`",
            )


def exit_codes_need_restart_policy_never(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each job that Kubernetes would refuse for mixing the two."""
    for job in stack["jobs"].items:
        codes = job["failOnExitCodes"]
        if job["restartPolicy"].text == RestartPolicy.ON_FAILURE and codes.items:
            yield ConfigFault(
                codes.path,
                codes.value,
                needs="`restartPolicy: Never`",
                because="Kubernetes refuses a podFailurePolicy with OnFailure",
                fix="Remove restartPolicy, or the exit codes",
            )
