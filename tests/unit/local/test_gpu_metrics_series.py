"""The simulated exporter: the series of DCGM's exporter, in each way of sharing GPUs."""

import re
import uuid

import pytest
from gpu_metrics_builders import Scrapes, a_cluster, a_fleet, raw_claim, raw_node, raw_pod, scraped
from hypothesis import given
from hypothesis import strategies as st

from local.control_plane import dra_driver
from local.gpu_metrics.exporter import Memory, step
from mizan import keys
from mizan.manifests.dcgm_exporter import chart_values
from mizan.metrics import COUNTERS
from tests.builders import a_plan, a_stack
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS

UTIL, ENGINE, USED = "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_FB_USED"
POWER, ENERGY, HEAT = "DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "DCGM_FI_DEV_THERMAL_VIOLATION"
GPU = {keys.NVIDIA_GPU: 1}
TURN = {keys.NVIDIA_SHARED_GPU: 1}
SMALL = {f"{keys.NVIDIA_MIG}1g.5gb": 1}
WHOLE, SHARED, CUT = a_fleet(), a_fleet(TURNS), a_fleet(PROFILE)
# A GPU's memory in MiB, less what the driver keeps.
USABLE = 40_960 - 640


def of_gpu(samples, gpu=0, **labels):
    return [
        (told, value)
        for told, value in samples
        if told["gpu"] == str(gpu) and all(told.get(name) == asked for name, asked in labels.items())
    ]


def values(samples, gpu=0, **labels):
    return [value for _, value in of_gpu(samples, gpu, **labels)]


def test_every_counter_of_ours_is_told_of_a_whole_gpu_and_nothing_else():
    found = scraped(WHOLE, a_cluster([raw_node()]))
    told = {name for name, samples in found.items() if name.startswith("DCGM") and len(samples) == 4}
    assert told == {counter.field for counter in COUNTERS}


def test_types_and_texts_are_those_of_our_counters():
    _, told = step(Memory(), a_cluster([raw_node()]), WHOLE, 0)
    assert [(family.name, family.type, family.help) for family in told.dcgm] == [
        (counter.field, counter.type.value, counter.help) for counter in COUNTERS
    ]


def test_a_gpu_with_a_pod_has_the_names_and_the_allowed_labels_of_the_pod():
    ((labels, value),) = of_gpu(scraped(WHOLE, a_cluster([raw_node()], [raw_pod(amounts=GPU)]))[UTIL])
    assert value == 95
    assert labels == {
        "gpu": "0",
        "UUID": f"GPU-{uuid.uuid5(uuid.NAMESPACE_OID, 'uid-of-node-a/gpu-0')}",
        "pci_bus_id": "00000000:04:00.0",
        "device": "nvidia0",
        "modelName": "NVIDIA A100-SXM4-40GB",
        "hostname": "node-a",
        "pod": "train-0",
        "namespace": "ml",
        "container": "main",
        "pod_uid": "uid-of-train-0",
        "team": "team-a",
        "kueue_x_k8s_io_queue_name": "training",
    }


def test_an_idle_gpu_is_told_without_a_pod():
    found = scraped(WHOLE, a_cluster([raw_node()], [raw_pod(amounts=GPU)]))
    ((labels, value),) = of_gpu(found[UTIL], 3)
    assert value == 0
    assert set(labels) == {"gpu", "UUID", "pci_bus_id", "device", "modelName", "hostname"}
    assert (values(found[USED], 3), values(found[POWER], 3)) == ([0], [60.0])


def test_the_allow_list_is_that_of_the_exporter_s_chart():
    plan = a_plan(a_stack(addons={"kueue": {"install": "external"}, "dcgmExporter": {"install": "external"}}))
    assert list(WHOLE.pod_labels) == chart_values(plan)["kubernetes"]["podLabelAllowlistRegex"]


def test_a_label_of_a_pod_never_takes_the_place_of_the_exporter_s_own():
    pod = raw_pod(amounts=GPU)
    pod["metadata"]["labels"] = {"team": "team-a", "pod": "other", "hostname": "other"}
    ((labels, _),) = of_gpu(scraped(WHOLE, a_cluster([raw_node()], [pod]))[UTIL])
    assert (labels["pod"], labels["hostname"], labels["team"]) == ("train-0", "node-a", "team-a")


WHOLE_MIB = 40_960


@pytest.mark.parametrize(
    ("sharing", "mib"),
    [(None, WHOLE_MIB), (PROFILE, 7 * 5_120), (LAYOUT, 35 * 1_024), (TURNS, WHOLE_MIB), ({"mode": "dra"}, WHOLE_MIB)],
)
def test_memory_used_free_and_reserved_make_the_whole(sharing, mib):
    fleet = a_fleet(sharing)
    amounts = {slot.resource: 1 for slot in fleet.slots["a100"] if slot.resource}
    found = scraped(fleet, a_cluster([raw_node()], [raw_pod(amounts=amounts, profile="half")]))
    fields = (USED, "DCGM_FI_DEV_FB_FREE", "DCGM_FI_DEV_FB_RESERVED")
    # The first of a part is the GPU's own where there are several, or a copy of it.
    held = [{one["UUID"] + one.get("GPU_I_ID", ""): value for one, value in reversed(found[name])} for name in fields]
    assert sum(sum(each.values()) for each in held) == 4 * mib


def test_an_instance_has_no_use_in_percent_and_its_own_engine():
    pods = [raw_pod("a", amounts=SMALL), raw_pod("b", amounts=SMALL, profile="half")]
    found = scraped(CUT, a_cluster([raw_node()], pods))
    assert (found[UTIL], found["DCGM_FI_DEV_DEC_UTIL"]) == ([], [])
    first, second, third, *_ = of_gpu(found[ENGINE])
    assert [value for _, value in (first, second, third)] == [0.95, 0.5, 0.0]
    assert (first[0]["GPU_I_PROFILE"], first[0]["GPU_I_ID"], first[0]["pod"]) == ("1g.5gb", "7", "a")
    assert (second[0]["GPU_I_ID"], second[0]["pod"], second[0]["team"]) == ("8", "b", "team-a")
    assert "pod" not in third[0]
    assert len(of_gpu(found[ENGINE])) == 7
    assert len({labels["GPU_I_ID"] for labels, _ in of_gpu(found[ENGINE])}) == 7


def test_instances_of_unlike_profiles_have_numbers_of_their_own():
    found = scraped(a_fleet(LAYOUT), a_cluster([raw_node()]))
    assert [(labels["GPU_I_PROFILE"], labels["GPU_I_ID"]) for labels, _ in of_gpu(found[ENGINE])] == [
        ("3g.20gb", "1"),
        ("2g.10gb", "3"),
        ("1g.5gb", "7"),
    ]


def test_heat_and_power_of_an_instance_are_those_of_its_gpu():
    found = scraped(CUT, a_cluster([raw_node()], [raw_pod(amounts=SMALL)]))
    # 60 W idle, 340 W more at work; a seventh of the GPU works 95 % of the time.
    assert values(found[POWER]) == [round(60 + 340 * 0.95 / 7, 3)] * 7


@pytest.mark.parametrize("sharing", [TURNS, MPS])
def test_pods_that_share_have_use_and_memory_by_process_beside_the_gpu_s(sharing):
    pods = [raw_pod("a", amounts=TURN, profile="half"), *(raw_pod(name, amounts=TURN) for name in "bcd")]
    pods.append(raw_pod("e", amounts=TURN, profile="idle"))
    found = scraped(a_fleet(sharing), a_cluster([raw_node()], pods))
    rows = [(labels.get("pod"), labels.get("vgpu"), value) for labels, value in of_gpu(found[UTIL])]
    assert rows == [(None, None, 50), ("a", "0", 50), ("e", "1", 0)]
    rows = [(labels.get("pod"), value) for labels, value in of_gpu(found[USED])]
    assert rows == [(None, 5_040 + 1_008), ("a", 5_040), ("e", 1_008)]


def test_every_other_field_is_there_once_for_each_pod_that_shares_with_the_gpu_s_value():
    pods = [raw_pod(name, amounts=TURN, profile="half") for name in "abcde"]
    found = scraped(SHARED, a_cluster([raw_node()], pods))
    for field in (ENGINE, POWER, "DCGM_FI_DEV_FB_FREE", ENERGY):
        rows = [(labels.get("pod"), labels.get("vgpu")) for labels, _ in of_gpu(found[field])]
        assert rows == [("a", "0"), ("e", "1")]
        assert len(set(values(found[field]))) == 1
    assert values(found[ENGINE]) == [1.0, 1.0]


def test_pods_that_ask_for_more_time_than_there_is_get_less_all_alike():
    pods = [raw_pod(name, amounts={keys.NVIDIA_SHARED_GPU: 4}) for name in "ab"]
    found = scraped(SHARED, a_cluster([raw_node()], pods))
    # Each has a turn on each GPU.
    assert values(found[UTIL])[0] == 100
    processes = {labels["pod"]: value for labels, value in of_gpu(found[UTIL]) if "pod" in labels}
    assert processes == {"a": 50, "b": 50}


def test_a_pod_with_two_turns_on_one_gpu_is_told_twice_with_all_that_it_uses():
    found = scraped(
        SHARED, a_cluster([raw_node()], [raw_pod("a", amounts={keys.NVIDIA_SHARED_GPU: 8}, profile="half")])
    )
    rows = [(labels.get("vgpu"), value) for labels, value in of_gpu(found[UTIL])]
    assert rows == [(None, 50), ("0", 50), ("1", 50)]
    assert values(found[USED]) == [USABLE // 4] * 3


def test_labels_of_pods_are_left_out_where_pods_share():
    found = scraped(SHARED, a_cluster([raw_node()], [raw_pod(amounts=TURN)]))
    ((_, _), (labels, _)) = of_gpu(found[UTIL])
    assert {"team", "kueue_x_k8s_io_queue_name"}.isdisjoint(labels)
    assert (labels["pod_uid"], labels["vgpu"]) == ("uid-of-train-0", "0")


def test_where_some_pods_share_the_exporter_looks_for_all_pods_of_every_node():
    node = raw_node(pool="none", **{keys.NVIDIA_GPU: "1"})
    found = scraped(SHARED, a_cluster([node], [raw_pod(amounts=GPU)]))
    assert [(labels.get("pod"), value) for labels, value in found[UTIL]] == [(None, 95), ("train-0", 95)]
    assert [labels.get("pod") for labels, _ in found[ENGINE]] == ["train-0"]
    assert not any("vgpu" in labels for samples in found.values() for labels, _ in samples)


def test_a_shared_gpu_without_pods_is_told_once():
    found = scraped(SHARED, a_cluster([raw_node()]))
    assert all(len(of_gpu(found[counter.field])) == 1 for counter in COUNTERS)


def test_a_claimed_gpu_has_the_claim_and_each_pod_that_uses_it():
    fleet = a_fleet({"mode": "dra"})
    pods = [raw_pod(name, claims=("both",), profile="half") for name in "ab"]
    found = scraped(fleet, a_cluster([raw_node()], pods, [raw_claim("both", "gpu-2")]))
    rows = of_gpu(found[UTIL], 2)
    assert [(labels["pod"], value) for labels, value in rows] == [("a", 100), ("b", 100)]
    labels, _ = rows[0]
    assert {name: labels[name] for name in labels if name.startswith("dra_")} == {
        "dra_claim_name": "both",
        "dra_claim_namespace": "ml",
        "dra_driver_name": "gpu.nvidia.com",
        "dra_pool_name": "node-a",
        "dra_device_name": "gpu-2",
    }
    assert {"team", "pod_uid", "vgpu"}.isdisjoint(labels)
    assert "pod" not in of_gpu(found[UTIL], 0)[0][0]


def test_an_instance_that_is_claimed_is_measured_and_its_pod_not_found():
    fleet = a_fleet(DEVICES)
    device = fleet.slots["a100"][0].device
    found = scraped(fleet, a_cluster([raw_node()], [raw_pod(claims=("mine",))], [raw_claim("mine", device)]))
    labels, value = of_gpu(found[ENGINE])[0]
    assert value == 0.95
    assert "pod" not in labels


def test_a_gpu_has_the_uuid_that_the_simulated_driver_tells():
    fleet = a_fleet({"mode": "dra"})
    device = {"name": "gpu-2", "attributes": {"type": {"string": "gpu"}}}
    told = dra_driver.resource_slice("node-a", "uid-of-node-a", [device])["spec"]["devices"][0]
    ((labels, _),) = of_gpu(scraped(fleet, a_cluster([raw_node()]))[UTIL], 2)
    assert labels["UUID"] == told["attributes"]["uuid"]["string"]


def test_a_gpu_of_a_node_that_was_made_anew_is_another():
    again = raw_node()
    again["metadata"]["uid"] = "uid-of-the-next"
    uuids = [of_gpu(scraped(WHOLE, a_cluster([node]))[UTIL])[0][0]["UUID"] for node in (raw_node(), again)]
    assert uuids[0] != uuids[1]


def test_energy_is_power_by_time_and_begins_at_nothing():
    scrapes = Scrapes(WHOLE)
    cluster = a_cluster([raw_node()], [raw_pod(amounts=GPU, profile="half")])
    assert values(scrapes.at(0, cluster)[ENERGY]) == [0]
    found = scrapes.at(10, cluster)
    assert (values(found[POWER]), values(found[ENERGY])) == ([230.0], [2_300_000])
    assert values(scrapes.at(20, a_cluster([raw_node()]))[ENERGY]) == [2_300_000 + 600_000]


FAULTS = st.sampled_from([None, "heat", "power@0", "ecc=7", "ecc=2@0", "xid=79", "remap@0"])
PRESENT = st.lists(st.sampled_from(["busy", "idle", "ramp:60", "leak:60", None]), max_size=4)


@given(steps=st.lists(st.tuples(st.integers(-30, 600), FAULTS, PRESENT), min_size=1, max_size=6))
def test_what_counts_never_falls_whatever_comes_goes_breaks_or_is_mended(steps):
    scrapes, at, before = Scrapes(WHOLE), 0, {}
    for seconds, faults, present in steps:
        at += seconds
        pods = [raw_pod(f"p{number}", amounts=GPU, profile=one) for number, one in enumerate(present)]
        found = scrapes.at(at, a_cluster([raw_node(faults=faults)], pods))
        after = {
            (counter.field, labels["gpu"]): value
            for counter in COUNTERS
            if counter.type == "counter"
            for labels, value in found[counter.field]
        }
        assert all(after[one] >= value for one, value in before.items())
        before = after


def test_a_gpu_that_is_gone_and_one_that_is_new_count_from_nothing():
    scrapes = Scrapes(WHOLE)
    scrapes.at(0, a_cluster([raw_node()]))
    assert set(values(scrapes.at(50, a_cluster([raw_node(), raw_node("node-b")]))[ENERGY])) == {3_000_000, 0}
    scrapes.at(60, a_cluster([]))
    assert values(scrapes.at(70, a_cluster([raw_node()]))[ENERGY]) == [0]


def test_faults_are_of_the_gpu_that_the_node_names():
    scrapes = Scrapes(WHOLE)
    pods = [raw_pod(name, amounts=GPU) for name in "abcd"]
    cluster = a_cluster([raw_node(faults="xid=79@0 heat@1 power@2 ecc=3@3 remap@3 remap-failure@3")], pods)
    scrapes.at(0, cluster)
    found = scrapes.at(10, cluster)
    assert [value for _, value in found["DCGM_FI_DEV_XID_ERRORS"]] == [79, 0, 0, 0]
    assert found["DCGM_FI_DEV_XID_ERRORS"][0][0]["err_msg"] == "GPU has fallen off the bus"
    assert found["DCGM_FI_DEV_XID_ERRORS"][1][0]["err_code"] == "0"
    assert [value for _, value in found["DCGM_FI_DEV_GPU_TEMP"]] == [62, 93, 62, 62]
    assert [value for _, value in found["DCGM_FI_DEV_CLOCKS_EVENT_REASONS"]] == [0, 64, 4, 0]
    assert [value for _, value in found["DCGM_FI_DEV_SM_CLOCK"]] == [1410, 780, 780, 1410]
    assert [value for _, value in found[HEAT]] == [0, 5_000_000_000, 0, 0]
    assert [value for _, value in found["DCGM_FI_DEV_POWER_VIOLATION"]] == [0, 0, 5_000_000_000, 0]
    assert [value for _, value in found["DCGM_FI_DEV_ECC_DBE_VOL_TOTAL"]] == [0, 0, 0, 3]
    assert [value for _, value in found["DCGM_FI_DEV_ROW_REMAP_PENDING"]] == [0, 0, 0, 1]
    assert [value for _, value in found["DCGM_FI_DEV_ROW_REMAP_FAILURE"]] == [0, 0, 0, 1]


def test_a_leak_fills_the_memory_and_no_more():
    scrapes = Scrapes(WHOLE)
    cluster = a_cluster([raw_node()], [raw_pod(amounts=GPU, profile="leak:100")])
    assert [values(scrapes.at(at, cluster)[USED])[0] for at in (0, 50, 100, 900)] == [4_032, 22_176, USABLE, USABLE]
    assert values(scrapes.at(901, cluster)["DCGM_FI_DEV_FB_FREE"]) == [0]


@pytest.mark.parametrize("fleet", [WHOLE, CUT, SHARED, a_fleet({"mode": "dra"}), a_fleet(DEVICES)])
def test_no_two_samples_of_a_name_have_the_same_labels(fleet):
    resources = {slot.resource for slot in fleet.slots["a100"] if slot.resource}
    pods = [raw_pod(f"p{number}", amounts=dict.fromkeys(resources, 2), claims=("c",)) for number in range(4)]
    devices = [slot.device for slot in fleet.slots["a100"] if slot.device][:2]
    found = scraped(fleet, a_cluster([raw_node(), raw_node("node-b")], pods, [raw_claim("c", *devices)]))
    for samples in found.values():
        told = [tuple(sorted(labels.items())) for labels, _ in samples]
        assert len(told) == len(set(told))
        assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for labels, _ in samples for name in labels)
