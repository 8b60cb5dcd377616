"""Tags by which the bill is split.

AWS splits it by a tag only after somebody has activated the tag in the account that pays (docs/guide/eks.md).
"""

from mizan.clouds.aws.site import Arguments
from mizan.plan import Plan


def provider_args(plan: Plan, *, account: str) -> Arguments:
    """Return the provider's arguments: one region, one account, and the tags of everything it makes.

    Args:
        plan: of the stack.
        account: credentials of another one are refused.
    """
    return {
        "region": plan.region,
        "allowed_account_ids": [account],
        "default_tags": {"tags": dict(plan.cloud_labels)},
    }


def named(name: str, **more: str) -> dict[str, str]:
    """Return the tags of one resource beside the provider's: its name, which the console shows, and others."""
    return {"Name": name, **more}
