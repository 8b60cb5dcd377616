"""Our CSV layout: what a row must hold, every fault with its line, and what is written is read again."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.prices import Basis, PriceFault, UnreadablePrices, read_price_file
from mizan.prices.files import MOST_BYTES, read_import_text, read_price_text
from mizan.prices.layout import csv_text, plain, read_rows, rows_of
from tests.builders import TODAY
from tests.price_rows import HEADER, a_file, a_line, a_price


def faults(*lines, today=TODAY):
    return [str(fault) for fault in read_rows(a_file(*lines), "own.csv", today).faults]


def test_a_row_is_read_as_it_stands_with_its_file_and_line():
    spot = a_line(
        zone="us-central1-a", capacity_type="spot", usd_per_hour="7.712080", basis="derived", as_of="2026-07-30"
    )
    _, row = rows_of(a_file(a_line(), spot), "own.csv")
    assert row == a_price(
        "7.71208",
        zone="us-central1-a",
        capacity_type=CapacityType.SPOT,
        basis=Basis.DERIVED,
        as_of=date(2026, 7, 30),
        line=3,
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"usd_per_hour": "0"}, "0; needs a price above 0 because no machine is free"),
        ({"usd_per_hour": "-3.5"}, "-3.5; needs a price above 0"),
        ({"usd_per_hour": ""}, "nothing; needs a price above 0"),
        ({"usd_per_hour": "nan"}, "nan; needs a price above 0"),
        ({"usd_per_hour": "inf"}, "inf; needs a price above 0"),
        ({"usd_per_hour": "1_000"}, "1_000; needs a price above 0"),
        ({"usd_per_hour": "$14.69"}, "$14.69; needs a price above 0"),
        (
            {"usd_per_hour": "0.000001"},
            "0.000001; needs 0.0001 to 10,000 US dollars a node hour because no machine costs less or more. Correct",
        ),
        ({"usd_per_hour": "0.00009999"}, "0.00009999; needs 0.0001 to 10,000 US dollars a node hour"),
        ({"usd_per_hour": "10000.01"}, "10000.01; needs 0.0001 to 10,000 US dollars a node hour"),
        ({"usd_per_hour": "9" * 5000}, f"{'9' * 200}...; needs 0.0001 to 10,000 US dollars a node hour"),
        ({"usd_per_hour": "1e3"}, "1e3; needs a price above 0"),
        (
            {"usd_per_hour": "7.123456789012345678901"},
            "7.123456789012345678901; needs at most 20 digits behind the point because sums are kept to 28 digits. Rou",
        ),
        ({"currency": "EUR"}, "EUR; needs USD because sums over two currencies mean nothing. Convert the price."),
        ({"currency": ""}, "nothing; needs USD"),
        ({"as_of": "2026-11-23"}, "2026-11-23; needs a day not after 2026-11-22 because nobody can have read a price"),
        ({"as_of": "2026-07..08"}, "2026-07..08; needs a day such as 2026-07-30"),
        ({"as_of": "20260730"}, "20260730; needs a day such as 2026-07-30"),
        ({"capacity_type": "on-demand"}, "on-demand; needs spot or on_demand or flex_start"),
        ({"basis": "guessed"}, "guessed; needs listed or derived"),
        ({"region": ""}, "no region; needs a region because a price that nobody can place cannot be checked"),
        ({"source": " "}, "no source; needs a source"),
        ({"machine": " a2-highgpu-4g"}, "machine ` a2-highgpu-4g`; needs no spaces around it"),
        ({"source": "contract,4711"}, "another number of values; needs 10 values because every column is needed"),
    ],
)
def test_an_unsound_row_is_told_with_its_line(changes, message):
    (fault,) = faults(a_line(), a_line(**changes))
    assert fault.startswith(f"own.csv:3: {message}")


@pytest.mark.parametrize("usd", ["0.0001", "10000", "21.9576420000", "22.009999999999998", "0.00012345678901234567"])
def test_a_price_within_the_limits_is_read(usd):
    (row,) = rows_of(a_file(a_line(usd_per_hour=usd)), "own.csv")
    assert row.usd_per_hour == Decimal(usd)


def test_every_fault_of_every_row_is_told_at_once_and_the_sound_rows_stay():
    rows = read_rows(a_file(a_line(usd_per_hour="0", currency="EUR"), a_line(), a_line(as_of="soon")), "own.csv", TODAY)
    assert [fault.where for fault in rows.faults] == ["own.csv:2", "own.csv:2", "own.csv:4"]
    assert [row.line for row in rows.sound] == [3]


def test_a_reader_of_rows_stops_at_the_first_fault_and_says_how_to_see_the_others():
    with pytest.raises(PriceFault, match=r"^own.csv:2: 0; .* See `mizan prices check own.csv`, which tells 1 more$"):
        rows_of(a_file(a_line(usd_per_hour="0"), a_line(basis="")), "own.csv")
    with pytest.raises(PriceFault, match=r"^own.csv:2: 0; .* Correct the row\.$"):
        rows_of(a_file(a_line(usd_per_hour="0")), "own.csv")


def test_a_file_that_is_no_price_file_at_all_is_not_quoted():
    """A stack's `priceFile` may name anything that the reader may read."""
    (fault,) = read_rows("root:$6$hash:20228:0:99999:7:::\n", "own.csv").faults
    assert str(fault).startswith("own.csv:1: another first line; needs provider,region,")


@pytest.mark.parametrize(
    "text", ["", "zone,price\n1\n", HEADER.replace(",", ";"), HEADER.replace("zone,machine", "machine,zone")]
)
def test_another_header_is_one_fault_and_no_row_is_read(text):
    rows = read_rows(f"{text}\n{a_line()}\n", "own.csv")
    (fault,) = rows.faults
    assert str(fault).startswith(f"own.csv:1: {text.splitlines()[0] if text else 'no header'}; needs {HEADER} because")
    assert rows.sound == ()


def test_a_field_beyond_any_price_file_is_told_with_its_line():
    (fault,) = faults(a_line(), a_line(source="x" * 200_000))
    assert fault.startswith("own.csv:3: field larger than field limit (131072); needs CSV text because")


def test_a_day_in_the_future_is_read_where_nobody_asks_for_today():
    assert faults(a_line(as_of="2027-01-01"), today=None) == []


def test_a_file_with_the_mark_that_spreadsheets_write_is_read(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(a_file(a_line()), encoding="utf-8-sig")
    assert [row.usd_per_hour for row in read_price_file(path, TODAY)] == [Decimal("14.69")]


def test_a_file_as_windows_writes_it_is_read_with_its_lines(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(a_file(a_line(), a_line(machine="a2-highgpu-8g")).replace("\n", "\r\n").encode("utf-8-sig"))
    assert [(row.machine, row.source, row.line) for row in read_price_file(path, TODAY)] == [
        ("a2-highgpu-4g", "contract 4711", 2),
        ("a2-highgpu-8g", "contract 4711", 3),
    ]


def test_a_file_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(a_file(a_line(source="Gebühr")).encode("latin-1"))
    with pytest.raises(PriceFault, match=r"own.csv: not UTF-8; needs a readable price file .* Save it as UTF-8\.$"):
        read_price_file(path, TODAY)


def test_a_folder_in_place_of_a_file_is_told(tmp_path):
    with pytest.raises(UnreadablePrices, match=r": a folder; needs a readable price file .* Name a file in it\.$"):
        read_price_file(tmp_path, TODAY)


@pytest.mark.parametrize(
    ("read", "most", "fix"),
    [
        (read_price_text, 16 * 2**20, "Keep the rows of your own regions and machines."),
        (read_import_text, 2**30, "Fetch the list of one region, as docs/guide/prices.md tells."),
    ],
)
def test_a_file_beyond_the_limit_of_its_kind_is_refused_unread(tmp_path, read, most, fix):
    path = tmp_path / "own.csv"
    # A hole in the file: it takes no room on the disk, and none in memory unless it is read.
    with path.open("wb") as file:
        file.truncate(most + 1)
    with pytest.raises(UnreadablePrices) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: {most + 1:,} bytes or more; needs at most {most:,} bytes because it is read as a whole, into memory. "
        f"{fix}"
    )


def test_a_file_of_the_size_of_the_limit_is_read(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(b"x" * MOST_BYTES)
    assert len(read_price_text(path)) == MOST_BYTES


def test_rows_are_written_sorted_by_provider_region_machine_capacity_and_zone():
    zonal = a_price("7.1", capacity_type=CapacityType.SPOT, zone="us-central1-a")
    rows = [a_price(machine="g2-standard-4"), zonal, a_price("7.2", capacity_type=CapacityType.SPOT), a_price()]
    written = [line.split(",")[2:6] for line in csv_text(rows).splitlines()[1:]]
    assert written == [
        ["", "a2-highgpu-4g", "on_demand", "14.69"],
        ["", "a2-highgpu-4g", "spot", "7.2"],
        ["us-central1-a", "a2-highgpu-4g", "spot", "7.1"],
        ["", "g2-standard-4", "on_demand", "14.69"],
    ]


# Text as people write it: any letters, but no line breaks or other control characters.
words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)


@given(
    st.builds(
        a_price,
        st.decimals(min_value="0.0001", max_value="10000", places=6).map(str),
        region=words,
        zone=words | st.just(""),
        source=words,
        capacity_type=st.sampled_from(CapacityType),
        basis=st.sampled_from(Basis),
        as_of=st.dates(max_value=TODAY),
    )
)
def test_what_is_written_is_read_again(row):
    assert rows_of(csv_text([row]), "own.csv", TODAY) == (row,)


@pytest.mark.parametrize(
    ("value", "text"), [("21.9576420000", "21.957642"), ("10", "10"), ("1E+1", "10"), ("0.000001", "0.000001")]
)
def test_a_number_is_written_without_exponent_and_trailing_zeros(value, text):
    assert plain(Decimal(value)) == text
