"""Kueue's objects as an API server gives them; each test changes one thing."""

from mizan.queueing import QueueObjects

GPU = "nvidia.com/gpu"


def objects(**parts) -> QueueObjects:
    kinds = ("cluster_queues", "cohorts", "local_queues", "workloads")
    return QueueObjects(**{kind: tuple(parts.get(kind, ())) for kind in kinds})


def a_queue(name="research", used=0, nominal=8, cohort=None, **limits):
    quota = {"name": GPU, "nominalQuota": str(nominal), **{key: str(value) for key, value in limits.items()}}
    spec = {"resourceGroups": [{"flavors": [{"name": "spot", "resources": [quota]}]}]}
    usage = [{"name": "spot", "resources": [{"name": GPU, "total": str(used)}]}]
    return {
        "metadata": {"name": name},
        "spec": spec | ({"cohortName": cohort} if cohort else {}),
        "status": {"flavorsReservation": usage},
    }


def a_cohort(name, parent=None, nominal=None, **limits):
    spec = {"parentName": parent} if parent else {}
    if nominal is not None:
        quota = {"name": GPU, "nominalQuota": str(nominal), **{key: str(value) for key, value in limits.items()}}
        spec["resourceGroups"] = [{"flavors": [{"name": "spot", "resources": [quota]}]}]
    return {"metadata": {"name": name}, "spec": spec}


def a_local_queue(name="research", namespace="team-a", queue="research"):
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"clusterQueue": queue}}


def a_workload(name="train", *conditions, **changes):
    container = {"resources": {"requests": {GPU: "4", "cpu": "1"}}}
    return {
        "metadata": {
            "namespace": "team-a",
            "name": f"job-{name}",
            "uid": f"uid-{name}",
            "labels": {"kueue.x-k8s.io/job-uid": f"job-uid-{name}"},
            "ownerReferences": [{"name": name}],
            "creationTimestamp": changes.pop("created", "2026-11-22T20:00:00Z"),
        },
        "spec": {
            "queueName": changes.pop("queue", "research"),
            "priority": changes.pop("priority", 100),
            "priorityClassRef": {"name": "batch"},
            "podSets": [{"name": "main", "count": 2, "template": {"spec": {"containers": [container]}}}],
            **changes.pop("spec", {}),
        },
        "status": {"conditions": list(conditions), **changes},
    }


def condition(kind, status="True", reason="", message="", at="2026-11-22T20:30:00Z"):
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": at}


def admitted(name, flavor="spot", gpus="8", **changes):
    assignment = {"name": "main", "flavors": {GPU: flavor, "cpu": "default"}, "resourceUsage": {GPU: gpus, "cpu": "2"}}
    held = [condition("QuotaReserved"), condition("Admitted"), *changes.pop("conditions", [])]
    admission = {"clusterQueue": "research", "podSetAssignments": [assignment]}
    return a_workload(name, *held, admission=admission, **changes)


def refused(message="couldn't assign flavors to pod set main: insufficient unused quota"):
    return condition("QuotaReserved", "False", "WaitingForQuota", message)
