"""A little of Google Cloud and of AWS."""

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp

config = pulumi.Config()
network = gcp.compute.Network("net", auto_create_subnetworks=False)
subnetwork = gcp.compute.Subnetwork("nodes", network=network.id, ip_cidr_range="10.0.0.0/20")
account = gcp.serviceaccount.Account("node")
cluster = gcp.container.Cluster(
    "main",
    network=network.name,
    subnetwork=subnetwork.name,
    location="us-central1",
    initial_node_count=1,
    remove_default_node_pool=True,
    deletion_protection=False,
)
gcp.container.NodePool(
    "gpu",
    cluster=cluster.name,
    location=cluster.location,
    node_config={
        "machine_type": config.get("machine") or "a2-highgpu-1g",
        "spot": config.get_bool("spot") or False,
        "service_account": account.email,
        "guest_accelerators": [{"type": "nvidia-tesla-a100", "count": "one" if config.get_bool("mistake") else 1}],
    },
)
aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16", tags={"kubernetes.io/role": "none"})
role = aws.iam.Role("role", assume_role_policy="{}")
aws.iam.RolePolicyAttachment("worker", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy")
pulumi.export("endpoint", cluster.endpoint)
pulumi.export("certificate", cluster.master_auth.cluster_ca_certificate)
pulumi.export("zones", gcp.compute.get_zones().names)
pulumi.export("account", aws.get_caller_identity().account_id)
pulumi.export("email", account.email)
pulumi.export("role", role.arn)
