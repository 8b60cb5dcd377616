"""The zones of a region, and the ids that AWS gives them.

Sources, read 2026-11-22: https://cloud.google.com/compute/docs/regions-zones and
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html.
"""

import re

# Every other region of Google's has the zones a, b and c.
_GCP_LETTERS = {"us-central1": "abcf", "us-east1": "bcd", "europe-west1": "bcd"}
# Of AWS's regions, three zones each: what any account is sure to have.
_AWS_LETTERS = "abc"
_AWS_DIRECTIONS = {"central": "c", "north": "n", "south": "s", "east": "e", "west": "w"}
_GCP_ZONE = re.compile(r".+\d-[a-z]")


def zones_of_gcp(region: str) -> tuple[str, ...]:
    """Return the zones of a region of Google Cloud, `us-central1-a` first."""
    return tuple(f"{region}-{letter}" for letter in _GCP_LETTERS.get(region, "abc"))


def is_zone(location: str) -> bool:
    """Return whether a location of Google Cloud is a zone rather than a region."""
    return _GCP_ZONE.fullmatch(location) is not None


def region_of(location: str) -> str:
    """Return the region of a zone or region of Google Cloud."""
    return location.rpartition("-")[0] if is_zone(location) else location


def zones_of_aws(region: str) -> tuple[str, ...]:
    """Return the zones of a region of AWS, `us-east-1a` first."""
    return tuple(f"{region}{letter}" for letter in _AWS_LETTERS)


def zone_id_of_aws(zone: str) -> str:
    """Return the id of a zone, `use1-az1` for `us-east-1a`; which id a letter has differs from account to account."""
    area, *words, number = zone[:-1].split("-")
    direction = re.sub("|".join(_AWS_DIRECTIONS), lambda found: _AWS_DIRECTIONS[found[0]], "".join(words))
    return f"{area}{direction}{number}-az{ord(zone[-1]) - ord('a') + 1}"
