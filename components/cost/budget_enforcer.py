"""What holds the queues of teams that have spent their budget."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.budget_enforcer import budget_enforcer
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class BudgetEnforcerArgs:
    """The plan of a stack.

    Attributes:
        teams: by namespace, what makes it.
        namespace: of the enforcer, where the stack makes it for itself.
    """

    plan: Plan
    teams: Mapping[str, pulumi.Resource]
    namespace: tuple[pulumi.Resource, ...] = ()


class BudgetEnforcer(pulumi.ComponentResource):
    """A CronJob with its code, its rights in each team's namespace, and nothing beyond."""

    def __init__(self, name: str, args: BudgetEnforcerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make account and rights first: a run without them would fail."""
        mode = args.plan.budget_enforcement.mode
        super().__init__("mizan:components:BudgetEnforcer", name, {"mode": mode.value if mode else None}, opts)
        made: list[pulumi.Resource] = []
        for body in budget_enforcer(args.plan):
            team = args.teams.get(body["metadata"].get("namespace", ""))
            needed = [*args.namespace, *made, *([team] if team is not None else [])]
            one = resource(name, body, pulumi.ResourceOptions(parent=self, depends_on=needed))
            # Rights of one team wait for no other team's.
            if team is None:
                made.append(one)
        self.register_outputs({})
