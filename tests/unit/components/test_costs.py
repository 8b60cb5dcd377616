"""What a preview says of dollars: the estimate always, a warning near the budget, and an end above it."""

import pulumi
import pytest

from components.platform import GpuPlatform, GpuPlatformArgs
from mizan.config import Places, places_in
from mizan.estimate import estimate
from mizan.estimate.render import short_table, summary
from tests import mocks
from tests.builders import a_plan, a_stack, a_team


@pytest.fixture
def platform(monkeypatch):
    """Build a stack's platform: what was logged by level, what was registered, and the platform."""

    def build(places=None, **changes):
        said = {"info": [], "warn": []}
        for level, texts in said.items():
            monkeypatch.setattr(pulumi.log, level, lambda text, _=None, texts=texts: texts.append(text))
        monkeypatch.setenv("MIZAN_KUBECONFIG", "/home/kubeconfig")
        plan = a_plan(a_stack(**changes))
        args = GpuPlatformArgs(plan=plan, places=places or Places())
        made = []
        registered = mocks.deploy(lambda: made.append(GpuPlatform("mizan", args)))
        return plan, said, registered, made[0]

    return build


def test_a_preview_shows_the_estimate_and_hands_it_on(platform):
    plan, said, _, made = platform()
    figures = estimate(plan)
    assert said["info"] == [short_table(figures)]
    assert made.estimate == summary(figures)
    assert [text for text in said["warn"] if "udget" in text] == []


def test_near_the_budget_a_preview_warns(platform):
    _, said, registered, _ = platform(budget={"usdPerMonth": 12_000})
    (told,) = [text for text in said["warn"] if "udget" in text]
    first, second = told.splitlines()
    assert first == "stack test: Budget of stack test: 9,964.96 of 12,000.00 (83.0 %) at expected size: advisory."
    assert second == "  Costs most: a100 9,891.96."
    assert len(registered) > 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"budget": {"usdPerMonth": 9_000}},
            "stack test: mizan:budget: stack test: 9,964.96 of 9,000.00 (110.7 %) at expected size, US dollars",
        ),
        (
            {"budget": {"usdPerMonth": 22_000, "on": "maximum"}},
            "stack test: mizan:budget: stack test: 22,088.92 of 22,000.00 (100.4 %) at maximum size, US dollars",
        ),
        (
            {"teams": [a_team(budget={"usdPerMonth": 100})]},
            "stack test: mizan:teams[0].budget: team team-a: 9,891.96 of 100.00 (9,892.0 %) at expected size, ",
        ),
    ],
)
def test_above_a_budget_nothing_is_registered_and_what_would_fit_is_told(platform, changes, told):
    with pytest.raises(pulumi.RunError) as caught:
        platform(**changes)
    first, costliest, *changes = str(caught.value).splitlines()
    assert first.startswith(told)
    assert first.endswith(", or raise `usdPerMonth`.")
    assert costliest.startswith("  Costs most: a100 ")
    assert changes
    assert all(
        line.startswith(("  Enough by itself: ", "  No change of one pool is enough; ", "  1 of ", "  2 of "))
        for line in changes
    )


def test_a_budget_that_stands_in_the_stack_s_file_is_told_with_file_and_line(platform, tmp_path):
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text("config:\n  mizan:budget: {usdPerMonth: 9000}\n")
    with pytest.raises(pulumi.RunError) as caught:
        platform(places_in(file), budget={"usdPerMonth": 9_000})
    assert str(caught.value).startswith(f"{file}:2: mizan:budget: stack test: 9,964.96 of 9,000.00 (110.7 %) ")
