"""What a rehearsal has found: counted, compared with the simulated cloud, and written down."""

import io
import json
from dataclasses import replace
from decimal import Decimal

from rich.console import Console

from local.rehearsal.store import Condition, Record
from local.rehearse import events
from local.rehearse.agreement import astray, differences, retained
from local.rehearse.machines import OutOfStock
from local.rehearse.report import Check, Report, Step, as_json, by_type, costs, show
from local.rehearse.simulated import simulated
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan

POOL = "gcp:container/nodePool:NodePool"
STACK = {
    "type": "pulumi:pulumi:Stack",
    "urn": "urn:stack",
    "outputs": {"estimate": {"usdPerMonth": {"minimum": "73.00", "expected": "250.50", "maximum": "1234567.00"}}},
}
REPORT = Report(
    stack="gke-dev",
    cloud="Google Cloud",
    region="us-central1",
    resources={"gcp:container/cluster:Cluster": 1, POOL: 2},
    checks=(Check(claim="A second update changes nothing", is_met=True, detail="57 unchanged"),),
    simulated=("Google Cloud. No API is called.",),
    steps=(Step(title="The first update", seconds=31.26), Step(title="The destroy", seconds=8.0)),
    usd_per_month={"minimum": Decimal("73.00"), "expected": Decimal("250.50"), "maximum": Decimal("1234567.00")},
)
FAILED = replace(REPORT, checks=(*REPORT.checks, Check(claim="The cluster is empty", is_met=False, detail="node a-1")))


def a_pool(identity="spot", **changes):
    values = {"type": POOL, "id": identity, "urn": f"urn:{identity}", "condition": Condition.WHOLE}
    return Record(**{"seed": "", "created": "", "inputs": {}, "outputs": {}} | values | changes)


def in_state(identity="spot", **changes):
    return {"type": POOL, "id": identity, "urn": f"urn:{identity}", "custom": True} | changes


def printed(report):
    text = io.StringIO()
    show(Console(file=text, width=120, force_terminal=False), report)
    return text.getvalue()


def test_resources_are_counted_by_type_without_those_of_the_engine():
    state = [STACK, {"type": "pulumi:providers:gcp"}, {"type": POOL}, {"type": "kubernetes:core/v1:Namespace"}]
    assert by_type([*state, {"type": POOL}]) == {POOL: 2, "kubernetes:core/v1:Namespace": 1}


def test_dollars_are_those_of_the_stack_s_own_output():
    assert costs([STACK]) == REPORT.usd_per_month
    assert costs([]) == {}
    assert costs([{"type": "pulumi:pulumi:Stack"}]) == {}


def test_a_program_gets_numbers_and_money_as_text():
    document = json.loads(as_json(FAILED))
    assert document["isPassed"] is False
    assert document["usdPerMonth"] == {"minimum": "73.00", "expected": "250.50", "maximum": "1234567.00"}
    assert document["checks"] == [
        {"claim": "A second update changes nothing", "isMet": True, "detail": "57 unchanged"},
        {"claim": "The cluster is empty", "isMet": False, "detail": "node a-1"},
    ]
    assert document["steps"][0] == {"title": "The first update", "seconds": 31.3}
    assert (document["seconds"], document["version"], document["stack"]) == (39.3, 1, "gke-dev")
    assert json.loads(as_json(replace(REPORT, usd_per_month={})))["usdPerMonth"] is None


def test_a_person_reads_types_seconds_checks_dollars_and_what_was_not_real():
    text = printed(REPORT)
    assert "Resources of gke-dev, Google Cloud in us-central1" in text
    lines = [line.split() for line in text.splitlines()]
    assert [POOL, "2"] in lines
    assert ["all", "3"] in lines
    assert ["✓", "A", "second", "update", "changes", "nothing", "57", "unchanged"] in lines
    assert "Estimate: 250.50 USD a month expected; 73.00 with all pools at 0, 1,234,567.00 with all at their" in text
    assert "Simulated, and so no proof of anything:\n  - Google Cloud. No API is called.\n" in text
    assert text.endswith("gke-dev: 1 checks passed in 39 s\n")


def test_a_failed_check_is_marked_and_counted():
    text = printed(FAILED)
    assert ["✗", "The", "cluster", "is", "empty", "node", "a-1"] in [line.split() for line in text.splitlines()]
    assert text.endswith("gke-dev: 1 of 2 checks failed in 39 s\n")


def test_brackets_in_names_are_no_markup():
    odd = replace(REPORT, checks=(Check(claim="[red]x[/red]", is_met=True, detail="[/]"),), kept=("[bold]",))
    assert "[red]x[/red]" in printed(odd)
    assert "[bold]" in printed(odd)


def test_state_and_cloud_agree_where_each_resource_is_there_once_and_whole():
    foreign = a_pool("network", condition=Condition.FOREIGN)
    kept = a_pool("key", condition=Condition.KEPT)
    elsewhere = {"type": "kubernetes:core/v1:Namespace", "id": "team", "urn": "urn:n", "custom": True}
    component = {"type": "mizan:components:GkePools", "urn": "urn:c"}
    read = in_state("network", external=True)
    state = [STACK, in_state(), elsewhere, component, read]
    assert differences(state, [a_pool(), foreign, kept]) == []


def test_what_is_lost_left_half_made_or_doubled_is_told():
    half = a_pool("half", condition=Condition.HALF)
    told = differences([in_state("lost"), in_state("half")], [half, a_pool("left"), a_pool("again", urn="urn:left")])
    assert told == [
        f"{POOL} lost is in the state and not in the cloud",
        f"{POOL} again is in the cloud and not in the state",
        f"{POOL} left is in the cloud and not in the state",
        f"{POOL} half is half made",
        "urn:left is there 2 times",
    ]


def test_a_destroy_leaves_what_the_state_says_is_kept_and_nothing_else():
    bucket = {"type": "gcp:storage/bucket:Bucket", "id": "checkpoints", "custom": True, "retainOnDelete": True}
    in_cluster = {"type": "kubernetes:core/v1:Namespace", "id": "team", "custom": True, "retainOnDelete": True}
    kept = retained([STACK, in_state(), in_cluster, in_state("gone", retainOnDelete=False), bucket])
    assert kept == {("gcp:storage/bucket:Bucket", "checkpoints")}
    left = a_pool("checkpoints", type="gcp:storage/bucket:Bucket")
    assert astray([left], kept) == []
    assert astray([left], ()) == ["gcp:storage/bucket:Bucket checkpoints is left"]
    assert astray([a_pool("checkpoints")], kept) == [
        f"{POOL} checkpoints is left",
        "gcp:storage/bucket:Bucket checkpoints was to be kept and is gone",
    ]


def test_the_report_says_what_stood_in_for_each_cloud_and_what_was_out_of_stock():
    google, aws = simulated(a_gke_plan(), ()), simulated(an_eks_plan(), ())
    assert google[0].startswith("Google Cloud. No API of Google's is called")
    assert aws[1].startswith("Karpenter's AWS provider.")
    assert "Stock: every machine was there, in all zones." in google
    for said in (google, aws):
        assert [sentence.partition(".")[0] for sentence in said[3:8]] == [
            "Nodes and pods, by KWOK",
            "NVIDIA's device plugin and operator",
            "NVIDIA's charts",
            "The cluster's version",
            "Signing in",
        ]
        assert "The identity that logs in. It is the cluster's administrator" in said[8]
    gone = frozenset({OutOfStock(machine="p4d.24xlarge", zone=None)})
    assert "Stock: there was none of p4d.24xlarge, as it was told." in simulated(an_eks_plan(), gone)


def test_errors_and_counts_are_read_from_what_pulumi_said(tmp_path):
    log = tmp_path / "events.json"
    error = "<{%reset%}>Google Cloud, simulated: GCE_STOCKOUT<{%reset%}>\n"
    said = [
        {"diagnosticEvent": {"severity": "info", "message": "made"}},
        {"diagnosticEvent": {"severity": "error", "message": error}},
        {"diagnosticEvent": {"severity": "error", "message": error}},
        {"summaryEvent": {"resourceChanges": {"same": 57, "create": 1}}},
    ]
    log.write_text("\n".join(map(json.dumps, said)) + '\n{"cut')
    assert events.errors(log) == ["Google Cloud, simulated: GCE_STOCKOUT"]
    assert events.changes(log) == {"same": 57, "create": 1}
    assert events.arguments(log) == ("--event-log", str(log))
    assert not log.exists()
    assert (events.errors(log), events.changes(log)) == ([], {})
