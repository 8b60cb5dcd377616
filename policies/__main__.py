"""The pack that `pulumi up --policy-pack policies` loads."""

from pulumi_policy import EnforcementLevel, PolicyPack

from mizan.rules import RULES
from policies.adapter import policy

PolicyPack("mizan", [policy(rule) for rule in RULES], enforcement_level=EnforcementLevel.MANDATORY)
