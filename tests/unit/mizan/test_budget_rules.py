"""What a stack may say of the enforcement of budgets and their exceptions, and what of it is refused."""

from datetime import date, timedelta

import pytest

from mizan.budgets.model import Mode
from tests.budget_stacks import EXCEPTION, with_budgets
from tests.builders import TODAY, a_config, an_existing_stack, faults_of, with_value
from tests.monitoring_stacks import EXTERNAL, existing_stack, local_stack


@pytest.mark.parametrize("mode", [mode.value for mode in Mode if mode is not Mode.NONE])
def test_enforcement_without_anybody_who_measures_is_refused(mode):
    (fault,) = faults_of(with_budgets(an_existing_stack(), mode=mode))
    assert fault == (
        f"mizan:budgetEnforcement.mode: {mode}; needs `addons.prometheus` because what a team has spent is told by "
        "Prometheus, and this stack has none. Write `prometheus: {install: helm}`, or `mode: none`."
    )


@pytest.mark.parametrize(
    "stack",
    [
        with_budgets(an_existing_stack()),
        with_budgets(an_existing_stack(), mode="none"),
        with_budgets(existing_stack(EXTERNAL), mode="hold"),
        # `make up` starts a Prometheus beside the embedded cluster.
        with_budgets(local_stack(), mode="hold"),
    ],
    ids=["not asked for", "none", "external", "local"],
)
def test_enforcement_is_taken_where_it_can_know_what_is_spent_or_is_not_asked_for(stack):
    assert a_config(stack).teams[0].budget is not None


@pytest.mark.parametrize("mode", ["Hold", "off", "warn", True])
def test_a_mode_is_one_of_four(mode):
    (fault,) = faults_of(with_budgets(local_stack(), mode=mode))
    assert "needs 'none', 'dry-run', 'hold' or 'hold-and-drain' because a held queue stops people" in fault


def test_an_exception_has_an_owner_an_end_and_a_reason():
    for key in ("owner", "until", "reason"):
        budget = {"usdPerMonth": 10, "exceptions": [{name: text for name, text in EXCEPTION.items() if name != key}]}
        (fault,) = faults_of(with_budgets(local_stack(), budget))
        assert fault.startswith(f"mizan:teams[0].budget.exceptions[0].{key}: nothing; needs a value because ")


@pytest.mark.parametrize("day", ["2026-12-31", "2026-12-31 00:00:00 +0000 UTC", date(2026, 12, 31)])
def test_an_exception_ends_on_a_day_as_yaml_or_pulumi_writes_it(day):
    stack = with_value(with_budgets(local_stack()), "teams[0].budget.exceptions[0].until", day)
    (exception,) = a_config(stack).teams[0].budget.exceptions
    assert exception.until == date(2026, 12, 31)


def test_an_exception_that_has_ended_may_stay_in_the_file():
    stack = with_value(with_budgets(local_stack()), "teams[0].budget.exceptions[0].until", "2020-01-31")
    assert a_config(stack).teams[0].budget.exceptions[0].until == date(2020, 1, 31)


def test_an_exception_that_ends_in_years_has_no_end():
    last = TODAY + timedelta(days=400)
    path = "teams[0].budget.exceptions[0].until"
    assert a_config(with_value(with_budgets(local_stack()), path, last.isoformat()))
    for day in ((last + timedelta(days=1)).isoformat(), date(9999, 12, 31)):
        (fault,) = faults_of(with_value(with_budgets(local_stack()), path, day))
        assert fault == (
            f"mizan:{path}: {day}; needs {last} at the latest because an exception without an end is a budget that is "
            "none. Write an earlier day, or raise `usdPerMonth`."
        )


def test_an_exception_is_told_once():
    (fault,) = faults_of(with_budgets(local_stack(), {"usdPerMonth": 10, "exceptions": [EXCEPTION, EXCEPTION]}))
    assert fault.startswith("mizan:teams[0].budget.exceptions[1]: an exception that is there already; needs each once")


@pytest.mark.parametrize("key", ["owner", "reason"])
@pytest.mark.parametrize("text", ["   ", "x\x1b[2J", "a\nb", "x" * 201])
def test_who_answers_for_an_exception_and_why_is_a_line_that_a_terminal_can_show(key, text):
    (fault,) = faults_of(with_value(with_budgets(local_stack()), f"teams[0].budget.exceptions[0].{key}", text))
    assert fault.startswith(f"mizan:teams[0].budget.exceptions[0].{key}: ")
    assert "\x1b" not in fault


@pytest.mark.parametrize("image", ["user:hunter2@h/p", "{{x}}", "-", "a\x00b", "a b", "x" * 513])
def test_what_is_no_image_is_refused(image):
    (fault,) = faults_of(local_stack() | {"budgetEnforcement": {"image": image}})
    assert fault.startswith("mizan:budgetEnforcement.image: ")


@pytest.mark.parametrize("image", ["python:3.13-slim", f"mirror.example.com:5000/a/b_c:1@sha256:{'0' * 64}"])
def test_images_of_mirrors_are_taken(image):
    stack = local_stack() | {"budgetEnforcement": {"image": image}}
    assert a_config(stack).budget_enforcement.image == image


def test_the_budget_of_a_stack_has_no_exceptions_that_nobody_would_read():
    (fault,) = faults_of(local_stack() | {"budget": {"usdPerMonth": 10**6, "exceptions": [EXCEPTION]}})
    assert fault.startswith("mizan:budget.exceptions: unknown key; needs a known key")
