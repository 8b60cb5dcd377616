"""What the exporter is told on each platform, and its counters; rewritten only with --rewrite-golden."""

from io import StringIO

import pytest

from mizan.cli.yaml_text import write_yaml
from mizan.manifests.dcgm_exporter import chart_values, dcgm_exporter, operator_values
from mizan.plan.dcgm_exporter import measured_alone, measured_by_operator
from tests.builders import a_pool
from tests.dcgm_stacks import ASKED, a_pool_of_the_operator_s, measured_elsewhere, measured_on_eks, measured_on_gke
from tests.sharing_stacks import TURNS

PLATFORMS = {
    "gke": measured_on_gke(**ASKED),
    "gke-shared-by-gke": measured_on_gke([a_pool(sharing=TURNS)], **ASKED),
    "gke-with-operator": measured_on_gke([a_pool(), a_pool_of_the_operator_s()], **ASKED),
    "eks": measured_on_eks(**ASKED),
    "eks-shared": measured_on_eks(TURNS, **ASKED),
    "existing": measured_elsewhere({"dcgmExporter": ASKED}),
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_exporter_is_told_what_it_was_told_before(platform, matches_golden):
    plan = PLATFORMS[platform]
    values = [
        *([{"gpu-operator": {"dcgmExporter": operator_values(plan)}}] if measured_by_operator(plan) else []),
        *([{"dcgm-exporter": chart_values(plan)}] if measured_alone(plan) else []),
    ]
    text = StringIO()
    write_yaml([*values, *dcgm_exporter(plan)], text)
    matches_golden(f"dcgm/{platform}.yaml", text.getvalue())
