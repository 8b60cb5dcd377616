"""Ranges of addresses, and who may come from them."""

from mizan.config.models.base import Model, described, described_text

# Four numbers and a length; whether they make a network is a rule's to say (mizan/config/rules/networks.py).
CIDR_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"


class AuthorisedNetwork(Model):
    """Addresses from which the control plane is reached."""

    name: str = described_text(
        "Whose addresses they are.",
        because="a range without a name is never removed",
        fix="Write a name such as `office`",
    )
    cidr: str = described(
        "The range.",
        because="everybody else is turned away",
        fix="Write a range such as `203.0.113.0/24`",
        pattern=CIDR_PATTERN,
    )
