"""What a cloud has granted, from a file: our own CSV, or what the clouds' own commands print as JSON. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from mizan.errors import PlatformError
from mizan.quotas.model import QuotaNeed

COLUMNS = ("provider", "region", "quota", "granted")
PROVIDERS = ("aws", "gcp")
UNLIMITED = "unlimited"
# In place of a family: all those that are not named beside it.
EVERY_FAMILY = "*"
# The clouds count in 64 bits.
MAX_DIGITS = 19
METRIC_PREFIX = "compute.googleapis.com/"


class QuotaFault(PlatformError):
    """One fault of a file of granted quotas, with its line where it has one."""


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One granted quota.

    Attributes:
        region: or `global`.
        quota: its name or its code, as the cloud writes it.
        amount: None where it has no limit.
        where: file and line of a list that somebody wrote; empty for what a cloud's command printed.
    """

    provider: str
    region: str
    quota: str
    amount: int | None
    where: str = ""


class GrantedQuotas:
    """Granted quotas by provider, region and name; what is not in them is unknown, never 0."""

    def __init__(self, entries: Sequence[Granted]) -> None:
        """Keep the entries; of two for the same quota the later counts."""
        self._found: Mapping[tuple[str, str, str], Granted] = MappingProxyType(
            {(each.provider, each.region, plain_name(each.quota)): each for each in entries}
        )

    def of(self, need: QuotaNeed) -> Granted | None:
        """Return what is granted of a needed quota, by its name or its code; None where it is unknown."""
        if need.row is None:
            return None
        metric, _, family = need.row.quota.partition(":")
        # A code that several families share says nothing of one of them.
        names = (need.row.quota, f"{metric}:{EVERY_FAMILY}" if family else need.row.code)
        return next((found for name in names if (found := self.named(need, name))), None)

    def named(self, need: QuotaNeed, quota: str) -> Granted | None:
        """Return what is granted of another quota where a need's quota counts; None where it is unknown."""
        return self._found.get((need.provider, need.region, plain_name(quota)))


def plain_name(quota: str) -> str:
    """Return a quota's name as it is compared: clouds write the same one in small and in capital letters."""
    return quota.strip().casefold().removeprefix(METRIC_PREFIX)


def granted_of_csv(text: str, file: str) -> Iterator[Granted]:
    """Yield the granted quotas of CSV text in our layout.

    Raises:
        QuotaFault: naming file and line.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        yield from _entries(reader, file)
    # Such as a quote that is never closed: the rest of a long file is one value.
    except csv.Error as error:
        # The line at fault is not counted yet.
        where = f"{file}:{reader.line_num + 1}"
        raise _unsound(where, str(error), "CSV", "nothing else can be read") from error


def _entries(reader: "csv.DictReader[str]", file: str) -> Iterator[Granted]:
    header = tuple(reader.fieldnames or ())
    if header != COLUMNS:
        raise QuotaFault(
            f"{file}:1",
            ",".join(header) or "no header",
            needs=",".join(COLUMNS),
            because="a column out of place would be read as another",
            fix="Write this header, or give the JSON that gcloud or aws prints",
        )
    lines: dict[tuple[str, str, str], int] = {}
    for row in reader:
        where = f"{file}:{reader.line_num}"
        entry = _entry(row, where)
        key = (entry.provider, entry.region, plain_name(entry.quota))
        if key in lines:
            raise _unsound(
                where,
                f"{entry.quota} again",
                f"each quota once, and it stands in line {lines[key]}",
                "nobody can tell which one counts",
            )
        lines[key] = reader.line_num
        yield entry


def _entry(row: Mapping[str, str], where: str) -> Granted:
    if None in row or None in row.values():
        raise _unsound(where, "another number of values", f"{len(COLUMNS)} values", "every column is needed")
    provider, region, quota, granted = (row[column].strip() for column in COLUMNS)
    if provider not in PROVIDERS:
        raise _unsound(where, provider, " or ".join(PROVIDERS), "a quota belongs to one cloud")
    if not region:
        raise _unsound(where, "no region", "a region, or `global`", "a quota counts where it was granted")
    if not quota:
        raise _unsound(where, "no quota", "a quota's name or code", "nothing else says what was granted")
    return Granted(provider=provider, region=region, quota=quota, amount=_amount(granted, where), where=where)


def _amount(text: str, where: str) -> int | None:
    if text == UNLIMITED:
        return None
    # AWS prints whole numbers with a decimal point.
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise _unsound(
            where,
            text,
            f"a whole number, 0 or more, or `{UNLIMITED}`",
            "clouds count whole GPUs and vCPUs",
            "Correct it, or leave the line out where you do not know",
        )
    return int(digits)


def _unsound(where: str, observed: str, needs: str, because: str, fix: str = "Correct the line") -> QuotaFault:
    return QuotaFault(where, observed or "nothing", needs=needs, because=because, fix=fix)
