"""Every dashboard as Grafana reads it; rewritten only with --rewrite-golden."""

import pytest

from mizan.metrics.dashboards import dashboards
from tests.board_plans import with_all_budgets

TEXTS = dashboards(with_all_budgets())


@pytest.mark.parametrize("uid", TEXTS)
def test_a_dashboard_is_what_it_was_before(uid, matches_golden):
    matches_golden(f"dashboards/{uid}.json", TEXTS[uid])
