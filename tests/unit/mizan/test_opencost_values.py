"""OpenCost: what its chart is told, and the prices that it reads."""

import csv
import json
import re
from decimal import Decimal
from io import StringIO

import pytest

from mizan import keys
from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import site_of
from mizan.manifests.karpenter import karpenter_nodes
from mizan.manifests.opencost import chart_values, opencost
from mizan.manifests.opencost_prices import COLUMNS, prices_csv, rates
from mizan.manifests.prometheus import SERVICE, prometheus
from mizan.metrics.kube_state import SERIES
from mizan.plan.node_parts import gpu_share, host_usd_per_hour
from mizan.prices import host_rate
from tests.builders import PROJECT
from tests.monitoring_stacks import EXTERNAL, FEED, elsewhere, on_eks, on_gke, plans
from tests.unit.mizan.test_gpu_operator import written
from tests.unit.mizan.test_prometheus_values import up_to_free

KEYS = PROJECT / "tests" / "data" / "charts" / "opencost-2.5.17.keys.txt"
PLANS = plans()
HELM = {"install": "helm"}

# Keys of a mapping that the chart leaves to whoever writes them.
FREE = ("opencost.exporter.extraEnv", "opencost.customPricing.costModel")


def known() -> set[str]:
    return {line for line in KEYS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}


def rows(plan) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(prices_csv(plan))))


def environment(plan) -> dict[str, object]:
    exporter = chart_values(plan)["opencost"]["exporter"]
    from_secrets = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in exporter.get("env", [])}
    return exporter.get("extraEnv", {}) | from_secrets


@pytest.mark.parametrize("case", PLANS)
def test_every_value_is_one_that_the_chart_knows(case):
    paths = {up_to_free(path) for path in written(chart_values(PLANS[case])) if not path.startswith(FREE)}
    assert paths - known() == set()
    assert "opencost.prometheus.internal.enabled" in paths
    assert "opencost.exporter.extraEnv" in known()
    assert "opencost.customPricing.costModel.CPU" in known()


def test_it_reads_the_prometheus_that_the_stack_installs():
    assert chart_values(on_gke())["opencost"]["prometheus"] == {
        "internal": {"enabled": True, "serviceName": SERVICE, "namespaceName": "mizan-monitoring", "port": 9090},
        "external": {"enabled": False},
    }


def test_it_reads_somebody_else_s_prometheus_with_the_headers_of_a_secret():
    plan = elsewhere(EXTERNAL | {"headersSecret": "mimir-headers"}, HELM)
    assert chart_values(plan)["opencost"]["prometheus"] == {
        "internal": {"enabled": False},
        "external": {"enabled": True, "url": "https://mimir.example.com/prometheus"},
    }
    assert environment(plan)["PROMETHEUS_HEADER_X_SCOPE_ORGID"] == {
        "name": "mimir-headers",
        "key": "X-Scope-OrgID",
        "optional": True,
    }
    assert environment(plan)["DB_BEARER_TOKEN"] == {"name": "mimir-headers", "key": "token", "optional": True}


def test_it_knows_the_cluster_s_name():
    assert chart_values(on_gke())["opencost"]["exporter"]["defaultClusterId"] == "gke-test"
    assert chart_values(elsewhere(EXTERNAL, HELM))["opencost"]["exporter"]["defaultClusterId"] == "prod-cluster"


def test_in_a_store_of_several_clusters_it_asks_for_its_own_alone():
    plan = elsewhere(EXTERNAL | {"clusterLabel": "k8s_cluster"}, HELM)
    own_prices = {"USE_CSV_PROVIDER": "true", "CSV_PATH": "/var/mizan/prices.csv"}
    asked = {"CURRENT_CLUSTER_ID_FILTER_ENABLED": "true", "PROM_CLUSTER_ID_LABEL": "k8s_cluster"}
    assert environment(plan) == own_prices | asked
    assert chart_values(plan)["opencost"]["exporter"]["defaultClusterId"] == "prod-cluster"
    assert environment(elsewhere(EXTERNAL, HELM)) == own_prices


def test_the_stack_s_prices_are_a_file_beside_it():
    plan = on_gke()
    (prices,) = opencost(plan)
    assert prices["data"] == {"prices.csv": prices_csv(plan)}
    assert environment(plan) == {"USE_CSV_PROVIDER": "true", "CSV_PATH": "/var/mizan/prices.csv"}
    exporter, values = chart_values(plan)["opencost"]["exporter"], chart_values(plan)
    assert exporter["extraVolumeMounts"] == [{"name": "prices", "mountPath": "/var/mizan", "readOnly": True}]
    assert values["extraVolumes"] == [{"name": "prices", "configMap": {"name": prices["metadata"]["name"]}}]


def test_google_s_prices_are_asked_for_with_a_key_of_a_secret():
    plan = on_gke(None, {"cloudKeySecret": "opencost-gcp-key"})
    assert environment(plan) == {"CLOUD_PROVIDER_API_KEY": {"name": "opencost-gcp-key", "key": "key"}}
    assert opencost(plan) == []
    assert "extraVolumes" not in chart_values(plan)


def test_aws_s_feed_is_found_by_the_names_that_its_config_map_takes():
    plan = on_eks(None, {"spotFeed": FEED})
    model = chart_values(plan)["opencost"]["customPricing"]["costModel"]
    assert {name: model[name] for name in model if name.startswith(("spotData", "project"))} == {
        "spotDataBucket": "spot-feed",
        "spotDataPrefix": "prod",
        "spotDataRegion": "us-east-1",
        "projectID": "123456789012",
    }
    assert environment(plan) == {
        name: {"name": "opencost-aws", "key": name} for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }


def test_a_feed_may_be_read_by_the_rights_of_its_pod():
    assert environment(on_eks(None, {"spotFeed": {"bucket": "spot-feed"}})) == {}


def test_the_file_has_the_columns_of_opencost_s_own_in_their_order():
    assert ",".join(COLUMNS) == (
        "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version"
    )
    assert prices_csv(on_gke()).splitlines()[0] == ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("plan", "label", "values"),
    [
        (on_gke(), keys.GKE_NODE_POOL, ["spot-a100", "ondemand-a100"]),
        (on_eks(), keys.NODE_POOL, ["spot-a100", "ondemand-a100"]),
        (elsewhere(HELM, HELM), keys.POOL, ["a100"]),
    ],
)
def test_a_row_is_found_by_a_label_of_its_nodes(plan, label, values):
    found = rows(plan)
    assert [row["InstanceID"] for row in found] == values
    assert {row["InstanceIDField"] for row in found} == {f"metadata.labels.{label}"}
    assert {row["AssetClass"] for row in found} == {"node"}
    # A region would have to be on the node as well, and an empty type is every unknown node's.
    assert {row["Region"] for row in found} == {""}
    assert {row["InstanceType"] for row in found} == {plan.offers[0].machine.name}


def test_nodes_of_gke_and_karpenter_bear_the_value_of_their_row():
    gke, eks = on_gke(), on_eks()
    pools = [node_pool_args(gke, site_of(gke), offer, cluster="c", account="a")["name"] for offer in gke.offers]
    assert pools == [row["InstanceID"] for row in rows(gke)]
    karpenter = [body["metadata"]["name"] for body in karpenter_nodes(eks) if body["kind"] == "NodePool"]
    assert karpenter == [row["InstanceID"] for row in rows(eks)]


def test_a_row_is_the_price_of_the_whole_node():
    for plan in (on_gke(), on_eks()):
        assert [Decimal(row["MarketPriceHourly"]) for row in rows(plan)] == [
            offer.price.usd_per_hour for offer in plan.offers
        ]


def test_of_a_pool_in_somebody_else_s_cluster_the_dearest_offer_counts():
    plan = elsewhere(HELM, HELM)
    (row,) = rows(plan)
    assert Decimal(row["MarketPriceHourly"]) == max(offer.price.usd_per_hour for offer in plan.offers)


def test_rates_are_those_of_the_reference_machine_by_the_month():
    plan = on_eks()
    rate, found = host_rate("aws", "us-east-1"), rates(plan)
    assert Decimal(found["CPU"]) == rate.usd_per_vcpu_hour * 730
    assert Decimal(found["RAM"]) == rate.usd_per_gib_hour * 730
    (pool,) = plan.pools
    on_demand = pool.on_demand.usd_per_hour
    (machine,) = {offer.machine for offer in plan.offers}
    gpus = (on_demand - host_usd_per_hour(machine, rate)) / machine.gpus
    assert Decimal(found["GPU"]) == pytest.approx(gpus * 730)
    assert gpu_share(pool, plan.offers[0], rate) < 1


def test_the_chart_s_own_rates_never_remain():
    # CPU 1.25 and RAM 0.50 a month would give almost all of a node's price to its GPUs.
    model = chart_values(on_gke())["opencost"]["customPricing"]["costModel"]
    assert {"CPU", "RAM", "GPU", "spotCPU", "spotRAM", "storage"} <= model.keys()


def test_what_kube_state_metrics_tells_is_not_told_twice():
    metrics = chart_values(on_gke())["opencost"]["metrics"]
    assert metrics["kubeStateMetrics"] == {"emitKsmV1Metrics": False, "emitKsmV1MetricsOnly": True}
    (drop,) = metrics["serviceMonitor"]["metricRelabelings"]
    assert (drop["action"], drop["sourceLabels"]) == ("drop", ["__name__"])
    dropped = {name for name in SERIES if re.fullmatch(drop["regex"], name)}
    # Of what it tells besides these, the rules read nothing of the same name.
    assert dropped == {"kube_namespace_labels", "kube_node_labels", "kube_node_status_allocatable", "kube_pod_labels"}
    for needed in (
        "node_total_hourly_cost",
        "kube_node_status_capacity_cpu_cores",
        "kube_node_status_capacity_memory_bytes",
    ):
        assert not re.fullmatch(drop["regex"], needed)
    assert metrics["serviceMonitor"]["honorLabels"] is True


@pytest.mark.parametrize("case", PLANS)
def test_its_page_has_no_address_outside_the_cluster(case):
    values = chart_values(PLANS[case])
    assert values["service"] == {"type": "ClusterIP"}
    assert values["opencost"]["ui"]["ingress"]["enabled"] is False
    assert values["opencost"]["mcp"]["enabled"] is False


@pytest.mark.parametrize("case", PLANS)
def test_no_secret_stands_in_its_values(case):
    text = json.dumps(chart_values(PLANS[case]))
    for key in ("cloudProviderApiKey", "secret_access_key", "bearer_token", '"password"'):
        assert key not in text


def test_its_namespace_is_prometheus_s():
    assert [body["kind"] for body in opencost(on_gke())] == ["ConfigMap"]
    assert [body["kind"] for body in prometheus(on_gke())] == ["Namespace"]
    assert opencost(on_gke(None, {"install": "external"})) == []
