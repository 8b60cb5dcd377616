"""What enforces budgets, in each way that it differs; rewritten only with --rewrite-golden.

Of the code only its files are shown: it is `mizan.budgets`, as it is.
"""

from io import StringIO

import pytest

from mizan.cli.yaml_text import write_yaml
from mizan.manifests.budget_enforcer import budget_enforcer, code
from tests.budget_stacks import plans

PLANS = plans()


@pytest.mark.parametrize("case", PLANS)
def test_the_enforcer_of_a_stack_is_told_what_it_was_before(case, matches_golden):
    manifests, text = budget_enforcer(PLANS[case]), StringIO()
    files = {path.replace("/", "."): path for path in code()}
    for body in manifests:
        if body["kind"] == "ConfigMap":
            body["data"] = {key: files.get(key, told) for key, told in body["data"].items()}
    write_yaml(manifests, text)
    matches_golden(f"budget_enforcer/{case}.yaml", text.getvalue())
