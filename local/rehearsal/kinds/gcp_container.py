"""Clusters and node pools of Google Kubernetes Engine. gcp_network.py says where each `source` is."""

from local.rehearsal.kinds.gcp_access import ACCOUNT, KEY
from local.rehearsal.kinds.gcp_network import (
    COMPUTE,
    LONG_NAME,
    NETWORK,
    POLICY,
    POLICY_DEFAULT,
    SUBNETWORK,
    by,
    by_link,
)
from local.rehearsal.kinds.kind import Guard, Kind, Names, Reference
from local.rehearsal.zones import is_zone, zones_of_gcp

KUBERNETES = "1.35.3-gke.1389000"
"""A version that GKE could offer: no cloud is asked."""

CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"


def _locations(names: Names) -> list[str]:
    """Return the zones of a regional cluster's nodes; a zonal cluster has no further ones."""
    location = str(names["location"])
    return [] if is_zone(location) else list(zones_of_gcp(location))


def _is_googles_account(value: str, _names: Names) -> bool:
    return value == "default" or value.endswith("@developer.gserviceaccount.com")


# node_config.go. The machine type is not among them: GKE changes it in place, node by node.
_NODE_CONFIG = (
    *("advancedMachineFeatures.threadsPerCore", "advancedMachineFeatures.enableNestedVirtualization"),
    *("bootDiskKmsKey", "confidentialNodes.confidentialInstanceType", "enableConfidentialStorage"),
    *("ephemeralStorageConfig", "ephemeralStorageLocalSsdConfig", "flexStart"),
    *("guestAccelerators", "hostMaintenancePolicy", "localNvmeSsdBlockConfig", "localSsdCount"),
    *("localSsdEncryptionMode", "maxRunDuration", "metadata", "minCpuPlatform", "nodeGroup", "oauthScopes"),
    *("preemptible", "reservationAffinity", "sandboxConfig", "secondaryBootDisks", "serviceAccount"),
    *("shieldedInstanceConfig", "soleTenantConfig.nodeAffinities", "spot"),
)
_ADDRESSES = (
    *("clusterIpv4CidrBlock", "servicesIpv4CidrBlock", "clusterSecondaryRangeName", "servicesSecondaryRangeName"),
    "podCidrOverprovisionConfig",
)
_NODE_CONFIG_REFERENCES = (
    Reference(path="nodeConfig.serviceAccount", to=by(ACCOUNT, "email"), outside=_is_googles_account),
    Reference(path="nodeConfig.bootDiskKmsKey", to=by(KEY)),
)

KINDS = (
    Kind(
        type=CLUSTER,
        source="container/resource_container_cluster.go, node_config.go",
        identity="projects/{project}/locations/{location}/clusters/{name}",
        replaces=frozenset(
            {
                *("name", "project", "location", "clusterIpv4Cidr", "confidentialNodes", "datapathProvider"),
                *("dataplaneOptimizationMode", "defaultMaxPodsPerNode", "description", "enableAutopilot"),
                *("enableKubernetesAlpha", "enableTpu", "tpuConfig", "initialNodeCount", "network", "subnetwork"),
                *("networkingMode", "nodePools", "masterAuth.clientCertificateConfig"),
                *(f"ipAllocationPolicy.{name}" for name in _ADDRESSES),
                *("privateClusterConfig.masterIpv4CidrBlock", "privateClusterConfig.privateEndpointSubnetwork"),
                "clusterAutoscaling.autoProvisioningDefaults.bootDiskKmsKey",
                *(f"userManagedKeysConfig.{name}Ca" for name in ("cluster", "etcdApi", "etcdPeer", "aggregation")),
                *(f"nodeConfig.{name}" for name in _NODE_CONFIG),
            }
        ),
        named=LONG_NAME,
        settings=("project", "location"),
        defaults={"deletionProtection": True, **POLICY_DEFAULT},
        outputs={
            "selfLink": "https://container.googleapis.com/v1/{id}",
            "endpoint": "{host}",
            "masterAuth": {"clusterCaCertificate": "{certificate}"},
            "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"endpoint": "{host}"}},
            "privateClusterConfig": {"privateEndpoint": "{host}", "publicEndpoint": "{host}"},
            "masterVersion": KUBERNETES,
            "nodeVersion": KUBERNETES,
            "nodeLocations": _locations,
            "clusterIpv4Cidr": "10.96.0.0/14",
            "servicesIpv4Cidr": "34.118.224.0/20",
        },
        references=(
            Reference(path="network", to=by_link(NETWORK), holds=True),
            Reference(path="subnetwork", to=by_link(SUBNETWORK), holds=True),
            Reference(path="databaseEncryption.keyName", to=by(KEY)),
            *_NODE_CONFIG_REFERENCES,
        ),
        guards=(POLICY, Guard(property="deletionProtection", value=True, default=True)),
        is_slow=True,
    ),
    Kind(
        type=NODE_POOL,
        source="container/resource_container_node_pool.go, node_config.go",
        identity="projects/{project}/locations/{location}/clusters/{cluster:last}/nodePools/{name}",
        replaces=frozenset(
            {
                *("name", "namePrefix", "project", "location", "cluster", "initialNodeCount", "maxPodsPerNode"),
                *("placementPolicy", "queuedProvisioning", "networkConfig.acceleratorNetworkProfile"),
                *("networkConfig.createPodRange", "networkConfig.podRange", "networkConfig.podIpv4CidrBlock"),
                *("networkConfig.additionalNodeNetworkConfigs", "networkConfig.additionalPodNetworkConfigs"),
                *("networkConfig.podCidrOverprovisionConfig", "networkConfig.subnetwork"),
                *(f"nodeConfig.{name}" for name in _NODE_CONFIG),
            }
        ),
        named=LONG_NAME,
        settings=("project", "location"),
        defaults=POLICY_DEFAULT,
        outputs={
            "managedInstanceGroupUrls": [
                COMPUTE + "projects/{project}/zones/{location}/instanceGroupManagers/gke-{name}-{seed:hex8}-grp"
            ],
            "instanceGroupUrls": "{managedInstanceGroupUrls}",
            "version": KUBERNETES,
        },
        references=(Reference(path="cluster", to=by(CLUSTER, "name")), *_NODE_CONFIG_REFERENCES),
        guards=(POLICY,),
        is_slow=True,
    ),
)
