"""Rules about Kueue's own settings: what it would refuse at its start is refused here."""

from collections.abc import Iterator

from mizan.config.faults import ConfigFault, suggestion
from mizan.config.models.addons import PodsReady
from mizan.config.part import Part

BATCH_JOB = "batch/job"

# Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue/values.yaml, integrations.frameworks.
FRAMEWORKS = frozenset(
    {
        BATCH_JOB,
        "kubeflow.org/mpijob",
        "ray.io/rayjob",
        "ray.io/rayservice",
        "ray.io/raycluster",
        "jobset.x-k8s.io/jobset",
        "trainer.kubeflow.org/trainjob",
        "kubeflow.org/paddlejob",
        "kubeflow.org/pytorchjob",
        "kubeflow.org/tfjob",
        "kubeflow.org/xgboostjob",
        "kubeflow.org/jaxjob",
        "sparkoperator.k8s.io/sparkapplication",
        "workload.codeflare.dev/appwrapper",
        "pod",
        "deployment",
        "statefulset",
        "leaderworkerset.x-k8s.io/leaderworkerset",
    }
)


def frameworks_are_known_to_kueue(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each unknown or repeated kind of job, and where the stack's own jobs would never start."""
    part = stack["addons"]["kueue"]["frameworks"]
    names = [item.text for item in part.items]
    for position, item in enumerate(part.items):
        if item.text is None:
            continue
        if item.text not in FRAMEWORKS or item.text in names[:position]:
            yield ConfigFault(
                item.path,
                item.text,
                needs="a kind of job that Kueue knows, named once",
                because="Kueue does not start with any other",
                fix="Remove it" if item.text in names[:position] else suggestion(item.text, FRAMEWORKS),
            )
    if part.items and None not in names and BATCH_JOB not in names and stack["jobs"].items:
        yield ConfigFault(
            part.path,
            part.value,
            needs=f"{BATCH_JOB} among them",
            because="the jobs of this stack are such jobs, made suspended, and only Kueue starts them",
            fix=f"Add `{BATCH_JOB}`, or remove the jobs",
        )


def waits_grow_to_their_longest(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the first wait before a new try is longer than the longest."""
    part = stack["addons"]["kueue"]["podsReady"]
    first, longest = part["backoffBaseSeconds"], part["backoffMaxSeconds"]
    base = PodsReady().backoff_base_seconds if not part.has("backoffBaseSeconds") else first.number
    most = PodsReady().backoff_max_seconds if not part.has("backoffMaxSeconds") else longest.number
    if part.is_mapping and base is not None and most is not None and base > most > 0:
        yield ConfigFault(
            first.path if part.has("backoffBaseSeconds") else longest.path,
            base if part.has("backoffBaseSeconds") else most,
            needs=f"backoffBaseSeconds at most backoffMaxSeconds ({base} and {most} here)",
            because="the wait begins with the first and doubles up to the second",
            fix="Lower backoffBaseSeconds, or raise backoffMaxSeconds",
        )
