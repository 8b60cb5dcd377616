"""AWS's public price list of EC2 as JSON, as the Price List Bulk API gives it out for one region or for all.

A product has attributes, and under the same SKU an on-demand term with hourly rates.

Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html,
read 2026-11-22.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from mizan.capacity import CapacityType
from mizan.prices.importers.model import UNKNOWN_MACHINES, ZERO_PRICES, Format, Given, Imported, imported
from mizan.prices.model import Basis, Price

# What an on-demand Linux node is billed as. Without `capacitystatus` unused reservations come in at 0 USD, and without
# `marketoption` capacity blocks do. Lists before 2023 have no `marketoption`, and before 2018 no `locationType`.
WANTED: dict[str, set[str | None]] = {
    "operatingSystem": {"Linux"},
    "tenancy": {"Shared"},
    "preInstalledSw": {"NA"},
    "capacitystatus": {"Used"},
    "marketoption": {"OnDemand", None},
    "locationType": {"AWS Region", None},
}
HOUR = "Hrs"
ON_DEMAND = re.compile(r'"OnDemand"\s*:')
NO_TERM = "machines without an on-demand price"


def prices(given: Given, document: dict[str, Any]) -> Imported:
    """Return the on-demand prices of every machine of the catalogue.

    Raises:
        PriceFault: a price is in another currency, dated after today or no number, or one machine has two.
    """
    published = document.get("publicationDate")
    own = given.time(published, _line(given, "publicationDate")).date() if published else None
    left_out: Counter[str] = Counter()
    rows = [*_rows(given, document, given.day_or_given(own), left_out)]
    notes = [f"--as-of is not used: the list was published on {own}"] if own and given.as_of else []
    return imported(given, Format.AWS_PRICE_LIST, rows, left_out, notes)


def _rows(given: Given, document: dict[str, Any], day: date, left_out: Counter[str]) -> Iterator[Price]:
    terms = _mapping(_mapping(document.get("terms")).get("OnDemand"))
    found = ON_DEMAND.search(given.text)
    begin = found.start() if found else 0
    strangers = set()
    for sku, product in _mapping(document.get("products")).items():
        attributes = _mapping(_mapping(product).get("attributes"))
        if any(attributes.get(name) not in wanted for name, wanted in WANTED.items()):
            continue
        machine = given.machine(attributes.get("instanceType"), "aws")
        if machine is None:
            strangers.add(str(attributes.get("instanceType")))
            continue
        line = _line(given, sku, begin)
        rate = _rate(given, _mapping(terms.get(sku)), day, line)
        if rate is None:
            left_out[NO_TERM] += 1
            continue
        usd = _dollars(given, rate, line)
        left_out[ZERO_PRICES] += usd is None
        if usd is not None:
            yield Price(
                provider="aws",
                region=_region(given, attributes, sku),
                zone="",
                machine=machine.name,
                capacity_type=CapacityType.ON_DEMAND,
                usd_per_hour=usd,
                as_of=day,
                basis=Basis.LISTED,
                source=f"AWS price list AmazonEC2 {document.get('version', '')}, SKU {sku}",
                file=given.file,
                line=line,
            )
    left_out[UNKNOWN_MACHINES] += len(strangers)


def _rate(given: Given, offers: dict[str, Any], day: date, line: int) -> dict[str, Any] | None:
    """Return the hourly rate that counts on a day, None where there is none.

    Raises:
        PriceFault: there are several.
    """
    begun = [offer for offer in map(_mapping, offers.values()) if str(offer.get("effectiveDate", ""))[:10] <= str(day)]
    if not begun:
        return None
    newest = max(begun, key=lambda offer: str(offer.get("effectiveDate", "")))
    rates = [
        rate for rate in map(_mapping, _mapping(newest.get("priceDimensions")).values()) if rate.get("unit") == HOUR
    ]
    if len(rates) > 1:
        raise given.fault(
            line,
            f"{len(rates)} hourly rates",
            needs="one",
            because="a node hour has one price",
            fix="Fetch the file again, or remove the wrong rates",
        )
    return rates[0] if rates else None


def _dollars(given: Given, rate: dict[str, Any], line: int) -> Decimal | None:
    per_unit = _mapping(rate.get("pricePerUnit"))
    given.only_dollars(per_unit, line)
    return given.dollars(per_unit["USD"], line)


def _region(given: Given, attributes: dict[str, Any], sku: str) -> str:
    region = attributes.get("regionCode")
    if not isinstance(region, str) or not region:
        raise given.fault(
            _line(given, sku),
            "no regionCode",
            needs="the region's code",
            because="a price that nobody can place cannot be used",
            fix="Fetch a list of 2021 or later",
        )
    return region


def _line(given: Given, key: str, begin: int = 0) -> int:
    """Return the line of a key from some character on; Python's reader does not tell it."""
    return given.text.count("\n", 0, max(0, given.text.find(f'"{key}"', begin))) + 1


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
