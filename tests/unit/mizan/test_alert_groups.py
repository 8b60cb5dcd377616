"""The alerts of a plan, and the page that each of them names."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mizan.config import Alerts
from mizan.metrics import COUNTERS, kube_state, names
from mizan.metrics.alerts import GROUP, RUNBOOKS, SERIES, Severity, alert_groups
from mizan.metrics.alerts.health import APPLICATION_XIDS, FATAL_XIDS
from mizan.metrics.selector import Source
from tests.alerts_of_stopped import ENFORCED, enforced
from tests.builders import PROJECT, a_plan, a_pool, a_queue, a_stack, a_team
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan
from tests.monitoring_stacks import on_gke

SOURCE = Source(cluster="c1")
SHARED = Source(cluster="c1", label="k8s_cluster")
PAGES = PROJECT / RUNBOOKS
HEADINGS = ["## See it", "## Usual causes", "## What to do", "## Silence it"]

# What alerts read beside what the recording rules do.
OF_KUEUE = {
    "kueue_pending_workloads",
    "kueue_admitted_workloads_total",
    "kueue_admission_wait_time_seconds_bucket",
    "kueue_cluster_queue_resource_usage",
    "kueue_cluster_queue_nominal_quota",
}
OF_PROMETHEUS = {
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_iterations_missed_total",
    "prometheus_rule_group_last_duration_seconds",
}
OURS = {series.name for series in (*names.ALL, *SERIES)}
TOLD = {
    *(*kube_state.SERIES, *(counter.field for counter in COUNTERS), *OF_KUEUE, *OF_PROMETHEUS),
    "karpenter_nodeclaims_disrupted_total",
    "node_total_hourly_cost",
}
NAME = re.compile(
    r"\b(?:(?:kube|kueue|karpenter|prometheus|node|mizan)_\w+|DCGM_\w+|gpu_[a-z_]+_(?:hourly|total))\b(?!\s*\()"
)
LABELS = {"gpu_model", "node", "mizan_series"}


def budgeted():
    return a_plan(a_stack(jobs=[], budget={"usdPerMonth": 10_000.5}, teams=[a_team(budget={"usdPerMonth": 1000})]))


PLANS = {"local": budgeted, "gke": a_gke_plan, "gke-enforced": lambda: ENFORCED, "eks": an_eks_plan}


def alerts(plan, source=SOURCE):
    return {rule.name: rule for rule in alert_groups(plan, source)[1].rules}


@pytest.fixture(params=PLANS)
def plan(request):
    return PLANS[request.param]()


def every_name():
    return sorted({name for make in PLANS.values() for name in alerts(make())})


def test_every_alert_says_how_soon_what_what_to_do_and_where_to_read_on(plan):
    for name, alert in alerts(plan).items():
        assert alert.severity in set(Severity), name
        assert set(alert.annotations) == {"summary", "description", "runbook_url"}, name
        assert alert.annotations["summary"].endswith("."), name
        assert alert.annotations["description"].endswith("."), name
        assert alert.annotations["runbook_url"] == f"docs/runbooks/{name}.md"


def test_no_two_alerts_have_one_name(plan):
    recorded, told = alert_groups(plan, SOURCE)
    assert told.name == GROUP
    assert len(alerts(plan)) == len(told.rules)
    assert {rule.series for rule in recorded.rules} <= set(SERIES)


def test_every_alert_reads_what_somebody_tells(plan):
    for group in alert_groups(plan, SOURCE):
        for rule in group.rules:
            found = set(NAME.findall(rule.expr)) - LABELS
            assert found or rule.expr.startswith("vector("), rule
            assert found <= TOLD | OURS, rule


def test_every_selector_names_its_cluster_where_several_lie_in_one_store(plan):
    every = "|".join(sorted(TOLD | OURS, key=len, reverse=True))
    for rule in (rule for group in alert_groups(plan, SHARED) for rule in group.rules):
        for name, matchers in re.findall(rf"\b({every})\b(\{{[^}}]*\}})?", rule.expr):
            wanted = '{cluster="c1"' if name in OURS else '{k8s_cluster="c1"'
            assert matchers.startswith(wanted), (rule, name)


def test_texts_ask_for_prices_of_their_own_cluster_where_several_lie_in_one_store():
    found = alerts(budgeted(), SHARED)
    for name in ("GpuFailed", "TeamBudgetReached", "StackBudgetReached"):
        assert '{cluster="c1",' in found[name].annotations["summary"]
    assert "cluster=" not in alerts(budgeted())["GpuFailed"].annotations["summary"]


def test_an_alert_of_budgets_needs_a_budget():
    found = {name for name in alerts(a_plan(a_stack(jobs=[]))) if "Budget" in name}
    assert found == set()
    of_stack = a_plan(a_stack(jobs=[], budget={"usdPerMonth": 10_000}))
    assert {name for name in alerts(of_stack) if "Budget" in name} == {"StackBudgetForecast", "StackBudgetReached"}


def test_budgets_are_recorded_to_the_cent_with_the_label_of_the_team():
    recorded = alert_groups(budgeted(), SOURCE)[0].rules
    found = [(rule.expr, dict(rule.labels)) for rule in recorded if rule.record == "mizan_budget_usd_per_month"]
    assert found == [("vector(10000.5)", {}), ("vector(1000)", {"team": "team-a"})]


def test_a_stack_without_spot_is_not_told_of_interruptions():
    pool = a_pool(capacity=[{"type": "on-demand", "maxNodes": 1}])
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "on-demand", "gpus": 4}])
    assert "SpotInterrupted" not in alerts(a_plan(a_stack(pools=[pool], queues=[queue], jobs=[])))
    assert "SpotInterrupted" in alerts(budgeted())


def test_karpenter_is_asked_on_eks_alone():
    asked = {name: "karpenter_" in alerts(make())["SpotInterrupted"].expr for name, make in PLANS.items()}
    assert asked == {"local": False, "gke": False, "gke-enforced": False, "eks": True}


def test_a_cluster_of_others_without_an_exporter_is_not_told_that_it_has_none():
    stack = a_stack(
        cloud="existing",
        cluster={"kubeconfig": "~/.kube/config", "context": "theirs", "name": "theirs"},
        jobs=[],
    )
    assert "DcgmMissing" not in alerts(a_plan(stack))


def test_what_does_not_run_is_told_only_where_the_stack_runs_it():
    stopped = {"BudgetEnforcerStopped", "OpenCostGone"}
    assert stopped & set(alerts(budgeted())) == set()
    assert stopped & set(alerts(a_gke_plan())) == {"OpenCostGone"}
    assert stopped & set(alerts(ENFORCED)) == stopped
    assert stopped & set(alerts(enforced("none"))) == {"OpenCostGone"}
    for opencost in ({"install": "none"}, {"install": "external"}, {"serviceMonitor": False}):
        assert "OpenCostGone" not in alerts(on_gke(None, opencost))


def test_an_enforcer_that_has_stopped_is_critical_where_it_holds_queues():
    found = {mode: alerts(enforced(mode))["BudgetEnforcerStopped"].severity for mode in ("dry-run", "hold")}
    assert found == {"dry-run": "warning", "hold": "critical"}
    assert alerts(enforced("hold-and-drain"))["BudgetEnforcerStopped"].severity == "critical"


def test_an_enforcer_with_headers_is_looked_for_beside_their_secret():
    headers = {"install": "external", "url": "https://mimir.example.com/prometheus", "headersSecret": "headers"}
    plan = on_gke(headers)
    budgets = replace(plan, teams=ENFORCED.teams, budget_enforcement=ENFORCED.budget_enforcement)
    expr = alerts(budgets)["BudgetEnforcerStopped"].expr
    assert expr.count('{namespace="mizan-monitoring",cronjob="mizan-budget"}') == 3
    assert "mizan-system" not in expr


def test_limits_are_those_of_the_stack():
    limits = {
        "idleUsdPerDay": 7.5,
        "unallocatedUsdPerDay": 8,
        "keptUsdPerDay": 9,
        "unlabelledUsdPerDay": 0,
        "spotInterruptionsPerDay": 3,
        "queueMinutes": 45,
        "nodeMinutes": 20,
        "opencostPercent": 5,
        "gpuCelsius": 90,
        "runbooks": "https://git.example.com/runbooks/",
    }
    found = alerts(a_plan(a_stack(alerts=limits)))
    assert "> 7.5 and" in found["GpuIdle"].expr
    assert "> 8 and" in found["GpuUnallocated"].expr
    assert "> 9 and" in found["GpuKeptIdle"].expr
    assert "[1d])) > 0 and" in found["GpuCostUnlabelled"].expr
    assert found["SpotInterrupted"].expr.endswith("> 3")
    assert found["GpuQueueStarving"].for_seconds == 45 * 60
    assert "[45m]" in found["GpuQueueStarving"].expr
    assert "> 1200" in found["GpuPodsWaitForNodes"].expr
    assert "> 0.05" in found["OpenCostPriceDiffers"].expr
    assert ">= 90" in found["GpuHot"].expr
    assert found["GpuHot"].annotations["runbook_url"] == "https://git.example.com/runbooks/GpuHot.md"


def test_an_error_of_programs_and_a_fatal_one_are_never_the_same():
    assert not set(APPLICATION_XIDS) & set(FATAL_XIDS)
    expr = alerts(budgeted())["GpuXid"].expr
    assert all(f"!= {number}" in expr for number in (*APPLICATION_XIDS, *FATAL_XIDS))


def pages():
    return sorted(PAGES.glob("*.md"))


def test_every_alert_has_a_page_and_every_page_an_alert():
    assert [page.stem for page in pages()] == every_name()


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_says_what_it_costs_how_to_see_it_and_what_to_do(page):
    text = page.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == f"# {page.stem}"
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    assert len(text) < 4000
    means = text.split("## See it")[0]
    assert re.search(r"dollar|cost|paid|price|bill|spent", means), "what it means in dollars"
    assert queries(page), "how to see it"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_leads_to_pages_that_are_there(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve()
        assert found.is_file(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_asks_for_series_that_somebody_tells(page):
    for query in queries(page):
        assert set(NAME.findall(query)) - LABELS <= TOLD | OURS, query


def test_pages_name_limits_as_a_stack_file_does():
    limits = {field.alias for field in Alerts.model_fields.values()}
    named = {
        name
        for page in pages()
        for name in re.findall(r"`(\w+(?:Day|Minutes|Percent|Celsius))`", page.read_text(encoding="utf-8"))
    }
    assert named == limits - {"runbooks"}


def queries(page: Path) -> list[str]:
    blocks = re.findall(r"```promql\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
