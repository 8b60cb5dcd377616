"""Price rows for tests: each test changes what it is about."""

from datetime import date
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.prices import Basis, Price, PriceBook
from mizan.prices.layout import COLUMNS

HEADER = ",".join(COLUMNS)


def a_price(usd: str = "14.69", **changes: object) -> Price:
    """An on-demand price of a2-highgpu-4g in us-central1, read on 2026-11-01, unless changed."""
    values = {
        "provider": "gcp",
        "region": "us-central1",
        "zone": "",
        "machine": "a2-highgpu-4g",
        "capacity_type": CapacityType.ON_DEMAND,
        "usd_per_hour": Decimal(usd),
        "as_of": date(2026, 11, 1),
        "basis": Basis.LISTED,
        "source": "contract 4711",
        "file": "own.csv",
        "line": 2,
    }
    return Price(**(values | changes))


def a_spot_price(usd: str = "7.71", **changes: object) -> Price:
    return a_price(usd, **({"capacity_type": CapacityType.SPOT, "line": 3} | changes))


def a_book(*rows: Price) -> PriceBook:
    return PriceBook(rows)


def a_line(**changes: str) -> str:
    """A line of a price file."""
    values = {
        "provider": "gcp",
        "region": "us-central1",
        "zone": "",
        "machine": "a2-highgpu-4g",
        "capacity_type": "on_demand",
        "usd_per_hour": "14.69",
        "currency": "USD",
        "as_of": "2026-11-01",
        "basis": "listed",
        "source": "contract 4711",
    }
    return ",".join((values | changes).values())


def a_file(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])
