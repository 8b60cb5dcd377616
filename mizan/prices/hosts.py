"""What a node would cost without its GPUs, what its disk costs, and what the cluster around it costs.

No cloud sells a GPU machine without its GPUs, so the rates are those of a reference machine without any, on-demand:

- Google: N1, whose vCPUs and GiB are priced one by one. Where a list has whole machines only, two of them give both
  rates. europe-west4: n1-highmem-2 (2 vCPUs, 13 GiB) less two n1-standard-1 (1 vCPU, 3.75 GiB each) is 5.5 GiB, so a
  GiB is (0.130236 - 2 x 0.052292) / 5.5 = 0.004664, and a vCPU 0.052292 - 3.75 x 0.004664 = 0.034802.
- AWS: M5 (4 GiB a vCPU) and R5 (8 GiB a vCPU), alike but for memory. A GiB is a quarter of what R5 costs more for a
  vCPU, and a vCPU what M5 costs less four GiB. us-east-1: m5.large (2 vCPUs) is 0.048 a vCPU and r5.large 0.063, so a
  GiB is (0.063 - 0.048) / 4 = 0.00375, and a vCPU 0.048 - 4 x 0.00375 = 0.033.

Disks are pd-balanced and gp3 without extra operations or throughput; the control plane is the fee of GKE or of EKS in
standard support. Every row of hosts.csv says where each of its figures is from; its day is that of the oldest.
"""

import csv
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from mizan.errors import PlatformError
from mizan.prices.model import PRICE_MAX_AGE_DAYS, Basis

HOST_FILE = "mizan/prices/hosts.csv"


@dataclass(frozen=True, kw_only=True)
class HostRate:
    """The rates of one region, in US dollars.

    Attributes:
        usd_per_vcpu_hour: of the reference machine without GPU, on-demand.
        usd_per_gib_hour: of its memory.
        disk_usd_per_gib_month: of a node's boot disk.
        control_plane_usd_per_hour: of one cluster.
        as_of: the day of the oldest of its figures.
        basis: derived where vCPUs and memory were computed, or where the rates are another region's.
        borrowed_from: the region whose rates these are, all of them derived then; None where they are its own, and then
            disk and control plane are as a list has them.
    """

    provider: str
    region: str
    usd_per_vcpu_hour: Decimal
    usd_per_gib_hour: Decimal
    disk_usd_per_gib_month: Decimal
    control_plane_usd_per_hour: Decimal
    as_of: date
    basis: Basis
    source: str
    borrowed_from: str | None = None

    @property
    def is_derived(self) -> bool:
        """Return whether the rates of vCPUs and memory were not read from a list of this region."""
        return self.basis is Basis.DERIVED

    @property
    def is_borrowed(self) -> bool:
        """Return whether no rate was read from a list of this region, that of disks and of control planes neither."""
        return self.borrowed_from is not None

    def is_stale(self, today: date) -> bool:
        """Return whether its oldest figure is more than 90 days old."""
        return (today - self.as_of).days > PRICE_MAX_AGE_DAYS


def host_rate(provider: str, region: str) -> HostRate:
    """Return the rates of a region; without a row of it, those of the provider's first listed region, marked derived.

    Raises:
        PlatformError: no row names the provider.
    """
    rates = _rates()
    if (provider, region) in rates:
        return rates[provider, region]
    first = next((rate for rate in rates.values() if rate.provider == provider), None)
    if first is None:
        raise PlatformError(
            HOST_FILE,
            f"no row of {provider}",
            needs="a rate for its hosts",
            because="a node's price is split into GPUs and host by it",
            fix="Add the row of a region, with its date and source",
        )
    source = f"rates of {first.region}, as {HOST_FILE} has no row of {region}: {first.source}"
    return replace(first, region=region, basis=Basis.DERIVED, source=source, borrowed_from=first.region)


@cache
def _rates() -> MappingProxyType[tuple[str, str], HostRate]:
    """Return the shipped rates by provider and region, in the order of the file."""
    with files("mizan.prices").joinpath("hosts.csv").open(encoding="utf-8") as text:
        rows = [
            HostRate(
                provider=row["provider"],
                region=row["region"],
                usd_per_vcpu_hour=Decimal(row["usd_per_vcpu_hour"]),
                usd_per_gib_hour=Decimal(row["usd_per_gib_hour"]),
                disk_usd_per_gib_month=Decimal(row["disk_usd_per_gib_month"]),
                control_plane_usd_per_hour=Decimal(row["control_plane_usd_per_hour"]),
                as_of=date.fromisoformat(row["as_of"]),
                basis=Basis(row["basis"]),
                source=row["source"],
            )
            for row in csv.DictReader(text)
        ]
    return MappingProxyType({(row.provider, row.region): row for row in rows})
