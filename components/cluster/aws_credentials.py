"""Whether anybody has signed in to AWS, asked before anything is made there."""

import os
import socket
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as NoSettings
from pathlib import Path

from components.cluster.login_command import require_command
from mizan.errors import PlatformError

# Where each of AWS's own clients looks: variables, a role by a token, a profile, a container's role, a machine's role.
# Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html, read 2026-11-23.
VARIABLES = (
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
)
FILES = (
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", "{profile}"),
    ("AWS_CONFIG_FILE", "~/.aws/config", "profile {profile}"),
)
DEFAULT_PROFILE = "default"

# Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html, read 2026-11-23.
MACHINE_ROLE = ("169.254.169.254", 80)
ANSWER_WITHIN_SECONDS = 1.0

GUIDE = "docs/guide/eks.md"


def check_aws(environment: Mapping[str, str] = os.environ) -> None:
    """Return if this program has credentials of AWS, and the command by which Kubernetes logs in.

    They are found, not tried: whether they are still good, and of the right account, the provider asks before it makes
    anything.

    Raises:
        PlatformError: there are none, or there is no such command.
    """
    if not _has_credentials(environment):
        profile = environment.get("AWS_PROFILE")
        raise PlatformError(
            "credentials for AWS",
            f"no profile {profile}" if profile else "none",
            needs="those of somebody who may make clusters in the account",
            because="nothing can be planned or made there without them",
            fix="Run `aws sso login` or `aws configure`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID with "
            "AWS_SECRET_ACCESS_KEY",
            see=GUIDE,
        )
    require_command(
        "aws",
        environment,
        needs="AWS's command line",
        because="a cluster on EKS is entered with a token that `aws eks get-token` gets; no kubeconfig holds one",
        fix="Install it from https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
        see=GUIDE,
    )


def _has_credentials(environment: Mapping[str, str]) -> bool:
    if any(all(environment.get(name) for name in names) for names in VARIABLES):
        return True
    profile = environment.get("AWS_PROFILE") or DEFAULT_PROFILE
    if _has_profile(profile, environment):
        return True
    # A profile that is asked for by name and is not there is a mistake; the machine's own role would hide it.
    return not environment.get("AWS_PROFILE") and _has_machine_role(environment)


def _has_profile(profile: str, environment: Mapping[str, str]) -> bool:
    for variable, usual, section in FILES:
        file = Path(environment.get(variable) or usual).expanduser()
        name = profile if profile == DEFAULT_PROFILE else section.format(profile=profile)
        settings = ConfigParser(interpolation=None, strict=False)
        try:
            settings.read(file, encoding="utf-8")
        # ValueError is what is no text, or a name that no file can have.
        except (NoSettings, OSError, ValueError):
            continue
        # A profile that only names a region gives no credentials.
        if settings.has_section(name) and set(settings[name]) - {"region", "output"}:
            return True
    return False


def _has_machine_role(environment: Mapping[str, str]) -> bool:
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    try:
        socket.create_connection(MACHINE_ROLE, timeout=ANSWER_WITHIN_SECONDS).close()
    except OSError:
        return False
    return True
