"""Teams: a namespace each, with labels that costs are found by."""

from mizan.config.models.base import Model, cost_label, described, object_name
from mizan.config.models.budgets import TeamBudget


class Team(Model):
    """A team: one namespace with cost labels, and the queues it may use."""

    name: str = object_name("team")
    cost_center: str = cost_label("Who pays", "ml-research")
    project: str = cost_label("What for", "llm-development")
    queues: tuple[str, ...] = described(
        "Queues the team may submit to.",
        because="a team without a queue cannot run a GPU job",
        fix="Name a queue of this stack",
        min_length=1,
    )
    group: str | None = described(
        "Group of the identity provider whose members submit and read the team's jobs; left out, the team's name.",
        because="people change teams, and a group is changed in one place",
        fix="Write the group as the cluster's tokens name it, such as `ml-team@example.com`",
        default=None,
        pattern=r"^[^\s:]+([ :][^\s:]+)*$",
        max_length=253,
    )
    budget: TeamBudget | None = described(
        "What the team's share of the stack may cost.",
        because="a team that knows its limit keeps to it",
        fix="Write `{usdPerMonth: 5000}`, or leave it out",
        default=None,
    )
