"""Who installs what a cluster needs, and where its chart is."""

from enum import StrEnum

from mizan.config.models.base import described

# An address without a user and a password, or a path. What begins with a dash is an option of Helm's.
_ADDRESS = r"[a-z][a-z0-9+.-]*://[^\s/:@\p{C}]+(:[0-9]{1,5})?(/[^\s?\p{C}]*)?"
_PATH = r"[^\s:@\p{C}-]([^:\p{C}]*[^\s:\p{C}])?"
_LONGEST = 500


class Install(StrEnum):
    """Who installs an add-on: `helm` is this stack, `external` is somebody else."""

    HELM = "helm"
    EXTERNAL = "external"


class OptionalInstall(StrEnum):
    """Who installs an add-on that a stack may do without: `none` says that it has none."""

    HELM = "helm"
    EXTERNAL = "external"
    NONE = "none"


def chart_source(otherwise: str, *, example: str) -> str | None:
    """Return the field of where an add-on's chart is.

    Args:
        otherwise: where it is taken from when the field is left out.
        example: path of a chart on a mirror.
    """
    field: str | None = described(
        f"Where its chart is: an OCI address, a folder or a packed chart; left out, {otherwise}.",
        because="some clusters reach only a mirror, and what stands here is in git, in Pulumi's state and in Helm's",
        fix=f"Write an address such as `oci://mirror.example.com/{example}`, with user and password in `helm registry "
        "login` alone, or leave it out",
        needs="an address without user and password, or a path, without spaces at its ends",
        default=None,
        pattern=f"^({_ADDRESS}|{_PATH})$",
        max_length=_LONGEST,
    )
    return field
