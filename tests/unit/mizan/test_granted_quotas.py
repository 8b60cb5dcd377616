"""Granted quotas from files, against needed ones."""

import json

import pytest

from mizan.quotas import GrantedQuotas, QuotaFault, Status, compare, granted_of, needs
from tests.builders import a_plan
from tests.quota_plans import a_plan_of

HEADER = "provider,region,quota,granted"


def a_file(*lines):
    return "\n".join([HEADER, *lines, ""])


def checked(plan, *texts):
    entries = [entry for text in texts for entry in granted_of(text, "granted")]
    return {check.need.name: check for check in compare(needs(plan), GrantedQuotas(entries))}


def states(plan, *texts):
    return {name: (check.status, check.missing) for name, check in checked(plan, *texts).items()}


def test_each_quota_is_enough_too_small_or_unknown():
    granted = a_file("gcp,us-central1,PREEMPTIBLE_NVIDIA_A100_GPUS,8", "gcp,global,GPUS_ALL_REGIONS,5")
    assert states(a_plan(), granted) == {
        "PREEMPTIBLE_NVIDIA_A100_GPUS": (Status.ENOUGH, 0),
        "NVIDIA_A100_GPUS": (Status.UNKNOWN, 0),
        "GPUS_ALL_REGIONS": (Status.SHORT, 7),
    }
    short = checked(a_plan(), granted)["GPUS_ALL_REGIONS"]
    assert (short.request, short.granted.amount) == (12, 5)
    assert checked(a_plan(), granted)["NVIDIA_A100_GPUS"].request is None


def test_what_is_not_in_the_file_is_unknown_and_never_0():
    elsewhere = a_file("gcp,europe-west4,NVIDIA_A100_GPUS,100", "aws,us-central1,NVIDIA_A100_GPUS,100")
    assert {status for status, _ in states(a_plan(), elsewhere, a_file()).values()} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    "name", ["L-417A185B", "l-417a185b", "Running On-Demand P instances", "running on-demand p instances "]
)
def test_a_quota_of_aws_is_found_by_its_name_and_by_its_code(name):
    plan = a_plan_of({"p5.48xlarge": {"on-demand": 1}})
    assert states(plan, a_file(f"aws,us-east-1,{name},192")) == {"Running On-Demand P instances": (Status.ENOUGH, 0)}


@pytest.mark.parametrize(
    "name", ["NVIDIA_A100_GPUS", "compute.googleapis.com/nvidia_a100_gpus", "NVIDIA-A100-GPUS-per-project-region"]
)
def test_a_quota_of_google_is_found_by_its_metric_and_by_its_code(name):
    assert states(a_plan(), a_file(f"gcp,us-central1,{name},3"))["NVIDIA_A100_GPUS"] == (Status.SHORT, 1)


def test_a_code_that_families_share_says_nothing_of_one_of_them():
    plan = a_plan_of({"a3-highgpu-8g": {"on-demand": 1}})
    shared = a_file("gcp,us-central1,GPUS-PER-GPU-FAMILY-per-project-region,64")
    assert states(plan, shared)["GPUS_PER_GPU_FAMILY:NVIDIA_H100"] == (Status.UNKNOWN, 0)
    own = a_file("gcp,us-central1,GPUS_PER_GPU_FAMILY:NVIDIA_H100,8")
    assert states(plan, own)["GPUS_PER_GPU_FAMILY:NVIDIA_H100"] == (Status.ENOUGH, 0)


def test_a_quota_without_a_limit_is_enough():
    assert states(a_plan(), a_file("gcp,global,GPUS_ALL_REGIONS,unlimited"))["GPUS_ALL_REGIONS"] == (Status.ENOUGH, 0)


@pytest.mark.parametrize(
    ("standard", "status", "missing", "note"),
    [
        # 8 of spot and 4 on-demand: 12 for both.
        ("12", Status.ENOUGH, 0, "NVIDIA_A100_GPUS counts instead, 12 of 12 for both, unless"),
        ("unlimited", Status.ENOUGH, 0, "NVIDIA_A100_GPUS counts instead, 12 of no limit for both, unless"),
        ("11", Status.SHORT, 8, "NVIDIA_A100_GPUS could count instead, but 12 for both is beyond its 11"),
        (None, Status.SHORT, 8, "NVIDIA_A100_GPUS counts instead if none was ever requested here; it is unknown too"),
    ],
)
def test_spot_without_preemptible_quota_counts_against_the_standard_one(standard, status, missing, note):
    lines = ["gcp,us-central1,PREEMPTIBLE_NVIDIA_A100_GPUS,0"]
    lines += [f"gcp,us-central1,NVIDIA_A100_GPUS,{standard}"] if standard else []
    check = checked(a_plan(), a_file(*lines))["PREEMPTIBLE_NVIDIA_A100_GPUS"]
    assert (check.status, check.missing) == (status, missing)
    assert check.note.startswith(note)


def test_once_preemptible_quota_is_granted_the_standard_one_does_not_help():
    lines = ["gcp,us-central1,PREEMPTIBLE_NVIDIA_A100_GPUS,4", "gcp,us-central1,NVIDIA_A100_GPUS,100"]
    check = checked(a_plan(), a_file(*lines))["PREEMPTIBLE_NVIDIA_A100_GPUS"]
    assert (check.status, check.missing, check.note) == (Status.SHORT, 4, None)


def test_an_unlisted_preemptible_quota_is_unknown_with_the_quota_that_may_count_instead():
    check = checked(a_plan(), a_file("gcp,us-central1,NVIDIA_A100_GPUS,100"))["PREEMPTIBLE_NVIDIA_A100_GPUS"]
    assert (check.status, check.note) == (Status.UNKNOWN, "where none is granted, NVIDIA_A100_GPUS counts")


def test_on_aws_spot_without_quota_has_nothing_to_fall_back_on():
    plan = a_plan_of({"p5.48xlarge": {"spot": 1, "on-demand": 1}})
    granted = a_file("aws,us-east-1,L-C4BD4855,0", "aws,us-east-1,L-417A185B,1000")
    check = checked(plan, granted)["All P5 Spot Instance Requests"]
    assert (check.status, check.missing, check.note) == (Status.SHORT, 192, None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("azure,us-east-1,L-417A185B,1", "granted.csv:3: azure; needs aws or gcp"),
        ("aws,,L-417A185B,1", "granted.csv:3: no region; needs a region, or `global`"),
        ("aws,us-east-1,,1", "granted.csv:3: no quota; needs a quota's name or code"),
        ("aws,us-east-1,L-417A185B,", "granted.csv:3: nothing; needs a whole number"),
        ("aws,us-east-1,L-417A185B,-1", "granted.csv:3: -1; needs a whole number"),
        ("aws,us-east-1,L-417A185B,1.5", "granted.csv:3: 1.5; needs a whole number"),
        pytest.param(
            f"aws,us-east-1,L-417A185B,{'9' * 5000}", "granted.csv:3: 99999", id="a number beyond what clouds count"
        ),
        ("aws,us-east-1,L-417A185B,³", "granted.csv:3: ³; needs a whole number"),
        ("aws,us-east-1,L-417A185B", "granted.csv:3: another number of values; needs 4 values"),
        ("aws,us-east-1,All P4, P3 and P2 Spot,1", "granted.csv:3: another number of values; needs 4 values"),
        ("gcp,us-central1,nvidia_a100_gpus,9", "granted.csv:3: nvidia_a100_gpus again; needs each quota once, and it"),
    ],
)
def test_a_line_at_fault_is_told_with_its_number_and_the_fix(line, told):
    with pytest.raises(QuotaFault) as caught:
        granted_of(a_file("gcp,us-central1,NVIDIA_A100_GPUS,8", line), "granted.csv")
    assert str(caught.value).startswith(told)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "region,quota,granted\n", "quota;granted\n", "no header"])
def test_a_file_with_another_header_is_told_what_belongs_there(text):
    with pytest.raises(QuotaFault, match=r"^granted\.csv:1: .*; needs provider,region,quota,granted because"):
        granted_of(text, "granted.csv")


@pytest.mark.parametrize("lines", [(), (HEADER,)])
def test_a_quote_that_is_never_closed_is_told_with_its_line(lines):
    text = "\n".join([*lines, '"' + "gcp,us-central1,NVIDIA_A100_GPUS,8" * 5000])
    with pytest.raises(QuotaFault, match=rf"^granted\.csv:{len(lines) + 1}: field larger than .*; needs CSV because"):
        granted_of(text, "granted.csv")


def test_a_number_as_aws_prints_it_is_whole():
    (entry,) = granted_of(a_file("aws,us-east-1,L-417A185B,192.0"), "granted.csv")
    assert entry.amount == 192


def a_region(*quotas, **changes):
    found = [{"metric": metric, "limit": limit, "usage": 0.0} for metric, limit in quotas]
    return {"kind": "compute#region", "name": "us-central1", "quotas": found} | changes


def test_what_gcloud_prints_of_regions_and_of_the_project_is_read():
    region = a_region(("NVIDIA_A100_GPUS", 4.0), ("PREEMPTIBLE_NVIDIA_A100_GPUS", 16.0))
    project = a_region(("GPUS_ALL_REGIONS", 11.0), kind="compute#project", name="my-project")
    expected = {
        "PREEMPTIBLE_NVIDIA_A100_GPUS": (Status.ENOUGH, 0),
        "NVIDIA_A100_GPUS": (Status.ENOUGH, 0),
        "GPUS_ALL_REGIONS": (Status.SHORT, 1),
    }
    assert states(a_plan(), json.dumps(region), json.dumps(project)) == expected
    regions = [a_region(name="europe-west4"), region]
    assert states(a_plan(), json.dumps(regions), json.dumps(project, indent=2)) == expected


def an_info(quota, *entries, **changes):
    return {
        "quotaId": f"{quota.upper().replace('_', '-')}-per-project-region",
        "metric": f"compute.googleapis.com/{quota}",
        "dimensionsInfos": list(entries),
    } | changes


def an_entry(value=None, places=None, **dimensions):
    entry = {"details": {} if value is None else {"value": str(value)}}
    entry |= {"applicableLocations": places} if places else {}
    return entry | ({"dimensions": dimensions} if dimensions else {})


def test_what_the_cloud_quotas_interface_prints_is_read_by_region_and_family():
    plan = a_plan_of({"a3-highgpu-8g": {"on-demand": 2, "spot": 1}})
    infos = [
        an_info(
            "gpus_per_gpu_family",
            an_entry(16, gpu_family="NVIDIA_H100", region="us-central1"),
            an_entry(8, ["us-central1", "europe-west4"], gpu_family="NVIDIA_H100"),
            an_entry(64, ["us-central1"], gpu_family="NVIDIA_H200"),
            an_entry(None, ["us-central1"]),
        ),
        an_info("preemptible_nvidia_h100_gpus", an_entry(None, ["us-central1"])),
        an_info("gpus_all_regions", an_entry(-1, ["global"]), quotaId="GPUS-ALL-REGIONS-per-project"),
        an_info("preemptible_nvidia_h100_gpus", an_entry(-1, ["us-central1"]), quotaId="X-per-project-zone"),
        an_info("nvidia_a100_gpus", an_entry(9, ["us-central1"]), metric="aiplatform.googleapis.com/other"),
    ]
    found = checked(plan, json.dumps(infos))
    assert found["GPUS_PER_GPU_FAMILY:NVIDIA_H100"].granted.amount == 16, "the entry of the region, not of all"
    assert found["PREEMPTIBLE_NVIDIA_H100_GPUS"].granted.amount == 0, "JSON of a protocol buffer leaves a 0 out"
    assert found["GPUS_ALL_REGIONS"].granted.amount is None
    assert found["GPUS_ALL_REGIONS"].status is Status.ENOUGH


@pytest.mark.parametrize(
    ("named", "granted"),
    [
        ((), 4),
        ((an_entry(64, ["us-central1"], gpu_family="NVIDIA_H200"),), 4),
        ((an_entry(8, ["us-central1"], gpu_family="NVIDIA_H100"),), 8),
    ],
)
def test_an_entry_without_a_family_is_of_each_that_no_other_entry_names(named, granted):
    plan = a_plan_of({"a3-highgpu-8g": {"on-demand": 1}})
    everyone = an_entry(4, ["us-central1", "europe-west4"])
    info = an_info("gpus_per_gpu_family", everyone, *named, dimensions=["gpu_family", "region"])
    check = checked(plan, json.dumps([info]))["GPUS_PER_GPU_FAMILY:NVIDIA_H100"]
    assert (check.granted.amount, check.missing) == (granted, 8 - granted)


def test_an_entry_of_a_quota_without_families_is_of_the_quota_itself():
    info = an_info("nvidia_a100_gpus", an_entry(3, ["us-central1"]), dimensions=["region"])
    assert states(a_plan(), json.dumps([info]))["NVIDIA_A100_GPUS"] == (Status.SHORT, 1)


def test_what_the_aws_command_prints_is_read_with_the_region_of_its_arn():
    quota = {
        "ServiceCode": "ec2",
        "QuotaArn": "arn:aws:servicequotas:us-east-1:123456789012:ec2/L-417A185B",
        "QuotaCode": "L-417A185B",
        "QuotaName": "Running On-Demand P instances",
        "Value": 96.0,
        "Unit": "None",
    }
    plan = a_plan_of({"p5.48xlarge": {"on-demand": 1}})
    assert states(plan, json.dumps({"Quotas": [quota]})) == {"Running On-Demand P instances": (Status.SHORT, 96)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"Quotas": [\n}', r"^granted\.json:2: "),
        ("{" + '"a":' * 3, r"^granted\.json:1: "),
        ("[" * 100_000, r"^granted\.json: "),
        ('{"items": []}', r"^granted\.json: an object with items; needs CSV"),
        ("{}", r"^granted\.json: an object with nothing; needs CSV"),
        ("[1]", r"^granted\.json: TypeError"),
        ('["kind"]', r"^granted\.json: AttributeError"),
        ('{"Quotas": [{"QuotaCode": "L-1"}]}', r"^granted\.json: KeyError: 'QuotaArn'"),
        ('{"Quotas": [{"QuotaArn": "x", "QuotaCode": "L-1", "Value": 1}]}', r"^granted\.json: IndexError"),
        ('{"kind": "compute#region", "name": "r", "quotas": [{"metric": "M", "limit": Infinity}]}', r"OverflowError"),
        ('{"kind": "compute#region", "name": "r", "quotas": [{"metric": "M", "limit": "many"}]}', r"ValueError"),
    ],
)
def test_json_of_another_command_is_told_with_the_commands_that_are_understood(text, told):
    with pytest.raises(QuotaFault, match=told) as caught:
        granted_of(text, "granted.json")
    assert "aws service-quotas list-service-quotas" in str(caught.value)


def test_an_empty_list_of_json_grants_nothing_that_is_known():
    assert granted_of(" []", "granted.json") == ()
