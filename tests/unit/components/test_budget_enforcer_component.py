"""The budget enforcer under mocks: what render prints, after what it refers to."""

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.cost.budget_enforcer import BudgetEnforcer, BudgetEnforcerArgs
from components.tenants.team import Team, TeamArgs
from mizan.manifests.budget_enforcer import budget_enforcer
from tests.budget_stacks import a_budget_plan, plans
from tests.unit.components.test_eks import before
from tests.unit.components.test_platform import in_order

PLANS = plans()


@pytest.fixture
def registered(deploy):
    def make(plan):
        def program() -> None:
            provider = k8s.Provider("cluster", context="test")
            opts = pulumi.ResourceOptions(providers={"kubernetes": provider})
            own = k8s.core.v1.Namespace("own", opts=pulumi.ResourceOptions(provider=provider))
            machines = tuple(offer.machine for offer in plan.offers)
            queues = {queue.name: provider for queue in plan.queues}
            teams = {
                team.namespace: Team(
                    team.namespace,
                    TeamArgs(team=team, stack=plan.stack, machines=machines, cluster_queues=queues),
                    opts,
                )
                for team in plan.teams
            }
            BudgetEnforcer("b", BudgetEnforcerArgs(plan=plan, teams=teams, namespace=(own,)), opts)

        return deploy(program)

    return make


@pytest.mark.parametrize("case", PLANS)
def test_it_registers_what_render_prints(registered, case):
    resources = [item for item in registered(PLANS[case]) if item.name.startswith("b-")]
    assert in_order(item.manifest for item in resources) == in_order(budget_enforcer(PLANS[case]))


def test_it_says_what_happens_at_100_per_cent(registered):
    (component,) = [item for item in registered(a_budget_plan()) if item.name == "b"]
    assert (component.typ, component.inputs) == ("mizan:components:BudgetEnforcer", {"mode": "hold"})


def test_the_cron_job_comes_last_and_rights_after_their_team_alone(registered):
    resources = registered(a_budget_plan())
    first = before(resources, "b-cronjob-mizan-system/mizan-budget")
    assert {
        "b-serviceaccount-mizan-system/mizan-budget",
        "b-configmap-mizan-system/mizan-budget",
        "own",
    } <= first
    rights = before(resources, "b-rolebinding-team-a/mizan-budget")
    assert "team-a-namespace-team-a" in rights
    assert "team-b-namespace-team-b" not in rights
