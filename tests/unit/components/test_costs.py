"""What a preview says of dollars: the estimate always, a warning near the budget, and an end above it."""

import pulumi
import pytest

from components.platform import GpuPlatform, GpuPlatformArgs
from mizan.estimate import estimate
from mizan.estimate.render import short_table, summary
from tests import mocks
from tests.builders import a_plan, a_stack, a_team


@pytest.fixture
def platform(monkeypatch):
    """Build a stack's platform: what was logged by level, what was registered, and the platform."""

    def build(**changes):
        said = {"info": [], "warn": []}
        for level, texts in said.items():
            monkeypatch.setattr(pulumi.log, level, lambda text, _=None, texts=texts: texts.append(text))
        monkeypatch.setenv("MIZAN_KUBECONFIG", "/home/kubeconfig")
        plan = a_plan(a_stack(**changes))
        made = []
        registered = mocks.deploy(lambda: made.append(GpuPlatform("mizan", GpuPlatformArgs(plan=plan))))
        return plan, said, registered, made[0]

    return build


def test_a_preview_shows_the_estimate_and_hands_it_on(platform):
    plan, said, _, made = platform()
    figures = estimate(plan)
    assert said["info"] == [short_table(figures)]
    assert made.estimate == summary(figures)
    assert [text for text in said["warn"] if "budget" in text] == []


def test_near_the_budget_a_preview_warns(platform):
    _, said, registered, _ = platform(budget={"usdPerMonth": 12_000})
    (told,) = [text for text in said["warn"] if "budget" in text]
    assert told.startswith("stack test: $9,964.96 a month expected, 83.0 % of its budget of $12,000.00. Most")
    assert len(registered) > 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"budget": {"usdPerMonth": 9_000}},
            "budget: stack test: $9,964.96 a month expected, 110.7 % of its",
        ),
        (
            {"budget": {"usdPerMonth": 22_000, "on": "maximum"}},
            "budget: stack test: $22,088.92 a month at maximum, 100.4 % of its budget of $22,000.00.",
        ),
        ({"teams": [a_team(budget={"usdPerMonth": 100})]}, "budget: team team-a: $9,891.96 a month expected"),
    ],
)
def test_above_a_budget_nothing_is_registered_and_what_would_fit_is_told(platform, changes, told):
    with pytest.raises(pulumi.RunError) as caught:
        platform(**changes)
    assert str(caught.value).startswith(told)
    assert "Each of these fits" in str(caught.value) or "together" in str(caught.value)
    assert str(caught.value).endswith(
        "needs to stay within its budgets because a bill is easier to stop before the machines run. Make one of these "
        "changes, or raise `usdPerMonth`."
    )
