"""What recording rules make of what DCGM's exporter tells: useful, idle and unknown dollars."""

import pytest

from mizan.metrics import names
from mizan.metrics.rule import Group
from mizan.metrics.totals import INTERVAL_SECONDS, total_rules
from tests.builders import a_plan
from tests.cost_rules import SOURCE, adds_up, at, by, usd, whole_gpus
from tests.metric_series import a_gpu_pod, a_namespace, a_node, dcgm, offer_of, scaled
from tests.promtool import series
from tests.sharing_stacks import LAYOUT, TURNS, a_sharing_stack

POD = {"namespace": "team-a", "pod": "p1", "container": "main"}
BUSY = "mizan_pod_gpu_utilisation_ratio"
COST = "sum(gpu_cost_hourly)"
USEFUL = "sum(gpu_useful_cost_hourly)"
NO_NUMBER = " ".join(["NaN"] * 24)
IDLE = "sum by (reason) (gpu_idle_cost_hourly)"


def on_demand(plan, name="n1", values="1x24"):
    return a_node(offer_of(plan, "ondemand-a100"), name, values)


def utilisation(pod="p1", node="n1", namespace="team-a"):
    return by(cluster="c1", namespace=namespace, node=node, pod=pod)


def busy(percent, *, uuid="GPU-0", counts="gpu", values="1x24", **labels):
    return dcgm("DEV_GPU_UTIL", scaled(values, percent), uuid=uuid, counts=counts, **(POD | labels))


def test_useful_dollars_are_those_of_busy_gpus_and_the_rest_is_idle_at_its_owner(rules):
    plan = whole_gpus()
    inputs = [
        *on_demand(plan),
        *a_namespace(),
        *a_gpu_pod(units=2, labels={}),
        *busy(100),
        *busy(50, uuid="GPU-1"),
        *dcgm("DEV_GPU_UTIL", "0x24", uuid="GPU-2"),
    ]
    half = usd(plan) / 2
    rules.hold(
        plan,
        inputs,
        at(4, BUSY, {utilisation(): 0.75}),
        at(4, USEFUL, half * 0.75),
        at(
            4,
            "sum by (reason, team) (gpu_idle_cost_hourly)",
            {
                by(reason="unused", team="team-a"): half * 0.25,
                by(reason="unallocated"): half,
            },
        ),
        at(4, "mizan_cost_efficiency_ratio", {by(cluster="c1"): 0.375}),
        at(4, "sum by (pool) (mizan_pool_cost_efficiency_ratio)", {by(pool="a100"): 0.375}),
        at(4, "sum by (team) (mizan_team_cost_efficiency_ratio)", {by(team="team-a"): 0.75}),
        at(4, "sum(mizan_utilisation_known_ratio)", 1),
        adds_up(4),
    )


def test_a_cluster_that_is_all_idle_has_an_efficiency_of_nothing(rules):
    plan = whole_gpus()
    rules.hold(
        plan,
        on_demand(plan),
        at(4, "sum(mizan_cost_efficiency_ratio)", 0),
        at(4, IDLE, {by(reason="unallocated"): usd(plan)}),
        at(4, "mizan_utilisation_known_ratio", None),
    )


def test_a_pool_that_is_full_has_an_efficiency_too(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(units=4), *busy(100)]
    rules.hold(plan, inputs, at(4, "sum by (pool) (mizan_pool_cost_efficiency_ratio)", {by(pool="a100"): 1}))


def test_without_dcgm_for_an_hour_cost_goes_on_and_utilisation_is_unknown_not_nothing(rules):
    plan = whole_gpus()
    long = "1x150"
    inputs = [
        *on_demand(plan, values=long),
        *a_gpu_pod(units=4, values=long),
        *busy(80, values="1x9 stale _x119 1x10"),
    ]
    price = usd(plan)
    away = 100
    rules.hold(
        plan,
        inputs,
        at(9, USEFUL, price * 0.8),
        at(away, COST, price),
        at(away, "sum(gpu_cost_total)", price * away * 30 / 3600),
        at(away, BUSY, None),
        at(away, USEFUL, None),
        at(away, IDLE, {by(reason="unallocated"): 0}),
        at(away, "mizan_cost_efficiency_ratio", None),
        at(away, "sum(mizan_utilisation_known_ratio)", 0),
        adds_up(away),
        at(135, USEFUL, price * 0.8),
    )


def test_a_pod_that_nobody_measures_is_not_idle_and_not_in_the_efficiency(rules):
    plan = whole_gpus()
    inputs = [
        *on_demand(plan),
        *a_gpu_pod("p1", units=3),
        *a_gpu_pod("p2", units=1, namespace="team-b"),
        *busy(50),
    ]
    rules.hold(
        plan,
        inputs,
        at(4, IDLE, {by(reason="unused"): usd(plan) * 3 / 8, by(reason="unallocated"): 0}),
        at(4, "sum(mizan_cost_efficiency_ratio)", 0.5),
        at(4, "sum(mizan_utilisation_known_ratio)", 0.75),
    )


def test_instances_are_measured_by_their_engine_and_not_by_what_is_said_of_their_gpu(rules):
    plan = a_plan(a_sharing_stack("local", LAYOUT))
    inputs = [
        *on_demand(plan),
        *a_gpu_pod(resource="nvidia.com/mig-3g.20gb"),
        *dcgm("PROF_GR_ENGINE_ACTIVE", "0.25x24", GPU_I_ID="1", GPU_I_PROFILE="3g.20gb", **POD),
        *dcgm("PROF_GR_ENGINE_ACTIVE", "0.9x24"),
        *dcgm("DEV_GPU_UTIL", "0x24"),
        *dcgm("DEV_GPU_UTIL", "0x24", GPU_I_ID="1", GPU_I_PROFILE="3g.20gb", **POD),
    ]
    rules.hold(
        plan,
        inputs,
        at(4, BUSY, {utilisation(): 0.25}),
        at(4, USEFUL, usd(plan) / 4 * 4 / 7 * 0.25),
    )


def an_instance(profile, busy, number):
    return dcgm("PROF_GR_ENGINE_ACTIVE", f"{busy}x24", GPU_I_ID=number, GPU_I_PROFILE=profile, **POD)


@pytest.mark.parametrize(("large", "small"), [(0, 1), (1, 0), (0.5, 0.25)])
def test_a_pod_s_unequal_instances_count_by_what_they_cost(rules, large, small):
    plan = a_plan(a_sharing_stack("local", LAYOUT))
    (first, *_) = a_gpu_pod(resource="nvidia.com/mig-1g.5gb")
    inputs = [
        *on_demand(plan),
        *a_gpu_pod(resource="nvidia.com/mig-3g.20gb"),
        first,
        *an_instance("3g.20gb", large, "1"),
        *an_instance("1g.5gb", small, "13"),
    ]
    gpu = usd(plan) / 4
    useful = gpu * (4 * large + small) / 7
    rules.hold(plan, inputs, at(4, COST, gpu * 5 / 7), at(4, USEFUL, useful), adds_up(4))


def test_instances_of_a_size_that_no_offer_has_are_measured_by_their_mean(rules):
    plan = a_plan(a_sharing_stack("local", LAYOUT))
    inputs = [*on_demand(plan), *an_instance("7g.40gb", 0.5, "0"), *an_instance("7g.40gb", 0.1, "1")]
    rules.hold(plan, inputs, at(4, BUSY, {utilisation(): 0.3}))


@pytest.mark.parametrize(("percents", "ratio"), [((25, 25), 1), ((25, 0), 0.5), ((10, 5), 0.3)])
def test_a_pod_with_shares_of_two_gpus_is_fully_busy_when_it_uses_both(rules, percents, ratio):
    plan = a_plan(a_sharing_stack("local", TURNS))
    inputs = [*on_demand(plan), *a_gpu_pod(resource="nvidia.com/gpu.shared", units=2)]
    for number, percent in enumerate(percents):
        labels = {"uuid": f"GPU-{number}", "container": f"c{number}", "vgpu": "0"}
        inputs += busy(percent, counts="process", **labels)
    rules.hold(plan, inputs, at(4, BUSY, {utilisation(): ratio}), adds_up(4))


def test_pods_that_share_a_gpu_are_measured_by_their_own_part_and_copies_count_for_nothing(rules):
    plan = a_plan(a_sharing_stack("local", TURNS))
    inputs = [*on_demand(plan), *dcgm("DEV_GPU_UTIL", "60x24")]
    for number, percent in enumerate((25, 10, 0, 60)):
        pod = {"namespace": "team-a", "pod": f"p{number}", "container": "main", "vgpu": str(number)}
        inputs += a_gpu_pod(f"p{number}", resource="nvidia.com/gpu.shared")
        inputs += dcgm("DEV_GPU_UTIL", f"{percent}x24", counts="process", **pod)
        inputs += dcgm("PROF_GR_ENGINE_ACTIVE", "0.6x24", counts="copy", **pod)
        inputs += dcgm("DEV_POWER_USAGE", "300x24", counts="copy", **pod)
    replica = usd(plan) / 16
    rules.hold(
        plan,
        inputs,
        at(4, BUSY, {utilisation("p0"): 1, utilisation("p1"): 0.4, utilisation("p2"): 0, utilisation("p3"): 1}),
        at(4, USEFUL, replica * 2.4),
        adds_up(4),
    )


def test_a_part_of_a_gpu_is_no_utilisation_where_nobody_knows_the_pod_s_share(rules):
    plan = a_plan(a_sharing_stack("local", TURNS))
    inputs = [*a_gpu_pod(resource="nvidia.com/gpu.shared"), *busy(25, counts="process")]
    rules.hold(plan, inputs, at(4, BUSY, None))


def test_a_pod_with_whole_gpus_beside_shared_ones_is_measured_by_its_processes(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(units=2)]
    inputs += [*busy(80, counts="process"), *busy(40, uuid="GPU-1", counts="process")]
    rules.hold(plan, inputs, at(4, BUSY, {utilisation(): 0.6}))


def test_an_exporter_that_was_restarted_tells_nothing_twice(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod(units=1)]
    inputs += [*busy(40, instance="10.0.0.1:9400"), *busy(40, instance="10.0.0.2:9400")]
    rules.hold(plan, inputs, at(4, BUSY, {utilisation(): 0.4}), at(4, USEFUL, usd(plan) / 4 * 0.4))


def test_what_is_no_number_is_unknown_and_spoils_no_sum(rules):
    plan = whole_gpus()
    inputs = [*on_demand(plan), *a_gpu_pod("p1", units=1), *a_gpu_pod("p2", units=1)]
    inputs += [*dcgm("DEV_GPU_UTIL", NO_NUMBER, **POD), *busy(50, uuid="GPU-1", pod="p2")]
    rules.hold(plan, inputs, at(4, BUSY, {utilisation("p2"): 0.5}), at(4, USEFUL, usd(plan) / 8))


def test_a_gpu_is_never_more_than_busy(rules):
    plan = whole_gpus()
    rules.hold(plan, [*on_demand(plan), *a_gpu_pod(units=1), *busy(104)], at(4, BUSY, {utilisation(): 1}))


@pytest.mark.parametrize(("late", "known"), [(4, {utilisation(): 0.5}), (11, None)], ids=["2 min", "5 min"])
def test_an_exporter_whose_clock_is_behind_is_believed_for_five_minutes_and_costs_need_no_clock(rules, late, known):
    plan = whole_gpus()
    # Its samples bear its own time, so that the last one is always so much older than the evaluation.
    inputs = [*on_demand(plan), *a_gpu_pod(units=4), *busy(50, values=f"1x{20 - late}")]
    rules.hold(plan, inputs, at(20, BUSY, known), at(20, COST, usd(plan)), adds_up(20))


def test_a_successor_of_the_same_name_on_another_node_is_measured_there(rules):
    plan = whole_gpus()
    inputs = [
        *on_demand(plan),
        *on_demand(plan, "n2"),
        *a_gpu_pod(node="n2", uid="new"),
        *busy(90),
        *dcgm("DEV_GPU_UTIL", "20x24", node="n2", uuid="GPU-9", **POD),
    ]
    rules.hold(plan, inputs, at(4, USEFUL, usd(plan) / 4 * 0.2))


def test_spot_saves_what_on_demand_costs_more(rules):
    plan = whole_gpus()
    spot = offer_of(plan, "spot-a100")
    inputs = [*a_node(spot, "s1"), *a_node(spot, "s2"), *on_demand(plan)]
    saved = 2 * (usd(plan) - usd(plan, "spot-a100"))
    rules.hold(
        plan,
        inputs,
        at(
            4, "sum by (capacity_type, offer) (gpu_saving_hourly)", {by(capacity_type="spot", offer="spot-a100"): saved}
        ),
        at(4, "sum(gpu_saving_total)", saved * 4 * 30 / 3600),
        at(4, "sum(gpu_overpaid_total)", 0),
    )


def test_what_spot_costs_more_is_taken_off_what_it_saved_and_no_counter_goes_down(rules):
    labels = {"cluster": "c1", "offer": "spot-a100", "capacity_type": "spot"}
    wanted = (names.SAVING_TOTAL, names.OVERPAID_TOTAL)
    found = tuple(rule for rule in total_rules(SOURCE, has_pods=True) if rule.series in wanted)
    group = Group(name="totals", interval_seconds=INTERVAL_SECONDS, rules=found)

    def saved(window):
        return f"(sum(increase(gpu_saving_total[{window}])) - sum(increase(gpu_overpaid_total[{window}])))"

    # Twelve dollars an hour saved for half an hour, then as many paid on top.
    rules.give(
        [series("gpu_saving_hourly", "12x60 -12x70", **labels)],
        at(130, "sum(gpu_saving_total)", 61 * 0.1),
        at(130, "sum(gpu_overpaid_total)", 69 * 0.1),
        at(130, "sum(resets(gpu_saving_total[65m])) + sum(resets(gpu_overpaid_total[65m]))", 0),
        at(125, f"round({saved('30m')}, 0.1)", -6),
        at(121, f"abs({saved('1h')}) < bool 0.2", 1),
        groups=[group.document("c1")],
    )


def test_opencost_is_held_against_our_prices(rules):
    plan = whole_gpus()
    price = usd(plan)
    inputs = [*[each for name in ("n1", "n2", "n3", "n4") for each in on_demand(plan, name)]]
    told = {"n1": price, "n2": price * 1.3, "n3": 0, "n5": 1}
    inputs += [
        series("node_total_hourly_cost", f"{usd_per_hour}x24", node=node, instance=node)
        for node, usd_per_hour in told.items()
    ]
    inputs.append(series("node_total_hourly_cost", NO_NUMBER, node="n4", instance="n4"))
    rules.hold(
        plan,
        inputs,
        at(
            6,
            "sum by (node, offer) (mizan_opencost_price_ratio)",
            {
                by(node="n1", offer="ondemand-a100"): 1,
                by(node="n2", offer="ondemand-a100"): 1.3,
                by(node="n3", offer="ondemand-a100"): 0,
                by(node="n4", offer="ondemand-a100"): 0,
            },
        ),
    )


def test_without_opencost_nothing_is_held_against_it(rules):
    plan = whole_gpus()
    rules.hold(plan, on_demand(plan), at(6, "mizan_opencost_price_ratio", None))
