"""The whole stack file."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field

from mizan.config.models.addons import Addons
from mizan.config.models.alerts import Alerts
from mizan.config.models.base import Model, described
from mizan.config.models.budgets import BudgetEnforcement
from mizan.config.models.cluster import Cloud, Cluster
from mizan.config.models.costs import Budget, Commitment, ExpectedUse, SpotSettings
from mizan.config.models.eks import Eks
from mizan.config.models.gke import Gke
from mizan.config.models.jobs import TrainingJob
from mizan.config.models.pools import Pool
from mizan.config.models.queues import Cohort, Priority, Queue
from mizan.config.models.storage import CheckpointStorage
from mizan.config.models.teams import Team
from mizan.prices import PriceBook

REGION_PATTERN = r"^[a-z]+(-[a-z0-9]+)+$"

DEFAULT_PRIORITIES = (
    Priority(name="production", value=1000, preempts=True, description="Serving; takes room from the rest"),
    Priority(name="batch", value=100, description="Training that goes on from its checkpoint"),
    Priority(name="dev", value=10, description="Notebooks and experiments; first to be preempted"),
)


NOT_KEYS = frozenset({"today", "prices"})
"""Fields of a stack that no file sets."""


class StackConfig(Model):
    """One stack, checked: every name it uses exists and every rule holds."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    cloud: Cloud = described(
        "Where the cluster comes from.",
        because="everything else depends on it",
        fix="Write `local`, `existing`, `gke` or `eks`",
    )
    region: str = described(
        "Region whose prices apply, such as us-central1.",
        because="a price without a region means nothing",
        fix="Write the cloud's own region name",
        pattern=REGION_PATTERN,
    )
    cluster: Cluster | None = described(
        "The existing cluster; only with `cloud: existing`.",
        because="the platform must know which cluster it changes",
        fix="Add `{kubeconfig: ~/.kube/config, context: prod, name: prod}`",
        default=None,
    )
    gke: Gke | None = described(
        "The cluster on GKE; only with `cloud: gke`.",
        because="it is made and paid for in a project",
        fix="Add `{project: ml-platform-prod, authorisedNetworks: [{name: office, cidr: 203.0.113.0/24}]}`",
        default=None,
    )
    eks: Eks | None = described(
        "The cluster on EKS; only with `cloud: eks`.",
        because="it is made and paid for in an account",
        fix="Add `{account: '123456789012'}`",
        default=None,
    )
    labels: Mapping[str, str] = described(
        "Labels, at AWS tags, of everything that the stack makes in the cloud, beside its own.",
        because="the cloud's bill is split by them",
        fix="Write `{environment: prod}`: lower-case letters, digits, dashes and underscores",
        default={},
        max_length=30,
    )
    checkpoints: CheckpointStorage | None = described(
        "Object storage for checkpoints, made by the stack; only with `cloud: gke` or `eks`.",
        because="a spot node's disk goes with it",
        fix="Write `{retentionDays: 30}`, or leave it out",
        default=None,
    )
    pools: tuple[Pool, ...] = described("GPU pools.", because="a platform has GPUs", fix="Add a pool", min_length=1)
    queues: tuple[Queue, ...] = described(
        "Queues.", because="jobs are admitted by queue", fix="Add a queue", min_length=1
    )
    cohorts: tuple[Cohort, ...] = described(
        "Cohorts, in which queues lend each other what they do not use.",
        because="idle quota of one team is another team's shorter wait",
        fix="Write a list such as `[{name: research}]`, or leave it out",
        default=(),
    )
    priorities: tuple[Priority, ...] = described(
        "Priorities that jobs may name; left out, `production`, `batch` and `dev`.",
        because="who goes first should be agreed on, not shouted",
        fix="Write a list such as `[{name: batch, value: 100, description: Training}]`, or leave it out",
        default=DEFAULT_PRIORITIES,
        min_length=1,
    )
    teams: tuple[Team, ...] = described(
        "Teams.", because="GPU time is charged to teams", fix="Add a team", min_length=1
    )
    jobs: tuple[TrainingJob, ...] = described(
        "Sample training jobs.", because="each entry becomes one job", fix="Write a list, or leave it out", default=()
    )
    force_remove_teams: tuple[Annotated[str, Field(min_length=1)], ...] = described(
        "Names of removed teams whose namespaces may go although jobs run or volumes hold data there.",
        because="a removed namespace ends every job in it and takes its volumes along",
        fix="Name the teams for one update, then leave it out",
        default=(),
    )
    addons: Addons = described("Add-ons.", because="queues need their controller", fix="Add `kueue: {install: helm}`")
    price_file: str | None = described(
        "CSV file with prices that win over the shipped ones, such as negotiated rates; relative to the stack file.",
        because="a plan is only as right as its prices",
        fix="Write a path such as `prices/negotiated.csv`, or leave it out",
        default=None,
        min_length=1,
    )
    spot: SpotSettings = described(
        "When spot is worth it.",
        because="spot is not always cheaper",
        fix="Write `{minSavingsPercent: 10}`, or leave it out",
        default=SpotSettings(),
    )
    expected_use: ExpectedUse = described(
        "How much of the pools is expected to run, where a pool does not say it itself.",
        because="an estimate without it could only tell the worst case",
        fix="Write `{hoursPerWeek: 50, utilisationPercent: 60}`, or leave it out",
        default=ExpectedUse(),
    )
    commitments: tuple[Commitment, ...] = described(
        "What is bought in advance.",
        because="it is paid whether used or not, so it is used first",
        fix="Write a list such as `[{name: a100, kind: reservation, machine: a2-highgpu-4g, nodes: 1}]`, or leave it "
        "out",
        default=(),
    )
    budget: Budget | None = described(
        "What the stack may cost.",
        because="a preview that would pass it is refused",
        fix="Write `{usdPerMonth: 20000}`, or leave it out",
        default=None,
    )
    budget_enforcement: BudgetEnforcement = described(
        "What happens during the month to a team that has spent its budget.",
        because="a budget that is only looked at is passed",
        fix="Write `{mode: dry-run}`, or leave it out",
        default=BudgetEnforcement(),
    )
    alerts: Alerts = described(
        "From which dollars, waits and temperatures on somebody is told.",
        because="what nobody is told of goes on, and what is told too often is not read",
        fix="Write `{idleUsdPerDay: 50}`, or leave it out",
        default=Alerts(),
    )
    prices: PriceBook = Field(description="What its offers cost; not a key of the file.")
    today: date = Field(description="The day that the age of prices is counted to; not a key of the file.")
