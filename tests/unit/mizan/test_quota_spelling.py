"""Names of granted quotas that nobody knows: what clearly means a needed one is refused, the rest is told."""

import json

import pytest

from mizan.quotas import GrantedQuotas, granted_of, misspelt, needs, strangers
from mizan.quotas.table import quota_rows
from tests.builders import a_plan
from tests.quota_plans import a_plan_of

HEADER = "provider,region,quota,granted"


def entries_of(*lines):
    return granted_of("\n".join([HEADER, *lines, ""]), "granted.csv")


def refused(plan, *lines):
    entries = entries_of(*lines)
    return [str(fault) for fault in misspelt(entries, needs(plan), GrantedQuotas(entries))]


@pytest.mark.parametrize(
    "name",
    ["NVIDIA-A100-GPUS", "nvidia a100 gpus", "NVIDIA_A100GPUS", "NVIDA_A100_GPUS", "NVIDIA_A100_GPU"],
)
def test_a_line_that_clearly_means_a_needed_quota_is_refused_with_its_name(name):
    (fault,) = refused(a_plan(), f"gcp,us-central1,{name},16")
    assert fault == (
        f"granted.csv:2: {name}; needs the name as the cloud writes it, NVIDIA_A100_GPUS because what the stack needs "
        "would be unknown, and pass. Correct the name, or write the quota's code."
    )


@pytest.mark.parametrize(
    "name", ["Runing On-Demand P instances", "Running OnDemand P instances", "Running On-Demand P-instances"]
)
def test_a_misspelt_quota_of_aws_is_refused_too(name):
    plan = a_plan_of({"p5.48xlarge": {"on-demand": 1}})
    (fault,) = refused(plan, f"aws,us-east-1,{name},192")
    assert fault.startswith(f"granted.csv:2: {name}; needs the name as the cloud writes it, Running On-Demand P instan")


@pytest.mark.parametrize(
    "line",
    [
        # Quotas that Google has, of other things.
        "gcp,us-central1,NVIDIA_P100_GPUS,16",
        "gcp,us-central1,COMMITTED_NVIDIA_A100_GPUS,16",
        "gcp,us-central1,NVIDIA_A100_80GB_GPUS,16",
        "gcp,global,CPUS_ALL_REGIONS,16",
        "gcp,us-central1,NVIDIA_T4_VWS_GPUS,16",
        # Of another region or cloud, where nothing is needed.
        "gcp,europe-west4,NVIDA_A100_GPUS,16",
        "aws,us-central1,NVIDA_A100_GPUS,16",
    ],
)
def test_a_name_of_another_quota_is_no_slip(line):
    assert refused(a_plan(), line) == []


@pytest.mark.parametrize(
    "name", ["Running On-Demand F instances", "Running On-Demand Inf instances", "L-417A1858", "L-1216C47A"]
)
def test_a_family_of_other_machines_is_no_slip(name):
    assert refused(a_plan_of({"p5.48xlarge": {"on-demand": 1}}), f"aws,us-east-1,{name},192") == []


def test_what_is_known_from_another_line_is_not_refused():
    assert refused(a_plan(), "gcp,us-central1,NVIDIA_A100_GPUS,16", "gcp,us-central1,NVIDA_A100_GPUS,16") == []


@pytest.mark.parametrize("row", quota_rows(), ids=lambda row: f"{row.machines}-{row.purchase}")
def test_every_name_and_code_of_the_table_is_known(row):
    place = "global" if row.is_global else "here"
    for name in (row.quota, row.code, row.quota.lower(), f"compute.googleapis.com/{row.quota}"):
        assert [*strangers(entries_of(f'{row.provider},{place},"{name}",1'))] == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "gcp,us-central1,NVIDIA_P100_GPUS,4",
            "NVIDIA_P100_GPUS: no quota of gcp that mizan knows; it is not used. Did you mean `NVIDIA_V100_GPUS`?",
        ),
        (
            "aws,us-east-1,L-1216C47A,4",
            "L-1216C47A: no quota of aws that mizan knows; it is not used. Other machines may have it.",
        ),
        (
            "aws,us-east-1,NVIDIA_A100_GPUS,4",
            "NVIDIA_A100_GPUS: no quota of aws that mizan knows; it is not used. Other machines may have it.",
        ),
        (
            "gcp,us-central1,GPUS_ALL_REGIONS,4",
            "GPUS_ALL_REGIONS in us-central1: it counts in `global` alone; it is not used.",
        ),
        (
            "gcp,global,NVIDIA_A100_GPUS,4",
            "NVIDIA_A100_GPUS in global: it counts in a region alone; it is not used.",
        ),
    ],
)
def test_a_line_that_is_not_used_is_told_with_the_closest_name(line, told):
    assert [*strangers(entries_of(line))] == [f"granted.csv:2: {told}"]


def test_all_families_at_once_are_a_known_name():
    assert [*strangers(entries_of("gcp,us-central1,GPUS_PER_GPU_FAMILY:*,4"))] == []


def test_what_a_cloud_s_own_command_prints_is_not_looked_at():
    quotas = [{"metric": metric, "limit": 4.0} for metric in ("NVIDA_A100_GPUS", "SNAPSHOTS", "GPUS_ALL_REGIONS")]
    region = {"kind": "compute#region", "name": "us-central1", "quotas": quotas}
    entries = granted_of(json.dumps(region), "region.json")
    assert len(entries) == 3
    assert [*strangers(entries)] == [*misspelt(entries, needs(a_plan()), GrantedQuotas(entries))] == []
