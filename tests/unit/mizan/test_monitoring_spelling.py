"""How settings of monitoring are spelt: what is no address, name or channel is refused, and no secret is shown."""

import pytest

from tests.builders import a_config, faults_of
from tests.gke_stacks import faults_on_gke
from tests.monitoring_stacks import EXTERNAL, SLACK, eks_stack, existing_stack, gke_stack


def of(stack) -> list[str]:
    return faults_on_gke(stack) if stack["cloud"] == "gke" else faults_of(stack)


SECRETS = ["https://hooks.slack.com/services/T/B/SECRET", "Bearer eyJabc.SECRET", "AIzaSySECRET", "admin:SECRET"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("prometheus", ["headersSecret", "grafanaSecret", "slack", "slack.secret", "cloudKeySecret"])
def test_a_secret_in_place_of_the_name_of_one_is_refused_and_shown_nowhere(prometheus, secret):
    values = {
        "headersSecret": existing_stack(EXTERNAL | {"headersSecret": secret}),
        "grafanaSecret": gke_stack({"grafanaSecret": secret}),
        "slack": gke_stack({"slack": secret}),
        "slack.secret": gke_stack({"slack": SLACK | {"secret": secret}}),
        "cloudKeySecret": gke_stack(None, {"cloudKeySecret": secret}),
    }
    for stack in (
        values[prometheus],
        gke_stack({"headersSecret": secret}),
        eks_stack(None, {"cloudKeySecret": secret}),
    ):
        faults = of(stack)
        assert faults
        assert "SECRET" not in "".join(faults)
        assert f"text of {len(secret)} characters" in faults[0]


def test_a_mapping_with_a_secret_in_place_of_its_name_is_not_shown():
    faults = of(existing_stack(EXTERNAL | {"headersSecret": {"token": "SECRET"}}))
    assert [fault.partition(";")[0] for fault in faults] == ["mizan:addons.prometheus.headersSecret: a mapping"]
    (whole,) = of(existing_stack("http://admin:SECRET@p:9090"))
    assert whole.startswith("mizan:addons.prometheus: http://...@p:9090; needs a mapping")


CHARTS = [
    *("oci://user:SECRET@mirror.example.com/charts/x", "https://user:SECRET@h/x.tgz", "https://user:SEC/RET@h/x.tgz"),
    *("--post-renderer=/bin/sh", "a\nb", " ", "https://h/x.tgz?token=SECRET", "x" * 501),
]


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("addon", ["prometheus", "opencost", "dcgmExporter", "gpuOperator"])
def test_a_chart_with_user_and_password_is_refused_and_told_where_they_go(addon, chart):
    stack = gke_stack()
    faults = of(stack | {"addons": stack["addons"] | {addon: {"install": "helm", "chart": chart}}})
    (fault,) = [fault for fault in faults if f"addons.{addon}.chart: " in fault]
    assert "SECRET" not in fault
    assert "RET@" not in fault
    assert "with user and password in `helm registry login` alone" in fault


@pytest.mark.parametrize(
    "chart", ["oci://mirror.example.com:5000/x@sha256:0123", "./my charts/x", "/srv/x-1.2.3.tgz", "https://h/x.tgz"]
)
def test_addresses_folders_and_packed_charts_are_taken(chart):
    assert a_config(existing_stack({"install": "helm", "chart": chart})).addons.prometheus.chart == chart


@pytest.mark.parametrize("channel", ["#{{x", "#a b", "#\x1b[2J", "#\"'}", "ml", "#" + "x" * 81])
def test_a_channel_that_alertmanager_would_read_as_a_template_is_refused(channel):
    (fault,) = of(gke_stack({"slack": SLACK | {"channel": channel}}))
    assert "slack.channel: " in fault
    assert "needs `#` and at most 80 letters, digits, dashes, dots and underscores" in fault


@pytest.mark.parametrize("name", ["a..b", "a.-b", "a-.b", "A"])
def test_what_no_object_can_be_called_is_no_name_of_a_secret(name):
    (fault,) = of(gke_stack({"grafanaSecret": name}))
    assert "needs a name of lower-case letters, digits and dashes, and dots between them" in fault


@pytest.mark.parametrize("bucket", ["a..b", "192.168.0.1", "ab", "a" * 64])
def test_a_bucket_that_s3_refuses_is_refused(bucket):
    (fault,) = of(eks_stack(None, {"spotFeed": {"bucket": bucket}}))
    assert "addons.opencost.spotFeed.bucket: " in fault


@pytest.mark.parametrize("name", ["a`b", "a{{b", 'a"b', "a%sb", "a\x1b", " ", "a\\b"])
def test_a_name_of_a_cluster_that_templates_read_otherwise_is_refused(name):
    stack = existing_stack()
    (fault,) = of(stack | {"cluster": stack["cluster"] | {"name": name}})
    assert "needs text without braces, quotes, backticks, backslashes and per cents" in fault


@pytest.mark.parametrize(
    "name", ["arn:aws:eks:us-east-1:123456789012:cluster/prod", "gke_p_us-central1-a_x", "me@k8s 1"]
)
def test_names_of_clusters_as_clouds_write_them_are_taken(name):
    stack = existing_stack()
    assert a_config(stack | {"cluster": stack["cluster"] | {"name": name}}).cluster.name == name
