"""AWS spot prices: the JSON that `aws ec2 describe-spot-price-history` prints.

A price counts in its zone until the next one. So the latest of each zone counts, and a region has the median of its
zones, which is a derived price.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SpotPrice.html, read 2026-11-22.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any

from mizan.capacity import CapacityType
from mizan.prices.importers.model import UNKNOWN_MACHINES, ZERO_PRICES, Format, Given, Imported, imported
from mizan.prices.model import Basis, Price

LINUX = frozenset({"Linux/UNIX", "Linux/UNIX (Amazon VPC)"})
# `us-east-1a`, but not the local zone `us-west-2-lax-1a`, which is sold apart from its region.
ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-[0-9]+)[a-z]")
BEGIN = re.compile(r'"SpotPriceHistory"\s*:\s*\[')
BETWEEN = re.compile(r"[\s,]*")

OTHER_SYSTEMS = "prices of other operating systems"
OTHER_ZONES = "prices of local zones"
EARLIER_PRICES = "earlier prices of the same zone"
MORE_PAGES = "the answer has further pages (NextToken): zones may be missing, and medians be of too few"


def prices(given: Given, document: dict[str, Any]) -> Imported:
    """Return the latest price of every zone, and their median as the price of the region.

    Raises:
        PriceFault: an entry lacks a value, is dated after today, or its price is no number.
    """
    left_out: Counter[str] = Counter()
    latest: dict[tuple[str, str], tuple[datetime, Price]] = {}
    strangers = set()
    for entry, line in _entries(given.text):
        if entry.get("ProductDescription") not in LINUX:
            left_out[OTHER_SYSTEMS] += 1
        elif given.machine(entry.get("InstanceType"), "aws") is None:
            strangers.add(str(entry.get("InstanceType")))
        else:
            _take(given, entry, line, latest, left_out)
    left_out[UNKNOWN_MACHINES] += len(strangers)
    zonal = [row for _, row in latest.values()]
    notes = [MORE_PAGES] if document.get("NextToken") else []
    if given.as_of:
        notes.append("--as-of is not used: each price has its own date")
    return imported(given, Format.AWS_SPOT_HISTORY, [*zonal, *_regional(zonal)], left_out, notes)


def _entries(text: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield every entry with its line; the text is sound JSON."""
    begin = BEGIN.search(text)
    if begin is None:
        return
    decoder = json.JSONDecoder()
    counted, line, at = 0, 1, _after_gap(text, begin.end())
    while text[at] != "]":
        line += text.count("\n", counted, at)
        counted = at
        entry, end = decoder.raw_decode(text, at)
        yield entry if isinstance(entry, dict) else {}, line
        at = _after_gap(text, end)


def _after_gap(text: str, at: int) -> int:
    gap = BETWEEN.match(text, at)
    return gap.end() if gap else at


def _take(
    given: Given,
    entry: dict[str, Any],
    line: int,
    latest: dict[tuple[str, str], tuple[datetime, Price]],
    left_out: Counter[str],
) -> None:
    """Keep an entry as the latest price of its machine in its zone, unless there is a later one."""
    name = _zone(given, entry, line)
    region = ZONE.fullmatch(name)
    time = given.time(entry.get("Timestamp"), line)
    usd = given.dollars(entry.get("SpotPrice"), line)
    if region is None or usd is None:
        left_out[ZERO_PRICES if usd is None else OTHER_ZONES] += 1
        return
    # The same letter is another zone in another account; an id is not.
    zone = entry.get("AvailabilityZoneId") or name
    row = Price(
        provider="aws",
        region=region[1],
        zone=str(zone),
        machine=entry["InstanceType"],
        capacity_type=CapacityType.SPOT,
        usd_per_hour=usd,
        as_of=time.date(),
        basis=Basis.LISTED,
        source=f"aws ec2 describe-spot-price-history: {name} since {time:%Y-%m-%dT%H:%M:%SZ}",
        file=given.file,
        line=line,
    )
    known = latest.get((row.zone, row.machine))
    left_out[EARLIER_PRICES] += known is not None
    if known is None or known[0] < time:
        latest[row.zone, row.machine] = time, row


def _zone(given: Given, entry: dict[str, Any], line: int) -> str:
    zone = entry.get("AvailabilityZone")
    if not isinstance(zone, str) or not zone:
        raise given.fault(
            line,
            "no AvailabilityZone",
            needs="the zone of every price",
            because="spot prices differ by zone",
            fix="Print all keys of the answer, without `--query`",
        )
    return zone


def _regional(zonal: list[Price]) -> Iterator[Price]:
    """Yield a region's price of each machine; it is as old as the oldest that it was computed from."""
    groups: dict[tuple[str, str], list[Price]] = {}
    for row in zonal:
        groups.setdefault((row.region, row.machine), []).append(row)
    for rows in groups.values():
        yield replace(
            rows[0],
            zone="",
            usd_per_hour=median(row.usd_per_hour for row in rows),
            as_of=min(row.as_of for row in rows),
            basis=Basis.DERIVED,
            source=f"aws ec2 describe-spot-price-history: DERIVED = median of the latest prices of {len(rows)} zones",
        )
