"""`mizan prices`: what list, show, check and import print where, and how they end."""

import csv
import io
import json
from datetime import date

import pytest
from rich.console import Console

from mizan.cli import main
from mizan.cli.price_tables import show_findings
from mizan.prices import PriceBook
from mizan.prices.check import check_text
from mizan.prices.layout import COLUMNS, rows_of
from tests.builders import PROJECT, TODAY
from tests.price_rows import a_file, a_line

SAMPLES = PROJECT / "tests" / "data" / "samples"


@pytest.fixture
def mizan(monkeypatch, capsys):
    """Run `mizan prices` on 2026-11-22: exit code, stdout, stderr."""
    monkeypatch.setattr("mizan.cli.prices.today", lambda: TODAY)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["mizan", "prices", *map(str, arguments)])
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        monkeypatch.setenv("COLUMNS", "120")
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


@pytest.fixture
def own(tmp_path):
    """Write an own price file."""

    def write(*lines, name="own.csv"):
        path = tmp_path / name
        path.write_text(a_file(*lines), encoding="utf-8")
        return path

    return write


def lines(text):
    """The lines of a table, with one space between cells."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_list_shows_regions_and_zones_with_the_mark_and_legend_of_derived_prices(mizan):
    code, out, err = mizan("list", "--region", "us-east-1", "--gpu", "h100-80gb", "--provider", "aws")
    assert (code, err) == (0, "")
    told = lines(out)
    assert told[:2] == ["Prices", "region machine GPUs capacity zone USD per hour per GPU saves of"]
    assert "us-east-1 p5.48xlarge 8 h100-80gb on-demand 55.0400 6.8800 - 2026-07-01" in told
    assert "us-east-1 p5.4xlarge 1 h100-80gb spot 6.6034* 6.6034* 4.0 %* 2026-07-01" in told
    assert "us-east-1 p5.4xlarge 1 h100-80gb spot use1-az3 6.8800 6.8800 0.0 % 2026-07-01" in told
    assert out.endswith("* derived: computed from other prices, not read\n")


def test_a_list_without_derived_prices_has_no_legend(mizan):
    _, out, _ = mizan("list", "--region", "us-central1", "--gpu", "a100-40gb")
    assert "*" not in out


def test_a_list_by_capacity_type_holds_only_that(mizan):
    _, out, _ = mizan("list", "--region", "us-central1", "--capacity-type", "on-demand", "--output", "csv")
    kinds = {row["capacity_type"] for row in csv.DictReader(io.StringIO(out))}
    assert kinds == {"on_demand"}


def test_a_list_as_csv_is_our_layout_and_holds_every_shipped_price(mizan):
    _, out, _ = mizan("list", "--output", "csv")
    assert out.splitlines()[0] == ",".join(COLUMNS)
    assert len(rows_of(out, "list.csv", TODAY)) == 466


def test_a_list_as_json_has_exact_money_age_and_source(mizan):
    _, out, _ = mizan("list", "--region", "us-east-1", "--gpu", "a10g", "--capacity-type", "spot", "-o", "json")
    told = json.loads(out)
    assert (told["currency"], told["per"], told["today"]) == ("USD", "hour", "2026-11-22")
    row = next(row for row in told["prices"] if row["machine"] == "g5.2xlarge")
    assert row == {
        "provider": "aws",
        "region": "us-east-1",
        "zone": None,
        "machine": "g5.2xlarge",
        "gpu": "a10g",
        "gpus": 1,
        "capacityType": "spot",
        "usdPerHour": "0.509",
        # 1 - 0.509 / 1.212 = 0.58003...
        "saving": "0.5800",
        "isSavingDerived": True,
        "asOf": "2025-06-28",
        # 365 days to 2026-06-28, 147 more to 2026-11-22.
        "daysOld": 512,
        "basis": "derived",
        "source": (
            "aws/karpenter-provider-aws:pkg/providers/pricing/zz_generated.pricing_aws.go (us-east-1); spot DERIVED = "
            "on-demand x (1-58%) from AWS Spot Advisor in alexei-led/spotinfo:internal/spot/data/spot-advisor-data.json"
        ),
        "file": "mizan/prices/prices.csv",
        "line": row["line"],
    }


def test_an_own_file_wins_over_the_shipped_prices(mizan, own):
    path = own(a_line(usd_per_hour="12", machine="a2-highgpu-4g"), a_line(machine="e2-standard-4", usd_per_hour="0.2"))
    told = lines(mizan("list", "--file", path, "--region", "us-central1")[1])
    assert "us-central1 a2-highgpu-4g 4 a100-40gb on-demand 12.0000 3.0000 - 2026-11-01" in told
    # 1 - 7.71208 / 12 = 35.7 %.
    assert "us-central1 a2-highgpu-4g 4 a100-40gb spot 7.7121 1.9280 35.7 % 2026-07-30" in told
    assert "us-central1 e2-standard-4 unknown on-demand 0.2000 - - 2026-11-01" in told
    assert not [line for line in told if "14.6935" in line]
    rows = json.loads(mizan("list", "--file", path, "--region", "us-central1", "-o", "json")[1])["prices"]
    (unknown,) = [row for row in rows if row["machine"] == "e2-standard-4"]
    assert (unknown["gpu"], unknown["file"]) == (None, str(path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--region", "us-est-1"],
            "--region: us-est-1; needs a region with prices because another has no prices. Did you",
        ),
        (["--gpu", "h100"], "--gpu: h100; needs a GPU of the catalogue because"),
        (["--provider", "azure"], "Invalid value for '--provider'"),
        (["--file", "none.csv"], "none.csv: No such file or directory; needs a readable price file because"),
        (
            ["--file", "."],
            ".: a folder; needs a readable price file because prices are read from it. Name a file in it",
        ),
        (["--file", "/dev/null"], "/dev/null: no regular file; needs a readable price file because"),
    ],
)
def test_a_list_of_what_does_not_exist_says_so(mizan, arguments, message):
    code, out, err = mizan("list", *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.replace("│", " ").split())


def test_a_list_of_nothing_says_so(mizan):
    assert mizan("list", "--region", "us-central1", "--provider", "aws")[:2] == (0, "No prices.\n")


def test_a_machine_is_shown_in_every_region_and_zone_with_age_basis_and_source(mizan):
    code, out, err = mizan("show", "p5.4xlarge")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "p5.4xlarge of aws: 1 h100-80gb, 16 vCPUs, 256 GiB"
    told = lines(out)
    assert "us-east-1 on-demand 6.8800 6.8800 - 2026-07-01 144 listed [1]" in told
    assert "us-east-1 spot 6.6034* 6.6034* 4.0 %* 2026-07-01 144 derived [2]" in told
    assert "us-west-2 usw2-az2 spot 5.7546 5.7546 16.4 % 2026-07-01 144 listed [1]" in told
    assert "* derived: computed from other prices, not read" in out
    assert out.splitlines()[-1].startswith(
        "[2] skypilot-org/skypilot-catalog:catalogs/v9/aws/vms.csv@2c3d7ea7 (DERIVED"
    )


@pytest.mark.parametrize("command", [("show", "p5.48xlarge"), ("list", "--region", "us-east-1", "--gpu", "h100-80gb")])
def test_a_table_shows_a_thousand_rows_and_says_how_many_more_there_are(mizan, own, command):
    zonal = {"provider": "aws", "region": "us-east-1", "machine": "p5.48xlarge", "capacity_type": "spot"}
    zones = [a_line(**zonal, zone=f"use1-az{number:04}", usd_per_hour="20") for number in range(100, 1300)]
    code, out, err = mizan(*command, "--file", own(*zones))
    assert code == 0
    told = [line for line in lines(out) if "use1-az" in line]
    assert 900 < len(told) <= 1000
    (rest,) = err.splitlines()
    assert rest.endswith(" rows more are not shown; `mizan prices list`, with `--file` and `--output csv`, prints all.")
    assert int(rest.split()[0]) >= 200
    everything = mizan("list", "--file", own(*zones), "--output", "csv")
    assert everything[2] == ""
    assert len(rows_of(everything[1], "all.csv", TODAY)) == 466 + 1200


def test_an_unknown_machine_is_answered_with_the_nearest(mizan):
    code, out, err = mizan("show", "p5.48xlrge")
    assert (code, out) == (2, "")
    assert err == (
        "MACHINE: p5.48xlrge; needs a machine of the catalogue because another has no prices. "
        "Did you mean `p5.48xlarge`?\n"
    )


def test_a_machine_without_any_price_is_an_error_that_names_the_file(mizan, monkeypatch):
    monkeypatch.setattr("mizan.cli.prices.counting", lambda _: ())
    code, out, err = mizan("show", "p5.48xlarge")
    assert (code, out) == (2, "")
    assert err.startswith("p5.48xlarge: no price in any region; needs at least one because a missing price would read")
    assert "mizan/prices/prices.csv" in err


def test_a_check_of_the_shipped_prices_ends_well_and_gives_advice(mizan):
    code, out, err = mizan("check")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "errors: 0, advice: 32"
    assert "\nadvice: mizan/prices/prices_by_zone.csv:81: p5.48xlarge spot in use1-az1 costs 55.04 USD per hour" in out


def test_a_check_tells_every_error_of_a_file_and_ends_with_1(mizan, own):
    path = own(
        a_line(usd_per_hour="0"),
        a_line(currency="EUR", capacity_type="spot"),
        a_line(usd_per_hour="15", capacity_type="spot"),
    )
    code, out, err = mizan("check", path)
    assert (code, err) == (1, "")
    told = out.splitlines()
    assert [line.split(";")[0] for line in told[:2]] == [f"error: {path}:2: 0", f"error: {path}:3: EUR"]
    assert told[2].startswith(
        f"error: {path}:4: a2-highgpu-4g spot in us-central1 costs 15 USD per hour, a2-highgpu-4g on-demand in "
        "us-central1 14.69354 (mizan/prices/prices.csv:"
    )
    assert told[3] == "errors: 3, advice: 0"


def test_a_check_of_a_sound_file_has_nothing_to_say(mizan, own):
    assert mizan("check", own(a_line())) == (0, "errors: 0, advice: 0\n", "")


def test_a_check_of_an_old_file_is_advice_and_ends_well(mizan, own):
    code, out, _ = mizan("check", own(a_line(as_of="2026-07-30")))
    assert code == 0
    assert out.startswith("advice: ")
    assert out.endswith("errors: 0, advice: 1\n")


def test_an_import_prints_a_price_file_and_says_beside_it_what_was_left_out(mizan):
    code, out, err = mizan("import", SAMPLES / "aws_price_list.json")
    assert code == 0
    assert [row.machine for row in rows_of(out, "out.csv", TODAY)] == ["g5.xlarge", "p4d.24xlarge"]
    assert err.splitlines() == [
        "2 prices from an AWS price list",
        "  left out: prices of 0, which stand for unknown ones: 1",
        "  left out: machines that the catalogue does not have: 1",
    ]


def test_several_files_are_imported_into_one(mizan, tmp_path):
    path = tmp_path / "own.csv"
    code, out, err = mizan(
        "import", SAMPLES / "aws_price_list.json", SAMPLES / "aws_spot_history.json", "--output", path
    )
    assert (code, out) == (0, "")
    assert "5 prices from an AWS spot price history" in err
    rows = rows_of(path.read_text(encoding="utf-8"), str(path), TODAY)
    assert [(row.machine, row.capacity_type.value, row.zone) for row in rows][:3] == [
        ("g5.xlarge", "on-demand", ""),
        ("p4d.24xlarge", "on-demand", ""),
        ("p4d.24xlarge", "spot", ""),
    ]
    code, out, _ = mizan("check", path)
    assert code == 0
    # 1 - 9.89785 / 21.957642 = 54.9 %.
    assert "us-east-1 spot 9.8978* 1.2372* 54.9 %* 2026-11-18 4 derived [4]" in lines(
        mizan("show", "p4d.24xlarge", "--file", path)[1]
    )


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_of_two_prices_of_an_offer_the_newer_is_imported_in_whatever_order(mizan, tmp_path, order):
    for name, usd, day in (("old", "10", "2026-01-05"), ("new", "20", "2026-11-05")):
        row = f"gcp,us-central1,,a2-highgpu-4g,on_demand,{usd},USD,{day},listed,contract"
        (tmp_path / name).write_text(f"{','.join(COLUMNS)}\n{row}\n")
    code, out, err = mizan("import", *(tmp_path / name for name in order))
    assert code == 0
    assert [(row.usd_per_hour, row.as_of.isoformat()) for row in rows_of(out, "out", TODAY)] == [(20, "2026-11-05")]
    assert "1 rows left out: the files have a newer price of the same offer." in err


def test_an_import_overwrites_nothing_unless_forced(mizan, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("precious")
    code, out, err = mizan("import", SAMPLES / "own_prices.csv", "--output", path)
    assert (code, out) == (2, "")
    assert err == (
        f"{path}: exists; needs a new file because prices that somebody keeps there would be lost. Choose another "
        "name, or overwrite it with `--force`.\n"
    )
    assert path.read_text() == "precious"
    code, _, _ = mizan("import", SAMPLES / "own_prices.csv", "--output", path, "--force")
    assert code == 0
    assert path.read_text().startswith(",".join(COLUMNS))


def test_an_import_takes_the_day_of_a_file_that_does_not_say_it(mizan, tmp_path):
    path = tmp_path / "pricing.yml"
    path.write_text((SAMPLES / "gcp_pricing.yml").read_text().replace("  timestamp: 1785384611\n", ""))
    code, _, err = mizan("import", path)
    assert code == 2
    assert err == (
        f"{path}:1: no date; needs the day on which the prices were read because the age of a price counts from it. "
        "Give it with `--as-of 2026-07-30`.\n"
    )
    code, out, _ = mizan("import", path, "--as-of", "2026-11-20")
    assert code == 0
    assert {row.as_of for row in rows_of(out, "out.csv", TODAY)} == {date(2026, 11, 20)}


@pytest.mark.parametrize(
    ("data", "observed"),
    [
        (
            b"\xff\xfea\x00",
            "UTF-16; needs a readable price file because prices are read from it. Save it as UTF-8; in Po",
        ),
        (
            b"\x1f\x8b\x08",
            "compressed with gzip; needs a readable price file because prices are read from it. Unpack it",
        ),
        (b"PK\x03\x04", "a zip archive or a spreadsheet; needs a readable price file because prices are read from it."),
        (b"{\x00}", "binary data; needs a readable price file because"),
        (b"\xe9", "not UTF-8; needs a readable price file because"),
    ],
)
def test_an_import_of_what_is_no_text_says_what_it_is(mizan, tmp_path, data, observed):
    path = tmp_path / "prices"
    path.write_bytes(data)
    code, out, err = mizan("import", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"{path}: {observed}")


def test_an_import_beyond_the_limit_is_refused_unread(mizan, tmp_path):
    path = tmp_path / "index.json"
    with path.open("wb") as file:
        file.truncate(2**30 + 1)
    code, out, err = mizan("import", path)
    assert (code, out) == (2, "")
    assert err == (
        f"{path}: 1,073,741,825 bytes or more; needs at most 1,073,741,824 bytes because it is read as a whole, into "
        "memory. Fetch the list of one region, as docs/guide/prices.md tells.\n"
    )


@pytest.mark.parametrize("name", ["own_prices.csv", "gcp_pricing.yml", "aws_price_list.json", "aws_spot_history.json"])
def test_a_sample_with_line_ends_of_windows_and_a_mark_is_imported_as_without(mizan, tmp_path, name):
    path = tmp_path / name
    path.write_bytes((SAMPLES / name).read_text(encoding="utf-8").replace("\n", "\r\n").encode("utf-8-sig"))
    assert mizan("import", path)[1] == mizan("import", SAMPLES / name)[1]


def test_a_failed_import_writes_nothing(mizan, tmp_path):
    path = tmp_path / "own.csv"
    code, _, _ = mizan("import", SAMPLES / "own_prices.csv", SAMPLES / "README.md", "--output", path)
    assert code == 2
    assert not path.exists()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_colour_is_for_a_terminal_alone(monkeypatch, is_terminal):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    findings = check_text("", "own.csv", {}, TODAY, under=PriceBook(()))
    text = io.StringIO()
    show_findings(Console(file=text, force_terminal=is_terminal), findings)
    assert text.getvalue().startswith("\x1b[31merror: \x1b[0m" if is_terminal else "error: own.csv:1: no header")


@pytest.mark.parametrize("command", ["list", "show", "check", "import"])
def test_help_explains_each_command(mizan, command):
    code, out, err = mizan(command, "--help")
    assert (code, err) == (0, "")
    assert f"Usage: mizan prices {command}" in out
