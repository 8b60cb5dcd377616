"""The groups of a plan: every series has its rule, its cluster and its labels."""

import re

import pytest

from mizan.manifests import dcgm_monitors
from mizan.metrics import kube_state, names, usage
from mizan.metrics.dcgm import COUNTERS
from mizan.metrics.groups import COST_GROUP, CROSSCHECK_GROUP, recording_groups, rules_file
from mizan.metrics.rule import Alert, Group
from mizan.metrics.selector import Source
from mizan.metrics.series import Kind
from tests.builders import a_plan, a_stack
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan
from tests.sharing_stacks import DEVICES, LAYOUT, TURNS, a_sharing_stack, kept

SOURCE = Source(cluster="c1", label="k8s_cluster")
PLANS = {
    "local": lambda: a_plan(a_stack(jobs=[])),
    "gke": a_gke_plan,
    "eks": an_eks_plan,
    "mig": lambda: a_plan(a_sharing_stack("local", LAYOUT)),
    "turns": lambda: a_plan(a_sharing_stack("local", TURNS)),
    "claims": lambda: a_plan(a_sharing_stack("local", DEVICES, capacity=kept())),
}
READ = {*kube_state.SERIES, *(counter.field for counter in COUNTERS), "node_total_hourly_cost"}
OURS = {series.name for series in names.ALL}


def rules_of(plan, source=SOURCE):
    return [rule for group in recording_groups(plan, source) for rule in group.rules]


@pytest.fixture(params=PLANS)
def plan(request):
    return PLANS[request.param]()


def test_every_series_has_a_rule_and_every_rule_a_series(plan):
    assert {rule.series.name for rule in rules_of(plan)} == OURS
    assert len(OURS) == len(names.ALL)


def test_dollars_are_in_one_group_so_that_they_are_of_one_moment(plan):
    cost, crosscheck = recording_groups(plan, SOURCE)
    assert (cost.name, cost.interval_seconds) == (COST_GROUP, 30)
    assert crosscheck.name == CROSSCHECK_GROUP
    assert {rule.series for rule in crosscheck.rules} == {names.OPENCOST_PRICE, names.OPENCOST_RATIO}


def test_a_rule_reads_only_what_the_rules_before_it_wrote_but_its_own_past(plan):
    written = set()
    for rule in rules_of(plan):
        read = {name for name in OURS if re.search(rf"\b{name}\b", rule.expr)} - {rule.record}
        # The moment of the evaluation before is what it reads on purpose.
        assert read - written <= {names.EVALUATED.name}, rule.record
        written.add(rule.record)


def test_every_rule_says_whose_it_is(plan):
    documents = [
        rule for group in rules_file(recording_groups(plan, SOURCE), SOURCE)["groups"] for rule in group["rules"]
    ]
    assert {rule["labels"]["cluster"] for rule in documents} == {"c1"}


def test_every_label_that_a_rule_writes_is_one_of_its_series(plan):
    for rule in rules_of(plan):
        assert set(rule.labels) <= set(rule.series.labels), rule.record


def test_every_selector_names_its_cluster_where_several_lie_in_one_store(plan):
    for rule in rules_of(plan):
        found = re.findall(rf"\b({'|'.join(sorted(READ | OURS, key=len, reverse=True))})\b(\{{[^}}]*\}})?", rule.expr)
        assert found or rule.series is names.EVALUATED, rule.record
        for name, matchers in found:
            wanted = '{cluster="c1"' if name in OURS else '{k8s_cluster="c1"'
            assert matchers.startswith(wanted), (rule.record, name)


def test_no_rule_reads_what_is_in_no_list_of_what_must_be_there(plan):
    for rule in rules_of(plan):
        told = set(
            re.findall(
                r"\b(?:kube_[a-z_]+|DCGM_\w+|node_total\w+|mizan_[a-z_]+|gpu_[a-z_]+_(?:hourly|total))\b", rule.expr
            )
        )
        assert told - {usage.SERIES} <= READ | OURS, rule.record


def test_every_kubernetes_label_that_a_rule_reads_is_one_that_kube_state_metrics_is_asked_for(plan):
    asked = {kube_state.label_of(key) for allowed in kube_state.LABELS.values() for key in allowed}
    for rule in rules_of(plan):
        assert set(re.findall(r"\blabel_[a-z0-9_]+\b", rule.expr)) - {"label_join", "label_replace"} <= asked, (
            rule.record
        )


def test_the_flag_of_kube_state_metrics_lists_labels_one_by_one():
    flag = kube_state.labels_allowlist()
    assert flag.startswith("namespaces=[cost-center,team,project,mizan.dev/stack],nodes=[mizan.dev/pool,")
    assert (
        "pods=[cost-center,team,workload-type,kueue.x-k8s.io/local-queue-name,kueue.x-k8s.io/queue-name,spot-eligible]"
        in flag
    )
    assert "*" not in flag


def test_only_counters_end_in_total():
    assert all((series.kind is Kind.COUNTER) == series.name.endswith("_total") for series in names.ALL)


def test_the_label_by_which_series_of_dcgm_are_told_apart_is_the_monitors_own():
    written = {"targetLabel": usage.SERIES, "replacement": usage.PROCESS}
    (monitor,) = dcgm_monitors.own_monitors(shared_on_gke())
    (endpoint,) = monitor["spec"]["endpoints"]
    assert any(rule.items() >= written.items() for rule in endpoint["metricRelabelings"])


def shared_on_gke():
    stack = a_sharing_stack("gke", TURNS)
    addons = {"kueue": {"install": "helm"}, "dcgmExporter": {"serviceMonitor": True}}
    return a_gke_plan(stack | {"addons": addons})


def test_a_file_of_rules_is_what_prometheus_reads():
    alert = Alert(name="Idle", expr="up == 0", severity="warning", for_seconds=300, annotations={"summary": "idle"})
    group = Group(name="alerts", interval_seconds=60, rules=(alert,))
    assert rules_file((group,), SOURCE) == {
        "groups": [
            {
                "name": "alerts",
                "interval": "60s",
                "rules": [
                    {
                        "alert": "Idle",
                        "expr": "up == 0",
                        "for": "300s",
                        "labels": {"cluster": "c1", "severity": "warning"},
                        "annotations": {"summary": "idle"},
                    }
                ],
            }
        ]
    }
