"""A stack's queues in a real cluster, exactly as the stack renders them, and jobs that wait in them."""

from lightkube.codecs import from_dict
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, Node, Pod
from lightkube.types import CascadeType

from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.manifest import MANAGED
from mizan.manifests.training_jobs import gang_services, spot_training_job
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import ClusterQueue, NodePool, ResourceFlavor, static_node

Cohort = create_global_resource("kueue.x-k8s.io", "v1beta2", "Cohort", "cohorts")
WorkloadPriorityClass = create_global_resource(
    "kueue.x-k8s.io", "v1beta2", "WorkloadPriorityClass", "workloadpriorityclasses"
)
Workload = create_namespaced_resource("kueue.x-k8s.io", "v1beta2", "Workload", "workloads")

# A test decides itself which nodes there are.
CAPACITY = {"NodePool", "KWOKNodeClass"}
COHORT = {"name": "research"}


def eights(**changes):
    """A pool of machines with 8 GPUs: a job of 8 fills one."""
    capacity = [{"type": "spot", "maxNodes": 6}, {"type": "on-demand", "maxNodes": 1}]
    return a_pool(machine="a2-highgpu-8g", capacity=capacity) | changes


def spot(gpus, **limits):
    return {"pool": "a100", "capacity": "spot", "gpus": gpus, **limits}


def on_demand(gpus, **limits):
    return {"pool": "a100", "capacity": "on-demand", "gpus": gpus, **limits}


def spot_queue(name, gpus, *, borrow=None, lend=None, **changes):
    """A queue of spot GPUs in the one cohort."""
    limits = {key: value for key, value in (("borrow", borrow), ("lend", lend)) if value is not None}
    return a_queue(name=name, cohort=COHORT["name"], quotas=[spot(gpus, **limits)], **changes)


def short_of(flavor, gpus):
    """What Kueue says of a flavor that has too little left."""
    return f"insufficient unused quota for {keys.NVIDIA_GPU} in flavor {flavor}, {gpus} more needed"


class QueuedStack:
    """The queues of one stack, used by one team."""

    def __init__(self, client, team, eventually, **values):
        self.client, self.team, self.eventually, self._values = client, team, eventually, values
        self.plan = None

    def apply(self, queues, **changes):
        """Put a stack's queues into the cluster, or change those that are there."""
        team = a_team(name=self.team, queues=[queue["name"] for queue in queues])
        defaults = a_stack(pools=[eights()], queues=queues, teams=[team], jobs=[])
        self._values = {**defaults, **self._values, **changes, "queues": queues, "teams": [team]}
        self.plan = a_plan(self._values)
        for body in manifests_of(self.plan):
            if body["kind"] not in CAPACITY:
                self.client.apply(from_dict(body), force=True)
        for queue in self.plan.queues:
            self.eventually(lambda name=queue.name: self._is_active(name))

    def _is_active(self, queue):
        status = self.client.get(ClusterQueue, queue).status or {}
        return any(item["type"] == "Active" and item["status"] == "True" for item in status.get("conditions", []))

    def job(self, name, queue, **changes):
        """The manifest of one of the stack's jobs; by itself it runs for ever."""
        return spot_training_job(self._planned(name, queue, **changes))

    def _planned(self, name, queue, *, gpus=8, run_seconds=None, **changes):
        wanted = a_job(name=name, team=self.team, queue=queue, gpus=gpus, **changes)
        wanted["simulatedRunSeconds"] = run_seconds
        if run_seconds is None:
            del wanted["simulatedRunSeconds"]
        (planned,) = a_plan(self._values | {"jobs": [wanted]}).jobs
        return planned

    def submit(self, name, queue, **changes):
        """Create one of the stack's jobs, after the names of its pods if there are several."""
        planned = self._planned(name, queue, **changes)
        for body in (*gang_services(planned), spot_training_job(planned)):
            self.client.create(from_dict(body))

    def end(self, name):
        """Delete a job with all that is its own."""
        self.client.delete(Job, name, namespace=self.team, cascade=CascadeType.BACKGROUND)

    def live(self, name):
        """The job as it is now."""
        return self.client.get(Job, name, namespace=self.team)

    def pods(self, name):
        return list(self.client.list(Pod, namespace=self.team, labels={"job-name": name}))

    def workload(self, name):
        """Kueue's view of a job, or None before there is one."""
        owned = (each for each in self.client.list(Workload, namespace=self.team) if _owner(each) == name)
        return next(owned, None)

    def condition(self, name, kind):
        """One condition of a job's Workload as (status, reason, message), or None."""
        return conditions(self.workload(name)).get(kind)

    def flavor(self, name):
        """The flavor that a job holds quota of, or None."""
        return flavor_of(self.workload(name))

    def admitted(self, name, *, seconds=30.0):
        """The flavor of a job, once Kueue has admitted it."""

        def is_admitted():
            status, *_ = self.condition(name, "Admitted") or ("",)
            return status == "True" and self.flavor(name)

        return self.eventually(is_admitted, seconds=seconds)

    def waits(self, name):
        """Why a job waits, once Kueue has tried to admit it."""

        def is_refused():
            status, _, message = self.condition(name, "QuotaReserved") or ("", "", "")
            return status == "False" and message.startswith("couldn't assign flavors") and message

        return self.eventually(is_refused)

    def holds(self, queue, **gpus):
        """Wait until a queue says that it has reserved exactly these GPUs, by flavor."""
        wanted = {flavor.replace("_", "-"): amount for flavor, amount in gpus.items()}

        def is_told():
            flavors = self.client.get(ClusterQueue, queue).status.get("flavorsReservation", [])
            found = {each["name"]: int(item["total"]) for each in flavors for item in each["resources"]}
            return found == wanted

        assert self.eventually(is_told)

    def add_nodes(self, count, *, capacity_type="spot"):
        """Static nodes as the pool's own machines are."""
        for offer in self.plan.offers:
            for index in range(count if offer.capacity_type == capacity_type else 0):
                node = static_node(f"{self.team}-{offer.name}-{index}", gpus=offer.units_per_node)
                node.metadata.labels |= {**offer.labels, keys.TEAM: self.team}
                self.client.create(node)

    def remove(self):
        """Remove all of it; the namespace may go later."""
        if self.plan is None:
            return
        for each in self.client.list(Job, namespace=self.team):
            # A queue stays until its last job has ended; those that have ended go with the namespace.
            if not each.status.completionTime:
                self.end(each.metadata.name)
        kinds = (NodePool, ClusterQueue, Cohort, ResourceFlavor)
        for kind in kinds:
            for each in self.client.list(kind, labels=MANAGED):
                self.client.delete(kind, each.metadata.name)
        for node in self.client.list(Node, labels={keys.TEAM: self.team}):
            self.client.delete(Node, node.metadata.name)
        self.client.delete(Namespace, self.team)

        def is_gone():
            left = [each for kind in kinds for each in self.client.list(kind, labels=MANAGED)]
            nodes = [each for pool in self.plan.pools for each in self.client.list(Node, labels={keys.POOL: pool.name})]
            return not left and not nodes

        self.eventually(is_gone, seconds=120.0)


def _owner(workload):
    owners = workload.metadata.ownerReferences or []
    return owners[0].name if owners else None


def conditions(workload):
    """The conditions of a Workload by type, each as (status, reason, message)."""
    found = ((workload and workload.status) or {}).get("conditions", [])
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in found}


def flavor_of(workload):
    """The flavor that a Workload holds quota of, or None."""
    admission = ((workload and workload.status) or {}).get("admission")
    return admission["podSetAssignments"][0]["flavors"][keys.NVIDIA_GPU] if admission else None
