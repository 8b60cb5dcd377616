"""Whether NVIDIA's DCGM exporter is in a stack's cluster, and which pools the GPU operator's and its own measure."""

from mizan.config import Cloud, DcgmExporterAddon, GpuOperatorAddon, Install, StackConfig
from mizan.plan.gpu_operator import is_set_up_by_operator
from mizan.plan.model import PoolPlan
from mizan.plan.monitoring import has_operator, prometheus_of
from mizan.plan.plan_model import Plan

_OWN_CLUSTERS = (Cloud.GKE, Cloud.EKS)


def dcgm_exporter_of(config: StackConfig, operator: GpuOperatorAddon | None) -> DcgmExporterAddon | None:
    """Return the exporter of a stack with who installs it and who reads it; None where the stack has nothing of it.

    Whoever installs the operator installs the exporter, which is a part of it. A cluster that the stack makes on GKE
    has one in any case: GKE's own is off there (mizan/clouds/gcp/cluster.py), as two on a node take the profiling
    counters from each other. In somebody else's cluster nothing comes unasked.

    Args:
        config: of the stack.
        operator: of the same stack; None where it has none.
    """
    asked = config.addons.dcgm_exporter
    if asked is None and operator is None and config.cloud not in _OWN_CLUSTERS:
        return None
    settings = asked or DcgmExporterAddon()
    monitor = settings.service_monitor
    return settings.model_copy(
        update={
            "install": settings.install or _installer(config, operator),
            "service_monitor": has_operator(prometheus_of(config)) if monitor is None else monitor,
        }
    )


def _installer(config: StackConfig, operator: GpuOperatorAddon | None) -> Install | None:
    if operator is not None and (config.cloud is not Cloud.GKE or operator.install is Install.HELM):
        return operator.install
    return Install.EXTERNAL if config.cloud is Cloud.LOCAL else Install.HELM


def measured_by_operator(plan: Plan) -> tuple[PoolPlan, ...]:
    """Return the pools on whose nodes the GPU operator runs the exporter; none where there is no operator."""
    if plan.dcgm_exporter is None or plan.gpu_operator is None:
        return ()
    return tuple(pool for pool in plan.pools if is_set_up_by_operator(pool, plan.cloud))


def measured_alone(plan: Plan) -> tuple[PoolPlan, ...]:
    """Return the pools on whose nodes the exporter runs without the operator; on GKE those that GKE sets up itself."""
    if plan.dcgm_exporter is None:
        return ()
    if plan.cloud is Cloud.GKE:
        return tuple(pool for pool in plan.pools if not is_set_up_by_operator(pool, plan.cloud))
    return plan.pools if plan.gpu_operator is None else ()
