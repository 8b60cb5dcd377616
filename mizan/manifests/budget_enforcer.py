"""What holds the queues of teams that have spent their budget: a CronJob on a stock Python image.

Its code is that of `mizan.budgets`, file by file, in a ConfigMap: the command `mizan budget` and the pod decide alike.
It runs with `-I -S`: nothing but the standard library and these files.

It may list and patch the LocalQueues of the teams' namespaces, by name, and create Events there; no more. A patch could
also move a queue to another ClusterQueue, as Kubernetes grants no single field.

Where Prometheus wants headers it runs in their Secret's namespace, as a pod mounts only its own namespace's.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/, read 2026-11-22;
https://docs.python.org/3/using/cmdline.html, -I, -S and a folder as script, read 2026-11-22.
"""

from collections.abc import Iterator
from pathlib import Path

import mizan
from mizan import budgets, keys
from mizan.budgets.costs import question
from mizan.budgets.model import Exemption, Limit, Mode
from mizan.budgets.queues import GROUP, PLURAL
from mizan.budgets.settings import Settings, written
from mizan.manifests.access import RBAC_GROUP
from mizan.manifests.manifest import Manifest, manifest
from mizan.manifests.placeholders import NOBODY
from mizan.manifests.prometheus import placement, prometheus_url
from mizan.metrics import names
from mizan.metrics.selector import Source
from mizan.plan import Plan, TeamPlan
from mizan.plan.budget_enforcement import ENFORCER, EVERY_MINUTES, enforcer_namespace, is_enforced

NAME = ENFORCER

# A run that begins later than this is left to the next; one that takes longer than the second is ended before it.
LATEST_START_SECONDS = 120
LONGEST_SECONDS = 240

_PROGRAM = "__main__.py"
_CODE = "/opt/mizan"
_SETTINGS_FILE = "settings.json"
_SETTINGS = "/etc/mizan"
_HEADERS = "/etc/mizan-prometheus"


def budget_enforcer(plan: Plan) -> list[Manifest]:
    """Return what enforces a stack's budgets, each after what it refers to; namespaces come before.

    Nothing where no team has a budget, no Prometheus tells what is spent, or the stack wants none of it.
    """
    url = prometheus_url(plan)
    if url is None or not is_enforced(plan):
        return []
    namespace = enforcer_namespace(plan)
    return [
        {**manifest("v1", "ServiceAccount", NAME, namespace=namespace), "automountServiceAccountToken": False},
        *(body for team in plan.teams for body in _rights(team, namespace)),
        _config_map(plan, url, namespace),
        _cron_job(plan, namespace),
    ]


def limits_of(plan: Plan) -> tuple[Limit, ...]:
    """Return what each team may spend: also of those without a budget, whose queues may be held from before."""
    return tuple(_limit(team) for team in plan.teams)


def question_of(plan: Plan) -> str:
    """Return the question to Prometheus for what the teams of a stack's cluster have spent."""
    label = plan.prometheus.cluster_label if plan.prometheus is not None else None
    source = Source(cluster=plan.cluster_name, label=label)
    return question(source.own(names.TEAM_MONTH), source.own(names.MONTH_COUNTED), source.own(names.EVALUATED))


def mode_of(plan: Plan) -> Mode:
    """Return the mode of a plan, which always has one.

    Raises:
        ValueError: nobody has decided it.
    """
    if plan.budget_enforcement.mode is None:
        raise ValueError(plan.stack)
    return plan.budget_enforcement.mode


def _limit(team: TeamPlan) -> Limit:
    exceptions = team.budget.exceptions if team.budget is not None else ()
    return Limit(
        team=team.labels[keys.TEAM],
        usd=team.budget.usd_per_month if team.budget is not None else None,
        exemptions=tuple(Exemption(owner=each.owner, until=each.until, reason=each.reason) for each in exceptions),
        queues=tuple(team.queues),
    )


def _rights(team: TeamPlan, namespace: str) -> Iterator[Manifest]:
    role = manifest(f"{RBAC_GROUP}/v1", "Role", NAME, namespace=team.namespace)
    # A list cannot be limited to names.
    role["rules"] = [
        {"apiGroups": [GROUP], "resources": [PLURAL], "verbs": ["list"]},
        {"apiGroups": [GROUP], "resources": [PLURAL], "resourceNames": list(team.queues), "verbs": ["get", "patch"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
    ]
    yield role
    binding = manifest(f"{RBAC_GROUP}/v1", "RoleBinding", NAME, namespace=team.namespace)
    binding["roleRef"] = {"apiGroup": RBAC_GROUP, "kind": "Role", "name": NAME}
    binding["subjects"] = [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}]
    yield binding


def code() -> dict[str, str]:
    """Return the files of the program by their path, always in the same order."""
    root, room = Path(mizan.__file__), Path(budgets.__file__).parent
    modules = {f"mizan/budgets/{path.name}": path for path in sorted(room.glob("*.py"))}
    files = {_PROGRAM: room / "pod.py", f"mizan/{root.name}": root, **modules}
    return {path: file.read_text(encoding="utf-8") for path, file in files.items()}


def _key(path: str) -> str:
    """Return the key of a file in a ConfigMap, which takes no slash."""
    return path.replace("/", ".")


def _config_map(plan: Plan, url: str, namespace: str) -> Manifest:
    settings = Settings(mode=mode_of(plan), url=url, question=question_of(plan), limits=limits_of(plan))
    files = {_key(path): text for path, text in code().items()}
    return {
        **manifest("v1", "ConfigMap", NAME, namespace=namespace),
        "data": {_SETTINGS_FILE: written(settings), **files},
    }


def _cron_job(plan: Plan, namespace: str) -> Manifest:
    """Return the CronJob; a run that fails is not tried again, as the next one comes soon."""
    body = manifest("batch/v1", "CronJob", NAME, namespace=namespace)
    labels = dict(body["metadata"]["labels"])
    body["spec"] = {
        "schedule": f"*/{EVERY_MINUTES} * * * *",
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": LATEST_START_SECONDS,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "metadata": {"labels": {**labels}},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": LONGEST_SECONDS,
                "template": {"metadata": {"labels": labels}, "spec": _pod(plan)},
            },
        },
    }
    return body


def _pod(plan: Plan) -> Manifest:
    secret = plan.prometheus.headers_secret if plan.prometheus is not None else None
    mounts = {"code": _CODE, "settings": _SETTINGS} | ({"headers": _HEADERS} if secret else {})
    return {
        "restartPolicy": "Never",
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        **placement(plan),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "budget",
                "image": plan.budget_enforcement.image,
                "command": ["python3", "-I", "-S", "-B", _CODE],
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": name, "mountPath": path, "readOnly": True} for name, path in mounts.items()],
            }
        ],
        "volumes": [
            {"name": "code", "configMap": {"name": NAME, "items": [_item(path) for path in code()]}},
            {"name": "settings", "configMap": {"name": NAME, "items": [_item(_SETTINGS_FILE)]}},
            *([{"name": "headers", "secret": {"secretName": secret}}] if secret else []),
        ],
    }


def _item(path: str) -> Manifest:
    return {"key": _key(path), "path": path}
