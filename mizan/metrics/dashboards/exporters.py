"""The series of others that boards read, by who tells them.

Source: kubernetes-sigs/kueue@v0.19.2 pkg/metrics/metrics.go, those of ClusterQueues' resources only with its setting
`metrics.enableClusterQueueResources`; kubernetes-sigs/karpenter@v1.14.1 pkg/metrics/metrics.go; kube-state-metrics@
v2.18.0 docs/metrics/.
"""

from typing import Final

PENDING: Final = "kueue_pending_workloads"
ADMITTED: Final = "kueue_admitted_active_workloads"
ADMITTED_TOTAL: Final = "kueue_admitted_workloads_total"
ADMISSION_WAIT: Final = "kueue_admission_wait_time_seconds_bucket"
EVICTED: Final = "kueue_evicted_workloads_total"
QUEUE_USE: Final = "kueue_cluster_queue_resource_usage"
QUEUE_QUOTA: Final = "kueue_cluster_queue_nominal_quota"

KUEUE: Final = (PENDING, ADMITTED, ADMITTED_TOTAL, ADMISSION_WAIT, EVICTED, QUEUE_USE, QUEUE_QUOTA)

DISRUPTED: Final = "karpenter_nodeclaims_disrupted_total"

KARPENTER: Final = (DISRUPTED,)

UNSCHEDULABLE: Final = "kube_pod_status_unschedulable"
ASKED: Final = "kube_pod_container_resource_requests"

KUBE_STATE_METRICS: Final = (UNSCHEDULABLE, ASKED)
