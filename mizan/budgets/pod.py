"""The program of the CronJob: reads its settings, asks Prometheus, holds or releases, and says what it did.

It ends with 0 where all is done, 1 where a queue could not be asked or changed, 2 where it is set up wrongly, 3 where
nobody knows what is spent. Kubernetes counts all but 0 as failed, which kube-state-metrics tells.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mizan.budgets.api_server import ACCOUNT, own_api_server
from mizan.budgets.enforce import Enforcement
from mizan.budgets.model import Mode, Unknown
from mizan.budgets.prometheus import costs_of, headers_in, prometheus_at
from mizan.budgets.settings import read


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where the pod finds what it needs.

    Attributes:
        settings: the file of `mizan.budgets.settings`.
        headers: with a file for each header that Prometheus wants; it may be missing.
        account: of the pod's service account.
    """

    settings: Path = Path("/etc/mizan/settings.json")
    headers: Path = Path("/etc/mizan-prometheus")
    account: Path = ACCOUNT


def main(folders: Folders = Folders(), environment: Mapping[str, str] = os.environ) -> int:
    """Enforce the budgets once, and return the exit code."""
    try:
        settings = read(folders.settings.read_text(encoding="utf-8"))
        cluster = own_api_server(environment, folders.account)
        headers = headers_in(folders.headers)
    except (OSError, ValueError) as error:
        _say(f"set up wrongly: {' '.join(str(error).split())}")
        return 2
    now = datetime.now(UTC)
    costs = costs_of(prometheus_at(settings.url, headers), settings.question, now)
    if isinstance(costs, Unknown):
        _say(f"costs are unknown, so nothing is held for them and nothing released: {costs.why}")
    enforcement = Enforcement(
        limits=settings.limits,
        mode=settings.mode,
        cluster=cluster,
        is_dry=settings.mode is Mode.DRY_RUN,
        say=_say,
    )
    return enforcement.enforce(costs, now).exit_code


def _say(line: str) -> None:
    # Nobody who reads no more keeps a queue from being held or released.
    with suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
