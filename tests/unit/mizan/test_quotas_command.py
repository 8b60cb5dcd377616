"""`mizan quotas`: what it prints of needed and of granted quotas, and how it ends."""

import json
import os
import threading

import pytest
from ruamel.yaml import YAML

from mizan.cli import main
from tests.builders import a_pool, a_stack
from tests.price_rows import a_file, a_line

HEADER = "provider,region,quota,granted"
SPOT = "gcp,us-central1,PREEMPTIBLE_NVIDIA_A100_GPUS"
ON_DEMAND = "gcp,us-central1,NVIDIA_A100_GPUS"
ALL = "gcp,global,GPUS_ALL_REGIONS"


@pytest.fixture
def mizan(monkeypatch, capsys, tmp_path):
    """Run `mizan quotas` of a stack: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "stacks").mkdir()

    def run(*arguments, values=None):
        config = {f"mizan:{key}": value for key, value in (values or a_stack()).items()}
        with (tmp_path / "stacks" / "Pulumi.test.yaml").open("w") as file:
            YAML(typ="safe").dump({"config": config}, file)
        given = ["mizan", "quotas", "-s", "test", "--project", str(tmp_path), *map(str, arguments)]
        monkeypatch.setattr("sys.argv", given)
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


@pytest.fixture
def granted(tmp_path):
    """Write a file of granted quotas."""

    def write(*lines, name="granted.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text("\n".join([HEADER, *lines, ""]), encoding=encoding)
        return path

    return write


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def an_aws_stack(tmp_path, **changes):
    """A stack with on-demand and spot of p6-b200.48xlarge, of which no source names the spot quota."""
    rows = [
        a_line(provider="aws", region="us-east-1", machine="p6-b200.48xlarge", capacity_type=kind, usd_per_hour=usd)
        for kind, usd in (("on_demand", "100"), ("spot", "40"))
    ]
    (tmp_path / "stacks" / "own.csv").write_text(a_file(*rows), encoding="utf-8")
    return (
        a_stack(
            region="us-east-1",
            priceFile="own.csv",
            pools=[a_pool(machine="p6-b200.48xlarge", gpu="b200-180gb")],
            jobs=[],
        )
        | changes
    )


def test_what_a_stack_needs_is_shown_by_region_with_where_to_ask(mizan):
    code, out, err = mizan()
    assert (code, err) == (0, "")
    told = lines(out)
    assert told[:7] == [
        "Quotas of gcp, us-central1",
        "quota needed of for",
        "PREEMPTIBLE_NVIDIA_A100_GPUS 8 GPUs spot-a100",
        "NVIDIA_A100_GPUS 4 GPUs ondemand-a100",
        "Quotas of gcp, all regions together",
        "quota needed of for",
        "GPUS_ALL_REGIONS 12 GPUs spot-a100, ondemand-a100",
    ]
    assert told[7:9] == ["Ask for them at:", "https://console.cloud.google.com/iam-admin/quotas"]
    assert told[9].startswith("Compare them with what is granted: --granted FILE")
    assert any(line.startswith("- Google: a new project has little GPU quota, or none") for line in told)
    assert "Ask for\n" not in out


def test_a_quota_that_is_too_small_is_told_with_what_to_ask_for_and_ends_with_1(mizan, granted):
    code, out, err = mizan("--granted", granted(f"{SPOT},3", f"{ON_DEMAND},4"))
    assert (code, err) == (1, "")
    told = lines(out)
    assert "quota needed granted missing of for" in told
    assert "PREEMPTIBLE_NVIDIA_A100_GPUS 8 3 5 GPUs spot-a100" in told
    assert "NVIDIA_A100_GPUS 4 4 - GPUs ondemand-a100" in told
    assert any(line.startswith("GPUS_ALL_REGIONS 12 unknown ? GPUs spot-a100") for line in told)
    asked = told.index("Ask for")
    assert told[asked + 1 : asked + 3] == [
        "PREEMPTIBLE_NVIDIA_A100_GPUS in us-central1: 8 GPUs, 5 more than granted",
        "https://console.cloud.google.com/iam-admin/quotas",
    ]
    assert told[asked + 3].startswith("gcloud beta quotas preferences create --service=compute.googleapis.com")
    assert told[asked + 3].endswith(
        "--quota-id=PREEMPTIBLE-NVIDIA-A100-GPUS-per-project-region --dimensions=region=us-central1 --preferred-value=8"
    )
    assert sum("more than granted" in line for line in told) == 1


@pytest.mark.parametrize(
    "entries",
    [
        (f"{SPOT},8", f"{ON_DEMAND},4", f"{ALL},12"),
        (f"{SPOT},8", f"{ON_DEMAND},unlimited", f"{ALL},unlimited"),
        (f"{SPOT},8",),
        (),
    ],
)
def test_enough_and_unknown_end_with_0(mizan, granted, entries):
    code, out, _ = mizan("-g", granted(*entries))
    assert code == 0
    told = lines(out)
    assert any("unknown ?" in line for line in told) == (len(entries) < 3)
    assert "Ask for" not in told
    assert "Ask for them at:" not in told


def test_spot_that_counts_against_the_standard_quota_is_told_so(mizan, granted):
    code, out, _ = mizan("-g", granted(f"{SPOT},0", f"{ON_DEMAND},12"))
    assert code == 0
    assert "PREEMPTIBLE_NVIDIA_A100_GPUS 8 0 - GPUs spot-a100" in lines(out)
    assert "PREEMPTIBLE_NVIDIA_A100_GPUS: NVIDIA_A100_GPUS counts instead, 12 of 12 for both, unless" in out


def test_of_several_files_the_later_counts(mizan, granted):
    first = granted(f"{SPOT},1", f"{ON_DEMAND},4")
    second = granted(f"{SPOT},8", name="newer.csv")
    assert mizan("-g", first, "-g", second)[0] == 0
    assert mizan("-g", second, "-g", first)[0] == 1


def test_a_file_as_powershell_writes_it_is_read(mizan, granted):
    assert mizan("-g", granted(f"{SPOT},7", encoding="utf-8-sig"))[0] == 1


def test_what_a_cloud_prints_as_json_is_read(mizan, tmp_path):
    region = {
        "kind": "compute#region",
        "name": "us-central1",
        "quotas": [{"metric": "NVIDIA_A100_GPUS", "limit": 3.0, "usage": 0.0}],
    }
    path = tmp_path / "region.json"
    path.write_text(json.dumps(region), encoding="utf-8")
    code, out, _ = mizan("-g", path)
    assert code == 1
    assert "NVIDIA_A100_GPUS 4 3 1 GPUs ondemand-a100" in lines(out)


def test_a_file_with_line_ends_of_windows_is_read(mizan, tmp_path):
    path = tmp_path / "granted.csv"
    path.write_bytes(f"{HEADER}\r\n{SPOT},7\r\n".encode("utf-8-sig"))
    code, out, err = mizan("-g", path)
    assert (code, err) == (1, "")
    assert "PREEMPTIBLE_NVIDIA_A100_GPUS 8 7 1 GPUs spot-a100" in lines(out)


def test_what_a_command_prints_may_come_straight_from_it(mizan, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(f"{HEADER}\n{SPOT},7\n",))
    writer.start()
    assert mizan("-g", path)[0] == 1
    writer.join(timeout=10)


def test_a_misspelt_name_of_a_needed_quota_ends_with_its_line_and_nothing_else(mizan, granted):
    path = granted("gcp,us-central1,NVIDA_A100_GPUS,2", f"{SPOT},8")
    code, out, err = mizan("-g", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"{path}:2: NVIDA_A100_GPUS; needs the name as the cloud writes it, NVIDIA_A100_GPUS because")


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_name_that_nobody_knows_is_a_warning_beside_the_output(mizan, granted, output):
    path = granted(f"{SPOT},8", "gcp,us-central1,NVIDIA_P100_GPUS,4")
    code, out, err = mizan("-g", path, "-o", output)
    assert code == 0
    assert err == (
        f"warning: {path}:3: NVIDIA_P100_GPUS: no quota of gcp that mizan knows; it is not used. "
        "Did you mean `NVIDIA_V100_GPUS`?\n"
    )
    assert "NVIDIA_P100_GPUS" not in out


def test_a_file_beyond_the_limit_is_refused(mizan, tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    code, out, err = mizan("-g", path)
    assert (code, out) == (2, "")
    assert err == (
        f"{path}: 67,108,865 bytes or more; needs at most 67,108,864 bytes because what is granted is read from it. "
        "Keep the quotas of the regions and machines of this stack.\n"
    )


def test_a_folder_is_told(mizan, tmp_path):
    code, _, err = mizan("-g", tmp_path)
    assert code == 2
    assert err.startswith(f"{tmp_path}: a folder; needs a readable file because")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "none.csv: No such file or directory; needs a readable file because"),
        (b"\xff\xfe", "none.csv: UTF-16; needs a readable file because what is granted is read from it. Save it as"),
        (b"\xff", "none.csv: not UTF-8; needs a readable file because"),
        (b"\x1f\x8b\x08", "none.csv: compressed with gzip; needs a readable file because"),
        (b"a\x00b", "none.csv: binary data; needs a readable file because"),
        (b"a,b\n", "none.csv:1: a,b; needs provider,region,quota,granted because"),
        (f"{HEADER}\n{SPOT},many\n".encode(), "none.csv:2: many; needs a whole number"),
        (b"{", "none.csv:1: Expecting property name"),
    ],
)
def test_a_file_at_fault_ends_with_its_line_and_nothing_else(mizan, tmp_path, content, message):
    path = tmp_path / "none.csv"
    if content is not None:
        path.write_bytes(content)
    code, out, err = mizan("-g", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path}/{message}")
    assert "Traceback" not in err


def test_aws_is_told_with_its_codes_and_what_no_source_names(mizan, tmp_path, granted):
    file = granted("aws,us-east-1,L-417A185B,96")
    code, out, err = mizan("-g", file, values=an_aws_stack(tmp_path))
    assert (code, err) == (1, "")
    told = lines(out)
    # 1 node of 192 vCPUs, of which 96 are granted; the spot nodes are 2 x 192.
    assert any(line.startswith("L-417A185B") for line in told)
    assert "Running On-Demand P instances in us-east-1: 192 vCPUs, 96 more than granted" in told
    command = next(line for line in told if line.startswith("aws service-quotas"))
    assert command.endswith("--quota-code L-417A185B --region us-east-1 --desired-value 192")
    assert any(line.startswith("- No source names the quota of spot p6-b200.48xlarge") for line in told)
    assert any(line.startswith("- AWS: a new account has 0 of each of these") for line in told)
    document = json.loads(mizan("-o", "json", values=an_aws_stack(tmp_path))[1])
    unnamed = next(each for each in document["quotas"] if each["purchases"] == ["spot"])
    assert {key: unnamed[key] for key in ("quota", "code", "needed", "status", "command", "source")} == {
        "quota": None,
        "code": None,
        "needed": 384,
        "status": "unknown",
        "command": None,
        "source": None,
    }


def test_the_json_has_these_keys_and_a_null_for_what_is_unknown(mizan, granted):
    code, out, _ = mizan("-o", "json", "-g", granted(f"{SPOT},3", f"{ALL},unlimited"))
    assert code == 1
    document = json.loads(out)
    assert " ".join(document) == "stack region isSimulated quotas hints"
    assert (document["stack"], document["region"], document["isSimulated"]) == ("test", "us-central1", True)
    spot, on_demand, everywhere = document["quotas"]
    assert " ".join(spot) == (
        "provider region quota code unit purchases needed machines for granted status missing requestTo askAt command "
        "note asOf source"
    )
    assert {key: spot[key] for key in ("needed", "granted", "status", "missing", "requestTo", "for", "machines")} == {
        "needed": 8,
        "granted": 3,
        "status": "short",
        "missing": 5,
        "requestTo": 8,
        "for": ["spot-a100"],
        "machines": ["a2-highgpu-4g"],
    }
    assert spot["source"] == "googleapis/google-api-go-client@v0.311.0:compute/v1/compute-api.json"
    assert [on_demand[key] for key in ("granted", "status", "missing", "requestTo")] == [None, "unknown", None, None]
    assert [everywhere[key] for key in ("granted", "status", "missing")] == ["unlimited", "enough", 0]


def test_a_table_of_usual_names_fits_80_columns(mizan, granted, tmp_path):
    google = mizan("-g", granted(f"{SPOT},3"))[1]
    aws = mizan("-g", granted("aws,us-east-1,L-417A185B,96"), values=an_aws_stack(tmp_path))[1]
    for text in (google, aws):
        table = text[: text.index("Ask for")].splitlines()
        assert max(len(line.rstrip()) for line in table if ": " not in line) <= 80


def test_the_help_says_what_is_read_and_how_it_ends(mizan, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = mizan("--help")
    assert code == 0
    told = " ".join(out.replace("│", " ").split())
    assert "Exit 1 if a granted quota is too small. A quota that no file names is unknown, and no error." in told
    assert "provider,region,quota,granted" in told
    assert "aws service-quotas list-service-quotas" in told
