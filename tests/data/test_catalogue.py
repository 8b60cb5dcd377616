"""What the shipped GPU models and machines must keep, whoever edits the CSV files."""

import csv
import re
from collections import Counter
from importlib.resources import files

import pytest

from mizan.catalogue import gpu_models, machines

LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
STACK_NAME = re.compile(r"[a-z0-9][-a-z0-9.]*")


def rows(file: str) -> list[dict[str, str]]:
    with files("mizan.catalogue").joinpath(file).open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize(("file", "column"), [("gpus.csv", "gpu"), ("machines.csv", "machine")])
def test_a_name_stands_in_one_row(file, column):
    assert [name for name, count in Counter(row[column] for row in rows(file)).items() if count > 1] == []


@pytest.mark.parametrize("file", ["gpus.csv", "machines.csv"])
def test_rows_are_sorted_complete_and_say_where_they_are_from(file):
    content = rows(file)
    assert content == sorted(content, key=lambda row: list(row.values()))
    assert all(value is not None and value == value.strip() != "" for row in content for value in row.values())
    assert all(None not in row for row in content)


@pytest.mark.parametrize("gpu", gpu_models().values(), ids=lambda gpu: gpu.name)
def test_a_gpu_s_label_is_one_that_a_node_can_carry(gpu):
    assert LABEL_VALUE.fullmatch(gpu.product_label)
    assert STACK_NAME.fullmatch(gpu.name)
    assert gpu.memory_gib > 0
    assert gpu.architecture in {"volta", "turing", "ampere", "ada", "hopper", "blackwell"}


def test_no_two_gpus_share_a_label():
    labels = [gpu.product_label for gpu in gpu_models().values()]
    assert len(set(labels)) == len(labels)


def test_a_gpu_s_name_says_its_memory_where_it_says_one():
    for gpu in gpu_models().values():
        told = re.search(r"-(\d+)gb$", gpu.name)
        assert told is None or int(told[1]) == gpu.memory_gib, gpu.name


@pytest.mark.parametrize("machine", machines().values(), ids=lambda machine: machine.name)
def test_a_machine_has_whole_gpus_and_room_beside_them(machine):
    assert machine.provider in {"aws", "gcp"}
    assert machine.gpu is gpu_models()[machine.gpu.name]
    assert 1 <= machine.gpus <= 16
    assert LABEL_VALUE.fullmatch(machine.name)


def test_a_gcp_machine_s_name_says_its_gpus_where_it_says_them():
    for machine in machines().values():
        told = re.fullmatch(r"a\d-\w+gpu-(\d+)g", machine.name)
        assert told is None or int(told[1]) == machine.gpus, machine.name


def test_every_gpu_is_on_some_machine():
    assert {machine.gpu.name for machine in machines().values()} == set(gpu_models())
