"""Every label, taint, annotation and resource name that more than one part of the platform must spell alike."""

from typing import Final

# A stack file's keys begin with it, and so do Pulumi's: the name of the project in Pulumi.yaml.
CONFIG_PREFIX: Final = "mizan:"

# The embedded cluster: its context in the kubeconfig, and where a program under Pulumi learns that kubeconfig's path.
LOCAL_CONTEXT: Final = "mizan-local"
KUBECONFIG_VARIABLE: Final = "MIZAN_KUBECONFIG"

# Ours. A pool's nodes carry POOL; the taint keeps off spot whatever does not say it can take an interruption.
DOMAIN: Final = "mizan.dev"
POOL: Final = f"{DOMAIN}/pool"
SPOT_TAINT: Final = f"{DOMAIN}/spot"
# GKE's node pools carry GKE's own taint for spot; how a node is bought they tell by a label of ours, since GKE sets one
# for spot alone. Source: https://cloud.google.com/kubernetes-engine/docs/how-to/spot-vms, read 2026-11-23.
GKE_SPOT: Final = "cloud.google.com/gke-spot"
OWN_CAPACITY_TYPE: Final = f"{DOMAIN}/capacity-type"
# On GKE's nodes with GPUs. Source: https://cloud.google.com/kubernetes-engine/docs/how-to/gpus, read 2026-11-23.
GKE_ACCELERATOR: Final = "cloud.google.com/gke-accelerator"
# On every node of GKE: its node pool's name.
# Source: https://cloud.google.com/kubernetes-engine/docs/concepts/node-pools, read 2026-11-23.
GKE_NODE_POOL: Final = "cloud.google.com/gke-nodepool"

# Label and taint of the node pools that a ComputeClass chooses among, and of those whose nodes come all together
# through a ProvisioningRequest. The taint of the latter GKE puts on itself, the label it does not.
# Source: google/skills@1af7775 plugins/cloud/google-cloud-gke/skills/gke-compute-classes/references/
# compute-class-provisioning-methods.md; GoogleCloudPlatform/cluster-toolkit@1047080 modules/compute/gke-node-pool/
# main.tf, kubernetes_labels.
GKE_COMPUTE_CLASS: Final = "cloud.google.com/compute-class"
GKE_QUEUED: Final = "cloud.google.com/gke-queued"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"

# On a team's namespace: the stack that made it, by which a namespace is found whose team the stack has no longer.
STACK: Final = f"{DOMAIN}/stack"

# On somebody else's namespace, with the value below: its pods may send requests to the teams' inference pods, or read
# the metrics of all their pods.
INGRESS: Final = f"{DOMAIN}/ingress"
MONITORING: Final = f"{DOMAIN}/monitoring"
ALLOWED: Final = "true"

# Read by the embedded cluster's own KWOK stages (local/control_plane/stages); a real kubelet ignores them.
SIMULATED_RUN_SECONDS: Final = f"{DOMAIN}/simulated-run-seconds"
SIMULATED_START_SECONDS: Final = f"{DOMAIN}/simulated-start-seconds"
SIMULATED_EXIT_CODE: Final = f"{DOMAIN}/simulated-exit-code"
SIMULATED_GPUS: Final = f"{DOMAIN}/simulated-gpus"
SIMULATED_RESOURCES: Final = f"{DOMAIN}/simulated-resources"
# Read by its simulated exporters (local/gpu_metrics): what a pod does with its GPUs, and what is broken on a node.
SIMULATED_GPU_PROFILE: Final = f"{DOMAIN}/simulated-gpu-profile"
SIMULATED_GPU_FAULTS: Final = f"{DOMAIN}/simulated-gpu-faults"
KWOK_NODE: Final = "kwok.x-k8s.io/node"
KWOK_NODE_VALUE: Final = "fake"

# Put on a node that is about to be taken back; what does not tolerate it is evicted as a disruption, not as a failure.
SPOT_INTERRUPTION_TAINT: Final = f"{DOMAIN}/spot-interruption"

# What a dollar is charged to. Namespaces carry the first three, GPU pods all of them but PROJECT.
COST_CENTER: Final = "cost-center"
TEAM: Final = "team"
PROJECT: Final = "project"
WORKLOAD_TYPE: Final = "workload-type"
PRIORITY: Final = "priority"
SPOT_ELIGIBLE: Final = "spot-eligible"
INFERENCE: Final = "inference"
NAMESPACE_COST_LABELS: Final = (COST_CENTER, TEAM, PROJECT)

# Kueue's own, in its chart and in the webhook certificate of the embedded cluster alike.
KUEUE_NAMESPACE: Final = "kueue-system"

# NVIDIA's operator, its device plugin, MIG manager and DCGM exporter, or what stands in for them; and the exporter
# where it stands alone. A namespace that changed its owner would be deleted by the old one.
GPU_NAMESPACE: Final = "gpu-operator"
DCGM_NAMESPACE: Final = "dcgm-exporter"

# Where the platform itself runs pods, and the PriorityClass of those that only hold a node's place. Kueue leaves its
# jobs alone, as the namespace has no label STACK.
OWN_NAMESPACE: Final = "mizan-system"
PLACEHOLDER_PRIORITY: Final = "mizan-placeholder"

# Prometheus, Alertmanager, Grafana and OpenCost, with the Secrets that they read. It goes with the stack, and so is not
# `monitoring`, which is many a cluster's own.
MONITORING_NAMESPACE: Final = "mizan-monitoring"
# On a Secret that a person put there, and that may go with it.
GOES_WITH_STACK: Final = "mizan.dev/goes-with-stack"

# They belong to the cluster, not to a team, and so does every name that begins with kube-.
# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/, read 2026-11-22.
SYSTEM_NAMESPACES: Final = frozenset(
    {"default", KUEUE_NAMESPACE, GPU_NAMESPACE, DCGM_NAMESPACE, "karpenter", OWN_NAMESPACE, MONITORING_NAMESPACE}
)
SYSTEM_NAMESPACE_PREFIX: Final = "kube-"

# NVIDIA's device plugin and GPU feature discovery.
# Source: NVIDIA/k8s-device-plugin@v0.20.0 README.md.
NVIDIA_GPU: Final = "nvidia.com/gpu"
GPU_PRODUCT: Final = "nvidia.com/gpu.product"
# What the plugin calls a GPU that pods share and a MIG instance (its profile follows), and how a node says which of its
# configurations and which layout of the MIG manager it has.
# Source: NVIDIA/k8s-device-plugin@v0.20.0 README.md; NVIDIA/gpu-operator@v26.7.0 assets/state-mig-manager.
NVIDIA_SHARED_GPU: Final = "nvidia.com/gpu.shared"
NVIDIA_MIG: Final = "nvidia.com/mig-"
# Source: k8s.io/api@v0.36.3 resource/v1/types.go, ResourceDeviceClassPrefix.
DEVICE_CLASS_RESOURCE: Final = "deviceclass.resource.kubernetes.io/"
DEVICE_PLUGIN_CONFIG: Final = "nvidia.com/device-plugin.config"
MIG_CONFIG: Final = "nvidia.com/mig.config"
# On a node that NVIDIA's operator leaves alone.
# Source: NVIDIA/gpu-operator@v26.7.0 controllers/state_manager.go, hasOperandsDisabled.
OPERANDS: Final = "nvidia.com/gpu.deploy.operands"

# The driver whose devices pods claim, and the prefix of its attributes in selectors.
# Source: kubernetes-sigs/dra-driver-nvidia-gpu@9593204 site/content/docs/reference/resourceslice-attributes.md.
NVIDIA_DRA_DRIVER: Final = "gpu.nvidia.com"

# Kubernetes, Karpenter and Kueue. Source: kubernetes-sigs/karpenter@v1.14.1 pkg/apis/v1/labels.go,
# kubernetes-sigs/kueue@v0.19.2 pkg/controller/constants.
INSTANCE_TYPE: Final = "node.kubernetes.io/instance-type"
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
ARCHITECTURE: Final = "kubernetes.io/arch"
OPERATING_SYSTEM: Final = "kubernetes.io/os"
ZONE: Final = "topology.kubernetes.io/zone"
CAPACITY_TYPE: Final = "karpenter.sh/capacity-type"
DO_NOT_DISRUPT: Final = "karpenter.sh/do-not-disrupt"
NODE_POOL: Final = "karpenter.sh/nodepool"
QUEUE_NAME: Final = "kueue.x-k8s.io/queue-name"
# Kueue writes it onto the pods of every job that it admits; a job's own QUEUE_NAME may stand on the job alone.
# Source: kubernetes-sigs/kueue@v0.19.2 pkg/constants/constants.go, LocalQueueLabel.
LOCAL_QUEUE_NAME: Final = "kueue.x-k8s.io/local-queue-name"
PRIORITY_CLASS: Final = "kueue.x-k8s.io/priority-class"

# On EKS: the tag by which Karpenter finds subnets and security groups of its cluster, and what tells its nodes' GPUs.
# Source: aws/karpenter-provider-aws@v1.14.1 pkg/apis/v1/labels.go; its getting-started guide for the tag.
KARPENTER_DISCOVERY: Final = "karpenter.sh/discovery"
GPU_NAME: Final = "karpenter.k8s.aws/instance-gpu-name"
GPU_COUNT: Final = "karpenter.k8s.aws/instance-gpu-count"
GPU_MANUFACTURER: Final = "karpenter.k8s.aws/instance-gpu-manufacturer"

# Kept for controllers: Karpenter's chart and EKS's own add-ons tolerate it.
# Source: aws/karpenter-provider-aws@v1.14.1 charts/karpenter/values.yaml, tolerations.
CRITICAL_ADDONS_ONLY: Final = "CriticalAddonsOnly"

# The cluster autoscaler's way of saying DO_NOT_DISRUPT.
# Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md, read 2026-11-22.
SAFE_TO_EVICT: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"

# Pulumi's Kubernetes provider waits until a job has ended. A queued job may wait for days; an update must not. Skipping
# the wait altogether would also skip the one for a deletion, and a replacement would meet the job that still ends.
# It also waits for a claim to be bound, which with WaitForFirstConsumer takes a pod, and after that pod takes no update
# of the claim for done. Source: pulumi/pulumi-kubernetes@v4.34.2 provider/pkg/metadata/overrides.go,
# provider/pkg/await/job.go, provider/pkg/await/awaiters.go.
PULUMI_WAIT_FOR: Final = "pulumi.com/waitFor"

# What the API server refuses, writes into its audit log, and tells the person who sends it.
# Source: https://kubernetes.io/docs/concepts/security/pod-security-admission/, read 2026-11-22.
POD_SECURITY_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
POD_SECURITY_AUDIT: Final = "pod-security.kubernetes.io/audit"
POD_SECURITY_WARN: Final = "pod-security.kubernetes.io/warn"


def dra_resource(device: str) -> str:
    """Return the name by which Kueue counts devices that pods claim: the one by which a container may ask for them too.

    Kubernetes gives a container that asks for a class as for any resource a claim of its own. Under a name of ours such
    a job would hold devices that no quota counts.
    """
    return f"{DEVICE_CLASS_RESOURCE}{device}.{DOMAIN}"


def device_class(device: str) -> str:
    """Return the name of the DeviceClass from which pods claim devices: a DNS name, as Kubernetes wants it."""
    return f"{device}.{DOMAIN}"


def claimed_device(resource: str) -> str | None:
    """Return the device that Kueue counts by this name of `dra_resource`, None where it is another resource."""
    suffix = f".{DOMAIN}"
    is_ours = resource.startswith(DEVICE_CLASS_RESOURCE) and resource.endswith(suffix)
    return resource.removeprefix(DEVICE_CLASS_RESOURCE).removesuffix(suffix) if is_ours else None


def karpenter_node_role(cluster: str) -> str:
    """Return the name of the IAM role of the nodes that Karpenter makes in a cluster on EKS."""
    return f"{cluster}-karpenter-node"


def is_system_namespace(name: str) -> bool:
    """Return whether a namespace belongs to the cluster: no team may have it, and nobody is charged for it."""
    return name in SYSTEM_NAMESPACES or name.startswith(SYSTEM_NAMESPACE_PREFIX)
