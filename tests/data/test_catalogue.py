"""What the shipped GPU models, MIG profiles and machines must keep, whoever edits the CSV files."""

import csv
import re
import subprocess
import sys
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from itertools import groupby, pairwise

import pytest

from mizan.catalogue import gpu_models, machines
from tests.sources import SECOND_HAND, is_the_maker_s, names_its_place

LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
STACK_NAME = re.compile(r"[a-z0-9][-a-z0-9.]*")
MAY_BE_EMPTY = {"gke_accelerator", "karpenter_gpu_name"}
# Bought by teams who bring their own cluster; no machine of the two clouds carries it.
WITHOUT_MACHINE = {"a30"}
# The column that says where a figure is from; the first columns of a file name the row.
SOURCES = {
    "gpus.csv": {
        "product_label": "label_source",
        "memory_gib": "memory_source",
        "architecture": "architecture_source",
        "gke_accelerator": "gke_source",
        "karpenter_gpu_name": "karpenter_source",
        "time_slicing": "sharing_source",
        "mps_clients": "sharing_source",
        "mig_compute_slices": "mig_source",
        "mig_memory_slices": "mig_source",
        "fp16_tflops": "fp16_source",
        "bandwidth_gb_per_second": "bandwidth_source",
    },
    "machines.csv": {
        "gpu": "source",
        "gpus": "source",
        "vcpus": "source",
        "memory_gib": "source",
        "gke_accelerator": "source",
        "network_gbps": "network_source",
        "local_ssd_gib": "local_ssd_source",
    },
    "mig_profiles.csv": {
        "compute_slices": "source",
        "memory_slices": "source",
        "memory_gib": "source",
        "max_instances": "source",
        "gke": "gke_source",
    },
}
KEYS = {"gpus.csv": ["gpu"], "machines.csv": ["provider", "machine"], "mig_profiles.csv": ["gpu", "profile"]}
# What no page of the maker could be found for.
SECOND_HAND_FIGURES = {
    ("a10g", "memory_source"),
    ("a10g", "architecture_source"),
    ("t4", "fp16_source"),
}

GPUS = sorted(gpu_models().values(), key=lambda gpu: gpu.name)
MIG = [(gpu, profile) for gpu in GPUS for profile in gpu.mig_profiles]
MACHINES = sorted(machines().values(), key=lambda machine: machine.name)
# A later model of a line is never slower: the largest GPUs of each generation, and those for inference and graphics.
LINES = [
    ["v100-16gb", "a100-40gb", "a100-80gb", "h100-80gb", "h200-141gb", "b200-180gb"],
    ["l4", "l40s", "rtx-pro-6000"],
]


def rows(file: str) -> list[dict[str, str]]:
    with files("mizan.catalogue").joinpath(file).open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize(
    ("file", "columns"),
    [("gpus.csv", ["gpu"]), ("machines.csv", ["machine"]), ("mig_profiles.csv", ["gpu", "profile"])],
)
def test_a_name_stands_in_one_row(file, columns):
    names = Counter(tuple(row[column] for column in columns) for row in rows(file))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("file", SOURCES)
def test_rows_are_complete(file):
    for row in rows(file):
        assert None not in row
        assert None not in row.values()
        empty = {column for column, value in row.items() if not value.strip() or value != value.strip()}
        assert empty <= MAY_BE_EMPTY, row


@pytest.mark.parametrize("file", SOURCES)
def test_every_column_of_figures_has_a_column_of_sources(file):
    columns = list(rows(file)[0])
    told = {*KEYS[file], *SOURCES[file], *SOURCES[file].values()}
    assert set(columns) == told


@pytest.mark.parametrize("file", SOURCES)
def test_a_source_is_a_page_with_its_day_or_a_file_with_its_version(file):
    sources = [row[column] for row in rows(file) for column in sorted(set(SOURCES[file].values()))]
    assert len(sources) >= len(rows(file))
    assert [source for source in sources if not names_its_place(source)] == []


@pytest.mark.parametrize("file", SOURCES)
def test_a_source_that_is_not_the_maker_s_says_so(file):
    second_hand = {
        (row[KEYS[file][0]], column)
        for row in rows(file)
        for column in set(SOURCES[file].values())
        if not is_the_maker_s(row[column])
    }
    assert second_hand == (SECOND_HAND_FIGURES if file == "gpus.csv" else set())
    for row in rows(file):
        for column in set(SOURCES[file].values()):
            assert row[column].startswith(SECOND_HAND) == ((row[KEYS[file][0]], column) in second_hand)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://docs.nvidia.com/a.html, read 2026-11-22", True),
        ("none: not in NVIDIA/k8s-device-plugin@v0.20.0:README.md", True),
        ("second-hand: somebody/notes@1d92708:a.md; also https://example.org/a, quoted 2026-11-22", True),
        ("https://docs.nvidia.com/a.html", False),
        ("NVIDIA/k8s-device-plugin:README.md", False),
        ("NVIDIA GPU feature discovery label of the L4", False),
        ("NVIDIA/k8s-device-plugin@v0.20.0:README.md; https://docs.nvidia.com/a.html", False),
    ],
)
def test_what_counts_as_a_source(source, expected):
    assert names_its_place(source) is expected


@pytest.mark.parametrize("file", ["gpus.csv", "machines.csv"])
def test_rows_are_sorted(file):
    content = rows(file)
    assert content == sorted(content, key=lambda row: list(row.values()))


def test_profiles_go_from_the_smallest_to_the_whole_gpu():
    keys = [(row["gpu"], int(row["compute_slices"]), int(row["memory_slices"])) for row in rows("mig_profiles.csv")]
    assert keys == sorted(keys)


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.name)
def test_a_gpu_s_labels_are_ones_that_a_node_can_carry(gpu):
    assert LABEL_VALUE.fullmatch(gpu.product_label)
    assert STACK_NAME.fullmatch(gpu.name)
    assert re.fullmatch(r"(nvidia-[a-z0-9-]+)?", gpu.gke_accelerator)
    assert re.fullmatch(r"[a-z0-9-]*", gpu.karpenter_gpu_name)
    assert gpu.architecture in {"volta", "turing", "ampere", "ada-lovelace", "hopper", "blackwell"}


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.name)
def test_a_gpu_s_figures_are_of_its_kind(gpu):
    assert 16 <= gpu.memory_gib <= 200
    assert 50 < gpu.fp16_tflops < 5000
    assert 200 < gpu.bandwidth_gb_per_second < 10000
    assert gpu.has_time_slicing
    assert gpu.has_mps
    # The device plugin counts compute capability 7.0 among those before Volta.
    assert gpu.mps_clients == (16 if gpu.architecture == "volta" else 48)


def test_no_two_gpus_share_a_label():
    labels = [gpu.product_label for gpu in GPUS]
    assert len(set(labels)) == len(labels)
    accelerators = [gpu.gke_accelerator for gpu in GPUS if gpu.gke_accelerator]
    assert len(set(accelerators)) == len(accelerators)


def test_gpus_of_one_karpenter_name_are_told_apart_by_their_memory():
    told = [(gpu.karpenter_gpu_name, gpu.memory_gib) for gpu in GPUS if gpu.karpenter_gpu_name]
    assert len(set(told)) == len(told)


def test_a_gpu_s_name_says_its_memory_where_it_says_one():
    for gpu in GPUS:
        told = re.search(r"-(\d+)gb$", gpu.name)
        assert told is None or int(told[1]) == gpu.memory_gib, gpu.name


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[-1])
def test_a_later_gpu_of_a_line_is_no_slower(line):
    for earlier, later in pairwise(gpu_models()[name] for name in line):
        assert earlier.fp16_tflops <= later.fp16_tflops, (earlier.name, later.name)
        assert earlier.bandwidth_gb_per_second < later.bandwidth_gb_per_second, (earlier.name, later.name)


def test_figures_are_dense_and_of_the_model_itself():
    # Each of these circulates doubled by sparsity, or as that of a sister model (A10, RTX PRO 6000 workstation).
    dense = {name: gpu.fp16_tflops for name, gpu in gpu_models().items()}
    assert (dense["a100-40gb"], dense["h100-80gb"], dense["l4"]) == (312, 989, 121)
    assert (dense["a10g"], dense["b200-180gb"]) == (70, 2250)
    assert gpu_models()["rtx-pro-6000"].bandwidth_gb_per_second == 1597


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.name)
def test_a_gpu_has_profiles_where_mig_cuts_it(gpu):
    assert gpu.has_mig == bool(gpu.mig_profiles) == (gpu.mig_memory_slices > 0)
    assert (gpu.mig_compute_slices, gpu.mig_memory_slices) in {(0, 0), (4, 4), (7, 8)}


def test_mig_cuts_the_gpus_of_nvidia_s_list():
    names = ["a100-40gb", "a100-80gb", "a30", "b200-180gb", "h100-80gb", "h200-141gb", "rtx-pro-6000"]
    assert [gpu.name for gpu in GPUS if gpu.has_mig] == names


@pytest.mark.parametrize(("gpu", "profile"), MIG, ids=lambda part: part.name)
def test_a_profile_s_name_says_its_slices_and_memory(gpu, profile):
    assert profile.name == f"{profile.compute_slices}g.{profile.memory_gib}gb"
    assert 1 <= profile.compute_slices <= gpu.mig_compute_slices
    assert profile.compute_slices <= profile.memory_slices <= gpu.mig_memory_slices
    # 141 GiB in eighths: 1g.18gb has 17.625, 3g.71gb 70.5.
    exact = Decimal(gpu.memory_gib) * profile.memory_slices / gpu.mig_memory_slices
    assert profile.memory_gib == exact.to_integral_value(ROUND_HALF_UP)


@pytest.mark.parametrize(("gpu", "profile"), MIG, ids=lambda part: part.name)
def test_a_gpu_holds_as_many_instances_as_its_slices_allow(gpu, profile):
    by_compute = gpu.mig_compute_slices // profile.compute_slices
    by_memory = gpu.mig_memory_slices // profile.memory_slices
    assert profile.max_instances == min(by_compute, by_memory)


@pytest.mark.parametrize("gpu", [gpu for gpu in GPUS if gpu.has_mig], ids=lambda gpu: gpu.name)
def test_the_largest_profile_is_the_whole_gpu(gpu):
    whole = gpu.mig_profiles[-1]
    assert (whole.compute_slices, whole.memory_slices) == (gpu.mig_compute_slices, gpu.mig_memory_slices)
    assert (whole.memory_gib, whole.max_instances) == (gpu.memory_gib, 1)


def test_profiles_are_those_of_nvidia_s_guide():
    names = {gpu.name: [f"{each.max_instances} x {each.name}" for each in gpu.mig_profiles] for gpu in GPUS}
    seven = ["7 x 1g.5gb", "4 x 1g.10gb", "3 x 2g.10gb", "2 x 3g.20gb", "1 x 4g.20gb", "1 x 7g.40gb"]
    assert names["a100-40gb"] == seven
    assert names["a30"] == ["4 x 1g.6gb", "2 x 2g.12gb", "1 x 4g.24gb"]
    assert names["h200-141gb"][:4] == ["7 x 1g.18gb", "4 x 1g.35gb", "3 x 2g.35gb", "2 x 3g.71gb"]


def test_gke_cuts_gpus_into_the_sizes_that_its_autoscaler_and_its_device_plugin_know():
    assert {row["gke"] for row in rows("mig_profiles.csv")} == {"yes", "no"}
    by_hand = {gpu.name: [each.name for each in gpu.mig_profiles if not each.is_on_gke] for gpu in GPUS if gpu.has_mig}
    assert by_hand == {
        "a100-40gb": ["1g.10gb", "4g.20gb"],
        "a100-80gb": ["1g.20gb", "4g.40gb"],
        "a30": ["1g.6gb", "2g.12gb", "4g.24gb"],
        "b200-180gb": ["4g.90gb"],
        "h100-80gb": ["4g.40gb"],
        "h200-141gb": ["4g.71gb"],
        "rtx-pro-6000": [],
    }


@pytest.mark.parametrize("gpu", [gpu for gpu in GPUS if gpu.has_mig], ids=lambda gpu: gpu.name)
def test_gke_cuts_only_gpus_that_it_has_and_then_into_the_smallest_and_the_whole(gpu):
    known = [profile.is_on_gke for profile in gpu.mig_profiles]
    assert any(known) == bool(gpu.gke_accelerator)
    assert known[0] == known[-1] == any(known)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_machine_has_whole_gpus_and_room_beside_them(machine):
    assert machine.provider in {"aws", "gcp"}
    assert machine.gpu is gpu_models()[machine.gpu.name]
    assert 1 <= machine.gpus <= 16
    assert machine.vcpus >= 4
    assert 2 <= machine.memory_gib / machine.vcpus <= 16
    assert LABEL_VALUE.fullmatch(machine.name)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_machine_s_network_and_disks_are_of_its_kind(machine):
    assert Decimal("2.5") <= machine.network_gbps <= 3600
    assert 0 <= machine.local_ssd_gib <= 30000
    if machine.provider == "gcp":
        # Google's local disks are 375 GiB each.
        assert machine.local_ssd_gib % 375 == 0


def test_disks_told_in_gb_are_kept_in_gib():
    told = {row["machine"]: re.search(r": (\d+) GB$", row["local_ssd_source"]) for row in rows("machines.csv")}
    assert told["g4dn.xlarge"]
    for name, size in told.items():
        assert size is None or machines()[name].local_ssd_gib == int(size[1]) * 10**9 // 2**30, name
    assert machines()["g4dn.xlarge"].local_ssd_gib == 116


def test_more_of_a_family_never_brings_a_slower_network_or_a_smaller_disk():
    def family(machine):
        return re.match(r"a\d-\w+gpu|[a-z0-9-]+?(?=\.|-standard)", machine.name)[0]

    in_order = sorted(MACHINES, key=lambda machine: (family(machine), machine.gpus, machine.vcpus))
    compared = 0
    for name, of_family in groupby(in_order, key=family):
        for smaller, larger in pairwise(of_family):
            assert smaller.network_gbps <= larger.network_gbps, (name, smaller.name, larger.name)
            assert smaller.local_ssd_gib <= larger.local_ssd_gib, (name, smaller.name, larger.name)
            compared += 1
    assert compared > 40


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_machine_s_cloud_has_a_name_for_its_gpu(machine):
    if machine.provider == "aws":
        assert machine.gpu.karpenter_gpu_name
        assert machine.gke_accelerator == ""
    elif machine.name == "a3-megagpu-8g":
        assert machine.gke_accelerator == "nvidia-h100-mega-80gb"
    else:
        assert machine.gke_accelerator == machine.gpu.gke_accelerator != ""


def test_a_gcp_machine_s_name_says_its_gpus_where_it_says_them():
    for machine in MACHINES:
        told = re.fullmatch(r"a\d-\w+gpu-(\d+)g", machine.name)
        assert told is None or int(told[1]) == machine.gpus, machine.name


def test_every_gpu_is_on_some_machine_or_in_somebody_s_own_cluster():
    assert {machine.gpu.name for machine in MACHINES} == set(gpu_models()) - WITHOUT_MACHINE


def test_the_data_loads_in_a_blink():
    # In a new interpreter, and the best of three: other processes share the cores.
    code = (
        "import time; from mizan.catalogue import gpu_models, machines; from mizan.prices import host_rate; "
        "start = time.process_time(); machines(); host_rate('aws', 'us-east-1'); print(time.process_time() - start)"
    )
    seconds = [float(subprocess.check_output([sys.executable, "-c", code], timeout=60)) for _ in range(3)]
    assert min(seconds) < 0.1
