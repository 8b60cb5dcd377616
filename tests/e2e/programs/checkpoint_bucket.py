"""The bucket of a stack without its teams: their part needs a cluster, and the bucket none."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from components.storage.checkpoints import CheckpointStorage, CheckpointStorageArgs, PodIdentity, WorkloadIdentity
from mizan.config import read_stack
from mizan.plan import build_plan

file = Path(pulumi.Config().require("file"))
stack = file.stem.removeprefix("Pulumi.")
plan = replace(build_plan(stack, read_stack(file, datetime.now(UTC).date())), teams=())
identity = PodIdentity(cluster_name=stack) if plan.gke is None else WorkloadIdentity(project_number="1")
storage = CheckpointStorage("checkpoints", CheckpointStorageArgs(plan=plan, identity=identity, namespaces={}))

pulumi.export("bucket", storage.bucket)
pulumi.export("warnings", list(plan.warnings))
