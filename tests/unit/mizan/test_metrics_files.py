"""What `mizan render --metrics` writes for a Prometheus and a Grafana elsewhere, and under which names."""

import dataclasses
import io
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mizan.cli.metrics_files import write_metrics_files
from mizan.config import Cluster
from mizan.errors import PlatformError
from mizan.manifests.prometheus import chart_values
from mizan.manifests.prometheus_rules import rules_files
from mizan.metrics.dashboards import dashboards
from mizan.metrics.kube_state import labels_allowlist
from mizan.metrics.queue_state import RIGHTS, queue_state
from tests.builders import PROJECT, a_plan
from tests.monitoring_stacks import EXTERNAL, elsewhere, gke_stack, on_eks, on_gke

KEYS = PROJECT / "tests" / "data" / "charts" / "kube-prometheus-stack-88.5.3.keys.txt"


def texts(folder, kind):
    return {path.name: path.read_text() for path in (folder / kind).iterdir()}


def read(text):
    return YAML(typ="safe").load(io.StringIO(text))


def values_of(plan, folder):
    write_metrics_files(plan, folder)
    alone, inside = (
        read(texts(folder, "helm")[f"{chart}-{plan.cluster_name}.yaml"])
        for chart in ("kube-state-metrics", "kube-prometheus-stack")
    )
    assert inside == {"kube-state-metrics": alone}
    return alone


def test_rules_and_dashboards_are_files_and_others_in_the_folder_stay(tmp_path):
    plan = elsewhere(EXTERNAL)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text("groups: []\n")
    write_metrics_files(plan, tmp_path)
    rules = texts(tmp_path, "rules")
    name = plan.cluster_name
    assert set(rules) == {f"mizan-costs-{name}.yaml", f"mizan-alerts-{name}.yaml", "own.yaml"}
    for each, expected in rules_files(plan).items():
        assert read(rules[f"{each}-{name}.yaml"]) == expected
    assert texts(tmp_path, "dashboards") == {f"{uid}.json": text for uid, text in dashboards(plan).items()}


def test_files_of_two_clusters_lie_in_one_folder_and_none_replaces_another(tmp_path):
    plans = [a_plan(gke_stack(), stack=name) for name in ("gke-prod", "gke-dev")]
    written = []
    for plan in plans:
        write_metrics_files(plan, tmp_path)
        written.append({path for path in tmp_path.rglob("*.yaml") if plan.cluster_name in path.name})
    names = {str(path.relative_to(tmp_path)) for path in written[0]}
    assert names == {
        "rules/mizan-costs-gke-prod.yaml",
        "rules/mizan-alerts-gke-prod.yaml",
        "scrape/dcgm-exporter-gke-prod.yaml",
        "scrape/kueue-gke-prod.yaml",
        "scrape/opencost-gke-prod.yaml",
        "helm/kube-state-metrics-gke-prod.yaml",
        "helm/kube-prometheus-stack-gke-prod.yaml",
    }
    assert len(written[1]) == len(names)
    assert set(tmp_path.rglob("*.yaml")) == written[0] | written[1]


@pytest.mark.parametrize(
    ("name", "in_files"),
    [
        (
            "arn:aws:eks:us-east-1:123456789012:cluster/prod",
            "arn%3Aaws%3Aeks%3Aus-east-1%3A123456789012%3Acluster%2Fprod",
        ),
        ("../../prod", "..%2F..%2Fprod"),
    ],
)
def test_a_cluster_whose_name_no_file_can_bear_is_written_otherwise(tmp_path, name, in_files):
    named = Cluster(kubeconfig="~/.kube/config", context="prod", name=name)
    write_metrics_files(dataclasses.replace(elsewhere(EXTERNAL), cluster=named), tmp_path / "in")
    assert f"mizan-costs-{in_files}.yaml" in texts(tmp_path / "in", "rules")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("plan", [on_gke(), on_eks()])
def test_kube_state_metrics_is_told_what_the_stack_tells_its_own(plan, tmp_path):
    assert values_of(plan, tmp_path) == chart_values(plan)["kube-state-metrics"]


def test_values_of_kube_state_metrics_are_labels_queues_and_the_right_to_read_them(tmp_path):
    told = values_of(elsewhere(EXTERNAL), tmp_path)
    assert told["metricLabelsAllowlist"] == [labels_allowlist()]
    assert told["customResourceState"] == {"enabled": True, "config": queue_state()}
    assert told["rbac"] == {"extraRules": list(RIGHTS)}


def test_the_chart_knows_every_value_of_kube_state_metrics(tmp_path):
    known = set(KEYS.read_text(encoding="utf-8").splitlines())
    told = values_of(on_eks(), tmp_path)
    paths = {f"kube-state-metrics.{key}" for key in told if not isinstance(told[key], dict) or key == "affinity"}
    below = ("customResourceState.enabled", "customResourceState.config", "rbac.extraRules")
    paths |= {f"kube-state-metrics.{path}" for path in (*below, "prometheus.monitor.http.honorLabels")}
    assert paths <= known


def everything(folder):
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_link_by_a_name_of_ours_is_replaced_and_what_it_leads_to_stays(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    rules = tmp_path / "out" / "rules"
    rules.mkdir(parents=True)
    plan = elsewhere(EXTERNAL)
    link = rules / f"mizan-costs-{plan.cluster_name}.yaml"
    link.symlink_to(precious)
    write_metrics_files(plan, tmp_path / "out")
    assert precious.read_text() == "mine"
    assert not link.is_symlink()
    assert read(link.read_text()) == rules_files(plan)["mizan-costs"]


def test_files_have_the_rights_that_the_user_s_files_get(tmp_path):
    usual = tmp_path / "usual"
    usual.write_text("")
    write_metrics_files(elsewhere(EXTERNAL), tmp_path / "out")
    assert {path.stat().st_mode for path in everything(tmp_path / "out")} == {usual.stat().st_mode}


def test_files_that_cannot_all_be_written_replace_none_and_leave_nothing(tmp_path, monkeypatch):
    plan = elsewhere(EXTERNAL)
    write_metrics_files(plan, tmp_path)
    for path in everything(tmp_path):
        path.write_text("old")
    before, opened, open_ = everything(tmp_path), [], Path.open

    def full(path, *rest, **named):
        opened.append(path)
        if len(opened) == 4:
            raise OSError(28, "No space left on device", str(path))
        return open_(path, *rest, **named)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PlatformError, match="No space left on device"):
        write_metrics_files(plan, tmp_path)
    monkeypatch.undo()
    assert len(opened) == 4
    assert everything(tmp_path) == before


@pytest.mark.parametrize("way", ["file", "file below", "folder"])
def test_a_folder_that_takes_no_files_is_bad_input_and_named(tmp_path, way):
    plan, folder = elsewhere(EXTERNAL), tmp_path / "out"
    file = folder / "rules" / f"mizan-alerts-{plan.cluster_name}.yaml"
    blocking = {"file": folder, "file below": folder / "rules", "folder": file}[way]
    if way == "folder":
        blocking.mkdir(parents=True)
    else:
        blocking.parent.mkdir(parents=True, exist_ok=True)
        blocking.write_text("")
    with pytest.raises(PlatformError) as fault:
        write_metrics_files(plan, folder)
    assert fault.value.exit_code == 2
    assert str(fault.value).startswith(f"--metrics {folder}: {folder}")
    assert everything(tmp_path) == ({} if way == "folder" else {blocking: ""})
