"""What a stack may say of Prometheus and OpenCost, and what of it is refused, with the reason."""

import pytest

from mizan.metrics.disk_warnings import disk_warnings
from mizan.metrics.volume import volume_of
from tests.builders import a_config, faults_of, with_value
from tests.gke_stacks import a_gke_plan, faults_on_gke
from tests.monitoring_stacks import (
    EXTERNAL,
    FEED,
    SLACK,
    eks_stack,
    elsewhere,
    existing_stack,
    gke_stack,
    local_stack,
    locally,
    on_eks,
    on_gke,
)

HELM = {"install": "helm"}
NONE = {"install": "none"}


def of(stack) -> list[str]:
    return faults_on_gke(stack) if stack["cloud"] == "gke" else faults_of(stack)


def test_an_external_prometheus_without_an_address_is_refused():
    (fault,) = of(existing_stack({"install": "external"}))
    assert fault == (
        "mizan:addons.prometheus.install: external; needs `url` because costs are read from a Prometheus, and nothing "
        "says where it is. Add `url: http://prometheus.monitoring.svc:9090`, or write `install: none`."
    )


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("prometheus:9090", "prometheus:9090"),
        ("ftp://prometheus", "ftp://prometheus"),
        ("http://", "http://"),
        ("http://...", "http://..."),
        ("http://p:0", "http://p:0"),
        ("http://p:65536", "http://p:65536"),
        ("http://p/../../x", "http://p/../../x"),
        ("https://me:secret@mimir.example.com", "https://...@mimir.example.com"),
        ("https://me:sec/r@et@mimir.example.com", "https://...@mimir.example.com"),
        ("https://mimir.example.com/prometheus?token=secret", "https://mimir.example.com/prometheus?..."),
        ("http://{{ .Values.x }}", "http://{{ .Values.x }}"),
    ],
)
def test_what_is_no_plain_http_address_is_refused_and_no_secret_of_it_is_shown(url, seen):
    (fault,) = of(existing_stack(EXTERNAL | {"url": url}))
    assert fault.startswith(
        f"mizan:addons.prometheus.url: {seen}; needs an http address without user, password, query and spaces because "
    )
    assert fault.endswith(
        "because it is asked over HTTP, and a password in an address is read by everybody. Write an address such as "
        "`http://mimir-gateway.mimir.svc/prometheus`, without user, password and query."
    )


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.7:9090", "https://mimir.example.com", "http://frontend.gmp.svc:9090/a/b", "http://[::1]:65535/"],
)
def test_plain_addresses_are_taken(url):
    assert a_config(existing_stack(EXTERNAL | {"url": url})).addons.prometheus.url == url


def test_a_retention_shorter_than_a_month_and_a_look_back_is_refused():
    (fault,) = of(gke_stack({"retentionDays": 30}))
    assert fault == (
        "mizan:addons.prometheus.retentionDays: 30; needs at least 45 because what a team has spent this month is "
        "counted from the first of the month, and looked back at after it. Write whole days, 45 to 400."
    )


@pytest.mark.parametrize(
    ("key", "value", "seen"),
    [
        ("retentionDays", 60, "60"),
        ("storageClass", "fast", "fast"),
        ("slack", SLACK, "settings of slack"),
        ("grafanaSecret", "grafana-admin", "grafana-admin"),
        ("chart", "./chart", "./chart"),
    ],
)
def test_what_only_an_installer_decides_is_refused_of_an_external_prometheus(key, value, seen):
    (fault,) = of(existing_stack(EXTERNAL | {key: value}))
    assert fault == (
        f"mizan:addons.prometheus.{key}: {seen}; needs `install: helm` because nothing else reads it, and an ignored "
        f"setting would silently do nothing. Remove `{key}`, or write `install: helm`."
    )


@pytest.mark.parametrize("key", ["url", "headersSecret", "clusterLabel", "rulesInCluster", "objectLabels"])
def test_where_a_prometheus_is_is_refused_of_one_that_the_stack_installs(key):
    values = {
        "url": "http://prometheus:9090",
        "headersSecret": "headers",
        "clusterLabel": "cluster",
        "rulesInCluster": True,
        "objectLabels": {"release": "prometheus"},
    }
    (fault,) = of(gke_stack({key: values[key]}))
    seen = {"rulesInCluster": "true", "objectLabels": "settings of objectLabels"}.get(key, values[key])
    assert fault.startswith(f"mizan:addons.prometheus.{key}: {seen}; needs `install: external` because nothing else")


@pytest.mark.parametrize(
    ("addon", "version", "first", "below"),
    [
        ("prometheus", "91.5.0", "88.5.3", "89.0.0"),
        ("prometheus", "88.5.2", "88.5.3", "89.0.0"),
        ("opencost", "2.6.0", "2.5.17", "2.6.0"),
        ("opencost", "1.43.2", "2.5.17", "2.6.0"),
    ],
)
def test_a_version_for_which_our_values_do_not_hold_is_refused(addon, version, first, below):
    (fault,) = of(gke_stack(**{addon: {"version": version}}))
    assert fault == (
        f"mizan:addons.{addon}.version: {version}; needs {first} or newer, below {below} because settings of its "
        f"chart come and go from one release to the next, and Helm passes over those that it does not know. Write "
        f"`{first}`, or leave it out."
    )


@pytest.mark.parametrize("addon", ["prometheus", "opencost"])
def test_the_embedded_cluster_runs_no_chart_of_monitoring(addon):
    (fault,) = of(local_stack(**{addon: HELM}))
    assert fault == (
        f"mizan:addons.{addon}.install: helm; needs none because nodes of the embedded cluster are simulated, and no "
        "container runs there. Leave it out: `make up` starts a Prometheus beside the cluster."
    )


def test_the_embedded_cluster_takes_no_objects_of_the_prometheus_operator():
    (fault,) = of(local_stack({"install": "external", "url": "http://127.0.0.1:9090", "rulesInCluster": True}))
    assert fault == (
        "mizan:addons.prometheus.rulesInCluster: true; needs false because the embedded cluster has no Prometheus "
        "operator, and refuses a PrometheusRule. Remove it."
    )


def test_the_embedded_cluster_may_read_a_prometheus_that_is_there():
    there = {"install": "external", "url": "http://127.0.0.1:9090"}
    assert a_config(local_stack(there)).addons.prometheus.url == "http://127.0.0.1:9090"


@pytest.mark.parametrize("stack", [gke_stack(NONE, HELM), existing_stack(None, HELM)])
def test_an_opencost_without_a_prometheus_is_refused(stack):
    (fault,) = of(stack)
    assert fault == (
        "mizan:addons.opencost.install: helm; needs `prometheus` because OpenCost keeps nothing itself: it reads a "
        "Prometheus, and is read by it. Write `prometheus: {install: helm}`, or `install: none`."
    )


@pytest.mark.parametrize(
    ("plan", "prometheus", "opencost"),
    [
        (on_gke(), "helm", "helm"),
        (on_eks(), "helm", "helm"),
        (on_gke(NONE), None, None),
        (on_gke(None, NONE), "helm", None),
        (on_gke(EXTERNAL), "external", "helm"),
        (on_gke(HELM, {"install": "external"}), "helm", "external"),
        (elsewhere(), None, None),
        (elsewhere({"retentionDays": 60}), "helm", None),
        (elsewhere(EXTERNAL), "external", None),
        (elsewhere(EXTERNAL, {}), "external", "helm"),
        (locally(), None, None),
        (locally(EXTERNAL), "external", None),
    ],
)
def test_monitoring_comes_where_the_stack_makes_the_cluster_and_elsewhere_when_asked_for(plan, prometheus, opencost):
    assert (plan.prometheus.install.value if plan.prometheus else None) == prometheus
    assert (plan.opencost.install.value if plan.opencost else None) == opencost


@pytest.mark.parametrize(
    ("plan", "prices"),
    [
        (on_gke(), "stack"),
        (on_gke(None, {"cloudKeySecret": "k"}), "cloud"),
        (on_eks(), "stack"),
        (on_eks(None, {"spotFeed": FEED}), "cloud"),
        (on_eks(None, {"pricesFrom": "cloud"}), "cloud"),
        (elsewhere(HELM, HELM), "stack"),
    ],
)
def test_the_cloud_s_prices_are_taken_where_all_of_them_can_be_had(plan, prices):
    assert plan.opencost.prices_from == prices


@pytest.mark.parametrize(
    ("plan", "has_monitor"),
    [
        (on_gke(), True),
        (on_gke(None, {"serviceMonitor": False}), False),
        (on_gke(EXTERNAL), False),
        (on_gke(EXTERNAL, {"serviceMonitor": True}), True),
        (on_gke(EXTERNAL | {"rulesInCluster": True}), True),
        (on_gke(EXTERNAL | {"rulesInCluster": True}, {"serviceMonitor": False}), False),
    ],
)
def test_a_monitor_is_written_where_the_operator_is_or_the_stack_says_so(plan, has_monitor):
    assert plan.opencost.service_monitor is has_monitor


def test_dcgm_s_monitor_comes_with_the_operator_as_well():
    plans = (on_gke(), on_gke(EXTERNAL), on_gke(EXTERNAL | {"rulesInCluster": True}))
    assert [plan.dcgm_exporter.service_monitor for plan in plans] == [True, False, True]


def test_a_slack_channel_without_the_address_of_pages_is_told():
    (told,) = [warning for warning in on_gke({"slack": SLACK}).warnings if warning.startswith("alerts: ")]
    assert "no `runbooks`" in told
    stack = gke_stack({"slack": SLACK}) | {"alerts": {"runbooks": "https://git.example.com/docs/runbooks"}}
    assert not any(warning.startswith("alerts: ") for warning in a_gke_plan(stack).warnings)
    assert not any(warning.startswith("alerts: ") for warning in on_gke().warnings)


def test_a_disk_that_does_not_hold_the_days_to_keep_is_told_with_the_numbers():
    plan = on_gke({"retentionDays": 400, "storageGib": 10})
    needed = volume_of(plan).disk_gib(400)
    (told,) = disk_warnings(plan)
    assert told == (
        f"Prometheus: `storageGib` of 10, but samples of 400 days need {needed} GiB where the stack is at its largest "
        f"size; the disk holds about {4000 // needed} days then, and what is older is dropped. Write `storageGib: "
        f"{needed}`, leave it out, or lower `retentionDays`."
    )
    large = with_value(gke_stack({"retentionDays": 400, "storageGib": 10}), "pools[0].capacity[0].maxNodes", 1000)
    (lost,) = disk_warnings(a_gke_plan(large))
    assert (
        "holds about 0 days then, and what is older is dropped. So few that the month's dollars may begin anew." in lost
    )
    assert list(disk_warnings(on_gke({"retentionDays": 400, "storageGib": needed}))) == []
    assert list(disk_warnings(on_gke({"retentionDays": 400}))) == []
    assert list(disk_warnings(on_gke(NONE))) == []


def test_google_s_prices_without_a_key_are_refused():
    (fault,) = of(gke_stack(None, {"pricesFrom": "cloud"}))
    assert fault == (
        "mizan:addons.opencost.pricesFrom: cloud; needs `cloudKeySecret` because Google tells its prices to nobody "
        "without a key, and OpenCost does not start then. Add `cloudKeySecret: opencost-gcp-key`, or write "
        "`pricesFrom: stack`."
    )


def test_a_key_for_prices_that_nobody_takes_is_refused():
    (fault,) = of(gke_stack(None, {"pricesFrom": "stack", "cloudKeySecret": "k"}))
    assert fault == (
        "mizan:addons.opencost.cloudKeySecret: k; needs `pricesFrom: cloud` because this stack's own prices are taken, "
        "and an ignored setting would silently do nothing. Remove `cloudKeySecret`, or leave `pricesFrom` out."
    )


def test_each_cloud_has_its_own_way_to_its_prices():
    (key,) = of(eks_stack(None, {"cloudKeySecret": "k"}))
    assert key.startswith("mizan:addons.opencost.cloudKeySecret: k; needs a cluster on GKE because Google's prices")
    (feed,) = of(gke_stack(None, {"spotFeed": FEED}))
    assert feed.startswith("mizan:addons.opencost.spotFeed: a feed of spot; needs `cloud: eks` because AWS alone has")


@pytest.mark.parametrize("name", ["Slack", "a_b", "-a", "https://hooks.slack.com/services/T/B/x"])
def test_a_webhook_in_place_of_the_name_of_its_secret_is_refused(name):
    (fault,) = of(gke_stack({"slack": SLACK | {"secret": name}}))
    assert fault.startswith("mizan:addons.prometheus.slack.secret: ")
    assert "because what stands in a stack file is in git, in Pulumi's state and in Helm's" in fault
