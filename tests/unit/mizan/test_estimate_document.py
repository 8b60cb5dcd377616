"""The estimate for programs: keys that stay, money as text, and nothing that changes by itself."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given

from mizan.estimate import NoteKind, Size, estimate, judge
from mizan.estimate.compare import compare
from mizan.estimate.render import Against, document
from mizan.plan import build_plan
from tests.builders import PROJECT, TODAY, a_config, a_plan, shipped_stack
from tests.estimates import (
    a_commitment,
    a_company_stack,
    a_note,
    a_pool_cost,
    a_price,
    a_stack_cost,
    an_estimate,
    an_exceeded_budget,
    an_offer,
    the_company_before,
)
from tests.strategies import stacks


def of_company() -> dict[str, Any]:
    plan, before = a_plan(a_company_stack(), stack="prod"), estimate(a_plan(the_company_before(), stack="prod"))
    whole = estimate(plan)
    return document(whole, judge(plan, whole), Against(name="main", before=before, comparison=compare(before, whole)))


def keys(value: Any) -> set[str]:
    """Every key at any depth; those of commitments are names, not keys."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    if not isinstance(value, dict):
        return set()
    below = (keys(item) for key, item in value.items() if not (key == "commitments" and isinstance(item, dict)))
    return set(value).union(*below)


def test_its_keys_stay():
    told = document(an_estimate(commitments=(a_commitment(),)), (an_exceeded_budget(),))
    assert " ".join(told) == (
        "version currency hoursPerMonth usdPerMonth usdPerHour isDerived isSplitDerived derivedParts "
        "oldestPrice newestPrice isStale parts savings stacks pools teams capacityTypes commitments budgets notes "
        "comparison"
    )
    assert {part: " ".join(told[part][0]) for part in ("stacks", "pools", "teams", "capacityTypes")} == {
        "stacks": "name cloud cluster provider region controlPlane isControlPlaneDerived prometheusDisk rates "
        "oldestPrice newestPrice",
        "pools": "stack name machine gpu gpusPerNode maxNodes expectedNodes undoneNodes hoursPerWeek "
        "utilisationPercent diskGib usdPerMonth parts isDerived isSplitDerived derivedParts isStale onDemand savings "
        "offers leftOut",
        "teams": "kind name usdPerMonth parts pools isDerived derivedParts",
        "capacityTypes": "capacityType maxNodes expectedNodes usdPerMonth parts isDerived derivedParts",
    }
    assert {part: " ".join(told[part][0]) for part in ("commitments", "budgets", "notes")} == {
        "commitments": "stack name kind machine nodes usdPerHour discount source asOf basis isStale until paid "
        "isDerived expected maximum",
        "budgets": "subject stack name level on budget advisoryPercent spent isDerived costliest changes together",
        "notes": "kind stack about text",
    }
    assert " ".join(told["pools"][0]["offers"][0]) == (
        "name capacityType minNodes maxNodes expectedNodes lostShare isFeasible commitments price usdPerMonth parts "
        "isDerived isSplitDerived derivedParts isStale"
    )


def test_every_key_is_told_on_its_page():
    page = (PROJECT / "docs" / "reference" / "estimate-json.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([A-Za-z]+)`", page))
    assert keys(of_company()) - told == set()


def test_the_page_tells_the_version_and_what_changed_its_meaning():
    page = (PROJECT / "docs" / "reference" / "estimate-json.md").read_text(encoding="utf-8")
    version = document(an_estimate())["version"]
    # Raised when `minimum` began to count the nodes that are kept.
    assert version == 2
    assert f"`version` is {version}." in page
    assert f"| `version`, `currency`, `hoursPerMonth` | {version}, `USD`, 730 |" in page


def test_money_is_text_with_its_cents():
    told = document(an_estimate(), (an_exceeded_budget(),))
    assert told["usdPerMonth"] == {"minimum": "73.00", "expected": "549.50", "maximum": "2888.00"}
    assert told["usdPerHour"] == {"minimum": "0.1000", "expected": "0.7527", "maximum": "3.9562"}
    assert told["pools"][0]["offers"][0]["price"]["usdPerHour"] == "7.712134"
    assert told["budgets"][0]["budget"] == "500.00"
    assert told["savings"]["steps"][0] == {"step": "sharing", "usdPerMonth": "0.00", "isDerived": False}


def test_nodes_and_shares_are_numbers():
    offer = document(an_estimate())["pools"][0]["offers"][0]
    assert (offer["maxNodes"], offer["expectedNodes"], offer["lostShare"]) == (2, 0.75, 0.1449)


def test_it_survives_json_as_it_is():
    told = of_company()
    assert json.loads(json.dumps(told)) == told


def test_a_comparison_tells_what_was_and_what_is_gone():
    told = of_company()["comparison"]
    assert told["with"] == "main"
    gone = next(line for line in told["lines"] if line["name"] == "old")
    assert (gone["kind"], gone["after"], gone["reasons"]) == ("pool", None, ["removed"])
    assert document(an_estimate())["comparison"] is None


def test_another_day_gives_the_same_document():
    def on(day):
        values = shipped_stack("local")
        return document(estimate(replace(a_plan(values), today=day)))

    assert build_plan("test", a_config()).today == TODAY
    assert on(TODAY) == on(TODAY + timedelta(days=1))


def test_a_stale_price_is_told_with_its_offer_and_not_as_a_note():
    offer = an_offer(is_stale=True)
    notes = (a_note("Old on a day.", kind=NoteKind.STALE), a_note("Stays."))
    told = document(an_estimate(pools=(a_pool_cost(offers=(offer,)),), notes=notes))
    assert [note["text"] for note in told["notes"]] == ["Stays."]
    assert told["pools"][0]["isStale"] is told["pools"][0]["offers"][0]["isStale"] is True


def test_no_path_of_one_machine_is_in_it():
    offer = an_offer(price=a_price(file="/home/somebody/stacks/own.csv"))
    told = document(an_estimate(pools=(a_pool_cost(offers=(offer,)),)))
    assert told["pools"][0]["offers"][0]["price"]["file"] == "own.csv"


def test_a_rate_keeps_every_digit():
    rate = replace(a_stack_cost().rate, usd_per_gib_hour=Decimal("4.2370E-9"))
    told = document(an_estimate(stacks=(a_stack_cost(rate=rate),)))
    assert told["stacks"][0]["rates"]["usdPerGibHour"] == "0.0000000042370"


@given(stacks())
def test_its_parts_pools_teams_and_capacity_types_add_up(values):
    told = document(estimate(a_plan(values)))

    def total(amounts: list[dict[str, str]], size: Size) -> Decimal:
        return sum((Decimal(amount[size]) for amount in amounts), Decimal(0))

    for size in Size:
        whole = Decimal(told["usdPerMonth"][size])
        assert total(list(told["parts"].values()), size) == whole
        assert total([team["usdPerMonth"] for team in told["teams"]], size) == whole
        assert total([kind["usdPerMonth"] for kind in told["capacityTypes"]], size) == whole
        pools = total([pool["usdPerMonth"] for pool in told["pools"]], size)
        shared = [told["parts"]["controlPlane"], told["parts"]["unusedCommitments"]]
        assert pools + total(shared, size) == whole
    steps = sum((Decimal(step["usdPerMonth"]) for step in told["savings"]["steps"]), Decimal(0))
    assert Decimal(told["savings"]["baseline"]) + steps == Decimal(told["usdPerMonth"]["expected"])
