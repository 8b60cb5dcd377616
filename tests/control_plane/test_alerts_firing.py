"""Each alert fires when it should and stays silent when it should not."""

import json
import re
import subprocess
from dataclasses import replace

import pytest

from mizan.config import Alerts
from mizan.metrics.alerts import RUNBOOKS, alert_groups
from tests.alert_cases import MINUTE, SOURCE, Case, Cases, judged
from tests.alerts_of_measuring import COUNTED_DOLLARS, GAPS, MEASURING
from tests.alerts_of_money import BUDGETS, IDLE, LABELS, MONTHS, PRICES
from tests.alerts_of_stopped import ENFORCED, ENFORCER, OPENCOST
from tests.alerts_of_work import HEALTH, QUEUES, SPOT_EKS, SPOT_GKE, SPOT_LOCAL, STUCK, TAKEN_BACK
from tests.alerts_told import PLAN
from tests.builders import PROJECT
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan

GIVEN = {
    "local": Cases(
        plan=PLAN,
        cases=[*IDLE, *BUDGETS, *LABELS, *PRICES, *MEASURING, *QUEUES, *SPOT_LOCAL, *HEALTH, *MONTHS, *TAKEN_BACK],
    ),
    "gke": Cases(plan=a_gke_plan(), cases=SPOT_GKE),
    "eks": Cases(plan=an_eks_plan(), cases=SPOT_EKS),
    "stopped": Cases(plan=ENFORCED, cases=[*ENFORCER, *OPENCOST]),
    "stuck": Cases(plan=PLAN, cases=STUCK, interval=5 * MINUTE),
    "gaps": Cases(plan=PLAN, cases=GAPS, interval=5 * MINUTE),
    "dollars": Cases(
        plan=replace(PLAN, alerts=Alerts.model_validate({"idleUsdPerDay": 5})),
        cases=COUNTED_DOLLARS,
        counts_dollars=True,
        interval=MINUTE // 2,
    ),
}
ALL = [case for given in GIVEN.values() for case in given.cases]


@pytest.fixture(scope="module")
def verdicts(promtool, tmp_path_factory):
    """What promtool says against cases, in one run of all."""
    return judged(promtool, tmp_path_factory.mktemp("alerts"), GIVEN)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.says)
def test_an_alert_is_told_when_it_should_be_and_not_else(verdicts, case):
    assert verdicts[case.says] == []


def test_no_two_cases_say_the_same():
    assert len({case.says for case in ALL}) == len(ALL)


@pytest.mark.parametrize(
    "name", sorted({rule.name for given in GIVEN.values() for rule in alert_groups(given.plan, SOURCE)[1].rules})
)
def test_each_alert_is_seen_firing_and_silent(name):
    cases = [case for case in ALL if isinstance(case, Case) and case.alert == name]
    assert any(case.fires for case in cases)
    assert any(not case.fires for case in cases)


def test_promtool_understands_every_query_of_a_page(promtool, tmp_path):
    pages = sorted((PROJECT / RUNBOOKS).glob("*.md"))
    found = [
        {"record": f"page:{page.stem}:query", "expr": query, "labels": {"number": str(number)}}
        for page in pages
        for block in re.findall(r"```promql\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for number, query in enumerate(block.splitlines())
    ]
    assert len({rule["record"] for rule in found}) == len(pages)
    file = tmp_path / "pages.yaml"
    file.write_text(json.dumps({"groups": [{"name": "pages", "rules": found}]}), encoding="utf-8")
    done = subprocess.run(
        [str(promtool), "check", "rules", "--lint=none", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
