"""Price files of others: what each sample becomes, what is left out and counted, and what is refused with its line."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.prices import Basis, PriceFault
from mizan.prices.importers import Format, import_prices
from mizan.prices.layout import csv_text, rows_of
from tests.builders import PROJECT, TODAY
from tests.price_rows import a_file, a_line

SAMPLES = PROJECT / "tests" / "data" / "samples"
SPOT = "aws_spot_history.json"
LIST = "aws_price_list.json"
GCP = "gcp_pricing.yml"
OWN = "own_prices.csv"


def sample(name):
    return (SAMPLES / name).read_text(encoding="utf-8")


def imported(text, file="given", **options):
    return import_prices(text, file, **({"machines": machines(), "today": TODAY} | options))


def offers(found):
    return [
        (row.region, row.zone, row.machine, row.capacity_type.value, str(row.usd_per_hour.normalize()))
        for row in found.rows
    ]


def refused(text, **options):
    with pytest.raises(PriceFault) as caught:
        imported(text, **options)
    return str(caught.value)


def changed(name, old, new):
    text = sample(name)
    assert old in text
    return text.replace(old, new)


def line_of(name, text):
    return sample(name).split(text)[0].count("\n") + 1


def test_gcp_prices_are_taken_for_on_demand_and_spot_by_region():
    found = imported(sample(GCP), "folder/pricing.yml")
    assert found.format is Format.GCP_YAML
    assert offers(found) == [
        ("europe-west4", "", "a2-highgpu-4g", "on-demand", "14.991888"),
        ("europe-west4", "", "a2-highgpu-4g", "spot", "6.77134"),
        ("us-central1", "", "a2-highgpu-4g", "on-demand", "14.69354"),
        ("us-central1", "", "a2-highgpu-4g", "spot", "7.71208"),
        ("us-central1", "", "a3-highgpu-8g", "on-demand", "88.49"),
        ("us-central1", "", "g2-standard-4", "on-demand", "0.70683"),
    ]
    row = found.rows[0]
    # 1785384611 s = 2026-07-30 04:10:11 UTC, which the sample's `generated` says too.
    assert (row.provider, row.as_of, row.basis) == ("gcp", date(2026, 7, 30), Basis.LISTED)
    assert row.source == (
        "pricing.yml in the layout of Cyclenerd/google-cloud-pricing-cost-calculator (total incl. bundled local SSD)"
    )
    assert (row.file, row.line) == ("folder/pricing.yml", line_of(GCP, "hour: 14.991888"))


def test_gcp_machines_priced_without_their_gpus_are_left_out_and_counted():
    assert imported(sample(GCP)).left_out == {
        "machines that the catalogue does not have": 2,
        "machines priced without their GPUs": 1,
        "n1 machines, whose GPUs are priced apart": 1,
        "prices of 0, which stand for unknown ones": 1,
    }


def test_gcp_prices_as_json_are_the_same():
    document = {
        "about": {"timestamp": 1785384611},
        "compute": {"instance": {"a2-highgpu-4g": {"a100": 4, "cost": {"us-central1": {"hour": 14.69354}}}}},
    }
    assert offers(imported(json.dumps(document))) == [("us-central1", "", "a2-highgpu-4g", "on-demand", "14.69354")]


def test_an_aws_price_list_gives_the_linux_price_of_shared_machines_in_regions():
    found = imported(sample(LIST), "index.json")
    assert found.format is Format.AWS_PRICE_LIST
    assert offers(found) == [
        ("us-east-1", "", "g5.xlarge", "on-demand", "1.006"),
        ("us-east-1", "", "p4d.24xlarge", "on-demand", "21.957642"),
    ]
    row = found.rows[1]
    assert (row.provider, row.as_of, row.basis) == ("aws", date(2026, 7, 18), Basis.LISTED)
    assert row.source == "AWS price list AmazonEC2 20260718001233, SKU AAAA2222BBBB3333"
    assert row.line == line_of(LIST, '"AAAA2222BBBB3333" : {\n        "AAAA2222BBBB3333.JRTCKXETXF"')
    assert found.left_out == {
        "machines that the catalogue does not have": 1,
        "prices of 0, which stand for unknown ones": 1,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("operatingSystem", "Windows"),
        ("tenancy", "Dedicated"),
        ("preInstalledSw", "SQL Std"),
        ("capacitystatus", "UnusedCapacityReservation"),
        ("marketoption", "CapacityBlock"),
        ("locationType", "AWS Local Zone"),
    ],
)
def test_a_product_that_is_no_on_demand_linux_node_of_a_region_is_not_taken(name, value):
    document = json.loads(sample(LIST))
    document["products"]["HHHH2222BBBB3333"]["attributes"][name] = value
    assert [row.machine for row in imported(json.dumps(document)).rows] == ["p4d.24xlarge"]


@pytest.mark.parametrize("name", ["marketoption", "locationType"])
def test_an_older_price_list_without_these_attributes_is_read_too(name):
    document = json.loads(sample(LIST))
    del document["products"]["HHHH2222BBBB3333"]["attributes"][name]
    assert [row.machine for row in imported(json.dumps(document)).rows] == ["g5.xlarge", "p4d.24xlarge"]


def test_a_machine_without_a_term_is_counted():
    document = json.loads(sample(LIST))
    del document["terms"]["OnDemand"]["HHHH2222BBBB3333"]
    assert imported(json.dumps(document)).left_out["machines without an on-demand price"] == 1


def test_a_term_that_begins_after_the_list_was_published_does_not_count():
    document = json.loads(sample(LIST))
    offers_of = document["terms"]["OnDemand"]["AAAA2222BBBB3333"]
    offers_of["AAAA2222BBBB3333.JRTCKXETXF"]["effectiveDate"] = "2026-08-01T00:00:00Z"
    (_, row) = imported(json.dumps(document)).rows
    assert row.usd_per_hour == Decimal("32.7726")


def test_a_spot_history_gives_the_latest_price_of_each_zone_and_their_median_as_the_region_s():
    found = imported(sample(SPOT))
    assert found.format is Format.AWS_SPOT_HISTORY
    # Median of 6.5323, 8.0087, 11.787 and 13.9933: (8.0087 + 11.787) / 2 = 9.89785.
    assert offers(found) == [
        ("us-east-1", "", "p4d.24xlarge", "spot", "9.89785"),
        ("us-east-1", "us-east-1c", "p4d.24xlarge", "spot", "13.9933"),
        ("us-east-1", "use1-az1", "p4d.24xlarge", "spot", "8.0087"),
        ("us-east-1", "use1-az2", "p4d.24xlarge", "spot", "6.5323"),
        ("us-east-1", "use1-az6", "p4d.24xlarge", "spot", "11.787"),
    ]
    region, zone = found.rows[0], found.rows[4]
    assert (region.basis, region.as_of) == (Basis.DERIVED, date(2026, 11, 18))
    assert region.source.endswith("DERIVED = median of the latest prices of 4 zones")
    assert (zone.basis, zone.as_of) == (Basis.LISTED, date(2026, 11, 20))
    assert zone.source == "aws ec2 describe-spot-price-history: us-east-1a since 2026-11-20T09:01:12Z"
    assert zone.line == sample(SPOT).split('"us-east-1a"')[0].count("\n")
    assert found.left_out == {
        "earlier prices of the same zone": 1,
        "machines that the catalogue does not have": 1,
        "prices of local zones": 1,
        "prices of other operating systems": 1,
    }
    assert found.notes == ()


def test_the_order_of_a_spot_history_does_not_matter():
    document = json.loads(sample(SPOT))
    document["SpotPriceHistory"].reverse()
    assert offers(imported(json.dumps(document))) == offers(imported(sample(SPOT)))


def test_a_spot_history_with_further_pages_says_so():
    document = json.loads(sample(SPOT)) | {"NextToken": "abc"}
    assert imported(json.dumps(document)).notes == (
        "the answer has further pages (NextToken): zones may be missing, and medians be of too few",
    )


def test_our_own_layout_is_sorted_and_freed_of_unknown_machines():
    found = imported(sample(OWN))
    assert found.format is Format.OWN
    assert [row.capacity_type for row in found.rows] == [
        CapacityType.FLEX_START,
        CapacityType.ON_DEMAND,
        CapacityType.SPOT,
    ]
    assert [row.basis for row in found.rows] == [Basis.LISTED, Basis.LISTED, Basis.DERIVED]
    assert found.left_out == {"machines that the catalogue does not have": 1}


@pytest.mark.parametrize("name", [OWN, GCP, LIST, SPOT])
def test_what_was_imported_is_a_price_file_that_reads_back_the_same(name):
    found = imported(sample(name))
    again = imported(csv_text(found.rows))
    assert again.format is Format.OWN
    assert csv_text(again.rows) == csv_text(found.rows)
    assert len(rows_of(csv_text(found.rows), "own.csv", TODAY)) == len(found.rows)


@pytest.mark.parametrize(
    ("name", "dated"),
    [
        (GCP, "  timestamp: 1785384611\n"),
        (LIST, '  "publicationDate" : "2026-07-18T00:12:33Z",\n'),
    ],
)
def test_a_file_without_a_date_needs_one_and_takes_it(name, dated):
    undated = changed(name, dated, "")
    assert refused(undated) == (
        "given:1: no date; needs the day on which the prices were read because the age of a price counts from it. "
        "Give it with `--as-of 2026-07-30`."
    )
    assert {row.as_of for row in imported(undated, as_of=date(2026, 11, 1)).rows} == {date(2026, 11, 1)}


@pytest.mark.parametrize("name", [OWN, GCP, LIST, SPOT])
def test_a_file_s_own_date_wins_and_that_is_said(name):
    found = imported(sample(name), as_of=date(2026, 11, 21))
    assert [row.as_of for row in found.rows] == [row.as_of for row in imported(sample(name)).rows]
    assert [note for note in found.notes if note.startswith("--as-of is not used")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(GCP, "1785384611", "1800000000"), rf"^given:{line_of(GCP, 'timestamp')}: 2027-01-15; needs a day not"),
        (
            changed(LIST, "2026-07-18T", "2027-07-18T"),
            r"^given:6: 2027-07-18; needs a day not after 2026-11-22 because",
        ),
        (
            changed(SPOT, "2026-11-21T01", "2026-11-23T01"),
            rf"^given:{line_of(SPOT, 'us-east-1c') - 1}: 2026-11-23; needs a day not after 2026-11-22 because",
        ),
        (a_file(a_line(as_of="2026-11-23")), r"^given:2: 2026-11-23; needs a day not after 2026-11-22 because"),
    ],
)
def test_a_day_in_the_future_is_refused_with_its_line(text, message):
    assert re.search(message, refused(text))


def test_a_given_day_in_the_future_is_refused():
    assert "2026-11-23; needs a day not after 2026-11-22" in refused(sample(GCP), as_of=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [('"USD" : "1.0', '"CNY" : "1.0', "CNY"), ('"USD" : "1.0', '"CNY" : "7.1", "USD" : "1.0', "CNY and USD")],
)
def test_another_currency_is_refused_with_its_line(old, new, seen):
    line = line_of(LIST, '"HHHH2222BBBB3333" : {\n        "HHHH')
    assert refused(changed(LIST, old, new)).startswith(
        f"given:{line}: {seen}; needs USD because sums over two currencies mean nothing."
    )


def test_mixed_currencies_in_our_layout_are_refused_with_their_line():
    assert refused(a_file(a_line(), a_line(currency="EUR"))).startswith("given:3: EUR; needs USD because sums")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            changed(GCP, "hour: 14.991888", "hour: -1"),
            rf"^given:{line_of(GCP, 'hour: 14.991888')}: -1; needs 0\.0001 to 10,000 US dollars a node hour, or 0 for",
        ),
        (changed(GCP, "hour: 14.991888", "hour: free"), r": free; needs 0\.0001 to 10,000 US dollars"),
        (changed(GCP, "hour: 14.991888", "hour: 1e99"), r": 1e99; needs 0\.0001 to 10,000 US dollars"),
        (changed(GCP, "hour: 14.991888", "hour: 0.00001"), r": 0\.00001; needs 0\.0001 to 10,000 US dollars"),
        (changed(GCP, "hour: 14.991888", "hour: 10000.01"), r": 10000\.01; needs 0\.0001 to 10,000 US dollars"),
        (changed(GCP, "hour: 14.991888", "hour: .inf"), r": \.inf; needs 0\.0001 to 10,000 US dollars"),
        (changed(GCP, "hour: 14.991888", f"hour: {'9' * 5000}"), r": 9{200}\.\.\.; needs 0\.0001 to 10,000 US dollars"),
        (
            changed(GCP, "timestamp: 1785384611", "timestamp: soon"),
            rf"^given:{line_of(GCP, 'timestamp')}: soon; needs seconds since 1970",
        ),
        (changed(LIST, '"1.0060000000"', '"NaN"'), r"^given:\d+: NaN; needs 0\.0001 to 10,000 US dollars"),
        (changed(LIST, '"1.0060000000"', "Infinity"), r"^given:\d+: inf; needs 0\.0001 to 10,000 US dollars"),
        (changed(SPOT, '"13.993300"', '"0.000010"'), r": 0\.000010; needs 0\.0001 to 10,000 US dollars"),
        (changed(LIST, "2026-07-18T00:12:33Z", "July"), r"^given:6: July; needs a time such as 2026-07-18T00:12:33Z"),
        (changed(LIST, '"regionCode" : "us-east-1"', '"region" : "x"'), r"^given:8: no regionCode; needs the region's"),
        (changed(SPOT, '"13.993300"', "null"), r": None; needs 0\.0001 to 10,000 US dollars"),
        (changed(SPOT, '"AvailabilityZone": "us-east-1c"', '"Zone": "c"'), r": no AvailabilityZone; needs the zone of"),
        (changed(SPOT, '"2026-11-21T01:00:00.000Z"', "null"), r": None; needs a time such as"),
    ],
)
def test_an_unsound_value_is_refused_with_its_line(text, message):
    assert re.search(message, refused(text))


def test_two_hourly_rates_of_one_machine_are_refused():
    document = json.loads(sample(LIST))
    rates = document["terms"]["OnDemand"]["HHHH2222BBBB3333"]["HHHH2222BBBB3333.JRTCKXETXF"]["priceDimensions"]
    rates["second"] = {"unit": "Hrs", "pricePerUnit": {"USD": "2.0"}}
    assert "2 hourly rates; needs one because a node hour has one price" in refused(json.dumps(document))


def test_two_prices_of_one_offer_are_refused():
    document = json.loads(sample(LIST))
    document["products"]["AAAA2222BBBB3333"]["attributes"]["instanceType"] = "g5.xlarge"
    assert "g5.xlarge on-demand in us-east-1 for 1.006000, and for 21.957642 in line 1; needs one price" in refused(
        json.dumps(document)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "given:1: nothing; needs a file in mizan's layout, a file of GCP prices in the layout of pricing.yml, an"),
        ("hello\n", "given:1: hello; needs a file in mizan's layout"),
        ('{"offerCode": "AmazonRDS"}', 'given:1: {"offerCode": "AmazonRDS"}; needs a file in'),
        ("region,price\nus-east-1,3\n", "given:1: region,price; needs provider,region,zone,machine"),
        (sample(LIST)[:900], "needs whole JSON because prices are read from it. Fetch the file again"),
        (f'{{"a": {"9" * 5000}}}', "given:1: Exceeds the limit (4300 digits) for integer string conversion: value has"),
        ('{"a":' * 100_000, "given:1: nested without measure; needs whole JSON"),
        ("compute:\n  instance: [\n", "given:3: did not find expected node content; needs one YAML document"),
        ("compute: {}\n---\ncompute: {}\n", "given:2: but found another document; needs one YAML document"),
        ("compute: \x00\n", "needs one YAML document"),
        ("about: {timestamp: 1785384611}\ncompute: 3\n", "layout of pricing.yml without a price of"),
        ('{"offerCode": "AmazonEC2", "publicationDate": "2026-07-18", "products": []}', "an AWS price list without a"),
        ('{"SpotPriceHistory": []}', "an AWS spot price history without a price of a machine of the catalogue"),
        ('{"SpotPriceHistory": null}', "an AWS spot price history without a price of a machine of the catalogue"),
        ('{"SpotPriceHistory": [3, "x"]}', "an AWS spot price history without a price of a machine of the catalogue"),
        (a_file(a_line(machine="e2-standard-4")), "a file in mizan's layout without a price of a machine of the cata"),
    ],
)  # fmt: skip
def test_what_holds_no_price_is_refused(text, message):
    assert message in refused(text)
