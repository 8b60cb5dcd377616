"""Release numbers of tools and the ranges that fit."""

import re
from dataclasses import dataclass

# Distributors add suffixes to a release (v1.36.3-eks-5c1b, v1.36.3+k3s1); these suffixes say it is not one.
_RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?!-(?:alpha|beta|rc|dev))(?:[-+][0-9A-Za-z.+-]+)?")


@dataclass(frozen=True, order=True)
class Version:
    """A release number; compares by its parts."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Return the number as people write it, without a leading v."""
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class VersionRange:
    """The releases from `lowest` up to, but without, `below`."""

    lowest: Version
    below: Version

    def __contains__(self, version: Version) -> bool:
        """Return whether `version` lies in the range."""
        return self.lowest <= version < self.below

    def __str__(self) -> str:
        """Return the range as a rule to put after the word "needs"."""
        return f"{self.lowest} or newer, below {self.below}"


def parse_version(text: str) -> Version | None:
    """Return the release that `text` names, or None for a pre-release and for anything else."""
    match = _RELEASE.fullmatch(text.strip())
    return Version(*(int(part) for part in match.groups())) if match else None
