"""Rules about names."""

from collections.abc import Iterator

from mizan.config.faults import ConfigFault, key
from mizan.config.part import Part


def names_are_used_once(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each name that another part of its kind has already."""
    for section in ("pools", "queues", "cohorts", "priorities", "teams", "jobs", "commitments"):
        first: dict[tuple[str, str | None], Part] = {}
        for item in stack[section].items:
            name = item["name"]
            if name.text is None:
                continue
            # A job's name is its team's own: jobs live in the team's namespace.
            identity = (name.text, item["team"].text if section == "jobs" else None)
            if identity in first:
                yield ConfigFault(
                    name.path,
                    name.text,
                    needs="a name used once",
                    because=f"{key(first[identity].path)} already has it, and one would overwrite the other",
                    fix="Rename one of the two",
                )
            first.setdefault(identity, item)


def priorities_leave_kubernetes_its_own(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each priority with a name that the API server refuses.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/, read 2026-11-22.
    """
    for priority in stack["priorities"].items:
        name = priority["name"]
        if name.text is not None and name.text.startswith("system-"):
            yield ConfigFault(
                name.path,
                name.text,
                needs="a name that does not begin with system-",
                because="Kubernetes keeps those PriorityClasses for itself",
                fix=f"Write `{name.text.removeprefix('system-') or 'production'}`",
            )
