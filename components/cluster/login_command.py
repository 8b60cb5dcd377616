"""The command by which a kubeconfig logs in, looked for before anything is made."""

import shutil
from collections.abc import Mapping

from mizan.errors import PlatformError


def require_command(
    command: str, environment: Mapping[str, str], *, needs: str, because: str, fix: str, see: str
) -> None:
    """Return if a command is on the PATH of this program, which the provider of the cluster has as well.

    Args:
        command: its name.
        environment: variables of this program.
        needs: what the command is.
        because: what cannot be done without it.
        fix: how to install it.
        see: the guide that says more.

    Raises:
        PlatformError: it is not there.
    """
    if shutil.which(command, path=environment.get("PATH")) is None:
        raise PlatformError(f"command {command}", "not on PATH", needs=needs, because=because, fix=fix, see=see)
