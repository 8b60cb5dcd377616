"""Budgets on the embedded cluster: one run of the program that a CronJob runs on any other.

Nobody runs containers here, and the stack names no Prometheus, so there is no CronJob. Its program is run by this
machine's Python, and all else is as its pod has it: the files and settings of its ConfigMap, the standard library
alone, and the token and rights of its own service account.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from lightkube import ApiError, Client
from lightkube.codecs import from_dict
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ServiceAccountToken

from local import files
from local.control_plane import pki
from local.home import Home
from mizan.config import OptionalInstall, PrometheusAddon
from mizan.errors import PlatformError, SourceUnreachable
from mizan.manifests import Manifest
from mizan.manifests.budget_enforcer import LONGEST_SECONDS, NAME, budget_enforcer
from mizan.manifests.own_namespace import own_namespace
from mizan.plan import Plan
from mizan.plan.budget_enforcement import enforcer_namespace

# The least that the API server gives, and more than a run takes.
# Source: k8s.io/kubernetes@v1.36.3 pkg/apis/authentication/validation/validation.go, ValidateTokenRequest.
_TOKEN_SECONDS = 600

# The program as its pod starts it, but for the folders, which are mounted there.
_PROGRAM = """
import sys
from pathlib import Path
root = Path(sys.argv[1])
sys.path.insert(0, str(root / "code"))
from mizan.budgets.pod import Folders, main
folders = Folders(settings=root / "settings" / "settings.json", headers=root / "headers", account=root / "account")
sys.exit(main(folders, {"KUBERNETES_SERVICE_HOST": sys.argv[2], "KUBERNETES_SERVICE_PORT": sys.argv[3]}))
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run said, and how it ended.

    Attributes:
        status: exit status of the program: 0 done, 1 a queue could not be asked or changed, 3 costs are unknown.
        text: a line for each queue.
    """

    status: int
    text: str


def enforce_budgets(home: Home, client: Client, plan: Plan, address: str) -> Run:
    """Hold and release the queues of a running platform once.

    Args:
        home: of the platform.
        client: of its cluster, as administrator.
        plan: whose budgets count, also where they are not those of the last `make up`.
        address: of its Prometheus.

    Raises:
        PlatformError: no team has a budget, or budgets are not enforced.
        SourceUnreachable: the cluster refuses or does not answer.
    """
    measured = replace(plan, prometheus=PrometheusAddon(install=OptionalInstall.EXTERNAL, url=address))
    manifests = [*own_namespace(measured), *budget_enforcer(measured)]
    by_kind = {body["kind"]: body for body in manifests}
    if "CronJob" not in by_kind:
        raise PlatformError(
            f"stack {plan.stack}",
            f"no team with a budget, or mode {plan.budget_enforcement.mode}",
            needs="a budget of a team, and another mode than none",
            because="the program compares what a team has spent with its budget",
            fix="Write `budget: {usdPerMonth: ...}` to a team, and `mizan:budgetEnforcement: {mode: hold}`. What was "
            f"held before, `mizan budget enforce --stack {plan.stack} --prometheus {address}` releases",
        )
    token = _account(client, [body for body in manifests if body["kind"] != "CronJob"], enforcer_namespace(measured))
    with tempfile.TemporaryDirectory(dir=home.state) as name:
        folder = Path(name)
        _mount(folder, by_kind["CronJob"], by_kind["ConfigMap"]["data"])
        files.write(folder / "account" / "token", token)
        files.write(folder / "account" / "ca.crt", pki.certificate(home.pki, "ca").read_bytes())
        return _run(folder, str(client.config.cluster.server))


def _account(client: Client, manifests: Sequence[Manifest], namespace: str) -> str:
    """Return a token of the program's account, which has its rights from then on."""
    spec = TokenRequestSpec(audiences=[], expirationSeconds=_TOKEN_SECONDS)
    try:
        for body in manifests:
            client.apply(from_dict(body), force=True)
        wanted = ServiceAccountToken(metadata=ObjectMeta(), spec=spec)
        given = client.create(wanted, NAME, namespace=namespace)
    except (ApiError, httpx2.HTTPError) as error:
        raise SourceUnreachable(
            "embedded cluster",
            " ".join(str(error).split()),
            needs="the account and rights of the program that enforces budgets",
            because="it may touch the queues of the teams and nothing else",
            fix="Run `make up`, which makes the namespaces of all teams, then the same command again",
        ) from error
    return (given.status and given.status.token) or ""


def _mount(folder: Path, cron_job: Manifest, data: Mapping[str, str]) -> None:
    """Write the volumes of a CronJob's pod that are items of a ConfigMap, each below its own name."""
    for volume in cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]:
        for item in volume["configMap"]["items"]:
            files.write(folder / volume["name"] / item["path"], data[item["key"]])


def _run(folder: Path, server: str) -> Run:
    address = urlsplit(server)
    command = [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM, str(folder), str(address.hostname), str(address.port)]
    try:
        done = subprocess.run(
            command,
            env={},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceUnreachable(
            "budgets",
            f"no end after {LONGEST_SECONDS} s",
            needs="answers of Prometheus and of the cluster",
            because="a run takes seconds",
            fix="See `make status`, then `make up`",
        ) from error
    return Run(status=done.returncode, text=done.stdout)
