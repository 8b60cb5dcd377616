"""What a person reads who has passed a budget: where it stands, how far, what costs most, and what would fit."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mizan.config import Places, places_in
from mizan.errors import PlatformError
from mizan.estimate import BudgetLevel, BudgetSubject, Change
from mizan.estimate.render import BudgetsExceeded, warning
from tests.estimates import a_verdict, an_exceeded_budget

STANDS = "549.50 of 500.00 (109.9 %) at expected size, US dollars a month"
RULE = "needs to stay within its budget because a bill is easier to stop before the machines run."


@pytest.fixture
def places(tmp_path):
    """A file in which a stack and its second team have a budget."""
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(
        "config:\n  mizan:budget:\n    usdPerMonth: 500\n  mizan:teams:\n    - name: a\n    - name: b\n"
        "      budget: {usdPerMonth: 500}\n"
    )
    return places_in(file)


def told(places, *verdicts):
    return str(BudgetsExceeded(verdicts, {"prod": places})).splitlines()


def test_an_exceeded_budget_is_told_with_file_and_line_and_a_line_for_each_change(places, tmp_path):
    changes = [Change(text=text, usd_per_month=Decimal(usd)) for text, usd in (("this", "450.00"), ("that", "420.00"))]
    assert told(places, an_exceeded_budget(changes=tuple(changes))) == [
        (
            f"{tmp_path}/Pulumi.prod.yaml:2: mizan:budget: stack prod: {STANDS}; "
            f"{RULE} Make one of these changes, or raise `usdPerMonth`."
        ),
        "  Costs most: a100 476.50.",
        "  Enough by itself: this (then 450.00).",
        "  Enough by itself: that (then 420.00).",
    ]


def test_a_budget_that_no_file_is_known_for_names_its_stack():
    first, *_ = told(Places(), an_exceeded_budget())
    assert first.startswith("stack prod: mizan:budget: stack prod: 549.50 of 500.00 ")
    assert first.endswith(f"; {RULE} Make this change, or raise `usdPerMonth`.")


def test_where_nothing_fits_only_a_higher_budget_does(places):
    first, *lines = told(places, an_exceeded_budget(changes=(), costliest=()))
    assert first.endswith(f"; {RULE} Raise `usdPerMonth`.")
    assert lines == [
        "  No smaller pools are enough with the jobs that there are, only fewer pools, capacity types or kept nodes."
    ]


def test_where_commitments_are_too_much_already_that_is_told(places):
    verdict = an_exceeded_budget(changes=(), costliest=(), fixed=Decimal("500.01"))
    assert told(places, verdict)[1:] == [
        "  No change of the pools is enough: commitments and the cluster alone are 500.01."
    ]
    assert told(places, replace(verdict, is_fixed_derived=True))[1].endswith(" are 500.01*.")


def test_a_team_that_nothing_helps_has_too_many_quotas(places):
    verdict = an_exceeded_budget(subject=BudgetSubject.TEAM, name="b", changes=(), costliest=())
    assert told(places, verdict)[1:] == [
        "  No smaller quotas are enough with the jobs that there are, only fewer quotas."
    ]


def test_what_several_pools_must_do_together_is_one_change_in_numbered_steps(places):
    both = (Change(text="less", usd_per_month=Decimal(520)), Change(text="even less", usd_per_month=Decimal(450)))
    first, _, *steps = told(places, an_exceeded_budget(changes=(), together=both))
    assert first.endswith(" Make this change, or raise `usdPerMonth`.")
    assert steps == [
        "  No change of one pool is enough; all of these together are:",
        "  1 of 2: less (then 520.00).",
        "  2 of 2: even less (then 450.00).",
    ]


def test_of_many_steps_the_first_are_told_and_where_all_of_them_are(places):
    many = tuple(Change(text=f"step {index}", usd_per_month=Decimal(450)) for index in range(1, 13))
    _, _, _, *steps, last = told(places, an_exceeded_budget(changes=(), together=many))
    assert steps[-1] == "  10 of 12: step 10 (then 450.00)."
    assert (len(steps), last) == (10, "  All steps: `mizan estimate -s prod --format json`.")


def test_a_team_s_budget_has_the_line_of_the_team_s_own(places, tmp_path):
    team = an_exceeded_budget(subject=BudgetSubject.TEAM, name="b", path=("teams", 1, "budget"))
    first, *_ = told(places, an_exceeded_budget(), team)[3:]
    assert first.startswith(f"{tmp_path}/Pulumi.prod.yaml:7: mizan:teams[1].budget: team b: 549.50 of 500.00 ")


def test_of_many_budgets_each_has_a_line_and_only_the_first_are_told_in_full(places):
    teams = [an_exceeded_budget(subject=BudgetSubject.TEAM, name=f"t{index}") for index in range(12)]
    lines = told(places, *teams)
    assert len(lines) == 10 * 3 + 2
    assert lines[-1].split(": ", 2)[2] == (
        f"team t11: {STANDS}; {RULE} Raise `usdPerMonth`, or make a change that `mizan estimate -s prod` names."
    )


def test_it_ends_a_command_as_a_finding_and_not_as_bad_input():
    error = BudgetsExceeded([an_exceeded_budget()], {"prod": Places()})
    assert isinstance(error, PlatformError)
    assert error.exit_code == 1


def test_a_budget_that_is_nearly_used_up_is_told_with_its_place(places, tmp_path):
    sentence = "Budget of stack prod: 549.50 of 1,000.00 (55.0 %) at expected size: advisory."
    assert warning(a_verdict(level=BudgetLevel.ADVISORY), places).splitlines() == [
        f"{tmp_path}/Pulumi.prod.yaml:2: {sentence}",
        "  Costs most: a100 476.50.",
    ]
