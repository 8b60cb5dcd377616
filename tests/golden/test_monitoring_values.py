"""The values of Prometheus and OpenCost and what they read, on each platform; rewritten only with --rewrite-golden."""

from io import StringIO

import pytest

from mizan.cli.yaml_text import write_yaml
from mizan.manifests import opencost, prometheus
from tests.monitoring_stacks import plans

PLANS = plans()


@pytest.mark.parametrize("case", PLANS)
def test_monitoring_of_a_platform_is_told_what_it_was_before(case, matches_golden):
    plan, text = PLANS[case], StringIO()
    values = [
        *([{"kube-prometheus-stack": prometheus.chart_values(plan)}] if prometheus.is_installed(plan) else []),
        {"opencost": opencost.chart_values(plan)},
    ]
    write_yaml([*values, *prometheus.prometheus(plan), *opencost.opencost(plan)], text)
    matches_golden(f"monitoring/{case}.yaml", text.getvalue())
