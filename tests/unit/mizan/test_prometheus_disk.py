"""The disk of Prometheus in an estimate: a line with its price where its kind is known, unknown where it is not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mizan.config import Budget
from mizan.estimate import NoteKind, Size, compare, estimate, judge, merged
from mizan.estimate.build import tariff_of
from mizan.estimate.counted_pools import counted_pools
from mizan.estimate.prometheus_disk import change_with
from mizan.estimate.render.document import document
from mizan.estimate.render.pool_tables import by_pool
from mizan.estimate.render.tables import by_part
from mizan.estimate.stack_changes import StackBill
from mizan.manifests.prometheus import chart_values
from mizan.metrics.disk import prometheus_disk
from mizan.prices.hosts import host_rate
from tests.builders import a_pool
from tests.gke_stacks import STACK, a_gke_plan
from tests.monitoring_stacks import EXTERNAL, HELM, elsewhere, gke_stack, locally, on_eks, on_gke

SIZED = {"storageGib": 130}
RATE = host_rate("gcp", "us-central1")


def told(plan):
    (note,) = estimate(plan).note(NoteKind.PROMETHEUS_DISK)
    return note.text


def rows(table):
    return {row.title: row.cells[-3:] for row in table.rows}


def many(nodes):
    """A stack whose pool may be so large that the computed disk is, too."""
    pool = a_pool(capacity=[{"type": "spot", "maxNodes": nodes}, {"type": "on-demand", "maxNodes": 1}])
    return a_gke_plan(gke_stack() | {"pools": [pool]}, stack=STACK)


@pytest.mark.parametrize(("plan", "usd"), [(on_gke(SIZED), "13.00"), (on_eks(SIZED), "10.40")])
def test_it_costs_the_region_s_rate_the_same_at_every_size(plan, usd):
    found = estimate(plan)
    assert [found.parts.prometheus_disk.at(size) for size in Size] == [Decimal(usd)] * 3
    assert found.total.minimum == Decimal("73.00") + Decimal(usd)
    assert rows(by_pool(found))["Prometheus disk"] == rows(by_part(found))["Prometheus disk"] == (usd, usd, usd)


def test_the_size_that_is_priced_is_the_size_that_is_claimed():
    for plan in (on_gke(), on_eks(SIZED), elsewhere(HELM), many(400)):
        spec = chart_values(plan)["prometheus"]["prometheusSpec"]["storageSpec"]["volumeClaimTemplate"]["spec"]
        assert spec["resources"]["requests"]["storage"] == f"{prometheus_disk(plan).gib}Gi"


def test_its_price_and_the_day_of_it_are_told():
    assert told(on_gke(SIZED)) == (
        "Prometheus' disk of 130 GiB is counted at $0.10 a GiB and month, of 2026-07-30, at every size. Alertmanager "
        "and Grafana have none."
    )


def test_everything_still_adds_up_to_the_cent():
    found = estimate(on_gke(SIZED))
    pools = sum(pool.total.expected for pool in found.pools)
    assert found.total.expected == pools + Decimal("73.00") + Decimal("13.00")
    assert sum(team.total.expected for team in found.teams) == found.total.expected
    assert sum(cost.total.expected for cost in found.capacity_types) == found.total.expected
    assert found.savings.expected == found.total.expected
    assert found.teams[-1].parts.prometheus_disk.expected == Decimal("13.00")
    both = merged([found, estimate(on_eks(SIZED))])
    assert both.parts.prometheus_disk.expected == Decimal("23.40")


def test_a_rate_of_another_region_is_marked():
    borrowed = replace(RATE, borrowed_from="us-east4")
    found = estimate(on_gke(SIZED), borrowed)
    assert found.parts.derived.prometheus_disk
    assert found.is_derived_at(Size.MINIMUM)
    assert rows(by_pool(found))["Prometheus disk *"] == ("13.00", "13.00", "13.00")
    (note,) = found.note(NoteKind.PROMETHEUS_DISK)
    assert "is counted at $0.10 (derived) a GiB and month" in note.text
    assert not estimate(on_gke(SIZED), RATE).parts.derived.prometheus_disk


@pytest.mark.parametrize(
    ("plan", "of"),
    [
        (on_gke(SIZED | {"storageClass": "fast"}), "StorageClass fast"),
        (on_eks(SIZED | {"storageClass": "fast"}), "StorageClass fast"),
        (elsewhere(HELM | SIZED), "the cluster's own StorageClass"),
    ],
)
def test_a_disk_of_an_unknown_kind_is_unknown_and_never_zero(plan, of):
    found = estimate(plan)
    assert rows(by_pool(found))["Prometheus disk"] == ("unknown", "unknown", "unknown")
    assert rows(by_part(found))["Prometheus disk"] == ("unknown", "unknown", "unknown")
    assert told(plan) == (
        f"What Prometheus' disk of 130 GiB costs is unknown, and in no total: no price of {of} is known."
    )
    (stack,) = document(found)["stacks"]
    assert stack["prometheusDisk"]["usdPerMonth"] is stack["prometheusDisk"]["usdPerGibMonth"] is None
    assert stack["prometheusDisk"]["gib"] == 130


@pytest.mark.parametrize("plan", [elsewhere(), elsewhere(EXTERNAL), locally()])
def test_a_stack_that_installs_no_prometheus_has_no_line_of_it(plan):
    found = estimate(plan)
    assert "Prometheus disk" not in rows(by_pool(found)) | rows(by_part(found))
    assert found.note(NoteKind.PROMETHEUS_DISK) == ()
    assert document(found)["stacks"][0]["prometheusDisk"] is None


def test_the_document_has_size_price_and_whether_it_is_derived():
    (stack,) = document(estimate(on_gke(SIZED)))["stacks"]
    assert stack["prometheusDisk"] == {
        "gib": 130,
        "storageClass": None,
        "usdPerGibMonth": "0.1",
        "usdPerMonth": {"minimum": "13.00", "expected": "13.00", "maximum": "13.00"},
        "isDerived": False,
    }


@pytest.mark.parametrize(
    ("before", "after", "usd", "reasons"),
    [
        (SIZED, {"storageGib": 200}, ("13.00", "20.00"), ("130 -> 200 GiB",)),
        (SIZED, SIZED, ("13.00", "13.00"), ()),
        (
            SIZED,
            SIZED | {"storageClass": "fast"},
            ("13.00", None),
            ("storageClass none -> fast", "$0.10 -> unknown a GiB and month"),
        ),
        ({"install": "none"}, SIZED, (None, "13.00"), ("added",)),
        (SIZED, {"install": "none"}, ("13.00", None), ("removed",)),
    ],
)
def test_a_comparison_says_why_another_disk_is_paid(before, after, usd, reasons):
    found = compare(estimate(on_gke(before)), estimate(on_gke(after)))
    (line,) = [line for line in found.lines if line.kind == "prometheus-disk"]
    sizes = tuple(None if each is None else str(each.expected) for each in (line.before, line.after))
    assert (sizes, line.reasons) == (usd, reasons)
    assert sum(each.difference.expected for each in found.lines) == found.difference.expected


def test_stacks_without_one_have_no_line_of_it_to_compare():
    found = compare(estimate(elsewhere()), estimate(elsewhere(EXTERNAL)))
    assert [line.kind.value for line in found.lines] == ["pool", "control-plane"]


def test_what_a_change_costs_counts_the_smaller_disk_with_it():
    plan = many(400)
    expected = estimate(plan)
    tariff = tariff_of(plan)
    budget = Budget.model_validate({"usdPerMonth": int(expected.total.maximum / 2), "on": "maximum"})
    verdict = judge(replace(plan, budget=budget), expected)[0]
    (change,) = [each for each in verdict.changes if "spot" in each.text]
    nodes = int(change.text.rpartition(" ")[2])
    assert estimate(many(nodes)).total.maximum == change.usd_per_month
    assert estimate(many(nodes)).parts.prometheus_disk.maximum < expected.parts.prometheus_disk.maximum
    bill = StackBill(plan=plan, tariff=tariff, size=Size.MAXIMUM)
    (counted,) = counted_pools(plan)
    assert bill.cost([counted]) == expected.pools[0].total.maximum
    assert change_with(plan, tariff.rate, {"a100": None}) < 0


def test_a_disk_of_a_given_size_stays_with_fewer_pools():
    assert change_with(on_gke(SIZED), RATE, {"a100": None}) == 0
    assert change_with(elsewhere(), RATE, {"a100": None}) == 0
