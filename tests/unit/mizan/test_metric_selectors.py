"""Selectors of series, and the names that kube-state-metrics makes."""

import pytest

from mizan import keys
from mizan.metrics import names
from mizan.metrics.selector import Source, differs, equals, label_of, matches, quoted, resource_of, selector


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("mizan.dev/pool", "label_mizan_dev_pool"),
        ("cost-center", "label_cost_center"),
        ("kueue.x-k8s.io/queue-name", "label_kueue_x_k8s_io_queue_name"),
        ("costCenter", "label_cost_center"),
        ("GPUModel", "label_gpumodel"),
        ("nvidia.com/gpu.product", "label_nvidia_com_gpu_product"),
    ],
)
def test_a_label_is_called_what_kube_state_metrics_calls_it(key, label):
    assert label_of(key) == label


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (keys.NVIDIA_GPU, "nvidia_com_gpu"),
        ("nvidia.com/mig-1g.5gb", "nvidia_com_mig_1g_5gb"),
        ("nvidia.com/mig-1g.10gb+me", "nvidia_com_mig_1g_10gb_me"),
        ("example.com/BigGPU", "example_com_BigGPU"),
    ],
)
def test_a_resource_keeps_its_capitals(resource, name):
    assert resource_of(resource) == name


def test_a_value_is_quoted_whatever_stands_in_it():
    assert quoted('a "b" \\ c\nd é') == '"a \\"b\\" \\\\ c\\nd é"'


def test_a_selector_has_every_matcher():
    assert selector("up") == "up"
    assert selector("up", equals("a", 'x"'), differs("b", ""), matches("c", "d|e")) == 'up{a="x\\"",b!="",c=~"d|e"}'


def test_one_cluster_s_series_need_no_label():
    source = Source(cluster="prod")
    assert source.metric("kube_pod_info") == "kube_pod_info"
    assert source.own(names.COST) == "gpu_cost_hourly"


def test_where_several_clusters_lie_together_each_selector_names_its_own():
    source = Source(cluster="prod", label="k8s_cluster")
    assert source.metric("kube_pod_info", differs("node", "")) == 'kube_pod_info{k8s_cluster="prod",node!=""}'
    assert source.own(names.COST) == 'gpu_cost_hourly{cluster="prod"}'
