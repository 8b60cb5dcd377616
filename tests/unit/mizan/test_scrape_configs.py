"""How a Prometheus without the operator reads the exporters: what our ServiceMonitors say, in its own words."""

import re

import pytest

from mizan.manifests.dcgm_monitors import relabelings
from mizan.manifests.scrape_configs import scrape_files
from tests.builders import a_plan
from tests.gke_stacks import a_gke_plan
from tests.monitoring_stacks import EXTERNAL, HELM, elsewhere, on_eks, on_gke
from tests.sharing_stacks import TURNS, a_sharing_stack


def configs(plan, exporter="dcgm-exporter"):
    return scrape_files(plan)[exporter]["scrape_configs"]


def in_snake_case(rules):
    return [{re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): rule[key] for key in rule} for rule in rules]


@pytest.mark.parametrize(
    ("plan", "exporters"),
    [
        (on_gke(), ["dcgm-exporter", "opencost", "kueue"]),
        (on_eks(), ["dcgm-exporter", "opencost", "kueue", "karpenter"]),
        (on_gke(EXTERNAL, {"install": "none"}), ["dcgm-exporter", "kueue"]),
        (on_gke({"install": "none"}), ["dcgm-exporter", "kueue"]),
        (elsewhere(EXTERNAL, HELM), ["opencost", "kueue"]),
        (a_plan(), []),
    ],
)
def test_there_is_a_file_for_each_exporter_that_the_stack_has_whoever_reads_it(plan, exporters):
    assert list(scrape_files(plan)) == exporters


@pytest.mark.parametrize("plan", [on_gke(), on_eks()])
def test_series_of_the_dcgm_exporter_keep_the_pods_they_tell_of_and_are_marked_with_what_they_count(plan):
    (config,) = configs(plan)
    assert config["honor_labels"] is True
    assert (config["scrape_interval"], config["scrape_timeout"], config["metrics_path"]) == ("30s", "10s", "/metrics")
    assert config["metric_relabel_configs"] == in_snake_case(relabelings(has_parts=False))
    assert {"action": "replace", "target_label": "mizan_series", "replacement": "gpu"} in config[
        "metric_relabel_configs"
    ]
    # Else an idle GPU, whose series has no pod, would be charged to the exporter's own.
    assert config["relabel_configs"][-2:] == [
        {"action": "labeldrop", "regex": "pod|namespace|container"},
        {"action": "replace", "target_label": "job", "replacement": "dcgm-exporter"},
    ]


def test_where_pods_share_a_gpu_their_own_parts_are_marked():
    (config,) = configs(a_gke_plan(a_sharing_stack("gke", TURNS)))
    assert config["metric_relabel_configs"] == in_snake_case(relabelings(has_parts=True))
    assert config["metric_relabel_configs"][-1]["replacement"] == "process"


def test_targets_are_the_running_pods_behind_one_port_of_the_service():
    (config,) = configs(on_eks())
    assert config["kubernetes_sd_configs"] == [{"role": "endpointslice", "namespaces": {"names": ["gpu-operator"]}}]
    app, port, ended = config["relabel_configs"][:3]
    assert app == {
        "action": "keep",
        "source_labels": ["__meta_kubernetes_service_label_app", "__meta_kubernetes_service_labelpresent_app"],
        "regex": "(nvidia-dcgm-exporter);true",
    }
    assert port == {
        "action": "keep",
        "source_labels": ["__meta_kubernetes_endpointslice_port_name"],
        "regex": "gpu-metrics",
    }
    assert (ended["action"], ended["source_labels"]) == ("drop", ["__meta_kubernetes_pod_phase"])
    labels = {rule.get("target_label") for rule in config["relabel_configs"]} - {None}
    assert labels == {"node", "pod", "namespace", "service", "container", "job", "endpoint"}


def test_a_label_of_a_service_is_named_as_prometheus_names_it():
    (config,) = configs(on_gke())
    assert config["relabel_configs"][0]["source_labels"] == [
        "__meta_kubernetes_service_label_app_kubernetes_io_name",
        "__meta_kubernetes_service_labelpresent_app_kubernetes_io_name",
    ]


def test_kueue_is_asked_as_prometheus_own_account():
    (config,) = configs(on_gke(), "kueue")
    assert config["scheme"] == "https"
    assert config["tls_config"] == {"insecure_skip_verify": True}
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert config["authorization"] == {"credentials_file": token}
    assert "honor_labels" not in config


def test_opencost_keeps_the_nodes_it_tells_of_and_what_it_tells_twice_is_dropped():
    (config,) = configs(on_gke(), "opencost")
    assert config["honor_labels"] is True
    assert config["kubernetes_sd_configs"][0]["namespaces"] == {"names": ["mizan-monitoring"]}
    (drop,) = config["metric_relabel_configs"]
    assert (drop["action"], drop["source_labels"]) == ("drop", ["__name__"])
    assert re.fullmatch(drop["regex"], "kube_pod_labels")
    assert not re.fullmatch(drop["regex"], "node_total_hourly_cost")
    assert config["relabel_configs"][1]["regex"] == "http"
