"""Rules about teams."""

from collections.abc import Iterator

from mizan import keys
from mizan.config.faults import ConfigFault
from mizan.config.part import Part
from mizan.config.rules.lookup import unknown_name


def teams_name_queues(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each queue of a team that does not exist, or stands there twice."""
    for team in stack["teams"].items:
        queues = team["queues"].items
        for position, queue in enumerate(queues):
            yield from unknown_name(queue, "queue", stack["queues"].names)
            if queue.text is not None and queue.text in [earlier.text for earlier in queues[:position]]:
                yield ConfigFault(
                    queue.path,
                    queue.text,
                    needs="each queue once",
                    because="one LocalQueue is made per queue",
                    fix="Remove one of the two",
                )


def teams_own_their_namespace(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each team that would take over a namespace of the cluster."""
    for team in stack["teams"].items:
        name = team["name"]
        if name.text is not None and keys.is_system_namespace(name.text):
            yield ConfigFault(
                name.path,
                name.text,
                needs="a name of the team's own",
                because="the team's name is its namespace, and this one belongs to the cluster",
                fix=f"Write `team-{name.text}`",
            )


def groups_are_people_s(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each group that Kubernetes itself fills, with everybody or with its own parts.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects, read 2026-11-22.
    """
    for team in stack["teams"].items:
        group = team["group"]
        if group.text is not None and group.text.startswith("system:"):
            yield ConfigFault(
                group.path,
                group.text,
                needs="a group of your identity provider",
                because="Kubernetes fills the groups that begin with system:, for one with every user of the cluster",
                fix="Write the group as the cluster's tokens name it, such as `ml-team@example.com`",
            )


def removed_teams_are_gone(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each team that is to be removed by force and is still there."""
    for name in stack["forceRemoveTeams"].items:
        if name.text is not None and name.text in (stack["teams"].names or ()):
            yield ConfigFault(
                name.path,
                name.text,
                needs="a team that this stack no longer has",
                because="the name would stay behind and let a later removal end running jobs",
                fix="Remove it here, or remove the team",
            )
