"""What recording rules make of what kube-state-metrics tells: dollars by owner, and what nobody has."""

import pytest

from mizan import keys
from mizan.metrics.selector import Source
from tests.builders import a_plan, a_pool, a_queue, an_aws_stack
from tests.cost_rules import PAID, adds_up, at, by, usd, whole_gpus
from tests.gke_stacks import a_gke_plan
from tests.metric_series import KSM, a_gpu_pod, a_namespace, a_node, a_placeholder, offer_of
from tests.promtool import present, series
from tests.sharing_stacks import DEVICES, LAYOUT, TURNS, a_sharing_stack, kept

BOUGHT = {"pool": "a100", "offer": "ondemand-a100", "capacity_type": "on-demand", "gpu_model": "a100-40gb"}
BY_NAMESPACE = "sum by (namespace) (gpu_cost_hourly)"
BY_REASON = "sum by (reason) (gpu_unallocated_cost_hourly)"


def shared(sharing, cloud="local"):
    values = a_sharing_stack(cloud, sharing)
    return a_gke_plan(values) if cloud == "gke" else a_plan(values)


def on_demand(plan, name="n1", values="1x24", **ksm):
    return a_node(offer_of(plan, "ondemand-a100"), name, values, **ksm)


def test_pods_pay_their_part_of_the_whole_node_by_their_labels(rules):
    plan = whole_gpus()
    labels = {keys.WORKLOAD_TYPE: "training", keys.LOCAL_QUEUE_NAME: "training"}
    inputs = [
        *on_demand(plan),
        *a_namespace("team-a"),
        *a_namespace("team-b"),
        *a_gpu_pod("p1", units=3, labels=labels),
        *a_gpu_pod("p2", units=1, namespace="team-b", labels={keys.COST_CENTER: "own"}),
    ]
    of_a = {"namespace": "team-a", "team": "team-a", "cost_center": "ml", "project": "llm", "queue": "training"}
    of_b = {"namespace": "team-b", "team": "team-b", "cost_center": "own", "project": "llm"}
    rules.hold(
        plan,
        inputs,
        at(
            4,
            "sum without (part) (gpu_cost_hourly)",
            {
                by(cluster="c1", workload_type="training", **of_a, **BOUGHT): usd(plan) * 3 / 4,
                by(cluster="c1", **of_b, **BOUGHT): usd(plan) / 4,
            },
        ),
        at(4, BY_REASON, {by(reason="unallocated"): 0}),
        adds_up(4),
    )


def test_two_pods_of_four_gpus_share_a_node_of_eight_that_is_reserved_or_not(rules):
    pool = a_pool(machine="p4d.24xlarge", capacity=[{"type": "on-demand", "maxNodes": 2}])
    queue = a_queue(quotas=[{"pool": "a100", "gpus": 16}], fallback="capacity")
    plan = a_plan(an_aws_stack(pools=[pool], queues=[queue], jobs=[]))
    assert [offer.name for offer in plan.offers] == ["reserved-a100", "ondemand-a100"]
    inputs = [*on_demand(plan), *a_gpu_pod("p1", units=4), *a_gpu_pod("p2", units=4, namespace="team-b")]
    half = usd(plan) / 2
    rules.hold(
        plan,
        inputs,
        at(4, BY_NAMESPACE, {by(namespace="team-a"): half, by(namespace="team-b"): half}),
        at(4, "count(mizan_node_gpu_price_usd_per_hour)", 2),
        adds_up(4),
    )


def test_gpus_that_no_pod_has_are_unallocated(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *on_demand(plan, "n2"), *a_gpu_pod(units=1)]
    rules.hold(
        plan,
        inputs,
        at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan) / 4}),
        at(4, BY_REASON, {by(reason="unallocated"): usd(plan) * 7 / 4}),
        adds_up(4),
    )


def test_instances_of_a_mixed_layout_pay_by_memory_slices(rules):
    plan = shared(LAYOUT)
    inputs = [
        *on_demand(plan),
        *a_gpu_pod("p1", resource="nvidia.com/mig-3g.20gb"),
        *a_gpu_pod("p2", resource="nvidia.com/mig-1g.5gb", namespace="team-b"),
    ]
    gpu = usd(plan) / 4
    rules.hold(
        plan,
        inputs,
        at(4, BY_NAMESPACE, {by(namespace="team-a"): gpu * 4 / 7, by(namespace="team-b"): gpu / 7}),
        at(4, BY_REASON, {by(reason="unallocated"): gpu * (4 - 5 / 7)}),
        at(
            4,
            "sum by (resource) (mizan_unit_price_usd_per_hour)",
            {
                by(resource="nvidia_com_mig_3g_20gb"): gpu * 4 / 7,
                by(resource="nvidia_com_mig_2g_10gb"): gpu * 2 / 7,
                by(resource="nvidia_com_mig_1g_5gb"): gpu / 7,
            },
        ),
        adds_up(4),
    )


@pytest.mark.parametrize(
    ("cloud", "resource"), [("gke", "nvidia.com/gpu"), ("local", "nvidia.com/gpu.shared")], ids=["gke", "operator"]
)
def test_a_replica_pays_its_part_of_a_gpu_whoever_slices_it(rules, cloud, resource):
    plan = shared(TURNS, cloud)
    inputs = [*on_demand(plan), *a_gpu_pod(resource=resource)]
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan) / 16}), adds_up(4))


def test_a_node_that_a_placeholder_keeps_is_told_apart_until_pods_use_it(rules):
    plan = whole_gpus()
    inputs = [
        *on_demand(plan, "n1"),
        *a_placeholder("n1"),
        *on_demand(plan, "n2"),
        *a_gpu_pod(units=1, node="n1"),
    ]
    rules.hold(
        plan,
        inputs,
        at(4, BY_REASON, {by(reason="kept"): usd(plan) * 3 / 4, by(reason="unallocated"): usd(plan)}),
        at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan) / 4}),
        adds_up(4),
    )


def test_init_containers_count_where_they_ask_for_more_than_the_containers_together(rules):
    plan = whole_gpus()
    inputs = [
        *on_demand(plan),
        *a_gpu_pod("p1", units=1, init=2),
        *a_gpu_pod("p2", units=2, init=1, namespace="team-b"),
    ]
    half = usd(plan) / 2
    rules.hold(
        plan, inputs, at(4, BY_NAMESPACE, {by(namespace="team-a"): half, by(namespace="team-b"): half}), adds_up(4)
    )


def test_a_sidecar_counts_with_the_containers(rules):
    plan = whole_gpus()
    pod = {"namespace": "team-a", "pod": "p1", "uid": "uid-team-a-p1"}
    goes_on = series(
        "kube_pod_init_container_info", "1x24", container="setup", restart_policy="Always", image="a", **pod, **KSM
    )
    inputs = [*on_demand(plan), *a_gpu_pod("p1", units=2, init=1), goes_on]
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan) * 3 / 4}), adds_up(4))


@pytest.mark.parametrize("labels", [None, {}], ids=["told of none", "has none"])
def test_a_pod_without_labels_in_a_namespace_without_any_still_costs(rules, labels):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(units=4, labels=labels)]
    rules.hold(
        plan,
        inputs,
        at(
            4,
            "sum without (part) (gpu_cost_hourly)",
            {by(cluster="c1", namespace="team-a", **BOUGHT): usd(plan)},
        ),
        at(4, 'sum(gpu_cost_hourly{team=""})', usd(plan)),
    )


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_holds_nothing_though_its_object_stays(rules, phase):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(units=4, phase=phase)]
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, None), at(4, BY_REASON, {by(reason="unallocated"): usd(plan)}))


def test_a_pod_that_waits_for_a_node_costs_nothing_and_one_that_starts_on_it_does(rules):
    plan = whole_gpus()
    inputs = [
        *on_demand(plan),
        *a_gpu_pod("p1", node="", units=4, phase="Pending"),
        *a_gpu_pod("p2", units=1, phase="Pending", namespace="team-b"),
    ]
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, {by(namespace="team-b"): usd(plan) / 4}), adds_up(4))


def test_a_pod_that_asks_for_no_gpu_is_no_row(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(units=0)]
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, None), at(4, "mizan_pod_gpus", None), adds_up(4))


def test_a_node_without_a_price_is_told_and_never_costs_nothing(rules):
    plan = whole_gpus()
    allocatable = series("kube_node_status_allocatable", "8x24", node="n2", resource="nvidia_com_gpu", **KSM)
    labelled = series("kube_node_labels", "1x24", node="n3", label_nvidia_com_gpu_product="L4", **KSM)
    tainted = series("kube_node_spec_taint", "1x24", node="n4", key="nvidia.com/gpu", effect="NoSchedule", **KSM)
    plain = series("kube_node_status_allocatable", "8x24", node="n5", resource="cpu", **KSM)
    inputs = [*on_demand(plan), allocatable, labelled, tainted, plain, *a_gpu_pod(units=8, node="n2")]
    rules.hold(
        plan,
        inputs,
        at(
            4,
            "mizan_node_without_price",
            {by(cluster="c1", node=name): 1 for name in ("n2", "n3", "n4")},
        ),
        at(4, BY_NAMESPACE, None),
        at(4, "sum(mizan_node_gpu_price_usd_per_hour)", usd(plan)),
        adds_up(4),
    )


def test_two_kube_state_metrics_and_one_that_was_restarted_tell_nothing_twice(rules):
    plan = whole_gpus()
    inputs = []
    for instance in ("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"):
        inputs += on_demand(plan, instance=instance)
        inputs += a_gpu_pod(units=1, labels={keys.COST_CENTER: "own"}, init=1, instance=instance)
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan) / 4}), adds_up(4))


def test_a_label_that_two_of_them_tell_differently_fails_no_rule(rules):
    plan = whole_gpus()
    other = {"instance": "10.0.0.2:8080"}
    inputs = [
        *on_demand(plan),
        *a_node(offer_of(plan, "spot-a100"), **other),
        *a_gpu_pod(units=4, labels={keys.COST_CENTER: "old"}),
        *a_gpu_pod(units=4, labels={keys.COST_CENTER: "new"}, **other),
        *a_namespace("team-a", **{"cost-center": "one"}),
        series("kube_namespace_labels", "1x24", namespace="team-a", label_team="another", **KSM | other),
    ]
    rules.hold(plan, inputs, at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan)}), adds_up(4))


def test_a_pod_and_its_successor_on_the_same_gpus_are_not_charged_twice(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(units=4, uid="old"), *a_gpu_pod(units=4, uid="new")]
    rules.hold(
        plan,
        inputs,
        at(4, BY_NAMESPACE, {by(namespace="team-a"): usd(plan)}),
        at(4, BY_REASON, {by(reason="unallocated"): 0}),
        adds_up(4),
    )


def test_units_that_the_offer_does_not_have_make_the_node_unknown_not_idle(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(resource="nvidia.com/mig-1g.5gb")]
    rules.hold(
        plan,
        inputs,
        at(4, BY_REASON, {by(reason="unknown"): usd(plan)}),
        at(4, "gpu_idle_cost_hourly", None),
        adds_up(4),
    )


@pytest.mark.parametrize("value", ['say "hi"\\', "x" * 200, "größe {}", "a\nb"], ids=["quotes", "long", "é", "lines"])
def test_a_label_s_value_is_kept_whatever_stands_in_it(rules, value):
    plan = whole_gpus()
    labels = {keys.COST_CENTER: value, keys.WORKLOAD_TYPE: value, keys.QUEUE_NAME: value}
    inputs = [*on_demand(plan), *a_namespace("team-a", team=value, project=value), *a_gpu_pod(units=4, labels=labels)]
    kept_as = dict.fromkeys(("team", "project", "cost_center", "workload_type", "queue"), value)
    rules.hold(
        plan,
        inputs,
        at(
            4,
            "sum by (team, project, cost_center, workload_type, queue) (gpu_cost_hourly)",
            {by(**kept_as): usd(plan)},
        ),
    )


def test_each_cluster_s_rules_read_its_own_series_where_several_lie_in_one_store(rules):
    plan = whole_gpus()
    of_one = {"k8s": "c1"}
    of_other = {"k8s": "c2"}
    inputs = [
        *on_demand(plan, **of_one),
        *a_gpu_pod(units=4, labels={}, **of_one),
        *on_demand(plan, **of_other),
        *on_demand(plan, "n2", **of_other),
        *a_gpu_pod(units=2, labels={}, **of_other),
        series(
            "mizan_node_gpu_price_usd_per_hour", "99x24", cluster="c2", node="n1", part="gpu", offer="ondemand-a100"
        ),
        series("mizan_node_counted_gpus", "99x24", cluster="c2", node="n1"),
        series("gpu_cost_hourly", "99x24", cluster="c2", namespace="team-a"),
    ]
    mine = 'sum by (cluster) ({}{{cluster="c1"}})'
    rules.hold(
        plan,
        inputs,
        at(4, mine.format("gpu_cost_hourly"), {by(cluster="c1"): usd(plan)}),
        at(4, mine.format("mizan_node_gpu_price_usd_per_hour"), {by(cluster="c1"): usd(plan)}),
        at(4, "sum by (cluster) (gpu_cost_total)", {by(cluster="c1"): usd(plan) * 4 * 30 / 3600}),
        source=Source(cluster="c1", label="k8s"),
    )


def claimed(values=None):
    return a_plan(a_sharing_stack("local", DEVICES, capacity=kept()))


def a_device(pod="p1", profile="1g.5gb", uuid="GPU-0", node="n1", **labels):
    told = {"UUID": uuid, "GPU_I_ID": "1", "GPU_I_PROFILE": profile, "hostname": node, "namespace": "team-a"}
    return series("DCGM_FI_DEV_FB_USED", "100x24", pod=pod, dra_device_name="gpu-0-mig", **told | labels)


def test_claimed_devices_that_nobody_tells_of_are_unknown_neither_idle_nor_free(rules):
    plan = claimed()
    inputs = on_demand(plan)
    rules.hold(
        plan,
        inputs,
        at(4, BY_REASON, {by(reason="unknown"): usd(plan)}),
        at(4, "gpu_idle_cost_hourly", None),
        adds_up(4),
    )


def test_claimed_devices_cost_whom_dcgm_names_and_those_who_claim_one_together_share_it(rules):
    plan = claimed()
    info = {"node": "n1", "priority_class": "", **KSM}
    inputs = [
        *on_demand(plan),
        *on_demand(plan, "n2"),
        a_device("p1", GPU_I_ID="1"),
        a_device("p1", GPU_I_ID="2"),
        a_device("p2", GPU_I_ID="3"),
        a_device("p3", GPU_I_ID="3", namespace="team-b"),
        *(
            series("kube_pod_info", "1x24", namespace=namespace, pod=pod, uid=f"uid-{pod}", **info)
            for namespace, pod in (("team-a", "p1"), ("team-a", "p2"), ("team-b", "p3"))
        ),
    ]
    unit = usd(plan) / 28
    rules.hold(
        plan,
        inputs,
        at(4, BY_NAMESPACE, {by(namespace="team-a"): unit * 2.5, by(namespace="team-b"): unit / 2}),
        at(4, BY_REASON, {by(reason="unallocated"): usd(plan) - 3 * unit, by(reason="unknown"): usd(plan)}),
        adds_up(4),
    )


def test_a_node_that_lives_forty_seconds_is_in_the_bill(rules):
    plan = whole_gpus()
    # Between two scrapes of 30 s, 40 s are seen once or twice.
    life = present(3, 4)
    inputs = [*on_demand(plan, values=life), *a_gpu_pod(units=4, values=life)]
    interval = usd(plan) * 30 / 3600
    rules.hold(
        plan,
        inputs,
        at(4, PAID, usd(plan)),
        at(5, "gpu_cost_hourly", None),
        at(20, "sum(gpu_cost_total)", 2 * interval),
        at(20, "sum(increase(gpu_cost_total[9m]))", 2 * interval),
    )
