"""Dashboards: what Grafana reads is whole, asks only for series that there are, and says what to do."""

import json
import re
from itertools import combinations

import pytest

from mizan.manifests.dashboards import dashboard_config_maps
from mizan.metrics import alerts, names
from mizan.metrics.dashboards import boards, dashboards, exporters
from mizan.metrics.dashboards.board import Kind, Unit
from mizan.metrics.dashboards.spot import fallbacks
from mizan.metrics.dcgm import COUNTERS
from mizan.metrics.queue_state import STOPPED
from tests.board_plans import plans, with_all_budgets
from tests.builders import a_plan, a_pool, a_stack, an_aws_stack
from tests.monitoring_stacks import EXTERNAL, elsewhere, on_gke

PLANS = plans()
UIDS = [
    "mizan-gpu-cost",
    "mizan-gpu-efficiency",
    "mizan-gpu-idle",
    "mizan-gpu-spot",
    "mizan-gpu-queues",
    "mizan-gpu-health",
]
TEXTS = dashboards(with_all_budgets())

OURS = {series.name for series in (*names.ALL, *alerts.SERIES)}
OF_OTHERS = {
    *(counter.field for counter in COUNTERS),
    *exporters.KUEUE,
    *exporters.KARPENTER,
    *exporters.KUBE_STATE_METRICS,
    # By which the alert of spot finds nodes that were taken back.
    "kube_node_spec_taint",
    STOPPED,
}
# Labels that look like series.
LABELS = {"gpu_model"}
SERIES = re.compile(r"\b(?:mizan|gpu|kueue|karpenter|kube|DCGM|node|opencost)_[A-Za-z0-9_]+")
SELECTOR = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)\{([^}]*)\}")
OWN_WORDS = {"GPU", "GPUs", "OpenCost", "XID", "UUID"}


@pytest.fixture(params=PLANS)
def plan(request):
    return PLANS[request.param]


@pytest.fixture(params=UIDS)
def body(request):
    return json.loads(TEXTS[request.param])


def panels_of(body):
    return [panel for panel in body["panels"] if panel["type"] != "row"]


def targets_of(body):
    return [target for panel in panels_of(body) for target in panel["targets"]]


def test_the_uids_that_links_and_bookmarks_have_stay(plan):
    assert [board.uid for board in boards(plan)] == list(dashboards(plan)) == UIDS
    for uid, text in dashboards(plan).items():
        assert json.loads(text)["uid"] == uid


def test_the_same_plan_gives_the_same_text(plan):
    assert dashboards(plan) == dashboards(plan)


def test_times_are_those_of_the_bill(body):
    assert body["timezone"] == "utc"


def test_every_board_links_to_every_other_and_takes_along_what_is_chosen(body):
    assert [link["url"] for link in body["links"]] == [f"/d/{uid}" for uid in UIDS if uid != body["uid"]]
    for link in body["links"]:
        assert (link["type"], link["keepTime"], link["includeVars"]) == ("link", True, True)
        assert link["title"]
        assert "placement" not in link, "the link is hidden in a menu"


def test_a_reader_chooses_data_source_cluster_and_team_and_at_first_sees_all(body):
    datasource, *others = body["templating"]["list"]
    assert (datasource["name"], datasource["type"], datasource["query"]) == ("datasource", "datasource", "prometheus")
    assert [each["name"] for each in others] == ["cluster", "team", *(["queue"] if "queues" in body["uid"] else [])]
    for each in others:
        assert (each["includeAll"], each["multi"], each["allValue"], each["current"]["value"]) == (
            True,
            True,
            ".*",
            "$__all",
        )
        assert each["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert others[0]["query"] == "label_values(mizan_cost_evaluated_timestamp_seconds, cluster)"
    assert others[1]["query"] == 'label_values(gpu_cost_hourly{cluster=~"$cluster"}, team)'


def test_the_choice_of_a_team_changes_something_on_every_board(body):
    assert any('team=~"$team"' in target["expr"] for target in targets_of(body))


def test_an_expression_has_no_variable_that_nobody_chooses(body):
    chosen = {each["name"] for each in body["templating"]["list"]} | {"__range"}
    for target in targets_of(body):
        assert set(re.findall(r"\$(\w+)", target["expr"])) <= chosen


def test_every_panel_asks_the_chosen_data_source(body):
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert all(panel["datasource"] == chosen for panel in panels_of(body))
    assert all(target["datasource"] == chosen for target in targets_of(body))


def test_panels_lie_beside_each_other_and_each_has_a_number_of_its_own(body):
    panels = body["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        for place in (panel["gridPos"] for panel in panels)
    ]
    assert max(x for cells in taken for x, _ in cells) < 24
    assert not any(one & other for one, other in combinations(taken, 2))


def test_a_line_is_of_the_time_shown_and_all_else_of_one_moment(body):
    for panel in panels_of(body):
        of_range = {(target.get("range", False), target.get("instant", False)) for target in panel["targets"]}
        assert of_range == {(True, False) if panel["type"] == "timeseries" else (False, True)}
        if panel["type"] == "table":
            assert {target["format"] for target in panel["targets"]} == {"table"}


def test_a_table_shows_its_columns_in_order_by_their_headings_with_its_first_value_largest_first(body):
    for panel in panels_of(body):
        if panel["type"] != "table":
            continue
        merge, organize = panel["transformations"]
        assert (merge["id"], organize["id"]) == ("merge", "organize")
        renamed, order = organize["options"]["renameByName"], organize["options"]["indexByName"]
        assert set(renamed) == set(order)
        values = [field for field in renamed if field.startswith("Value")]
        assert len(values) == len(panel["targets"])
        first = min(values, key=order.get)
        assert panel["options"]["sortBy"] == [{"displayName": renamed[first], "desc": True}]
        headings = set(renamed.values())
        for override in panel["fieldConfig"]["overrides"]:
            assert override["matcher"]["options"] in headings


def test_every_number_has_a_unit_that_grafana_knows(body):
    known = {"currencyUSD", "percentunit", "celsius", "s", "h", "watt", "short", "none"}
    assert known == {unit.value for unit in Unit}
    for panel in panels_of(body):
        assert panel["fieldConfig"]["defaults"]["unit"] in known
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels_of(json.loads(TEXTS["mizan-gpu-cost"]))} >= {
        "currencyUSD",
        "percentunit",
    }


def test_every_panel_says_what_it_shows_and_what_to_do(plan):
    for board in boards(plan):
        for panel in board.panels:
            sentences = re.split(r"(?<=[.])\s", panel.text)
            assert len(sentences) >= 2, panel.title
            assert panel.text.endswith("."), panel.title


def test_panels_without_a_choice_of_teams_say_so(body):
    for panel in panels_of(body):
        is_of_all = panel["description"].endswith(" Of all teams.")
        by_team = any("$team" in target["expr"] or "by (team" in target["expr"] for target in panel["targets"])
        assert is_of_all is not by_team, panel["title"]


def test_titles_are_written_as_sentences_are(plan):
    for board in boards(plan):
        for title in (board.title, *(s.title for s in board.sections), *(panel.title for panel in board.panels)):
            first, *others = re.findall(r"[A-Za-z]+", title)
            assert first[0].isupper(), title
            assert {word for word in others if not word.islower()} <= OWN_WORDS, title
        titles = [panel.title for panel in board.panels]
        assert len(set(titles)) == len(titles)


def test_only_series_are_asked_for_that_somebody_writes(plan):
    for board in boards(plan):
        for expr in board.exprs:
            asked = {*SERIES.findall(expr), *(name for name, _ in SELECTOR.findall(expr))} - LABELS
            assert asked <= OURS | OF_OTHERS, expr
            assert asked


def test_what_is_listed_of_others_is_asked_for():
    asked = {
        name
        for plan in PLANS.values()
        for board in boards(plan)
        for expr in board.exprs
        for name in SERIES.findall(expr)
    }
    listed = {*exporters.KUEUE, *exporters.KARPENTER, *exporters.KUBE_STATE_METRICS}
    assert listed <= asked


def test_every_series_of_ours_is_of_the_chosen_clusters(plan):
    for board in boards(plan):
        for expr in board.exprs:
            selected = SELECTOR.findall(expr)
            for name in OURS & set(SERIES.findall(expr)):
                assert [found for found, _ in selected].count(name) == len(re.findall(rf"\b{name}\b", expr))
            for name, matchers in selected:
                if name in OURS:
                    assert 'cluster=~"$cluster"' in matchers, expr


def test_in_a_shared_store_every_series_of_others_is_of_the_chosen_clusters_by_its_own_label():
    for board in boards(PLANS["shared store"]):
        for expr in board.exprs:
            for name in OF_OTHERS & set(SERIES.findall(expr)):
                found = re.findall(rf"\b{name}\b(\{{[^}}]*\}})?", expr)
                assert all('k8s_cluster=~"$cluster"' in matchers for matchers in found), expr
            if "DCGM" in expr and "on (cluster, node)" in expr:
                assert '"cluster", "", "k8s_cluster")' in expr


def test_in_a_store_of_one_cluster_series_of_others_need_no_label():
    for board in boards(on_gke()):
        for expr in board.exprs:
            for name, matchers in SELECTOR.findall(expr):
                assert name in OURS or "cluster=" not in matchers


def test_budgets_are_dashed_lines_where_the_plan_has_some_and_no_panel_waits_for_them_elsewhere():
    lines = {
        target["expr"]: panel["fieldConfig"]["overrides"]
        for panel in panels_of(json.loads(TEXTS["mizan-gpu-cost"]))
        for target in panel["targets"]
        if panel["type"] == "timeseries" and target["expr"].startswith("sum by") and "budget" in target["expr"]
    }
    assert list(lines) == [
        'sum by (cluster) (mizan_budget_usd_per_month{cluster=~"$cluster",team=""})',
        'sum by (cluster, team) (mizan_budget_usd_per_month{cluster=~"$cluster",team!="",team=~"$team"})',
    ]
    for overrides in lines.values():
        (override,) = overrides
        assert override["matcher"]["id"] == "byFrameRefID"
        assert {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}} in override["properties"]
    without = a_plan(a_stack(jobs=[]))
    assert not [expr for board in boards(without) for expr in board.exprs if "budget" in expr]


def test_a_budget_that_is_nearly_spent_is_orange_and_a_spent_one_red():
    (panel,) = [
        each for each in panels_of(json.loads(TEXTS["mizan-gpu-cost"])) if each["title"] == "Budget of the stack"
    ]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [(None, "green"), (0.8, "orange"), (1, "red")]


def test_fallback_is_on_demand_in_pools_that_try_spot_and_have_nothing_paid_for_in_advance():
    both = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 2}]
    pools = [a_pool(name="a100", capacity=both), a_pool(name="steady", capacity=both[1:])]
    assert fallbacks(a_plan(a_stack(pools=pools, jobs=[]))) == ("ondemand-a100",)
    reserved = a_plan(an_aws_stack(jobs=[]))
    assert any(offer.is_committed for offer in reserved.offers)
    assert fallbacks(reserved) == ()


def test_today_is_counted_from_midnight():
    (panel,) = [each for each in panels_of(json.loads(TEXTS["mizan-gpu-cost"])) if each["title"] == "Teams today"]
    assert panel["timeFrom"] == "now/d"
    assert "increase(gpu_cost_total" in panel["targets"][0]["expr"]
    assert "[$__range]" in panel["targets"][0]["expr"]


def test_every_kind_of_panel_is_one_that_grafana_has():
    assert {panel["type"] for text in TEXTS.values() for panel in panels_of(json.loads(text))} == {
        kind.value for kind in Kind
    }


def test_grafana_s_sidecar_finds_each_board_in_a_config_map_of_its_own():
    plan = on_gke()
    bodies = dashboard_config_maps(plan)
    assert [body["metadata"]["name"] for body in bodies] == UIDS
    for body in bodies:
        uid = body["metadata"]["name"]
        assert (body["kind"], body["metadata"]["namespace"]) == ("ConfigMap", "mizan-monitoring")
        assert body["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert list(body["data"]) == [f"{uid}.json"]
        assert json.loads(body["data"][f"{uid}.json"]) == json.loads(dashboards(plan)[uid])
        # A ConfigMap holds 1 MiB at most.
        assert len(body["data"][f"{uid}.json"].encode()) < 100_000


def test_dashboards_are_in_the_cluster_where_somebody_says_that_it_takes_them():
    assert dashboard_config_maps(elsewhere(EXTERNAL)) == []
    assert len(dashboard_config_maps(elsewhere(EXTERNAL | {"rulesInCluster": True}))) == len(UIDS)
    assert dashboard_config_maps(a_plan()) == []
