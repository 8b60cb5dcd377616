"""The values of NVIDIA's GPU operator and what it reads, on each platform; rewritten only with --rewrite-golden."""

from io import StringIO

import pytest

from mizan.cli.yaml_text import write_yaml
from mizan.config import Install
from mizan.manifests.gpu_operator import chart_values, gpu_operator
from tests.operator_stacks import plans

PLANS = plans()


@pytest.mark.parametrize("case", PLANS)
def test_the_operator_of_a_platform_is_told_what_it_was_before(case, matches_golden):
    plan, text = PLANS[case], StringIO()
    is_ours = plan.gpu_operator is not None and plan.gpu_operator.install is Install.HELM
    write_yaml([*([chart_values(plan)] if is_ours else []), *gpu_operator(plan)], text)
    matches_golden(f"operator/{case}.yaml", text.getvalue())
