"""What an offer costs, from which day and which source; what is missing is unknown, never free."""

from mizan.prices.book import PriceBook, newest
from mizan.prices.commitments import COMMITMENT_FILE, CommittedUse, committed_uses
from mizan.prices.egress import EGRESS_FILE, EgressPrice, egress_price
from mizan.prices.files import PRICE_FILE, read_price_file, shipped
from mizan.prices.hosts import HOST_FILE, HostRate, host_rate
from mizan.prices.layout import PriceFault, UnreadablePrices
from mizan.prices.model import HOURS_PER_MONTH, LEAST_USD_PER_HOUR, PRICE_MAX_AGE_DAYS, Basis, Price, derived_mark
from mizan.prices.uptime import Uptime, UptimeKind, mean_uptime

__all__ = [
    "COMMITMENT_FILE",
    "EGRESS_FILE",
    "HOST_FILE",
    "HOURS_PER_MONTH",
    "LEAST_USD_PER_HOUR",
    "PRICE_FILE",
    "PRICE_MAX_AGE_DAYS",
    "Basis",
    "CommittedUse",
    "EgressPrice",
    "HostRate",
    "Price",
    "PriceBook",
    "PriceFault",
    "UnreadablePrices",
    "Uptime",
    "UptimeKind",
    "committed_uses",
    "derived_mark",
    "egress_price",
    "host_rate",
    "mean_uptime",
    "newest",
    "read_price_file",
    "shipped",
]
